#include "gridmill/jobs/template_axis.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/base/error.h"
#include "gridmill/dataset/cf_time.h"
#include "gridmill/dataset/time_axis.h"
#include "gridmill/jobs/per_variable.h"

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

// The command's memory bounds the axis: each time is held some dozen times on its way.
std::vector<Instant> all_times(const TemplateOptions& options, const TimeUnits& units,
                               const std::vector<Instant>& times, const Variable& coordinate) {
  if (options.start.empty() && options.end.empty() && options.freq.empty()) return times;
  const TimeStep step = step_for(options, units, times, coordinate);
  const Instant first =
      options.start.empty() ? times.front() : period_of("start", units, options.start).begin;
  const Instant last =
      options.end.empty() ? times.back() : period_of("end", units, options.end).end - 1;
  return even_times(units, first, last, step, options.resources.memory / 128);
}

// The file itself must fit into its archive, as far as that reaches.
void check_on_axis(const TimeUnits& units, const std::vector<Instant>& all,
                   const std::vector<Instant>& times, const Variable& coordinate) {
  for (const Instant time : times) {
    const bool is_inside = time >= all.front() && time <= all.back();
    if (!is_inside || std::binary_search(all.begin(), all.end(), time)) continue;
    throw Error(ErrorKind::invalid,
                fmt::format("{} of {} is none of the archive's times, which begin with {}{}: give "
                            "--start and --freq that meet the files, or files with all times and "
                            "neither",
                            units.iso(time), coordinate.path(), units.iso(all[0]),
                            all.size() > 1 ? ", " + units.iso(all[1]) : ""));
  }
}

std::string step_text(const TimeUnits& units, const std::vector<Instant>& all) {
  const auto step = step_between(units, all);
  return step ? to_string(*step) : all.size() < 2 ? "one time" : "uneven";
}

// What an array says where nothing was written; null: _FillValue is declared, or isn't needed.
Json added_fill(const Variable& variable, const std::string& wanted) {
  if (variable.attributes.find("_FillValue") != nullptr) return nullptr;
  if (wanted.empty()) return netcdf_fill(variable.type).value_or(Json());
  const Json fill = parse_json(wanted);
  if (fill.is_number()) return fill;
  throw Error(ErrorKind::invalid, fmt::format("--fill {}: no number", wanted));
}

bool has_missing_value(const Variable& variable) {
  return variable.attributes.find("_FillValue") != nullptr || variable.type.is_floating() ||
         variable.type.kind == ScalarKind::complex;
}

}  // namespace

TemplateAxis template_axis(const Dataset& dataset, const TemplateOptions& options) {
  const GrowthAxis along = find_growth_axis(dataset, options.dimension);
  const Variable& coordinate = dataset.at(along.coordinate);
  const TimeUnits own = *time_units_of(coordinate);
  const std::vector<Instant> times = decode_times(own, read_array(coordinate).view());
  if (times.empty()) {
    throw Error(ErrorKind::invalid, fmt::format("{} has no times", coordinate.path()));
  }
  const std::vector<Instant> all = all_times(options, own, times, coordinate);
  check_on_axis(own, all, times, coordinate);
  const TimeUnits units =
      options.time_units.empty() ? own : wanted_units(options.time_units, coordinate);
  TemplateAxis axis;
  axis.along = along;
  axis.in_file = coordinate.shape[0];
  axis.values = encode_times(units, all, coordinate.type);
  axis.units = options.time_units.empty() ? std::string(coordinate.attributes.text("units"))
                                          : options.time_units;
  axis.about = {{"dimension", along.dimension},
                {"size", all.size()},
                {"from", own.iso(all.front())},
                {"to", own.iso(all.back())},
                {"step", step_text(own, all)}};
  return axis;
}

Dataset stretched(const Dataset& dataset, const TemplateAxis& axis,
                  const std::vector<std::string>& fill) {
  const VariableOptions fills("--fill", fill, dataset);
  Dataset whole = dataset;
  stretch(whole, axis.along, axis.values);
  for (Variable& variable : whole.variables) {
    if (dimension_along(dataset, variable, axis.along) < 0) continue;
    if (variable.path() == axis.along.coordinate) {
      variable.attributes.set("units", AttributeValue::text(axis.units));
      continue;
    }
    variable.blocks.clear();
    const Json added = added_fill(variable, fills.for_variable(variable).value);
    if (!added.is_null()) {
      variable.attributes.set("_FillValue", AttributeValue::from_json(added));
      whole.notes.push_back(fmt::format(
          "{} declares no _FillValue: {} means from now on what was not written (--fill)",
          variable.path(), dump_json(added, -1)));
    } else if (!has_missing_value(variable)) {
      whole.notes.push_back(
          fmt::format("{}: {} has no value for what is missing: what was not "
                      "written reads as zero, false or empty",
                      variable.path(), variable.type_name()));
    }
  }
  return whole;
}

bool is_unwritten(const Variable& variable) noexcept { return variable.blocks.empty(); }

}  // namespace gridmill
