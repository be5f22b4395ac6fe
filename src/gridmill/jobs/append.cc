#include "gridmill/jobs/append.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

#include "gridmill/array/copy.h"
#include "gridmill/base/error.h"
#include "gridmill/base/hashing.h"
#include "gridmill/dataset/concat.h"
#include "gridmill/dataset/coordinates.h"
#include "gridmill/dataset/cut.h"
#include "gridmill/dataset/packed_leaves.h"
#include "gridmill/dataset/packing.h"
#include "gridmill/dataset/time_merge.h"
#include "gridmill/jobs/append_record.h"
#include "gridmill/jobs/append_rewrite.h"
#include "gridmill/jobs/input_identity.h"
#include "gridmill/jobs/read_back.h"
#include "gridmill/jobs/region_run.h"
#include "gridmill/jobs/schema_gate.h"

namespace gridmill {
namespace {

std::int64_t times_in(const std::vector<TimeRun>& runs) {
  std::int64_t count = 0;
  for (const TimeRun& run : runs) count += run.range.end - run.range.begin;
  return count;
}

Array joined(const Array& first, const Array& second) {
  Array whole(first.type(), {first.size() + second.size()});
  copy_array(first.view(), whole.view().part({{0}, first.shape()}));
  copy_array(second.view(), whole.view().part({{first.size()}, second.shape()}));
  return whole;
}

// Convert's refusal of the same: what is read must not change meanwhile.
void check_not_itself(const AppendOptions& options, Files& files) {
  const std::string store = files.absolute(parse_location(options.store).path);
  for (const std::string& input : options.inputs) {
    const std::string path = files.absolute(parse_location(input).path);
    const bool overlaps = (path + "/").starts_with(store + "/") || store.starts_with(path + "/");
    if (!overlaps) continue;
    throw Error(ErrorKind::conflict,
                fmt::format("{} is the store {} or lies in it or around it", input, options.store));
  }
}

std::string hash_of_inputs(const AppendOptions& options, Files& files) {
  return to_hex(hash_bytes(as_bytes(dump_json(input_identities(files, options.inputs)))));
}

// With the archive's attributes, but for those that say what numbers mean: they are compared when
// all is joined. Of those only a _FillValue that a template has added is the archive's as well.
void describe_as(const Variable& there, Variable& variable) {
  Attributes attributes = there.attributes;
  const AttributeValue* fill = there.attributes.find("_FillValue");
  const bool adds_fill = fill != nullptr && fill->as_double() && std::isnan(*fill->as_double());
  for (const char* name : kMeaningAttributes) {
    const AttributeValue* own = variable.attributes.find(name);
    if (own == nullptr && name == std::string_view("_FillValue") && adds_fill) continue;
    attributes.erase(name);
    if (own != nullptr) attributes.set(name, *own);
  }
  variable.attributes = std::move(attributes);
}

// New files as the archive has them: packed, described, and with its static fields where they have
// none.
Dataset as_in_archive(const Dataset& archive, const GrowthAxis& axis, Dataset piece) {
  for (Group& group : piece.groups) {
    for (const Group& there : archive.groups) {
      if (there.path == group.path) group.attributes = there.attributes;
    }
  }
  for (Variable& variable : piece.variables) {
    const Variable* there = archive.find(variable.path());
    if (there == nullptr) continue;
    if (const auto codes = codes_between(*there, variable)) {
      piece.notes.push_back(packing_note(variable, *codes));
      variable = packed_into(*there, variable, *codes);
    }
    describe_as(*there, variable);
  }
  for (const Variable& there : archive.variables) {
    const bool is_static = dimension_along(archive, there, axis) < 0;
    if (is_static && piece.find(there.path()) == nullptr) piece.variables.push_back(there);
  }
  return piece;
}

class Appender {
 public:
  Appender(const AppendOptions& options, const Workplace& workplace)
      : options_(options),
        workplace_(workplace),
        inputs_hash_(hash_of_inputs(options, workplace.files)),
        on_overlap_(options.on_overlap),
        shared_(open_alone()),
        archive_(open_archive_dataset(options.store, workplace.files)),
        input_(open_gated(workplace.files,
                          {options.inputs, options.variables, options.drop, options.grib_index},
                          options.schema)),
        axis_(find_growth_axis(archive_, options.dimension)) {
    check_coordinates(input_);
    promote_scalar_times(archive_, input_);
    own_axis_ = find_growth_axis(input_, axis_.coordinate);
    find_places();
    if (is_rewrite_) return;
    find_parts();
    check_names(options.check_variables, input_.variable_paths());
    if (!parts_.empty()) {
      stage_ = region_stage(shared_, parts_, options_.resources, "append");
      record_ = make_record();
    }
  }

