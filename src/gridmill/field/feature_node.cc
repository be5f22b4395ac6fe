#include "gridmill/field/feature_node.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "gridmill/base/error.h"

namespace gridmill {
namespace {

class NumberNode final : public FeatureNode {
 public:
  explicit NumberNode(double value) : value_(value) {}
  std::optional<double> constant() const override { return value_; }
  void evaluate(const StepRange& steps, Columns& columns, double* out) const override {
    std::fill_n(out, columns.count * steps.size(), value_);
  }

 private:
  double value_;
};

class StepsNode final : public FeatureNode {
 public:
  explicit StepsNode(std::shared_ptr<const std::vector<double>> values)
      : values_(std::move(values)) {}
  void evaluate(const StepRange& steps, Columns& columns, double* out) const override {
    for (std::int64_t c = 0; c < columns.count; ++c) {
      std::copy_n(values_->data() + steps.begin, steps.size(), out + c * steps.size());
    }
  }

 private:
  std::shared_ptr<const std::vector<double>> values_;
};

template <class Element>
void gather(const ColumnSource& source, const StepRange& steps, std::int64_t count, double* out) {
  const std::byte* row = source.data + (steps.begin - source.first_step) * source.step_stride;
  // Step by step: points lie side by side in memory.
  for (std::int64_t s = 0; s < steps.size(); ++s, row += source.step_stride) {
    for (std::int64_t c = 0; c < count; ++c) {
      Element element;
      std::memcpy(&element, row + c * source.column_stride, sizeof element);
      out[c * steps.size() + s] = static_cast<double>(element);
    }
  }
}

class InputNode final : public FeatureNode {
 public:
  explicit InputNode(int input) : input_(input) {}
  int input() const noexcept override { return input_; }
  void evaluate(const StepRange& steps, Columns& columns, double* out) const override {
    const ColumnSource& source = columns.sources[static_cast<std::size_t>(input_)];
    visit_real(source.type,
               [&](auto element) { gather<decltype(element)>(source, steps, columns.count, out); });
  }

 private:
  int input_;
};

constexpr std::int64_t kMostEvaluations = 10'000;

}  // namespace

FeatureNode::FeatureNode(std::vector<FeatureNodePtr> operands) : operands_(std::move(operands)) {
  for (const FeatureNodePtr& operand : operands_) evaluations_ += operand->evaluations_;
  if (evaluations_ <= kMostEvaluations) return;
  throw Error(
      ErrorKind::invalid,
      fmt::format("it would take more than {} steps for each value (diff() inside of diff() "
                  "doubles them): split it into several features",
                  kMostEvaluations));
}

StepRange hull(const StepRange& a, const StepRange& b) noexcept {
  if (a.is_empty()) return b;
  if (b.is_empty()) return a;
  return {std::min(a.begin, b.begin), std::max(a.end, b.end)};
}

Columns::Columns(std::int64_t most_columns, std::int64_t numbers)
    : memory_(static_cast<std::size_t>(most_columns * numbers)) {}

Columns::Sheet::Sheet(Columns& columns, std::int64_t numbers)
    : columns_(columns),
      size_(static_cast<std::size_t>(numbers)),
      data_(columns.memory_.data() + columns.used_) {
  if (size_ > columns.memory_.size() - columns.used_) {
    throw Error(ErrorKind::internal, "a feature takes more working memory than it said");
  }
  columns.used_ += size_;
}

Columns::Sheet::~Sheet() { columns_.used_ -= size_; }

void widen(const FeatureNode& node, const StepRange& steps, std::vector<StepRange>& inputs) {
  if (node.input() >= 0) {
    StepRange& own = inputs[static_cast<std::size_t>(node.input())];
    own = hull(own, steps);
  }
  const StepRange needed = node.needed(steps);
  for (const FeatureNodePtr& operand : node.operands()) widen(*operand, needed, inputs);
}

// Operands are evaluated one after the other, and each is held until the node is done.
std::int64_t scratch_numbers(const FeatureNode& node, const StepRange& steps) {
  const StepRange needed = node.needed(steps);
  std::int64_t held = 0, most = 0;
  for (std::size_t i = 0; i < node.operands().size(); ++i) {
    held += i == 0 && node.starts_in_place() ? 0 : needed.size();
    most = std::max(most, held + scratch_numbers(*node.operands()[i], needed));
  }
  return most + node.scratch(steps);
}

std::int64_t longest_series(const FeatureNode& node, const StepRange& steps) {
  std::int64_t longest = steps.size();
  const StepRange needed = node.needed(steps);
  for (const FeatureNodePtr& operand : node.operands()) {
    longest = std::max(longest, longest_series(*operand, needed));
  }
  return longest;
}

FeatureNodePtr number_node(double value) { return std::make_shared<NumberNode>(value); }
FeatureNodePtr input_node(int input) { return std::make_shared<InputNode>(input); }
FeatureNodePtr steps_node(std::shared_ptr<const std::vector<double>> values) {
  return std::make_shared<StepsNode>(std::move(values));
}

}  // namespace gridmill
