#include "gridmill/jobs/pack_choice.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "gridmill/array/box_json.h"
#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/dataset/cf_time.h"
#include "gridmill/dataset/packing.h"
#include "gridmill/dataset/selection.h"
#include "gridmill/engine/layout.h"
#include "gridmill/engine/run_memory.h"
#include "gridmill/jobs/per_variable.h"
#include "gridmill/jobs/task_layout.h"
#include "gridmill/jobs/working_budget.h"
#include "gridmill/sink/state_sink.h"
#include "gridmill/store/memory_store.h"

namespace gridmill {
namespace {

// A place on the earth, by what CF says of such variables.
bool is_place(const Variable& variable) {
  const std::string_view name = variable.attributes.text("standard_name");
  const std::string_view units = variable.attributes.text("units");
  return name == "latitude" || name == "longitude" || units.starts_with("degrees_north") ||
         units.starts_with("degrees_east");
}

// The paths of all that describes other variables.
std::set<std::string> descriptive(const Dataset& dataset) {
  std::set<std::string> paths;
  for (const Variable& variable : dataset.variables) {
    if (is_place(variable)) paths.insert(variable.path());
    for (const Variable* other : descriptions_of(dataset, variable)) paths.insert(other->path());
  }
  return paths;
}

std::optional<ValueRange> declared_range(const Variable& variable) {
  const auto number = [&](const char* name) -> std::optional<double> {
    const AttributeValue* value = variable.attributes.find(name);
    return value == nullptr ? std::nullopt : value->as_double();
  };
  if (const AttributeValue* both = variable.attributes.find("valid_range")) {
    const std::vector<double> ends = both->as_doubles();
    if (ends.size() == 2) return ValueRange{ends[0], ends[1]};
  }
  const auto least = number("valid_min"), greatest = number("valid_max");
  if (!least || !greatest) return std::nullopt;
  return ValueRange{*least, *greatest};
}

// In what the stored numbers mean: valid_range speaks of the stored ones.
std::optional<ValueRange> declared_range_of_values(const Variable& variable) {
  std::optional<ValueRange> range = declared_range(variable);
  const Packing packing = packing_of(variable);
  if (!range || !packing.is_scaled()) return range;
  const auto value = [&](double stored) {
    return stored * packing.scale_factor.value_or(1) + packing.add_offset.value_or(0);
  };
  const double one = value(range->least), other = value(range->greatest);
  return ValueRange{std::min(one, other), std::max(one, other)};
}

ValueRange typed_range(const std::string& text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos) {
    throw Error(ErrorKind::invalid,
                fmt::format("--pack-range {}: write LEAST:GREATEST, or scan", text));
  }
  return {parse_double(trim(std::string_view(text).substr(0, colon))),
          parse_double(trim(std::string_view(text).substr(colon + 1)))};
}

// Reads everything of some variables once, for their least and greatest values.
class RangeReader {
 public:
  RangeReader(const PackJob& job, const ConvertInput& input, std::vector<std::size_t> which,
              const Workplace& workplace)
      : job_(job), input_(input), which_(std::move(which)), workplace_(workplace) {}

  std::vector<ValueRange> ranges() {
    const std::shared_ptr<Stage> stage = plan_within(
        job_.resources.memory, [&](std::int64_t memory) { return fitting_stage(memory); });
    Progress progress;
    {
      const Watched watched(workplace_.console, "looking for the range of values", progress);
      run_stage(stage, 0, TaskGrid(stage->outputs).size(), run_options(job_.resources),
                workplace_.clock, progress, workplace_.stop);
    }
    std::vector<ValueRange> found;
    for (std::size_t k = 0; k < which_.size(); ++k) found.push_back(range_of(k));
    return found;
  }

