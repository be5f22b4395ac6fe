#include "gridmill/jobs/region_target.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "gridmill/base/error.h"
#include "gridmill/dataset/axis_match.h"
#include "gridmill/dataset/concat_times.h"
#include "gridmill/dataset/coordinates.h"
#include "gridmill/dataset/selection.h"

namespace gridmill {
namespace {

class RegionFinder {
 public:
  RegionFinder(const Dataset& input, const Dataset& archive, const std::vector<std::string>& region)
      : input_(input), archive_(archive) {
    for (const std::string& text : region) given_.push_back(parse_region(text));
  }

  // Where the variable's values belong; `of` is the archive's of that name.
  Box box(const Variable& variable, const Variable& of) {
    if (variable.dimensions != of.dimensions) {
      throw Error(ErrorKind::corrupt,
                  fmt::format("{} has dimensions ({}) in {} and ({}) in {}", variable.path(),
                              fmt::join(variable.dimensions, ", "), input_.location,
                              fmt::join(of.dimensions, ", "), archive_.location));
    }
    Box box{Index::filled(variable.shape.rank(), 0), variable.shape};
    for (int d = 0; d < box.rank(); ++d) {
      box.begin[d] = begin(variable, of, d);
      if (box.shape[d] < of.shape[d])
        partial_.insert(variable.dimensions[static_cast<std::size_t>(d)]);
    }
    return box;
  }

  // Dimensions of which the input holds a part, as far as they have been seen.
  const std::set<std::string>& partial() const noexcept { return partial_; }
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> take_region() {
    return std::move(region_);
  }
  void check_all_used() const {
    for (const SelectionText& text : given_) {
      if (region_.contains(text.dimension)) continue;
      throw Error(ErrorKind::invalid,
                  fmt::format("--region {}={}: no variable of {} has that dimension",
                              text.dimension, text.range, input_.location));
    }
  }

 private:
  std::int64_t begin(const Variable& variable, const Variable& of, int d) {
    const std::string& name = variable.dimensions[static_cast<std::size_t>(d)];
    const std::int64_t size = variable.shape[d], whole = of.shape[d];
    const auto key = std::pair(name, std::pair(variable.group, whole));
    if (const auto known = known_.find(key); known != known_.end()) return known->second;
    const Variable* own = find_dimension_coordinate(input_, variable.group, name);
    const Variable* there = find_dimension_coordinate(archive_, of.group, name);
    std::optional<std::int64_t> found;
    if (own != nullptr && there != nullptr) {
      found = position_in({archive_, *there}, {input_, *own});
    }
    const std::int64_t first = settle(name, size, whole, found);
    known_[key] = first;
    region_[name] = {first, first + size};
    return first;
  }

  // What coordinates, --region and lengths say together.
  std::int64_t settle(const std::string& name, std::int64_t size, std::int64_t whole,
                      std::optional<std::int64_t> found) const {
    for (const SelectionText& text : given_) {
      if (text.dimension != name) continue;
      const IndexRange range = resolve_indices(text.range, name, whole);
      if (range.end - range.begin != size) {
        throw Error(ErrorKind::invalid,
                    fmt::format("--region {}={} holds {} positions, but {} has {}", name,
                                text.range, range.end - range.begin, input_.location, size));
      }
      if (found && *found != range.begin) {
        throw Error(ErrorKind::corrupt,
                    fmt::format("--region {}={}, but by its coordinate {} belongs at {}={}:{}; "
                                "leave --region out",
                                name, text.range, input_.location, name, *found, *found + size));
      }
      return range.begin;
    }
    if (found) return *found;
    if (size == whole) return 0;
    throw Error(
        ErrorKind::invalid,
        fmt::format("dimension {} has {} positions in {} and {} in {}, and no coordinate in "
                    "both that says which: give --region {}=FROM:TO",
                    name, size, input_.location, whole, archive_.location, name));
  }

  const Dataset& input_;
  const Dataset& archive_;
  std::vector<SelectionText> given_;
  std::map<std::pair<std::string, std::pair<std::string, std::int64_t>>, std::int64_t> known_;
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> region_;
  std::set<std::string> partial_;
};

bool is_nan(const AttributeValue* value) {
  return value != nullptr && value->as_double() && std::isnan(*value->as_double());
}

// The archive's variable cut to the input's shape, and the input's with a _FillValue that the
// archive's template has added: what is left must mean the same. NaN is missing, declared or not.
void check_meaning(const Dataset& archive, const Variable& there, const Dataset& input,
                   const Variable& own) {
  Variable cut = there;
  cut.shape = own.shape;
  Variable filled = own;
  const AttributeValue* fill = there.attributes.find("_FillValue");
  const AttributeValue* own_fill = own.attributes.find("_FillValue");
  if (fill != nullptr && own_fill == nullptr) filled.attributes.set("_FillValue", *fill);
  if (fill == nullptr && is_nan(own_fill)) filled.attributes.erase("_FillValue");
  check_same_meaning({archive, cut}, {input, filled}, "");
}

bool has_any(const Variable& variable, const std::set<std::string>& dimensions) {
  return std::any_of(variable.dimensions.begin(), variable.dimensions.end(),
                     [&](const std::string& name) { return dimensions.contains(name); });
}

}  // namespace

RegionTarget region_target(const Dataset& input, const Dataset& archive,
                           const std::map<std::string, ArrayMetadata>& arrays,
                           const std::vector<std::string>& region) {
  RegionFinder finder(input, archive, region);
  std::vector<Box> boxes;
  for (const Variable& variable : input.variables) {
    const Variable* there = archive.find(variable.path());
    if (there == nullptr) {
      throw Error(ErrorKind::not_found,
                  fmt::format("{} has no variable {}: leave it out, --drop {}", archive.location,
                              variable.path(), variable.path()));
    }
    boxes.push_back(finder.box(variable, *there));
  }
  finder.check_all_used();
  RegionTarget target;
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    const Variable& variable = input.variables[i];
    const Variable& there = archive.at(variable.path());
    if (is_dimension_coordinate(variable)) {  // its place is where it was found
      target.compared.push_back(variable.path());
      continue;
    }
    check_meaning(archive, there, input, variable);
    if (!finder.partial().empty() && !has_any(variable, finder.partial())) {
      check_same({archive, there}, {input, variable});
      target.compared.push_back(variable.path());
      continue;
    }
    RegionPart part{variable, arrays.at(variable.path()), boxes[i]};
    part.source.blocks = blocks_in_units_of({archive, there}, {input, variable});
    target.parts.push_back(std::move(part));
  }
  target.region = finder.take_region();
  return target;
}

}  // namespace gridmill
