#include "gridmill/jobs/rolling_archive.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/dataset/cycle_format.h"
#include "gridmill/jobs/append_record.h"
#include "gridmill/jobs/retention.h"
#include "gridmill/store/discards.h"
#include "gridmill/store/file_store.h"
#include "gridmill/store/stage.h"
#include "gridmill/store/zip_store.h"
#include "gridmill/zarr/documents.h"
#include "gridmill/zarr/edit_hierarchy.h"
#include "gridmill/zarr/edited_store.h"
#include "gridmill/zarr/hierarchy.h"

namespace gridmill {
namespace {

std::string without_slashes(std::string path) {
  while (path.starts_with('/')) path.erase(0, 1);
  while (path.ends_with('/')) path.pop_back();
  return path;
}

std::string parent_group(const RollingArchiveOptions& options, const Location& location) {
  const std::string given = without_slashes(options.group);
  if (given.empty() || location.node.empty()) return given.empty() ? location.node : given;
  throw Error(ErrorKind::invalid,
              fmt::format("{} names the cycles' parent, and so does --group: leave one of them out",
                          location.text()));
}

Instant time_of_now(const RollingArchiveOptions& options, const Clock& clock) {
  if (options.now.empty()) return clock.wall_ns() / 1'000'000'000 * kSecond_us;
  if (const auto time = parse_utc(options.now)) return *time;
  throw Error(
      ErrorKind::invalid,
      fmt::format("--now {} is no time: write for example 2026-01-31T06:00:00Z", options.now));
}

void check_rules(const RollingArchiveOptions& options) {
  if (options.keep_us <= 0) {
    throw Error(ErrorKind::invalid,
                "--keep is how old a cycle may become, and must be longer than nothing: 24h, 7d");
  }
  if (options.min_groups < 0) {
    throw Error(ErrorKind::invalid,
                fmt::format("--min-groups {}: so few can't be kept", options.min_groups));
  }
  if (options.format.empty() && options.time_attribute.empty()) {
    throw Error(ErrorKind::invalid,
                "which groups are cycles? Give --format, the form of their names ('%Y%m%dT%H'), or "
                "--time-attribute, the attribute that holds their time");
  }
}

// A store that can be rearranged now; what a run of `append` has noted there must stay true.
std::unique_ptr<Store> open_for_rolling(const Location& location, const Workplace& workplace) {
  if (is_zip_name(location.path)) {
    throw Error(ErrorKind::unsupported,
                fmt::format("{}: a zip file is written once, as a whole: convert it into a folder",
                            location.path));
  }
  refuse_inside_of_store(location, workplace.files);
  auto store = open_store(workplace.files, location, Durability::synced);
  if (!zarr_format_at(*store)) {
    throw Error(ErrorKind::not_found, fmt::format("there is no Zarr store at {}", location.path));
  }
  return store;
}

void check_no_append(Store& store, const Location& location) {
  if (!has_record(store)) return;
  throw Error(
      ErrorKind::conflict,
      fmt::format("an append into {} died: run it again first, which settles it", location.path));
}

bool is_half_document(const std::string& name) {
  const bool is_document = name.starts_with(".zarr.json.") || name.starts_with("..zmetadata.") ||
                           name.starts_with(".manifest.");
  return is_document && name.ends_with(".partial");
}

class RollingArchive {
 public:
  RollingArchive(const RollingArchiveOptions& options, const Workplace& workplace)
      : options_(options),
        workplace_(workplace),
        location_(parse_location(options.store)),
        parent_(parent_group(options, location_)),
        store_(open_for_rolling(location_, workplace)),
        alone_(workplace.files, location_.path, !options.dry_run),
        companion_(open_companion(workplace.files, location_)),
        discards_(workplace.files, workplace.files.absolute(location_.path)),
        editor_(*store_, 0, [this] { return may_change(); }) {
    if (!options.format.empty()) format_ = CycleFormat::parse(options.format);
    check_no_append(*store_, location_);
    check_parent();
    rules_ = {time_of_now(options, workplace.clock), options.keep_us, options.min_groups,
              just_written()};
    find_cycles();
    for (CycleVerdict& verdict : judge_cycles(std::move(cycles_), rules_)) note(std::move(verdict));
  }

  void carry_out() {
    clear_half_documents();
    if (!removed_.empty()) remove_cycles();
    if (workplace_.stop.stop_requested()) {
      throw Error(ErrorKind::cancelled,
                  fmt::format("what is removed from {} is not all deleted yet: the same command "
                              "goes on",
                              location_.path));
    }
    discards_.clear();
  }

  std::int64_t bytes_left() const { return discards_.bytes(); }

