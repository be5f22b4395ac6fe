// hdf5_bytes.h: the bytes of an HDF5 file, by the addresses that the file itself uses.
//
// Metadata of HDF5 is many small blocks that lie side by side: small reads come through a bounded
// cache of pages, large ones go straight to the file. An address counts from the base address (the
// end of the user block), and nothing is allocated for a block before it is known to lie in the
// file. All throw Error(corrupt) with the address. One thread at a time.
// Format: "HDF5 File Format Specification Version 3.0", The HDF Group; section names are cited
// where they help.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "gridmill/base/bytes.h"
#include "gridmill/store/store.h"

namespace gridmill {

using Bytes = std::vector<std::byte>;

// "Undefined address": the thing was never written.
inline constexpr std::uint64_t kNoAddress = ~std::uint64_t{0};

class Hdf5Bytes {
 public:
  // `offset_size` and `length_size`: bytes of an address and of a length in this file (2, 4 or 8).
  Hdf5Bytes(std::unique_ptr<ValueReader> file, std::uint64_t base, int offset_size,
            int length_size);

  int offset_size() const noexcept { return offset_size_; }
  int length_size() const noexcept { return length_size_; }
  std::uint64_t base() const noexcept { return base_; }
  std::uint64_t end() const noexcept { return end_; }  // of the file, as an address
  const ValueReader& file() const noexcept { return *file_; }

  // Throws if `size` bytes at `address` aren't all in the file.
  void check(std::uint64_t address, std::uint64_t size) const;
  Bytes read(std::uint64_t address, std::uint64_t size) const;

 private:
  struct Page {
    std::uint64_t number = 0;
    std::uint64_t last_use = 0;
    Bytes bytes;
  };
  const Page& page(std::uint64_t number) const;
  void read_file(std::uint64_t offset, MutableByteView into) const;

  std::unique_ptr<ValueReader> file_;
  std::uint64_t base_, end_ = 0;
  int offset_size_, length_size_;
  mutable std::vector<Page> pages_;
  mutable std::uint64_t uses_ = 0;
};

// Little-endian fields, one after the other; throws past the end of `bytes`, which must stay alive.
class Hdf5Cursor {
 public:
  Hdf5Cursor(ByteView bytes, const Hdf5Bytes& file) noexcept
      : Hdf5Cursor(bytes, file.offset_size(), file.length_size()) {}
  Hdf5Cursor(ByteView bytes, int offset_size, int length_size) noexcept
      : bytes_(bytes), offset_size_(offset_size), length_size_(length_size) {}

  std::uint8_t u8() { return static_cast<std::uint8_t>(take(1)[0]); }
  std::uint16_t u16() { return load_le<std::uint16_t>(take(2).data()); }
  std::uint32_t u32() { return load_le<std::uint32_t>(take(4).data()); }
  std::uint64_t u64() { return load_le<std::uint64_t>(take(8).data()); }
  std::uint64_t uint(int bytes);  // of 0 to 8 bytes
  std::uint64_t offset();         // kNoAddress where all bits are set
  std::uint64_t length() { return uint(length_size_); }
  void skip(std::uint64_t n) { take(n); }
  ByteView take(std::uint64_t n);
  std::size_t left() const noexcept { return bytes_.size() - at_; }
  std::size_t position() const noexcept { return at_; }
  // The four letters that most blocks begin with; throws if others stand here.
  void expect(std::string_view signature);

 private:
  ByteView bytes_;
  std::size_t at_ = 0;
  int offset_size_, length_size_;
};

// Of metadata blocks: Jenkins' lookup3 ("hashlittle") with initial value 0.
std::uint32_t hdf5_checksum(ByteView bytes) noexcept;
// Whether they are the same; always true in fuzz targets, whose inputs are to get further.
bool checksums_agree(std::uint32_t stored, std::uint32_t computed) noexcept;
inline constexpr std::uint64_t kHdf5ChecksumBytes = 4;
// `block` ends with the checksum of all that stands before it.
void check_hdf5_checksum(ByteView block, std::string_view what);

}  // namespace gridmill
