#include "gridmill/jobs/partition_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <set>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"

namespace gridmill {
namespace {

bool is_of_calendar(const std::string& name) {
  return name == "year" || name == "month" || name == "day";
}

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::vector<std::string> further_columns(const std::vector<RequestedPoint>& points) {
  std::set<std::string> names;
  for (const RequestedPoint& point : points) {
    for (const auto& [name, text] : point.more) names.insert(name);
  }
  return {names.begin(), names.end()};
}

// A partition's folder is named after what stands there.
void check_filled(const std::vector<RequestedPoint>& points, const std::string& column) {
  const std::vector<std::string> texts = kept_texts(points, column);
  const auto empty = std::find(texts.begin(), texts.end(), "");
  if (empty == texts.end()) return;
  const RequestedPoint& point = points[static_cast<std::size_t>(empty - texts.begin())];
  throw Error(ErrorKind::invalid,
              fmt::format("--partition {}: the point {} ({}) has no value in the column {}, and a "
                          "folder must have one: fill it in, or leave {} out of --partition",
                          column, point.name, point.origin, column, column));
}

bool is_decimal_digit(char c) { return c >= '0' && c <= '9'; }

// Without its sign. Two: "+-5" is no number.
std::string_view unsigned_text(std::string_view text) {
  return text.starts_with('-') || text.starts_with('+') ? text.substr(1) : text;
}

bool is_whole_text(std::string_view text) {
  const std::string_view digits = unsigned_text(text);
  return !digits.empty() && std::all_of(digits.begin(), digits.end(), is_decimal_digit);
}

// Neither "nan" nor a code such as the station 01384, which would lose its zero.
bool begins_as_number(std::string_view text) {
  const std::string_view digits = unsigned_text(text);
  if (digits.empty() || (!is_decimal_digit(digits[0]) && digits[0] != '.')) return false;
  return digits[0] != '0' || digits.size() == 1 || !is_decimal_digit(digits[1]);
}

// Throws Error(invalid) for what is no number after all.
KeyValues parsed_values(const std::vector<std::string>& texts) {
  KeyValues values;
  const bool whole = std::all_of(texts.begin(), texts.end(), is_whole_text);
  values.kind = whole ? KeyValues::Kind::integers : KeyValues::Kind::numbers;
  for (const std::string& text : texts) {
    if (whole) {
      values.integers.push_back(parse_int(text));
    } else {
      values.numbers.push_back(parse_double(text));
    }
  }
  return values;
}

// A date as texts, each as wide as the folders' names are to sort.
struct CivilDate {
  std::string year, month, day;
  const std::string& part(const std::string& name) const {
    return name == "year" ? year : name == "month" ? month : day;
  }
};

CivilDate date_of_microseconds(std::int64_t since_1970_us) {
  using std::chrono::days, std::chrono::microseconds, std::chrono::sys_time;
  const auto time = sys_time<microseconds>(microseconds(since_1970_us));
  const std::chrono::year_month_day date(std::chrono::floor<days>(time));
  return {fmt::format("{:04}", static_cast<int>(date.year())),
          fmt::format("{:02}", static_cast<unsigned>(date.month())),
          fmt::format("{:02}", static_cast<unsigned>(date.day()))};
}

// Dates of other calendars are texts: -0001-02-30T00:00:00.
std::optional<CivilDate> date_of_text(std::string_view text) {
  const bool is_negative = text.starts_with('-');
  const std::vector<std::string> parts = split(text.substr(is_negative ? 1 : 0, 16), '-');
  const auto digits = [](std::string_view part, std::size_t least) {
    return part.size() >= least &&
           std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
  };
  if (parts.size() != 3 || !digits(parts[0], 4) || parts[1].size() != 2 || !digits(parts[1], 2)) {
    return std::nullopt;
  }
  const std::string day = parts[2].substr(0, 2);
  const bool ends = parts[2].size() == 2 || parts[2][2] == 'T';
  if (!digits(day, 2) || !ends) return std::nullopt;
  return CivilDate{(is_negative ? "-" : "") + parts[0], parts[1], day};
}

// The dates of a key column at each of its positions, which may be none; nullopt if it holds no
// dates.
std::optional<std::vector<CivilDate>> dates_of(const KeyValues& key) {
  std::vector<CivilDate> dates;
  if (key.kind == KeyValues::Kind::times) {
    for (const std::int64_t time : key.integers) dates.push_back(date_of_microseconds(time));
  } else if (key.kind == KeyValues::Kind::texts) {
    for (const std::string& text : key.texts) {
      auto date = date_of_text(text);
      if (!date) return std::nullopt;
      dates.push_back(*std::move(date));
    }
  } else {
    return std::nullopt;
  }
  return dates;
}

// Texts as they are, anything else as the CSV table would have it.
std::vector<std::string> texts_of(const KeyColumn& column, const KeyValues& key) {
  if (key.kind == KeyValues::Kind::texts) return key.texts;
  std::vector<std::string> texts;
  for (std::int64_t i = 0; i < column.cells->size(); ++i) texts.emplace_back((*column.cells)[i]);
  return texts;
}

PartitionKey calendar_key(const std::string& name, const TableTarget& table,
                          const TypedKeys& typed) {
  for (std::size_t i = 0; i < typed.size(); ++i) {
    const auto dates = dates_of(*typed[i]);
    if (!dates) continue;
    PartitionKey key{name, table.keys[i].dimension, {}};
    for (const CivilDate& date : *dates) key.texts.push_back(date.part(name));
    return key;
  }
  throw Error(ErrorKind::invalid,
              fmt::format("--partition {}: the rows have no times that are dates", name));
}

PartitionKey key_of(const std::string& name, const TableTarget& table, const TypedKeys& typed) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < table.keys.size(); ++i) {
    const KeyColumn& column = table.keys[i];
    if (column.name == name) return {name, column.dimension, texts_of(column, *typed[i])};
    names.push_back(column.name);
  }
  if (is_of_calendar(name)) return calendar_key(name, table, typed);
  for (const char* part : {"year", "month", "day"}) names.emplace_back(part);
  throw Error(ErrorKind::invalid,
              fmt::format("--partition {}: there is no such key{}; there are {}, and the further "
                          "columns of the file of points",
                          name, did_you_mean(name, names), join(names, ", ")));
}

