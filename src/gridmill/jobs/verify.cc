#include "gridmill/jobs/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <set>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/dataset/coordinates.h"
#include "gridmill/dataset/dataset_recipe.h"
#include "gridmill/dataset/pack.h"
#include "gridmill/dataset/packing.h"
#include "gridmill/dataset/selection.h"
#include "gridmill/engine/run_memory.h"
#include "gridmill/field/pack.h"
#include "gridmill/field/sources.h"
#include "gridmill/field/unpack.h"
#include "gridmill/jobs/check_keys.h"
#include "gridmill/jobs/checked_reader.h"
#include "gridmill/jobs/compare_datasets.h"
#include "gridmill/jobs/findings.h"
#include "gridmill/jobs/task_layout.h"
#include "gridmill/jobs/working_budget.h"
#include "gridmill/sink/compare_sink.h"
#include "gridmill/store/stage.h"
#include "gridmill/system/clock.h"
#include "gridmill/system/memory.h"

namespace gridmill {
namespace {

bool is_in(const Dataset& dataset, const std::string& pattern) {
  return std::any_of(dataset.variables.begin(), dataset.variables.end(),
                     [&](const Variable& variable) { return is_named(variable, pattern); });
}

// What --variables means for one of the two sides: a pattern that only the other one knows is for
// the comparison to find.
Dataset reduced(const Dataset& dataset, const std::vector<std::string>& wanted,
                const std::vector<std::string>& dropped) {
  std::vector<std::string> known;
  std::copy_if(wanted.begin(), wanted.end(), std::back_inserter(known),
               [&](const std::string& pattern) { return is_in(dataset, pattern); });
  if (!known.empty() || wanted.empty()) return select_variables(dataset, known, dropped);
  Dataset nothing = dataset;
  nothing.variables.clear();
  return nothing;
}

std::string names_of(const std::vector<std::string>& paths) {
  constexpr std::size_t kMost = 8;
  if (paths.size() <= kMost) return join(paths, ", ");
  const std::vector<std::string> first(paths.begin(), paths.begin() + kMost);
  return fmt::format("{} and {} more", join(first, ", "), paths.size() - kMost);
}

class Verification {
 public:
  Verification(const VerifyOptions& options, const Workplace& workplace)
      : options_(options),
        workplace_(workplace),
        location_(parse_location(options.store)),
        store_(open_dataset(workplace.files, location_)) {
    if (!store_.format.starts_with("Zarr")) {
      throw Error(ErrorKind::unsupported,
                  fmt::format("{} is {}, not a Zarr store: verify checks Zarr stores, against any "
                              "source",
                              options.store, store_.format));
    }
    const auto companion = open_companion(workplace.files, location_);
    if (auto found = Manifest::load(*open_store(workplace.files, location_), *companion)) {
      manifest_ = std::make_shared<const Manifest>(std::move(*found));
    }
    choose_variables();
  }

  Json run() {
    check_structure();
    const std::shared_ptr<Stage> stage = make_stage();
    plan_within(options_.resources.memory,
                [&](std::int64_t memory) { choose_tasks(*stage, memory); });
    Progress progress;
    const std::int64_t tasks = TaskGrid(stage->outputs).size();
    const std::int64_t start_ns = workplace_.clock.monotonic_ns();
    {
      const Watched watched(workplace_.console, "verifying " + options_.store, progress);
      run_stage(stage, 0, tasks, run_options(options_.resources), workplace_.clock, progress,
                workplace_.stop);
    }
    conclude();
    Json report = findings_->report();
    report["store"] = options_.store;
    report["variables"] = chosen_.variables.size();
    report["variables_total"] = store_.variables.size();
    report["chunks"] = progress.units_written.load();
    report["bytes_decoded"] = progress.bytes_decoded.load();
    report["seconds"] = seconds_of(workplace_.clock.monotonic_ns() - start_ns);
    report["peak_memory"] = peak_resident_memory();
    return report;
  }