  Json describe() const {
    Json report{{"output", options_.store}, {"inputs", options_.inputs}};
    report.update(times_told());
    report["variables"] = describe_parts(parts_);
    report["compared"] = compared_;
    report["logical_bytes"] = bytes_of(parts_);
    report["notes"] = input_.notes;
    return report;
  }

  // Which times come, change and stay.
  Json times_told() const {
    std::vector<TimeRun> added = merge_.lacking;
    if (behind_) added.push_back(*behind_);
    return {{"axis",
             {{"dimension", axis_.dimension}, {"from_size", old_size_}, {"to_size", new_size_}}},
            {"appended", new_size_ - old_size_},
            {"replaced", replaces() ? times_in(known_) : 0},
            {"kept", replaces() ? 0 : times_in(known_)},
            {"appended_times", spans(added)},
            {"replaced_times", replaces() ? spans(known_) : Json::array()},
            {"kept_times", replaces() ? Json::array() : spans(known_)}};
  }

  // Times lie before or between the archive's, and may (AppendOptions::rewrite).
  bool is_rewrite() const noexcept { return is_rewrite_; }
  const Dataset& archive() const noexcept { return archive_; }

  // The archive with all times in order.
  Dataset whole_archive() const {
    std::vector<Dataset> pieces;
    for (const TimePiece& piece : pieces_in_order(merge_, old_size_, replaces())) {
      pieces.push_back(
          piece.is_new ? as_in_archive(archive_, axis_, cut_dataset(input_, own_axis_, piece.range))
                       : cut_dataset(archive_, axis_, piece.range));
    }
    try {
      return concatenate(std::move(pieces));
    } catch (const Error& error) {
      Error told(error.kind(), fmt::format("{} (--rewrite joins files with the archive as convert "
                                           "joins files, so that both must hold the same in the "
                                           "same way)",
                                           error.message()));
      for (const std::string& context : error.contexts()) told.add_context(context);
      throw told;
    }
  }

  Json counts() const { return counted_outside(stage_); }

  // Of what is written where.
  std::string identity() const {
    const Json what{{"inputs", input_identities(workplace_.files, options_.inputs)},
                    {"about", describe()}};
    return to_hex(hash_bytes(as_bytes(dump_json(what))));
  }

  void run(RunAccount& account, Progress& progress) {
    if (parts_.empty()) return;
    save_record(shared_->synced_store(), record_);
    run_region_stage(stage_, "appending to " + options_.store, options_.resources, account,
                     progress);
    shared_->sync();
    read_back_parts(shared_, parts_, options_.check_variables, options_.resources, account);
    check_unchanged(shared_->store(), record_);
    documents_begun_ = true;
    for (const DocumentChange& change : record_.documents) {
      shared_->put(change.key, as_bytes(dump_json(change.to)), Durability::synced);
    }
    shared_->finish();
    forget_record(shared_->store());
  }

  // What a run that failed leaves.
  std::string remains() const {
    if (documents_begun_) {
      return fmt::format("{} may have its new times already: the same command settles it",
                         options_.store);
    }
    const bool is_mixed = replaces() && !known_.empty();
    return fmt::format(
        "readers see nothing of it in {}{}; the next append clears it", options_.store,
        is_mixed ? " but for times that were being replaced, which may be old or new" : "");
  }

