#include "gridmill/jobs/table_cache.h"

#include <fmt/format.h>

#include "gridmill/jobs/extract_output.h"
#include "gridmill/jobs/extract_plan.h"
#include "gridmill/jobs/input_identity.h"
#include "gridmill/sink/parquet_file.h"

namespace gridmill {

bool is_kept_as_step(const ExtractOptions& options) {
  return options.plot.empty() && !options.skip_corrupt && !writes_directory(options);
}

StepRequest step_request(const ExtractOptions& options, Files& files) {
  Json asked = asked_of_table(options);
  // The places of these files say nothing; a Parquet file names its inputs as they were typed.
  asked.erase("points_file");
  asked.erase("features_file");
  asked["verb"] = "extract";
  asked["format"] = options.output.ends_with(".parquet") ? "Parquet " + parquet_library() : "CSV";
  asked["places"] = Json::array();
  for (const std::string& input : options.inputs) {
    asked["places"].push_back(absolute_location(input, files));
  }
  const std::string first = options.inputs.empty() ? "" : options.inputs.front();
  const std::size_t others = options.inputs.empty() ? 0 : options.inputs.size() - 1;
  return {others == 0 ? fmt::format("extract of {}", first)
                      : fmt::format("extract of {} and {} more", first, others),
          std::move(asked),
          {options.points_file, options.features_file, options.schema}};
}

}  // namespace gridmill