 private:
  std::shared_ptr<Stage> fitting_stage(std::int64_t memory) {
    Resources planned = job_.resources;
    planned.memory = memory;
    targets_.clear();
    auto stage = std::make_shared<Stage>();
    stage->name = "scan";
    for (const std::size_t i : which_) stage->outputs.push_back(output_of(i, planned));
    check_fits(*stage, run_options(planned));
    return stage;
  }

  Output output_of(std::size_t i, const Resources& planned) {
    const Variable& variable = input_.dataset.variables[i];
    const Variable& selected = input_.selected.variables[i];
    const Shape chunk = default_chunks({selected.shape, selected.dimensions, selected.type,
                                        selected.chunks.value_or(Shape{})})
                            .chunks;
    Shape unit = tasks_for(variable, input_.regions[i], chunk, planned).units_per_task;
    for (int d = 0; d < unit.rank(); ++d) unit[d] = std::max<std::int64_t>(unit[d] * chunk[d], 1);
    const FieldPtr values = input_.values(i);
    targets_.push_back({store_, Key(fmt::format("scan/{}", i)), statistics_fold(values->type()),
                        values->type(), ChunkGrid(selected.shape, unit)});
    return {variable.path(), {values}, state_sink(targets_.back()), Shape::filled(unit.rank(), 1)};
  }

  ValueRange range_of(std::size_t k) const {
    const std::optional<Json> state = state_of(targets_[k]);
    const bool is_empty = !state || (*state)["count"] == 0;  // nothing but missing values
    const double least = is_empty ? 0 : (*state)["minimum"].get<double>();
    const double greatest = is_empty ? 0 : (*state)["maximum"].get<double>();
    if (!std::isfinite(least) || !std::isfinite(greatest)) {
      const std::string path = input_.dataset.variables[which_[k]].path();
      throw Error(
          ErrorKind::corrupt,
          fmt::format("variable {} holds infinite values, which no range has room for: give "
                      "--pack-range {}:LEAST:GREATEST with --out-of-range clamp or mask",
                      path, path));
    }
    if (least == greatest) return around(k, least, is_empty);
    const double more = job_.options.buffer * (greatest - least);
    return {least - more, greatest + more};
  }

  // One value says nothing of the range of others: as much around it as a buffer can mean.
  ValueRange around(std::size_t k, double value, bool is_empty) const {
    const std::string path = input_.dataset.variables[which_[k]].path();
    workplace_.console.warn(fmt::format(
        "{} holds {}: its packing has room for little else; give --pack-range {}:LEAST:GREATEST if "
        "more is to come",
        path, is_empty ? "nothing but missing values" : "one value only", path));
    const double more = value == 0 ? job_.options.buffer : job_.options.buffer * std::abs(value);
    return {value - more, value + more};
  }

  const PackJob& job_;
  const ConvertInput& input_;
  const std::vector<std::size_t> which_;
  const Workplace& workplace_;
  const std::shared_ptr<Store> store_ = memory_store();
  std::vector<StateTarget> targets_;
};

class PackChooser {
 public:
  PackChooser(const PackJob& job, ConvertInput& input, const Workplace& workplace)
      : job_(job),
        input_(input),
        workplace_(workplace),
        bits_("--pack", job.options.pack, input.selected),
        ranges_("--pack-range", job.options.range, input.selected),
        descriptive_(descriptive(input.dataset)),
        out_of_range_(out_of_range_from(job.options.out_of_range)) {
    for (const VariableOptions::Item& item : ranges_.items()) {
      if (item.value != "scan") (void)typed_range(item.value);
    }
    if (job.options.buffer >= 0 && std::isfinite(job.options.buffer)) return;
    throw Error(ErrorKind::invalid,
                fmt::format("--pack-buffer {} is negative", job.options.buffer));
  }

