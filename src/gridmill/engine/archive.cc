#include "gridmill/engine/archive.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <utility>

#include "gridmill/base/error.h"
#include "gridmill/base/exact_json.h"
#include "gridmill/base/text.h"
#include "gridmill/engine/fate.h"
#include "gridmill/sink/array_sink.h"
#include "gridmill/store/file_store.h"
#include "gridmill/store/journal.h"
#include "gridmill/zarr/group_placement.h"
#include "gridmill/zarr/writer.h"

namespace gridmill {
namespace {

constexpr std::string_view kPlanKey = "plan.json";
// How much work a loss of power may cost.
constexpr std::int64_t kSyncEvery_ns = 5'000'000'000;

// What is known of the keys of one of the run's stores, and the line to the journal.
class PlaceLog : public TaskLog {
 public:
  PlaceLog(std::string place, JournalWriter& journal, std::function<void()> after)
      : place_(std::move(place)), journal_(journal), after_(std::move(after)) {}

  bool has(const std::string& key) const override { return keys_.contains(key); }

  void done(std::vector<KeyRecord> records) override {
    journal_.add(place_, records);
    for (KeyRecord& record : records) keys_.replace(std::move(record));
    after_();
  }

  // What is noted counts if it is there, in the size that was noted.
  void adopt(const Journaled& journaled, Store& store) {
    const auto found = journaled.find(place_);
    if (found == journaled.end()) return;
    for (const auto& [key, entry] : found->second) {
      if (entry) {
        const auto there = store.stat(Key(key));
        if (!there || there->value_size != entry->size) continue;
      }
      keys_.replace({key, entry});
    }
  }

  Manifest& keys() noexcept { return keys_; }
  const Manifest& keys() const noexcept { return keys_; }

 private:
  const std::string place_;
  JournalWriter& journal_;
  const std::function<void()> after_;
  Manifest keys_;
};

class FileArchive final : public Archive, public std::enable_shared_from_this<FileArchive> {
 public:
  FileArchive(Files& files, const Clock& clock, ArchiveTarget target, const StageOptions& options,
              const Json& plan)
      : files_(files),
        clock_(clock),
        target_(std::move(target)),
        stage_(open_stage(files, target_.location, stage_options(options))) {
    try {
      begin(options, plan);
    } catch (const Error& error) {
      if (!options.resume && !options.is_worker) give_up(error);
      throw;
    }
  }

  std::shared_ptr<Sink> array(const std::string& path) override {
    return array_sink(store(), Key(path), metadata_of(path));
  }

  std::shared_ptr<Store> store() override { return {shared_from_this(), &stage_->store()}; }

  std::shared_ptr<TaskLog> log() override { return {shared_from_this(), &*out_}; }
  std::shared_ptr<Store> spill() override { return {shared_from_this(), spill_store_.get()}; }
  std::shared_ptr<TaskLog> spill_log() override { return {shared_from_this(), &*spilled_}; }
  std::shared_ptr<Store> states() override { return {shared_from_this(), states_store_.get()}; }
  std::shared_ptr<TaskLog> states_log() override { return {shared_from_this(), &*states_}; }
  std::shared_ptr<Store> parts() override { return {shared_from_this(), parts_store_.get()}; }
  std::shared_ptr<Store> skipped() override { return {shared_from_this(), skipped_store_.get()}; }
  void set_attributes(const Attributes& attributes) override {
    for (const auto& [name, value] : attributes) {
      target_.nodes.front().attributes.set(name, value);
    }
  }
  std::int64_t resumed() const override { return resumed_; }

  std::vector<std::string> complete(const std::function<void()>& work) override {
    try {
      work();
      write_documents();
      out_->keys().save(stage_->store());
      sync();
    } catch (const Error& error) {
      give_up(error);
    }
    try {
      return stage_->publish();
    } catch (const Error& error) {
      if (stage_->may_have_lost()) give_up_lost(error);
      // What took hours to write is never removed because the last step failed.
      rethrow_with(error, stage_->way_out());
    }
  }

  void contribute(const std::function<void()>& work) override {
    try {
      work();
      sync();
    } catch (const Error& error) {
      if (stage_->may_have_lost()) give_up_lost(error);
      throw;
    }
  }

 private:
  const ArrayMetadata& metadata_of(const std::string& path) const {
    const auto node = std::find_if(target_.nodes.begin(), target_.nodes.end(),
                                   [&](const ZarrNode& n) { return n.array && n.path == path; });
    if (node == target_.nodes.end()) throw Error(ErrorKind::internal, "no array " + path);
    return *node->array;
  }

  static StageOptions as_resuming(StageOptions options, const Clock& clock) {
    options.clock = &clock;
    options.resume = options.resume || options.is_worker;  // nobody clears what others write
    return options;
  }

