#include "gridmill/jobs/append_rewrite.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "gridmill/base/error.h"
#include "gridmill/jobs/convert.h"
#include "gridmill/jobs/convert_input.h"
#include "gridmill/jobs/input_identity.h"
#include "gridmill/jobs/run_plan.h"
#include "gridmill/jobs/zarr_target.h"
#include "gridmill/zarr/hierarchy.h"

namespace gridmill {
namespace {

// Where new times go: instead of the archive's [begin, end), which may be empty.
struct Insertion {
  std::int64_t begin = 0, end = 0;
  IndexRange range;
};

std::vector<Insertion> insertions_of(const TimeMerge& merge, std::int64_t in_archive,
                                     bool replaces) {
  std::vector<Insertion> insertions;
  for (const TimeRun& run : merge.lacking) insertions.push_back({run.at, run.at, run.range});
  for (const TimeRun& run : merge.known) {
    const std::int64_t length = run.range.end - run.range.begin;
    if (replaces) insertions.push_back({run.at, run.at + length, run.range});
  }
  if (merge.behind) insertions.push_back({in_archive, in_archive, merge.behind->range});
  std::sort(insertions.begin(), insertions.end(), [](const Insertion& a, const Insertion& b) {
    return a.range.begin < b.range.begin;  // both ascend
  });
  return insertions;
}

// The archive's own arrays, as long as they are now; what had to change its type or units is laid
// out anew.
class GrownTarget {
 public:
  GrownTarget(Store& store, const Dataset& joined) : hierarchy_(open_hierarchy(store)) {
    target_ = make_target(joined, hierarchy_.zarr_format, {});
    check_all_known(joined);
    for (const ZarrNode& one : hierarchy_.nodes) {
      if (one.is_group()) check_own(store, one.path);
    }
  }

  ZarrTarget make() && {
    target_.nodes.clear();
    for (const ZarrNode& one : hierarchy_.nodes) {
      if (one.is_group()) target_.nodes.push_back(one);
    }
    for (TargetArray& array : target_.arrays) {
      const std::string path = array.source->path();
      keep_layout(*node(path).array, array);
      target_.nodes.push_back({path, {}, array.metadata});
    }
    return std::move(target_);
  }

  int zarr_format() const noexcept { return hierarchy_.zarr_format; }

 private:
  const ZarrNode& node(const std::string& path) const {
    const auto found = std::find_if(hierarchy_.nodes.begin(), hierarchy_.nodes.end(),
                                    [&](const ZarrNode& one) { return one.path == path; });
    if (found != hierarchy_.nodes.end()) return *found;
    throw Error(ErrorKind::internal, "the archive has no node " + path);
  }

  static void keep_layout(const ArrayMetadata& own, TargetArray& array) {
    const Variable& variable = *array.source;
    const bool is_same = own.type == variable.type && !own.is_rectilinear() &&
                         own.attributes.text("units") == variable.attributes.text("units");
    if (!is_same) return;
    array.metadata = own;
    array.metadata.shape = variable.shape;
    array.why_chunks = "as they were";
  }

  // Whose files they are nobody knows here, and they would be gone.
  void check_own(Store& store, const std::string& group) const {
    for (const std::string& name : store.children(Key(group))) {
      const std::string path = group.empty() ? name : group + "/" + name;
      const bool is_node = std::any_of(hierarchy_.nodes.begin(), hierarchy_.nodes.end(),
                                       [&](const ZarrNode& one) { return one.path == path; });
      const bool is_document = name == "zarr.json" || name.starts_with(".z");
      if (is_node || is_document) continue;
      throw Error(ErrorKind::conflict,
                  fmt::format("{} lies in the store and is no part of it: written anew, the store "
                              "would lose it; move it elsewhere",
                              path));
    }
  }

  // Nothing that is in the archive may be lost on the way.
  void check_all_known(const Dataset& joined) const {
    for (const ZarrNode& one : hierarchy_.nodes) {
      if (!one.array && !one.unreadable) continue;
      if (joined.find(one.path) != nullptr) continue;
      throw Error(ErrorKind::unsupported,
                  fmt::format("{} can't be written anew: {}", one.path,
                              one.unreadable ? one.unreadable->reason : "it is not in the input"));
    }
  }

  const ZarrHierarchy hierarchy_;
  ZarrTarget target_;
};

ConvertOptions as_conversion(const AppendOptions& options) {
  ConvertOptions convert;
  convert.inputs = {options.store};
  convert.inputs.insert(convert.inputs.end(), options.inputs.begin(), options.inputs.end());
  convert.output = options.store;
  convert.overwrite = true;
  convert.check_variables = options.check_variables;
  convert.grib_index = options.grib_index;
  convert.resources = options.resources;
  return convert;
}

}  // namespace

Json identities_for_rewrite(const AppendOptions& options, Files& files) {
  return input_identities(files, as_conversion(options).inputs);
}

std::vector<TimePiece> pieces_in_order(const TimeMerge& merge, std::int64_t in_archive,
                                       bool replaces) {
  std::vector<TimePiece> pieces;
  std::int64_t done = 0;  // of the archive
  const auto keep_until = [&](std::int64_t end) {
    if (end > done) pieces.push_back({false, {done, end}});
    done = std::max(done, end);
  };
  for (const Insertion& insertion : insertions_of(merge, in_archive, replaces)) {
    keep_until(insertion.begin);
    pieces.push_back({true, insertion.range});
    done = std::max(done, insertion.end);
  }
  keep_until(in_archive);
  return pieces;
}

Json rewrite_archive(const AppendOptions& options, const Dataset& archive, Dataset joined,
                     const Json& identities, const Json& about, const Workplace& workplace) {
  ConvertOptions convert = as_conversion(options);
  RunAccount account("append", options.inputs, options.store, options.reports, options.resources,
                     workplace);
  const Workplace& at = account.workplace();
  ConvertInput input;
  input.dataset = std::move(joined);
  input.dataset.notes.push_back(
      fmt::format("{} is written anew, with all times in order", archive.location));
  input.selected = input.dataset;
  for (const Variable& variable : input.dataset.variables) {
    input.regions.push_back(whole_box(variable.shape));
  }
  const auto store = open_store(at.files, parse_location(options.store));
  GrownTarget grown(*store, input.dataset);
  convert.zarr_format = grown.zarr_format();
  const ZarrTarget target = std::move(grown).make();
  PlannedJob job = plan_conversion("append", convert, input, target, at);
  job.plan.identity["inputs"] = identities;
  for (const auto& [name, value] : about.items()) job.plan.about[name] = value;
  job.plan.about["rewritten"] = true;
  return carry_out(std::move(job),
                   {"writing " + options.store + " anew", false, options.resources, account},
                   options.dry_run, at);
}

}  // namespace gridmill
