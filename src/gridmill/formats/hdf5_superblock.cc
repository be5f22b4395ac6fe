#include "gridmill/formats/hdf5_superblock.h"

#include <fmt/format.h>

#include <array>

#include "gridmill/base/error.h"
#include "gridmill/formats/hdf5_bytes.h"

namespace gridmill {
namespace {

constexpr std::string_view kSignature = "\x89HDF\r\n\x1a\n";
constexpr std::size_t kLongest = 128;  // versions 0 and 1 with all they hold; 2 and 3 are shorter

struct Ends {
  std::uint64_t base = 0;  // as stored: not where the file lies now if something was put before it
  std::uint64_t end = 0;
};

void check_size(int bytes, std::string_view what) {
  if (bytes == 2 || bytes == 4 || bytes == 8) return;
  throw Error(ErrorKind::unsupported, fmt::format("an HDF5 file with {}-byte {}", bytes, what));
}

void check_driver(std::uint64_t address) {
  if (address == kNoAddress) return;
  throw Error(ErrorKind::unsupported, "an HDF5 file in several parts (a driver other than sec2)");
}

// "Disk Format: Level 0A1", versions 0 and 1.
Ends read_old(ByteView bytes, Hdf5Superblock& block) {
  Hdf5Cursor sizes(bytes, 8, 8);
  sizes.skip(13);
  block.offset_size = sizes.u8();
  block.length_size = sizes.u8();
  check_size(block.offset_size, "addresses");
  check_size(block.length_size, "lengths");
  Hdf5Cursor cursor(bytes, block.offset_size, block.length_size);
  cursor.skip(block.version == 0 ? 24 : 28);
  Ends ends;
  ends.base = cursor.offset();
  cursor.offset();  // free space
  ends.end = cursor.offset();
  check_driver(cursor.offset());
  cursor.offset();  // the root's link name
  block.root = cursor.offset();
  return ends;
}

// Versions 2 and 3.
Ends read_new(ByteView bytes, Hdf5Superblock& block) {
  Hdf5Cursor sizes(bytes, 8, 8);
  sizes.skip(9);
  block.offset_size = sizes.u8();
  block.length_size = sizes.u8();
  check_size(block.offset_size, "addresses");
  check_size(block.length_size, "lengths");
  const unsigned flags = sizes.u8();
  // Bits that a writer sets when it opens the file, and clears when it closes it.
  constexpr unsigned kOpenForWriting = 1, kOpenForConcurrentReading = 4;
  if (block.version >= 3 && (flags & (kOpenForWriting | kOpenForConcurrentReading)) != 0) {
    throw Error(ErrorKind::corrupt,
                "its writer has not closed it: it is being written, or the writer died (h5clear "
                "repairs what can be)");
  }
  Hdf5Cursor cursor(bytes, block.offset_size, block.length_size);
  cursor.skip(12);
  Ends ends;
  ends.base = cursor.offset();
  cursor.offset();  // the extension
  ends.end = cursor.offset();
  block.root = cursor.offset();
  cursor.skip(4);
  check_hdf5_checksum(bytes.first(cursor.position()), "the superblock");
  return ends;
}

Hdf5Superblock read_superblock(ByteView bytes, std::uint64_t at, std::uint64_t file_size) {
  Hdf5Superblock block;
  block.base = at;
  Hdf5Cursor cursor(bytes, 8, 8);
  cursor.skip(kSignature.size());
  block.version = cursor.u8();
  if (block.version > 3) {
    throw Error(ErrorKind::unsupported,
                fmt::format("an HDF5 superblock of version {}", block.version));
  }
  const Ends ends = block.version < 2 ? read_old(bytes, block) : read_new(bytes, block);
  if (ends.end < ends.base || ends.end == kNoAddress || ends.end - ends.base > file_size - at) {
    throw Error(ErrorKind::corrupt,
                fmt::format("truncated: the file has {} bytes, but its HDF5 superblock at byte {} "
                            "says that it ends at byte {} (copy it again)",
                            file_size, at, ends.end));
  }
  return block;
}

}  // namespace

std::optional<Hdf5Superblock> find_hdf5_superblock(const ValueReader& file) {
  const auto size = static_cast<std::uint64_t>(file.size());
  for (std::uint64_t at = 0; at + kSignature.size() <= size; at = at == 0 ? 512 : at * 2) {
    std::array<std::byte, kLongest> bytes{};
    const std::size_t got = file.read_at(static_cast<std::int64_t>(at), bytes);
    const ByteView found = ByteView(bytes).first(got);
    if (!as_text(found).starts_with(kSignature)) continue;
    return in_context([&] { return fmt::format("superblock at byte {}", at); },
                      [&] { return read_superblock(found, at, size); });
  }
  return std::nullopt;
}

}  // namespace gridmill
