#include "gridmill/field/feature_field.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "gridmill/base/checked.h"
#include "gridmill/field/feature_elements.h"

namespace gridmill {
namespace {

constexpr std::string_view kFeatureText = "a feature of the plan";

// So many numbers of a series stay in a core's cache, and points lie side by side in memory.
constexpr std::int64_t kBlockNumbers = 4096;
constexpr std::int64_t kMostColumns = 16;

// What all copies of a feature over different inputs share.
struct FeatureProgram {
  std::string text;
  std::string declared;  // units to which it is converted; "": it isn't
  FeatureNodePtr root;
  std::vector<std::string> names;                  // of the inputs
  std::vector<std::string> units;                  // of the inputs
  std::vector<std::vector<int>> input_dimensions;  // of the feature, by input
  std::shared_ptr<const FeatureAxis> axis;         // null if the feature has no time
  int time = -1;    // the feature's dimension of time; -1: it has none
  int across = -1;  // its last other one, along which columns are taken together
};

class FeatureField final : public Operator {
 public:
  FeatureField(std::vector<FieldPtr> inputs, std::vector<std::string> dimensions,
               const Shape& shape, std::shared_ptr<const FeatureProgram> program)
      : Operator(std::move(inputs), std::move(dimensions), shape, types::float64),
        program_(std::move(program)) {}

  Box needs(int input, const Box& region) const override {
    return box_of(input, region, reach_of(region)[static_cast<std::size_t>(input)]);
  }

  FieldPtr with_inputs(std::vector<FieldPtr> inputs) const override {
    return std::make_shared<FeatureField>(std::move(inputs), dimensions(), shape(), program_);
  }

  std::int64_t scratch_bytes(const Box& region) const override {
    const StepRange steps = steps_of(region);
    const std::int64_t numbers =
        checked_mul(block_columns(region), numbers_for(steps), "a feature's working memory");
    return checked_add(8 * numbers,
                       Rolling::bytes(longest_series(*program_->root, steps)) + 16 * steps.size(),
                       "a feature's working memory");
  }

  void compute(std::span<const ArrayView> inputs, const Box& region,
               const MutableArrayView& out) const override {
    if (region.is_empty()) return;
    const StepRange steps = steps_of(region);
    const std::vector<StepRange> reach = reach_of(region);
    Columns columns(block_columns(region), numbers_for(steps));
    std::vector<ColumnSource> sources(inputs.size());
    columns.sources = sources;
    Box blocks = whole_box(region.shape);  // of columns: each position begins one
    if (program_->time >= 0) blocks.shape[program_->time] = 1;
    const int across = program_->across;
    const std::int64_t width = across < 0 ? 1 : region.shape[across];
    if (across >= 0) blocks.shape[across] = 1;
    for_each_position(blocks, [&](const Index& block) {
      Index at = block;
      for (std::int64_t first = 0; first < width; first += block_columns(region)) {
        if (across >= 0) at[across] = first;
        columns.count = std::min(block_columns(region), width - first);
        for (std::size_t i = 0; i < inputs.size(); ++i) {
          sources[i] = source_at(static_cast<int>(i), inputs[i], at, reach[i]);
        }
        compute_columns(steps, columns, at, out);
      }
    });
  }

  Json to_json() const override {
    Json inputs_json = Json::object();
    for (std::size_t i = 0; i < inputs().size(); ++i) {
      inputs_json[program_->names[i]] = {{"units", program_->units[i]},
                                         {"field", inputs()[i]->to_json()}};
    }
    Json node{{"operator", "feature"},
              {"expression", program_->text},
              {"dimensions", dimensions()},
              {"inputs", std::move(inputs_json)}};
    if (!program_->declared.empty()) node["units"] = program_->declared;
    if (program_->axis) node["axis"] = program_->axis->to_json();
    return node;
  }

 private:
  StepRange steps_of(const Box& region) const {
    if (program_->time < 0) return {0, 1};
    return {region.begin[program_->time], region.end(program_->time)};
  }

  std::vector<StepRange> reach_of(const Box& region) const {
    std::vector<StepRange> reach(inputs().size());
    widen(*program_->root, steps_of(region), reach);
    return reach;
  }

  Box box_of(int input, const Box& region, const StepRange& reach) const {
    Box box;
    for (const int d : program_->input_dimensions[static_cast<std::size_t>(input)]) {
      const bool is_time = d == program_->time;
      box.begin.push_back(is_time ? reach.begin : region.begin[d]);
      box.shape.push_back(is_time ? reach.size() : region.shape[d]);
    }
    return box;
  }

  // Doubles per column: the results', and what lies between.
  std::int64_t numbers_for(const StepRange& steps) const {
    return steps.size() + scratch_numbers(*program_->root, steps);
  }

  std::int64_t block_columns(const Box& region) const {
    if (program_->across < 0) return 1;
    const std::int64_t longest =
        std::max<std::int64_t>(1, longest_series(*program_->root, steps_of(region)));
    const std::int64_t fits = std::clamp<std::int64_t>(kBlockNumbers / longest, 1, kMostColumns);
    return std::max<std::int64_t>(1, std::min(fits, region.shape[program_->across]));
  }

  // `at` is relative to the region, as the view is but for the time.
  ColumnSource source_at(int input, const ArrayView& view, const Index& at,
                         const StepRange& reach) const {
    ColumnSource source{view.data, view.type, reach.begin, 0, 0};
    const auto& mapped = program_->input_dimensions[static_cast<std::size_t>(input)];
    for (std::size_t k = 0; k < mapped.size(); ++k) {
      const std::int64_t stride = view.strides[static_cast<int>(k)];
      if (mapped[k] == program_->time) {
        source.step_stride = stride;
      } else {
        source.data += at[mapped[k]] * stride;
        if (mapped[k] == program_->across) source.column_stride = stride;
      }
    }
    return source;
  }

