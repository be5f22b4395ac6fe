// feature_units.h: the units of what a feature computes, and which of them go together.
//
// Units are known, bare, or unknown. Bare is a number as it was typed: it takes the units of what
// it meets. Unknown is a variable without units, or with some that UDUNITS can't parse: it goes
// with anything, and its result is unknown. Known ones must be the same wherever values are
// compared, added or chosen between: nothing is converted in silence, and the refusal names the
// factor.
//
// Known ones also say whether they are of values or of differences between values: 5 K as a
// temperature is -268.15 degC, as a difference it is 5 degC. A value and a difference make a value,
// two values a difference. Where bare numbers are added, or values multiplied, it is unclear: then
// nothing is converted by an offset. Where a bare number multiplies (tp * 1000), it may have been
// meant to convert: then nothing is converted at all.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gridmill/dataset/units.h"

namespace gridmill {

class FeatureUnits {
 public:
  static FeatureUnits bare() { return FeatureUnits(Kind::bare, std::nullopt, ""); }
  static FeatureUnits of(Units unit);  // of values
  // Of an attribute: unknown if it can't be parsed.
  static FeatureUnits from_attribute(const std::string& text);
  static FeatureUnits unknown() { return FeatureUnits(Kind::unknown, std::nullopt, ""); }

  bool is_bare() const noexcept { return kind_ == Kind::bare; }
  bool is_known() const noexcept { return kind_ == Kind::known; }
  const Units& unit() const { return *unit_; }  // of known ones
  bool is_of_values() const noexcept { return meaning_ == Meaning::values; }
  bool is_of_differences() const noexcept { return meaning_ == Meaning::differences; }
  bool is_unclear() const noexcept { return meaning_ == Meaning::unclear; }
  bool has_bare_factor() const noexcept { return has_bare_factor_; }
  FeatureUnits of_differences() const;  // known ones without their zero: K for degC
  FeatureUnits unclear() const;
  // Has a bare factor where one of these has.
  FeatureUnits computed_from(const FeatureUnits& a, const FeatureUnits& b) const;
  FeatureUnits with_bare_factor() const;
  // "K"; "1" of bare ones; of unknown ones what the attribute said, "" after a computation.
  std::string text() const;

  // For errors: "\"K\"", "a bare number", "unknown units".
  std::string described() const;

 private:
  enum class Kind { known, bare, unknown };
  enum class Meaning { values, differences, unclear };
  FeatureUnits(Kind kind, std::optional<Units> unit, std::string written)
      : kind_(kind), unit_(std::move(unit)), written_(std::move(written)) {}

  Kind kind_;
  std::optional<Units> unit_;
  std::string written_;
  Meaning meaning_ = Meaning::values;  // of known ones
  bool has_bare_factor_ = false;       // likewise
};

// Of values that are compared or chosen between. Throws Error(invalid) naming both and the factor
// between them.
FeatureUnits common_units(const FeatureUnits& a, const FeatureUnits& b);
// a + b and a - b. Throw as common_units().
FeatureUnits sum_units(const FeatureUnits& a, const FeatureUnits& b);
FeatureUnits difference_units(const FeatureUnits& a, const FeatureUnits& b);
// Of a by a number without units, of sums of several a and the like.
FeatureUnits scaled_units(const FeatureUnits& a);
FeatureUnits product_units(const FeatureUnits& a, const FeatureUnits& b);
FeatureUnits quotient_units(const FeatureUnits& a, const FeatureUnits& b);
// a ** exponent, nullopt if that is no constant. Throws Error(invalid) where it has no meaning.
FeatureUnits power_units(const FeatureUnits& a, std::optional<double> exponent);

// Throws Error(invalid) unless `a` is without dimension, and in no other unit than 1 (percent).
void check_dimensionless(const FeatureUnits& a, const std::string& function);
// What makes numbers in `a` those in the units `declared`; of differences without an offset.
// Nothing is converted where either is unknown, where `a` is bare, or is "1" and no other way to
// write `declared`: these only gain the name. Throws Error(invalid) where there is no conversion,
// or where the expression may have converted already.
UnitConversion declared_conversion(const FeatureUnits& a, const std::string& declared);
// "x in \"K\" is x - 273.15 in \"degC\""
std::string conversion_text(const std::string& from, const std::string& to,
                            const UnitConversion& conversion);

// The factor to radians: of degrees pi / 180; 1 for what has no dimension. Throws Error(invalid).
double radians_per(const FeatureUnits& a, const std::string& function);

}  // namespace gridmill
