#include "gridmill/field/feature_time.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace gridmill {
namespace {

constexpr double kNotThere = std::numeric_limits<double>::quiet_NaN();

// More numbers than any window holds.
constexpr std::int64_t kTooMany = std::numeric_limits<std::int64_t>::max();

class WindowNode : public FeatureNode {
 public:
  StepRange needed(const StepRange& steps) const override {
    if (steps.is_empty()) return steps;
    return {axis_->window_begin(steps.begin, window_.reach), steps.end};
  }

  void evaluate(const StepRange& steps, Columns& columns, double* out) const override {
    const StepRange from = needed(steps);
    Columns::Sheet sheet(columns, columns.count * from.size());
    operands()[0]->evaluate(from, columns, sheet.data());
    const RollingWindows windows = windows_of(steps, from, columns);
    for (std::int64_t c = 0; c < columns.count; ++c) {
      const Series series{sheet.data() + c * from.size(), from.size(), 1};
      const std::span<double> results(out + c * steps.size(),
                                      static_cast<std::size_t>(steps.size()));
      roll(columns.rolling(), series, windows, results);
    }
  }

 protected:
  WindowNode(FeatureAxisPtr axis, const FeatureWindow& window, FeatureNodePtr operand)
      : FeatureNode({std::move(operand)}), axis_(std::move(axis)), window_(window) {}
  virtual void roll(Rolling& rolling, const Series& series, const RollingWindows& windows,
                    std::span<double> results) const = 0;

 private:
  RollingWindows windows_of(const StepRange& steps, const StepRange& from, Columns& columns) const {
    std::vector<std::int64_t>& sizes = columns.window_sizes();
    std::vector<std::int64_t>& least = columns.least();
    sizes.clear();
    least.clear();
    for (std::int64_t at = steps.begin; at < steps.end; ++at) {
      const std::int64_t size = at + 1 - axis_->window_begin(at, window_.reach);
      const std::int64_t whole = axis_->is_whole_window(at, window_.reach) ? size : kTooMany;
      sizes.push_back(size);
      least.push_back(window_.least > 0 ? window_.least : whole);
    }
    return {steps.begin - from.begin, sizes, least};
  }

  FeatureAxisPtr axis_;
  FeatureWindow window_;
};

class StatisticNode final : public WindowNode {
 public:
  StatisticNode(RollingStatistic which, FeatureAxisPtr axis, const FeatureWindow& window,
                FeatureNodePtr operand)
      : WindowNode(std::move(axis), window, std::move(operand)), which_(which) {}

 private:
  void roll(Rolling& rolling, const Series& series, const RollingWindows& windows,
            std::span<double> results) const override {
    rolling.statistic(which_, series, windows, results);
  }
  RollingStatistic which_;
};

class QuantileNode final : public WindowNode {
 public:
  QuantileNode(double q, FeatureAxisPtr axis, const FeatureWindow& window, FeatureNodePtr operand)
      : WindowNode(std::move(axis), window, std::move(operand)), q_(q) {}

 private:
  void roll(Rolling& rolling, const Series& series, const RollingWindows& windows,
            std::span<double> results) const override {
    rolling.quantile(q_, series, windows, results);
  }
  double q_;
};

class ShiftNode final : public FeatureNode {
 public:
  ShiftNode(FeatureAxisPtr axis, const Reach& reach, int sign, FeatureNodePtr operand)
      : FeatureNode({std::move(operand)}), axis_(std::move(axis)), reach_(reach), sign_(sign) {}

  StepRange needed(const StepRange& steps) const override {
    if (steps.is_empty()) return steps;
    const auto [begin, end] = axis_->all_away(steps.begin, steps.end, reach_, sign_);
    // Where nothing is reached some step must be read: one that is at hand.
    return begin < end ? StepRange{begin, end} : StepRange{steps.begin, steps.begin + 1};
  }

  void evaluate(const StepRange& steps, Columns& columns, double* out) const override {
    const StepRange from = needed(steps);
    Columns::Sheet sheet(columns, columns.count * from.size());
    operands()[0]->evaluate(from, columns, sheet.data());
    for (std::int64_t s = 0; s < steps.size(); ++s) {
      const std::int64_t there = axis_->away(steps.begin + s, reach_, sign_);
      for (std::int64_t c = 0; c < columns.count; ++c) {
        out[c * steps.size() + s] =
            there < 0 ? kNotThere : sheet.data()[c * from.size() + there - from.begin];
      }
    }
  }

