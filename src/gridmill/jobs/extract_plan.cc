#include "gridmill/jobs/extract_plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "gridmill/base/error.h"
#include "gridmill/base/hashing.h"
#include "gridmill/base/version.h"
#include "gridmill/engine/archive.h"
#include "gridmill/jobs/extract_output.h"
#include "gridmill/jobs/input_identity.h"
#include "gridmill/sink/parquet_file.h"

namespace gridmill {
namespace {

constexpr std::int64_t kFormat = 1;
constexpr std::string_view kVerb = "extract";
constexpr std::string_view kWhere = "the plan";

std::string hash_of(const Json& json) { return to_hex(hash_bytes(as_bytes(dump_json(json, -1)))); }

std::string digest_of(Json document) {
  document.erase("digest");
  return hash_of(document);
}

// What decides about the table.
Json asked_of(const ExtractOptions& options) {
  return {{"inputs", options.inputs},
          {"points", options.points},
          {"points_file", options.points_file},
          {"variables", options.variables},
          {"region", options.region},
          {"sel", options.sel},
          {"method", point_method_to_json(options.method)},
          {"plot", !options.plot.empty()},
          {"features", options.features},
          {"features_file", options.features_file},
          {"input_sources", options.input_sources},
          {"along", options.along},
          {"duplicates", options.duplicates},
          {"join", options.join},
          {"segments", options.segments},
          {"spread", options.spread},
          {"partition", options.partition},
          {"keep", options.keep},
          {"target_size", options.target_size}};
}

ExtractOptions options_of(const Json& document) {
  const auto texts = [](const Json& object, std::string_view name) {
    return json_member(object, name, kWhere).get<std::vector<std::string>>();
  };
  const Json& asked = json_member(document, "asked", kWhere);
  const Json& output = json_member(document, "output", kWhere);
  ExtractOptions options;
  options.inputs = texts(asked, "inputs");
  options.points = texts(asked, "points");
  options.points_file = json_string(asked, "points_file", kWhere);
  options.variables = texts(asked, "variables");
  options.region = texts(asked, "region");
  options.sel = texts(asked, "sel");
  options.method = point_method_from_json(json_member(asked, "method", kWhere), kWhere);
  options.features = texts(asked, "features");
  options.features_file = json_string(asked, "features_file", kWhere);
  options.input_sources = texts(asked, "input_sources");
  options.along = json_string(asked, "along", kWhere);
  options.duplicates = json_string(asked, "duplicates", kWhere);
  options.join = json_string(asked, "join", kWhere);
  options.segments = texts(asked, "segments");
  options.spread = texts(asked, "spread");
  options.partition = texts(asked, "partition");
  options.keep = texts(asked, "keep");
  options.target_size = json_string(asked, "target_size", kWhere);
  options.output = json_string(output, "location", kWhere);
  options.plot = json_string(output, "plot", kWhere);
  options.overwrite = json_member(output, "overwrite", kWhere).get<bool>();
  return options;
}

Json identity_of(const ExtractOptions& options, Files& files) {
  Json identity{
      {"gridmill", kVersion}, {"verb", kVerb}, {"inputs", input_identities(files, options.inputs)}};
  if (!options.points_file.empty()) {
    identity["points_file"] = input_identity(files, Location{options.points_file, ""});
  }
  if (!options.features_file.empty()) {
    identity["features_file"] = input_identity(files, Location{options.features_file, ""});
  }
  return identity;
}

Json stage_of(const ExtractOptions& options, const TableFigures& figures) {
  return {{"name", kVerb},
          {"why", "rows come out in order, into one table: one process runs all tasks"},
          {"tasks", figures.tasks},
          {"outputs", Json::array({options.output})},
          {"bytes_read", figures.bytes_read},
          {"bytes_written", figures.bytes_written},
          {"read_amplification",
           static_cast<double>(figures.bytes_read) /
               static_cast<double>(std::max<std::int64_t>(1, figures.bytes_written))},
          {"least_memory", figures.least_memory}};
}

// Everything read of a document is read inside this.
template <class Read>
auto reading(const Json& document, Read&& read) {
  try {
    if (json_int(document, "gridmill_plan", kWhere) != kFormat) {
      throw Error(ErrorKind::unsupported,
                  fmt::format("the plan has format {}, and this version reads {}",
                              dump_json(document["gridmill_plan"], -1), kFormat));
    }
    if (json_string(document, "digest", kWhere) != digest_of(document)) {
      throw Error(ErrorKind::conflict,
                  "the plan was changed after it was made; make it again with other options "
                  "instead");
    }
    return read();
  } catch (const Json::exception& error) {
    throw Error(ErrorKind::corrupt, fmt::format("{}: {}", kWhere, error.what()));
  }
}

void check_unchanged(const Json& document, const ExtractOptions& options, Files& files) {
  const auto differences =
      plan_differences(json_member(document, "identity", kWhere), identity_of(options, files), 4);
  if (differences.empty()) return;
  throw Error(ErrorKind::conflict,
              fmt::format("the plan was made for something else: {}; make it again",
                          fmt::join(differences, "; ")));
}

}  // namespace

Json asked_of_table(const ExtractOptions& options) { return asked_of(options); }

bool is_extract_plan(const Json& document) {
  return document.is_object() && document.contains("gridmill_plan") &&
         document.value("verb", Json()) == Json(kVerb);
}

Json extract_identity(const ExtractOptions& options, Files& files) {
  Json identity{{"identity", identity_of(options, files)},
                {"asked", asked_of(options)},
                {"library", parquet_library()}};
  if (options.resources.skipped) identity["skip_corrupt"] = true;
  return identity;
}

Json make_extract_plan(ExtractOptions options, const Workplace& workplace) {
  Files& files = workplace.files;
  for (std::string& input : options.inputs) input = absolute_location(input, files);
  for (std::string* path :
       {&options.points_file, &options.features_file, &options.output, &options.plot}) {
    const bool is_directory = path->ends_with('/');
    if (!path->empty()) *path = files.absolute(*path) + (is_directory ? "/" : "");
  }
  const auto [about, figures] = look_at_table(options, workplace);
  const Json identity = identity_of(options, files);
  const Json asked = asked_of(options);
  const double read = static_cast<double>(figures.bytes_read);
  Json document{
      {"gridmill_plan", kFormat},
      {"verb", kVerb},
      {"id", hash_of(Json::array({identity, asked}))},
      {"budget", {{"memory", options.resources.memory}, {"threads", options.resources.threads}}},
      {"identity", identity},
      {"output",
       {{"location", options.output}, {"overwrite", options.overwrite}, {"plot", options.plot}}},
      {"asked", asked},
      {"stages", Json::array({stage_of(options, figures)})},
      {"source_bytes", figures.source_bytes},
      {"bytes_read", figures.bytes_read},
      {"bytes_written", figures.bytes_written},
      {"read_amplification",
       read / static_cast<double>(std::max<std::int64_t>(1, figures.source_bytes))},
      {"about", about}};
  document["digest"] = digest_of(document);
  return document;
}

Json explain_extract_plan(const Json& document) {
  return reading(document, [&] {
    Json explained = Json::object();
    explained["verb"] = kVerb;
    explained["id"] = json_string(document, "id", kWhere);
    explained["output"] = options_of(document).output;
    explained["inputs"] = options_of(document).inputs;
    for (const char* name : {"budget", "stages", "source_bytes", "bytes_read", "bytes_written",
                             "read_amplification"}) {
      explained[name] = json_member(document, name, kWhere);
    }
    const Json& about = json_member(document, "about", kWhere);
    for (const char* name : {"chunks_read", "chunks_total"}) {
      explained[name] = json_int(about, name, kWhere);
    }
    return explained;
  });
}

std::int64_t memory_of_extract_plan(const Json& document) {
  return reading(document, [&] {
    return json_int(json_member(document, "budget", kWhere), "memory", kWhere);
  });
}

Json exec_extract_plan(const Json& document, GribIndexUse grib_index, const Resources& resources,
                       const ReportOptions& reports, const Workplace& workplace) {
  ExtractOptions options = reading(document, [&] { return options_of(document); });
  check_unchanged(document, options, workplace.files);
  options.grib_index = grib_index;
  options.resources = resources;
  options.reports = reports;
  options.resume = writes_directory(options);  // as exec does
  return extract(options, workplace);
}

void refuse_parts_of_a_table(const std::string& what) {
  throw Error(ErrorKind::invalid,
              fmt::format("{}: the plan is of a table, one ordered stream that one process "
                          "writes from the first row to the last; run it whole: gridmill exec "
                          "PLAN",
                          what));
}

}  // namespace gridmill