// The columns that a table of these partitions has, keys and all, but for `name` itself.
std::vector<std::string> other_columns(const std::string& name, const TableTarget& table,
                                       const std::vector<std::string>& partition) {
  std::vector<std::string> others;
  for (const KeyColumn& key : table.keys) others.push_back(key.name);
  for (const ValueColumn& value : table.values) {
    if (value.cells.empty()) others.push_back(value.name);
    others.insert(others.end(), value.cells.begin(), value.cells.end());
  }
  others.insert(others.end(), partition.begin(), partition.end());
  std::erase(others, name);
  return others;
}

// DuckDB and Spark take names that differ in their case for one, and some file systems do.
void check_case(const std::string& name, const std::vector<std::string>& others) {
  const std::string lower = to_lower(name);
  for (const std::string& other : others) {
    if (to_lower(other) != lower) continue;
    throw Error(ErrorKind::invalid,
                fmt::format("--partition {}: the table has a column {}, too, and many readers take "
                            "names that differ only in their case for one: name one of them "
                            "otherwise (values by --feature NAME=EXPR)",
                            name, other));
  }
}

}  // namespace

std::vector<std::string> kept_columns(const std::vector<RequestedPoint>& points,
                                      const std::vector<std::string>& keep,
                                      const std::vector<std::string>& partition,
                                      const std::vector<std::string>& columns) {
  const std::vector<std::string> there = further_columns(points);
  std::vector<std::string> kept;
  for (const std::string& name : keep) {
    if (!has(there, name)) {
      throw Error(ErrorKind::invalid,
                  there.empty()
                      ? fmt::format("--keep {}: the points have no columns but places and names: "
                                    "give a file of points with such a column",
                                    name)
                      : fmt::format("--keep {}: the file of points has no such column{}; it has {}",
                                    name, did_you_mean(name, there), join(there, ", ")));
    }
    if (!has(kept, name)) kept.push_back(name);
  }
  for (const std::string& name : partition) {
    const bool is_known = has(columns, name) || has(kept, name) || is_of_calendar(name);
    if (!is_known && has(there, name)) kept.push_back(name);
    if (has(kept, name)) check_filled(points, name);
  }
  return kept;
}

std::vector<std::string> kept_texts(const std::vector<RequestedPoint>& points,
                                    const std::string& column) {
  std::vector<std::string> texts;
  for (const RequestedPoint& point : points) {
    const auto found = point.more.find(column);
    texts.push_back(found == point.more.end() ? "" : found->second);
  }
  return texts;
}

KeyValues kept_values(const std::vector<RequestedPoint>& points, const std::string& column) {
  KeyValues as_texts;
  as_texts.texts = kept_texts(points, column);
  const auto& texts = as_texts.texts;
  if (!std::all_of(texts.begin(), texts.end(), begins_as_number)) return as_texts;
  try {
    return parsed_values(texts);
  } catch (const Error&) {  // 2001-02-03, 1e999, or more digits than 64 bits hold
    return as_texts;
  }
}

std::vector<PartitionKey> partition_keys(const std::vector<std::string>& names,
                                         const TableTarget& table, const TypedKeys& typed) {
  std::vector<PartitionKey> keys;
  std::set<std::string> known;
  for (const std::string& name : names) {
    if (!known.insert(name).second) {
      throw Error(ErrorKind::invalid, fmt::format("--partition names {} twice", name));
    }
    for (const ValueColumn& value : table.values) {
      if (value.cells.empty() ? value.name != name : !has(value.cells, name)) continue;
      throw Error(ErrorKind::invalid,
                  fmt::format("--partition {}: that is a column of values, and readers would find "
                              "two columns of that name: partition by a key, or name the column "
                              "by --feature",
                              name));
    }
    check_case(name, other_columns(name, table, names));
    keys.push_back(key_of(name, table, typed));
  }
  return keys;
}

void drop_key_columns(ParquetTarget& target, const std::vector<PartitionKey>& keys) {
  for (const PartitionKey& key : keys) {
    auto& columns = target.table.keys;
    const auto found = std::find_if(columns.begin(), columns.end(), [&](const KeyColumn& column) {
      return column.name == key.name;
    });
    if (found == columns.end()) continue;  // of the calendar
    const auto at = found - columns.begin();
    columns.erase(found);
    target.keys.erase(target.keys.begin() + at);
    if (at < std::ssize(target.notes)) target.notes.erase(target.notes.begin() + at);
  }
}

}  // namespace gridmill
