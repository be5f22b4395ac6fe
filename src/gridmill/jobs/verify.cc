#include "gridmill/jobs/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/dataset/concat.h"
#include "gridmill/dataset/coordinates.h"
#include "gridmill/dataset/dataset.h"
#include "gridmill/dataset/selection.h"
#include "gridmill/engine/layout.h"
#include "gridmill/field/sources.h"
#include "gridmill/jobs/checked_reader.h"
#include "gridmill/jobs/task_layout.h"
#include "gridmill/sink/compare_sink.h"
#include "gridmill/store/stage.h"
#include "gridmill/system/memory.h"

namespace gridmill {
namespace {

// Collects what is wrong, and what was and was not proved.
class Findings {
 public:
  void problem(const std::string& variable, const std::string& chunk, const std::string& region,
               const std::string& what) {
    Json item{{"variable", variable}, {"what", what}};
    if (!chunk.empty()) item["chunk"] = chunk;
    if (!region.empty()) item["region"] = region;
    problems_.push_back(std::move(item));
  }
  void proved(const std::string& what) { proved_.push_back(what); }
  void unproved(const std::string& what) { unproved_.push_back(what); }
  std::size_t problem_count() const { return problems_.size(); }

  Json report(const std::string& store) const {
    Json sorted = problems_;  // found by many threads: put in an order that doesn't depend on them
    std::sort(sorted.begin(), sorted.end(),
              [](const Json& a, const Json& b) { return a.dump() < b.dump(); });
    return {{"store", store},
            {"ok", problems_.empty()},
            {"proved", proved_},
            {"unproved", unproved_},
            {"problems", sorted}};
  }

 private:
  Json problems_ = Json::array();
  Json proved_ = Json::array();
  Json unproved_ = Json::array();
};

Dataset open_reference(const VerifyOptions& options, const Workplace& workplace) {
  std::vector<Dataset> inputs;
  for (const std::string& text : options.against) {
    inputs.push_back(open_dataset(workplace.files, parse_location(text)));
  }
  const Dataset joined = inputs.size() == 1 ? std::move(inputs[0]) : concatenate(std::move(inputs));
  return select_variables(joined, options.variables, options.drop);
}

// An integer can't equal NaN: such a `_FillValue` says nothing and Zarr v3 can't hold it.
bool is_meaningless(const Variable& variable, const std::string& name,
                    const AttributeValue& value) {
  return name == "_FillValue" && variable.type.is_integer() && value.as_double() &&
         *value.as_double() != *value.as_double();
}

void compare_attributes(const std::string& where, const Attributes& found, const Attributes& wanted,
                        const Variable* variable, Findings& findings) {
  for (const auto& [name, value] : wanted) {
    if (variable != nullptr && is_meaningless(*variable, name, value)) continue;
    const AttributeValue* own = found.find(name);
    if (own == nullptr) {
      findings.problem(where, "", "", fmt::format("attribute {} is missing", name));
    } else if (!(*own == value)) {
      findings.problem(where, "", "",
                       fmt::format("attribute {} is {} instead of {}", name,
                                   dump_json(own->to_json(), -1), dump_json(value.to_json(), -1)));
    }
  }
  for (const auto& [name, value] : found) {
    if (wanted.find(name) == nullptr) {
      findings.problem(where, "", "", fmt::format("attribute {} is not in the source", name));
    }
  }
}

// Type, dimensions, shape and attributes; true if the values can be compared.
bool compare_description(const Variable& found, const Variable& wanted, Findings& findings) {
  const std::size_t before = findings.problem_count();
  if (found.type != wanted.type) {
    findings.problem(found.path(), "", "",
                     fmt::format("type {} instead of {}", found.type.name(), wanted.type.name()));
  }
  if (found.dimensions != wanted.dimensions || found.shape != wanted.shape) {
    findings.problem(found.path(), "", "",
                     fmt::format("dimensions ({}) {} instead of ({}) {}",
                                 join(found.dimensions, ", "), to_string(found.shape),
                                 join(wanted.dimensions, ", "), to_string(wanted.shape)));
  }
  const bool comparable = findings.problem_count() == before;
  compare_attributes(found.path(), found.attributes, wanted.attributes, &found, findings);
  return comparable;
}

void compare_structure(const Dataset& store, const Dataset& reference, Findings& findings) {
  for (const Variable& wanted : reference.variables) {
    if (store.find(wanted.path()) == nullptr) {
      findings.problem(wanted.path(), "", "", "the variable is missing");
    }
  }
  for (const Variable& found : store.variables) {
    if (reference.find(found.path()) == nullptr) {
      findings.problem(found.path(), "", "", "the variable is not in the source");
    }
  }
  for (const Group& wanted : reference.groups) {
    const auto found = std::find_if(store.groups.begin(), store.groups.end(),
                                    [&](const Group& group) { return group.path == wanted.path; });
    if (found == store.groups.end()) {
      findings.problem("/" + wanted.path, "", "", "the group is missing");
    } else {
      compare_attributes("/" + wanted.path, found->attributes, wanted.attributes, nullptr,
                         findings);
    }
  }
}

// Keys that are not chunks: metadata against the manifest; keys that the manifest doesn't know.
void check_keys(Store& store, const Manifest& manifest, const std::set<std::string>& chunk_owners,
                Findings& findings) {
  const auto is_chunk = [&](const std::string& key) {
    const auto owner = chunk_owners.upper_bound(key);
    return owner != chunk_owners.begin() && key.starts_with(*std::prev(owner)) &&
           !key.ends_with(".json") && !key.ends_with(".zarray") && !key.ends_with(".zattrs");
  };
  std::set<std::string> seen;
  Buffer bytes;
  store.list(Key(), [&](const ListEntry& entry) {
    const std::string& key = entry.key.text();
    if (key == kFreshManifestKey) return;
    seen.insert(key);
    const auto known = manifest.entries().find(key);
    if (known == manifest.entries().end()) {
      findings.problem("", key, "", "a key that the manifest does not know");
      return;
    }
    if (is_chunk(key) || !known->second) return;
    (void)store.get(entry.key, bytes);
    if (hash_bytes(bytes) != known->second->hash) {
      findings.problem("", key, "", "metadata changed since the store was written (hash differs)");
    }
  });
  for (const auto& [key, entry] : manifest.entries()) {
    if (entry && !is_chunk(key) && !seen.contains(key)) {
      findings.problem("", key, "", "missing: it was written and is gone");
    }
  }
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
    manifest_ = Manifest::load(*open_store(workplace.files, location_), *companion);
    if (!options.against.empty()) reference_ = open_reference(options, workplace);
  }

