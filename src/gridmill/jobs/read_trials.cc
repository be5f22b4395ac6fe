#include "gridmill/jobs/read_trials.h"

#include <algorithm>

#include "gridmill/base/error.h"
#include "gridmill/codec/short_form.h"
#include "gridmill/engine/executor.h"
#include "gridmill/field/sources.h"
#include "gridmill/formats/memory_reader.h"
#include "gridmill/sink/array_sink.h"
#include "gridmill/store/memory_store.h"
#include "gridmill/zarr/array_reader.h"

namespace gridmill {
namespace {

// Odd, so that the median is one of them.
constexpr int kPlaces = 7;

const Key kSampleArray("sample");

ArrayMetadata sample_metadata(const Array& values, const Shape& chunks, const std::string& codec) {
  ArrayMetadata metadata = new_array_metadata(3, values.type(), values.shape(), chunks);
  metadata.codecs = parse_codec(codec, values.type(), values.shape().rank());
  return metadata;
}

Variable variable_in_memory(const Shape& shape, DataType type,
                            std::shared_ptr<const LeafReader> reader) {
  Variable variable;
  variable.name = "sample";
  variable.type = type;
  variable.shape = shape;
  for (int d = 0; d < shape.rank(); ++d) variable.dimensions.push_back("d" + std::to_string(d));
  variable.blocks.push_back({Index::filled(shape.rank(), 0), std::move(reader), "a sample"});
  return variable;
}

class ReadTrialRun {
 public:
  ReadTrialRun(const ValueSample& sample, ArrayMetadata metadata, const Resources& resources,
               const Workplace& workplace)
      : sample_(sample), metadata_(std::move(metadata)), workplace_(workplace) {
    store(resources);
    stored_ = variable_in_memory(metadata_.shape, metadata_.type,
                                 zarr_leaf_reader(store_, kSampleArray, metadata_));
  }

  ReadTrial run(Reading reading, const std::vector<AxisRole>& roles) const {
    std::vector<double> seconds;
    for (int i = 0; i < kPlaces; ++i) {
      seconds.push_back(seconds_for(box_of_reading(reading, metadata_.shape, roles, place(i))));
    }
    std::nth_element(seconds.begin(), seconds.begin() + kPlaces / 2, seconds.end());
    return {reading, seconds[kPlaces / 2],
            chunks_of_reading(reading, metadata_.shape, metadata_.chunk, roles)};
  }

 private:
  void store(const Resources& resources) {
    auto stage = std::make_shared<Stage>();
    stage->name = "sample";
    const Variable values = variable_in_memory(metadata_.shape, metadata_.type,
                                               memory_leaf_reader(sample_.values, "a sample"));
    stage->outputs.push_back({"sample",
                              {variable_source(values, "input")},
                              array_sink(store_, kSampleArray, metadata_),
                              Shape::filled(metadata_.shape.rank(), 1)});
    RunOptions options = run_options(resources);
    options.memory -= 2 * sample_.values->view().byte_size();
    Progress progress;
    run_stage(stage, 0, TaskGrid(stage->outputs).size(), options, workplace_.clock, progress,
              workplace_.stop);
  }

  // Spread over the sample, the same in every run: multiples of the golden ratio along each
  // dimension, begun elsewhere in each.
  Index place(int i) const {
    constexpr double kGolden = 0.6180339887498949;
    Index at;
    for (int d = 0; d < metadata_.shape.rank(); ++d) {
      const double turn = kGolden * (i + 1) + 0.37 * d;
      const double share = turn - static_cast<double>(static_cast<std::int64_t>(turn));
      at.push_back(static_cast<std::int64_t>(share * static_cast<double>(metadata_.shape[d])));
    }
    return at;
  }

  double seconds_for(const Box& box) const {
    if (workplace_.stop.stop_requested()) throw Error(ErrorKind::cancelled, "interrupted");
    const std::int64_t begin_ns = workplace_.clock.monotonic_ns();
    (void)read_array(stored_, box);
    return seconds_of(workplace_.clock.monotonic_ns() - begin_ns);
  }

  const ValueSample& sample_;
  const ArrayMetadata metadata_;
  const Workplace& workplace_;
  const std::shared_ptr<Store> store_ = memory_store();
  Variable stored_;
};

}  // namespace

std::vector<ReadTrial> try_reads(const ValueSample& sample, const std::vector<AxisRole>& roles,
                                 const Shape& chunks, const std::string& codec,
                                 const Resources& resources, const Workplace& workplace) {
  const ReadTrialRun run(sample, sample_metadata(*sample.values, chunks, codec), resources,
                         workplace);
  std::vector<ReadTrial> trials;
  for (const Reading reading : kReadings) {
    if (!has_reading(reading, sample.region.shape, roles)) continue;
    trials.push_back(run.run(reading, roles));
  }
  return trials;
}

}  // namespace gridmill
