// array_registry.h: which array -> array and array -> bytes codecs exist: one explicit table each,
// from name to codec (registry.h has the bytes -> bytes codecs).
//
// Both are values; their kinds have the same functions, which the chain calls by std::visit.
// An ArrayCodec (delta.h shows it) says what type and shape it makes of what it gets, and turns one
// array in C order into another. An ArrayBytesCodec (bytes_codec.h) makes bytes of an array;
// encoded_size() says how many if that is known from the form alone.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "gridmill/base/json.h"
#include "gridmill/codec/as_type.h"
#include "gridmill/codec/bit_round.h"
#include "gridmill/codec/bytes_codec.h"
#include "gridmill/codec/cast_value.h"
#include "gridmill/codec/categorize.h"
#include "gridmill/codec/delta.h"
#include "gridmill/codec/fixed_scale_offset.h"
#include "gridmill/codec/json2.h"
#include "gridmill/codec/msgpack2.h"
#include "gridmill/codec/narrow_codec.h"
#include "gridmill/codec/pack_bits.h"
#include "gridmill/codec/pcodec.h"
#include "gridmill/codec/quantize.h"
#include "gridmill/codec/record_order.h"
#include "gridmill/codec/reshape.h"
#include "gridmill/codec/scale_offset.h"
#include "gridmill/codec/sharding_codec.h"
#include "gridmill/codec/transpose.h"
#include "gridmill/codec/vlen_array.h"
#include "gridmill/codec/vlen_utf8.h"
#include "gridmill/codec/zfp_codec.h"

namespace gridmill {

using ArrayCodec =
    std::variant<TransposeCodec, DeltaCodec, FixedScaleOffsetCodec, QuantizeCodec, BitRoundCodec,
                 AsTypeCodec, PackBitsFilter, CategorizeCodec, ScaleOffsetCodec, CastValueCodec,
                 ReshapeCodec, SqueezeCodec, NarrowCodec, RecordOrderCodec>;
using ArrayBytesCodec =
    std::variant<BytesCodec, VlenUtf8Codec, VlenBytesCodec, PackBitsCodec, Json2Codec,
                 Msgpack2Codec, ZfpCodec, ZfpyCodec, PcodecCodec, VlenArrayCodec, ShardingCodec>;

// What a codec of arrays is given, as far as its place in the chain tells.
struct GivenArray {
  NumpyType type;           // v2: with the byte order that filters see; v3: memory's
  std::optional<int> rank;  // nullopt behind a codec that changes the shape
  bool is_fortran_order = false;
  // v3: what is stored of the elements. Array -> bytes codecs are given its codes, those before
  // them memory's wider numbers.
  std::optional<NarrowType> narrow = std::nullopt;
};

// What stands behind an array -> array codec. Error(unsupported) if it can't take what it is given.
GivenArray given_behind(const ArrayCodec& codec, const GivenArray& given);

// nullopt: no codec of this kind has that name. Error(corrupt) for a bad configuration,
// Error(unsupported) for one that can't be had.
std::optional<ArrayCodec> array_codec_from_v3(const Json& codec, const GivenArray& given);
std::optional<ArrayCodec> array_codec_from_v2(const Json& codec, const GivenArray& given);
std::optional<ArrayBytesCodec> array_bytes_codec_from_v3(const Json& codec,
                                                         const GivenArray& given);
std::optional<ArrayBytesCodec> array_bytes_codec_from_v2(const Json& codec,
                                                         const GivenArray& given);

// Error(unsupported) unless the codec makes bytes of a narrow type's codes.
void check_takes_narrow(const ArrayBytesCodec& codec, const NarrowType& narrow);

// Every v3 name, or v2 id, of both kinds.
std::vector<std::string> array_codec_names();

// Refuses codecs that are known to exist and can't be had here, with what to do instead.
void refuse_known_codec(std::string_view name);

// The data type says it: no metadata name it.
bool is_implied(const ArrayCodec& codec) noexcept;
// It changes no value.
bool moves_only(const ArrayCodec& codec) noexcept;

std::string_view name_of(const ArrayCodec& codec) noexcept;
std::string_view name_of(const ArrayBytesCodec& codec) noexcept;

}  // namespace gridmill
