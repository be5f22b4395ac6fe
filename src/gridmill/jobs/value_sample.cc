#include "gridmill/jobs/value_sample.h"

#include <algorithm>

#include "gridmill/base/checked.h"
#include "gridmill/engine/executor.h"
#include "gridmill/field/sources.h"
#include "gridmill/sink/view_sink.h"

namespace gridmill {
namespace {

class SampleBox {
 public:
  SampleBox(const Shape& shape, const Shape& leaf, std::int64_t most_elements)
      : shape_(shape), leaf_(leaf), most_(most_elements) {
    for (int d = 0; d < shape_.rank(); ++d) {
      leaf_[d] = std::clamp<std::int64_t>(leaf_[d], 1, shape_[d]);
      length_.push_back(leaf_[d]);
    }
  }

  Box box() {
    while (volume(length_) > most_) halve();
    while (grow()) {
    }
    Box box{{}, length_};
    for (int d = 0; d < shape_.rank(); ++d) box.begin.push_back(begin(d));
    return box;
  }

 private:
  void halve() {
    int longest = 0;
    for (int d = 1; d < length_.rank(); ++d) {
      if (length_[d] > length_[longest]) longest = d;
    }
    length_[longest] = ceil_div(length_[longest], 2);
  }

  // Twice as long where the sample reaches least, if that fits anywhere.
  bool grow() {
    int least = -1;
    double share = 1;
    for (int d = 0; d < length_.rank(); ++d) {
      const double reached = static_cast<double>(length_[d]) / static_cast<double>(shape_[d]);
      if (reached >= share || !fits(d)) continue;
      least = d;
      share = reached;
    }
    if (least < 0) return false;
    length_[least] = longer(least);
    return true;
  }

  std::int64_t longer(int d) const { return std::min(shape_[d], 2 * length_[d]); }
  bool fits(int d) const { return volume(length_) / length_[d] <= most_ / longer(d); }

  // In the middle, at the edge of a leaf if there is one near.
  std::int64_t begin(int d) const {
    const std::int64_t middle = (shape_[d] - length_[d]) / 2;
    return length_[d] % leaf_[d] == 0 ? middle / leaf_[d] * leaf_[d] : middle;
  }

  const Shape& shape_;
  Shape leaf_;
  Shape length_;
  std::int64_t most_;
};

}  // namespace

Box sample_region(const Variable& variable, std::int64_t most_bytes) {
  // Not Source::layout(), which lists where every leaf begins.
  const Shape leaf = variable.blocks.front().reader->grid().chunk();
  const std::int64_t most = std::max<std::int64_t>(1, most_bytes / variable.type.size);
  return SampleBox(variable.shape, leaf, most).box();
}

ValueSample read_sample(const Variable& variable, std::int64_t most_bytes,
                        const Resources& resources, const Workplace& workplace) {
  const Box region = sample_region(variable, most_bytes);
  auto values = std::make_shared<Array>(variable.type, region.shape);
  const std::shared_ptr<const Source> source =
      slice_source(variable_source(variable, "input"), region);
  Shape unit = variable.blocks.front().reader->grid().chunk();
  for (int d = 0; d < unit.rank(); ++d) {
    unit[d] = std::clamp<std::int64_t>(unit[d], 1, region.shape[d]);
  }
  auto stage = std::make_shared<Stage>();
  stage->name = "sample";
  stage->outputs.push_back(
      {variable.path(), {source}, view_sink(values->view(), unit), Shape::filled(unit.rank(), 1)});
  RunOptions options = run_options(resources);
  options.memory -= volume(region.shape) * variable.type.size;
  Progress progress;
  const Watched watched(workplace.console, "reading a sample of " + variable.path(), progress);
  run_stage(stage, 0, TaskGrid(stage->outputs).size(), options, workplace.clock, progress,
            workplace.stop);
  return {region, std::move(values)};
}

}  // namespace gridmill
