// scratch_beside.h: a context's scratch buffer that holds nothing which is still being read.
#pragma once

#include <functional>

#include "gridmill/base/error.h"
#include "gridmill/codec/context.h"

namespace gridmill {

// A chain reads at most one of the three buffers while it writes another.
inline Buffer& scratch_beside(ByteView in_use, CodecContext& context) {
  const std::less<const std::byte*> before;
  for (Buffer& buffer : context.scratch) {
    const bool holds = !before(in_use.data(), buffer.data()) &&
                       before(in_use.data(), buffer.data() + buffer.capacity());
    if (!holds) return buffer;
  }
  throw Error(ErrorKind::internal, "no scratch buffer is free");
}

}  // namespace gridmill
