#include "gridmill/jobs/points.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <map>
#include <optional>
#include <utility>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/formats/utf8_text.h"
#include "gridmill/store/location.h"
#include "gridmill/store/store.h"

namespace gridmill {
namespace {

std::string place_name(double latitude_deg, double longitude_deg) {
  return fmt::format("{}{} {}{}", format_double(std::abs(latitude_deg)),
                     latitude_deg < 0 ? "S" : "N", format_double(std::abs(longitude_deg)),
                     longitude_deg < 0 ? "W" : "E");
}

double parse_degrees(const std::string& text, const char* what, double limit) {
  const double value = parse_double(trim(text));
  if (std::isnan(value)) throw Error(ErrorKind::invalid, fmt::format("the {} is NaN", what));
  if (std::abs(value) > limit) {
    throw Error(ErrorKind::invalid, fmt::format("the {} {} is not within -{:g} to {:g} degrees",
                                                what, format_double(value), limit, limit));
  }
  return value;
}

RequestedPoint make_point(std::string name, const std::string& latitude,
                          const std::string& longitude, std::string origin) {
  RequestedPoint point;
  point.latitude_deg = parse_degrees(latitude, "latitude", 90);
  point.longitude_deg = parse_degrees(longitude, "longitude", 360);
  point.name = name.empty() ? place_name(point.latitude_deg, point.longitude_deg) : std::move(name);
  point.origin = std::move(origin);
  return point;
}

// One line of CSV; quotes may not span lines.
std::vector<std::string> split_csv(std::string_view line) {
  std::vector<std::string> cells(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '"' && quoted && i + 1 < line.size() && line[i + 1] == '"') {
      cells.back() += line[++i];
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      cells.emplace_back();
    } else {
      cells.back() += c;
    }
  }
  if (quoted) {
    throw Error(ErrorKind::invalid,
                "a quote is not closed where the line ends, and a cell may not hold a line break: "
                "write the cell on one line");
  }
  return cells;
}

struct Header {
  std::size_t columns = 0;
  std::optional<std::size_t> latitude;
  std::optional<std::size_t> longitude;
  std::optional<std::size_t> name;
  std::map<std::string, std::size_t> more;

  bool is_place(std::size_t i) const { return i == latitude || i == longitude || i == name; }
};

// The column that is called one of `known`, in any case. Which of two is meant, nobody can tell.
std::optional<std::size_t> find_place_column(const std::vector<std::string>& columns,
                                             std::initializer_list<std::string_view> known,
                                             const char* what) {
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const std::string column = to_lower(columns[i]);
    if (std::find(known.begin(), known.end(), column) == known.end()) continue;
    if (found) {
      throw Error(ErrorKind::invalid,
                  fmt::format("column {} ({}) and column {} ({}) are both the {}: leave one of "
                              "them out, or call it otherwise",
                              *found + 1, columns[*found], i + 1, columns[i], what));
    }
    found = i;
  }
  return found;
}

void add_further_columns(const std::vector<std::string>& columns, Header& header) {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (header.is_place(i) || columns[i].empty()) continue;
    const auto [found, is_new] = header.more.emplace(columns[i], i);
    if (is_new) continue;
    throw Error(ErrorKind::invalid,
                fmt::format("column {} and column {} are both called {}: leave one of them out, or "
                            "call it otherwise",
                            found->second + 1, i + 1, columns[i]));
  }
}

// Spreadsheets of countries with decimal commas write semicolons.
std::string why_no_places(std::string_view line) {
  for (const auto& [separator, name] : {std::pair(';', "';'"), std::pair('\t', "tabs")}) {
    if (line.find(separator) == std::string_view::npos) continue;
    return fmt::format(
        ": its columns are separated by {}: write commas, and decimal points in the numbers", name);
  }
  return "";
}

Header read_header(std::string_view line) {
  std::vector<std::string> columns = split_csv(line);
  for (std::string& column : columns) column = std::string(trim(column));
  Header header;
  header.columns = columns.size();
  header.latitude = find_place_column(columns, {"lat", "latitude"}, "latitude");
  header.longitude = find_place_column(columns, {"lon", "longitude"}, "longitude");
  if (!header.latitude || !header.longitude) {
    throw Error(ErrorKind::invalid,
                fmt::format("the first line names no columns lat and lon{}: \"{}\"",
                            why_no_places(line), line));
  }
  header.name = find_place_column(columns, {"name"}, "name");
  if (!header.name) header.name = find_place_column(columns, {"station"}, "name");
  add_further_columns(columns, header);
  return header;
}

