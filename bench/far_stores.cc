#include "bench/far_stores.h"

#include <fmt/format.h>

#include "bench/timing.h"
#include "doubles/slow_files.h"
#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/jobs/extract.h"
#include "gridmill/jobs/table_sources.h"

namespace gridmill::bench {
namespace {

constexpr std::int64_t kMillisecond = 1'000'000;
constexpr std::size_t kPointsOfRound = 5;  // short, beside the cold table

class UnheardConsole final : public Console {
 public:
  void say(const std::string&) override {}
  void warn(const std::string& line) override { throw Error(ErrorKind::internal, line); }
  void begin(const std::string&, const Progress&) override {}
  void done() override {}
};

std::string content_of(Files& files, const std::string& path) {
  const auto file = files.open(path);
  if (file == nullptr) throw Error(ErrorKind::internal, "there is no " + path);
  std::string text(static_cast<std::size_t>(file->status().size), '\0');
  text.resize(file->read_at(0, std::as_writable_bytes(std::span(text))));
  return text;
}

class FarCache {
 public:
  FarCache(Files& files, const Clock& clock, const std::string& store, std::string folder,
           LongLine line)
      : files_(files),
        clock_(clock),
        store_(files.absolute(store)),
        folder_(std::move(folder)),
        slow_(files, clock, std::move(line)) {
    files.make_directories(folder_);
  }

  void far(const std::string& point, const char* side, Json& result) {
    slow_.forget();
    const double seconds = table(slow_, point, folder_ + "/cache", folder_ + "/far.csv");
    result[std::string("bytes_") + side] = slow_.bytes();
    result[std::string("requests_") + side] = slow_.requests();
    result[side].push_back(seconds);
  }
  void local(const std::string& point, Json& result) {
    result["local"].push_back(table(files_, point, "", folder_ + "/near.csv"));
    if (content_of(files_, folder_ + "/far.csv") != content_of(files_, folder_ + "/near.csv")) {
      throw Error(ErrorKind::internal, "the table by the cache is another one");
    }
  }
  void empty() { remove_tree(files_, folder_ + "/cache"); }

 private:
  double table(Files& files, const std::string& point, const std::string& cache,
               const std::string& output) {
    ExtractOptions options;
    options.inputs = {store_};
    options.points = {point};
    options.output = output;
    options.overwrite = true;
    options.cache.directory = cache;
    options.cache.trust = CacheTrust::once_per_store;
    return seconds_of([&] { (void)extract(options, {files, clock_, console_, {}}); });
  }

  Files& files_;
  const Clock& clock_;
  const std::string store_;
  const std::string folder_;
  SlowFiles slow_;
  UnheardConsole console_;
};

}  // namespace

Json run_far_cache(Files& files, const Clock& clock, const std::string& store,
                   const std::string& folder, int latency_ms, int megabytes_per_second, int rounds,
                   const std::string& points) {
  const std::vector<std::string> all = split(points, ';');
  if (rounds < 1 || all.size() < static_cast<std::size_t>(rounds * kPointsOfRound) + 1) {
    throw Error(ErrorKind::invalid, "a round wants points of its own, beside the first one");
  }
  const std::string place = files.absolute(store);
  FarCache cache(
      files, clock, store, folder,
      {place.substr(0, place.rfind('/')), latency_ms * kMillisecond, megabytes_per_second * 1e6});
  Json result;
  for (std::size_t round = 1; round <= static_cast<std::size_t>(rounds); ++round) {
    cache.empty();
    cache.far(all[0], "cold", result);
    cache.far(all[0], "same", result);
    for (std::size_t i = 1; i <= kPointsOfRound; ++i) {
      const std::string& point = all[(round - 1) * kPointsOfRound + i];
      cache.far(point, "new", result);
      cache.local(point, result);
    }
  }
  cache.empty();
  return result;
}

Json run_far_opening(Files& files, const Clock& clock, const std::string& folder, int latency_ms,
                     int rounds) {
  const std::string far = files.absolute(folder);
  ExtractOptions options;  // a table's inputs: opened at once, coordinates and all
  std::vector<std::string>& stores = options.inputs;
  for (const DirectoryEntry& entry : files.list(far)) stores.push_back(far + "/" + entry.name);
  SlowFiles slow(files, clock, {far, latency_ms * kMillisecond, 0});
  std::vector<Side> sides{{[&] { (void)open_table_inputs(options, slow, nullptr); }, {}, {}},
                          {[&] { (void)open_table_inputs(options, files, nullptr); }, {}, {}}};
  measure_in_turns(sides, rounds);
  slow.forget();
  (void)open_table_inputs(options, slow, nullptr);
  return {{"stores", stores.size()},
          {"far", sides[0].seconds},
          {"near", sides[1].seconds},
          {"requests", slow.requests()}};
}

}  // namespace gridmill::bench
