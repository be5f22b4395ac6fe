#include "gridmill/codec/form.h"

#include <fmt/format.h>

#include "gridmill/base/checked.h"

namespace gridmill {

std::int64_t byte_size(const Form& form) {
  const std::int64_t size = checked_mul(volume(form.shape), form.type.size, "a chunk's size");
  if (size > kMaxChunkBytes) {
    throw Error(ErrorKind::corrupt,
                fmt::format("a chunk of {} {} holds {} bytes, more than {}", to_string(form.shape),
                            form.type.name(), size, kMaxChunkBytes));
  }
  return size;
}

}  // namespace gridmill
