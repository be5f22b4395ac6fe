#include "gridmill/jobs/points.h"

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <optional>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
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
  if (quoted) throw Error(ErrorKind::invalid, "a quote is not closed");
  return cells;
}

struct Header {
  std::optional<std::size_t> latitude;
  std::optional<std::size_t> longitude;
  std::optional<std::size_t> name;
  std::map<std::string, std::size_t> more;
};

Header read_header(std::string_view line) {
  Header header;
  const std::vector<std::string> cells = split_csv(line);
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::string written(trim(cells[i]));
    const std::string cell = to_lower(written);
    if (cell == "lat" || cell == "latitude") {
      header.latitude = i;
    } else if (cell == "lon" || cell == "longitude") {
      header.longitude = i;
    } else if (cell == "name" || cell == "station") {
      header.name = i;
    } else if (!written.empty()) {
      header.more.emplace(written, i);  // of two of one name the first
    }
  }
  if (!header.latitude || !header.longitude) {
    throw Error(ErrorKind::invalid,
                fmt::format("the first line names no columns lat and lon: \"{}\"", line));
  }
  return header;
}

RequestedPoint read_row(const Header& header, std::string_view line, std::string origin) {
  const std::vector<std::string> cells = split_csv(line);
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
