#include "gridmill/field/feature_compile.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

#include "gridmill/base/text.h"
#include "gridmill/field/feature_elements.h"
#include "gridmill/field/feature_functions.h"

namespace gridmill {
namespace {

struct NamedNumber {
  std::string_view name;
  double value;
};

// Where no variable is called so.
constexpr std::array<NamedNumber, 2> kNumbers{
    {{"nan", std::numeric_limits<double>::quiet_NaN()}, {"pi", std::numbers::pi}}};

struct Operator2 {
  std::string_view sign;
  BinaryFunction function;
};

constexpr std::array<Operator2, 8> kConditions{{{"<", BinaryFunction::less},
                                                {"<=", BinaryFunction::less_equal},
                                                {">", BinaryFunction::greater},
                                                {">=", BinaryFunction::greater_equal},
                                                {"==", BinaryFunction::equal},
                                                {"!=", BinaryFunction::not_equal},
                                                {"and", BinaryFunction::logical_and},
                                                {"or", BinaryFunction::logical_or}}};

TypedNode condition(const Operator2& sign, const TypedNode& a, const TypedNode& b) {
  const bool compares_values =
      sign.function != BinaryFunction::logical_and && sign.function != BinaryFunction::logical_or;
  if (compares_values) (void)common_units(a.units, b.units);
  return {binary_node(sign.function, a.node, b.node), FeatureUnits::of(Units()),
          a.dimensions | b.dimensions};
}

TypedNode power(const TypedNode& a, const TypedNode& b) {
  check_dimensionless(b.units, "an exponent");
  const auto exponent = b.node->constant();
  const FeatureUnits units = power_units(a.units, exponent);
  const FeatureNodePtr node = exponent == 2.0 ? unary_node(UnaryFunction::square, a.node)
                                              : binary_node(BinaryFunction::power, a.node, b.node);
  return {node, units, a.dimensions | b.dimensions};
}

TypedNode arithmetic(const std::string& sign, const TypedNode& a, const TypedNode& b) {
  for (const Operator2& known : kConditions) {
    if (known.sign == sign) return condition(known, a, b);
  }
  if (sign == "**") return power(a, b);
  const std::uint32_t both = a.dimensions | b.dimensions;
  if (sign == "+") {
    return {binary_node(BinaryFunction::add, a.node, b.node), sum_units(a.units, b.units), both};
  }
  if (sign == "-") {
    return {binary_node(BinaryFunction::subtract, a.node, b.node),
            difference_units(a.units, b.units), both};
  }
  if (sign == "*") {
    return {binary_node(BinaryFunction::multiply, a.node, b.node), product_units(a.units, b.units),
            both};
  }
  return {binary_node(BinaryFunction::divide, a.node, b.node), quotient_units(a.units, b.units),
          both};
}

}  // namespace

bool is_feature_constant(std::string_view name) noexcept {
  return std::any_of(kNumbers.begin(), kNumbers.end(),
                     [&](const NamedNumber& number) { return number.name == name; });
}

void refuse_unknown(const NameInText& name, const std::vector<std::string>& known) {
  throw Error(ErrorKind::not_found, fmt::format("column {}: there is no variable {}{}", name.column,
                                                name.name, did_you_mean(name.name, known)));
}

FeatureCompiler::FeatureCompiler(const FeatureSurroundings& surroundings)
    : surroundings_(surroundings) {
  if (!surroundings.axis) return;
  const auto& names = surroundings.dimensions;
  const auto time = std::find(names.begin(), names.end(), surroundings.axis->dimension());
  const auto at = time - names.begin();
  if (time == names.end() ||
      surroundings.shape[static_cast<int>(at)] != surroundings.axis->size()) {
    throw Error(ErrorKind::internal, "the time axis of features is no dimension of the rows");
  }
  time_bit_ = std::uint32_t{1} << at;
}

TypedNode FeatureCompiler::node(const Expression& expression) {
  switch (expression.kind) {
    case ExpressionKind::number:
      return {number_node(expression.number), FeatureUnits::bare(), 0};
    case ExpressionKind::duration:
      refuse_at(expression.column,
                fmt::format("the duration {} can only say how long a window or a lag is",
                            expression.text));
    case ExpressionKind::name:
      return variable(expression);
    case ExpressionKind::operation:
      return operation(expression);
    case ExpressionKind::call:
      return call(expression);
  }
  refuse_at(expression.column, "this is no expression");
}

std::uint32_t FeatureCompiler::dimensions_of(const Expression& expression,
                                             const Field& field) const {
  std::uint32_t bits = 0;
  for (int d = 0; d < field.shape().rank(); ++d) {
    const std::string& name = field.dimensions()[static_cast<std::size_t>(d)];
    const auto& known = surroundings_.dimensions;
    const auto found = std::find(known.begin(), known.end(), name);
    const auto at = static_cast<int>(found - known.begin());
    if (found == known.end()) {
      refuse_at(expression.column,
                fmt::format("{} has the dimension {}, which the rows lack: they have {}",
                            expression.text, name, join(known, ", ")));
    }
    if (surroundings_.shape[at] != field.shape()[d]) {
      refuse_at(expression.column,
                fmt::format("{} has {} positions along {}, and the rows have {}", expression.text,
                            field.shape()[d], name, surroundings_.shape[at]));
    }
    bits |= std::uint32_t{1} << at;
  }
  return bits;
}

void FeatureCompiler::note_units(const std::string& name, const FeatureVariable& variable) {
  if (FeatureUnits::from_attribute(variable.units).is_known()) return;
  notes_.push_back(variable.units.empty()
                       ? fmt::format("{} has no units: where it is used, none are checked", name)
                       : fmt::format("the units \"{}\" of {} are unknown: where it is used, none "
                                     "are checked",
                                     variable.units, name));
}

TypedNode FeatureCompiler::variable(const Expression& expression) {
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    if (inputs_[i].name == expression.text) return input_nodes_[i];
  }
  auto found = surroundings_.variable(expression.text);
  if (!found) {
    for (const NamedNumber& number : kNumbers) {
      if (number.name != expression.text) continue;
      return {number_node(number.value), FeatureUnits::bare(), 0};
    }
    refuse_unknown({expression.text, expression.column}, surroundings_.names);
  }
  const DataType type = found->field->type();
  const bool is_number = type.is_real() || type == types::boolean;
  if (!is_number || type == types::float16) {
    throw Error(ErrorKind::unsupported,
                fmt::format("column {}: {} is of type {}, with which features can't compute",
                            expression.column, expression.text, type.name()));
  }
  const std::uint32_t dimensions = dimensions_of(expression, *found->field);
  note_units(expression.text, *found);
  input_nodes_.push_back({input_node(static_cast<int>(inputs_.size())),
                          FeatureUnits::from_attribute(found->units), dimensions});
  inputs_.push_back({expression.text, *std::move(found)});
  return input_nodes_.back();
}

