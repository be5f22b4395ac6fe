#include "gridmill/jobs/compact_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/engine/fate.h"
#include "gridmill/jobs/extract.h"
#include "gridmill/jobs/table_directory.h"
#include "gridmill/jobs/table_folders.h"
#include "gridmill/jobs/table_guard.h"
#include "gridmill/sink/table_merge.h"
#include "gridmill/store/file_store.h"
#include "gridmill/store/folder_swap.h"
#include "gridmill/zarr/edited_store.h"

namespace gridmill {
namespace {

// How much of the record's work a run that dies may leave to the next.
constexpr std::int64_t kRecordEvery_ns = 5'000'000'000;

// Small files of a folder that stand next to each other: [first, last) of its files of that format.
struct SmallFiles {
  TableFormat format = TableFormat::parquet;
  std::size_t first = 0;
  std::size_t last = 0;

  std::span<const SeenFile> of(const TableFolder& folder) const {
    return std::span(folder.files(format)).subspan(first, last - first);
  }
};

struct FolderWork {
  TableFolder folder;
  std::vector<SmallFiles> small;
};

std::int64_t seen_bytes(std::span<const SeenFile> files) {
  std::int64_t bytes = 0;
  for (const SeenFile& file : files) bytes += file.status.size;
  return bytes;
}

// Each of them has a neighbour: one alone can't become larger.
std::vector<SmallFiles> small_files(const TableFolder& folder, std::int64_t target_bytes) {
  std::vector<SmallFiles> found;
  for (const TableFormat format : {TableFormat::parquet, TableFormat::csv}) {
    const std::vector<SeenFile>& files = folder.files(format);
    for (std::size_t first = 0; first < files.size();) {
      const auto end = std::find_if(files.begin() + static_cast<std::ptrdiff_t>(first), files.end(),
                                    [&](const SeenFile& file) {
                                      return file.status.size >= target_bytes - file.status.size;
                                    });
      const auto last = static_cast<std::size_t>(end - files.begin());
      if (last - first >= 2) found.push_back({format, first, last});
      first = last + 1;
    }
  }
  return found;
}

// Names for what becomes of some files, in the order that their rows had: behind the file before
// them and before the one behind. New ones, if there are any between those.
class NewNames {
 public:
  NewNames(const TableFolder& folder, const SmallFiles& small)
      : files_(folder.files(small.format)), small_(small) {
    const std::string& name = files_[small.first].name;
    ending_ = name.substr(name.rfind('.'));
    const std::string stem = name.substr(0, name.size() - ending_.size());
    const std::size_t mark = stem.rfind(kMark);
    if (mark != std::string::npos) {
      std::int64_t number = 0;
      const char* last = stem.data() + stem.size();
      const auto [end, error] = std::from_chars(stem.data() + mark + kMark.size(), last, number);
      const bool is_ours = error == std::errc() && end == last && number >= 0;
      if (is_ours && number < kMostNumber && try_names(stem.substr(0, mark), number + 1)) return;
    }
    (void)try_names(stem, 0);
  }

  std::string operator[](std::int64_t number) const {
    if (stem_) return name_of(*stem_, first_number_ + number);
    // As many as there were files at most: what has more is thrown away.
    const auto at = small_.first + static_cast<std::size_t>(number);
    return at < small_.last ? files_[at].name : fmt::format("surplus-{}{}", number, ending_);
  }

 private:
  static constexpr std::string_view kMark = "-c";
  static constexpr std::int64_t kMostNumber = 100'000;  // five digits
  static constexpr std::size_t kLongestName = 255;

  std::string name_of(const std::string& stem, std::int64_t number) const {
    return fmt::format("{}{}{:05}{}", stem, kMark, number, ending_);
  }

  bool try_names(const std::string& stem, std::int64_t number) {
    const auto count = static_cast<std::int64_t>(small_.last - small_.first);
    if (number > kMostNumber - count) return false;
    const std::string first = name_of(stem, number), last = name_of(stem, number + count - 1);
    const auto by_name = [](const SeenFile& file, const std::string& name) {
      return file.name < name;
    };
    // No name lies from the first to the last of them, and they lie where they should.
    const auto next = std::lower_bound(files_.begin(), files_.end(), first, by_name);
    const bool is_free = last.size() <= kLongestName && (next == files_.end() || next->name > last);
    const auto place = static_cast<std::size_t>(next - files_.begin());
    if (!is_free || place < small_.first || place > small_.last) return false;
    stem_ = stem;
    first_number_ = number;
    return true;
  }