  void choose() {
    std::vector<std::size_t> scanned;
    std::vector<int> bits_of(count(), 0);
    std::vector<std::optional<ValueRange>> found(count());
    for (std::size_t i = 0; i < count(); ++i) {
      const Variable& variable = input_.selected.variables[i];
      bits_of[i] = in_context([&] { return "variable " + variable.path(); },
                              [&] { return wanted_bits(variable); });
      if (bits_of[i] == 0) continue;
      found[i] = known_range(variable);
      if (!found[i]) scanned.push_back(i);
    }
    check_ranges_used(bits_of);
    if (!scanned.empty()) {
      const std::vector<ValueRange> ranges = scan(scanned);
      for (std::size_t k = 0; k < scanned.size(); ++k) found[scanned[k]] = ranges[k];
    }
    input_.packings.assign(count(), std::nullopt);
    for (std::size_t i = 0; i < count(); ++i) {
      const bool is_scanned = std::find(scanned.begin(), scanned.end(), i) != scanned.end();
      const bool is_known = !is_scanned || job_.scan == RangeScan::now;
      if (bits_of[i] > 0) settle(i, *found[i], bits_of[i], is_known);
    }
  }

 private:
  std::size_t count() const { return input_.selected.variables.size(); }

  // A range for what isn't packed is a slip.
  void check_ranges_used(const std::vector<int>& bits_of) const {
    for (const VariableOptions::Item& item : ranges_.items()) {
      if (item.pattern.empty()) continue;
      bool is_used = false;
      for (std::size_t i = 0; i < count(); ++i) {
        is_used =
            is_used || (bits_of[i] > 0 && is_named(input_.selected.variables[i], item.pattern));
      }
      if (is_used) continue;
      throw Error(ErrorKind::invalid,
                  fmt::format("--pack-range {}:{}: {} is not packed; give --pack "
                              "{}:16 as well",
                              item.pattern, item.value, item.pattern, item.pattern));
    }
  }

  // 0: stays as it is.
  int wanted_bits(const Variable& variable) {
    const VariableOption option = bits_.for_variable(variable);
    if (option.value.empty() || option.value == "none") return 0;
    if (option.value.find(':') != std::string::npos) {
      throw Error(ErrorKind::invalid,
                  fmt::format("--pack {}: there is no variable {}", option.value,
                              option.value.substr(0, option.value.find(':'))));
    }
    const std::int64_t wanted = parse_int(option.value);
    const int bits = wanted > 0 && wanted <= 64 ? static_cast<int>(wanted) : -1;
    (void)codes_for({0, 1}, bits);  // throws for other numbers of bits
    if (job_.applies && !job_.applies(variable)) {
      if (!option.is_own) return 0;
      throw Error(ErrorKind::invalid,
                  fmt::format("--pack {}:{}: it is copied as it is; what grows is packed",
                              variable.path(), option.value));
    }
    if (option.is_own) {
      check_packable(variable);
      return bits;
    }
    if (!is_meant(variable)) return 0;
    if (packing_of(variable).is_scaled()) {
      note(variable, "is packed already, and stays as it is");
      return 0;
    }
    return bits;
  }

  bool is_meant(const Variable& variable) const {
    const bool is_number = variable.type == types::float32 || variable.type == types::float64;
    const bool is_time = is_time_units(variable.attributes.text("units"));
    const bool is_scaled = variable.type.is_integer() && packing_of(variable).is_scaled();
    return (is_number || is_scaled) && !is_time && !descriptive_.contains(variable.path());
  }

  void check_packable(const Variable& variable) const {
    const bool is_small = variable.type.is_real() && variable.type != types::float16 &&
                          (variable.type.is_floating() || variable.type.size <= 4);
    if (!is_small) {
      throw Error(ErrorKind::invalid, fmt::format("values of type {} can't be packed; give --pack "
                                                  "{}:none",
                                                  variable.type_name(), variable.path()));
    }
    if (!descriptive_.contains(variable.path())) return;
    throw Error(ErrorKind::invalid,
                fmt::format("--pack {}: it is a coordinate, whose values must stay exact",
                            variable.path()));
  }

