#include "bench/opening.h"

#include <atomic>

#include "bench/timing.h"
#include "gridmill/dataset/dataset.h"
#include "gridmill/dataset/open_many.h"
#include "gridmill/jobs/table_sources.h"
#include "gridmill/system/forwarding_files.h"

namespace gridmill::bench {
namespace {

// Passes everything on, and counts what only reads; for many threads, as every Files.
class CountingFiles final : public ForwardingFiles {
 public:
  using ForwardingFiles::ForwardingFiles;

  std::atomic<int> reads = 0, lists = 0, statuses = 0;

  std::unique_ptr<ReadableFile> open(const std::string& path) override {
    auto file = under_.open(path);
    if (file != nullptr)
      ++reads;  // absent: asked for, as status() does
    else
      ++statuses;
    return file;
  }
  std::optional<FileStatus> status(const std::string& path) override {
    ++statuses;
    return under_.status(path);
  }
  std::vector<DirectoryEntry> list(const std::string& directory) override {
    ++lists;
    return under_.list(directory);
  }
};

}  // namespace

Json run_opening(Files& files, const std::string& store, int rounds) {
  const Location location = parse_location(store);
  std::vector<Side> sides{{[&] { (void)open_dataset(files, location); }, {}, {}}};
  measure_in_turns(sides, rounds);
  CountingFiles counting(files);
  const Dataset dataset = open_dataset(counting, location);
  std::int64_t chunks = 0;
  for (const Variable& variable : dataset.variables) {
    chunks += ChunkGrid(variable.shape, variable.chunks.value_or(variable.shape)).size();
  }
  return {{"arrays", dataset.variables.size()},  {"chunks", chunks},
          {"opening", sides[0].seconds},         {"opening_cpu", sides[0].cpu_seconds},
          {"reads", counting.reads.load()},      {"lists", counting.lists.load()},
          {"statuses", counting.statuses.load()}};
}

Json run_opening_sources(Files& files, const std::string& a, const std::string& b, int rounds) {
  ExtractOptions options;
  options.sources = {a, b};
  options.duplicates = "first";
  expand_sources(options, files);
  const auto open = [&](Files& from) {
    return open_datasets(from, options.inputs, options.grib_index, Keep::coordinates_in_memory);
  };
  std::vector<Side> sides{{[&] { (void)open(files); }, {}, {}},
                          {[&] { (void)open_table_inputs(options, files, nullptr); }, {}, {}}};
  measure_in_turns(sides, rounds);
  CountingFiles counting(files);
  const std::size_t stores = open(counting).size();
  return {{"stores", stores},
          {"opening", sides[0].seconds},
          {"opening_cpu", sides[0].cpu_seconds},
          {"joining", sides[1].seconds},
          {"joining_cpu", sides[1].cpu_seconds},
          {"reads", counting.reads.load()},
          {"lists", counting.lists.load()},
          {"statuses", counting.statuses.load()}};
}

}  // namespace gridmill::bench
