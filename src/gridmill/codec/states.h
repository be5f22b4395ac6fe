// states.h: the library states behind a CodecContext. Each is made when first asked for, so that a
// context which only ever sees zstd costs nothing more.
//
// Included by the codecs alone. Threads: as CodecContext, one at a time. Throws
// Error(out_of_memory) when a library can't allocate its state.
#pragma once

#include <libdeflate.h>
#include <zstd.h>

#include <array>
#include <memory>

#include "gridmill/codec/context.h"

namespace gridmill {

struct CodecContext::States {
  ZSTD_DCtx& zstd_decoder();
  ZSTD_CCtx& zstd_encoder();
  libdeflate_decompressor& deflate_decoder();
  libdeflate_compressor& deflate_encoder(int level);  // 0..12

  Buffer block;  // one block of a Blosc frame before its shuffle is undone

 private:
  template <auto Free>
  struct Deleter {
    template <class T>
    void operator()(T* state) const noexcept {
      Free(state);
    }
  };
  using Encoder = std::unique_ptr<libdeflate_compressor, Deleter<libdeflate_free_compressor>>;

  std::unique_ptr<ZSTD_DCtx, Deleter<ZSTD_freeDCtx>> zstd_decoder_;
  std::unique_ptr<ZSTD_CCtx, Deleter<ZSTD_freeCCtx>> zstd_encoder_;
  std::unique_ptr<libdeflate_decompressor, Deleter<libdeflate_free_decompressor>> deflate_decoder_;
  std::array<Encoder, 13> deflate_encoders_;  // by level
};

}  // namespace gridmill