 private:
  void choose_variables() {
    std::optional<Dataset> source;
    AskedVariables asked{options_.variables, {}, options_.drop};
    if (!options_.against.empty()) {
      source =
          open_inputs(workplace_.files, options_.against, options_.grib_index, nullptr, &asked);
    }
    if (source) warn_of(source->notes, workplace_.console);
    for (const std::string& pattern : options_.variables) {
      if (source && is_in(*source, pattern)) continue;
      if (!is_in(store_, pattern)) (void)store_.at(pattern);  // throws, with what is near
    }
    chosen_ = reduced(store_, options_.variables, {});
    if (source) reference_ = reduced(*source, options_.variables, asked.dropped);
  }

  void check_structure() {
    for (const auto& [variable, what] : coordinate_problems(chosen_)) {
      findings_->add(Check::coordinates, {variable, "", "", what});
    }
    if (manifest_) {
      std::set<std::string> paths;
      for (const Variable& variable : chosen_.variables) paths.insert(variable.path());
      const auto bytes = open_store(workplace_.files, location_);
      check_keys(*bytes, root(), store_, paths, *manifest_, *findings_);
    }
    if (reference_) compare_structure(chosen_, *reference_, *findings_);
  }

  Key root() const { return location_.node.empty() ? Key() : Key(location_.node); }

  std::shared_ptr<Stage> make_stage() {
    auto stage = std::make_shared<Stage>();
    stage->name = "verify";
    for (const Variable& variable : chosen_.variables) {
      stage->outputs.push_back(output_for(variable));
    }
    return stage;
  }

  void choose_tasks(Stage& stage, std::int64_t memory) const {
    Resources resources = options_.resources;
    resources.memory = memory;
    for (std::size_t i = 0; i < stage.outputs.size(); ++i) {
      Output& output = stage.outputs[i];
      output.units_per_task =
          tasks_for(read_[i], output.sink->units().chunk(), resources).units_per_task;
    }
    check_fits(stage, run_options(resources));
  }

  // Its tasks are chosen later.
  Output output_for(const Variable& variable) {
    const auto checked = std::make_shared<CheckedReader>(
        variable.blocks.at(0).reader,
        variable.shards ? nullptr : manifest_,  // shards are checked as they are stored
        [findings = findings_, path = variable.path(), grid = variable.blocks.at(0).reader->grid()](
            const Index& position, const std::string& key, const std::string& what) {
          findings->add(Check::chunks, {path, key, to_string(grid.box_of(position)), what});
        });
    Variable through_check = variable;
    through_check.blocks[0].reader = checked;

    CompareTarget target;
    target.type = variable.type;
    target.grid = checked->grid();
    target.skip = [checked](const Index& unit) { return checked->is_bad(unit); };
    target.report = [findings = findings_, path = variable.path()](const Mismatch& mismatch) {
      findings->add(Check::source,
                    {path, to_string(mismatch.unit), to_string(mismatch.region), mismatch.what});
    };
    Output output{variable.path(), {variable_source(through_check, options_.store)}, nullptr, {}};
    std::vector<const Variable*> read{&variable};
    const Variable* wanted = reference_ ? reference_->find(variable.path()) : nullptr;
    if (wanted != nullptr) {
      const auto codes = codes_between(variable, *wanted);
      const Variable alike = codes ? packed_like(variable, *wanted, *codes) : *wanted;
      if (compare_description(variable, alike, *findings_)) {
        target.has_reference = true;
        output.fields.push_back(expected(*wanted, codes));
        read.push_back(wanted);
      }
    }
    read_.push_back(std::move(read));
    output.sink = compare_sink(std::move(target));
    return output;
  }

