// codec_trials.h: what codecs make of a sample, cut into chunks: bytes, and how fast on one thread.
#pragma once

#include <string>
#include <vector>

#include "gridmill/array/view.h"
#include "gridmill/jobs/workplace.h"

namespace gridmill {

struct CodecTrial {
  std::string codec;       // as --codec takes it
  std::int64_t bytes = 0;  // encoded
  double encode_seconds = 0;
  double decode_seconds = 0;
};

// Those that are tried, the least work first: no codec, Blosc with lz4, Blosc with zstd at three
// levels (the default, and what is best for time series, among them), zstd alone.
const std::vector<std::string>& codecs_to_try();

// Encodes and decodes every chunk of `sample`, one after the other; those at the far edges are as
// short as the sample is. Throws Error(cancelled) when the workplace's stop is requested.
CodecTrial try_codec(const std::string& codec, const ArrayView& sample, const Shape& chunks,
                     const Workplace& workplace);

// The one with the least work among those whose bytes are within 5 % of the fewest. Of bytes alone:
// the same advice on every machine.
const CodecTrial& best_trial(const std::vector<CodecTrial>& trials);

}  // namespace gridmill
