// An intermediate array lies on the disk no longer than somebody reads it.

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "doubles/faulty_files.h"
#include "doubles/temporary_directory.h"
#include "gridmill/jobs/rechunk.h"
#include "jobs/silent_console.h"
#include "jobs/small_store.h"

namespace gridmill {
namespace {

void make_maps(Files& files, const std::string& path, const std::vector<std::string>& names) {
  const auto store = file_store(files, path);
  ArrayMetadata metadata = new_array_metadata(3, types::float32, {6, 128, 256}, {1, 128, 256});
  metadata.fill = FillValue::zero(types::float32);
  metadata.codecs = default_chain(types::float32);
  metadata.dimension_names = {"time", "y", "x"};
  CodecContext context;
  Buffer encoded;
  Array values(types::float32, {1, 128, 256});
  for (const std::string& name : names) {
    for (std::int64_t map = 0; map < 6; ++map) {
      for (std::int64_t i = 0; i < values.size(); ++i) {
        values.values<float>()[i] = static_cast<float>(map * 100'000 + i);
      }
      metadata.codecs.encode(values.view(), encoded, context);
      store->put(Key(name) / chunk_key(metadata, metadata.grid().position(map)), encoded);
    }
    write_array(*store, Key(name), metadata);
  }
  write_group(*store, Key(), 3, {});
}

// "a" of ".../run/spill/a/...".
std::string spilled_array(const std::string& path) {
  const std::string folder = "/run/spill/";
  const std::size_t at = path.find(folder);
  if (at == std::string::npos) return "";
  const std::string rest = path.substr(at + folder.size());
  return rest.substr(0, rest.find('/'));
}

// Three variables through a spill each: before the second of them writes its first key, the first
// one's are gone, all of them, but not before the last was read.
TEST(Spill, GoesBeforeTheNextVariableIsSpilled) {
  TemporaryDirectory directory;
  const std::string in = directory / "in.zarr", out = directory / "out.zarr";
  make_maps(directory.files(), in, {"a", "b", "c"});
  RechunkOptions options;
  options.input = in;
  options.output = out;
  options.chunks = {"time=all,y=16,x=16"};
  options.way = "spill";
  options.resources = default_resources();
  options.resources.threads = 2;
  options.resources.memory = 8 << 20;
  FaultyFiles files(directory.files());
  SilentConsole console;
  const auto clock = system_clock();
  (void)rechunk(options, {files, *clock, console, {}});

  std::map<std::string, std::set<std::string>> there;  // by the array, what lies in its spill
  std::vector<std::string> order;
  std::int64_t written = 0, removed = 0, read_late = 0;
  for (const Call& call : files.log()) {
    // A value appears by the rename that ends its put.
    const bool appears = call.name == "rename" || call.name == "rename_new";
    const std::string array = spilled_array(appears ? call.target : call.subject);
    if (array.empty()) continue;
    if (appears) {
      if (order.empty() || order.back() != array) order.push_back(array);
      for (const auto& [other, keys] : there) {
        EXPECT_TRUE(other == array || keys.empty()) << array << " beside " << other;
      }
      there[array].insert(call.target);
      ++written;
    } else if (call.name == "remove_file" && there[array].erase(call.subject) > 0) {
      ++removed;
    } else if (call.name == "open" && there[array].empty() && written > 0) {
      ++read_late;
    }
  }
  EXPECT_EQ(order.size(), 3U);
  EXPECT_GT(written, 3);
  EXPECT_EQ(removed, written);
  EXPECT_EQ(read_late, 0);
}

}  // namespace
}  // namespace gridmill