  const std::vector<SeenFile>& files_;
  const SmallFiles small_;
  std::string ending_;
  std::optional<std::string> stem_;  // nullopt: the files' own names
  std::int64_t first_number_ = 0;
};

std::int64_t compact_target(const CompactOptions& options) {
  const std::int64_t bytes = in_context(
      [] { return std::string("--target-size"); },
      [&] { return parse_size(options.target_size.empty() ? kTargetSize : options.target_size); });
  if (bytes > 0) return bytes;
  throw Error(ErrorKind::invalid, "--target-size: a file can't have less than one byte");
}

// The record says of all folders that have been replaced that they have.
void settle_swaps(Files& files, const std::string& root) {
  if (!FolderSwap::is_pending(files, root)) return;
  FolderSwap swap(files, root);
  const std::vector<Json> happened = swap.settle();
  auto record = load_table_record(files, root);
  if (record && !happened.empty()) {
    replace_parts(*record, happened);
    (*record)["target_bytes"] = happened.back().at("target_bytes");
    swap.put(std::string(kTableRecord), as_bytes(dump_json(*record) + "\n"));
  }
  swap.forget();
}

class Compaction {
 public:
  Compaction(const CompactOptions& options, const Workplace& workplace)
      : options_(options),
        workplace_(workplace),
        files_(workplace.files),
        name_(directory_path(options.directory)),
        root_(files_.absolute(name_)),
        target_bytes_(compact_target(options)),
        swap_(files_, root_) {}

  Json run() {
    if (FolderSwap::is_pending(files_, root_)) settle();
    survey();
    if (options_.dry_run) {
      estimate();
    } else if (!work_.empty()) {
      compact();
    }
    return report();
  }

 private:
  void settle() {
    if (options_.dry_run) {
      workplace_.console.warn("a compaction was cut short here, and is not settled yet");
    } else {
      settle_swaps(files_, root_);
      workplace_.console.say("a compaction that was cut short is settled");
    }
  }

  void survey() {
    check_compactable(files_, root_, name_);
    const std::optional<std::vector<std::string>> known = listed_files();
    for (TableFolder& folder : find_table_folders(files_, root_, name_)) {
      ++folders_;
      for (const TableFormat format : {TableFormat::parquet, TableFormat::csv}) {
        files_before_ += std::ssize(folder.files(format));
        bytes_before_ += seen_bytes(folder.files(format));
      }
      std::vector<SmallFiles> small = small_files(folder, target_bytes_);
      if (small.empty()) continue;
      check_folder(folder, known ? &*known : nullptr, name_);
      if (folder.has_folders) {
        workplace_.console.warn(
            fmt::format("{} holds files and folders: its small files stay, because they can't be "
                        "replaced in one step; move them into a folder of their own",
                        place(folder)));
        continue;
      }
      work_.push_back({std::move(folder), std::move(small)});
    }
    files_after_ = files_before_;
    bytes_after_ = bytes_before_;
    for (const FolderWork& work : work_) {
      for (const SmallFiles& small : work.small) check(work.folder, small);
    }
  }

  std::optional<std::vector<std::string>> listed_files() const {
    const auto record = load_table_record(files_, root_);
    if (!record) return std::nullopt;
    std::vector<std::string> paths;
    for (const Json& part : record->at("parts")) paths.push_back(part.at("path"));
    return paths;
  }

  void check(const TableFolder& folder, const SmallFiles& small) {
    check_stop();
    const std::int64_t needed =
        merge_of(small.format).check(inputs_of(folder, small), target_bytes_);
    if (needed <= options_.resources.memory) return;
    throw Error(
        ErrorKind::invalid,
        fmt::format("the files of {} take {} of memory while they are merged: give "
                    "--memory {}M, or a smaller --target-size",
                    place(folder), format_bytes(static_cast<double>(needed)), (needed >> 20) + 1));
  }

  const TableMerge& merge_of(TableFormat format) const {
    return format == TableFormat::parquet ? *parquet_ : *csv_;
  }

