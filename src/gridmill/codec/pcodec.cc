#include "gridmill/codec/pcodec.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>

#include "gridmill/base/checked.h"
#include "gridmill/base/error.h"
#include "gridmill/codec/codec_json.h"
#include "gridmill/codec/pcodec_library.h"

namespace gridmill {
namespace {

// In a chunk of the encoder's there are no more.
constexpr std::int64_t kMostInPage = std::int64_t{1} << 24;

// configuration[member], one of `known`; the first of them if it is absent.
std::string choice_from(const Json& configuration, const char* member,
                        std::initializer_list<const char*> known) {
  if (!configuration.is_object() || !configuration.contains(member)) return *known.begin();
  const Json& given = configuration[member];
  for (const char* name : known) {
    if (given == name) return name;
  }
  throw Error(ErrorKind::unsupported,
              fmt::format("pcodec: the {} {} is not supported", member, given.dump()));
}

std::optional<std::int64_t> order_from(const Json& configuration) {
  const char* member = "delta_encoding_order";
  const bool is_there = configuration.is_object() && configuration.contains(member) &&
                        !configuration[member].is_null();
  if (!is_there) return std::nullopt;
  return config_int(configuration, PcodecCodec::kName, member, 0, 0, 7);
}

PcodecSettings settings_of(const PcodecCodec& codec) {
  PcodecSettings settings;
  settings.level = static_cast<std::uint32_t>(codec.level);
  settings.is_classic = codec.mode_spec == "classic";
  settings.page = static_cast<std::uint64_t>(codec.page);
  settings.order = static_cast<std::uint32_t>(codec.order.value_or(0));
  if (codec.order) {  // with "auto", too, which is how it was once written
    settings.delta = PcodecDelta::consecutive;
  } else if (codec.delta_spec != "auto") {
    settings.delta = codec.delta_spec == "none" ? PcodecDelta::none : PcodecDelta::lookback;
  }
  return settings;
}

}  // namespace

PcodecCodec PcodecCodec::from_json(const Json& configuration, const NumpyType& type) {
  require_pcodec();
  if (type.swaps()) {
    throw Error(ErrorKind::unsupported,
                "codec pcodec knows no byte order but the machine's: recode the data with a "
                "little-endian dtype");
  }
  PcodecCodec codec;
  codec.level = config_int(configuration, kName, "level", 8, 0, 12);
  codec.mode_spec = choice_from(configuration, "mode_spec", {"auto", "classic"});
  codec.delta_spec =
      choice_from(configuration, "delta_spec", {"auto", "none", "try_consecutive", "try_lookback"});
  (void)choice_from(configuration, "paging_spec", {"equal_pages_up_to"});
  codec.order = order_from(configuration);
  codec.page = config_int(configuration, kName, "equal_pages_up_to", 262144, 1, kMostInPage);
  const bool takes_order = codec.delta_spec == "auto" || codec.delta_spec == "try_consecutive";
  if (codec.order ? !takes_order : codec.delta_spec == "try_consecutive") {
    throw Error(ErrorKind::corrupt,
                fmt::format("pcodec: the delta_spec \"{}\" {} delta_encoding_order",
                            codec.delta_spec, codec.order ? "takes no" : "needs a"));
  }
  return codec;
}

Json PcodecCodec::to_v3(DataType /*type*/) const {
  Json configuration = to_v2();
  configuration.erase("id");
  return named_codec("numcodecs.pcodec", configuration);
}

Json PcodecCodec::to_v2() const {
  return {{"id", std::string(kName)},
          {"level", level},
          {"mode_spec", mode_spec},
          {"delta_spec", delta_spec},
          {"paging_spec", "equal_pages_up_to"},
          {"delta_encoding_order", order ? Json(*order) : Json()},
          {"equal_pages_up_to", page}};
}

void PcodecCodec::check_type(DataType type) const {
  if (is_pcodec_type(type)) return;
  throw Error(ErrorKind::unsupported,
              fmt::format("codec pcodec takes integers and floats of 16, 32 and 64 bits, not {}",
                          type.name()));
}

std::int64_t PcodecCodec::max_encoded_size(const Form& form) const {
  return pcodec_bound(form.type, volume(form.shape), static_cast<std::uint64_t>(page));
}

// The stream before it is copied, and eight arrays of a page's numbers on their way.
std::int64_t PcodecCodec::scratch_size(const Form& form) const {
  return max_encoded_size(form) + 64 * std::min(page, volume(form.shape)) + (1 << 20);
}

void PcodecCodec::encode(const ArrayView& elements, Buffer& out) const {
  pcodec_encode(settings_of(*this), elements.type, elements.data, volume(elements.shape), out);
}

void PcodecCodec::decode(ByteView stored, const MutableArrayView& elements,
                         StringArena& /*strings*/) const {
  pcodec_decode(stored, elements.type, elements.data, volume(elements.shape));
}

}  // namespace gridmill
