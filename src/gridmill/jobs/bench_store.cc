#include "gridmill/jobs/bench_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>

#include "gridmill/array/box_json.h"
#include "gridmill/base/checked.h"
#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/dataset/dataset.h"
#include "gridmill/dataset/leaf_sequence.h"
#include "gridmill/field/sources.h"
#include "gridmill/jobs/convert.h"
#include "gridmill/kernels/statistics.h"
#include "gridmill/sink/view_sink.h"
#include "gridmill/system/clock.h"
#include "gridmill/system/random.h"

namespace gridmill {
namespace {

std::int64_t bytes_of(const Variable& variable) {
  return checked_mul(volume(variable.shape), variable.type.size, "the array's size");
}

const Variable& chosen(const Dataset& dataset, const std::string& node) {
  if (const Variable* variable = dataset.find(node)) return *variable;
  const Variable* largest = nullptr;
  for (const Variable& variable : dataset.variables) {
    if (!node.empty() && !variable.path().starts_with(node + "/")) continue;
    if (largest == nullptr || bytes_of(variable) > bytes_of(*largest)) largest = &variable;
  }
  if (largest != nullptr) return *largest;
  if (!node.empty()) return dataset.at(node);  // throws, with what is near
  throw Error(ErrorKind::invalid, fmt::format("{} holds no arrays", dataset.location));
}

void check_readable(const Variable& variable) {
  if (variable.type.is_string()) {
    throw Error(ErrorKind::unsupported,
                fmt::format("{} holds texts: bench reads numbers", variable.path()));
  }
}

// What of the machine's memory is taken for the array; the rest is the engine's.
void check_fits(const Variable& variable, const Resources& resources) {
  if (bytes_of(variable) <= usable_memory() - resources.memory) return;
  throw Error(ErrorKind::invalid,
              fmt::format("{} has {}, more than memory holds beside --memory {}: bench a smaller "
                          "array (STORE#/ARRAY), or chunk by chunk (bench subchunks)",
                          variable.path(), format_bytes(static_cast<double>(bytes_of(variable))),
                          format_bytes(static_cast<double>(resources.memory))));
}

class ReadBench {
 public:
  ReadBench(const Variable& variable, const BenchOptions& options, const Workplace& workplace)
      : variable_(variable),
        options_(options),
        workplace_(workplace),
        whole_(static_cast<std::size_t>(bytes_of(variable))) {}

  void round() {
    const Shape unit = variable_.shards.value_or(variable_.chunks.value_or(variable_.shape));
    const MutableArrayView into = view_of(whole_.bytes(), variable_.type, variable_.shape);
    auto stage = std::make_shared<Stage>();
    stage->name = "read";
    stage->outputs.push_back({variable_.path(),
                              {variable_source(variable_, "")},
                              view_sink(into, unit),
                              Shape::filled(unit.rank(), 1)});
    Progress progress;
    run_stage(stage, 0, TaskGrid(stage->outputs).size(), run_options(options_.resources),
              workplace_.clock, progress, workplace_.stop);
  }

 private:
  const Variable& variable_;
  const BenchOptions& options_;
  const Workplace& workplace_;
  Buffer whole_;
};

// The array's only block: its leaves are read.
const LeafReader& only_block(const Variable& variable) {
  if (variable.blocks.size() == 1) return *variable.blocks[0].reader;
  throw Error(ErrorKind::invalid, "subchunks are of one array, not of several files");
}

// Readers that take the next chunk each. Buffers stay from round to round.
class SubchunkBench {
 public:
  SubchunkBench(const Variable& variable, const BenchOptions& options, const Workplace& workplace)
      : reader_(only_block(variable)), workplace_(workplace) {
    for (int i = 0; i < options.concurrency; ++i) readers_.emplace_back(reader_);
  }

  void round() {
    next_ = 0;
    {
      std::vector<std::jthread> threads;
      for (WholeLeaf& leaf : readers_) threads.emplace_back([&] { read_chunks(leaf); });
    }
    if (failure_) std::rethrow_exception(failure_);
    if (workplace_.stop.stop_requested()) throw Error(ErrorKind::cancelled, "interrupted");
  }

 private:
  void read_chunks(WholeLeaf& leaf) noexcept {
    try {
      const std::int64_t count = reader_.grid().size();
      for (std::int64_t i = next_++; i < count; i = next_++) {
        if (workplace_.stop.stop_requested()) return;
        (void)leaf.read(reader_.grid().position(i));
      }
    } catch (...) {
      const std::lock_guard lock(mutex_);
      failure_ = std::current_exception();
    }
  }

  const LeafReader& reader_;
  const Workplace& workplace_;
  std::vector<WholeLeaf> readers_;
  std::atomic<std::int64_t> next_{0};
  std::mutex mutex_;
  std::exception_ptr failure_;
};

// One reader, and threads that decode ahead of it.
class AheadBench {
 public:
  AheadBench(const Variable& variable, const BenchOptions& options, const Workplace& workplace)
      : reader_(only_block(variable)), options_(options), workplace_(workplace) {}

  void round() {
    LeafSequence chunks(reader_, options_.resources.threads);
    while (chunks.next()) {
      if (workplace_.stop.stop_requested()) throw Error(ErrorKind::cancelled, "interrupted");
    }
  }

