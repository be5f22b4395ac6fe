#include "gridmill/jobs/analyze.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "gridmill/array/box_json.h"
#include "gridmill/base/checked.h"
#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/dataset/coordinates.h"
#include "gridmill/dataset/horizontal.h"
#include "gridmill/dataset/packing.h"
#include "gridmill/jobs/codec_trials.h"
#include "gridmill/jobs/read_trials.h"
#include "gridmill/jobs/schema_gate.h"
#include "gridmill/jobs/value_sample.h"

namespace gridmill {
namespace {

// Of --memory: the sample, what is stored of it, and the rest for reading.
constexpr std::int64_t kSampleShare = 4;

// What other variables name as their coordinates and bounds: by name, as they do.
std::set<std::string> names_of_coordinates(const Dataset& dataset) {
  std::set<std::string> names;
  for (const Variable& variable : dataset.variables) {
    for (const char* attribute : {"coordinates", "bounds", "climatology", "grid_mapping"}) {
      for (std::string& name : split(variable.attributes.text(attribute), ' ')) {
        names.insert(std::move(name));
      }
    }
  }
  return names;
}

// Why a variable gets no advice; nullopt: it does. Coordinates are read whole, whatever the rest.
std::optional<std::string> reason_to_skip(const Variable& variable,
                                          const std::set<std::string>& coordinates) {
  if (is_dimension_coordinate(variable) || is_latitude(variable) || is_longitude(variable) ||
      coordinates.contains(variable.name)) {
    return "a coordinate, or the bounds of one";
  }
  if (variable.shape.rank() == 0) return "one value";
  if (volume(variable.shape) == 0) return "empty";
  if (variable.type.is_string()) return "texts of any length";
  const bool is_narrow = variable.zarr && variable.zarr->type == variable.type &&
                         narrow_of(variable.zarr->document).has_value();
  if (is_narrow) return variable.type_name() + ": codecs are tried on values as memory holds them";
  return std::nullopt;
}

Shape clipped(const Shape& chunks, const Shape& shape) {
  Shape inside;
  for (int d = 0; d < chunks.rank(); ++d) inside.push_back(std::min(chunks[d], shape[d]));
  return inside;
}

double rate(std::int64_t bytes, double seconds) {
  return static_cast<double>(bytes) / std::max(seconds, 1e-9) * 1e-6;
}

double ratio(std::int64_t bytes, std::int64_t encoded) {
  return static_cast<double>(bytes) / static_cast<double>(std::max<std::int64_t>(1, encoded));
}

Json packed_report(const Variable& variable) {
  if (!variable.type.is_real()) return nullptr;
  const Packing packing = packing_of(variable);
  if (!packing.is_scaled()) return nullptr;
  return {{"type", variable.type.name()},
          {"unpacked_type", packing.unpacked.name()},
          {"unpacked_bytes", checked_mul(volume(variable.shape), packing.unpacked.size, "size")}};
}

// One variable: its advice for each pattern, tried on one sample.
class VariableAnalysis {
 public:
  VariableAnalysis(const AnalyzeOptions& options, const Dataset& dataset, const Variable& variable,
                   const Workplace& workplace)
      : options_(options),
        dataset_(dataset),
        variable_(variable),
        roles_(axis_roles(dataset, variable)),
        bytes_(checked_mul(volume(variable.shape), variable.type.size, "the array's size")),
        workplace_(workplace) {}

  Json report() {
    if (!options_.dry_run) {
      const std::int64_t most =
          std::min(options_.sample_bytes, options_.resources.memory / kSampleShare);
      sample_ = read_sample(variable_, most, options_.resources, workplace_);
    }
    Json roles = Json::array();
    for (const AxisRole role : roles_) roles.push_back(name_of(role));
    Json patterns = Json::object();
    for (const AccessPattern pattern : kAccessPatterns) {
      patterns[std::string(name_of(pattern))] = advice(pattern);
    }
    return {{"name", variable_.path()},
            {"type", variable_.type.name()},
            {"dimensions", variable_.dimensions},
            {"roles", std::move(roles)},
            {"shape", index_to_json(variable_.shape)},
            {"source_chunks", variable_.chunks ? index_to_json(*variable_.chunks) : Json()},
            {"bytes", bytes_},
            {"packed", packed_report(variable_)},
            {"sample", sample_report()},
            {"patterns", std::move(patterns)}};
  }

 private:
  Json sample_report() const {
    if (!sample_) return nullptr;
    return {{"begin", index_to_json(sample_->region.begin)},
            {"shape", index_to_json(sample_->region.shape)},
            {"bytes", sample_->values->view().byte_size()}};
  }

  Json advice(AccessPattern pattern) {
    AdviceRequest request = advice_request(dataset_, variable_, pattern);
    request.target_bytes = options_.target_bytes;
    const ChunkChoice choice = advise_chunks(request);
    const std::int64_t chunk_bytes = volume(choice.chunks) * variable_.type.size;
    Json report{{"chunks", index_to_json(choice.chunks)},
                {"chunk_bytes", chunk_bytes},
                {"why", choice.why},
                {"reads", reads_of_all(choice.chunks, chunk_bytes)}};
    if (sample_) report.update(measured(clipped(choice.chunks, sample_->region.shape)));
    return report;
  }

