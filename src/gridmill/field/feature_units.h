// feature_units.h: the units of what a feature computes, and which of them go together.
//
// Units are known, bare, or unknown. Bare is a number as it was typed: it takes the units of what
// it meets. Unknown is a variable without units, or with some that UDUNITS can't parse: it goes
// with anything, and its result is unknown. Known ones must be the same wherever values are
// compared, added or chosen between: nothing is converted in silence, and the refusal names the
// factor.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gridmill/dataset/units.h"

namespace gridmill {

class FeatureUnits {
 public:
  static FeatureUnits bare() { return FeatureUnits(Kind::bare, std::nullopt, ""); }
  static FeatureUnits of(Units unit);
  // Of an attribute: unknown if it can't be parsed.
  static FeatureUnits from_attribute(const std::string& text);
  static FeatureUnits unknown() { return FeatureUnits(Kind::unknown, std::nullopt, ""); }

  bool is_bare() const noexcept { return kind_ == Kind::bare; }
  bool is_known() const noexcept { return kind_ == Kind::known; }
  const Units& unit() const { return *unit_; }  // of known ones
  // "K"; "1" of bare ones; of unknown ones what the attribute said, "" after a computation.
  std::string text() const;

  // For errors: "\"K\"", "a bare number", "unknown units".
  std::string described() const;

 private:
  enum class Kind { known, bare, unknown };
  FeatureUnits(Kind kind, std::optional<Units> unit, std::string written)
      : kind_(kind), unit_(std::move(unit)), written_(std::move(written)) {}

  Kind kind_;
  std::optional<Units> unit_;
  std::string written_;
};

// Of values that are added, compared or chosen between. Throws Error(invalid) naming both and the
// factor between them.
FeatureUnits common_units(const FeatureUnits& a, const FeatureUnits& b);
FeatureUnits product_units(const FeatureUnits& a, const FeatureUnits& b);
FeatureUnits quotient_units(const FeatureUnits& a, const FeatureUnits& b);
// Of differences between values: K for degC.
FeatureUnits interval_units(const FeatureUnits& a);
// a ** exponent, nullopt if that is no constant. Throws Error(invalid) where it has no meaning.
FeatureUnits power_units(const FeatureUnits& a, std::optional<double> exponent);

// Throws Error(invalid) unless `a` is without dimension, and in no other unit than 1 (percent).
void check_dimensionless(const FeatureUnits& a, const std::string& function);
// The factor to radians: of degrees pi / 180; 1 for what has no dimension. Throws Error(invalid).
double radians_per(const FeatureUnits& a, const std::string& function);

}  // namespace gridmill