// 52,5,13,4 would be a place, too, and another one.
void check_surplus(const Header& header, const std::vector<std::string>& cells) {
  const auto is_empty = [](const std::string& cell) { return trim(cell).empty(); };
  if (cells.size() <= header.columns) return;
  const auto surplus = cells.begin() + static_cast<std::ptrdiff_t>(header.columns);
  if (std::all_of(surplus, cells.end(), is_empty)) return;
  throw Error(ErrorKind::invalid,
              fmt::format("this line has {} cells, and the first line names {} columns: write "
                          "decimal points in numbers (52.5), and quotes around a text with a comma",
                          cells.size(), header.columns));
}

RequestedPoint read_row(const Header& header, std::string_view line, std::string origin) {
  const std::vector<std::string> cells = split_csv(line);
  check_surplus(header, cells);
  const auto cell = [&](std::size_t i, const char* what) -> const std::string& {
    if (i >= cells.size()) throw Error(ErrorKind::invalid, fmt::format("there is no {}", what));
    return cells[i];
  };
  std::string name;
  if (header.name && *header.name < cells.size()) name = std::string(trim(cells[*header.name]));
  RequestedPoint point = make_point(std::move(name), cell(*header.latitude, "latitude"),
                                    cell(*header.longitude, "longitude"), std::move(origin));
  for (const auto& [column, at] : header.more) {
    point.more[column] = at < cells.size() ? std::string(trim(cells[at])) : "";
  }
  return point;
}

// Past here every text is UTF-8: tables and reports write names as they are.
void check_encoding(std::string_view line) {
  if (is_utf8(line)) return;
  throw Error(
      ErrorKind::invalid,
      fmt::format("\"{}\" is not UTF-8 (Latin-1?): save the file as UTF-8", with_valid_utf8(line)));
}

std::string read_text(Files& files, const std::string& path) {
  const auto store = open_store(files, parse_location(path));
  Buffer bytes;
  if (!store->get(Key(), bytes)) {
    throw Error(ErrorKind::not_found, fmt::format("the file of points {} does not exist", path));
  }
  return std::string(as_text(bytes));
}

}  // namespace

RequestedPoint parse_point(const std::string& text) {
  const std::string origin = "--point " + text;
  return in_context(
      [&] { return origin; },
      [&] {
        const auto equals = text.rfind('=');
        const std::string name = equals == std::string::npos ? "" : text.substr(0, equals);
        const auto parts = split(equals == std::string::npos ? text : text.substr(equals + 1), ',');
        if (parts.size() != 2) {
          throw Error(ErrorKind::invalid, "this is not LAT,LON or NAME=LAT,LON, e.g. 52.5,13.4");
        }
        return make_point(std::string(trim(name)), parts[0], parts[1], origin);
      });
}

std::vector<RequestedPoint> read_points(Files& files, const std::string& path) {
  std::string text = read_text(files, path);
  if (text.starts_with("\xEF\xBB\xBF"))
    text.erase(0, 3);  // spreadsheets put a byte order mark there
  std::vector<RequestedPoint> points;
  std::optional<Header> header;
  std::size_t number = 0;
  for (const std::string& line : split(text, '\n')) {
    ++number;
    if (trim(line).empty()) continue;
    const std::string origin = fmt::format("line {} of {}", number, path);
    in_context([&] { return origin; },
               [&] {
                 check_encoding(trim(line));
                 if (header) {
                   points.push_back(read_row(*header, trim(line), origin));
                 } else {
                   header = read_header(trim(line));
                 }
               });
  }
  if (points.empty()) throw Error(ErrorKind::invalid, fmt::format("{} holds no points", path));
  return points;
}

void check_distinct(const std::vector<RequestedPoint>& points) {
  std::map<std::pair<double, double>, const RequestedPoint*> places;
  std::map<std::string, const RequestedPoint*> names;
  for (const RequestedPoint& point : points) {
    const double east = std::fmod(point.longitude_deg + 720.0, 360.0);
    const auto [place, is_new_place] = places.emplace(std::pair(point.latitude_deg, east), &point);
    const auto [name, is_new_name] = names.emplace(point.name, &point);
    if (is_new_place && is_new_name) continue;
    const RequestedPoint& other = is_new_place ? *name->second : *place->second;
    throw Error(
        ErrorKind::invalid,
        fmt::format("{} ({}) and {} ({}) {}", other.name, other.origin, point.name, point.origin,
                    is_new_place ? "have the same name" : "are the same place"));
  }
}

}  // namespace gridmill
