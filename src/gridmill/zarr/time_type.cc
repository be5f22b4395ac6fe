#include "gridmill/zarr/time_type.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"

namespace gridmill {
namespace {

constexpr std::array<std::string_view, 15> kUnits{
    "Y", "M", "W", "D", "h", "m", "s", "ms", "us", "μs", "ns", "ps", "fs", "as", "generic"};
constexpr std::int64_t kMaxScale = 2147483647;
constexpr std::string_view kDatetime = "numpy.datetime64";
constexpr std::string_view kTimedelta = "numpy.timedelta64";

void check(const TimeType& type, std::string_view spelled) {
  const bool is_known = std::find(kUnits.begin(), kUnits.end(), type.unit) != kUnits.end();
  if (is_known && type.scale_factor >= 1 && type.scale_factor <= kMaxScale) return;
  throw Error(ErrorKind::corrupt,
              fmt::format("data type {}: unit \"{}\" and scale factor {} are none of numpy's",
                          spelled, type.unit, type.scale_factor));
}

}  // namespace

std::optional<TimeType> TimeType::from_v2(const std::string& code) {
  if (!code.starts_with("M8") && !code.starts_with("m8")) return std::nullopt;
  TimeType type;
  type.is_delta = code[0] == 'm';
  if (code.size() == 2) return type;
  if (code[2] != '[' || code.back() != ']') return std::nullopt;
  const std::string inside = code.substr(3, code.size() - 4);
  const std::size_t digits = std::min(inside.find_first_not_of("0123456789"), inside.size());
  if (digits > 10) return std::nullopt;
  if (digits > 0) type.scale_factor = parse_int(inside.substr(0, digits));
  type.unit = inside.substr(digits);
  check(type, code);
  return type;
}

std::optional<TimeType> TimeType::from_v3(const Json& data_type) {
  if (!data_type.is_object()) return std::nullopt;
  const Json name = data_type.value("name", Json());
  if (name != kDatetime && name != kTimedelta) return std::nullopt;
  TimeType type;
  type.is_delta = name == kTimedelta;
  const Json& configuration = json_member(data_type, "configuration", "data_type");
  type.unit = json_string(configuration, "unit", "data_type");
  type.scale_factor = json_int(configuration, "scale_factor", "data_type");
  check(type, data_type.dump());
  return type;
}

std::string TimeType::to_v2() const {
  const char letter = is_delta ? 'm' : 'M';
  if (unit == "generic") return fmt::format("{}8", letter);
  const std::string plain = unit == "μs" ? "us" : unit;
  if (scale_factor == 1) return fmt::format("{}8[{}]", letter, plain);
  return fmt::format("{}8[{}{}]", letter, scale_factor, plain);
}

Json TimeType::to_v3() const {
  return {{"name", is_delta ? kTimedelta : kDatetime},
          {"configuration", {{"unit", unit}, {"scale_factor", scale_factor}}}};
}

}  // namespace gridmill
