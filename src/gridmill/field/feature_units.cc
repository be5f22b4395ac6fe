#include "gridmill/field/feature_units.h"

#include <fmt/format.h>

#include <cmath>

#include "gridmill/base/error.h"

namespace gridmill {
namespace {

constexpr double kLargestExponent = 255;

[[noreturn]] void refuse_different(const Units& a, const Units& b) {
  const auto conversion = b.conversion_to(a);
  if (!conversion) {
    throw Error(ErrorKind::invalid,
                fmt::format("\"{}\" and \"{}\" are units of different things", a.text(), b.text()));
  }
  throw Error(ErrorKind::invalid,
              fmt::format("\"{}\" and \"{}\" are different units, and nothing is converted in "
                          "silence: {}; number(x) is x without its units",
                          a.text(), b.text(), conversion_text(b.text(), a.text(), *conversion)));
}

// How far apart the zeros lie says nothing about a difference.
[[noreturn]] void refuse_zeros(const FeatureUnits& a, const FeatureUnits& b) {
  throw Error(ErrorKind::invalid,
              fmt::format("{} and {} don't go together: they count from different zeros, and {}; "
                          "number(x) is x without its units",
                          a.described(), b.described(),
                          a.is_of_differences() || b.is_of_differences()
                              ? "one of them is of differences"
                              : "whether they are of differences is unclear"));
}

// Known ones.
void check_same(const FeatureUnits& a, const FeatureUnits& b) {
  if (a.unit().is_same(b.unit())) return;
  const auto conversion = b.unit().conversion_to(a.unit());
  const bool have_offset = conversion && std::abs(conversion->offset) >= 1e-9;
  if (have_offset && !(a.is_of_values() && b.is_of_values())) refuse_zeros(a, b);
  refuse_different(a.unit(), b.unit());
}

bool are_known(const FeatureUnits& a, const FeatureUnits& b) {
  return a.is_known() && b.is_known();
}

bool is_scaled_difference(const FeatureUnits& a, const FeatureUnits& factor) {
  return a.is_of_differences() && factor.unit().is_same(Units());
}

// Known ones, `step` of differences: K go with degC.
FeatureUnits moved_units(const FeatureUnits& base, const FeatureUnits& step) {
  const Units own = base.unit().interval(), other = step.unit().interval();
  if (!own.is_same(other)) refuse_different(own, other);
  return (step.is_of_differences() ? base : base.unclear()).computed_from(base, step);
}

// 20 degC times anything is not what 293.15 K times that is.
void refuse_origin(const FeatureUnits& a) {
  if (!a.is_known() || !a.unit().has_origin()) return;
  throw Error(ErrorKind::invalid,
              fmt::format("{} counts from a zero of its own: only differences of such numbers "
                          "multiply; subtract first, or write number(x)",
                          a.described()));
}

}  // namespace

FeatureUnits FeatureUnits::of(Units unit) { return FeatureUnits(Kind::known, std::move(unit), ""); }

FeatureUnits FeatureUnits::of_differences() const {
  if (!is_known()) return *this;
  FeatureUnits units = of(unit_->interval());
  units.meaning_ = Meaning::differences;
  units.has_bare_factor_ = has_bare_factor_;
  return units;
}

FeatureUnits FeatureUnits::unclear() const {
  FeatureUnits units = *this;
  if (is_known()) units.meaning_ = Meaning::unclear;
  return units;
}

FeatureUnits FeatureUnits::computed_from(const FeatureUnits& a, const FeatureUnits& b) const {
  return a.has_bare_factor_ || b.has_bare_factor_ ? with_bare_factor() : *this;
}

FeatureUnits FeatureUnits::with_bare_factor() const {
  FeatureUnits units = *this;
  units.has_bare_factor_ = is_known();
  return units;
}

FeatureUnits FeatureUnits::from_attribute(const std::string& text) {
  auto unit = Units::parse(text);
  if (unit) return of(*std::move(unit));
  return FeatureUnits(Kind::unknown, std::nullopt, text);
}

std::string FeatureUnits::text() const {
  if (is_bare()) return "1";
  return is_known() ? unit_->text() : written_;
}

std::string FeatureUnits::described() const {
  if (is_bare()) return "a bare number";
  if (is_known()) return fmt::format("\"{}\"", unit_->text());
  return written_.empty() ? "unknown units" : fmt::format("\"{}\", which is unknown", written_);
}

FeatureUnits common_units(const FeatureUnits& a, const FeatureUnits& b) {
  if (a.is_bare()) return b;
  if (b.is_bare()) return a;
  if (!a.is_known() || !b.is_known()) {
    return a.text() == b.text() ? a : FeatureUnits::unknown();
  }
  check_same(a, b);
  const bool are_alike =
      a.is_of_differences() == b.is_of_differences() && a.is_unclear() == b.is_unclear();
  return (are_alike ? a : a.unclear()).computed_from(a, b);
}

FeatureUnits sum_units(const FeatureUnits& a, const FeatureUnits& b) {
  if (!are_known(a, b)) return common_units(a, b).unclear();
  if (b.is_of_differences()) return moved_units(a, b);
  if (a.is_of_differences()) return moved_units(b, a);
  return common_units(a, b).unclear();
}

FeatureUnits difference_units(const FeatureUnits& a, const FeatureUnits& b) {
  // 273.15 may be a value or a difference: t - 273.15 keeps its units.
  if (!are_known(a, b)) return common_units(a, b).unclear();
  if (b.is_of_differences()) return moved_units(a, b);
  const FeatureUnits interval = common_units(a, b).of_differences();
  return a.is_of_values() && b.is_of_values() ? interval : interval.unclear();
}

FeatureUnits scaled_units(const FeatureUnits& a) { return a.is_of_differences() ? a : a.unclear(); }

FeatureUnits product_units(const FeatureUnits& a, const FeatureUnits& b) {
  if (a.is_bare()) return scaled_units(b).with_bare_factor();
  if (b.is_bare()) return scaled_units(a).with_bare_factor();
  refuse_origin(a);
  refuse_origin(b);
  if (!are_known(a, b)) return FeatureUnits::unknown();
  const FeatureUnits product = FeatureUnits::of(a.unit().times(b.unit()));
  const bool is_difference = is_scaled_difference(a, b) || is_scaled_difference(b, a);
  return (is_difference ? product.of_differences() : product.unclear()).computed_from(a, b);
}

FeatureUnits quotient_units(const FeatureUnits& a, const FeatureUnits& b) {
  if (b.is_bare()) return scaled_units(a).with_bare_factor();
  refuse_origin(a);
  refuse_origin(b);
  if (!b.is_known() || (!a.is_bare() && !a.is_known())) return FeatureUnits::unknown();
  const FeatureUnits quotient = FeatureUnits::of((a.is_bare() ? Units() : a.unit()).per(b.unit()));
  const FeatureUnits whole =
      is_scaled_difference(a, b) ? quotient.of_differences() : quotient.unclear();
  return a.is_bare() ? whole.with_bare_factor() : whole.computed_from(a, b);
}

FeatureUnits power_units(const FeatureUnits& a, std::optional<double> exponent) {
  if (!a.is_known()) return a.is_bare() ? a : FeatureUnits::unknown();
  refuse_origin(a);
  if (!exponent) {
    if (a.unit().is_same(Units())) return FeatureUnits::of(Units());
    throw Error(ErrorKind::invalid,
                fmt::format("{} to a power that varies has no units: the exponent must be a "
                            "number, or write number(x)",
                            a.described()));
  }
  const bool is_whole = *exponent == std::floor(*exponent);
  if (is_whole && std::abs(*exponent) <= kLargestExponent) {
    return FeatureUnits::of(a.unit().raised(static_cast<int>(*exponent)))
        .unclear()
        .computed_from(a, a);
  }
  const double degree = 1 / *exponent;
  if (degree >= 2 && degree == std::floor(degree) && degree <= kLargestExponent) {
    if (auto root = a.unit().root(static_cast<int>(degree))) {
      return FeatureUnits::of(*root).unclear().computed_from(a, a);
    }
  }
  if (a.unit().is_same(Units())) return FeatureUnits::of(Units());
  throw Error(ErrorKind::invalid,
              fmt::format("{} to the power of {:g} is no unit: number(x) is x without its units",
                          a.described(), *exponent));
}

void check_dimensionless(const FeatureUnits& a, const std::string& function) {
  if (!a.is_known()) return;
  const auto conversion = a.unit().conversion_to(Units());
  if (conversion && conversion->is_identity()) return;
  throw Error(ErrorKind::invalid,
              fmt::format("{} wants a number without units, not {}: divide by a value of these "
                          "units, or write number(x)",
                          function, a.described()));
}

std::string conversion_text(const std::string& from, const std::string& to,
                            const UnitConversion& conversion) {
  std::string text = fmt::format("x in \"{}\" is x", from);
  if (std::abs(conversion.factor - 1) >= 1e-9) text += fmt::format(" * {:.12g}", conversion.factor);
  if (std::abs(conversion.offset) >= 1e-9) {
    text +=
        fmt::format(" {} {:.12g}", conversion.offset < 0 ? "-" : "+", std::abs(conversion.offset));
  }
  return text + fmt::format(" in \"{}\"", to);
}

UnitConversion declared_conversion(const FeatureUnits& a, const std::string& declared) {
  const auto wanted = Units::parse(declared);
  if (!wanted || !a.is_known()) return {};
  const auto conversion = a.unit().conversion_to(*wanted);
  // The factor by itself: beside an offset of 459.67 it would lose three digits.
  const auto scale = a.unit().interval().conversion_to(wanted->interval());
  if (!conversion || !scale) {
    if (a.unit().text() == "1") return {};
    throw Error(ErrorKind::invalid,
                fmt::format("its units are \"{}\" by the expression, and not \"{}\"; number(x) is "
                            "x without its units",
                            a.unit().text(), declared));
  }
  const double offset = a.is_of_differences() ? 0 : conversion->offset;
  if (a.has_bare_factor() && !conversion->is_identity()) {
    throw Error(
        ErrorKind::invalid,
        fmt::format("its units are \"{}\" by the expression, and not \"{}\": a number multiplies "
                    "there, and whether that converts already ({}) is unclear; leave the number "
                    "out, or write number(x), which is x without its units",
                    a.unit().text(), declared,
                    conversion_text(a.unit().text(), declared, {scale->factor, offset})));
  }
  if (a.is_unclear() && std::abs(offset) >= 1e-9) {
    throw Error(
        ErrorKind::invalid,
        fmt::format("its units are \"{}\" by the expression, and not \"{}\": after arithmetic "
                    "with values and numbers it is unclear whether {}, or a difference without "
                    "the offset; convert by number(x), which is x without its units",
                    a.unit().text(), declared,
                    conversion_text(a.unit().text(), declared, {scale->factor, offset})));
  }
  return {scale->factor, offset};
}

double radians_per(const FeatureUnits& a, const std::string& function) {
  if (!a.is_known()) return 1;
  const auto conversion = a.unit().conversion_to(Units());
  if (conversion && conversion->offset == 0) return conversion->factor;
  throw Error(ErrorKind::invalid,
              fmt::format("{} wants radians, degrees or a number without units, not {}", function,
                          a.described()));
}

}  // namespace gridmill
