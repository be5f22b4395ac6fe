// Changes of a hierarchy that are cut short: what readers of the consolidated document find is
// whole. What the changes do otherwise is tried by tests/jobs/test_store_verb.py, against
// zarr-python.
#include "gridmill/zarr/edit_hierarchy.h"

#include <gtest/gtest.h>

#include "doubles/faulty_store.h"
#include "gridmill/store/memory_store.h"
#include "gridmill/zarr/hierarchy.h"
#include "gridmill/zarr/writer.h"

namespace gridmill {
namespace {

// An array of one chunk, listed in the root's document.
void make_store(Store& store, int zarr_format) {
  ArrayMetadata metadata = new_array_metadata(zarr_format, types::float32, {4}, {4});
  metadata.fill = FillValue::zero(types::float32);
  metadata.codecs = default_chain(types::float32);
  const std::vector<ZarrNode> nodes{{"", {}, std::nullopt}, {"t", {}, metadata}};
  write_group(store, Key(), zarr_format, {});
  write_array(store, Key("t"), metadata);
  store.put(Key("t") / chunk_key(metadata, {0}), as_bytes("some bytes"));
  write_consolidated(store, zarr_format, nodes);
}

bool is_listed(Store& store) {
  for (const ZarrNode& node : open_hierarchy(store).nodes) {
    if (node.path == "t") return true;
  }
  return false;
}

bool has_chunk(Store& store) {
  bool found = false;
  store.list(Key("t"), [&](const ListEntry& entry) {
    const std::string key = entry.key.text();
    found = found || key == "t/0" || key == "t/c/0";
  });
  return found;
}

class RemovalCutShort : public testing::TestWithParam<int> {};

TEST_P(RemovalCutShort, WhatIsListedHasItsChunks) {
  std::int64_t calls = 1;
  bool was_ever_unlisted = false;
  for (std::int64_t at = 1; at <= calls; ++at) {
    const auto under = memory_store();
    make_store(*under, GetParam());
    FaultyStore store(*under);
    store.set_fault({at, Failure::crash});
    try {
      HierarchyEditor(store, GetParam()).remove(Key("t"));
    } catch (const CrashError&) {
      ++calls;  // there may be more
    }
    const bool listed = is_listed(*under);
    EXPECT_TRUE(!listed || has_chunk(*under)) << "killed at call " << at;
    was_ever_unlisted = was_ever_unlisted || (!listed && has_chunk(*under));
  }
  EXPECT_GT(calls, 4);
  EXPECT_TRUE(was_ever_unlisted);
}

INSTANTIATE_TEST_SUITE_P(Formats, RemovalCutShort, testing::Values(2, 3));

}  // namespace
}  // namespace gridmill