  Json report() const {
    Json removed = Json::array(), kept = Json::array(), failed = Json::array();
    std::int64_t freed = 0;
    for (const CycleVerdict& verdict : kept_) kept.push_back(row_of(verdict, verdict.why));
    for (const CycleVerdict& verdict : removed_) {
      const auto failure = failures_.find(verdict.cycle.group);
      if (failure != failures_.end()) {
        failed.push_back(row_of(verdict, failure->second));
        continue;
      }
      Json row = row_of(verdict, verdict.why);
      const Size& size = sizes_.at(verdict.cycle.group);
      row["keys"] = size.keys;
      row["bytes"] = size.bytes;
      freed += size.bytes;
      removed.push_back(std::move(row));
    }
    return {{"archive", location_.path},
            {"group", "/" + parent_},
            {"format", options_.format.empty() ? Json() : Json(options_.format)},
            {"time_attribute",
             options_.time_attribute.empty() ? Json() : Json(options_.time_attribute)},
            {"now", utc_iso_text(rules_.now)},
            {"cutoff", utc_iso_text(rules_.cutoff())},
            {"kept", std::move(kept)},
            {"removed", std::move(removed)},
            {"ignored", ignored_},
            {"failed", std::move(failed)},
            {"bytes_freed", freed}};
  }

 private:
  struct Size {
    std::int64_t keys = 0, bytes = 0;
  };

  bool may_change() {
    if (!options_.dry_run && manifest_) manifest_->take_away();
    return !options_.dry_run;
  }

  void check_parent() {
    const auto node = editor_.node_at(Key(parent_).text());
    if (!node) {
      throw Error(ErrorKind::not_found,
                  fmt::format("there is no group {} in {}", parent_, location_.path));
    }
    if (node->is_array()) {
      throw Error(ErrorKind::invalid,
                  fmt::format("{} of {} is an array: cycles are groups below a group",
                              parent_.empty() ? "the root" : parent_, location_.path));
    }
  }

  // Of runs that were killed while they put a document: what this verb puts, and where.
  void clear_half_documents() const {
    const std::string path = workplace_.files.absolute(location_.path);
    std::vector<std::string> folders{companion_path(path), path};
    for (std::string group = parent_; !group.empty(); group = parent_of(group)) {
      folders.push_back(path + "/" + group);
    }
    for (const std::string& folder : folders) {
      for (const DirectoryEntry& entry : workplace_.files.list(folder)) {
        if (is_half_document(entry.name)) workplace_.files.remove_file(folder + "/" + entry.name);
      }
    }
  }

  // A name that is not there is a mistake that could cost the group that was meant.
  std::set<std::string> just_written() {
    std::set<std::string> paths;
    for (const std::string& given : options_.just_written) {
      const std::string name = without_slashes(given);
      const bool is_path = !parent_.empty() && name.starts_with(parent_ + "/");
      const std::string path = is_path ? name : node_path(parent_, name);
      if (name.empty() || !editor_.node_at(Key(path).text())) {
        throw Error(ErrorKind::not_found,
                    fmt::format("--just-written {}: there is no group {} in {}", given, path,
                                location_.path));
      }
      paths.insert(cycle_around(path));
    }
    return paths;
  }

  // Of what lies below the parent: the group right below it.
  std::string cycle_around(const std::string& path) const {
    const std::size_t begin = parent_.empty() ? 0 : parent_.size() + 1;
    return path.substr(0, path.find('/', begin));
  }

  void find_cycles() {
    for (const StoredNode& node : editor_.children(parent_)) {
      const std::string name = node.path.substr(node.path.rfind('/') + 1);
      std::string why_not;
      const auto time = time_of(node, name, why_not);
      if (time) {
        cycles_.push_back({node.path, *time});
      } else {
        ignored_.push_back({{"group", "/" + node.path}, {"why", why_not}});
      }
    }
  }

  // nullopt: it is no cycle.
  std::optional<Instant> time_of(const StoredNode& node, const std::string& name,
                                 std::string& why_not) const {
    if (node.is_array()) {
      why_not = "an array";
      return std::nullopt;
    }
    const auto named = format_ ? format_->read(name) : std::nullopt;
    if (format_ && !named) {
      why_not = fmt::format("its name is no time as {}", options_.format);
      return std::nullopt;
    }
    return options_.time_attribute.empty() ? named : attributed_time(node, why_not);
  }

  std::optional<Instant> attributed_time(const StoredNode& node, std::string& why_not) const {
    const Json attributes = node.attributes();
    const bool has = attributes.is_object() && attributes.contains(options_.time_attribute);
    const Json value = has ? attributes[options_.time_attribute] : Json();
    const auto time = value.is_string() ? parse_utc(value.get<std::string>()) : std::nullopt;
    if (!time) {
      why_not = has ? fmt::format("its {} is {}, no time of ISO 8601", options_.time_attribute,
                                  dump_json(value, -1))
                    : fmt::format("it has no {}", options_.time_attribute);
    }
    return time;
  }

