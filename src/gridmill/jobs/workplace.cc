#include "gridmill/jobs/workplace.h"

#include <algorithm>

#include "gridmill/system/cpu.h"
#include "gridmill/system/memory.h"

namespace gridmill {
namespace {

constexpr std::int64_t kMostMemory = std::int64_t{8} << 30;

}  // namespace

// The options of every verb begin with these: what the control groups say is asked for once, which
// takes a dozen files.
Resources default_resources() {
  static const std::int64_t kMemory = std::min<std::int64_t>(usable_memory() / 2, kMostMemory);
  static const int kCores = usable_cores();
  Resources resources;
  resources.memory = kMemory;
  resources.threads = kCores;
  resources.timeout_ns = 600'000'000'000;
  resources.buffers = std::make_shared<BufferPool>(resources.memory);
  return resources;
}

void warn_of(const std::vector<std::string>& notes, Console& console) {
  for (const std::string& note : notes) console.warn(note);
}

RunOptions draining_options(const Resources& resources) {
  RunOptions options = run_options(resources);
  options.drain_ns = 20'000'000'000;  // spot machines give little more
  return options;
}

RunOptions run_options(const Resources& resources) {
  RunOptions options;
  options.memory = resources.memory;
  options.threads = resources.threads;
  options.timeout_ns = resources.timeout_ns;
  options.buffers = resources.buffers;
  options.skipped = resources.skipped;
  options.offers_skipping = resources.offers_skipping;
  return options;
}

}  // namespace gridmill