  Json run() {
    check_structure();
    std::shared_ptr<Stage> stage = make_stage();
    Progress progress;
    const std::int64_t tasks = TaskGrid(stage->outputs).size();
    const std::int64_t start_ns = workplace_.clock.monotonic_ns();
    {
      const Watched watched(workplace_.console, "verifying " + options_.store, progress);
      run_stage(stage, 0, tasks, run_options(options_.resources), workplace_.clock, progress,
                workplace_.stop);
    }
    conclude();
    Json report = findings_.report(options_.store);
    report["chunks"] = progress.units_written.load();
    report["bytes_decoded"] = progress.bytes_decoded.load();
    report["seconds"] = static_cast<double>(workplace_.clock.monotonic_ns() - start_ns) * 1e-9;
    report["peak_memory"] = peak_resident_memory();
    return report;
  }

 private:
  void check_structure() {
    for (const std::string& problem : coordinate_problems(store_)) {
      findings_.problem("", "", "", problem);
    }
    if (manifest_) {
      std::set<std::string> owners;
      for (const Variable& variable : store_.variables) owners.insert(variable.path() + "/");
      const auto bytes = open_store(workplace_.files, location_);
      check_keys(*bytes, *manifest_, owners, findings_);
    }
    if (reference_) compare_structure(store_, *reference_, findings_);
  }

  std::shared_ptr<Stage> make_stage() {
    auto stage = std::make_shared<Stage>();
    stage->name = "verify";
    const Dataset chosen = select_variables(store_, options_.variables, std::vector<std::string>{});
    for (const Variable& variable : chosen.variables)
      stage->outputs.push_back(output_for(variable));
    return stage;
  }

  Output output_for(const Variable& variable) {
    const auto checked = std::make_shared<CheckedReader>(
        variable.blocks.at(0).reader, manifest_ ? &*manifest_ : nullptr,
        [this, path = variable.path(), grid = variable.blocks.at(0).reader->grid()](
            const Index& position, const std::string& key, const std::string& what) {
          const std::lock_guard lock(mutex_);
          findings_.problem(path, key, to_string(grid.box_of(position)), what);
        });
    Variable through_check = variable;
    through_check.blocks[0].reader = checked;

    CompareTarget target;
    target.type = variable.type;
    target.grid = checked->grid();
    target.skip = [checked](const Index& unit) { return checked->is_bad(unit); };
    target.report = [this, path = variable.path()](const Mismatch& mismatch) {
      const std::lock_guard lock(mutex_);
      findings_.problem(path, to_string(mismatch.unit), to_string(mismatch.region), mismatch.what);
    };
    Output output{variable.path(), {variable_source(through_check, options_.store)}, nullptr, {}};
    std::vector<const Variable*> read{&variable};
    const Variable* wanted = reference_ ? reference_->find(variable.path()) : nullptr;
    if (wanted != nullptr && compare_description(variable, *wanted, findings_)) {
      target.has_reference = true;
      output.fields.push_back(variable_source(*wanted, reference_->location));
      read.push_back(wanted);
    }
    output.units_per_task = tasks_for(read, target.grid.chunk(), options_.resources).units_per_task;
    output.sink = compare_sink(std::move(target));
    return output;
  }

  void conclude() {
    findings_.proved("every chunk decodes to the size that the metadata declare");
    findings_.proved("coordinates are unique and monotonic");
    if (manifest_) {
      findings_.proved("presence and content hash of every key, by the manifest");
    } else {
      findings_.unproved(
          "whether chunks are missing or were changed: the store has no manifest beside it");
    }
    if (reference_) {
      findings_.proved("values, attributes, types and coordinates equal the source");
    } else {
      findings_.unproved("whether the values are the source's: give --against SOURCE");
    }
  }

  const VerifyOptions& options_;
  const Workplace& workplace_;
  Location location_;
  Dataset store_;
  std::optional<Manifest> manifest_;
  std::optional<Dataset> reference_;
  std::mutex mutex_;
  Findings findings_;
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
  if (ok) lines("  proved:    ", report["proved"]);
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
  return fmt::format(
      "{}: {}\n{}", report["store"].get<std::string>(),
      ok ? fmt::format("sound ({} chunks read)", format_count(report["chunks"].get<std::int64_t>()))
         : fmt::format("{} {}", count, count == 1 ? "problem" : "problems"),
      text);
}

}  // namespace gridmill
