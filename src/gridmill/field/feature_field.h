// feature_field.h: a feature as a field: an expression over variables, column by column.
//
// One Operator reads every variable that the expression names once, however often it is named.
// Along the time axis it takes of each what all windows and lags over it take together, along every
// other dimension what is computed. A variable that lacks a dimension is repeated along it. Values
// are float64. Regions may be computed in pieces: the values are the same, bit for bit.
#pragma once

#include <string>
#include <vector>

#include "gridmill/field/feature_compile.h"

namespace gridmill {

struct Feature {
  FieldPtr field;     // its dimensions are some of the rows', in their order
  std::string units;  // "" where they are unknown
  std::vector<std::string> notes;
  std::string conversion;   // to declared units: "x in \"K\" is x - 273.15 in \"degC\""; "": none
  bool has_offset = false;  // of the conversion
};

// In the units of the expression, or converted to `declared` if that isn't "". Throws as
// parse_feature(), compile_feature() and declared_conversion() do.
Feature make_feature(const std::string& expression, const FeatureSurroundings& surroundings,
                     const std::string& declared = "");

// A feature's node of JSON, read. `field_of` makes the fields of its inputs. Throws Error(corrupt).
FieldPtr feature_from_json(const Json& node, const std::function<FieldPtr(const Json&)>& field_of);

}  // namespace gridmill
