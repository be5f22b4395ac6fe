#include "gridmill/jobs/cache_entries.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/system/clock.h"

namespace gridmill {
namespace {

// A writer that is at work has written within this.
constexpr std::int64_t kUnfinishedNs = std::int64_t{24} * 3600 * 1'000'000'000;
constexpr std::size_t kMostNamed = 20;
constexpr const char* kNoHead = "(nobody knows: the head is bad)";

struct Sum {
  std::int64_t entries = 0;
  std::int64_t bytes = 0;
  std::int64_t used_ns = 0;  // the latest
};

// Of one cache directory.
class Housekeeping {
 public:
  Housekeeping(const CacheEntriesOptions& options, const Workplace& workplace,
               std::string directory)
      : options_(options),
        workplace_(workplace),
        directory_(std::move(directory)),
        now_ns_(workplace.clock.wall_ns()),
        found_(cache_files(workplace.files, directory_)) {
    std::erase_if(found_, [&](const CacheFile& file) {
      return options_.kind && file.kind != *options_.kind;
    });
  }

  void look(Json& report) {
    for (const CacheFile& file : found_) {
      if (!file.is_unfinished) look_at(file);
    }
    for (const auto& [name, sum] : sums_) {
      const std::int64_t age_ns = std::max<std::int64_t>(0, now_ns_ - sum.used_ns);
      report["sources"].push_back({{"directory", directory_},
                                   {"kind", name.first},
                                   {"source", name.second},
                                   {"entries", sum.entries},
                                   {"bytes", sum.bytes},
                                   {"age_seconds", seconds_of(age_ns)}});
    }
    add(report, "entries", entries_);
    add(report, "bytes", bytes_);
    for (const Json& bad : bad_) report["bad"].push_back(bad);
    if (options_.task == CacheTask::gc) clean(report);
  }

 private:
  bool reads_all() const {
    return options_.task == CacheTask::verify || (options_.task == CacheTask::gc && options_.bad);
  }

  static void add(Json& report, const char* name, std::int64_t more) {
    report[name] = report.value(name, std::int64_t{0}) + more;
  }

  void look_at(const CacheFile& file) {
    CacheName name{kNoHead, "", ""};
    try {
      const auto entry = CacheEntry::open(workplace_.files, file.path);
      if (entry == nullptr) return;  // it has gone since
      if (file.path != entry_path(directory_, file.kind, entry->head().digest)) {
        throw Error(ErrorKind::corrupt, "it is the entry of something else");
      }
      name = entry->head().name;
      if (reads_all()) entry->check();
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::corrupt) throw;
      bad_paths_.insert(file.path);
      bad_.push_back({{"path", file.path},
                      {"source", name.source},
                      {"key", name.key},
                      {"why", error.message()}});
    }
    Sum& sum = sums_[{std::string(name_of(file.kind)), name.source}];
    ++sum.entries;
    sum.bytes += file.size;
    sum.used_ns = std::max(sum.used_ns, file.used_ns);
    ++entries_;
    bytes_ += file.size;
  }

  void clean(Json& report) {
    std::int64_t left = bytes_;
    std::int64_t removed = 0, removed_bytes = 0;
    for (const CacheFile& file : found_) {  // those used longest ago first
      if (!goes(file, left)) continue;
      if (!options_.dry_run) workplace_.files.remove_file(file.path);
      if (!file.is_unfinished) left -= file.size;
      ++removed;
      removed_bytes += file.size;
    }
    add(report, "removed", removed);
    add(report, "removed_bytes", removed_bytes);
  }

  bool goes(const CacheFile& file, std::int64_t left) const {
    const std::int64_t age_ns = now_ns_ - file.used_ns;
    if (file.is_unfinished) return age_ns > kUnfinishedNs;
    if (options_.bad && bad_paths_.contains(file.path)) return true;
    if (options_.older_than_ns > 0 && age_ns > options_.older_than_ns) return true;
    return options_.to_size && left > *options_.to_size;
  }

  const CacheEntriesOptions& options_;
  const Workplace& workplace_;
  const std::string directory_;
  const std::int64_t now_ns_;
  std::vector<CacheFile> found_;
  std::map<std::pair<std::string, std::string>, Sum> sums_;
  std::set<std::string> bad_paths_;
  std::vector<Json> bad_;
  std::int64_t entries_ = 0;
  std::int64_t bytes_ = 0;
};

std::string source_line(const Json& source) {
  return fmt::format("{:<7} {:>8}  {:>10}  {:>12}  {}\n", source.value("kind", ""),
                     format_count(source.value("entries", std::int64_t{0})),
                     format_bytes(source.value("bytes", 0.0)),
                     format_duration(source.value("age_seconds", 0.0)), source.value("source", ""));
}

std::string bad_lines(const Json& report, const CacheEntriesOptions& options) {
  const Json& bad = report["bad"];
  if (bad.empty()) return "";
  std::string text;
  for (std::size_t i = 0; i < std::min(bad.size(), kMostNamed); ++i) {
    const std::string key = bad[i].value("key", "");
    text +=
        fmt::format("bad: {} ({}{}{}): {}\n", bad[i].value("path", ""), bad[i].value("source", ""),
                    key.empty() ? "" : "#/", key, bad[i].value("why", ""));
  }
  if (bad.size() > kMostNamed) text += fmt::format("and {} more\n", bad.size() - kMostNamed);
  if (options.task != CacheTask::gc) {
    text +=
        fmt::format("a run would fetch {} again; to remove {} now: gridmill cache gc {} --bad\n",
                    bad.size() == 1 ? "it" : "them", bad.size() == 1 ? "it" : "them",
                    join(options.directories, " "));
  }
  return text;
}

}  // namespace

Json look_after_entries(const CacheEntriesOptions& options, const Workplace& workplace) {
  const bool knows_what_goes = options.to_size || options.older_than_ns > 0 || options.bad;
  if (options.task == CacheTask::gc && !knows_what_goes) {
    throw Error(ErrorKind::invalid,
                "say what goes: --to-size SIZE (0: everything), --older-than AGE or --bad");
  }
  Json report{{"kind", options.kind ? std::string(name_of(*options.kind)) : "chunks, steps"},
              {"directories", options.directories},
              {"entries", 0},
              {"bytes", 0},
              {"sources", Json::array()},
              {"bad", Json::array()},
              {"removed", 0},
              {"removed_bytes", 0}};
  std::set<std::string> seen;
  for (const std::string& directory : options.directories) {
    const std::string path = workplace.files.absolute(directory);
    if (!is_cache_directory(workplace.files, path)) {
      throw Error(ErrorKind::not_found,
                  fmt::format("there is no cache at {}: name the folder that --cache was given",
                              directory));
    }
    if (seen.insert(path).second) Housekeeping(options, workplace, path).look(report);
  }
  return report;
}

std::string cache_entries_text(const Json& report, const CacheEntriesOptions& options) {
  std::string text;
  for (const Json& source : report["sources"]) text += source_line(source);
  text += bad_lines(report, options);
  const auto entries = report.value("entries", std::int64_t{0});
  text += fmt::format("{} {}, {}", format_count(entries), entries == 1 ? "entry" : "entries",
                      format_bytes(report.value("bytes", 0.0)));
  if (options.task == CacheTask::verify) text += fmt::format(", {} bad", report["bad"].size());
  if (options.task == CacheTask::gc) {
    text += fmt::format(", {} of {} {}", format_count(report.value("removed", std::int64_t{0})),
                        format_bytes(report.value("removed_bytes", 0.0)),
                        options.dry_run ? "would be removed" : "removed");
  }
  return text + "\n";
}

}  // namespace gridmill
