#include "gridmill/codec/frame_error.h"

#include <fmt/format.h>

#include "gridmill/base/error.h"

namespace gridmill {

void throw_wrong_size(std::string_view codec, std::uint64_t got, std::uint64_t wanted) {
  throw Error(ErrorKind::corrupt,
              fmt::format("{}: holds {} bytes, the chunk needs {}", codec, got, wanted));
}

void throw_damaged(std::string_view codec, std::uint64_t stored, std::string_view reason) {
  throw Error(ErrorKind::corrupt,
              fmt::format("{}: {} stored bytes can't be decoded ({})", codec, stored, reason));
}

void throw_too_large(std::string_view codec, std::uint64_t limit) {
  throw Error(ErrorKind::corrupt,
              fmt::format("{}: holds more than the {} bytes that a chunk may have", codec, limit));
}

}  // namespace gridmill
