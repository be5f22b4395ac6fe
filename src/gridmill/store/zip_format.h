// zip_format.h: the fields of a zip file that a store needs (PKWARE's APPNOTE 6.3): local headers,
// the central directory, its end, and the 64-bit form of each.
//
// Reading believes nothing: every size and offset is checked against the file before memory is
// taken, and no entry reaches into the central directory. Error(corrupt) says what is wrong.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gridmill/base/bytes.h"
#include "gridmill/system/files.h"

namespace gridmill {

struct ZipEntry {
  std::string name;  // UTF-8
  std::uint16_t flags = 0;
  std::uint16_t method = 0;  // 0 stored, 8 deflated
  std::uint32_t crc32 = 0;
  std::int64_t stored_size = 0;
  std::int64_t size = 0;
  std::int64_t header_offset = 0;  // of the local header
};

inline constexpr std::uint16_t kZipStored = 0;
inline constexpr std::uint16_t kZipDeflated = 8;

struct ZipDirectory {
  std::vector<ZipEntry> entries;  // as they stand there
  std::int64_t offset = 0;        // of the central directory: entries end before it
};

ZipDirectory read_zip_directory(const ReadableFile& file);
// Where the entry's bytes begin: behind its local header, which must name it.
std::int64_t zip_data_offset(const ReadableFile& file, const ZipDirectory& directory,
                             const ZipEntry& entry);

// Sizes and offsets from here on have the 64-bit form; tests try a smaller one.
inline constexpr std::int64_t kZip64From = 0xffffffff;

std::string zip_local_header(const ZipEntry& entry, std::int64_t zip64_from = kZip64From);
std::string zip_central_header(const ZipEntry& entry, std::int64_t zip64_from = kZip64From);
// The end of a directory of `count` entries that takes `size` bytes from `offset`.
std::string zip_directory_end(std::int64_t count, std::int64_t size, std::int64_t offset,
                              std::int64_t zip64_from = kZip64From);

}  // namespace gridmill
