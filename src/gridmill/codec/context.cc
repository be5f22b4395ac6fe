#include "gridmill/codec/context.h"

#include <string>

#include "gridmill/base/error.h"
#include "gridmill/codec/states.h"

namespace gridmill {
namespace {

template <class Pointer, class Make>
auto& made(Pointer& pointer, std::string_view what, Make&& make) {
  if (!pointer) pointer.reset(make());
  if (!pointer) {
    throw Error(ErrorKind::out_of_memory, "no memory for " + std::string(what));
  }
  return *pointer;
}

}  // namespace

CodecContext::CodecContext() : states_(std::make_unique<States>()) {}
CodecContext::~CodecContext() = default;
CodecContext::CodecContext(CodecContext&&) noexcept = default;
CodecContext& CodecContext::operator=(CodecContext&&) noexcept = default;

ZSTD_DCtx& CodecContext::States::zstd_decoder() {
  return made(zstd_decoder_, "a zstd decoder", ZSTD_createDCtx);
}

ZSTD_CCtx& CodecContext::States::zstd_encoder() {
  return made(zstd_encoder_, "a zstd encoder", ZSTD_createCCtx);
}

libdeflate_decompressor& CodecContext::States::deflate_decoder() {
  return made(deflate_decoder_, "a deflate decoder", libdeflate_alloc_decompressor);
}

libdeflate_compressor& CodecContext::States::deflate_encoder(int level) {
  return made(deflate_encoders_.at(static_cast<std::size_t>(level)), "a deflate encoder",
              [level] { return libdeflate_alloc_compressor(level); });
}

}  // namespace gridmill
