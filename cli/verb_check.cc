// gridmill check IN... --schema FILE
#include <fmt/format.h>

#include "cli/rows.h"
#include "cli/verb.h"
#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/jobs/check.h"

namespace gridmill::cli {
namespace {

constexpr const char* kAbout =
    "Says whether the data are what a schema asks for: which variables, dimensions and attributes "
    "there are, types, units, numbers of rows, coordinates in order and without doubles, ranges of "
    "values and shares of missing ones. Everything that is wrong is listed, with the first place "
    "and the count where values are concerned; the exit code is then 3. Chunks are read only of "
    "variables that have a rule about values, once, and packed numbers are looked at as what they "
    "mean. Several inputs are joined as convert joins them. docs/schema.md has the rules.";

int run(CheckOptions& options, const Invocation& invocation) {
  options.inputs = invocation.operands;
  options.grib_index = grib_index_of(options.grib_index, invocation);
  options.resources = invocation.general.resources;
  if (options.schema.empty()) {
    throw Error(ErrorKind::invalid,
                "no schema is named: give --schema FILE; gridmill schema IN -o FILE writes one");
  }
  if (invocation.general.dry_run) {
    invocation.out.print(fmt::format("would check {} against the schema {}\n",
                                     join(options.inputs, ", "), options.schema));
    return 0;
  }
  const Json report = check(options, invocation.workplace);
  print_report(invocation, report, check_text);
  return report.at("ok").get<bool>() ? 0 : exit_code(ErrorKind::corrupt);
}

}  // namespace

Verb check_verb() {
  const auto options = std::make_shared<CheckOptions>();
  Verb verb;
  verb.name = "check";
  verb.summary = "are the data what a schema asks for?";
  verb.operands = "IN...";
  verb.most_operands = -1;
  verb.about = kAbout;
  verb.examples = {
      {"check era5.zarr --schema era5.yaml", "everything that is not as it should be"},
      {"check era5_2020-*.nc --schema era5.yaml --json", "many files as one, for programs"},
      {"schema era5.zarr --values -o era5.yaml", "a schema to begin with"},
  };
  Option schema = schema_row(member_of(options, &CheckOptions::schema));
  schema.help = "what the data should be like, as YAML";
  schema.fallback = "none: it must be given";
  verb.options = {std::move(schema), grib_index_row(member_of(options, &CheckOptions::grib_index))};
  verb.run = [options](const Invocation& invocation) { return run(*options, invocation); };
  return verb;
}

}  // namespace gridmill::cli