  std::string place(const TableFolder& folder) const {
    return folder.path.empty() ? name_ : fmt::format("{}/{}", name_, folder.path);
  }

  std::vector<MergeInput> inputs_of(const TableFolder& folder, const SmallFiles& small) const {
    std::vector<MergeInput> inputs;
    const std::string beside =
        folder.path.empty() ? root_ : fmt::format("{}/{}", root_, folder.path);
    for (const SeenFile& file : small.of(folder)) {
      inputs.push_back({fmt::format("{}/{}", place(folder), file.name), file.status.size,
                        [this, path = fmt::format("{}/{}", beside, file.name)] {
                          return file_reader(files_, path);
                        }});
    }
    return inputs;
  }

  void check_stop() const {
    if (workplace_.stop.stop_requested()) throw Error(ErrorKind::cancelled, "interrupted");
  }

  void estimate() {
    for (const FolderWork& work : work_) {
      std::int64_t merged = 0, made = 0;
      for (const SmallFiles& small : work.small) {
        merged += std::ssize(small.of(work.folder));
        made += std::max<std::int64_t>(
            1, (seen_bytes(small.of(work.folder)) + target_bytes_ / 2) / target_bytes_);
      }
      const std::int64_t bytes = folder_bytes(work.folder);
      add(work.folder, merged, made, bytes, bytes, std::nullopt);
    }
  }

  void compact() {
    last_saved_ns_ = workplace_.clock.monotonic_ns();
    progress_.tasks_total = std::ssize(work_);
    try {
      const Watched watched(workplace_.console, "compacting " + name_, progress_);
      for (const FolderWork& work : work_) {
        compact(work);
        ++progress_.tasks_done;
        if (workplace_.clock.monotonic_ns() - last_saved_ns_ >= kRecordEvery_ns) save();
      }
      save();
    } catch (const Error& error) {
      settle_quietly();
      rethrow_with(error, fmt::format("of {} folders {} are compacted, the others are as they were",
                                      work_.size(), compacted_.size()));
    }
  }

  struct Merged {
    std::vector<SeenFile> goes;
    std::vector<std::pair<std::string, MergeOutput>> came;  // by name
  };

  void compact(const FolderWork& work) {
    const std::string fresh = swap_.begin();
    const auto store = file_store(files_, fresh, Durability::synced);
    Merged merged;
    for (const SmallFiles& small : work.small) merge(work.folder, small, *store, merged);
    if (merged.goes.empty()) return;
    Json note{{"target_bytes", target_bytes_}, {"went", Json::array()}, {"came", Json::array()}};
    std::int64_t bytes = folder_bytes(work.folder) - seen_bytes(merged.goes), rows = 0;
    for (const SeenFile& file : merged.goes) note["went"].push_back(below(work.folder, file.name));
    for (const auto& [name, output] : merged.came) {
      note["came"].push_back(
          part_of_record(below(work.folder, name), output.rows, {output.bytes, output.hash}));
      bytes += output.bytes;
      rows += output.rows;
    }
    swap_.replace(work.folder.path, merged.goes, note);
    add(work.folder, std::ssize(merged.goes), std::ssize(merged.came), folder_bytes(work.folder),
        bytes, rows);
  }

  // What gains nothing stays.
  void merge(const TableFolder& folder, const SmallFiles& small, Store& store, Merged& merged) {
    const auto inputs = inputs_of(folder, small);
    const NewNames names(folder, small);
    const auto written =
        merge_of(small.format)
            .merge(
                inputs, target_bytes_,
                [&](std::int64_t number) { return store.writer(Key(names[number])); },
                [&](std::int64_t bytes) {
                  progress_.bytes_fetched += bytes;
                  check_stop();
                });
    const bool gains = written.size() < inputs.size();
    for (std::size_t i = 0; i < written.size(); ++i) {
      const std::string name = names[static_cast<std::int64_t>(i)];
      progress_.bytes_written += written[i].bytes;
      if (gains) {
        merged.came.emplace_back(name, written[i]);
      } else {
        (void)store.remove(Key(name));
      }
    }
    if (!gains) return;
    const auto goes = small.of(folder);
    merged.goes.insert(merged.goes.end(), goes.begin(), goes.end());
  }

