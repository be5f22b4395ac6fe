#include "gridmill/jobs/part_journal.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "gridmill/base/error.h"
#include "gridmill/base/exact_json.h"
#include "gridmill/base/hashing.h"
#include "gridmill/base/text.h"
#include "gridmill/engine/archive.h"

namespace gridmill {
namespace {

constexpr std::string_view kPlanKey = "plan.json";
constexpr std::string_view kSpillPlace = "spill";
constexpr std::string_view kPartPlace = "part";
// How much work a loss of power may cost.
constexpr std::int64_t kSyncEvery_ns = 5'000'000'000;

std::string place_of(const TablePart& part) {
  return fmt::format("{} {} {} {}", kPartPlace, part.partition, part.number, part.rows);
}

std::optional<TablePart> part_of_place(const std::string& place) {
  const std::vector<std::string> words = split(place, ' ');
  if (words.size() != 4 || words[0] != kPartPlace) return std::nullopt;
  return TablePart{parse_int(words[1]), parse_int(words[2]), parse_int(words[3]), {}};
}

bool is_there(Store& store, const std::string& key, const std::optional<ManifestEntry>& entry) {
  const auto found = entry ? store.stat(Key(key)) : std::nullopt;
  return found && found->value_size == entry->size;
}

}  // namespace

PartJournal::PartJournal(Files& files, const Clock& clock, OutputStage& stage, Store& spill,
                         const Json& plan, bool resume, const std::string& output)
    : clock_(clock), stage_(stage), last_sync_ns_(clock.monotonic_ns()) {
  const std::string text = dump_json(plan);
  const std::string id = to_hex(hash_bytes(as_bytes(text)));
  const std::string folder = stage.records_path() + "/journal";
  if (resume && has_plan(plan, output)) {
    adopt(read_journals(files, folder, id), spill);
  } else if (resume) {
    clear(spill);
    files.make_directories(stage.place());
  }
  (void)stage.records().put(Key(kPlanKey), as_bytes(text));
  files.make_directories(folder);
  journal_.emplace(files, folder, id);
}

bool PartJournal::has_plan(const Json& plan, const std::string& output) {
  Buffer before;
  if (!stage_.records().get(Key(kPlanKey), before)) return false;
  const auto differences = plan_differences(parse_exact_json(as_text(before)), plan, 4);
  if (differences.empty()) return true;
  throw Error(
      ErrorKind::conflict,
      fmt::format("the unfinished run of {} can't be resumed, because it was another: {}; "
                  "start afresh (without --resume), or drop it: rm -r {} {}",
                  output, fmt::join(differences, "; "), stage_.place(), stage_.records_path()));
}

void PartJournal::clear(Store& spill) {
  stage_.store().remove_below(Key());
  spill.remove_below(Key());
  stage_.records().remove_below(Key("journal"));
}

void PartJournal::adopt(const Journaled& journaled, Store& spill) {
  has_earlier_work_ = !journaled.empty();
  for (const auto& [place, keys] : journaled) {
    for (const auto& [key, entry] : keys) {
      if (place == kSpillPlace) {
        const auto run = run_of_key(key);
        if (!run || !is_there(spill, key, entry)) continue;
        std::int64_t& end = spilled_[run->first];
        end = std::max(end, run->end);
      } else if (auto part = part_of_place(place)) {
        if (!is_there(stage_.store(), key, entry)) continue;
        part->record = {key, entry};
        TablePart& known = parts_[part->partition][part->number];
        known = *std::move(part);
      }
    }
  }
}

std::vector<SpilledRun> PartJournal::runs() const {
  std::vector<SpilledRun> runs;
  std::int64_t next = 0;
  for (auto found = spilled_.find(next); found != spilled_.end(); found = spilled_.find(next)) {
    runs.push_back({next, found->second});
    next = found->second;
  }
  return runs;
}

void PartJournal::note(const TablePart& part) {
  journal_->add(place_of(part), std::span(&part.record, 1));
  parts_[part.partition][part.number] = part;
  sync_now_and_then();
}

void PartJournal::note(const SpilledRun& run, const KeyRecord& record) {
  journal_->add(kSpillPlace, std::span(&record, 1));
  spilled_[run.first] = run.end;
  sync_now_and_then();
}

void PartJournal::sync_now_and_then() {
  if (clock_.monotonic_ns() - last_sync_ns_ < kSyncEvery_ns) return;
  sync();
  last_sync_ns_ = clock_.monotonic_ns();
}

void PartJournal::sync() {
  const std::int64_t noted = journal_->lines();
  try {
    stage_.sync();
  } catch (const Error&) {
    try {
      journal_->note_lost();
    } catch (const Error&) {
      is_loss_unnoted_ = true;
    }
    throw;
  }
  journal_->note_synced(noted);
}

}  // namespace gridmill