 private:
  // Before anything of the store is looked at.
  std::shared_ptr<SharedStore> open_alone() {
    check_not_itself(options_, workplace_.files);
    auto shared = std::make_shared<SharedStore>(workplace_.files, workplace_.clock,
                                                parse_location(options_.store), Writers::alone,
                                                workplace_.stop);
    if (!has_record(shared->store())) {
      if (!options_.dry_run) clear_half_records(shared->place());
      return shared;
    }
    if (options_.dry_run) {
      throw Error(ErrorKind::conflict,
                  fmt::format("an append into {} died: the next one settles that first, which a "
                              "dry run can't",
                              options_.store));
    }
    const SettledAppend settled = *settle_record(*shared);
    workplace_.console.warn(settled.said);
    // The same command again: its times are there because it has put them there.
    if (settled.is_done && settled.inputs == inputs_hash_ && on_overlap_ == "error") {
      on_overlap_ = "keep";
    }
    return shared;
  }

  // Of a run that died while it noted what it was about to do.
  void clear_half_records(const std::string& store) const {
    for (const DirectoryEntry& entry : workplace_.files.list(store)) {
      const bool is_half =
          entry.name.starts_with("..gridmill-append.") && entry.name.ends_with(".partial");
      if (is_half) workplace_.files.remove_file(store + "/" + entry.name);
    }
  }

  bool replaces() const { return on_overlap_ == "replace"; }

  // Which of the input's times go where.
  void find_places() {
    const Times there({archive_, archive_.at(axis_.coordinate)});
    const Times& own = own_times_.emplace(Origin{input_, input_.at(axis_.coordinate)});
    const TimeMerge merge = merge_times(there, own);
    merge_ = merge;
    is_rewrite_ = options_.rewrite && (!merge.lacking.empty() || !fits(there, merge));
    if (!merge.lacking.empty() && !is_rewrite_) refuse_lacking(there, own, merge);
    if (!merge.known.empty() && on_overlap_ == "error") refuse_known(own, merge);
    known_ = merge.known;
    behind_ = merge.behind;
    old_size_ = there.values.size();
    new_size_ = old_size_ + times_in(merge.lacking) + (behind_ ? times_in({*behind_}) : 0);
    if (is_rewrite_) return;
    times_ = joined(there.values, Array(there.values.type(), {0}));
    if (!behind_) return;
    const Variable added = cut_variable(input_.at(axis_.coordinate), 0, behind_->range);
    times_ = joined(there.values, as_times_of(there, Times({input_, added})));
    new_size_ = times_.size();
  }

  // Whether the archive's units hold the new times.
  bool fits(const Times& there, const TimeMerge& merge) const {
    if (!merge.behind) return true;
    const Variable added = cut_variable(input_.at(own_axis_.coordinate), 0, merge.behind->range);
    try {
      (void)as_times_of(there, Times({input_, added}));
      return true;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::invalid) throw;
      return false;
    }
  }

  [[noreturn]] void refuse_lacking(const Times& there, const Times& own,
                                   const TimeMerge& merge) const {
    const TimeRun& first = merge.lacking.front();
    const std::string where =
        first.at == 0 ? fmt::format("before the first of {}, {}", options_.store, there.text(0))
                      : fmt::format("between {} and {} of {}", there.text(first.at - 1),
                                    there.text(first.at), options_.store);
    throw Error(
        ErrorKind::conflict,
        fmt::format("{} of {} would lie {}, and so would {} times in all: --rewrite "
                    "writes the archive anew with them; what has a place in an archive of all "
                    "its times is written by write-region (template makes one)",
                    own.text(first.range.begin), input_.location, where, times_in(merge.lacking)));
  }

  [[noreturn]] void refuse_known(const Times& own, const TimeMerge& merge) const {
    throw Error(ErrorKind::conflict,
                fmt::format("{} has {} of the {} times of {} already, {} the first of them: "
                            "--on-overlap keep leaves them as they are, --on-overlap replace "
                            "writes them anew",
                            options_.store, times_in(merge.known), own.values.size(),
                            input_.location, own.text(merge.known.front().range.begin)));
  }

