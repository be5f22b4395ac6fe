// zfp_stream.h: libzfp, for the codecs in zfp_codec.h: arrays of one to four dimensions of int32,
// int64, float32 and float64 to a compressed stream and back.
//
// libzfp reads as far as the stream leads it. A stream is therefore decoded from a copy that is as
// long as any stream of its settings can be, and is damaged if it did not end where the bytes do.
#pragma once

#include <cstdint>
#include <string_view>

#include "gridmill/codec/form.h"
#include "gridmill/system/memory.h"

namespace gridmill {

enum class ZfpMode : std::uint8_t { reversible, expert, accuracy, rate, precision };

struct ZfpSettings {
  ZfpMode mode = ZfpMode::reversible;
  double tolerance = 0;
  double rate = 0;  // bits for a value
  std::uint32_t precision = 0;
  std::uint32_t minbits = 0;  // these four of the expert mode
  std::uint32_t maxbits = 0;
  std::uint32_t maxprec = 0;
  std::int32_t minexp = 0;
  friend bool operator==(const ZfpSettings&, const ZfpSettings&) = default;
};

// True for the types that libzfp has itself.
bool is_zfp_type(DataType type) noexcept;
// What a stream with its header has at most. Error(unsupported) for more than four dimensions,
// Error(corrupt) for settings that would make it many times larger than the elements.
std::int64_t zfp_max_size(const ZfpSettings& settings, const Form& form, std::string_view codec);
// Replaces `out`. The header tells type, dimensions and settings.
void zfp_encode(const ZfpSettings& settings, const Form& form, const std::byte* elements,
                bool has_header, Buffer& out, std::string_view codec);
// Error(corrupt) unless `stored` is exactly one stream of so many elements.
void zfp_decode(ByteView stored, const ZfpSettings& settings, const Form& form, std::byte* elements,
                std::string_view codec);
// The same of a stream that has a header, whose settings are used.
void zfp_decode_with_header(ByteView stored, const Form& form, std::byte* elements,
                            std::string_view codec);

}  // namespace gridmill
