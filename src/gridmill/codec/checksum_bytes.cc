#include "gridmill/codec/checksum_bytes.h"

#include <fmt/format.h>

#include <array>

#include "gridmill/base/error.h"

namespace gridmill {

void append_checksum(ByteView raw, std::uint32_t checksum, Buffer& out) {
  std::array<std::byte, kChecksumSize> bytes{};
  store_le(bytes.data(), checksum);
  out.clear();
  out.append(raw);
  out.append(bytes);
}

void prepend_checksum(ByteView raw, std::uint32_t checksum, Buffer& out) {
  std::array<std::byte, kChecksumSize> bytes{};
  store_le(bytes.data(), checksum);
  out.clear();
  out.append(bytes);
  out.append(raw);
}

ByteView before_checksum(std::string_view codec, ByteView stored) {
  if (stored.size() >= kChecksumSize) return stored.first(stored.size() - kChecksumSize);
  throw Error(ErrorKind::corrupt,
              fmt::format("{}: {} stored bytes are too few for a checksum", codec, stored.size()));
}

void check_checksum(std::string_view codec, std::uint32_t stored, std::uint32_t computed) {
  if (stored == computed) return;
  throw Error(ErrorKind::corrupt, fmt::format("{}: checksum is {:08x}, the bytes give {:08x}",
                                              codec, stored, computed));
}

}  // namespace gridmill