TypedNode FeatureCompiler::operation(const Expression& expression) {
  const TypedNode a = node(*expression.arguments[0].value);
  if (expression.text == "neg") {
    return {unary_node(UnaryFunction::negate, a.node), scaled_units(a.units), a.dimensions};
  }
  if (expression.text == "not") {
    return {unary_node(UnaryFunction::logical_not, a.node), FeatureUnits::of(Units()),
            a.dimensions};
  }
  const TypedNode b = node(*expression.arguments[1].value);
  return at_column(expression.column, [&] { return arithmetic(expression.text, a, b); });
}

TypedNode FeatureCompiler::call(const Expression& expression) {
  return feature_call(*this, expression);
}

TypedNode FeatureCompiler::node_in_time(const Expression& expression, const std::string& function) {
  TypedNode typed = node(expression);
  if (time_bit_ != 0 && (typed.dimensions & time_bit_) != 0) return typed;
  refuse_at(expression.column,
            fmt::format("what {}() takes must have the dimension of time", function));
}

double FeatureCompiler::constant(const Expression& expression, const std::string& what) {
  if (expression.kind == ExpressionKind::duration) {
    refuse_at(expression.column, fmt::format("{} is a number, not a duration", what));
  }
  const auto number = node(expression).node->constant();
  if (!number) refuse_at(expression.column, fmt::format("{} must be a plain number", what));
  return *number;
}

std::int64_t FeatureCompiler::whole_constant(const Expression& expression,
                                             const std::string& what) {
  constexpr double kMost = 1e15;
  const double number = constant(expression, what);
  if (number >= 1 && number <= kMost && number == std::floor(number)) {
    return static_cast<std::int64_t>(number);
  }
  refuse_at(expression.column, fmt::format("{} must be a whole number from 1 on, not {}", what,
                                           format_double(number)));
}

FeatureAxisPtr FeatureCompiler::axis(std::size_t column, const std::string& function) const {
  if (!surroundings_.axis) {
    refuse_at(column,
              fmt::format("{}() needs one time axis, and the rows have none or several", function));
  }
  if (!surroundings_.axis->is_rising()) {
    refuse_at(column, fmt::format("{}() needs times that rise, and those of {} don't", function,
                                  surroundings_.axis->dimension()));
  }
  return surroundings_.axis;
}

Reach FeatureCompiler::reach(const Expression& expression, const std::string& function) {
  if (expression.kind != ExpressionKind::duration) {
    return {whole_constant(expression, fmt::format("how far {}() reaches, in steps,", function)),
            0};
  }
  if (expression.duration_us > 0) return {0, expression.duration_us};
  refuse_at(expression.column, fmt::format("{}() can't reach {}", function, expression.text));
}

Reach FeatureCompiler::window_reach(const Expression& expression, const std::string& function) {
  const Reach asked = reach(expression, function);
  const auto step = axis(expression.column, function)->step_us();
  if (asked.steps > 0 || !step) return asked;
  return {asked.duration_us / *step + (asked.duration_us % *step > 0 ? 1 : 0), 0};
}

Reach FeatureCompiler::exact_reach(const Expression& expression, const std::string& function) {
  const Reach asked = reach(expression, function);
  const auto step = axis(expression.column, function)->step_us();
  if (asked.steps > 0 || !step) return asked;
  if (asked.duration_us % *step == 0) return {asked.duration_us / *step, 0};
  refuse_at(
      expression.column,
      fmt::format("{} is no multiple of the time axis's step of {}: {}() would find nothing",
                  expression.text, format_duration(static_cast<double>(*step) / double{kSecond_us}),
                  function));
}

CompiledFeature FeatureCompiler::finish(const Expression& expression) {
  TypedNode root = node(expression);
  if (root.dimensions == 0) {
    throw Error(ErrorKind::invalid, "the expression names no variable and nothing of the calendar");
  }
  return {std::move(root), std::move(inputs_), std::move(notes_)};
}

CompiledFeature compile_feature(const Expression& expression,
                                const FeatureSurroundings& surroundings) {
  return FeatureCompiler(surroundings).finish(expression);
}

}  // namespace gridmill
