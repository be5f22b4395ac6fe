// A Zarr array: its metadata document, a NUL, and the bytes of its first chunk or shard. So the
// codecs meet what doesn't fit them, in chains that nobody would write.

#include <algorithm>

#include "fuzz/expect.h"
#include "fuzz/read_leaves.h"
#include "gridmill/base/json.h"
#include "gridmill/store/memory_store.h"
#include "gridmill/zarr/array_reader.h"

namespace gridmill::fuzz {
namespace {

ArrayMetadata metadata_of(const Json& document) {
  const bool is_v2 = document.is_object() && document.value("zarr_format", Json()) == 2;
  return is_v2 ? array_metadata_from_v2(document, Json::object())
               : array_metadata_from_v3(document);
}

void read(ByteView document, ByteView chunk) {
  const ArrayMetadata array = metadata_of(parse_json(as_text(document)));
  if (volume(array.shape) == 0) return;
  std::shared_ptr<Store> store = memory_store();
  const Index first = Index::filled(array.shape.rank(), 0);
  store->put(Key(chunk_key(array, first)), chunk);
  read_zarr_leaves(*zarr_leaf_reader(store, Key(), array));
}

}  // namespace
}  // namespace gridmill::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace gridmill;
  const ByteView input(reinterpret_cast<const std::byte*>(bytes), size);
  const auto end = static_cast<std::size_t>(std::find(bytes, bytes + size, 0) - bytes);
  if (end == size) return 0;
  fuzz::refusing([&] { fuzz::read(input.first(end), input.subspan(end + 1)); });
  return 0;
}