  // What the store should hold of it.
  FieldPtr expected(const Variable& wanted, std::optional<PackingCodes> codes) {
    FieldPtr source = variable_source(wanted, reference_->location);
    if (!codes) return source;
    codes->out_of_range = out_of_range_from(options_.out_of_range);
    if (codes->out_of_range == OutOfRange::refuse) codes->out_of_range = OutOfRange::mask;
    packed_.push_back(fmt::format(
        "{} is packed: every value is the source's to within {:.6g}; outside of {} to "
        "{} it is {}",
        wanted.path(), std::abs(codes->scale_factor) / 2, format_double(codes->least_value()),
        format_double(codes->greatest_value()),
        codes->out_of_range == OutOfRange::mask ? "missing" : "the nearest that there is"));
    return pack_field(unpack_field(std::move(source), packing_of(wanted)), *codes, wanted.path());
  }

  // " of t2m, time" if not everything was read.
  std::string scope() const {
    if (chosen_.variables.size() < store_.variables.size()) {
      return " of " + names_of(chosen_.variable_paths());
    }
    return location_.node.empty() ? "" : " of " + location_.node;
  }

  void conclude() {
    const std::string of = scope();
    const auto claim = [&](std::initializer_list<Check> checks, const std::string& text) {
      if (!findings_->has(checks)) findings_->prove(text);
    };
    claim({Check::chunks},
          fmt::format("every chunk{} decodes to the size that the metadata declare", of));
    claim({Check::chunks, Check::coordinates},
          fmt::format("coordinates{} are unique and monotonic", of));
    if (manifest_) {
      claim({Check::chunks, Check::keys},
            fmt::format("presence and content hash of every key{}, by the manifest", of));
    } else {
      findings_->leave_open(
          "whether chunks are missing or were changed: the store has no manifest beside it");
    }
    for (const std::string& text : packed_) claim({Check::chunks, Check::source}, text);
    if (reference_) {
      claim({Check::chunks, Check::source},
            fmt::format("values, attributes, types and coordinates{} equal the source", of));
    } else {
      findings_->leave_open("whether the values are the source's: give --against SOURCE");
    }
    std::vector<std::string> others;
    for (const Variable& variable : store_.variables) {
      if (chosen_.find(variable.path()) == nullptr) others.push_back(variable.path());
    }
    if (!others.empty()) {
      findings_->leave_open("anything about what --variables left out: " + names_of(others));
    }
  }

  const VerifyOptions& options_;
  const Workplace& workplace_;
  Location location_;
  Dataset store_;   // all of it
  Dataset chosen_;  // what --variables leaves
  std::shared_ptr<const Manifest> manifest_;
  std::optional<Dataset> reference_;
  std::vector<std::vector<const Variable*>> read_;  // by each output of the stage
  std::vector<std::string> packed_;                 // what is claimed of packed variables
  std::shared_ptr<Findings> findings_ = std::make_shared<Findings>();
};

}  // namespace

Json verify(const VerifyOptions& options, const Workplace& workplace) {
  return Verification(options, workplace).run();
}

std::string verify_text(const Json& report) {
  std::string text;
  const auto lines = [&](const char* heading, const Json& items) {
    for (const Json& item : items) text += fmt::format("{} {}\n", heading, item.get<std::string>());
  };
  const bool ok = report["ok"].get<bool>();
  lines("  proved:    ", report["proved"]);
  lines("  not proved:", report["unproved"]);
  for (const Json& problem : report["problems"]) {
    text += "  WRONG ";
    for (const char* member : {"variable", "chunk", "region"}) {
      if (problem.contains(member) && problem[member] != "") {
        text += problem[member].get<std::string>() + " ";
      }
    }
    text += ": " + problem["what"].get<std::string>() + "\n";
  }
  const auto count = report["problems"].size();
  const auto read = report["variables"].get<std::size_t>();
  const auto all = report["variables_total"].get<std::size_t>();
  const std::string part = read < all ? fmt::format(", {} of {} variables", read, all) : "";
  return fmt::format(
      "{}{}: {}\n{}", report["store"].get<std::string>(), part,
      ok ? fmt::format("sound ({} chunks read)", format_count(report["chunks"].get<std::int64_t>()))
         : fmt::format("{} {}", count, count == 1 ? "problem" : "problems"),
      text);
}

}  // namespace gridmill
