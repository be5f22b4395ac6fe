#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "gridmill/base/error.h"
#include "gridmill/base/json.h"
#include "gridmill/sink/parquet_input.h"
#include "gridmill/sink/part_writer.h"
#include "gridmill/sink/table_merge.h"

namespace gridmill {
namespace {

// Where a table of ours says where its values come from.
constexpr const char* kProvenance = "gridmill";
constexpr const char* kInputs = "inputs";
constexpr std::size_t kMostDifferences = 6;
// Taken between two looks at whether to stop, and at what texts take.
// Long texts that a dictionary stores are known by their numbers only: a few rows at a time.
constexpr std::int64_t kRowsAtOnce = std::int64_t{1} << 12;

using Notes = std::map<std::string, std::string>;

std::string shown(const Notes& notes, const std::string& name) {
  constexpr std::size_t kLongest = 60;
  const auto found = notes.find(name);
  if (found == notes.end()) return "nothing";
  const std::string& text = found->second;
  return fmt::format("\"{}{}\"", text.substr(0, kLongest), text.size() > kLongest ? "..." : "");
}

// What two files say differently of themselves or of their columns.
class Differences {
 public:
  void compare(const ParquetInput& a, const ParquetInput& b) {
    const auto first = names_of(a), second = names_of(b);
    if (first == second) {
      for (std::size_t i = 0; i < first.size(); ++i) compare(a.fields()[i], b.fields()[i]);
      return;
    }
    tell_missing(first, second, b.name());
    tell_missing(second, first, a.name());
    if (!told_.empty()) return;
    told_.push_back(fmt::format("the columns are in another order: {} and {}",
                                fmt::join(first, ", "), fmt::join(second, ", ")));
  }

  void compare(const std::string& of, const Notes& a, const Notes& b) {
    std::set<std::string> names;
    for (const Notes* notes : {&a, &b}) {
      for (const auto& [name, value] : *notes) names.insert(name);
    }
    for (const std::string& name : names) {
      const auto x = a.find(name), y = b.find(name);
      if (x != a.end() && y != b.end() && x->second == y->second) continue;
      told_.push_back(fmt::format("{}: {} is {} and {}", of, name, shown(a, name), shown(b, name)));
    }
  }

  // Throws if there are any.
  void tell(const ParquetInput& a, const ParquetInput& b) const {
    if (told_.empty()) return;
    const std::size_t some = std::min(told_.size(), kMostDifferences);
    std::string text = fmt::format("{}", fmt::join(told_.begin(), told_.begin() + some, "; "));
    if (some < told_.size()) text += fmt::format("; and {} more", told_.size() - some);
    throw Error(ErrorKind::corrupt,
                fmt::format("{} and {} can't become one file, because they differ: {}; make them "
                            "alike, or move one of them to another table",
                            a.name(), b.name(), text));
  }

 private:
  static std::vector<std::string> names_of(const ParquetInput& input) {
    std::vector<std::string> names;
    for (const ParquetField& field : input.fields()) names.push_back(field.name);
    return names;
  }

  void compare(const ParquetField& a, const ParquetField& b) {
    if (a.type != b.type) {
      told_.push_back(fmt::format("column {}: {} and {}", a.name, a.type, b.type));
    } else if (a.stored != b.stored) {
      told_.push_back(fmt::format("column {}: stored as {} and as {}", a.name, a.stored, b.stored));
    }
    compare("column " + a.name, {a.notes.begin(), a.notes.end()}, {b.notes.begin(), b.notes.end()});
  }

  void tell_missing(const std::vector<std::string>& from, const std::vector<std::string>& in,
                    const std::string& path) {
    for (const std::string& name : from) {
      if (std::find(in.begin(), in.end(), name) != in.end()) continue;
      told_.push_back(fmt::format("column {} is not in {}", name, path));
    }
  }

