#include "gridmill/jobs/sample_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <numeric>
#include <utility>
#include <vector>

#include "gridmill/base/error.h"
#include "gridmill/system/random.h"

namespace gridmill {
namespace {

using Position = std::vector<std::size_t>;

// The numbers of a chunk's key.
Position position_of(const std::string& key) {
  Position position;
  bool is_inside = false;
  for (const char c : key) {
    const bool is_digit = c >= '0' && c <= '9';
    if (is_digit && !is_inside) position.push_back(0);
    if (is_digit) position.back() = 10 * position.back() + static_cast<std::size_t>(c - '0');
    is_inside = is_digit;
  }
  return position;
}

std::size_t differences(const Position& a, const Position& b) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) count += a[i] != b[i] ? 1U : 0U;
  return count;
}

// Answers for a chunk that is not there with another of the same array: always the same one,
// different ones for neighbours, and none that differs along one dimension only if it can be: who
// reads all along a dimension reads that one, too. What is written of one chunk twice would
// compress better than the whole will.
class StandInStore final : public Store {
 public:
  explicit StandInStore(std::shared_ptr<Store> store) : store_(std::move(store)) {}

  std::optional<GetResult> get(const Key& key, const GetRequest& request, Buffer& into) override {
    if (auto found = store_->get(key, request, into)) return found;
    const std::optional<Key> other = stand_in(key);
    return other ? store_->get(*other, request, into) : std::nullopt;
  }
  std::optional<GetResult> stat(const Key& key) override { return store_->stat(key); }
  Version put(const Key& key, std::span<const ByteView> pieces) override {
    return store_->put(key, pieces);
  }
  Version put_if(const Key& key, ByteView value, const std::optional<Version>& expected) override {
    return store_->put_if(key, value, expected);
  }
  std::unique_ptr<ValueWriter> writer(const Key& key) override { return store_->writer(key); }
  void list(const Key& prefix, const std::function<void(const ListEntry&)>& visit) override {
    store_->list(prefix, visit);
  }
  std::vector<std::string> children(const Key& prefix) override { return store_->children(prefix); }
  bool remove(const Key& key) override { return store_->remove(key); }
  std::string describe() const override { return store_->describe(); }

 private:
  std::optional<Key> stand_in(const Key& key) {
    const std::string& text = key.text();
    const std::string array = text.substr(0, text.rfind('/'));
    const std::lock_guard lock(mutex_);
    std::vector<std::pair<Key, Position>>& there = there_[array];
    if (there.empty()) {
      store_->list(Key(array), [&](const ListEntry& entry) {
        there.emplace_back(entry.key, position_of(entry.key.text()));
      });
      std::sort(there.begin(), there.end());
    }
    const Position wanted = position_of(text);
    std::vector<const Key*> beside, elsewhere;
    for (const auto& [other, position] : there) {
      (differences(wanted, position) < 2 ? beside : elsewhere).push_back(&other);
    }
    const std::vector<const Key*>& others = elsewhere.empty() ? beside : elsewhere;
    if (others.empty()) return std::nullopt;
    return *others[std::accumulate(wanted.begin(), wanted.end(), std::size_t{0}) % others.size()];
  }

  const std::shared_ptr<Store> store_;
  std::mutex mutex_;
  std::map<std::string, std::vector<std::pair<Key, Position>>> there_;
};

// Removed with all below it when it goes.
class Thrown {
 public:
  Thrown(std::string path, const Workplace& workplace)
      : path_(std::move(path)), workplace_(workplace) {}
  ~Thrown() {
    try {
      remove_tree(workplace_.files, path_);
    } catch (const Error& error) {
      workplace_.console.warn(fmt::format(
          "what the sample wrote could not be removed ({}): rm -r {}", error.message(), path_));
    }
  }
  Thrown(const Thrown&) = delete;
  Thrown& operator=(const Thrown&) = delete;

 private:
  const std::string path_;
  const Workplace& workplace_;
};

class Sampling {
 public:
  Sampling(PlanDocument plan, OpenedDatasets opened, const PlanRun& run, const Workplace& workplace)
      : plan_(std::move(plan)),
        run_(run),
        workplace_(workplace),
        companion_(workplace.files.absolute(place_beside(plan_)) + ".gridmill", workplace),
        archive_(open_archive(workplace.files, workplace.clock, plan_.target, {}, plan_.identity)),
        open_(plan_, workplace.files, archive_, std::move(opened)) {
    open_.read_spill_from(std::make_shared<StandInStore>(archive_->spill()));
  }
  Json execute() {
    std::vector<std::int64_t> all_tasks;
    std::int64_t tasks = 0;
    archive_->contribute([&] {
      const Watched watched(workplace_.console, "sampling", progress_);
      for (std::size_t i = 0; i < plan_.stages.size(); ++i) {
        run_stage(open_.stage(i), 0, plan_.stages[i].tasks, options(), workplace_.clock, progress_,
                  workplace_.stop, open_.log_of(i));
        all_tasks.push_back(plan_.stages[i].tasks);
        tasks += plan_.stages[i].tasks;
      }
    });
    Json report = plan_.about;
    report["sample"] = {
        {"share", run_.account.sample()}, {"tasks", progress_.tasks_done.load()}, {"of", tasks}};
    report["estimate"] = run_.account.extrapolated(all_tasks);
    return report;
  }

 private:
  // The plan's own place would be resumed by the run that follows.
  static std::string place_beside(PlanDocument& plan) {
    plan.target.location.path += ".sample-" + unique_suffix();
    plan.target.location.node.clear();
    plan.overwrite = false;
    return plan.target.location.path;
  }

  RunOptions options() const {
    RunOptions options = run_.account.counted(run_options(run_.resources));
    options.memory -= open_.side_bytes();
    options.every = std::max<std::int64_t>(1, std::llround(1 / run_.account.sample()));
    return options;
  }

  PlanDocument plan_;
  const PlanRun& run_;
  const Workplace& workplace_;
  const Thrown companion_;  // before what writes there, and so gone after it
  const std::shared_ptr<Archive> archive_;
  OpenPlan open_;
  Progress progress_;
};

}  // namespace

Json sample_plan(PlanDocument plan, OpenedDatasets opened, const PlanRun& run,
                 const Workplace& workplace) {
  Json report;
  // No record is kept: it would be compared with those of whole runs.
  run.account.watch(
      "", [&] { report = Sampling(std::move(plan), std::move(opened), run, workplace).execute(); });
  run.account.finish(report);
  return report;
}

}  // namespace gridmill
