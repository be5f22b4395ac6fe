// The text of a feature: what is understood of it is understood the same when it is written out
// with all its parentheses; what means something among a few small variables has the same values
// whole, in pieces, and out of the document of a plan.

#include <bit>
#include <cmath>
#include <cstring>
#include <map>

#include "fuzz/expect.h"
#include "gridmill/array/array.h"
#include "gridmill/array/copy.h"
#include "gridmill/field/feature_field.h"

namespace gridmill::fuzz {
namespace {

constexpr std::int64_t kSteps = 20, kPoints = 3;
constexpr Instant kHour_us = 3600 * kSecond_us;
// Parentheses nest, too: deeper trees may be too deep when they are written out.
constexpr int kDeepestWritten = 40;

std::string quoted(const std::string& name) {
  std::string text = "\"";
  for (const char c : name) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return text + "\"";
}

std::string written(const Expression& expression) {
  if (expression.kind == ExpressionKind::name) return quoted(expression.text);
  if (expression.arguments.empty() && expression.kind != ExpressionKind::call) {
    return expression.text;  // of a number or a duration: as it stood there
  }
  std::vector<std::string> parts;
  for (const FeatureArgument& argument : expression.arguments) {
    const std::string keyword = argument.keyword.empty() ? "" : argument.keyword + "=";
    parts.push_back(keyword + written(*argument.value));
  }
  if (expression.kind == ExpressionKind::call) {
    std::string text = expression.text + "(";
    for (std::size_t i = 0; i < parts.size(); ++i) text += (i > 0 ? ", " : "") + parts[i];
    return text + ")";
  }
  const std::string sign = expression.text == "neg" ? "-" : expression.text;
  if (parts.size() == 1) return "(" + sign + " " + parts[0] + ")";
  return "(" + parts[0] + " " + sign + " " + parts[1] + ")";
}

bool is_same(const Expression& a, const Expression& b) {
  bool is = a.kind == b.kind && a.text == b.text && a.duration_us == b.duration_us &&
            std::bit_cast<std::uint64_t>(a.number) == std::bit_cast<std::uint64_t>(b.number) &&
            a.arguments.size() == b.arguments.size();
  for (std::size_t i = 0; is && i < a.arguments.size(); ++i) {
    is = a.arguments[i].keyword == b.arguments[i].keyword &&
         is_same(*a.arguments[i].value, *b.arguments[i].value);
  }
  return is;
}

void check_columns(const Expression& expression, std::size_t size) {
  expect(expression.column >= 1 && expression.column <= size, "a column is not in the text");
  for (const FeatureArgument& argument : expression.arguments) {
    check_columns(*argument.value, size);
  }
}

void check_text(const std::string& text) {
  const ExpressionPtr expression = parse_feature(text);
  expect(expression->depth <= kDeepestFeature, "a tree is deeper than any may be");
  check_columns(*expression, text.size());
  for (const NameInText& name : names_in(*expression)) {
    expect(!name.name.empty(), "a name is empty");
  }
  if (expression->depth > kDeepestWritten) return;
  const std::string again = written(*expression);
  if (again.size() > kLongestFeature) return;
  expect(is_same(*expression, *parse_feature(again)), "written out, it means something else");
}

// A variable in memory.
class SmallSource final : public Source {
 public:
  SmallSource(std::string name, std::vector<std::string> dimensions, Array values)
      : Source(std::move(dimensions), values.shape(), values.type()),
        name_(std::move(name)),
        values_(std::move(values)) {}

  const Array& values() const noexcept { return values_; }
  Json to_json() const override { return {{"source", name_}}; }
  // No engine asks.
  void leaves(const Box&, const std::function<void(const Leaf&)>&) const override {}
  void scatter(const Leaf&, const Box&, const MutableArrayView&,
               std::vector<Part>&) const override {}
  std::optional<Box> box_of(const Leaf&) const override { return std::nullopt; }
  std::vector<std::int64_t> cuts(int) const override { return {0}; }
  MissingValue missing_value() const override { return {}; }
  LeafCost leaf_cost() const override { return {}; }
  LeafLayout layout() const override { return {}; }

