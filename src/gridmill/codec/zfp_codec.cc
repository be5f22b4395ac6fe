#include "gridmill/codec/zfp_codec.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "gridmill/base/checked.h"
#include "gridmill/codec/codec_json.h"
#include "gridmill/codec/numbers.h"

namespace gridmill {
namespace {

constexpr std::array<std::pair<std::string_view, ZfpMode>, 5> kModes{
    {{"reversible", ZfpMode::reversible},
     {"expert", ZfpMode::expert},
     {"fixed_accuracy", ZfpMode::accuracy},
     {"fixed_rate", ZfpMode::rate},
     {"fixed_precision", ZfpMode::precision}}};

std::string_view name_of(ZfpMode mode) {
  for (const auto& [name, known] : kModes) {
    if (known == mode) return name;
  }
  return "?";
}

double number_from(const Json& configuration, const char* member, std::string_view codec) {
  const Json& number = json_member(configuration, member, codec);
  if (!number.is_number() || !std::isfinite(number.get<double>())) {
    throw Error(ErrorKind::corrupt,
                fmt::format("{}: the {} {} is no number", codec, member, number.dump()));
  }
  return number.get<double>();
}

double positive(double value, const char* member, std::string_view codec, bool zero_too) {
  if (value > 0 || (zero_too && value == 0)) return value;
  throw Error(ErrorKind::corrupt, fmt::format("{}: the {} is {}", codec, member, value));
}

std::int64_t integer_from(const Json& configuration, const char* member, std::int64_t low,
                          std::int64_t high) {
  json_member(configuration, member, ZfpCodec::kName);
  return config_int(configuration, ZfpCodec::kName, member, 0, low, high);
}

// The type that travels for `type`.
DataType travelling(DataType type) {
  if (type == types::float16) return types::float32;
  return type.is_integer() && type.size < 4 ? types::int32 : type;
}

// What moves small integers to the middle of int32, and up.
struct Promotion {
  std::int64_t minus;
  int shift;
  std::int64_t low;
  std::int64_t high;
};

Promotion promotion_of(DataType type) {
  const int bits = 8 * type.size;
  const std::int64_t half = std::int64_t{1} << (bits - 1);
  const bool is_signed = type.kind == ScalarKind::integer;
  return {is_signed ? 0 : half, 31 - bits, is_signed ? -half : 0,
          is_signed ? half - 1 : 2 * half - 1};
}

void promote(const ArrayView& elements, Buffer& out) {
  const std::int64_t count = volume(elements.shape);
  out.resize(static_cast<std::size_t>(4 * count));
  if (elements.type == types::float16) {
    return convert_numbers(elements.data, types::float16, out.data(), types::float32, count);
  }
  const Promotion by = promotion_of(elements.type);
  visit_real(elements.type, [&](auto kind) {
    using T = decltype(kind);
    if constexpr (std::is_integral_v<T>) {
      for (std::int64_t i = 0; i < count; ++i) {
        const T element = load_le<T>(elements.data + i * static_cast<std::int64_t>(sizeof(T)));
        const std::int64_t value = std::int64_t{0} + element;  // of any sign
        store_le(out.data() + 4 * i,
                 static_cast<std::int32_t>((value - by.minus) * (std::int64_t{1} << by.shift)));
      }
    }
  });
}

void demote(ByteView values, const MutableArrayView& elements) {
  const std::int64_t count = volume(elements.shape);
  if (elements.type == types::float16) {
    return convert_numbers(values.data(), types::float32, elements.data, types::float16, count);
  }
  const Promotion by = promotion_of(elements.type);
  visit_real(elements.type, [&](auto kind) {
    using T = decltype(kind);
    if constexpr (std::is_integral_v<T>) {
      for (std::int64_t i = 0; i < count; ++i) {
        const std::int64_t value = load_le<std::int32_t>(values.data() + 4 * i) >> by.shift;
        store_le(elements.data + i * static_cast<std::int64_t>(sizeof(T)),
                 static_cast<T>(std::clamp(value + by.minus, by.low, by.high)));
      }
    }
  });
}

}  // namespace

ZfpCodec ZfpCodec::from_v3(const Json& configuration) {
  const std::string name = json_string(configuration, "mode", kName);
  const auto* found =
      std::find_if(kModes.begin(), kModes.end(), [&](auto& mode) { return mode.first == name; });
  if (found == kModes.end()) {
    throw Error(ErrorKind::corrupt, fmt::format("zfp: the mode \"{}\" is not known", name));
  }
  ZfpCodec codec;
  ZfpSettings& settings = codec.settings;
  settings.mode = found->second;
  if (settings.mode == ZfpMode::accuracy) {
    settings.tolerance =
        positive(number_from(configuration, "tolerance", kName), "tolerance", kName, true);
  }
  if (settings.mode == ZfpMode::rate) {
    settings.rate = positive(number_from(configuration, "rate", kName), "rate", kName, false);
  }
  if (settings.mode == ZfpMode::precision) {
    settings.precision =
        static_cast<std::uint32_t>(integer_from(configuration, "precision", 1, 64));
  }
  if (settings.mode == ZfpMode::expert) {
    settings.minbits = static_cast<std::uint32_t>(integer_from(configuration, "minbits", 0, 65536));
    settings.maxbits = static_cast<std::uint32_t>(integer_from(configuration, "maxbits", 1, 65536));
    settings.maxprec = static_cast<std::uint32_t>(integer_from(configuration, "maxprec", 1, 64));
    settings.minexp = static_cast<std::int32_t>(integer_from(configuration, "minexp", -1100, 1100));
  }
  return codec;
}

Json ZfpCodec::to_v3(DataType /*type*/) const {
  Json configuration = {{"mode", std::string(name_of(settings.mode))}};
  if (settings.mode == ZfpMode::accuracy) configuration["tolerance"] = settings.tolerance;
  if (settings.mode == ZfpMode::rate) configuration["rate"] = settings.rate;
  if (settings.mode == ZfpMode::precision) configuration["precision"] = settings.precision;
  if (settings.mode == ZfpMode::expert) {
    configuration["minbits"] = settings.minbits;
    configuration["maxbits"] = settings.maxbits;
    configuration["maxprec"] = settings.maxprec;
    configuration["minexp"] = settings.minexp;
  }
  return named_codec(kName, configuration);
}

Json ZfpCodec::to_v2() const {
  throw Error(ErrorKind::unsupported,
              "Zarr v2 has no codec zfp; use {\"id\": \"zfpy\"}, or --zarr-format 3");
}

void ZfpCodec::check_type(DataType type) const {
  if (is_zfp_type(travelling(type))) return;
  throw Error(ErrorKind::unsupported,
              fmt::format("codec zfp takes integers of at most 64 bits with a sign, or at most 16 "
                          "without, and floats, not {}",
                          type.name()));
}

std::int64_t ZfpCodec::max_encoded_size(const Form& form) const {
  return zfp_max_size(settings, {travelling(form.type), form.shape}, kName);
}

// A padded copy of the stream, and what travels for other types.
std::int64_t ZfpCodec::scratch_size(const Form& form) const {
  const Form travels{travelling(form.type), form.shape};
  return max_encoded_size(form) + 65536 + (travels == form ? 0 : byte_size(travels));
}

void ZfpCodec::encode(const ArrayView& elements, Buffer& out) const {
  const Form form{travelling(elements.type), elements.shape};
  Buffer promoted;
  if (form.type != elements.type) promote(elements, promoted);
  const std::byte* data = form.type != elements.type ? promoted.data() : elements.data;
  zfp_encode(settings, form, data, false, out, kName);
}

void ZfpCodec::decode(ByteView stored, const MutableArrayView& elements,
                      StringArena& /*strings*/) const {
  const Form form{travelling(elements.type), elements.shape};
  if (form.type == elements.type) {
    return zfp_decode(stored, settings, form, elements.data, kName);
  }
  Buffer promoted(static_cast<std::size_t>(byte_size(form)));
  zfp_decode(stored, settings, form, promoted.data(), kName);
  demote(promoted, elements);
}

ZfpyCodec ZfpyCodec::from_json(const Json& configuration) {
  ZfpyCodec codec;
  codec.mode = static_cast<int>(config_int(configuration, kName, "mode", 4, 2, 4));
  const char* member = codec.mode == 2 ? "rate" : codec.mode == 3 ? "precision" : "tolerance";
  const bool is_there = configuration.is_object() && configuration.contains(member);
  const double value = is_there ? number_from(configuration, member, kName) : -1;
  if (value < 0) return codec;  // reversible, as zfpy has it
  ZfpSettings& settings = codec.settings;
  if (codec.mode == 2) {
    settings.mode = ZfpMode::rate;
    settings.rate = positive(value, member, kName, false);
  } else if (codec.mode == 3) {
    settings.mode = ZfpMode::precision;
    settings.precision = static_cast<std::uint32_t>(std::clamp(value, 1.0, 64.0));
  } else {
    settings.mode = ZfpMode::accuracy;
    settings.tolerance = value;
  }
  return codec;
}

Json ZfpyCodec::to_v3(DataType /*type*/) const {
  Json configuration = to_v2();
  configuration.erase("id");
  configuration.erase("compression_kwargs");
  return named_codec("numcodecs.zfpy", configuration);
}

Json ZfpyCodec::to_v2() const {
  const bool is_reversible = settings.mode == ZfpMode::reversible;
  Json object = {{"id", std::string(kName)}, {"mode", mode}};
  object["tolerance"] = settings.mode == ZfpMode::accuracy ? Json(settings.tolerance) : Json(-1);
  object["rate"] = settings.mode == ZfpMode::rate ? Json(settings.rate) : Json(-1);
  object["precision"] = settings.mode == ZfpMode::precision ? Json(settings.precision) : Json(-1);
  const char* member = mode == 2 ? "rate" : mode == 3 ? "precision" : "tolerance";
  object["compression_kwargs"] = {{member, is_reversible ? Json(-1) : object[member]}};
  return object;
}

void ZfpyCodec::check_type(DataType type) const {
  if (is_zfp_type(type)) return;
  throw Error(
      ErrorKind::unsupported,
      fmt::format("codec zfpy takes int32, int64, float32 and float64, not {}", type.name()));
}

std::int64_t ZfpyCodec::max_encoded_size(const Form& form) const {
  return zfp_max_size(settings, form, kName);
}

std::int64_t ZfpyCodec::scratch_size(const Form& form) const {
  // The header of a stored stream may have other settings; a stream has no use for more.
  return 4 * byte_size(form) + 2 * 65536;  // as much as any may have (zfp_stream.cc)
}

void ZfpyCodec::encode(const ArrayView& elements, Buffer& out) const {
  zfp_encode(settings, {elements.type, elements.shape}, elements.data, true, out, kName);
}

void ZfpyCodec::decode(ByteView stored, const MutableArrayView& elements,
                       StringArena& /*strings*/) const {
  zfp_decode_with_header(stored, {elements.type, elements.shape}, elements.data, kName);
}

}  // namespace gridmill
