#include "gridmill/codec/lzma_codec.h"

#include <fmt/format.h>
#include <lzma.h>

#include "gridmill/base/error.h"
#include "gridmill/codec/codec_json.h"
#include "gridmill/codec/lzma_filters.h"
#include "gridmill/codec/stream_fill.h"

namespace gridmill {
namespace {

const std::uint8_t* in_pointer(ByteView bytes) {
  return reinterpret_cast<const std::uint8_t*>(bytes.data());
}

std::uint32_t preset_of(const LzmaCodec& codec) {
  return codec.preset < 0 ? LZMA_PRESET_DEFAULT : static_cast<std::uint32_t>(codec.preset);
}

lzma_check check_of(const LzmaCodec& codec) {
  return codec.check < 0 ? LZMA_CHECK_CRC64 : static_cast<lzma_check>(codec.check);
}

// Calls `use` with the filters that the configuration means.
template <class Use>
auto with_filters(const LzmaCodec& codec, Use&& use) {
  if (!codec.filters.is_null()) return use(LzmaFilters(codec.filters));
  const bool is_alone = codec.format == LzmaCodec::kAlone;
  return use(LzmaFilters(preset_of(codec), is_alone ? LZMA_FILTER_LZMA1 : LZMA_FILTER_LZMA2));
}

class LzmaStream {
 public:
  LzmaStream(const LzmaCodec& codec, std::size_t stored) : stored_(stored) {
    constexpr auto kLimit = static_cast<std::uint64_t>(LzmaCodec::kMaxDecoderSize);
    if (codec.format == LzmaCodec::kXz) {
      check(lzma_stream_decoder(&stream_, kLimit, LZMA_CONCATENATED));
    } else if (codec.format == LzmaCodec::kAlone) {
      check(lzma_alone_decoder(&stream_, kLimit));
    } else {
      with_filters(codec, [&](const LzmaFilters& filters) {
        check(lzma_raw_decoder(&stream_, filters.list()));
      });
    }
  }
  ~LzmaStream() { lzma_end(&stream_); }
  LzmaStream(const LzmaStream&) = delete;
  LzmaStream& operator=(const LzmaStream&) = delete;

  bool step(ByteView& in, MutableByteView& out) {
    stream_.next_in = in_pointer(in);
    stream_.avail_in = in.size();
    stream_.next_out = reinterpret_cast<std::uint8_t*>(out.data());
    stream_.avail_out = out.size();
    const lzma_ret code = lzma_code(&stream_, LZMA_FINISH);
    if (code != LZMA_STREAM_END && code != LZMA_BUF_ERROR) check(code);
    in = in.last(stream_.avail_in);
    out = out.last(stream_.avail_out);
    return code == LZMA_STREAM_END;
  }

 private:
  void check(lzma_ret code) const {
    if (code == LZMA_OK) return;
    if (code == LZMA_MEM_ERROR) throw Error(ErrorKind::out_of_memory, "no memory for lzma");
    throw_damaged(
        LzmaCodec::kName, stored_,
        code == LZMA_MEMLIMIT_ERROR
            ? fmt::format("it asks for more than {} bytes of memory", LzmaCodec::kMaxDecoderSize)
            : fmt::format("liblzma's code {}", static_cast<int>(code)));
  }

