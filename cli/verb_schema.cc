// gridmill schema IN... [-o FILE]
#include <fmt/format.h>

#include "cli/rows.h"
#include "cli/verb.h"
#include "gridmill/base/text.h"
#include "gridmill/jobs/first_schema.h"

namespace gridmill::cli {
namespace {

constexpr const char* kAbout =
    "Writes a first schema of the data, as YAML: their dimensions, variables, types and units, and "
    "the order of their coordinates. The data meet it; what they are to meet beyond, or need not, "
    "is for you to change (docs/schema.md). With --values all values are read once, and fields get "
    "a range and a share of missing values, a little wider than what was found.";

std::string schema_text(const Json& report) {
  const std::string output = report["output"].get<std::string>();
  if (output.empty()) return report["yaml"].get<std::string>();
  return fmt::format("{}: {} dimensions, {} variables, {} rules\n", output,
                     report["dimensions"].get<std::int64_t>(),
                     report["variables"].get<std::int64_t>(), report["rules"].get<std::int64_t>());
}

int run(FirstSchemaOptions& options, const Invocation& invocation) {
  options.inputs = invocation.operands;
  options.grib_index = grib_index_of(options.grib_index, invocation);
  options.resources = invocation.general.resources;
  if (invocation.general.dry_run) {
    invocation.out.print(fmt::format("would write a schema of {} to {}\n",
                                     join(options.inputs, ", "),
                                     options.output.empty() ? "standard output" : options.output));
    return 0;
  }
  const Json report = first_schema(options, invocation.workplace);
  std::vector<std::string> notes;
  for (const Json& note : report["notes"]) notes.push_back(note.get<std::string>());
  warn_of(notes, invocation.workplace.console);
  print_report(invocation, report, schema_text);
  return 0;
}

}  // namespace

Verb schema_verb() {
  const auto options = std::make_shared<FirstSchemaOptions>();
  Verb verb;
  verb.name = "schema";
  verb.summary = "a first schema of the data, for check and --schema";
  verb.operands = "IN...";
  verb.most_operands = -1;
  verb.about = kAbout;
  verb.examples = {
      {"schema era5.zarr -o era5.yaml", "from metadata and coordinates"},
      {"schema era5.zarr --values -o era5.yaml", "with ranges and shares of missing values"},
      {"convert era5_2021.nc era5_2021.zarr --schema era5.yaml",
       "other data, which must be like them"},
  };
  verb.options = {
      output_row("the schema", "standard output", member_of(options, &FirstSchemaOptions::output)),
      switch_row("values", "read all values, for ranges and shares of missing ones",
                 member_of(options, &FirstSchemaOptions::values)),
      overwrite_row(member_of(options, &FirstSchemaOptions::overwrite)),
      grib_index_row(member_of(options, &FirstSchemaOptions::grib_index)),
  };
  verb.run = [options](const Invocation& invocation) { return run(*options, invocation); };
  return verb;
}

}  // namespace gridmill::cli
