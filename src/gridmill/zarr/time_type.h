// time_type.h: numpy's datetime64 and timedelta64 in both formats: v2 "<M8[10us]", v3 {"name":
// "numpy.datetime64", "configuration": {"unit": "us", "scale_factor": 10}}.
#pragma once

#include <optional>
#include <string>

#include "gridmill/base/json.h"

namespace gridmill {

struct TimeType {
  bool is_delta = false;
  std::string unit = "generic";  // "Y", "M", "W", "D", "h", "m", "s", "ms", "us", ... "as"
  std::int64_t scale_factor = 1;

  // `code` is v2's without its byte order: "M8[10us]". nullopt: it is no time. Error(corrupt) for a
  // unit that numpy doesn't know.
  static std::optional<TimeType> from_v2(const std::string& code);
  static std::optional<TimeType> from_v3(const Json& data_type);
  std::string to_v2() const;
  Json to_v3() const;
};

}  // namespace gridmill
