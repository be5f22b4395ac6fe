// context.h: what one thread reuses from chunk to chunk: decoder and encoder states, scratch
// memory.
//
// Creating them anew per chunk costs more than some chunks do (docs/benchmarks.md). One context
// belongs to one thread at a time.
#pragma once

#include <memory>

#include "gridmill/system/memory.h"

namespace gridmill {

class CodecContext {
 public:
  CodecContext();
  ~CodecContext();
  CodecContext(CodecContext&&) noexcept;
  CodecContext& operator=(CodecContext&&) noexcept;

  Buffer scratch[3];  // free for the function that is running; content is lost between calls

  // The library states, made on first use; defined beside the codecs that use them.
  struct States;
  States& states() { return *states_; }

 private:
  std::unique_ptr<States> states_;
};

}  // namespace gridmill
