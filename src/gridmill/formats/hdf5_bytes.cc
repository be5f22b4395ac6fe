#include "gridmill/formats/hdf5_bytes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "gridmill/base/error.h"
#include "gridmill/codec/jenkins_lookup3.h"

namespace gridmill {
namespace {

constexpr std::uint64_t kPageBytes = 64 << 10;
constexpr std::size_t kPages = 32;

void check_width(int bytes, std::string_view what) {
  if (bytes == 2 || bytes == 4 || bytes == 8) return;
  throw Error(ErrorKind::corrupt, fmt::format("{} of {} bytes in an HDF5 file", what, bytes));
}

}  // namespace

Hdf5Bytes::Hdf5Bytes(std::unique_ptr<ValueReader> file, std::uint64_t base, int offset_size,
                     int length_size)
    : file_(std::move(file)), base_(base), offset_size_(offset_size), length_size_(length_size) {
  check_width(offset_size, "addresses");
  check_width(length_size, "lengths");
  const auto size = static_cast<std::uint64_t>(file_->size());
  if (base > size) {
    throw Error(ErrorKind::corrupt, fmt::format("the HDF5 file begins at byte {}, but the file "
                                                "has {} bytes",
                                                base, size));
  }
  end_ = size - base;
  pages_.reserve(kPages);
}

void Hdf5Bytes::check(std::uint64_t address, std::uint64_t size) const {
  if (address == kNoAddress) {
    throw Error(ErrorKind::corrupt, "an address that must be defined is not");
  }
  if (address <= end_ && size <= end_ - address) return;
  throw Error(ErrorKind::corrupt,
              fmt::format("truncated or damaged: {} bytes at address {} are not in the file, which "
                          "ends at address {}",
                          size, address, end_));
}

Bytes Hdf5Bytes::read(std::uint64_t address, std::uint64_t size) const {
  check(address, size);
  Bytes result(size);
  std::uint64_t from = base_ + address;
  if (size > kPageBytes) {
    read_file(from, result);
    return result;
  }
  for (MutableByteView left = result; !left.empty();) {
    const Page& source = page(from / kPageBytes);
    const std::uint64_t skip = from % kPageBytes;
    const std::size_t count = std::min<std::size_t>(left.size(), source.bytes.size() - skip);
    std::copy_n(source.bytes.data() + skip, count, left.data());
    left = left.subspan(count);
    from += count;
  }
  return result;
}

const Hdf5Bytes::Page& Hdf5Bytes::page(std::uint64_t number) const {
  ++uses_;
  for (Page& known : pages_) {
    if (known.number != number) continue;
    known.last_use = uses_;
    return known;
  }
  const std::uint64_t offset = number * kPageBytes;
  Bytes bytes(std::min(kPageBytes, base_ + end_ - offset));
  read_file(offset, bytes);
  if (pages_.size() < kPages) {
    pages_.push_back({number, uses_, std::move(bytes)});
    return pages_.back();
  }
  const auto older = [](const Page& a, const Page& b) { return a.last_use < b.last_use; };
  Page& victim = *std::min_element(pages_.begin(), pages_.end(), older);
  victim = {number, uses_, std::move(bytes)};
  return victim;
}

void Hdf5Bytes::read_file(std::uint64_t offset, MutableByteView into) const {
  const std::size_t got = file_->read_at(static_cast<std::int64_t>(offset), into);
  if (got == into.size()) return;
  throw Error(ErrorKind::corrupt, fmt::format("the file ends at byte {}, where {} bytes were "
                                              "expected",
                                              offset + got, into.size()));
}

std::uint64_t Hdf5Cursor::uint(int bytes) {
  std::uint64_t value = 0;
  const ByteView from = take(static_cast<std::uint64_t>(bytes));
  std::copy_n(from.data(), from.size(), reinterpret_cast<std::byte*>(&value));
  return value;
}

std::uint64_t Hdf5Cursor::offset() {
  const std::uint64_t value = uint(offset_size_);
  const std::uint64_t undefined = kNoAddress >> (64 - 8 * offset_size_);
  return value == undefined ? kNoAddress : value;
}

ByteView Hdf5Cursor::take(std::uint64_t n) {
  if (n > left()) {
    throw Error(ErrorKind::corrupt,
                fmt::format("a block of {} bytes ends too early: {} bytes are wanted at byte {}",
                            bytes_.size(), n, at_));
  }
  const ByteView taken = bytes_.subspan(at_, n);
  at_ += n;
  return taken;
}

void Hdf5Cursor::expect(std::string_view signature) {
  const std::string_view found = as_text(take(signature.size()));
  if (found == signature) return;
  throw Error(ErrorKind::corrupt, fmt::format("the signature {} is missing", signature));
}

std::uint32_t hdf5_checksum(ByteView bytes) noexcept { return jenkins_lookup3(bytes); }

bool checksums_agree(std::uint32_t stored, std::uint32_t computed) noexcept {
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
  static_cast<void>(stored);
  static_cast<void>(computed);
  return true;
#else
  return stored == computed;
#endif
}

void check_hdf5_checksum(ByteView block, std::string_view what) {
  if (block.size() < 4) {
    throw Error(ErrorKind::corrupt, fmt::format("{} is too short for its checksum", what));
  }
  const std::size_t end = block.size() - 4;
  const auto stored = load_le<std::uint32_t>(block.data() + end);
  const std::uint32_t computed = hdf5_checksum(block.first(end));
  if (checksums_agree(stored, computed)) return;
  throw Error(ErrorKind::corrupt,
              fmt::format("the checksum of {} differs: {:08x} is stored, {:08x} "
                          "is computed",
                          what, stored, computed));
}

}  // namespace gridmill