  // A group of a store is built beside that.
  StageOptions stage_options(const StageOptions& options) const {
    StageOptions all = as_resuming(options, clock_);
    if (target_.location.node.empty()) return all;
    all.placement = group_placement(files_, clock_, target_.location, target_.zarr_format);
    return all;
  }

  void begin(StageOptions options, const Json& plan) {
    options = as_resuming(options, clock_);
    const std::string text = dump_json(plan);
    const std::string id = to_hex(hash_bytes(as_bytes(text)));
    const std::string journals = stage_->records_path() + "/journal";
    if (options.resume) check_plan(plan);
    const bool reads = options.resume && !options.is_worker;
    const Journaled before = reads ? read_journals(files_, journals, id) : Journaled();
    (void)stage_->records().put(Key(kPlanKey), as_bytes(text));
    files_.make_directories(journals);
    journal_.emplace(files_, journals, id);
    spill_store_ = file_store(files_, stage_->records_path() + "/spill", Durability::ordered,
                              Reads::past_the_cache);
    states_store_ = file_store(files_, stage_->records_path() + "/states");
    parts_store_ = file_store(files_, stage_->records_path() + "/parts");
    skipped_store_ = file_store(files_, stage_->records_path() + "/skipped");
    out_.emplace("out", *journal_, [this] { sync_now_and_then(); });
    spilled_.emplace("spill", *journal_, [this] { sync_now_and_then(); });
    states_.emplace("states", *journal_, [this] { sync_now_and_then(); });
    out_->adopt(before, stage_->store());
    spilled_->adopt(before, *spill_store_);
    states_->adopt(before, *states_store_);
    resumed_ = out_->keys().size();
    has_earlier_work_ = !before.empty();
    last_sync_ns_ = clock_.monotonic_ns();
  }

  void check_plan(const Json& plan) {
    Buffer before;
    if (!stage_->records().get(Key(kPlanKey), before)) return;
    const auto differences = plan_differences(parse_exact_json(as_text(before)), plan, 4);
    if (differences.empty()) return;
    throw Error(ErrorKind::conflict,
                fmt::format("the unfinished run of {} can't be resumed, because its plan was "
                            "another: {}; start afresh (without --resume; exec with --restart)",
                            target_.location.text(), fmt::join(differences, "; ")));
  }

  void sync_now_and_then() {
    const std::unique_lock lock(sync_mutex_, std::try_to_lock);
    if (!lock || clock_.monotonic_ns() - last_sync_ns_ < kSyncEvery_ns) return;
    sync();
    last_sync_ns_ = clock_.monotonic_ns();
  }

  // Lanes go on noting meanwhile.
  void sync() {
    const std::int64_t noted = journal_->lines();
    try {
      stage_->sync();
    } catch (const Error&) {
      note_lost();
      throw;
    }
    journal_->note_synced(noted);
  }

  void note_lost() noexcept {
    try {
      journal_->note_lost();
    } catch (...) {
      lost_unnoted_ = true;  // the way out says not to resume
    }
  }

  // Arrays, then groups from the deepest up, then what makes the store visible: the order that
  // keeps it valid at every moment. All documents are noted in the manifest.
  void write_documents() {
    Store& store = stage_->store();
    for (auto node = target_.nodes.rbegin(); node != target_.nodes.rend(); ++node) {
      const Key path(node->path);
      if (node->array) {
        write_array(store, path, *node->array);
      } else {
        write_group(store, path, target_.zarr_format, node->attributes);
      }
    }
    write_consolidated(store, target_.zarr_format, target_.nodes);
    for (const ZarrNode& node : target_.nodes) {
      for (const char* name : {"zarr.json", ".zarray", ".zgroup", ".zattrs"}) {
        note_document(Key(node.path) / name);
      }
    }
    note_document(Key(".zmetadata"));
  }

  void note_document(const Key& key) {
    Buffer document;
    if (stage_->store().get(key, document)) out_->keys().replace(record_of(key, document));
  }

  // What can be read back now may be gone after the next start of the machine.
  [[noreturn]] void give_up_lost(const Error& error) {
    const std::string drop = fmt::format("rm -r {} {}", stage_->place(), stage_->records_path());
    rethrow_with(error,
                 lost_unnoted_
                     ? fmt::format("the disk has lost some of what was written, and {} is as it "
                                   "was; see to the disk, then start afresh: {}",
                                   target_.location.text(), drop)
                     : fmt::format("the disk has lost some of what was written, and {} is as it "
                                   "was; see to the disk, then go on with --resume, which writes "
                                   "again what the disk had not confirmed; to drop it all: {}",
                                   target_.location.text(), drop));
  }

