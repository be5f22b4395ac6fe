#include "cli/place_rows.h"

#include <fmt/format.h>

#include "gridmill/base/error.h"

namespace gridmill::cli {
namespace {

Option method_row(const std::shared_ptr<ExtractOptions>& options) {
  Option row = text_row("method", "METHOD", "how a point is found on the grid: nearest", "nearest",
                        member_of(options, &ExtractOptions::method));
  row.apply = [options](const Values& values) {
    if (values.front() != "nearest") {
      throw Error(ErrorKind::unsupported,
                  fmt::format("the method \"{}\" is not in this version: nearest is the only one",
                              values.front()));
    }
    options->method = values.front();
  };
  return row;
}

Option file_row(const char* name, const char* help, const char* fallback,
                std::shared_ptr<std::string> target) {
  Option row = text_row(name, "FILE", help, fallback, std::move(target));
  row.hint = Hint::file;
  return row;
}

}  // namespace

std::vector<Option> place_rows(const std::shared_ptr<ExtractOptions>& options) {
  return {
      values_row("point", OptionKind::repeated, "[NAME=]LAT,LON",
                 "a place in degrees north and east; may be repeated", "none",
                 member_of(options, &ExtractOptions::points)),
      file_row("points", "a CSV file of places with columns lat, lon and, if wanted, name", "none",
               member_of(options, &ExtractOptions::points_file)),
      method_row(options),
      values_row("feature", OptionKind::repeated, "NAME=EXPR",
                 "a column that is computed, instead of the variables: wind=hypot(u10, v10); may "
                 "be repeated",
                 "none", member_of(options, &ExtractOptions::features)),
      file_row("features", "a YAML file of features: NAME: {expr, units, description}", "none",
               member_of(options, &ExtractOptions::features_file)),
      file_row("plot", "also draw a chart: one HTML page that works offline", "none",
               member_of(options, &ExtractOptions::plot)),
  };
}

void check_places(const ExtractOptions& options) {
  if (!options.points.empty() || !options.points_file.empty()) return;
  throw Error(ErrorKind::invalid,
              "no place is named: give --point LAT,LON (52.5,13.4) or --points FILE");
}

}  // namespace gridmill::cli
