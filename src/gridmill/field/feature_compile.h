// feature_compile.h: a feature's expression, checked against what is there and turned into nodes.
//
// Names, arguments, units and dimensions are checked here, once, before any value is read. What a
// function does, and to which units, is in docs/features.md.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "gridmill/base/error.h"
#include "gridmill/field/feature_axis.h"
#include "gridmill/field/feature_node.h"
#include "gridmill/field/feature_text.h"
#include "gridmill/field/feature_time.h"
#include "gridmill/field/feature_units.h"
#include "gridmill/field/field.h"

namespace gridmill {

struct FeatureVariable {
  FieldPtr field;  // of values (unpacked): real numbers or booleans
  std::string units;
};

// What the names of an expression mean.
struct FeatureSurroundings {
  // Of the rows: what variables may have, each of them with these extents.
  std::vector<std::string> dimensions;
  Shape shape;
  std::shared_ptr<const FeatureAxis> axis;  // of one of the dimensions; null: there are no times
  // nullopt: there is none of that name.
  std::function<std::optional<FeatureVariable>(const std::string& name)> variable;
  std::vector<std::string> names;  // for those who misspell one
};

// A part of an expression, checked.
struct TypedNode {
  FeatureNodePtr node;
  FeatureUnits units;
  std::uint32_t dimensions = 0;  // a bit for each dimension of the rows
};

struct NamedVariable {
  std::string name;
  FeatureVariable variable;
};

struct CompiledFeature {
  TypedNode root;
  std::vector<NamedVariable> inputs;  // each once; number i is that of input_node(i)
  std::vector<std::string> notes;     // whose units are not checked, and why
};

// Throws Error(not_found) for an unknown name, with what is near; Error(invalid) that names the
// column for everything else; Error(unsupported) for values that are no numbers.
CompiledFeature compile_feature(const Expression& expression,
                                const FeatureSurroundings& surroundings);

// nan and pi, where no variable is called so.
bool is_feature_constant(std::string_view name) noexcept;
// Error(not_found) with the column and what is near.
[[noreturn]] void refuse_unknown(const NameInText& name, const std::vector<std::string>& known);

// One expression on its way. Functions (feature_functions.h) use it to look at their arguments.
class FeatureCompiler {
 public:
  explicit FeatureCompiler(const FeatureSurroundings& surroundings);

  TypedNode node(const Expression& expression);
  // As node(), of something that changes along the time axis. `function` is for the message.
  TypedNode node_in_time(const Expression& expression, const std::string& function);
  // A number that the expression says, e.g. 0.9 or 3 * 24.
  double constant(const Expression& expression, const std::string& what);
  std::int64_t whole_constant(const Expression& expression, const std::string& what);
  // A number of steps, or a duration, which is a number of steps on an even axis: rounded up for a
  // window, exact for a lag.
  Reach window_reach(const Expression& expression, const std::string& function);
  Reach exact_reach(const Expression& expression, const std::string& function);
  // One that is rising.
  FeatureAxisPtr axis(std::size_t column, const std::string& function) const;
  std::uint32_t time_bit() const noexcept { return time_bit_; }

  CompiledFeature finish(const Expression& expression);

 private:
  TypedNode variable(const Expression& expression);
  TypedNode operation(const Expression& expression);
  TypedNode call(const Expression& expression);
  std::uint32_t dimensions_of(const Expression& expression, const Field& field) const;
  Reach reach(const Expression& expression, const std::string& function);
  void note_units(const std::string& name, const FeatureVariable& variable);

  const FeatureSurroundings& surroundings_;
  std::uint32_t time_bit_ = 0;
  std::vector<NamedVariable> inputs_;
  std::vector<TypedNode> input_nodes_;
  std::vector<std::string> notes_;
};

// Runs `check`; what it throws gains the column.
template <class Check>
decltype(auto) at_column(std::size_t column, Check&& check) {
  return in_context([&] { return "column " + std::to_string(column); }, std::forward<Check>(check));
}

}  // namespace gridmill