 private:
  const LeafReader& reader_;
  const BenchOptions& options_;
  const Workplace& workplace_;
};

// The rounds of a measurement are not worth a line each.
class SilentConsole final : public Console {
 public:
  void say(const std::string&) override {}
  void warn(const std::string&) override {}
  void begin(const std::string&, const Progress&) override {}
  void done() override {}
};

class RoundTripBench {
 public:
  RoundTripBench(const Variable& variable, const BenchOptions& options, const Workplace& workplace)
      : workplace_(workplace) {
    Location location = parse_location(options.location);
    convert_.inputs = {location.path};
    convert_.output =
        fmt::format("{}.bench-{}.zarr", workplace.files.absolute(location.path), unique_suffix());
    convert_.variables = {variable.path()};
    convert_.chunks = options.layout.chunks;
    convert_.shards = options.layout.shards;
    convert_.codec = options.layout.codec;
    convert_.resources = options.resources;
  }
  ~RoundTripBench() {
    try {
      remove();
    } catch (const Error& error) {
      workplace_.console.warn(
          fmt::format("what the round trips wrote could not be removed: {}", error.what()));
    }
  }
  RoundTripBench(const RoundTripBench&) = delete;
  RoundTripBench& operator=(const RoundTripBench&) = delete;

  void round() {
    (void)convert(convert_, {workplace_.files, workplace_.clock, silent_, workplace_.stop});
  }
  void remove() {
    remove_tree(workplace_.files, convert_.output);
    remove_tree(workplace_.files, convert_.output + ".gridmill");
  }

 private:
  const Workplace& workplace_;
  SilentConsole silent_;
  ConvertOptions convert_;
};

std::vector<double> timed(const BenchOptions& options, const Clock& clock,
                          const std::function<void()>& round, const std::function<void()>& after) {
  std::vector<double> seconds;
  for (int i = 0; i < options.repeat; ++i) {
    const std::int64_t start_ns = clock.monotonic_ns();
    round();
    seconds.push_back(seconds_of(clock.monotonic_ns() - start_ns));
    after();
  }
  return seconds;
}

template <class Bench>
std::vector<double> rounds_of(const Variable& variable, const BenchOptions& options,
                              const Workplace& workplace) {
  Bench bench(variable, options, workplace);
  return timed(
      options, workplace.clock, [&] { bench.round(); },
      [&] {
        if constexpr (std::is_same_v<Bench, RoundTripBench>) bench.remove();
      });
}

std::vector<double> run(const Variable& variable, const BenchOptions& options,
                        const Workplace& workplace) {
  if (options.kind == BenchKind::roundtrip) {
    return rounds_of<RoundTripBench>(variable, options, workplace);
  }
  check_readable(variable);
  if (options.kind == BenchKind::subchunks) {
    return options.ahead ? rounds_of<AheadBench>(variable, options, workplace)
                         : rounds_of<SubchunkBench>(variable, options, workplace);
  }
  check_fits(variable, options.resources);
  return rounds_of<ReadBench>(variable, options, workplace);
}

const char* name_of(BenchKind kind) {
  switch (kind) {
    case BenchKind::read:
      return "read";
    case BenchKind::subchunks:
      return "subchunks";
    default:
      return "roundtrip";
  }
}

}  // namespace

Json bench_store(const BenchOptions& options, const Workplace& workplace) {
  if (options.repeat < 1 || options.concurrency < 1) {
    throw Error(ErrorKind::invalid, "--repeat and --concurrency are 1 or more");
  }
  if (options.ahead && (options.kind != BenchKind::subchunks || options.concurrency > 1)) {
    throw Error(ErrorKind::invalid, "--ahead is for one reader of subchunks");
  }
  Location location = parse_location(options.location);
  const std::string node = location.node;
  location.node.clear();
  const Dataset dataset = open_dataset(workplace.files, location);
  const Variable& variable = chosen(dataset, node);
  const std::vector<double> seconds = run(variable, options, workplace);
  const double best = *std::min_element(seconds.begin(), seconds.end());
  const auto bytes = static_cast<double>(bytes_of(variable));
  return {{"kind", name_of(options.kind)},
          {"location", options.location},
          {"array", variable.path()},
          {"type", variable.type.name()},
          {"shape", index_to_json(variable.shape)},
          {"chunks", variable.chunks ? index_to_json(*variable.chunks) : Json()},
          {"shards", variable.shards ? index_to_json(*variable.shards) : Json()},
          {"bytes", bytes_of(variable)},
          {"threads", options.resources.threads},
          {"concurrency", options.concurrency},
          {"ahead", options.ahead},
          {"rounds", seconds},
          {"best", best},
          {"median", median_of(seconds)},
          {"best_gb_per_s", bytes / best * 1e-9},
          {"median_gb_per_s", bytes / median_of(seconds) * 1e-9},
          {"peak_memory", peak_resident_memory()}};
}

std::string bench_text(const Json& report) {
  return fmt::format(
      "{} of {} ({}, {}): best {:.3f} s ({:.2f} GB/s), median {:.3f} s ({:.2f} "
      "GB/s) of {} rounds, peak memory {}\n",
      report["kind"].get<std::string>(), report["array"].get<std::string>(),
      report["type"].get<std::string>(), format_bytes(report["bytes"].get<double>()),
      report["best"].get<double>(), report["best_gb_per_s"].get<double>(),
      report["median"].get<double>(), report["median_gb_per_s"].get<double>(),
      report["rounds"].size(), format_bytes(report["peak_memory"].get<double>()));
}

}  // namespace gridmill