  void compute_columns(const StepRange& steps, Columns& columns, const Index& at,
                       const MutableArrayView& out) const {
    Columns::Sheet sheet(columns, columns.count * steps.size());
    program_->root->evaluate(steps, columns, sheet.data());
    const std::int64_t step_stride = program_->time < 0 ? 0 : out.strides[program_->time];
    const std::int64_t column_stride = program_->across < 0 ? 0 : out.strides[program_->across];
    std::byte* row = out.at(at);
    for (std::int64_t s = 0; s < steps.size(); ++s, row += step_stride) {
      for (std::int64_t c = 0; c < columns.count; ++c) {
        std::memcpy(row + c * column_stride, sheet.data() + c * steps.size() + s, sizeof(double));
      }
    }
  }

  std::shared_ptr<const FeatureProgram> program_;
};

// Where the feature has the dimensions of one of its inputs.
std::vector<int> positions_in(const std::vector<std::string>& dimensions, const Field& input) {
  std::vector<int> positions;
  for (const std::string& name : input.dimensions()) {
    const auto found = std::find(dimensions.begin(), dimensions.end(), name);
    positions.push_back(static_cast<int>(found - dimensions.begin()));
  }
  return positions;
}

FeatureNodePtr converted_node(FeatureNodePtr node, const UnitConversion& conversion) {
  if (conversion.factor != 1) {
    node = binary_node(BinaryFunction::multiply, node, number_node(conversion.factor));
  }
  if (conversion.offset == 0) return node;
  return binary_node(BinaryFunction::add, node, number_node(conversion.offset));
}

// `program` has a text and a root.
FieldPtr field_of_feature(const std::shared_ptr<FeatureProgram>& program,
                          const CompiledFeature& compiled,
                          const FeatureSurroundings& surroundings) {
  std::vector<std::string> dimensions;
  Shape shape;
  for (std::size_t d = 0; d < surroundings.dimensions.size(); ++d) {
    if ((compiled.root.dimensions >> d & 1) == 0) continue;
    const bool is_time =
        surroundings.axis && surroundings.dimensions[d] == surroundings.axis->dimension();
    (is_time ? program->time : program->across) = static_cast<int>(dimensions.size());
    if (is_time) program->axis = surroundings.axis;
    dimensions.push_back(surroundings.dimensions[d]);
    shape.push_back(surroundings.shape[static_cast<int>(d)]);
  }
  std::vector<FieldPtr> inputs;
  for (const NamedVariable& input : compiled.inputs) {
    program->names.push_back(input.name);
    program->units.push_back(input.variable.units);
    program->input_dimensions.push_back(positions_in(dimensions, *input.variable.field));
    inputs.push_back(input.variable.field);
  }
  return std::make_shared<FeatureField>(std::move(inputs), std::move(dimensions), shape, program);
}

}  // namespace

Feature make_feature(const std::string& expression, const FeatureSurroundings& surroundings,
                     const std::string& declared) {
  const ExpressionPtr parsed = parse_feature(expression);
  CompiledFeature compiled = compile_feature(*parsed, surroundings);
  auto program = std::make_shared<FeatureProgram>();
  program->text = expression;
  program->root = compiled.root.node;
  const std::string own = compiled.root.units.text();
  Feature feature{nullptr, declared.empty() ? own : declared, std::move(compiled.notes), "", false};
  const UnitConversion conversion = declared_conversion(compiled.root.units, declared);
  if (!conversion.is_identity()) {
    program->root = converted_node(program->root, conversion);
    program->declared = declared;
    feature.conversion = conversion_text(own, declared, conversion);
    feature.has_offset = conversion.offset != 0;
  }
  feature.field = field_of_feature(program, compiled, surroundings);
  return feature;
}

FieldPtr feature_from_json(const Json& node, const std::function<FieldPtr(const Json&)>& field_of) {
  FeatureSurroundings surroundings;
  for (const Json& name : json_member(node, "dimensions", kFeatureText)) {
    surroundings.dimensions.push_back(name.get<std::string>());
    surroundings.shape.push_back(-1);
  }
  const auto extent = [&](const std::string& name) -> std::int64_t& {
    const auto& names = surroundings.dimensions;
    const auto found = std::find(names.begin(), names.end(), name);
    if (found != names.end()) return surroundings.shape[static_cast<int>(found - names.begin())];
    throw Error(ErrorKind::corrupt, fmt::format("{}: it has no dimension {}", kFeatureText, name));
  };
  if (node.contains("axis")) {
    surroundings.axis = FeatureAxis::from_json(node["axis"]);
    extent(surroundings.axis->dimension()) = surroundings.axis->size();
  }
  std::map<std::string, FeatureVariable> variables;
  for (const auto& [name, input] : json_member(node, "inputs", kFeatureText).items()) {
    FeatureVariable variable{field_of(json_member(input, "field", kFeatureText)),
                             json_string(input, "units", kFeatureText)};
    for (int d = 0; d < variable.field->shape().rank(); ++d) {
      extent(variable.field->dimensions()[static_cast<std::size_t>(d)]) =
          variable.field->shape()[d];
    }
    variables.emplace(name, std::move(variable));
  }
  surroundings.variable = [&](const std::string& name) -> std::optional<FeatureVariable> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
  const std::string declared =
      node.contains("units") ? json_string(node, "units", kFeatureText) : "";
  return make_feature(json_string(node, "expression", kFeatureText), surroundings, declared).field;
}

}  // namespace gridmill
