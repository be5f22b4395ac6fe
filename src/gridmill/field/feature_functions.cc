#include "gridmill/field/feature_functions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numbers>

#include "gridmill/base/text.h"
#include "gridmill/field/feature_elements.h"

namespace gridmill {
namespace {

// Of one call, in the order of the function's parameters; null: not given.
struct BoundArguments {
  std::vector<const Expression*> arguments;
  std::vector<const Expression*> more;  // of a function that takes any number
};

struct BoundCall : BoundArguments {
  FeatureCompiler& compiler;
  const Expression& call;

  BoundCall(FeatureCompiler& the_compiler, const Expression& the_call, BoundArguments bound)
      : BoundArguments(std::move(bound)), compiler(the_compiler), call(the_call) {}
  const std::string& name() const { return call.text; }
  const Expression& argument(std::size_t i) const { return *arguments[i]; }
  TypedNode node(std::size_t i) const { return compiler.node(*arguments[i]); }
};

using MakeFunction = TypedNode (*)(const BoundCall& call);

struct FeatureFunction {
  std::string_view name;
  std::vector<std::string_view> parameters;
  std::size_t required;  // of the parameters
  bool takes_more;
  MakeFunction make;
};

FeatureUnits without_dimension() { return FeatureUnits::of(Units()); }

TypedNode absolute_value(const BoundCall& call) {
  const TypedNode x = call.node(0);
  return {unary_node(UnaryFunction::absolute, x.node), scaled_units(x.units), x.dimensions};
}

template <UnaryFunction function>
TypedNode of_plain_number(const BoundCall& call) {
  const TypedNode x = call.node(0);
  at_column(call.call.column, [&] { check_dimensionless(x.units, call.name()); });
  return {unary_node(function, x.node), without_dimension(), x.dimensions};
}

template <UnaryFunction function>
TypedNode of_angle(const BoundCall& call) {
  const TypedNode x = call.node(0);
  const double factor =
      at_column(call.call.column, [&] { return radians_per(x.units, call.name()); });
  const FeatureNodePtr radians =
      factor == 1 ? x.node : binary_node(BinaryFunction::multiply, x.node, number_node(factor));
  return {unary_node(function, radians), without_dimension(), x.dimensions};
}

TypedNode square_root(const BoundCall& call) {
  const TypedNode x = call.node(0);
  const FeatureUnits units = at_column(call.call.column, [&] { return power_units(x.units, 0.5); });
  return {unary_node(UnaryFunction::square_root, x.node), units, x.dimensions};
}

TypedNode is_missing(const BoundCall& call) {
  const TypedNode x = call.node(0);
  return {unary_node(UnaryFunction::is_nan, x.node), without_dimension(), x.dimensions};
}

TypedNode without_units(const BoundCall& call) {
  const TypedNode x = call.node(0);
  return {x.node, FeatureUnits::bare(), x.dimensions};
}

TypedNode pair_of(const BoundCall& call, BinaryFunction function, const TypedNode& a,
                  const TypedNode& b) {
  const FeatureUnits units =
      at_column(call.call.column, [&] { return common_units(a.units, b.units); });
  return {binary_node(function, a.node, b.node), units, a.dimensions | b.dimensions};
}

template <BinaryFunction function>
TypedNode of_two(const BoundCall& call) {
  return pair_of(call, function, call.node(0), call.node(1));
}

TypedNode arc_tangent(const BoundCall& call) {
  TypedNode angle = of_two<BinaryFunction::arc_tangent>(call);
  angle.units = FeatureUnits::from_attribute("radian");
  return angle;
}

TypedNode vector_length(const BoundCall& call) {
  TypedNode both = of_two<BinaryFunction::hypotenuse>(call);
  both.units = scaled_units(both.units);
  return both;
}

TypedNode direction(const BoundCall& call) {
  TypedNode angle = of_two<BinaryFunction::wind_direction>(call);
  angle.units = FeatureUnits::from_attribute("degree");
  return angle;
}

template <BinaryFunction function>
TypedNode of_several(const BoundCall& call) {
  TypedNode result = of_two<function>(call);
  for (const Expression* next : call.more) {
    result = pair_of(call, function, result, call.compiler.node(*next));
  }
  return result;
}

TypedNode clipped(const BoundCall& call) {
  const TypedNode above = pair_of(call, BinaryFunction::maximum, call.node(0), call.node(1));
  return pair_of(call, BinaryFunction::minimum, above, call.node(2));
}

TypedNode choice(const BoundCall& call) {
  const TypedNode condition = call.node(0), a = call.node(1), b = call.node(2);
  const FeatureUnits units =
      at_column(call.call.column, [&] { return common_units(a.units, b.units); });
  return {choice_node(condition.node, a.node, b.node), units,
          condition.dimensions | a.dimensions | b.dimensions};
}

FeatureWindow window_of(const BoundCall& call, std::size_t w) {
  FeatureWindow window{call.compiler.window_reach(call.argument(w), call.name()), 0};
  const Expression* const least = call.arguments[w + 1];
  if (least == nullptr) return window;
  window.least = call.compiler.whole_constant(*least, "least");
  if (window.reach.steps > 0 && window.least > window.reach.steps) {
    refuse_at(least->column, fmt::format("a window of {} steps never holds {} values",
                                         window.reach.steps, window.least));
  }
  return window;
}

// max(x, 0) is meant otherwise.
void refuse_two_fields(const BoundCall& call) {
  const Expression& w = call.argument(1);
  if (call.name() != "min" && call.name() != "max") return;
  if (w.kind == ExpressionKind::duration) return;
  const auto number = call.compiler.node(w).node->constant();
  if (number && *number >= 1) return;
  refuse_at(w.column, fmt::format("{0}(x, w) is over the last w steps or the duration w (24, 6h); "
                                  "of two values it is {0}2(a, b)",
                                  call.name()));
}

FeatureUnits units_over_window(RollingStatistic which, const FeatureUnits& units) {
  if (which == RollingStatistic::deviation) return units.of_differences();
  return which == RollingStatistic::sum ? scaled_units(units) : units;
}

template <RollingStatistic which>
TypedNode over_window(const BoundCall& call) {
  refuse_two_fields(call);
  const TypedNode x = call.compiler.node_in_time(call.argument(0), call.name());
  const FeatureWindow window = window_of(call, 1);
  const FeatureAxisPtr axis = call.compiler.axis(call.call.column, call.name());
  return {rolling_node(which, axis, window, x.node), units_over_window(which, x.units),
          x.dimensions};
}

TypedNode quantile(const BoundCall& call) {
  const TypedNode x = call.compiler.node_in_time(call.argument(0), call.name());
  const double q = call.compiler.constant(call.argument(1), "q");
  if (!(q >= 0 && q <= 1)) {
    refuse_at(call.argument(1).column,
              fmt::format("q is a share from 0 to 1, not {}", format_double(q)));
  }
  const FeatureWindow window = window_of(call, 2);
  const FeatureAxisPtr axis = call.compiler.axis(call.call.column, call.name());
  return {quantile_node(q, axis, window, x.node), x.units, x.dimensions};
}

TypedNode shifted(const BoundCall& call, const TypedNode& x, int sign) {
  const Reach reach = call.compiler.exact_reach(call.argument(1), call.name());
  const FeatureAxisPtr axis = call.compiler.axis(call.call.column, call.name());
  return {shift_node(axis, reach, sign, x.node), x.units, x.dimensions};
}

template <int sign>
TypedNode shifted_in_time(const BoundCall& call) {
  return shifted(call, call.compiler.node_in_time(call.argument(0), call.name()), sign);
}

TypedNode difference(const BoundCall& call) {
  const TypedNode x = call.compiler.node_in_time(call.argument(0), call.name());
  const TypedNode before = shifted(call, x, -1);
  return {binary_node(BinaryFunction::subtract, x.node, before.node), x.units.of_differences(),
          x.dimensions};
}

CalendarPart group_part(const Expression& group) {
  if (group.kind == ExpressionKind::name) {
    if (group.text == "month") return CalendarPart::month;
    if (group.text == "dayofyear") return CalendarPart::day_of_year;
    if (group.text == "hour") return CalendarPart::hour;
  }
  refuse_at(group.column, "anomaly() goes by month, dayofyear or hour, or several of them");
}

TypedNode anomaly(const BoundCall& call) {
  const TypedNode x = call.compiler.node_in_time(call.argument(0), call.name());
  std::vector<CalendarPart> parts{group_part(call.argument(1))};
  for (const Expression* group : call.more) parts.push_back(group_part(*group));
  const FeatureAxisPtr axis = call.compiler.axis(call.call.column, call.name());
  return {anomaly_node(axis->groups(parts), x.node), x.units.of_differences(), x.dimensions};
}

TypedNode deaccumulated(const BoundCall& call) {
  const TypedNode x = call.compiler.node_in_time(call.argument(0), call.name());
  (void)call.compiler.axis(call.call.column, call.name());
  const Expression* const given = call.arguments[1];
  const double tolerance = given == nullptr ? 0 : call.compiler.constant(*given, "tolerance");
  if (!(tolerance >= 0)) refuse_at(given->column, "the tolerance is 0 or more");
  return {deaccumulate_node(tolerance, x.node), scaled_units(x.units), x.dimensions};
}

template <CalendarPart part>
TypedNode of_calendar(const BoundCall& call) {
  const FeatureAxisPtr axis = call.compiler.axis(call.call.column, call.name());
  return {steps_node(axis->part(part)), without_dimension(), call.compiler.time_bit()};
}

const std::vector<FeatureFunction>& functions() {
  static const std::vector<FeatureFunction> kFunctions{
      {"abs", {"x"}, 1, false, absolute_value},
      {"sqrt", {"x"}, 1, false, square_root},
      {"exp", {"x"}, 1, false, of_plain_number<UnaryFunction::exponential>},
      {"log", {"x"}, 1, false, of_plain_number<UnaryFunction::logarithm>},
      {"log10", {"x"}, 1, false, of_plain_number<UnaryFunction::logarithm10>},
      {"sin", {"x"}, 1, false, of_angle<UnaryFunction::sine>},
      {"cos", {"x"}, 1, false, of_angle<UnaryFunction::cosine>},
      {"tan", {"x"}, 1, false, of_angle<UnaryFunction::tangent>},
      {"atan2", {"y", "x"}, 2, false, arc_tangent},
      {"hypot", {"x", "y"}, 2, false, vector_length},
      {"clip", {"x", "lo", "hi"}, 3, false, clipped},
      {"where", {"condition", "a", "b"}, 3, false, choice},
      {"isnan", {"x"}, 1, false, is_missing},
      {"number", {"x"}, 1, false, without_units},
      {"min2", {"a", "b"}, 2, true, of_several<BinaryFunction::minimum>},
      {"max2", {"a", "b"}, 2, true, of_several<BinaryFunction::maximum>},
      {"mean", {"x", "w", "least"}, 2, false, over_window<RollingStatistic::mean>},
      {"min", {"x", "w", "least"}, 2, false, over_window<RollingStatistic::minimum>},
      {"max", {"x", "w", "least"}, 2, false, over_window<RollingStatistic::maximum>},
      {"std", {"x", "w", "least"}, 2, false, over_window<RollingStatistic::deviation>},
      {"sum", {"x", "w", "least"}, 2, false, over_window<RollingStatistic::sum>},
      {"quantile", {"x", "q", "w", "least"}, 3, false, quantile},
      {"lag", {"x", "w"}, 2, false, shifted_in_time<-1>},
      {"lead", {"x", "w"}, 2, false, shifted_in_time<1>},
      {"diff", {"x", "w"}, 2, false, difference},
      {"deaccumulate", {"x", "tolerance"}, 1, false, deaccumulated},
      {"anomaly", {"x", "by"}, 2, true, anomaly},
      {"wind_speed", {"u", "v"}, 2, false, vector_length},
      {"wind_direction", {"u", "v"}, 2, false, direction},
      {"hour", {}, 0, false, of_calendar<CalendarPart::hour>},
      {"dayofyear", {}, 0, false, of_calendar<CalendarPart::day_of_year>},
      {"month", {}, 0, false, of_calendar<CalendarPart::month>},
      {"year", {}, 0, false, of_calendar<CalendarPart::year>},
      {"hour_sin", {}, 0, false, of_calendar<CalendarPart::hour_sin>},
      {"hour_cos", {}, 0, false, of_calendar<CalendarPart::hour_cos>},
      {"dayofyear_sin", {}, 0, false, of_calendar<CalendarPart::day_of_year_sin>},
      {"dayofyear_cos", {}, 0, false, of_calendar<CalendarPart::day_of_year_cos>},
  };
  return kFunctions;
}

// "quantile(x, q, w[, least])"
std::string signature_of(const FeatureFunction& function) {
  std::string text;
  for (std::size_t i = 0; i < function.parameters.size(); ++i) {
    const std::string comma = i == 0 ? "" : ", ";
    const bool is_required = i < function.required;
    text += is_required ? comma + std::string(function.parameters[i])
                        : fmt::format("[{}{}]", comma, function.parameters[i]);
  }
  return fmt::format("{}({}{})", function.name, text, function.takes_more ? ", ..." : "");
}

const FeatureFunction& function_of(const Expression& call) {
  std::vector<std::string> names;
  for (const FeatureFunction& function : functions()) {
    if (function.name == call.text) return function;
    names.emplace_back(function.name);
  }
  refuse_at(call.column,
            fmt::format("there is no function {}{}", call.text, did_you_mean(call.text, names)));
}

// Where an argument by keyword belongs.
std::size_t parameter_of(const FeatureFunction& function, const FeatureArgument& argument) {
  const auto& names = function.parameters;
  const auto found = std::find(names.begin(), names.end(), argument.keyword);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  refuse_at(argument.value->column, fmt::format("there is no argument {}: it is {}",
                                                argument.keyword, signature_of(function)));
}

BoundArguments bound_arguments(const Expression& call, const FeatureFunction& function) {
  BoundArguments bound;
  bound.arguments.resize(function.parameters.size(), nullptr);
  for (std::size_t i = 0; i < call.arguments.size(); ++i) {
    const FeatureArgument& argument = call.arguments[i];
    const bool by_position = argument.keyword.empty();
    if (by_position && i >= function.parameters.size()) {
      if (!function.takes_more) {
        refuse_at(argument.value->column,
                  fmt::format("too many arguments: it is {}", signature_of(function)));
      }
      bound.more.push_back(argument.value.get());
      continue;
    }
    const std::size_t at = by_position ? i : parameter_of(function, argument);
    if (bound.arguments[at] != nullptr) {
      refuse_at(argument.value->column,
                fmt::format("{} is given a second time", function.parameters[at]));
    }
    bound.arguments[at] = argument.value.get();
  }
  for (std::size_t i = 0; i < function.required; ++i) {
    if (bound.arguments[i] != nullptr) continue;
    refuse_at(call.column, fmt::format("{} is missing: it is {}", function.parameters[i],
                                       signature_of(function)));
  }
  return bound;
}

}  // namespace

TypedNode feature_call(FeatureCompiler& compiler, const Expression& call) {
  const FeatureFunction& function = function_of(call);
  return function.make({compiler, call, bound_arguments(call, function)});
}

void check_calls(const Expression& expression) {
  if (expression.kind == ExpressionKind::call) {
    (void)bound_arguments(expression, function_of(expression));
  }
  for (const FeatureArgument& argument : expression.arguments) check_calls(*argument.value);
}

std::vector<std::string> feature_signatures() {
  std::vector<std::string> signatures;
  for (const FeatureFunction& function : functions()) signatures.push_back(signature_of(function));
  return signatures;
}

}  // namespace gridmill