  Json spans(const std::vector<TimeRun>& runs) const {
    Json spans = Json::array();
    for (const TimeRun& run : runs) {
      spans.push_back({own_times_->text(run.range.begin), own_times_->text(run.range.end - 1)});
    }
    return spans;
  }

  void find_parts() {
    Dataset grown = archive_;
    stretch(grown, axis_, times_);
    std::map<std::string, ArrayMetadata> arrays = arrays_of(shared_->store());
    for (auto& [path, metadata] : arrays) {
      const Variable* variable = grown.find(path);
      if (variable != nullptr) metadata.shape = variable->shape;
    }
    std::vector<TimeRun> runs = replaces() ? known_ : std::vector<TimeRun>();
    if (behind_) runs.push_back(*behind_);
    for (const TimeRun& run : runs) add_parts(run, grown, arrays);
    if (behind_) {
      check_all_grow();
      add_coordinate(grown, arrays);
    }
  }

  void add_parts(const TimeRun& run, const Dataset& grown,
                 const std::map<std::string, ArrayMetadata>& arrays) {
    RegionTarget target = region_target(cut_dataset(input_, own_axis_, run.range), grown, arrays,
                                        {}, out_of_range_from(options_.out_of_range), &axis_);
    for (const RegionPart& part : target.parts) check_is_whole(part, run, grown);
    compared_ = std::move(target.compared);
    for (std::string& note : target.notes) note_once(std::move(note));
    for (RegionPart& part : target.parts) parts_.push_back(std::move(part));
  }

  void note_once(std::string note) {
    auto& notes = input_.notes;
    if (std::find(notes.begin(), notes.end(), note) == notes.end())
      notes.push_back(std::move(note));
  }

  // A part of the grid would leave the rest of the new times missing, unasked.
  void check_is_whole(const RegionPart& part, const TimeRun& run, const Dataset& grown) const {
    const Variable& there = grown.at(part.source.path());
    const int along = dimension_along(archive_, there, axis_);
    for (int d = 0; d < part.box.rank(); ++d) {
      const bool is_axis = d == along;
      const std::int64_t begin = is_axis ? run.at : 0;
      const std::int64_t length = is_axis ? run.range.end - run.range.begin : there.shape[d];
      if (part.box.begin[d] == begin && part.box.shape[d] == length) continue;
      const std::string& name = there.dimensions[static_cast<std::size_t>(d)];
      throw Error(ErrorKind::corrupt,
                  fmt::format("{}: {} has {}={}:{} of it, {} {}={}:{}: what is appended has all of "
                              "it; a part of an archive is written by write-region",
                              there.path(), input_.location, name, part.box.begin[d],
                              part.box.end(d), options_.store, name, begin, begin + length));
    }
  }

  // A variable that is not in the input would read as missing at the new times, unasked.
  void check_all_grow() const {
    for (const Variable& variable : archive_.variables) {
      const bool grows = dimension_along(archive_, variable, axis_) >= 0;
      if (!grows || variable.path() == axis_.coordinate) continue;
      if (input_.find(variable.path()) != nullptr) continue;
      throw Error(ErrorKind::corrupt,
                  fmt::format("{} has no variable {}, which grows along {} in {}: give all files "
                              "of these times in one call",
                              input_.location, variable.path(), axis_.dimension, options_.store));
    }
  }

  void add_coordinate(const Dataset& grown, const std::map<std::string, ArrayMetadata>& arrays) {
    const Variable& coordinate = grown.at(axis_.coordinate);
    const IndexRange range{old_size_, new_size_};
    parts_.push_back({cut_variable(coordinate, 0, range), arrays.at(axis_.coordinate),
                      Box{{range.begin}, {range.end - range.begin}}});
  }