 private:
  const std::string name_;
  const Array values_;
};

struct Small {
  FieldPtr field;
  std::string units;
};

// Numbers with gaps and ties.
Array numbers(const Shape& shape, float first) {
  Array array(types::float32, shape);
  for (std::int64_t i = 0; i < array.size(); ++i) {
    array.values<float>()[i] = i % 11 == 7 ? NAN : first + static_cast<float>(i * i % 13) / 4;
  }
  return array;
}

Array flags(const Shape& shape) {
  Array array(types::boolean, shape);
  for (std::int64_t i = 0; i < array.size(); ++i) {
    array.view().data[i] = static_cast<std::byte>(i % 3 == 0);
  }
  return array;
}

std::map<std::string, Small> make_variables() {
  std::map<std::string, Small> variables;
  const auto add = [&](const std::string& name, std::vector<std::string> dimensions, Array values,
                       const std::string& units) {
    variables[name] = {
        std::make_shared<SmallSource>(name, std::move(dimensions), std::move(values)), units};
  };
  add("t", {"time", "point"}, numbers({kSteps, kPoints}, 280), "K");
  add("u", {"point", "time"}, numbers({kPoints, kSteps}, -1), "m s-1");
  add("v", {"time", "point"}, numbers({kSteps, kPoints}, 0), "m/s");
  add("x", {"time"}, numbers({kSteps}, 0), "");
  add("oro", {"point"}, numbers({kPoints}, 0), "m");
  add("mask", {"point"}, flags({kPoints}), "1");
  add("10 u/g", {"time", "point"}, numbers({kSteps, kPoints}, 1), "degrees");
  return variables;
}

// Hours between the steps; none: no axis.
FeatureSurroundings make_surroundings(const std::map<std::string, Small>& variables,
                                      const std::vector<std::int64_t>& hours) {
  FeatureSurroundings around;
  around.dimensions = {"time", "point"};
  around.shape = {kSteps, kPoints};
  if (!hours.empty()) {
    std::vector<Instant> times{0};
    while (static_cast<std::int64_t>(times.size()) < kSteps) {
      times.push_back(times.back() + hours[times.size() % hours.size()] * kHour_us);
    }
    around.axis = std::make_shared<FeatureAxis>("time", Calendar::standard, std::move(times));
  }
  for (const auto& [name, variable] : variables) around.names.push_back(name);
  around.variable = [&variables](const std::string& name) -> std::optional<FeatureVariable> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return FeatureVariable{found->second.field, found->second.units};
  };
  return around;
}

std::vector<double> values_of(const Field& field, const Box& region) {
  const auto& operation = dynamic_cast<const Operator&>(field);
  std::vector<ArrayView> views;
  for (std::size_t i = 0; i < operation.inputs().size(); ++i) {
    const auto& input = dynamic_cast<const SmallSource&>(*operation.inputs()[i]);
    views.push_back(input.values().view().part(operation.needs(static_cast<int>(i), region)));
  }
  expect(operation.scratch_bytes(region) >= 0, "working memory is less than nothing");
  Array out(field.type(), region.shape);
  operation.compute(views, region, out.view());
  return to_doubles(out.view());
}

bool is_equal(double a, double b) {
  return (std::isnan(a) && std::isnan(b)) ||
         std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

// Of each position, by itself.
void check_pieces(const Field& field, const std::vector<double>& whole) {
  std::size_t i = 0;
  for_each_position(whole_box(field.shape()), [&](const Index& at) {
    const Box one{at, Index::filled(at.rank(), 1)};
    expect(is_equal(values_of(field, one)[0], whole[i++]), "a piece differs from the whole");
  });
}

void check_meaning(const std::string& text, const std::map<std::string, Small>& variables,
                   const std::vector<std::int64_t>& hours) {
  const Feature feature = make_feature(text, make_surroundings(variables, hours));
  expect(make_feature(text, make_surroundings(variables, hours), feature.units).conversion.empty(),
         "units are no longer those that they were written out as");
  const std::vector<double> whole = values_of(*feature.field, whole_box(feature.field->shape()));
  check_pieces(*feature.field, whole);
  const FieldPtr again = feature_from_json(feature.field->to_json(), [&](const Json& node) {
    return variables.at(node["source"].get<std::string>()).field;
  });
  const std::vector<double> repeated = values_of(*again, whole_box(again->shape()));
  expect(repeated.size() == whole.size(), "out of a plan it has another shape");
  for (std::size_t i = 0; i < whole.size(); ++i) {
    expect(is_equal(repeated[i], whole[i]), "out of a plan it has other values");
  }
}

}  // namespace
}  // namespace gridmill::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace gridmill;
  static const auto kVariables = fuzz::make_variables();
  const std::string text(reinterpret_cast<const char*>(bytes), size);
  fuzz::refusing([&] { fuzz::check_text(text); });
  // Even, uneven, falling, and no times at all.
  for (const std::vector<std::int64_t>& hours :
       {std::vector<std::int64_t>{6}, {1, 3, 2}, {-6}, {}}) {
    fuzz::refusing([&] { fuzz::check_meaning(text, kVariables, hours); });
  }
  return 0;
}
