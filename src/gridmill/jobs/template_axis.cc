#include "gridmill/jobs/template_axis.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "gridmill/base/error.h"
#include "gridmill/dataset/cf_time.h"
#include "gridmill/dataset/coordinates.h"
#include "gridmill/dataset/time_axis.h"
#include "gridmill/formats/memory_reader.h"

namespace gridmill {
namespace {

// NC_FILL_BYTE and its like, of netcdf.h: what libnetcdf itself puts where nothing was written.
std::optional<Json> netcdf_fill(DataType type) {
  if (type.kind == ScalarKind::integer) {
    if (type.size == 1) return Json(-127);
    if (type.size == 2) return Json(-32767);
    if (type.size == 4) return Json(-2147483647);
    return Json(std::int64_t{-9223372036854775806});
  }
  if (type.kind == ScalarKind::unsigned_) {
    if (type.size == 1) return Json(255U);
    if (type.size == 2) return Json(65535U);
    if (type.size == 4) return Json(4294967295U);
    return Json(std::uint64_t{18446744073709551614U});
  }
  return std::nullopt;
}

const Variable& time_coordinate(const Dataset& dataset, const std::string& dimension) {
  std::vector<const Variable*> found;
  std::vector<std::string> names;
  for (const Variable& variable : dataset.variables) {
    if (!is_dimension_coordinate(variable) || !time_units_of(variable)) continue;
    if (!dimension.empty() && variable.name != dimension) continue;
    found.push_back(&variable);
    names.push_back(variable.path());
  }
  if (found.size() == 1) return *found[0];
  if (found.empty()) {
    throw Error(ErrorKind::invalid,
                fmt::format("{} has no coordinate of times{}: an archive grows along time",
                            dataset.location, dimension.empty() ? "" : " named " + dimension));
  }
  throw Error(ErrorKind::invalid,
              fmt::format("{} has several coordinates of times ({}): name one, --dim {}",
                          dataset.location, fmt::join(names, ", "), found[0]->name));
}

Period period_of(const char* option, const TimeUnits& units, const std::string& text) {
  const auto period = parse_period(units, text);
  if (period) return *period;
  throw Error(
      ErrorKind::invalid,
      fmt::format("--{} {}: no date; write it as 2020, 2020-01 or 2020-01-31T06:00", option, text));
}

TimeUnits wanted_units(const std::string& text, const Variable& coordinate) {
  try {
    return TimeUnits::parse(text, coordinate.attributes.text("calendar"));
  } catch (const Error& error) {
    throw Error(ErrorKind::invalid, fmt::format("--time-units {}: {}", text, error.message()));
  }
}

TimeStep step_for(const TemplateOptions& options, const TimeUnits& units,
                  const std::vector<Instant>& times, const Variable& coordinate) {
  if (!options.freq.empty()) return parse_time_step(options.freq);
  if (const auto step = step_between(units, times)) return *step;
  throw Error(
      ErrorKind::invalid,
      fmt::format("the times of {} tell no even step ({}): give --freq, as in --freq 6h",
                  coordinate.path(), times.size() < 2 ? "there is one" : "they are uneven"));
}

}  // namespace

TemplateAxis template_axis(const Dataset& dataset, const TemplateOptions& options) {
  const Variable& coordinate = time_coordinate(dataset, options.dimension);
  const TimeUnits own = *time_units_of(coordinate);
  const std::vector<Instant> times = decode_times(own, read_array(coordinate).view());
  if (times.empty()) {
    throw Error(ErrorKind::invalid, fmt::format("{} has no times", coordinate.path()));
  }
  const TimeStep step = step_for(options, own, times, coordinate);
  const Instant first =
      options.start.empty() ? times.front() : period_of("start", own, options.start).begin;
  const Instant last =
      options.end.empty() ? times.back() : period_of("end", own, options.end).end - 1;
  const std::vector<Instant> all = even_times(own, first, last, step);
  const TimeUnits units =
      options.time_units.empty() ? own : wanted_units(options.time_units, coordinate);
  TemplateAxis axis;
  axis.dimension = coordinate.name;
  axis.coordinate = coordinate.path();
  axis.in_file = coordinate.shape[0];
  axis.values = encode_times(units, all, coordinate.type);
  axis.units = options.time_units.empty() ? std::string(coordinate.attributes.text("units"))
                                          : options.time_units;
  axis.about = {{"dimension", axis.dimension},
                {"size", all.size()},
                {"from", own.iso(all.front())},
                {"to", own.iso(all.back())},
                {"step", to_string(step)}};
  return axis;
}

Dataset stretched(const Dataset& dataset, const TemplateAxis& axis) {
  Dataset whole = dataset;
  const auto values = std::make_shared<Array>(axis.values.type(), axis.values.shape());
  std::copy_n(axis.values.view().data, axis.values.view().byte_size(), values->view().data);
  for (Variable& variable : whole.variables) {
    const int d = variable.dimension_index(axis.dimension);
    if (d < 0) continue;
    variable.shape[d] = axis.values.size();
    if (variable.path() == axis.coordinate) {
      variable.attributes.set("units", AttributeValue::text(axis.units));
      variable.blocks = {{Index::filled(1, 0), memory_leaf_reader(values, axis.coordinate), ""}};
      variable.chunks.reset();
      continue;
    }
    variable.blocks.clear();
    const auto fill = netcdf_fill(variable.type);
    if (!fill || variable.attributes.find("_FillValue") != nullptr) continue;
    variable.attributes.set("_FillValue", AttributeValue::from_json(*fill));
    whole.notes.push_back(
        fmt::format("{} declares no _FillValue: {} means from now on what was not written "
                    "(netCDF's own for {})",
                    variable.path(), dump_json(*fill, -1), variable.type.name()));
  }
  for (Group& group : whole.groups) {
    for (Dimension& dimension : group.dimensions) {
      if (dimension.name == axis.dimension) dimension.size = axis.values.size();
    }
  }
  return whole;
}

bool is_unwritten(const Variable& variable) noexcept { return variable.blocks.empty(); }

}  // namespace gridmill