  // A lane that was given up may still write: then nothing is removed either.
  [[noreturn]] void give_up(const Error& error) {
    if (stage_->may_have_lost()) give_up_lost(error);
    const std::string& output = target_.location.text();
    const std::int64_t stored =
        out_ ? out_->keys().size() + spilled_->keys().size() + states_->keys().size() : 0;
    // What an earlier run or workers stored is not this one's to remove.
    const bool keeps = (can_be_resumed(error.kind()) || has_earlier_work_) && stored > 0;
    if (error.kind() == ErrorKind::timeout || keeps) {
      rethrow_with(error, fmt::format("{} chunks are kept for --resume, and {} is as it was; to "
                                      "drop them: rm -r {} {}",
                                      stored, output, stage_->place(), stage_->records_path()));
    }
    std::string fate = fmt::format("nothing was left at {}", output);
    try {
      stage_->abandon();
    } catch (const Error& cleaning) {
      fate += fmt::format("; unfinished data could not be removed ({}): rm -r {}",
                          cleaning.message(), stage_->place());
    }
    rethrow_with(error, fate);
  }

  Files& files_;
  const Clock& clock_;
  ArchiveTarget target_;
  const std::unique_ptr<OutputStage> stage_;
  std::unique_ptr<Store> spill_store_;
  std::unique_ptr<Store> states_store_;
  std::unique_ptr<Store> parts_store_;
  std::unique_ptr<Store> skipped_store_;
  std::optional<JournalWriter> journal_;
  std::optional<PlaceLog> out_;
  std::optional<PlaceLog> spilled_;
  std::optional<PlaceLog> states_;
  std::int64_t resumed_ = 0;
  bool has_earlier_work_ = false;
  bool lost_unnoted_ = false;
  std::mutex sync_mutex_;
  std::int64_t last_sync_ns_ = 0;
};

class Comparison {
 public:
  explicit Comparison(std::size_t most) : most_(most) {}

  void compare(const std::string& path, const Json& before, const Json& now) {
    if (before == now || lines_.size() >= most_) return;
    if (is_nan(before) && is_nan(now)) return;  // an attribute, as it is
    if (before.is_object() && now.is_object()) return compare_members(path, before, now);
    if (before.is_array() && now.is_array() && before.size() == now.size()) {
      for (std::size_t i = 0; i < now.size(); ++i) {
        const std::string around = std::exchange(file_, file_of(before[i], now[i], file_));
        compare(fmt::format("{}[{}]", path, i), before[i], now[i]);
        file_ = around;
      }
      return;
    }
    lines_.push_back(fmt::format("{}{} was {} and is {}", file_.empty() ? "" : file_ + ": ", path,
                                 shown(before), shown(now)));
  }

  std::vector<std::string> take() { return std::move(lines_); }

 private:
  void compare_members(const std::string& path, const Json& before, const Json& now) {
    const auto below = [&](const std::string& name) {
      return path.empty() ? name : path + "." + name;
    };
    for (const auto& [name, value] : before.items()) {
      compare(below(name), value, now.contains(name) ? now[name] : Json());
    }
    for (const auto& [name, value] : now.items()) {
      if (!before.contains(name)) compare(below(name), Json(), value);
    }
  }

  static bool is_nan(const Json& value) {
    return value.is_number_float() && std::isnan(value.get<double>());
  }

  // The identity of an input says where it lies; "" where no input is spoken of.
  static std::string file_of(const Json& before, const Json& now, const std::string& around) {
    const auto location = [](const Json& json) {
      const bool is_told = json.is_object() && json.contains("location");
      return is_told && json["location"].is_string() ? json["location"].get<std::string>() : "";
    };
    const std::string file = location(before);
    return !file.empty() && file == location(now) ? file : around;
  }

  static std::string shown(const Json& value) {
    if (value.is_null()) return "not there";
    const std::string text = dump_json(value, -1);
    return text.size() <= 60 ? text : fmt::format("{:.57}...", text);
  }

  const std::size_t most_;
  std::string file_;  // the input whose identity is compared; "": none
  std::vector<std::string> lines_;
};

}  // namespace

std::shared_ptr<Archive> open_archive(Files& files, const Clock& clock, ArchiveTarget target,
                                      const StageOptions& options, const Json& plan) {
  return std::make_shared<FileArchive>(files, clock, std::move(target), options, plan);
}

void free_spill(Archive& archive, const Key& key) { archive.spill()->remove_below(key); }

std::vector<std::string> plan_differences(const Json& before, const Json& now, std::size_t most) {
  Comparison comparison(most);
  comparison.compare("", before, now);
  return comparison.take();
}

}  // namespace gridmill
