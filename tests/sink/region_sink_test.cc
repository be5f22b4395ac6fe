// Which keys a region touches, against counting them one by one; what is written is tried from the
// command (tests/jobs/test_write_region.py) and against faults
// (tests/jobs/write_region_fault_test.cc).
#include "gridmill/sink/region_sink.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace gridmill {
namespace {

struct Case {
  ArrayMetadata metadata;
  Box box;
};

Case any_case() {
  const auto extent = [] { return *rc::gen::inRange<std::int64_t>(1, 12); };
  Shape shape, chunk;
  Box box;
  for (int d = 0; d < 2; ++d) {
    shape.push_back(extent());
    chunk.push_back(std::min(extent(), shape[d]));
    const std::int64_t begin = *rc::gen::inRange<std::int64_t>(0, shape[d]);
    box.begin.push_back(begin);
    box.shape.push_back(*rc::gen::inRange<std::int64_t>(1, shape[d] - begin + 1));
  }
  return {new_array_metadata(3, types::float32, shape, chunk), box};
}

RC_GTEST_PROP(TouchedKeys, AreThoseThatHoldAnElement, ()) {
  const Case each = any_case();
  const ChunkGrid keys = each.metadata.key_grid();
  std::int64_t all = 0, merged = 0;
  for (std::int64_t i = 0; i < keys.size(); ++i) {
    const Box key = keys.box_of(keys.position(i));
    const Box common = intersect(key, each.box);
    if (common.is_empty()) continue;
    ++all;
    if (!(common == key)) ++merged;
  }
  const TouchedKeys touched = touched_keys(each.metadata, each.box);
  RC_ASSERT(touched.all == all);
  RC_ASSERT(touched.merged == merged);
}

RC_GTEST_PROP(AlignedBox, NeedsNoMerging, ()) {
  const Case each = any_case();
  const Box aligned = aligned_box(each.metadata, each.box);
  RC_ASSERT(contains(aligned, each.box));
  RC_ASSERT(contains(whole_box(each.metadata.shape), aligned));
  RC_ASSERT(touched_keys(each.metadata, aligned).merged == 0);
  RC_ASSERT(touched_keys(each.metadata, aligned).all == touched_keys(each.metadata, each.box).all);
}

}  // namespace
}  // namespace gridmill
