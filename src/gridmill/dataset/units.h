// units.h: what the text of a units attribute means, by UDUNITS-2 and its database.
//
// Units that nobody can parse are no error here: datasets are full of them ("psu", "(0 - 1)",
// "code table 4.2"), and so are variables without any. Units of time since a date and logarithmic
// units (dBZ) are not parsed, since nothing can be multiplied by them.
//
// Immutable; any number of threads (the library is not thread-safe, and stands behind one lock).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace gridmill {

// value in `to` = value in `from` * factor + offset
struct UnitConversion {
  double factor = 1;
  double offset = 0;
  bool is_identity() const noexcept;  // but for rounding
};

class Units {
 public:
  Units() = default;  // 1
  // nullopt: empty, unknown, a time since a date, logarithmic.
  static std::optional<Units> parse(std::string_view text);

  // As it was written, or in base units: "m s-1", "0.01", "K @ 273.15" for what "degC" means.
  const std::string& text() const noexcept { return text_; }

  // nullopt: not of the same dimension.
  std::optional<UnitConversion> conversion_to(const Units& other) const;
  // Equal numbers mean the same.
  bool is_same(const Units& other) const;
  bool is_dimensionless() const;  // radians and percent are
  // Zero is a convention (degC): sums, products and powers of such numbers mean nothing.
  bool has_origin() const;

  Units times(const Units& other) const;
  Units per(const Units& other) const;
  // Throws Error(invalid) beyond |exponent| of 255.
  Units raised(int exponent) const;
  // nullopt if an exponent of a base unit can't be divided.
  std::optional<Units> root(int degree) const;
  // Of differences: K for degC, the unit itself where zero means nothing.
  Units interval() const;

 private:
  struct Handle;
  Units(std::shared_ptr<const Handle> handle, std::string text)
      : handle_(std::move(handle)), text_(std::move(text)) {}
  template <class Compute>
  static std::optional<Units> computed(const Compute& compute);

  std::shared_ptr<const Handle> handle_;  // null: 1
  std::string text_ = "1";
};

}  // namespace gridmill
