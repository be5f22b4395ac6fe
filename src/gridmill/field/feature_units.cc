#include "gridmill/field/feature_units.h"

#include <fmt/format.h>

#include <cmath>

#include "gridmill/base/error.h"

namespace gridmill {
namespace {

constexpr double kLargestExponent = 255;

std::string conversion_text(const Units& from, const Units& to, const UnitConversion& conversion) {
  std::string text = fmt::format("x in \"{}\" is x", from.text());
  if (std::abs(conversion.factor - 1) >= 1e-9) text += fmt::format(" * {:.12g}", conversion.factor);
  if (std::abs(conversion.offset) >= 1e-9) {
    text +=
        fmt::format(" {} {:.12g}", conversion.offset < 0 ? "-" : "+", std::abs(conversion.offset));
  }
  return text + fmt::format(" in \"{}\"", to.text());
}

[[noreturn]] void refuse_different(const Units& a, const Units& b) {
  const auto conversion = b.conversion_to(a);
  if (!conversion) {
    throw Error(ErrorKind::invalid,
                fmt::format("\"{}\" and \"{}\" are units of different things", a.text(), b.text()));
  }
  throw Error(ErrorKind::invalid,
              fmt::format("\"{}\" and \"{}\" are different units, and nothing is converted in "
                          "silence: {}; number(x) is x without its units",
                          a.text(), b.text(), conversion_text(b, a, *conversion)));
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
  if (!a.unit().is_same(b.unit())) refuse_different(a.unit(), b.unit());
  return a;
}

FeatureUnits product_units(const FeatureUnits& a, const FeatureUnits& b) {
  if (a.is_bare()) return b;
  if (b.is_bare()) return a;
  refuse_origin(a);
  refuse_origin(b);
  if (!a.is_known() || !b.is_known()) return FeatureUnits::unknown();
  return FeatureUnits::of(a.unit().times(b.unit()));
}

FeatureUnits quotient_units(const FeatureUnits& a, const FeatureUnits& b) {
  if (b.is_bare()) return a;
  refuse_origin(a);
  refuse_origin(b);
  if (!b.is_known() || (!a.is_bare() && !a.is_known())) return FeatureUnits::unknown();
  return FeatureUnits::of((a.is_bare() ? Units() : a.unit()).per(b.unit()));
}

FeatureUnits interval_units(const FeatureUnits& a) {
  return a.is_known() ? FeatureUnits::of(a.unit().interval()) : a;
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
    return FeatureUnits::of(a.unit().raised(static_cast<int>(*exponent)));
  }
  const double degree = 1 / *exponent;
  if (degree >= 2 && degree == std::floor(degree) && degree <= kLargestExponent) {
    if (auto root = a.unit().root(static_cast<int>(degree))) return FeatureUnits::of(*root);
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

double radians_per(const FeatureUnits& a, const std::string& function) {
  if (!a.is_known()) return 1;
  const auto conversion = a.unit().conversion_to(Units());
  if (conversion && conversion->offset == 0) return conversion->factor;
  throw Error(ErrorKind::invalid,
              fmt::format("{} wants radians, degrees or a number without units, not {}", function,
                          a.described()));
}

}  // namespace gridmill
