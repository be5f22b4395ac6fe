// feature_node.h: what a feature computes, as a tree of steps that work on whole columns.
//
// A column is one series along the time axis: a feature's values at one point (and level, member,
// ...). Columns are computed a few at a time, in float64. A node is asked for a range of steps and
// asks its operands for what it needs of them, which may be wider: whatever range it is asked for,
// a step's value is the same, bit for bit. That is what lets regions be computed in pieces.
//
// Nodes are immutable; any number of threads evaluate one, each with Columns of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "gridmill/array/view.h"
#include "gridmill/kernels/rolling.h"

namespace gridmill {

// Positions along the time axis, half-open; {0, 1} where a feature has no time.
struct StepRange {
  std::int64_t begin = 0;
  std::int64_t end = 0;
  std::int64_t size() const noexcept { return end - begin; }
  bool is_empty() const noexcept { return end <= begin; }
};

// The smallest range that holds both.
StepRange hull(const StepRange& a, const StepRange& b) noexcept;

// One input as the columns at hand see it: its first step, and how far apart elements lie, in
// bytes. Strides are 0 along what it lacks.
struct ColumnSource {
  const std::byte* data = nullptr;
  DataType type;
  std::int64_t first_step = 0;
  std::int64_t step_stride = 0;
  std::int64_t column_stride = 0;
};

// The columns that are being computed, and working memory, which is given back in the order of a
// stack. One thread.
class Columns {
 public:
  // `numbers`: how many doubles are taken at the same time at most.
  Columns(std::int64_t most_columns, std::int64_t numbers);

  std::int64_t count = 0;                 // of columns
  std::span<const ColumnSource> sources;  // one for each input of the feature

  Rolling& rolling() noexcept { return rolling_; }
  std::vector<std::int64_t>& window_sizes() noexcept { return window_sizes_; }
  std::vector<std::int64_t>& least() noexcept { return least_; }

  // Numbers that are given back when it dies. Throws Error(internal) if that is too many.
  class Sheet {
   public:
    Sheet(Columns& columns, std::int64_t numbers);
    Sheet(const Sheet&) = delete;
    Sheet& operator=(const Sheet&) = delete;
    ~Sheet();
    double* data() noexcept { return data_; }

   private:
    Columns& columns_;
    std::size_t size_;
    double* data_;
  };

 private:
  std::vector<double> memory_;
  std::size_t used_ = 0;
  Rolling rolling_;
  std::vector<std::int64_t> window_sizes_, least_;
};

class FeatureNode;
using FeatureNodePtr = std::shared_ptr<const FeatureNode>;

class FeatureNode {
 public:
  virtual ~FeatureNode() = default;

  const std::vector<FeatureNodePtr>& operands() const noexcept { return operands_; }
  // Of nodes, for one of this: a node that two others use is evaluated for each.
  std::int64_t evaluations() const noexcept { return evaluations_; }
  // Which steps of every operand `steps` take; never empty if `steps` isn't.
  virtual StepRange needed(const StepRange& steps) const { return steps; }
  // The same number at every step of every column.
  virtual std::optional<double> constant() const { return std::nullopt; }
  // The number of the input that it is; -1: it is none.
  virtual int input() const noexcept { return -1; }
  // Doubles beside its operands' and its own, for each column.
  virtual std::int64_t scratch(const StepRange& /*steps*/) const { return 0; }
  // The first operand is evaluated into the node's own place.
  virtual bool starts_in_place() const noexcept { return false; }
  // Writes count x steps.size() numbers, column after column.
  virtual void evaluate(const StepRange& steps, Columns& columns, double* out) const = 0;

 protected:
  explicit FeatureNode(std::vector<FeatureNodePtr> operands = {});

 private:
  std::vector<FeatureNodePtr> operands_;
  std::int64_t evaluations_ = 1;
};

// Widens inputs[i] by what `steps` of `node` take of input i. Ranges begin empty.
void widen(const FeatureNode& node, const StepRange& steps, std::vector<StepRange>& inputs);
// Doubles for each column that evaluating `node` takes at the same time, beside its own.
std::int64_t scratch_numbers(const FeatureNode& node, const StepRange& steps);
// Of all series that are evaluated for `steps` of `node`.
std::int64_t longest_series(const FeatureNode& node, const StepRange& steps);

// Leaves of the tree.
FeatureNodePtr number_node(double value);
FeatureNodePtr input_node(int input);
// A number for each step of the axis.
FeatureNodePtr steps_node(std::shared_ptr<const std::vector<double>> values);

}  // namespace gridmill