  Json reads_of_all(const Shape& chunks, std::int64_t chunk_bytes) const {
    Json reads = Json::object();
    for (const Reading reading : kReadings) {
      if (!has_reading(reading, variable_.shape, roles_)) continue;
      const std::int64_t count = chunks_of_reading(reading, variable_.shape, chunks, roles_);
      reads[std::string(name_of(reading))] = {
          {"chunks", count}, {"bytes", checked_mul(count, chunk_bytes, "bytes of a reading")}};
    }
    return reads;
  }

  // Patterns that come to the same chunks are measured once.
  const Json& measured(const Shape& chunks) {
    const auto [place, is_new] = measured_.try_emplace(to_string(chunks));
    if (is_new) place->second = measure(chunks);
    return place->second;
  }

  Json measure(const Shape& chunks) const {
    const ArrayView values = sample_->values->view();
    std::vector<CodecTrial> trials;
    for (const std::string& codec : codecs_to_try()) {
      trials.push_back(try_codec(codec, values, chunks, workplace_));
    }
    const CodecTrial& best = best_trial(trials);
    const double shrunk = ratio(values.byte_size(), best.bytes);
    return {{"codec", best.codec},
            {"ratio", shrunk},
            {"expected_bytes", static_cast<std::int64_t>(static_cast<double>(bytes_) / shrunk)},
            {"sample_chunks", index_to_json(chunks)},
            {"codecs", codecs_report(trials, values.byte_size())},
            {"measured", reads_of_sample(chunks, best.codec)}};
  }

  static Json codecs_report(const std::vector<CodecTrial>& trials, std::int64_t bytes) {
    Json codecs = Json::array();
    for (const CodecTrial& trial : trials) {
      codecs.push_back({{"codec", trial.codec},
                        {"bytes", trial.bytes},
                        {"ratio", ratio(bytes, trial.bytes)},
                        {"encode_mb_per_s", rate(bytes, trial.encode_seconds)},
                        {"decode_mb_per_s", rate(bytes, trial.decode_seconds)}});
    }
    return codecs;
  }

  Json reads_of_sample(const Shape& chunks, const std::string& codec) const {
    Json reads = Json::object();
    for (const ReadTrial& trial : try_reads(*sample_, roles_, chunks, codec, workplace_)) {
      reads[std::string(name_of(trial.reading))] = {{"seconds", trial.seconds},
                                                    {"chunks", trial.chunks}};
    }
    return reads;
  }

  const AnalyzeOptions& options_;
  const Dataset& dataset_;
  const Variable& variable_;
  const std::vector<AxisRole> roles_;
  const std::int64_t bytes_;
  const Workplace& workplace_;
  std::optional<ValueSample> sample_;
  std::map<std::string, Json> measured_;
};

void check_options(const AnalyzeOptions& options) {
  check_wish({options.access_pattern, options.target_bytes});
  if (options.sample_bytes >= 1) return;
  throw Error(ErrorKind::invalid,
              "--sample-size: a sample of no bytes tells nothing; give 1 MiB or more");
}

Json totals(const Json& variables) {
  Json expected = Json::object();
  for (const AccessPattern pattern : kAccessPatterns) {
    const std::string name(name_of(pattern));
    std::int64_t bytes = 0;
    for (const Json& variable : variables) {
      bytes += variable["patterns"][name].value("expected_bytes", std::int64_t{0});
    }
    expected[name] = bytes;
  }
  return expected;
}

}  // namespace

Json analyze(const AnalyzeOptions& options, const Workplace& workplace) {
  check_options(options);
  const Dataset dataset = open_gated(
      workplace.files, {options.inputs, options.variables, options.drop, options.grib_index},
      options.schema);
  check_coordinates(dataset);
  Json variables = Json::array(), skipped = Json::array();
  std::int64_t bytes = 0;
  const std::set<std::string> coordinates = names_of_coordinates(dataset);
  for (const Variable& variable : dataset.variables) {
    if (const auto why = reason_to_skip(variable, coordinates)) {
      skipped.push_back({{"name", variable.path()}, {"why", *why}});
      continue;
    }
    in_context(
        [&] { return "variable " + variable.path(); },
        [&] {
          variables.push_back(VariableAnalysis(options, dataset, variable, workplace).report());
        });
    bytes = checked_add(bytes, variables.back()["bytes"].get<std::int64_t>(), "bytes in all");
  }
  if (variables.empty()) {
    throw Error(ErrorKind::not_found, fmt::format("{} holds no variable that chunks could be "
                                                  "advised for: only coordinates, single values "
                                                  "and texts",
                                                  dataset.location));
  }
  const Json expected = totals(variables);
  return {{"inputs", options.inputs},
          {"access_pattern", options.access_pattern},
          {"target_chunk_bytes", options.target_bytes},
          {"sample_bytes", options.sample_bytes},
          {"variables", std::move(variables)},
          {"skipped", std::move(skipped)},
          {"bytes", bytes},
          {"expected_bytes", options.dry_run ? Json() : expected},
          {"notes", dataset.notes}};
}

}  // namespace gridmill