  std::size_t stored_;
  lzma_stream stream_ = LZMA_STREAM_INIT;
};

// A raw stream of LZMA1 has no end of its own but its marker; the .lzma head may tell the size.
void begin_encoder(const LzmaCodec& codec, const LzmaFilters& filters, lzma_stream& stream) {
  lzma_ret code = LZMA_OK;
  if (codec.format == LzmaCodec::kXz) {
    code = lzma_stream_encoder(&stream, filters.list(), check_of(codec));
  } else if (codec.format == LzmaCodec::kAlone) {
    code = lzma_alone_encoder(&stream, &filters.alone_options());
  } else {
    code = lzma_raw_encoder(&stream, filters.list());
  }
  if (code == LZMA_MEM_ERROR) throw Error(ErrorKind::out_of_memory, "no memory for lzma");
  if (code != LZMA_OK) {
    throw Error(ErrorKind::unsupported,
                fmt::format("lzma: liblzma can't write with this configuration (code {})",
                            static_cast<int>(code)));
  }
}

void check_configuration(const LzmaCodec& codec) {
  if (codec.format == LzmaCodec::kRaw && codec.filters.is_null()) {
    throw Error(ErrorKind::corrupt, "lzma: format 3 (raw) needs filters");
  }
  if (codec.check > 0 && codec.format != LzmaCodec::kXz) {
    throw Error(ErrorKind::corrupt, "lzma: only format 1 (xz) has a check");
  }
  if (codec.check > LZMA_CHECK_ID_MAX ||
      (codec.check >= 0 && lzma_check_is_supported(static_cast<lzma_check>(codec.check)) == 0)) {
    throw Error(ErrorKind::unsupported, fmt::format("lzma: check {} is not known", codec.check));
  }
  if (!codec.filters.is_null() && codec.preset >= 0) {
    throw Error(ErrorKind::corrupt, "lzma: a preset and filters exclude each other");
  }
  const std::int64_t size = codec.decoder_size();
  if (size > LzmaCodec::kMaxDecoderSize) {
    throw Error(ErrorKind::unsupported,
                fmt::format("lzma: reading would take {} bytes of memory per thread, more than {}: "
                            "recode the data with a smaller dict_size",
                            size, LzmaCodec::kMaxDecoderSize));
  }
}

}  // namespace

LzmaCodec LzmaCodec::from_json(const Json& configuration) {
  LzmaCodec codec;
  codec.format = static_cast<int>(config_int(configuration, kName, "format", kXz, kXz, kRaw));
  codec.check = static_cast<int>(config_int(configuration, kName, "check", -1, -1, 255));
  constexpr std::int64_t kMostPreset = LZMA_PRESET_EXTREME | 9U;
  codec.preset = config_int(configuration, kName, "preset", -1, 0, kMostPreset);
  if (configuration.is_object() && configuration.contains("filters")) {
    codec.filters = configuration["filters"];
  }
  check_configuration(codec);
  return codec;
}

Json LzmaCodec::configuration() const {
  return {{"format", format},
          {"check", check},
          {"preset", preset < 0 ? Json(nullptr) : Json(preset)},
          {"filters", filters}};
}

Json LzmaCodec::to_v3() const { return named_codec("numcodecs.lzma", configuration()); }

Json LzmaCodec::to_v2() const {
  Json json = {{"id", std::string(kName)}};
  json.update(configuration());
  return json;
}

// LZMA2 stores what would grow; LZMA1 can't: noise grows by a few per cent.
std::int64_t LzmaCodec::max_encoded_size(std::int64_t raw_size) const {
  return raw_size + raw_size / 8 + 4096;
}

std::int64_t LzmaCodec::encoder_size(std::int64_t /*raw_size*/) const {
  return with_filters(*this, [](const LzmaFilters& list) { return list.encoder_size(); });
}

std::int64_t LzmaCodec::decoder_size() const {
  return with_filters(*this, [](const LzmaFilters& list) { return list.decoder_size(); });
}

void LzmaCodec::encode(ByteView raw, Buffer& out, CodecContext& /*context*/) const {
  out.resize(static_cast<std::size_t>(max_encoded_size(static_cast<std::int64_t>(raw.size()))));
  with_filters(*this, [&](const LzmaFilters& list) {
    lzma_stream stream = LZMA_STREAM_INIT;
    begin_encoder(*this, list, stream);
    stream.next_in = in_pointer(raw);
    stream.avail_in = raw.size();
    stream.next_out = reinterpret_cast<std::uint8_t*>(out.data());
    stream.avail_out = out.size();
    const lzma_ret code = lzma_code(&stream, LZMA_FINISH);
    const std::size_t left = stream.avail_out;
    lzma_end(&stream);
    if (code != LZMA_STREAM_END) {
      throw Error(code == LZMA_MEM_ERROR ? ErrorKind::out_of_memory : ErrorKind::internal,
                  fmt::format("lzma: liblzma's code {}", static_cast<int>(code)));
    }
    out.resize(out.size() - left);
  });
}

void LzmaCodec::decode(ByteView stored, MutableByteView out, CodecContext& /*context*/) const {
  fill_exactly(kName, LzmaStream(*this, stored.size()), stored, out);
}

void LzmaCodec::decode_unsized(ByteView stored, std::int64_t limit, Buffer& out,
                               CodecContext& /*context*/) const {
  fill_up_to(kName, LzmaStream(*this, stored.size()), stored, limit, out);
}

}  // namespace gridmill
