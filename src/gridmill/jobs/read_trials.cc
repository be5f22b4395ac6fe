#include "gridmill/jobs/read_trials.h"

#include <algorithm>

#include "gridmill/array/copy.h"
#include "gridmill/base/error.h"
#include "gridmill/codec/short_form.h"
#include "gridmill/store/memory_store.h"
#include "gridmill/zarr/array_reader.h"
#include "gridmill/zarr/key_encoder.h"

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

Variable stored_variable(const ArrayMetadata& metadata, std::shared_ptr<const LeafReader> reader) {
  Variable variable;
  variable.name = kSampleArray.text();
  variable.type = metadata.type;
  variable.shape = metadata.shape;
  variable.blocks.push_back({Index::filled(metadata.shape.rank(), 0), std::move(reader), "memory"});
  return variable;
}

class ReadTrialRun {
 public:
  ReadTrialRun(const ValueSample& sample, ArrayMetadata metadata, const Workplace& workplace)
      : sample_(sample), metadata_(std::move(metadata)), workplace_(workplace) {
    store();
    stored_ = stored_variable(metadata_, zarr_leaf_reader(store_, kSampleArray, metadata_));
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
  // Chunk by chunk on this thread: lanes would want memory for several.
  void store() {
    const KeyEncoder encoder(metadata_);
    const ChunkGrid grid = metadata_.key_grid();
    CodecContext context;
    Buffer encoded;
    for (std::int64_t i = 0; i < grid.size(); ++i) {
      if (workplace_.stop.stop_requested()) throw Error(ErrorKind::cancelled, "interrupted");
      const Index position = grid.position(i);
      encoder.encode(whole_chunk(grid.box_of(position)), encoded, context);
      if (encoded.empty()) continue;  // nothing but the fill value
      store_->put(kSampleArray / chunk_key(metadata_, position), encoded);
    }
  }

  // Those at the far edges are padded.
  ArrayView whole_chunk(const Box& box) {
    const ArrayView values = sample_.values->view().part(box);
    if (box.shape == metadata_.chunk) return values;
    padded_ = Array(metadata_.type, metadata_.chunk);
    const MutableArrayView chunk = padded_.view();
    std::fill_n(chunk.data, chunk.byte_size(), std::byte{});
    copy_array(values, chunk.part(whole_box(box.shape)));
    return chunk;
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
    (void)read_array(stored_, box, sample_.values->view().byte_size(), LeafRequests::one_by_one);
    return seconds_of(workplace_.clock.monotonic_ns() - begin_ns);
  }

  const ValueSample& sample_;
  const ArrayMetadata metadata_;
  const Workplace& workplace_;
  const std::shared_ptr<Store> store_ = memory_store();
  Array padded_;
  Variable stored_;
};

}  // namespace

std::vector<ReadTrial> try_reads(const ValueSample& sample, const std::vector<AxisRole>& roles,
                                 const Shape& chunks, const std::string& codec,
                                 const Workplace& workplace) {
  const ReadTrialRun run(sample, sample_metadata(*sample.values, chunks, codec), workplace);
  std::vector<ReadTrial> trials;
  for (const Reading reading : kReadings) {
    if (!has_reading(reading, sample.region.shape, roles)) continue;
    trials.push_back(run.run(reading, roles));
  }
  return trials;
}

}  // namespace gridmill