  // nullopt: it is to be scanned.
  std::optional<ValueRange> known_range(const Variable& variable) const {
    const VariableOption option = ranges_.for_variable(variable);
    if (option.value == "scan") return std::nullopt;
    if (!option.value.empty()) return typed_range(option.value);
    return declared_range_of_values(variable);
  }

  std::vector<ValueRange> scan(const std::vector<std::size_t>& which) {
    if (job_.scan == RangeScan::now) return RangeReader(job_, input_, which, workplace_).ranges();
    if (job_.scan == RangeScan::later) {
      for (const std::size_t i : which) {
        note(input_.selected.variables[i],
             "is read for its range before it is packed: its scale_factor is not known yet");
      }
      return std::vector<ValueRange>(which.size());
    }
    const std::string path = input_.selected.variables[which.front()].path();
    throw Error(ErrorKind::invalid,
                fmt::format("--pack {}: its values are not there yet, so that their range can't be "
                            "scanned, and it declares no valid_range: give --pack-range "
                            "{}:LEAST:GREATEST",
                            path, path));
  }

  void settle(std::size_t i, const ValueRange& range, int bits, bool is_known) {
    Variable& variable = input_.selected.variables[i];
    PackingCodes codes = in_context([&] { return "variable " + variable.path(); },
                                    [&] { return codes_for(range, bits); });
    codes.out_of_range = out_of_range_;
    if (is_known) {
      note(variable, fmt::format("is packed into {} bits: {} to {} in steps of {:.6g}", bits,
                                 format_double(codes.least_value()),
                                 format_double(codes.greatest_value()), codes.scale_factor));
    }
    variable = packed_variable(variable, codes);
    input_.packings[i] = std::move(codes);
  }

  void note(const Variable& variable, const std::string& what) {
    input_.dataset.notes.push_back(fmt::format("{} {}", variable.path(), what));
  }

  const PackJob& job_;
  ConvertInput& input_;
  const Workplace& workplace_;
  const VariableOptions bits_, ranges_;
  const std::set<std::string> descriptive_;
  const OutOfRange out_of_range_;
};

}  // namespace

void choose_packing(const PackJob& job, ConvertInput& input, const Workplace& workplace) {
  if (job.options.pack.empty()) {
    const PackOptions untouched;
    const bool is_silent = job.options.range.empty() && job.options.buffer == untouched.buffer &&
                           job.options.out_of_range == untouched.out_of_range;
    if (is_silent) return;
    throw Error(ErrorKind::invalid,
                "--pack-range, --pack-buffer and --out-of-range say how to pack, and --pack what: "
                "give it as well");
  }
  PackChooser(job, input, workplace).choose();
}

void add_counting(std::vector<OutputRecipe>& outputs, const ChunkGrid& units, DataType values) {
  const Json& packed = outputs.back().fields.at(0);
  if (packed.value("operator", "") != "pack") return;
  const PackingCodes codes = packing_codes_from_json(packed.at("codes"));
  if (codes.out_of_range == OutOfRange::refuse) return;
  Shape box = outputs.back().units_per_task;
  for (int d = 0; d < box.rank(); ++d) box[d] *= units.chunk()[d];
  OutputRecipe counting;
  counting.name = outputs.back().name + ": out of range";
  counting.fields = {packed.at("input")};
  counting.sink = {{"sink", "state"},
                   {"store", "state"},
                   // By its boxes, too, which follow the memory: a resumed run may have more.
                   {"state", fmt::format("{}/{}", outputs.back().name, fmt::join(box, "x"))},
                   {"type", values.name()},
                   {"shape", index_to_json(units.shape())},
                   {"unit", index_to_json(box)},
                   {"fold", packing_fold(codes, values)->to_json()}};
  counting.units_per_task = Shape::filled(box.rank(), 1);
  counting.joins_previous = true;
  outputs.push_back(std::move(counting));
}

}  // namespace gridmill