 private:
  FeatureAxisPtr axis_;
  Reach reach_;
  int sign_;
};

class DeaccumulateNode final : public FeatureNode {
 public:
  DeaccumulateNode(double tolerance, FeatureNodePtr operand)
      : FeatureNode({std::move(operand)}), tolerance_(tolerance) {}

  StepRange needed(const StepRange& steps) const override {
    if (steps.is_empty()) return steps;
    return {std::max<std::int64_t>(steps.begin - 1, 0), steps.end};
  }

  void evaluate(const StepRange& steps, Columns& columns, double* out) const override {
    const StepRange from = needed(steps);
    Columns::Sheet sheet(columns, columns.count * from.size());
    operands()[0]->evaluate(from, columns, sheet.data());
    for (std::int64_t c = 0; c < columns.count; ++c) {
      const double* const series = sheet.data() + c * from.size();
      for (std::int64_t at = steps.begin; at < steps.end; ++at) {
        const double before = at > from.begin ? series[at - from.begin - 1] : kNotThere;
        const double own = series[at - from.begin];
        out[c * steps.size() + at - steps.begin] = amount(before, own);
      }
    }
  }

 private:
  double amount(double before, double own) const {
    if (!(own < before)) return own - before;
    return before - own <= tolerance_ ? 0 : own;
  }

  double tolerance_;
};

// Neumaier, "Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen", 1974.
struct CarefulSum {
  double sum = 0, lost = 0, count = 0;
  void add(double value) noexcept {
    const double next = sum + value;
    lost += std::abs(sum) >= std::abs(value) ? (sum - next) + value : (value - next) + sum;
    sum = next;
    count += 1;
  }
  // Infinite sums have lost NaN.
  double mean() const noexcept { return (std::isfinite(lost) ? sum + lost : sum) / count; }
};

class AnomalyNode final : public FeatureNode {
 public:
  AnomalyNode(std::shared_ptr<const FeatureAxis::Groups> groups, FeatureNodePtr operand)
      : FeatureNode({std::move(operand)}), groups_(std::move(groups)) {}

  StepRange needed(const StepRange& steps) const override {
    if (steps.is_empty()) return steps;
    return {0, static_cast<std::int64_t>(groups_->of_step.size())};
  }

  void evaluate(const StepRange& steps, Columns& columns, double* out) const override {
    const StepRange all = needed(steps);
    Columns::Sheet sheet(columns, columns.count * all.size());
    operands()[0]->evaluate(all, columns, sheet.data());
    std::vector<CarefulSum> sums;
    for (std::int64_t c = 0; c < columns.count; ++c) {
      const double* const series = sheet.data() + c * all.size();
      sums.assign(static_cast<std::size_t>(groups_->count), {});
      for (std::int64_t s = 0; s < all.size(); ++s) {
        if (!std::isnan(series[s])) sum_of(sums, s).add(series[s]);
      }
      for (std::int64_t s = steps.begin; s < steps.end; ++s) {
        out[c * steps.size() + s - steps.begin] = series[s] - sum_of(sums, s).mean();
      }
    }
  }

 private:
  CarefulSum& sum_of(std::vector<CarefulSum>& sums, std::int64_t step) const {
    return sums[static_cast<std::size_t>(groups_->of_step[static_cast<std::size_t>(step)])];
  }

  std::shared_ptr<const FeatureAxis::Groups> groups_;
};

}  // namespace

FeatureNodePtr rolling_node(RollingStatistic which, FeatureAxisPtr axis,
                            const FeatureWindow& window, FeatureNodePtr operand) {
  return std::make_shared<StatisticNode>(which, std::move(axis), window, std::move(operand));
}

FeatureNodePtr quantile_node(double q, FeatureAxisPtr axis, const FeatureWindow& window,
                             FeatureNodePtr operand) {
  return std::make_shared<QuantileNode>(q, std::move(axis), window, std::move(operand));
}

FeatureNodePtr shift_node(FeatureAxisPtr axis, const Reach& reach, int sign,
                          FeatureNodePtr operand) {
  return std::make_shared<ShiftNode>(std::move(axis), reach, sign, std::move(operand));
}

FeatureNodePtr anomaly_node(std::shared_ptr<const FeatureAxis::Groups> groups,
                            FeatureNodePtr operand) {
  return std::make_shared<AnomalyNode>(std::move(groups), std::move(operand));
}

FeatureNodePtr deaccumulate_node(double tolerance, FeatureNodePtr operand) {
  return std::make_shared<DeaccumulateNode>(tolerance, std::move(operand));
}

}  // namespace gridmill
