#include "gridmill/engine/evaluations.h"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "gridmill/base/checked.h"

namespace gridmill {
namespace {

const Operator* operator_of(const FieldPtr& field) {
  return dynamic_cast<const Operator*>(field.get());
}

Box hull_of(const Box& a, const Box& b) {
  Box hull = a;
  for (int d = 0; d < a.rank(); ++d) {
    hull.begin[d] = std::min(a.begin[d], b.begin[d]);
    hull.shape[d] = std::max(a.end(d), b.end(d)) - hull.begin[d];
  }
  return hull;
}

// The box that holds both and nothing else; nullopt: there is none, or they have nothing in common.
std::optional<Box> joined(const Box& a, const Box& b) {
  if (a == b) return a;
  const Box common = intersect(a, b);
  if (a.is_empty() || b.is_empty() || common.is_empty()) return std::nullopt;
  const Box hull = hull_of(a, b);
  const std::int64_t apart = volume(a.shape) - volume(common.shape) + volume(b.shape);
  return volume(hull.shape) == apart ? std::optional(hull) : std::nullopt;
}

// Adds `region` to boxes of which no two can be joined.
void add_region(std::vector<Box>& boxes, Box region) {
  for (std::size_t i = 0; i < boxes.size();) {
    const auto together = joined(boxes[i], region);
    if (!together) {
      ++i;
      continue;
    }
    region = *together;
    boxes.erase(boxes.begin() + static_cast<std::ptrdiff_t>(i));
    i = 0;  // the larger one may reach those that were passed
  }
  boxes.push_back(region);
}

class Sharing {
 public:
  std::vector<EvaluationStep> steps(const Output& output, const Index& position) {
    const auto columns = static_cast<std::size_t>(output.sink->columns());
    for (std::size_t column = 0; column < columns; ++column) {
      const FieldPtr& field = output.fields[column];
      steps_.push_back({field, output.sink->region(static_cast<int>(column), position), {}, 0});
    }
    for (std::size_t column = 0; column < columns; ++column) {
      visit_inputs(output.fields[column]);
      want_inputs(column);
    }
    for (auto field = inputs_first_.rbegin(); field != inputs_first_.rend(); ++field) {
      serve(*field);
    }
    return std::move(steps_);
  }

 private:
  struct Want {
    Box region;
    std::size_t step = 0;
    std::size_t input = 0;
  };

  // Every field that is an input of something, behind all of its own inputs.
  void visit_inputs(const FieldPtr& field) {
    const Operator* const operation = operator_of(field);
    if (operation == nullptr || !visited_.insert(operation).second) return;
    for (const FieldPtr& input : operation->inputs()) {
      visit_inputs(input);
      if (listed_.insert(input.get()).second) inputs_first_.push_back(input);
    }
  }

  void want_inputs(std::size_t step) {
    const FieldPtr field = steps_[step].field;
    const Operator* const operation = operator_of(field);
    if (operation == nullptr) return;
    for (std::size_t i = 0; i < operation->inputs().size(); ++i) {
      const Box region = operation->needs(static_cast<int>(i), steps_[step].region);
      wants_[operation->inputs()[i].get()].push_back({region, step, i});
    }
    steps_[step].inputs.resize(operation->inputs().size());
  }

  // All that want `field` are known.
  void serve(const FieldPtr& field) {
    const std::vector<Want> wants = std::move(wants_[field.get()]);
    std::vector<Box> boxes;
    for (const Want& want : wants) add_region(boxes, want.region);
    const std::size_t first = steps_.size();
    for (const Box& box : boxes) steps_.push_back({field, box, {}, 0});
    for (const Want& want : wants) {
      std::size_t step = first;
      while (!contains(steps_[step].region, want.region)) ++step;
      const Box part = shifted(want.region, steps_[step].region.begin, -1);
      steps_[want.step].inputs[want.input] = {step, part};
      ++steps_[step].readers;
    }
    for (std::size_t step = first; step < first + boxes.size(); ++step) want_inputs(step);
  }

  std::vector<EvaluationStep> steps_;
  std::unordered_set<const Operator*> visited_;
  std::unordered_set<const Field*> listed_;
  std::vector<FieldPtr> inputs_first_;
  std::unordered_map<const Field*, std::vector<Want>> wants_;
};

// Goes through the steps as compute_unit() does.
class HeldBytes {
 public:
  HeldBytes(const std::vector<EvaluationStep>& steps, std::size_t columns)
      : steps_(steps), columns_(columns), is_computed_(steps.size(), false) {
    for (const EvaluationStep& step : steps) left_.push_back(step.readers);
  }

  std::int64_t most() {
    for (std::size_t i = columns_; i < steps_.size(); ++i) {
      if (operator_of(steps_[i].field) == nullptr) hold(i);
    }
    most_ = held_;
    for (std::size_t column = 0; column < columns_; ++column) compute(column);
    return most_;
  }

 private:
  void hold(std::size_t step) {
    held_ = checked_add(held_, bytes_of(steps_[step]), "a task's memory");
  }

  void compute(std::size_t index) {
    const EvaluationStep& step = steps_[index];
    const Operator* const operation = operator_of(step.field);
    if (operation == nullptr || is_computed_[index]) return;
    for (const auto& input : step.inputs) compute(input.step);
    if (index >= columns_) hold(index);
    most_ = std::max(most_,
                     checked_add(held_, operation->scratch_bytes(step.region), "a task's memory"));
    for (const auto& input : step.inputs) {
      if (--left_[input.step] == 0) held_ -= bytes_of(steps_[input.step]);
    }
    is_computed_[index] = true;
  }

  const std::vector<EvaluationStep>& steps_;
  const std::size_t columns_;
  std::vector<bool> is_computed_;
  std::vector<int> left_;  // of the readers
  std::int64_t held_ = 0, most_ = 0;
};

}  // namespace

std::vector<EvaluationStep> evaluation_steps(const Output& output, const Index& position) {
  return Sharing().steps(output, position);
}

std::int64_t bytes_beside_columns(const std::vector<EvaluationStep>& steps, std::size_t columns) {
  return HeldBytes(steps, columns).most();
}

std::int64_t bytes_of(const EvaluationStep& step) {
  return checked_mul(volume(step.region.shape), step.field->type().size, "a task's buffer");
}

}  // namespace gridmill
