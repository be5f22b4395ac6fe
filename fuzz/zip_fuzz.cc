// A zip file as a store: its directory, and what lies in it.

#include "fuzz/expect.h"
#include "fuzz/memory_files.h"
#include "gridmill/store/zip_store.h"

namespace gridmill::fuzz {
namespace {

constexpr int kMostValues = 16;
constexpr std::int64_t kMostBytes = 1 << 20;

void read_value(Store& store, const ListEntry& entry) {
  Buffer value;
  const auto got = store.get(entry.key, {{}, {}, kMostBytes}, value);
  expect(got.has_value(), "a listed value is absent");
  expect(static_cast<std::int64_t>(value.size()) == entry.size, "a value has another size");
  if (value.size() < 2) return;
  const auto half = static_cast<std::int64_t>(value.size() / 2);
  Buffer part;
  store.get(entry.key, {{{half, 1}}, got->version, kMostBytes}, part);
  expect(part.bytes()[0] == value.bytes()[static_cast<std::size_t>(half)], "a range differs");
}

void read(Store& store) {
  std::vector<ListEntry> entries;
  store.list(Key(), [&](const ListEntry& entry) {
    if (entries.size() < kMostValues) entries.push_back(entry);
  });
  for (const ListEntry& entry : entries) refusing([&] { read_value(store, entry); });
}

}  // namespace
}  // namespace gridmill::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace gridmill;
  fuzz::MemoryFiles files({reinterpret_cast<const std::byte*>(bytes), size});
  fuzz::refusing([&] { fuzz::read(*zip_store(files, fuzz::MemoryFiles::kPath)); });
  return 0;
}