  std::vector<std::string> told_;
};

// What is said of the files' origin, and can be said of several: the inputs are taken out.
std::optional<Json> take_provenance(Notes& notes, std::vector<std::string>& inputs) {
  const auto found = notes.find(kProvenance);
  if (found == notes.end()) return std::nullopt;
  try {
    Json document = parse_json(found->second);
    inputs = document.at(kInputs).get<std::vector<std::string>>();
    document.erase(kInputs);
    notes.erase(found);
    return document;
  } catch (const Json::exception&) {
    return std::nullopt;
  } catch (const Error&) {
    return std::nullopt;
  }
}

// What all of the files say of themselves.
class CommonNotes {
 public:
  explicit CommonNotes(const ParquetInput& first) : notes_(notes_of_file(first)) {
    std::vector<std::string> inputs;
    provenance_ = take_provenance(notes_, inputs);
    add(inputs);
    is_joined_ = false;
  }

  void add(const ParquetInput& input, Differences& differences) {
    Notes notes = notes_of_file(input);
    std::vector<std::string> inputs;
    Notes rest = notes;
    if (take_provenance(rest, inputs) == provenance_) {
      add(inputs);
      differences.compare("the file", notes_, rest);
    } else {
      differences.compare("the file", whole(), notes);
    }
  }

  // Those that differ from the first file's.
  TableNotes changed() const {
    if (!is_joined_) return {};
    return {{kProvenance, text()}};
  }

 private:
  static Notes notes_of_file(const ParquetInput& input) {
    return {input.notes().begin(), input.notes().end()};
  }

  void add(const std::vector<std::string>& inputs) {
    for (const std::string& input : inputs) {
      if (!known_.insert(input).second) continue;
      inputs_.push_back(input);
      is_joined_ = true;
    }
  }

  std::string text() const {
    Json document = *provenance_;
    document[kInputs] = inputs_;
    return dump_json(document, -1);
  }

  Notes whole() const {
    Notes notes = notes_;
    if (provenance_) notes[kProvenance] = text();
    return notes;
  }

  Notes notes_;  // but for the provenance
  std::optional<Json> provenance_;
  std::vector<std::string> inputs_;
  std::set<std::string> known_;
  bool is_joined_ = false;  // a file has named inputs that the first one doesn't
};

struct ParquetSurvey {
  std::int64_t rows = 0;
  std::int64_t row_bytes = 1;
  std::int64_t held_bytes = 0;
  std::size_t columns = 0;
  std::size_t like = 0;  // the first file that has rows
  TableNotes notes;
};

ParquetInput open_parquet(const MergeInput& input) {
  return ParquetInput(input.path, open_input(input));
}

ParquetSurvey survey_of(std::span<const MergeInput> inputs) {
  const ParquetInput first = open_parquet(inputs[0]);
  CommonNotes notes(first);
  ParquetSurvey survey;
  survey.columns = first.fields().size();
  const auto take = [&](const ParquetInput& input, std::size_t number) {
    if (survey.rows == 0) survey.like = number;
    survey.rows += input.rows();
    survey.row_bytes = std::max(survey.row_bytes, input.row_bytes());
    survey.held_bytes = std::max(survey.held_bytes, input.held_bytes());
  };
  take(first, 0);
  for (std::size_t i = 1; i < inputs.size(); ++i) {
    const ParquetInput input = open_parquet(inputs[i]);
    Differences differences;
    differences.compare(first, input);
    notes.add(input, differences);
    differences.tell(first, input);
    take(input, i);
  }
  survey.notes = notes.changed();
  return survey;
}

// Rows that come from many files and go to fewer.
class MergedFiles {
 public:
  MergedFiles(const ParquetInput& like, const ParquetSurvey& survey, std::int64_t target_bytes,
              const TableMerge::OpenOutput& open)
      : like_(like),
        survey_(survey),
        target_bytes_(target_bytes),
        group_bytes_(part_group_bytes(target_bytes)),
        group_rows_(row_group_rows(group_bytes_, survey.row_bytes)),
        open_(open),
        rows_left_(survey.rows) {}

  std::int64_t room() const { return std::min(kRowsAtOnce, group_rows_ - gathered_); }

