#include "gridmill/codec/as_type.h"

#include <fmt/format.h>

#include "gridmill/base/error.h"
#include "gridmill/codec/codec_json.h"
#include "gridmill/codec/numbers.h"

namespace gridmill {
namespace {

void check_conversion(DataType from, DataType to) {
  const bool is_complex = from.kind == ScalarKind::complex;
  const bool known =
      from.is_numeric() && to.is_numeric() && is_complex == (to.kind == ScalarKind::complex);
  if (known) return;
  throw Error(ErrorKind::unsupported,
              fmt::format("codec astype: {} as {} is not supported", from.name(), to.name()));
}

}  // namespace

AsTypeCodec AsTypeCodec::from_json(const Json& configuration, const NumpyType& given) {
  AsTypeCodec codec;
  codec.astype = numpy_type_from(configuration, "encode_dtype", kName);
  codec.dtype = numpy_type_from(configuration, "decode_dtype", kName, given);
  check_conversion(codec.dtype.type, codec.astype.type);
  return codec;
}

Json AsTypeCodec::to_v3() const {
  return named_codec("numcodecs.astype", {{"encode_dtype", little_name(astype.type)},
                                          {"decode_dtype", little_name(dtype.type)}});
}

Json AsTypeCodec::to_v2() const {
  return {{"id", std::string(kName)},
          {"encode_dtype", to_string(astype)},
          {"decode_dtype", to_string(dtype)}};
}

void AsTypeCodec::encode(const ArrayView& decoded, const MutableArrayView& encoded) const {
  const std::int64_t count = volume(decoded.shape);
  check_fits(decoded.data, dtype.type, astype.type, count, kName);
  convert_numbers(decoded.data, dtype.type, encoded.data, astype.type, count);
}

void AsTypeCodec::decode(const ArrayView& encoded, const MutableArrayView& decoded,
                         StringArena& /*strings*/) const {
  convert_numbers(encoded.data, astype.type, decoded.data, dtype.type, volume(decoded.shape));
}

}  // namespace gridmill
