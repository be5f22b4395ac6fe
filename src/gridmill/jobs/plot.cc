#include "gridmill/jobs/plot.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/dataset/cf_time.h"
#include "gridmill/dataset/coordinates.h"
#include "gridmill/jobs/chart_page.h"
#include "gridmill/jobs/labels.h"
#include "gridmill/jobs/plot_template.h"

namespace gridmill {
namespace {

// Where the axis' positions lie, as numbers: seconds since 1970 for times, the coordinate itself,
// or the position.
struct Axis {
  std::vector<double> numbers;
  bool is_time = false;
  bool is_civil = false;  // dates that a browser's calendar knows
};

// False, and nothing added, if some number is no time: a plot against the numbers is still a plot.
bool add_times(const TimeUnits& times, const ArrayView& values, Axis& axis) {
  std::vector<Instant> instants;
  try {
    instants = decode_times(times, values);
  } catch (const Error&) {
    return false;
  }
  axis.is_time = true;
  const bool is_gregorian =
      times.calendar() == Calendar::standard || times.calendar() == Calendar::proleptic_gregorian;
  axis.is_civil = is_gregorian && instants.size() > 1;  // one date is its own only tick
  for (const Instant instant : instants) {
    axis.numbers.push_back(static_cast<double>(instant) * 1e-6);
    axis.is_civil = axis.is_civil && times.date(instant).year > 1582;
  }
  return true;
}

Axis axis_of(const ExtractInput& input, int axis_dimension) {
  const RowDimension& row = input.rows[static_cast<std::size_t>(axis_dimension)];
  Axis axis;
  const Variable* coordinate = find_dimension_coordinate(input.dataset, row.group, row.name);
  if (coordinate != nullptr && coordinate->type.is_real()) {
    const Array values = read_array(*coordinate, Box{{row.begin}, {row.size}});
    const auto times = row.is_time ? decodable_times(*coordinate) : std::nullopt;
    if (!times || !add_times(*times, values.view(), axis)) axis.numbers = to_doubles(values.view());
    return axis;
  }
  for (std::int64_t i = 0; i < row.size; ++i) {
    axis.numbers.push_back(static_cast<double>(row.begin + i));
  }
  return axis;
}

Json short_number(double value) { return Json::parse(fmt::format("{:.6g}", value)); }

// Positions shown: one per bucket, or two (in the bucket and in its middle) when buckets hold
// several.
std::vector<std::int64_t> shown_positions(const PlotSeries& series, std::int64_t length) {
  std::vector<std::int64_t> positions;
  for (std::int64_t b = 0; b < series.bucket_count(); ++b) {
    const std::int64_t begin = b * series.bucket_size();
    positions.push_back(begin);
    if (series.bucket_size() > 1) {
      positions.push_back(std::min(begin + series.bucket_size() / 2, length - 1));
    }
  }
  return positions;
}

Json curve(const PlotSeries& series, std::size_t column, std::int64_t combination,
           std::int64_t point) {
  Json values = Json::array();
  for (std::int64_t b = 0; b < series.bucket_count(); ++b) {
    const Bucket& bucket = series.bucket(column, combination, point, b);
    if (bucket.least_at < 0) {
      values.push_back(nullptr);
      if (series.bucket_size() > 1) values.push_back(nullptr);
    } else if (series.bucket_size() == 1) {
      values.push_back(short_number(bucket.least));
    } else {
      const bool rises = bucket.least_at <= bucket.greatest_at;
      values.push_back(short_number(rises ? bucket.least : bucket.greatest));
      values.push_back(short_number(rises ? bucket.greatest : bucket.least));
    }
  }
  return values;
}

// "level = 850, number = 1" for each combination of the dimensions that are neither axis nor
// points.
Json choices(const ExtractInput& input, int axis, std::int64_t count,
             const std::vector<std::shared_ptr<const CellTexts>>& labels) {
  Shape others;
  std::vector<int> dimensions;
  for (int d = 0; d + 1 < static_cast<int>(input.rows.size()); ++d) {
    if (d == axis) continue;
    others.push_back(input.rows[static_cast<std::size_t>(d)].size);
    dimensions.push_back(d);
  }
  Json texts = Json::array();
  for_each_position(whole_box(others), [&](const Index& at) {
    if (static_cast<std::int64_t>(texts.size()) >= count) return;
    std::vector<std::string> parts;
    for (std::size_t i = 0; i < dimensions.size(); ++i) {
      const auto d = static_cast<std::size_t>(dimensions[i]);
      parts.push_back(fmt::format("{} {}", input.rows[d].name,
                                  unquoted_cell((*labels[d])[at[static_cast<int>(i)]])));
    }
    texts.push_back(join(parts, ", "));
  });
  return texts;
}

bool varies(const ExtractVariable& variable, int axis) {
  return std::find(variable.rows.dimensions.begin(), variable.rows.dimensions.end(), axis) !=
         variable.rows.dimensions.end();
}

// Dimensions that a variable lacks would only repeat its curves.
bool has_choice(const ExtractVariable& variable, int axis, int points) {
  return std::any_of(variable.rows.dimensions.begin(), variable.rows.dimensions.end(),
                     [&](int d) { return d != axis && d != points; });
}

Json chart(const ExtractInput& input, const PlotSeries& series, std::size_t column, int axis) {
  const ExtractVariable& variable = input.variables[column];
  const std::string& title = variable.title.empty() ? variable.description : variable.title;
  const int points = static_cast<int>(input.rows.size()) - 1;
  const bool chosen = has_choice(variable, axis, points);
  Json data = Json::array();
  for (std::int64_t c = 0; c < (chosen ? series.combinations() : 1); ++c) {
    Json curves = Json::array();
    for (std::int64_t p = 0; p < series.points(); ++p)
      curves.push_back(curve(series, column, c, p));
    data.push_back(std::move(curves));
  }
  return {{"name", variable.column},
          {"title", title.empty() ? variable.column : title},
          {"units", variable.units},
          {"still", !varies(variable, axis)},
          {"data", data}};
}

std::string point_rows(const ExtractInput& input) {
  std::string rows;
  const std::size_t shown = std::min<std::size_t>(input.points.size(), 1000);
  for (std::size_t i = 0; i < shown; ++i) {
    rows += fmt::format(
        "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{:.1f}</td></tr>\n",
        html_escaped(input.points[i].name), format_double(input.points[i].latitude_deg),
        format_double(input.points[i].longitude_deg),
        fmt::format("{:.7g}", input.places[i].latitude_deg),
        fmt::format("{:.7g}", input.places[i].longitude_deg), input.places[i].distance_m * 1e-3);
  }
  if (shown < input.points.size()) {
    rows += fmt::format("<tr><td colspan=6>and {} more in the table</td></tr>\n",
                        format_count(static_cast<std::int64_t>(input.points.size() - shown)));
  }
  return rows;
}

std::string note(const ExtractInput& input, const PlotSeries& series, int axis) {
  std::vector<std::string> notes;
  const auto points = static_cast<std::int64_t>(input.points.size());
  if (series.points() < points) {
    notes.push_back(fmt::format("The charts show the first {} of {} points.", series.points(),
                                format_count(points)));
  }
  if (series.bucket_size() > 1) {
    notes.push_back(fmt::format(
        "Of every {} steps along {} the least and the greatest value are "
        "drawn; the table has them all.",
        format_count(series.bucket_size()), input.rows[static_cast<std::size_t>(axis)].name));
  }
  return join(notes, " ");
}

std::string page_title(const ExtractInput& input) {
  std::vector<std::string> names;
  for (const ExtractVariable& variable : input.variables) {
    names.push_back(variable.long_name.empty() ? variable.column : variable.long_name);
  }
  if (names.size() > 3) names = {names[0], names[1], fmt::format("and {} more", names.size() - 2)};
  return join(names, ", ");
}

}  // namespace

int plot_axis(const ExtractInput& input) {
  for (std::size_t d = 0; d + 1 < input.rows.size(); ++d) {
    if (input.rows[d].is_time && input.rows[d].size > 1) return static_cast<int>(d);
  }
  for (std::size_t d = 0; d + 1 < input.rows.size(); ++d) {
    if (input.rows[d].size > 1) return static_cast<int>(d);
  }
  return 0;
}

std::string plot_page(const ExtractInput& input, const PlotSeries& series,
                      const std::vector<std::shared_ptr<const CellTexts>>& labels) {
  const int axis_dimension = plot_axis(input);
  const auto at = static_cast<std::size_t>(axis_dimension);
  const Axis axis = axis_of(input, axis_dimension);
  Json x = Json::array();
  Json texts = Json::array();
  for (const std::int64_t i : shown_positions(series, input.rows[at].size)) {
    x.push_back(axis.numbers[static_cast<std::size_t>(i)]);
    if (!axis.is_civil) texts.push_back(unquoted_cell((*labels[at])[i]));
  }
  Json names = Json::array();
  for (std::int64_t p = 0; p < series.points(); ++p) {
    names.push_back(input.points[static_cast<std::size_t>(p)].name);
  }
  Json charts = Json::array();
  for (std::size_t i = 0; i < input.variables.size(); ++i) {
    charts.push_back(chart(input, series, i, axis_dimension));
  }
  const Json document{{"axis", input.rows[at].name},
                      {"isCivil", axis.is_civil},
                      {"isTime", axis.is_time},
                      {"x", x},
                      {"labels", texts},
                      {"points", names},
                      {"choices", choices(input, axis_dimension, series.combinations(), labels)},
                      {"charts", charts}};
  std::string page = chart_page(kPlotTemplate, PageAsks::nothing);
  const std::string title = html_escaped(page_title(input));
  // Data last, so that nothing that comes from files can be taken for a mark.
  fill_mark(page, "@DATA@", script_json(document));
  fill_mark(
      page, "@BODY@",
      fmt::format(
          "<header><h1>{}</h1><p class=sub>{}</p></header>\n<main id=charts></main>\n"
          "<p class=note>{}</p>\n<section><h2>Points</h2><div class=scroll><table><thead><tr>"
          "<th>name</th><th>lat</th><th>lon</th><th>grid lat</th><th>grid lon</th><th>distance "
          "km</th>"
          "</tr></thead><tbody>\n{}</tbody></table></div></section>",
          title, html_escaped(input.dataset.location),
          html_escaped(note(input, series, axis_dimension)), point_rows(input)));
  fill_mark(page, "@TITLE@", title);
  return page;
}

std::string html_escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string script_json(const Json& document) {
  std::string safe;
  for (const char c : dump_json(document, -1)) {
    if (c == '<') {
      safe += "\\u003c";  // "</script>" and "<!--" end or change a script wherever they stand
    } else if (c == '&') {
      safe += "\\u0026";
    } else {
      safe += c;
    }
  }
  return safe;
}

}  // namespace gridmill