  static std::string below(const TableFolder& folder, const std::string& name) {
    return folder.path.empty() ? name : fmt::format("{}/{}", folder.path, name);
  }

  static std::int64_t folder_bytes(const TableFolder& folder) {
    return seen_bytes(folder.parquets) + seen_bytes(folder.csvs);
  }

  void save() {
    settle_swaps(files_, root_);
    last_saved_ns_ = workplace_.clock.monotonic_ns();
  }

  void settle_quietly() {
    try {
      settle_swaps(files_, root_);
    } catch (const Error&) {
      return;  // the next run does it; the error that led here is the one to tell
    }
  }

  void add(const TableFolder& folder, std::int64_t merged, std::int64_t made, std::int64_t bytes,
           std::int64_t bytes_after, std::optional<std::int64_t> rows) {
    const std::int64_t files = std::ssize(folder.parquets) + std::ssize(folder.csvs);
    files_after_ += made - merged;
    bytes_after_ += bytes_after - bytes;
    compacted_.push_back({{"folder", folder.path},
                          {"files_before", files},
                          {"files_after", files - merged + made},
                          {"bytes_before", bytes},
                          {"bytes_after", bytes_after},
                          {"files_merged", merged},
                          {"rows", rows ? Json(*rows) : Json()}});
  }

  Json report() const {
    return {{"table", name_},
            {"target_bytes", target_bytes_},
            {"dry_run", options_.dry_run},
            {"folders", folders_},
            {"files_before", files_before_},
            {"files_after", files_after_},
            {"bytes_before", bytes_before_},
            {"bytes_after", bytes_after_},
            {"compacted", compacted_}};
  }

  const CompactOptions& options_;
  const Workplace& workplace_;
  Files& files_;
  const std::string name_;
  const std::string root_;
  const std::int64_t target_bytes_;
  const std::unique_ptr<TableMerge> parquet_ = parquet_merge();
  const std::unique_ptr<TableMerge> csv_ = csv_merge();
  FolderSwap swap_;
  std::vector<FolderWork> work_;
  std::int64_t last_saved_ns_ = 0;
  Progress progress_;
  Json compacted_ = Json::array();
  std::int64_t folders_ = 0;
  std::int64_t files_before_ = 0, files_after_ = 0;
  std::int64_t bytes_before_ = 0, bytes_after_ = 0;
};

}  // namespace

Json compact_table(const CompactOptions& options, const Workplace& workplace) {
  Files& files = workplace.files;
  const std::string root = files.absolute(directory_path(options.directory));
  const bool is_there = files.status(root) || FolderSwap::is_pending(files, root);
  const EditorsLock alone(files, root, is_there && !options.dry_run);
  return Compaction(options, workplace).run();
}

std::string compact_text(const Json& report) {
  const auto count = [&](const char* name) {
    return format_count(report.at(name).get<std::int64_t>());
  };
  const std::string table = report.at("table").get<std::string>();
  if (report.at("compacted").empty()) {
    return fmt::format(
        "{}: nothing to do: no files below {} stand next to each other (files: {}, "
        "folders: {})\n",
        table, format_bytes(report.at("target_bytes").get<double>() / 2), count("files_before"),
        count("folders"));
  }
  const bool is_dry = report.at("dry_run").get<bool>();
  std::string text = fmt::format(
      "{}: {} files {} {}, in {} of {} folders", table, count("files_before"),
      is_dry ? "would become about" : "became", count("files_after"),
      format_count(static_cast<std::int64_t>(report.at("compacted").size())), count("folders"));
  if (is_dry) return text + "\n";
  std::int64_t rows = 0;
  for (const Json& folder : report.at("compacted")) rows += folder.at("rows").get<std::int64_t>();
  return text + fmt::format("; {} became {}, {} rows were merged\n",
                            format_bytes(report.at("bytes_before").get<double>()),
                            format_bytes(report.at("bytes_after").get<double>()),
                            format_count(rows));
}

void settle_compaction(Files& files, const std::string& directory) {
  const std::string root = files.absolute(directory_path(directory));
  if (!FolderSwap::is_pending(files, root)) return;
  const EditorsLock alone(files, root, true);
  settle_swaps(files, root);
}

}  // namespace gridmill
