// A Zarr metadata document: what is understood of it must survive being written and read again.

#include "fuzz/expect.h"
#include "gridmill/store/memory_store.h"
#include "gridmill/zarr/array_reader.h"
#include "gridmill/zarr/hierarchy.h"

namespace gridmill::fuzz {
namespace {

void check_round_trip(const ArrayMetadata& array) {
  const bool is_v3 = array.zarr_format == 3;
  const Json written = is_v3 ? array_metadata_to_v3(array) : array_metadata_to_v2(array);
  const ArrayMetadata again = is_v3
                                  ? array_metadata_from_v3(written)
                                  : array_metadata_from_v2(written, array_attributes_to_v2(array));
  const Json twice = is_v3 ? array_metadata_to_v3(again) : array_metadata_to_v2(again);
  expect(dump_json(written) == dump_json(twice), "the document has changed by being written");
}

void open(const char* name, ByteView document) {
  std::shared_ptr<Store> store = memory_store();
  store->put(Key(name), document);
  const ZarrHierarchy hierarchy = open_hierarchy(*store);
  for (const ZarrNode& node : hierarchy.nodes) {
    if (!node.array) continue;
    check_round_trip(*node.array);
    const auto reader = zarr_leaf_reader(store, Key(node.path), *node.array);
    if (reader->grid().size() == 0) continue;
    Buffer stored;
    const Index first = reader->grid().position(0);
    expect(!reader->fetch(first, stored), "a chunk is there that nobody stored");
    reader->describe(first);
  }
}

}  // namespace
}  // namespace gridmill::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace gridmill;
  const ByteView document(reinterpret_cast<const std::byte*>(bytes), size);
  for (const char* name : {"zarr.json", ".zarray", ".zmetadata"}) {
    fuzz::refusing([&] { fuzz::open(name, document); });
  }
  return 0;
}
