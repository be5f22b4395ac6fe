#include "gridmill/jobs/list_table.h"

#include <fmt/format.h>

#include <optional>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/jobs/table_directory.h"
#include "gridmill/jobs/table_folders.h"
#include "gridmill/sink/parquet_input.h"
#include "gridmill/sink/table_merge.h"
#include "gridmill/store/file_store.h"

namespace gridmill {
namespace {

constexpr std::size_t kMostTold = 20;

Json columns_of_file(const ParquetInput& file) {
  Json columns = Json::array();
  for (const ParquetField& field : file.fields()) {
    Json column{{"name", field.name}, {"type", field.type}};
    for (const auto& [name, value] : field.notes) {
      if (!column.contains(name)) column[name] = value;
    }
    columns.push_back(std::move(column));
  }
  return columns;
}

// What is a document is shown as one.
Json about_file(const ParquetInput& file) {
  Json about = Json::object();
  for (const auto& [name, value] : file.notes()) {
    try {
      about[name] = parse_json(value);
    } catch (const Error&) {
      about[name] = value;
    }
  }
  return about;
}

class TableListing {
 public:
  TableListing(Files& files, std::string root, std::string name)
      : files_(files), root_(std::move(root)), name_(std::move(name)) {}

  Json report() {
    Json keys = Json::array(), folders = Json::array();
    for (const TableFolder& folder : find_table_folders(files_, root_, name_)) {
      const auto pairs = hive_keys(folder.path);
      if (keys.empty()) {
        for (const auto& [key, value] : pairs) keys.push_back(key);
      }
      folders.push_back(row_of(folder, pairs));
    }
    return {{"table", name_},
            {"keys", std::move(keys)},
            {"folders", std::move(folders)},
            {"files", all_.files},
            {"bytes", all_.bytes},
            {"rows", all_.told_rows()},
            {"columns", columns_.value_or(Json::array())},
            {"about", about_},
            {"differing", differing_}};
  }

 private:
  struct Sum {
    std::int64_t files = 0;
    std::int64_t bytes = 0;
    std::int64_t rows = 0;
    bool knows_rows = true;

    Json told_rows() const { return knows_rows ? Json(rows) : Json(); }
  };

  Json row_of(const TableFolder& folder,
              const std::vector<std::pair<std::string, std::string>>& pairs) {
    Sum sum;
    for (const TableFormat format : {TableFormat::parquet, TableFormat::csv}) {
      for (const SeenFile& file : folder.files(format)) {
        ++sum.files;
        sum.bytes += file.status.size;
      }
    }
    for (const SeenFile& file : folder.parquets) sum.rows += rows_of(folder, file);
    sum.knows_rows = folder.csvs.empty();
    all_.files += sum.files;
    all_.bytes += sum.bytes;
    all_.rows += sum.rows;
    all_.knows_rows = all_.knows_rows && sum.knows_rows;
    Json values = Json::object();
    for (const auto& [key, value] : pairs) values[key] = value;
    return {{"folder", folder.path},
            {"keys", std::move(values)},
            {"files", sum.files},
            {"bytes", sum.bytes},
            {"rows", sum.told_rows()}};
  }

  std::int64_t rows_of(const TableFolder& folder, const SeenFile& seen) {
    const std::string path =
        folder.path.empty() ? seen.name : fmt::format("{}/{}", folder.path, seen.name);
    const MergeInput input{fmt::format("{}/{}", name_, path), seen.status.size,
                           [&] { return file_reader(files_, fmt::format("{}/{}", root_, path)); }};
    const ParquetInput file(input.path, open_input(input));
    Json columns = columns_of_file(file);
    if (!columns_) {
      columns_ = std::move(columns);
      about_ = about_file(file);
    } else if (columns != *columns_) {
      differing_.push_back(path);
    }
    return file.rows();
  }

  Files& files_;
  const std::string root_;
  const std::string name_;
  Sum all_;
  std::optional<Json> columns_;
  Json about_ = Json::object();
  Json differing_ = Json::array();
};

std::string listed_rows(const Json& row) {
  const Json& rows = row.at("rows");
  return rows.is_null() ? "-" : format_count(rows.get<std::int64_t>());
}

}  // namespace

Json list_table(const std::string& directory, const Workplace& workplace) {
  const std::string name = directory_path(directory);
  return TableListing(workplace.files, workplace.files.absolute(name), name).report();
}

std::string table_text(const Json& report) {
  std::string text;
  for (const Json& folder : report.at("folders")) {
    const std::string path = folder.at("folder").get<std::string>();
    text += fmt::format("{:>7} {:>14} {:>11}  {}\n",
                        format_count(folder.at("files").get<std::int64_t>()), listed_rows(folder),
                        format_bytes(folder.at("bytes").get<double>()), path.empty() ? "." : path);
  }
  for (const Json& column : report.at("columns")) {
    text += fmt::format("  {}  {}", column.at("name").get<std::string>(),
                        column.at("type").get<std::string>());
    const Json units = column.value("units", Json());
    text += units.is_string() ? fmt::format("  {}\n", units.get<std::string>()) : "\n";
  }
  const Json& differing = report.at("differing");
  for (std::size_t i = 0; i < std::min(differing.size(), kMostTold); ++i) {
    text += fmt::format("other columns: {}\n", differing[i].get<std::string>());
  }
  if (differing.size() > kMostTold) {
    text += fmt::format("and {} more\n", differing.size() - kMostTold);
  }
  return text + fmt::format("{}: files: {}, folders: {}, rows: {}, {}\n",
                            report.at("table").get<std::string>(),
                            format_count(report.at("files").get<std::int64_t>()),
                            format_count(static_cast<std::int64_t>(report.at("folders").size())),
                            listed_rows(report), format_bytes(report.at("bytes").get<double>()));
}

}  // namespace gridmill
