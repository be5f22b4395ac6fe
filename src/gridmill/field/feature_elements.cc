#include "gridmill/field/feature_elements.h"

#include <cmath>
#include <limits>
#include <numbers>

namespace gridmill {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

bool is_either_nan(double a, double b) noexcept { return std::isnan(a) || std::isnan(b); }

double wind_direction_deg(double u, double v) noexcept {
  if (u == 0 && v == 0) return kMissing;
  const double direction = std::atan2(-u, -v) * (180 / std::numbers::pi);
  if (direction >= 0) return direction + 0.0;  // no -0
  const double turned = direction + 360;
  return turned < 360 ? turned : 0;  // of a tiny negative one, by rounding
}

template <class Function>
class UnaryNode final : public FeatureNode {
 public:
  explicit UnaryNode(FeatureNodePtr operand) : FeatureNode({std::move(operand)}) {}
  bool starts_in_place() const noexcept override { return true; }
  void evaluate(const StepRange& steps, Columns& columns, double* out) const override {
    operands()[0]->evaluate(steps, columns, out);
    const std::int64_t size = columns.count * steps.size();
    for (std::int64_t i = 0; i < size; ++i) out[i] = Function{}(out[i]);
  }
};

template <class Function>
class BinaryNode final : public FeatureNode {
 public:
  BinaryNode(FeatureNodePtr a, FeatureNodePtr b)
      : FeatureNode({a, b}), first_(a->constant()), second_(b->constant()) {}
  bool starts_in_place() const noexcept override { return true; }

  void evaluate(const StepRange& steps, Columns& columns, double* out) const override {
    const std::int64_t size = columns.count * steps.size();
    if (first_) {
      operands()[1]->evaluate(steps, columns, out);
      for (std::int64_t i = 0; i < size; ++i) out[i] = Function{}(*first_, out[i]);
      return;
    }
    operands()[0]->evaluate(steps, columns, out);
    if (second_) {
      for (std::int64_t i = 0; i < size; ++i) out[i] = Function{}(out[i], *second_);
      return;
    }
    Columns::Sheet sheet(columns, size);
    const double* const other = sheet.data();
    operands()[1]->evaluate(steps, columns, sheet.data());
    for (std::int64_t i = 0; i < size; ++i) out[i] = Function{}(out[i], other[i]);
  }

 private:
  std::optional<double> first_, second_;
};

class ChoiceNode final : public FeatureNode {
 public:
  ChoiceNode(FeatureNodePtr condition, FeatureNodePtr a, FeatureNodePtr b)
      : FeatureNode({std::move(condition), std::move(a), std::move(b)}) {}
  bool starts_in_place() const noexcept override { return true; }

  void evaluate(const StepRange& steps, Columns& columns, double* out) const override {
    const std::int64_t size = columns.count * steps.size();
    operands()[0]->evaluate(steps, columns, out);
    Columns::Sheet a(columns, size);
    operands()[1]->evaluate(steps, columns, a.data());
    Columns::Sheet b(columns, size);
    operands()[2]->evaluate(steps, columns, b.data());
    for (std::int64_t i = 0; i < size; ++i) {
      if (!std::isnan(out[i])) out[i] = out[i] != 0 ? a.data()[i] : b.data()[i];
    }
  }
};

template <class Function>
FeatureNodePtr unary_of(FeatureNodePtr operand, Function function) {
  if (const auto number = operand->constant()) return number_node(function(*number));
  return std::make_shared<UnaryNode<Function>>(std::move(operand));
}

template <class Function>
FeatureNodePtr binary_of(FeatureNodePtr a, FeatureNodePtr b, Function function) {
  const auto first = a->constant(), second = b->constant();
  if (first && second) return number_node(function(*first, *second));
  return std::make_shared<BinaryNode<Function>>(std::move(a), std::move(b));
}

// 1, 0 or NaN.
template <class Compare>
FeatureNodePtr comparison_of(FeatureNodePtr a, FeatureNodePtr b, Compare) {
  return binary_of(std::move(a), std::move(b), [](double x, double y) {
    if (is_either_nan(x, y)) return kMissing;
    return Compare{}(x, y) ? 1.0 : 0.0;
  });
}

}  // namespace