  AppendRecord make_record() {
    const ZarrHierarchy hierarchy = open_hierarchy(shared_->store());
    AppendRecord record;
    record.zarr_format = hierarchy.zarr_format;
    record.inputs = inputs_hash_;
    if (replaces() && !known_.empty()) {
      record.replaced = fmt::format("{} to {}", own_times_->text(known_.front().range.begin),
                                    own_times_->text(known_.back().range.end - 1));
    }
    for (const RegionPart& part : parts_) {
      record.regions.push_back({part.source.path(), part.box});
    }
    if (!behind_) return record;
    check_all_readable(hierarchy);
    std::vector<NewLength> lengths;
    for (const Variable& variable : archive_.variables) {
      const int d = dimension_along(archive_, variable, axis_);
      if (d < 0) continue;
      check_is_single(variable);
      lengths.push_back({variable.path(), d, new_size_});
    }
    record.documents = grown_documents(shared_->store(), hierarchy.zarr_format, lengths);
    return record;
  }

  void check_is_single(const Variable& variable) const {
    const auto& names = variable.dimensions;
    if (std::count(names.begin(), names.end(), axis_.dimension) < 2) return;
    throw Error(ErrorKind::unsupported,
                fmt::format("{} of {} has the dimension {} more than once, and can't grow along it",
                            variable.path(), options_.store, axis_.dimension));
  }

  // An array that nobody here can write would stay behind.
  void check_all_readable(const ZarrHierarchy& hierarchy) const {
    for (const ZarrNode& node : hierarchy.nodes) {
      if (node.unreadable && node.unreadable->kind == ErrorKind::corrupt) {
        throw Error(
            ErrorKind::corrupt,
            fmt::format("{} of {} is damaged, and may have the dimension {}, too: {}", node.path,
                        options_.store, axis_.dimension, node.unreadable->reason));
      }
      if (!node.unreadable || !node.unreadable->dimension_names) continue;
      const auto& names = *node.unreadable->dimension_names;
      if (std::find(names.begin(), names.end(), axis_.dimension) == names.end()) continue;
      throw Error(ErrorKind::unsupported,
                  fmt::format("{} of {} has the dimension {}, too, and can't be written: {}",
                              node.path, options_.store, axis_.dimension, node.unreadable->reason));
    }
  }

  const AppendOptions& options_;
  const Workplace& workplace_;
  const std::string inputs_hash_;
  std::string on_overlap_;
  // First of all: what is looked at below stays as it is.
  const std::shared_ptr<SharedStore> shared_;
  const Dataset archive_;
  Dataset input_;
  const GrowthAxis axis_;
  GrowthAxis own_axis_;  // the input's: it may be declared in another group there
  bool documents_begun_ = false;
  std::optional<Times> own_times_;
  Array times_;  // the archive's, and behind them the new ones
  std::int64_t old_size_ = 0, new_size_ = 0;
  TimeMerge merge_;
  bool is_rewrite_ = false;
  std::vector<TimeRun> known_;
  std::optional<TimeRun> behind_;
  std::vector<RegionPart> parts_;
  std::vector<std::string> compared_;
  RegionStage stage_;
  AppendRecord record_;
};

}  // namespace

Json append(const AppendOptions& options, const Workplace& workplace) {
  refuse_sample(options.reports);
  return with_retries(options.retries, options.check_variables, workplace.console, [&](bool) {
    auto account = std::make_unique<RunAccount>("append", options.inputs, options.store,
                                                options.reports, options.resources, workplace);
    auto appender = std::make_unique<Appender>(options, account->workplace());
    if (!appender->is_rewrite()) {
      return run_into_archive(*appender, options.dry_run, *account);
    }
    const Dataset archive = appender->archive();
    if (options.out_of_range != "error") {
      throw Error(
          ErrorKind::invalid,
          "--out-of-range clamp and mask, which count, are not of a --rewrite: append times "
          "behind the archive's without it, or give values that have codes");
    }
    const Json about = appender->times_told();
    const Json identities = identities_for_rewrite(options, workplace.files);
    Dataset joined = appender->whole_archive();
    appender.reset();  // its lock is wanted by who replaces the store
    account.reset();
    return rewrite_archive(options, archive, std::move(joined), identities, about, workplace);
  });
}

}  // namespace gridmill
