#include "gridmill/codec/bz2.h"

#include <bzlib.h>
#include <fmt/format.h>

#include <algorithm>

#include "gridmill/base/error.h"
#include "gridmill/codec/codec_json.h"
#include "gridmill/codec/stream_fill.h"

namespace gridmill {
namespace {

// libbz2 counts in 32 bits.
constexpr std::size_t kMostAtOnce = std::size_t{1} << 30;

void check_memory(int code) {
  if (code == BZ_MEM_ERROR) throw Error(ErrorKind::out_of_memory, "no memory for bzip2");
}

class Bz2Stream {
 public:
  explicit Bz2Stream(std::size_t stored) : stored_(stored) { begin(); }
  ~Bz2Stream() { BZ2_bzDecompressEnd(&stream_); }
  Bz2Stream(const Bz2Stream&) = delete;
  Bz2Stream& operator=(const Bz2Stream&) = delete;

  bool step(ByteView& in, MutableByteView& out) {
    const std::size_t give = std::min(in.size(), kMostAtOnce);
    const std::size_t room = std::min(out.size(), kMostAtOnce);
    // The library's C interface has no const; it only reads.
    stream_.next_in = const_cast<char*>(reinterpret_cast<const char*>(in.data()));
    stream_.avail_in = static_cast<unsigned>(give);
    stream_.next_out = reinterpret_cast<char*>(out.data());
    stream_.avail_out = static_cast<unsigned>(room);
    const int code = BZ2_bzDecompress(&stream_);
    check_memory(code);
    if (code != BZ_OK && code != BZ_STREAM_END) {
      throw_damaged(Bz2Codec::kName, stored_, fmt::format("bzip2's code {}", code));
    }
    in = in.subspan(give - stream_.avail_in);
    out = out.subspan(room - stream_.avail_out);
    if (code != BZ_STREAM_END) return false;
    if (in.empty()) return true;
    BZ2_bzDecompressEnd(&stream_);
    begin();  // the next of several
    return false;
  }

 private:
  void begin() {
    stream_ = {};
    const int code = BZ2_bzDecompressInit(&stream_, 0, 0);
    check_memory(code);
    if (code != BZ_OK) throw Error(ErrorKind::internal, fmt::format("bz2: code {}", code));
  }

  std::size_t stored_;
  bz_stream stream_{};
};

}  // namespace

Bz2Codec Bz2Codec::from_json(const Json& configuration) {
  return {static_cast<int>(config_int(configuration, kName, "level", 1, 1, 9))};
}

Json Bz2Codec::to_v3() const { return named_codec("numcodecs.bz2", {{"level", level}}); }

Json Bz2Codec::to_v2() const { return {{"id", std::string(kName)}, {"level", level}}; }

void Bz2Codec::encode(ByteView raw, Buffer& out, CodecContext& /*context*/) const {
  out.resize(static_cast<std::size_t>(max_encoded_size(static_cast<std::int64_t>(raw.size()))));
  auto size = static_cast<unsigned>(out.size());
  const std::byte nothing{};  // the library takes no null pointer, not even for no bytes
  const std::byte* from = raw.empty() ? &nothing : raw.data();
  const int code = BZ2_bzBuffToBuffCompress(reinterpret_cast<char*>(out.data()), &size,
                                            const_cast<char*>(reinterpret_cast<const char*>(from)),
                                            static_cast<unsigned>(raw.size()), level, 0, 0);
  check_memory(code);
  if (code != BZ_OK) throw Error(ErrorKind::internal, fmt::format("bz2: code {}", code));
  out.resize(size);
}

void Bz2Codec::decode(ByteView stored, MutableByteView out, CodecContext& /*context*/) const {
  fill_exactly(kName, Bz2Stream(stored.size()), stored, out);
}

void Bz2Codec::decode_unsized(ByteView stored, std::int64_t limit, Buffer& out,
                              CodecContext& /*context*/) const {
  fill_up_to(kName, Bz2Stream(stored.size()), stored, limit, out);
}

}  // namespace gridmill