  void take(ParquetInput& from, std::int64_t rows) {
    if (!file_) begin_file();
    const std::int64_t bytes = file_->copy.gather(from, rows);
    gathered_ += rows;
    // Of texts it is only known by now what they take.
    if (gathered_ == group_rows_ || bytes >= 2 * group_bytes_) end_group();
  }

  std::vector<MergeOutput> finish() {
    if (rows_left_ != gathered_) {
      throw Error(
          ErrorKind::conflict,
          fmt::format("{} or a file beside it has changed while it was merged", like_.name()));
    }
    if (gathered_ > 0) end_group();
    if (written_.empty() && !file_) begin_file();  // of files without rows one is left
    if (file_) end_file();
    return std::move(written_);
  }

 private:
  struct File {
    File(const ParquetInput& like, const TableNotes& notes, std::int64_t group_bytes,
         std::int64_t group_rows, std::unique_ptr<ValueWriter> to)
        : writer(std::move(to)), copy(like, notes, group_bytes, group_rows, [this](ByteView bytes) {
            writer->append(bytes);
            hasher.add(bytes);
          }) {}
    std::unique_ptr<ValueWriter> writer;
    Hasher hasher;
    std::int64_t rows = 0;
    ParquetCopy copy;
  };

  void begin_file() {
    file_ = std::make_unique<File>(like_, survey_.notes, group_bytes_, group_rows_,
                                   open_(std::ssize(written_)));
  }

  void end_group() {
    const std::int64_t before = file_->copy.bytes();
    file_->copy.end_group();
    file_->rows += gathered_;
    rows_left_ -= gathered_;
    gathered_ = 0;
    const PartFill fill{file_->copy.bytes(), file_->rows, file_->copy.bytes() - before, rows_left_};
    if (is_part_full(fill, target_bytes_)) end_file();
  }

  void end_file() {
    file_->copy.close();
    (void)file_->writer->commit();
    written_.push_back({file_->rows, file_->copy.bytes(), file_->hasher.result()});
    file_.reset();
  }

  const ParquetInput& like_;
  const ParquetSurvey& survey_;
  const std::int64_t target_bytes_;
  const std::int64_t group_bytes_;
  const std::int64_t group_rows_;
  const TableMerge::OpenOutput& open_;
  std::int64_t rows_left_;  // not yet in a row group
  std::int64_t gathered_ = 0;
  std::unique_ptr<File> file_;
  std::vector<MergeOutput> written_;
};

class ParquetMerge final : public TableMerge {
 public:
  std::int64_t check(std::span<const MergeInput> inputs, std::int64_t target_bytes) const override {
    const ParquetSurvey survey = survey_of(inputs);
    const std::int64_t group_bytes = part_group_bytes(target_bytes);
    // What Arrow would store otherwise is refused now.
    const ParquetInput like = open_parquet(inputs[survey.like]);
    (void)ParquetCopy(like, survey.notes, group_bytes,
                      row_group_rows(group_bytes, survey.row_bytes), [](ByteView) {});
    return parquet_memory(group_bytes, static_cast<std::int64_t>(survey.columns)) +
           survey.held_bytes;
  }

  std::vector<MergeOutput> merge(std::span<const MergeInput> inputs, std::int64_t target_bytes,
                                 const OpenOutput& open, const OnRead& on_read) const override {
    const ParquetSurvey survey = survey_of(inputs);
    const ParquetInput like = open_parquet(inputs[survey.like]);
    MergedFiles files(like, survey, target_bytes, open);
    for (const MergeInput& input : inputs) {
      ParquetInput from = open_parquet(input);
      for (std::int64_t left = from.rows(); left > 0;) {
        const std::int64_t some = std::min(left, files.room());
        files.take(from, some);
        left -= some;
        on_read(0);
      }
      on_read(input.bytes);
    }
    return files.finish();
  }
};

}  // namespace

std::unique_ptr<ValueReader> open_input(const MergeInput& input) {
  if (auto file = input.open()) return file;
  throw Error(ErrorKind::conflict, fmt::format("{} has gone meanwhile", input.path));
}

std::unique_ptr<TableMerge> parquet_merge() { return std::make_unique<ParquetMerge>(); }

}  // namespace gridmill
