#include "gridmill/dataset/units.h"

#include <fmt/format.h>
#include <udunits2.h>

#include <array>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <mutex>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/dataset/cf_time.h"

namespace gridmill {
namespace {

std::mutex& library_lock() {
  static std::mutex lock;
  return lock;
}

// The database, read once and kept; null if it isn't installed. The lock is held.
ut_system* unit_system() {
  static ut_system* const kSystem = [] {
    ut_set_error_message_handler(ut_ignore);
    return ut_read_xml(nullptr);
  }();
  return kSystem;
}

// The factors, e.g. "100 m-1.kg.s-2". The lock is held.
std::string definition_of(const ut_unit* unit) {
  std::array<char, 512> text{};
  const int length = ut_format(unit, text.data(), text.size(), UT_ASCII | UT_DEFINITION);
  if (length < 0 || static_cast<std::size_t>(length) >= text.size()) return "?";
  return {text.data(), static_cast<std::size_t>(length)};
}

// With spaces where UDUNITS multiplies by a dot, and without a 1 that says nothing ("0.01 1").
std::string readable(std::string definition) {
  for (std::size_t i = 1; i + 1 < definition.size(); ++i) {
    const auto next = static_cast<unsigned char>(definition[i + 1]);
    if (definition[i] == '.' && std::isalpha(next) != 0) definition[i] = ' ';
  }
  if (definition.ends_with(" 1")) definition.resize(definition.size() - 2);
  return definition;
}

bool is_logarithmic(const std::string& definition) {
  return definition.find("(re") != std::string::npos;
}

}  // namespace

struct Units::Handle {
  ut_unit* unit = nullptr;
  explicit Handle(ut_unit* taken) : unit(taken) {}
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    const std::lock_guard lock(library_lock());
    ut_free(unit);
  }
  // The lock is held.
  static const ut_unit* of(const Units& unit) {
    return unit.handle_ ? unit.handle_->unit : ut_get_dimensionless_unit_one(unit_system());
  }
};

bool UnitConversion::is_identity() const noexcept {
  return std::abs(factor - 1) < 1e-9 && std::abs(offset) < 1e-9;
}

std::optional<Units> Units::parse(std::string_view text) {
  const std::string written(trim(text));
  if (written.empty() || is_time_units(written)) return std::nullopt;
  ut_unit* unit = nullptr;
  std::string definition;
  {
    const std::lock_guard lock(library_lock());
    if (unit_system() == nullptr) return std::nullopt;
    unit = ut_parse(unit_system(), written.c_str(), UT_UTF8);
    if (unit == nullptr) return std::nullopt;
    definition = definition_of(unit);
  }
  const auto handle = std::make_shared<const Handle>(unit);
  if (is_logarithmic(definition)) return std::nullopt;
  return Units(handle, written);
}

// nullopt if `compute`, which is called with the lock held, gives null. Without a database there
// is only 1.
template <class Compute>
std::optional<Units> Units::computed(const Compute& compute) {
  ut_unit* unit = nullptr;
  std::string definition;
  {
    const std::lock_guard lock(library_lock());
    if (unit_system() == nullptr) return Units();
    unit = compute();
    if (unit == nullptr) return std::nullopt;
    definition = definition_of(unit);
  }
  return Units(std::make_shared<const Handle>(unit), readable(std::move(definition)));
}

std::optional<UnitConversion> Units::conversion_to(const Units& other) const {
  if (!handle_ && !other.handle_) return UnitConversion{};
  const std::lock_guard lock(library_lock());
  cv_converter* const converter = ut_get_converter(const_cast<ut_unit*>(Handle::of(*this)),
                                                   const_cast<ut_unit*>(Handle::of(other)));
  if (converter == nullptr) return std::nullopt;
  const double zero = cv_convert_double(converter, 0);
  const double one = cv_convert_double(converter, 1);
  cv_free(converter);
  // UDUNITS converts seconds to hertz: by 1 / x.
  if (!std::isfinite(zero) || !std::isfinite(one)) return std::nullopt;
  return UnitConversion{one - zero, zero};
}

bool Units::is_same(const Units& other) const {
  const auto conversion = conversion_to(other);
  return conversion && conversion->is_identity();
}

bool Units::is_dimensionless() const { return conversion_to(Units()).has_value(); }

bool Units::has_origin() const { return !is_same(interval()); }

Units Units::times(const Units& other) const {
  if (!other.handle_) return *this;
  if (!handle_) return other;
  auto product = computed([&] { return ut_multiply(Handle::of(*this), Handle::of(other)); });
  if (product) return *std::move(product);
  throw Error(ErrorKind::invalid,
              fmt::format("\"{}\" and \"{}\" have no product", text_, other.text_));
}

Units Units::per(const Units& other) const {
  if (!other.handle_) return *this;
  auto quotient = computed([&] { return ut_divide(Handle::of(*this), Handle::of(other)); });
  if (quotient) return *std::move(quotient);
  throw Error(ErrorKind::invalid,
              fmt::format("\"{}\" and \"{}\" have no quotient", text_, other.text_));
}

Units Units::raised(int exponent) const {
  if (exponent == 1) return *this;
  auto power = computed([&] { return ut_raise(Handle::of(*this), exponent); });
  // UDUNITS keeps exponents in 16 bits: what doesn't lead back has overflowed.
  const int degree = std::abs(exponent);
  const auto back = power && degree > 1 ? power->root(degree) : power;
  const bool is_exact = back && (exponent < 0 ? Units().per(*back) : *back).is_same(*this);
  if (power && (exponent == 0 || is_exact)) return *std::move(power);
  throw Error(ErrorKind::invalid, fmt::format("\"{}\" can't be raised to {}", text_, exponent));
}

std::optional<Units> Units::root(int degree) const {
  return computed([&] { return ut_root(Handle::of(*this), degree); });
}

Units Units::interval() const {
  if (!handle_) return *this;
  std::string definition;
  {
    const std::lock_guard lock(library_lock());
    definition = definition_of(handle_->unit);
  }
  const auto origin = definition.find(" @ ");
  if (origin == std::string::npos) return *this;
  auto scale = parse(definition.substr(0, origin));
  return scale ? *std::move(scale) : *this;
}

}  // namespace gridmill