FeatureNodePtr unary_node(UnaryFunction function, FeatureNodePtr operand) {
  switch (function) {
    case UnaryFunction::negate:
      return unary_of(operand, [](double x) { return -x; });
    case UnaryFunction::logical_not:
      return unary_of(operand, [](double x) {
        return std::isnan(x) ? kMissing : x == 0 ? 1.0 : 0.0;
      });
    case UnaryFunction::absolute:
      return unary_of(operand, [](double x) { return std::abs(x); });
    case UnaryFunction::square:
      return unary_of(operand, [](double x) { return x * x; });
    case UnaryFunction::square_root:
      return unary_of(operand, [](double x) { return std::sqrt(x); });
    case UnaryFunction::exponential:
      return unary_of(operand, [](double x) { return std::exp(x); });
    case UnaryFunction::logarithm:
      return unary_of(operand, [](double x) { return std::log(x); });
    case UnaryFunction::logarithm10:
      return unary_of(operand, [](double x) { return std::log10(x); });
    case UnaryFunction::sine:
      return unary_of(operand, [](double x) { return std::sin(x); });
    case UnaryFunction::cosine:
      return unary_of(operand, [](double x) { return std::cos(x); });
    case UnaryFunction::tangent:
      return unary_of(operand, [](double x) { return std::tan(x); });
    case UnaryFunction::is_nan:
      return unary_of(operand, [](double x) { return std::isnan(x) ? 1.0 : 0.0; });
  }
  return operand;
}

FeatureNodePtr binary_node(BinaryFunction function, const FeatureNodePtr& a,
                           const FeatureNodePtr& b) {
  switch (function) {
    case BinaryFunction::add:
      return binary_of(a, b, [](double x, double y) { return x + y; });
    case BinaryFunction::subtract:
      return binary_of(a, b, [](double x, double y) { return x - y; });
    case BinaryFunction::multiply:
      return binary_of(a, b, [](double x, double y) { return x * y; });
    case BinaryFunction::divide:
      return binary_of(a, b, [](double x, double y) { return x / y; });
    case BinaryFunction::power:
      return binary_of(a, b, [](double x, double y) { return std::pow(x, y); });
    case BinaryFunction::less:
      return comparison_of(a, b, [](double x, double y) { return x < y; });
    case BinaryFunction::less_equal:
      return comparison_of(a, b, [](double x, double y) { return x <= y; });
    case BinaryFunction::greater:
      return comparison_of(a, b, [](double x, double y) { return x > y; });
    case BinaryFunction::greater_equal:
      return comparison_of(a, b, [](double x, double y) { return x >= y; });
    case BinaryFunction::equal:
      return comparison_of(a, b, [](double x, double y) { return x == y; });
    case BinaryFunction::not_equal:
      return comparison_of(a, b, [](double x, double y) { return x != y; });
    case BinaryFunction::logical_and:
      return comparison_of(a, b, [](double x, double y) { return x != 0 && y != 0; });
    case BinaryFunction::logical_or:
      return comparison_of(a, b, [](double x, double y) { return x != 0 || y != 0; });
    case BinaryFunction::minimum:
      return binary_of(a, b, [](double x, double y) {
        return is_either_nan(x, y) ? kMissing : y < x ? y : x;
      });
    case BinaryFunction::maximum:
      return binary_of(a, b, [](double x, double y) {
        return is_either_nan(x, y) ? kMissing : x < y ? y : x;
      });
    case BinaryFunction::arc_tangent:
      return binary_of(a, b, [](double x, double y) { return std::atan2(x, y); });
    case BinaryFunction::hypotenuse:
      return binary_of(a, b, [](double x, double y) { return std::hypot(x, y); });
    case BinaryFunction::wind_direction:
      return binary_of(a, b, [](double x, double y) { return wind_direction_deg(x, y); });
  }
  return a;
}

FeatureNodePtr choice_node(FeatureNodePtr condition, FeatureNodePtr a, FeatureNodePtr b) {
  return std::make_shared<ChoiceNode>(std::move(condition), std::move(a), std::move(b));
}

}  // namespace gridmill
