// The conformance suite on the stores of this room, and on the doubles when nothing fails.
#include "doubles/faulty_files.h"
#include "doubles/faulty_store.h"
#include "doubles/packed_store.h"
#include "doubles/temporary_directory.h"
#include "gridmill/store/cached_store.h"
#include "gridmill/store/file_store.h"
#include "gridmill/store/memory_store.h"
#include "store/conformance.h"

namespace gridmill {
namespace {

OpenedStore on_disk(Durability durability, Reads reads = Reads::cached) {
  auto ground = std::make_shared<TemporaryDirectory>();
  auto store = file_store(ground->files(), *ground / "x.zarr", durability, reads);
  return {std::move(ground), std::move(store)};
}

OpenedStore on_faultless_files() {
  struct Ground {
    TemporaryDirectory directory;
    FaultyFiles files{directory.files()};
  };
  auto ground = std::make_shared<Ground>();
  auto store = file_store(ground->files, ground->directory / "x.zarr");
  return {std::move(ground), std::move(store)};
}

OpenedStore faultless_store() {
  auto ground = std::shared_ptr<Store>(memory_store());
  auto store = std::make_unique<FaultyStore>(*ground);
  return {std::move(ground), std::move(store)};
}

OpenedStore cached(CacheTrust trust, bool is_on_disk) {
  auto ground = std::make_shared<TemporaryDirectory>();
  auto directory = std::make_shared<CacheDirectory>(ground->files(), *ground / "cache", 1 << 20);
  std::shared_ptr<Store> under =
      is_on_disk ? file_store(ground->files(), *ground / "x.zarr") : memory_store();
  auto store = cached_store(std::move(under), {*ground / "x.zarr", "", false},
                            std::make_shared<InputCache>(std::move(directory), trust));
  return {std::move(ground), std::move(store)};
}

INSTANTIATE_TEST_SUITE_P(FileStore, StoreConformance,
                         testing::Values([] { return on_disk(Durability::ordered); }));
INSTANTIATE_TEST_SUITE_P(SyncedFileStore, StoreConformance,
                         testing::Values([] { return on_disk(Durability::synced); }));
INSTANTIATE_TEST_SUITE_P(UncachedFileStore, StoreConformance, testing::Values([] {
                           return on_disk(Durability::ordered, Reads::past_the_cache);
                         }));
INSTANTIATE_TEST_SUITE_P(MemoryStore, StoreConformance, testing::Values([] {
                           return OpenedStore{nullptr, memory_store()};
                         }));
INSTANTIATE_TEST_SUITE_P(ZipStore, StoreConformance, testing::Values([] {
                           return OpenedStore{nullptr, std::make_unique<PackedStore>()};
                         }));
INSTANTIATE_TEST_SUITE_P(Zip64Store, StoreConformance, testing::Values([] {
                           return OpenedStore{nullptr, std::make_unique<PackedStore>(0)};
                         }));
INSTANTIATE_TEST_SUITE_P(FaultlessFiles, StoreConformance, testing::Values(on_faultless_files));
INSTANTIATE_TEST_SUITE_P(CachedFileStore, StoreConformance,
                         testing::Values([] { return cached(CacheTrust::every_value, true); }));
INSTANTIATE_TEST_SUITE_P(CachedMemoryStore, StoreConformance,
                         testing::Values([] { return cached(CacheTrust::every_value, false); }));
INSTANTIATE_TEST_SUITE_P(TrustedCachedStore, StoreConformance,
                         testing::Values([] { return cached(CacheTrust::once_per_store, true); }));
INSTANTIATE_TEST_SUITE_P(FaultlessStore, StoreConformance, testing::Values(faultless_store));

}  // namespace
}  // namespace gridmill