  void note(CycleVerdict verdict) {
    const std::string& group = verdict.cycle.group;
    if (verdict.is_in_the_future) {
      workplace_.console.warn(fmt::format("{} of {} is in the future: {}", group, location_.path,
                                          utc_iso_text(verdict.cycle.time)));
    }
    if (verdict.is_kept) {
      kept_.push_back(std::move(verdict));
      return;
    }
    Size& size = sizes_[group];
    store_->list(Key(group), [&](const ListEntry& entry) {
      ++size.keys;
      size.bytes += entry.size;
    });
    removed_.push_back(std::move(verdict));
  }

  // What can't be moved out is listed again.
  void remove_cycles() {
    manifest_.emplace(*store_, *companion_);
    std::vector<std::string> groups, still_there;
    for (const CycleVerdict& verdict : removed_) groups.push_back(verdict.cycle.group);
    editor_.unlist(groups);
    for (const std::string& group : groups) {
      if (!take(group)) still_there.push_back(group);
    }
    editor_.list(still_there);
    manifest_->save([&](const std::string& key) { return is_gone(key) ? std::string() : key; });
  }

  // An error after the deed (a server whose reply was lost) is none.
  bool take(const std::string& group) {
    try {
      discards_.take(Key(group));
    } catch (const Error& error) {
      if (!editor_.node_at(group)) return true;
      failures_[group] = error.what();
      return false;
    }
    return true;
  }

  bool is_gone(const std::string& key) const {
    const std::size_t begin = parent_.empty() ? 0 : parent_.size() + 1;
    if (key.size() <= begin || !key.starts_with(parent_)) return false;
    const std::string group = cycle_around(key);
    return group.size() < key.size() && sizes_.contains(group) && !failures_.contains(group);
  }

  Json row_of(const CycleVerdict& verdict, const std::string& why) const {
    return {{"group", "/" + verdict.cycle.group},
            {"time", utc_iso_text(verdict.cycle.time)},
            {"age", (rules_.now - verdict.cycle.time) / kSecond_us},
            {"why", why}};
  }

  const RollingArchiveOptions& options_;
  const Workplace& workplace_;
  const Location location_;
  const std::string parent_;
  const std::unique_ptr<Store> store_;
  // Before anything of the store is looked at: what is seen below stays as it is.
  const EditorsLock alone_;
  const std::unique_ptr<Store> companion_;
  Discards discards_;
  std::optional<EditedManifest> manifest_;
  HierarchyEditor editor_;
  std::optional<CycleFormat> format_;
  RetentionRules rules_;
  std::vector<Cycle> cycles_;
  Json ignored_ = Json::array();
  std::vector<CycleVerdict> kept_, removed_;
  std::map<std::string, Size> sizes_;            // of what is removed
  std::map<std::string, std::string> failures_;  // why it is still there
};

std::string rows_text(const Json& report, const char* list, const char* word, std::size_t width) {
  std::string text;
  for (const Json& row : report[list]) {
    const auto age = row["age"].get<double>();
    const std::string size =
        row.contains("bytes") ? fmt::format(", {}", format_bytes(row["bytes"].get<double>())) : "";
    text +=
        fmt::format("{:<8} {:<{}}  {}  {:>11} {}  {}{}\n", word, row["group"].get<std::string>(),
                    width, row["time"].get<std::string>(), format_duration(age < 0 ? -age : age),
                    age < 0 ? "to go" : "old", row["why"].get<std::string>(), size);
  }
  return text;
}

}  // namespace

Json roll_archive(const RollingArchiveOptions& options, const Workplace& workplace) {
  check_rules(options);
  RollingArchive archive(options, workplace);
  const std::int64_t cleared = archive.bytes_left();
  if (!options.dry_run) archive.carry_out();
  Json report = archive.report();
  report["bytes_cleared"] = cleared;
  report["dry_run"] = options.dry_run;
  return report;
}

std::string rolling_archive_text(const Json& report) {
  const bool is_dry = report["dry_run"].get<bool>();
  std::size_t width = 0;
  for (const char* list : {"kept", "removed", "failed"}) {
    for (const Json& row : report[list]) {
      width = std::max(width, row["group"].get_ref<const std::string&>().size());
    }
  }
  std::string text = rows_text(report, "removed", is_dry ? "to go" : "removed", width) +
                     rows_text(report, "failed", "failed", width) +
                     rows_text(report, "kept", "kept", width);
  const std::string group = report["group"].get<std::string>();
  text += fmt::format("{}{}: {} {}removed ({}), {} kept, {} other nodes left alone; cutoff {}\n",
                      report["archive"].get<std::string>(), group == "/" ? "" : "#" + group,
                      report["removed"].size(), is_dry ? "to be " : "",
                      format_bytes(report["bytes_freed"].get<double>()), report["kept"].size(),
                      report["ignored"].size(), report["cutoff"].get<std::string>());
  if (!report["failed"].empty()) {
    text += fmt::format("{} could not be removed: the same command tries again\n",
                        report["failed"].size());
  }
  return text;
}

}  // namespace gridmill
