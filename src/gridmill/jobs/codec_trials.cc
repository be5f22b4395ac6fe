#include "gridmill/jobs/codec_trials.h"

#include <algorithm>

#include "gridmill/base/error.h"
#include "gridmill/codec/short_form.h"

namespace gridmill {
namespace {

constexpr double kNearlyTheFewest = 1.05;

class CodecTrialRun {
 public:
  CodecTrialRun(const std::string& codec, const ArrayView& sample, const Workplace& workplace)
      : chain_(parse_codec(codec, sample.type, sample.rank())),
        sample_(sample),
        workplace_(workplace) {
    trial_.codec = codec;
  }

  CodecTrial run(const ChunkGrid& grid) {
    // The libraries' states and the buffers are made by the first call; it is not counted.
    if (grid.size() > 0) one_chunk(grid.box_of(grid.position(0)));
    trial_.bytes = 0;
    trial_.encode_seconds = trial_.decode_seconds = 0;
    for (std::int64_t i = 0; i < grid.size(); ++i) one_chunk(grid.box_of(grid.position(i)));
    return trial_;
  }

 private:
  void one_chunk(const Box& box) {
    if (workplace_.stop.stop_requested()) throw Error(ErrorKind::cancelled, "interrupted");
    const ArrayView chunk = sample_.part(box);
    trial_.encode_seconds += timed([&] { chain_.encode(chunk, stored_, context_); });
    trial_.bytes += static_cast<std::int64_t>(stored_.size());
    values_.resize(static_cast<std::size_t>(chunk.byte_size()));
    const Part whole{whole_box(box.shape), view_of(values_.bytes(), sample_.type, box.shape)};
    StringArena strings;
    trial_.decode_seconds += timed([&] {
      chain_.decode(stored_, sample_.type, box.shape, std::span(&whole, 1), strings, context_);
    });
  }

  template <class Work>
  double timed(Work&& work) const {
    const std::int64_t begin_ns = workplace_.clock.monotonic_ns();
    work();
    return seconds_of(workplace_.clock.monotonic_ns() - begin_ns);
  }

  const CodecChain chain_;
  const ArrayView sample_;
  const Workplace& workplace_;
  CodecContext context_;
  Buffer stored_, values_;
  CodecTrial trial_;
};

}  // namespace

const std::vector<std::string>& codecs_to_try() {
  static const std::vector<std::string> kCodecs{"none",
                                                "blosc:lz4:5:shuffle:512KiB",
                                                "blosc:zstd:1:shuffle:512KiB",
                                                "blosc:zstd:2:shuffle:256KiB",
                                                "blosc:zstd:3:shuffle:512KiB",
                                                "zstd:3"};
  return kCodecs;
}

CodecTrial try_codec(const std::string& codec, const ArrayView& sample, const Shape& chunks,
                     const Workplace& workplace) {
  return CodecTrialRun(codec, sample, workplace).run(ChunkGrid(sample.shape, chunks));
}

const CodecTrial& best_trial(const std::vector<CodecTrial>& trials) {
  const auto fewest =
      std::min_element(trials.begin(), trials.end(),
                       [](const CodecTrial& a, const CodecTrial& b) { return a.bytes < b.bytes; });
  const double most = kNearlyTheFewest * static_cast<double>(fewest->bytes);
  return *std::find_if(trials.begin(), trials.end(), [&](const CodecTrial& trial) {
    return static_cast<double>(trial.bytes) <= most;
  });
}

}  // namespace gridmill
