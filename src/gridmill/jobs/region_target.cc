#include "gridmill/jobs/region_target.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "gridmill/base/error.h"
#include "gridmill/dataset/axis_match.h"
#include "gridmill/dataset/cf_time.h"
#include "gridmill/dataset/concat_times.h"
#include "gridmill/dataset/coordinates.h"
#include "gridmill/dataset/packing.h"
#include "gridmill/dataset/selection.h"
#include "gridmill/kernels/compare.h"

namespace gridmill {
namespace {

// Of a coordinate; units of times are the comparison's own affair.
void check_same_units(const Origin& archive, const Origin& input) {
  for (const char* name : {"units", "scale_factor", "add_offset", "_Unsigned"}) {
    const std::string_view units = archive.variable.attributes.text("units");
    if (name == std::string_view("units") && is_time_units(units)) continue;
    const AttributeValue* there = archive.variable.attributes.find(name);
    const AttributeValue* own = input.variable.attributes.find(name);
    const auto text = [](const AttributeValue* value) {
      return value == nullptr ? std::string("absent") : dump_json(value->to_json(), -1);
    };
    if (text(there) == text(own)) continue;
    throw Error(
        ErrorKind::corrupt,
        fmt::format("coordinate {}: {} is {} in {} and {} in {}", input.variable.path(), name,
                    text(there), archive.dataset.location, text(own), input.dataset.location));
  }
}

class RegionFinder {
 public:
  RegionFinder(const Dataset& input, const Dataset& archive, const std::vector<std::string>& region)
      : input_(input), archive_(archive) {
    for (const std::string& text : region) {
      given_.push_back(parse_region(text));
      const std::string& name = given_.back().dimension;
      const auto is_same = [&](const SelectionText& other) { return other.dimension == name; };
      if (std::count_if(given_.begin(), given_.end(), is_same) == 1) continue;
      throw Error(ErrorKind::invalid,
                  fmt::format("--region: {} is given twice; a call writes one region", name));
    }
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
      check_same_units({archive_, *there}, {input_, *own});
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
  const auto codes = codes_between(there, own);
  Variable filled = codes ? packed_like(there, own, *codes) : own;
  const AttributeValue* fill = there.attributes.find("_FillValue");
  const AttributeValue* own_fill = own.attributes.find("_FillValue");
  if (fill != nullptr && own_fill == nullptr) filled.attributes.set("_FillValue", *fill);
  if (fill == nullptr && is_nan(own_fill)) filled.attributes.erase("_FillValue");
  check_same_meaning({archive, cut}, {input, filled}, "");
}

const ArrayMetadata& writable_array(const std::map<std::string, ArrayMetadata>& arrays,
                                    const Variable& there, const Dataset& archive) {
  const auto found = arrays.find(there.path());
  const bool is_regular = found != arrays.end() && !found->second.is_rectilinear();
  if (is_regular) return found->second;
  throw Error(ErrorKind::unsupported,
              fmt::format("{} of {} can't be written: {}; leave it out, --drop {}", there.path(),
                          archive.location,
                          found == arrays.end() ? "it can't be read either (gridmill info)"
                                                : "its chunk grid is rectilinear",
                          there.path()));
}

bool has_any(const Variable& variable, const std::set<std::string>& dimensions) {
  return std::any_of(variable.dimensions.begin(), variable.dimensions.end(),
                     [&](const std::string& name) { return dimensions.contains(name); });
}

std::set<std::string> time_dimensions(const Dataset& archive) {
  std::set<std::string> names;
  for (const Variable& variable : archive.variables) {
    const bool is_time =
        is_dimension_coordinate(variable) && is_time_units(variable.attributes.text("units"));
    if (is_time) names.insert(variable.name);
  }
  return names;
}

// Values that the archive holds packed: their codes are what must be equal.
void check_static_codes(const Origin& archive, const Origin& input, const Box& box,
                        const PackingCodes& codes) {
  check_is_comparable(archive, input);
  const Packing packing = packing_of(input.variable);
  const Array stored = read_array(input.variable);
  Array values(packing.unpacked, stored.shape());
  unpack(packing, stored.view(), values.view());
  Array own(codes.packed, stored.shape());
  std::optional<Index> first = pack(codes, values.view(), own.view());
  if (!first) {
    first = compare_values(read_array(archive.variable, box).view(), own.view()).first;
  }
  if (!first) return;
  throw Error(ErrorKind::corrupt,
              fmt::format("variable {}: differs: the value at {} of {} isn't what {} holds, packed",
                          input.variable.path(), to_string(*first), input.dataset.location,
                          archive.dataset.location));
}

// What the archive holds where the input's values would belong.
void check_static(const Origin& archive, const Origin& input, const Box& box,
                  OutOfRange out_of_range) {
  if (auto codes = codes_between(archive.variable, input.variable)) {
    codes->out_of_range = out_of_range;
    return check_static_codes(archive, input, box, *codes);
  }
  Variable own = input.variable;
  own.blocks = blocks_in_units_of(archive, input);
  const Origin values{input.dataset, own};
  if (box.shape == archive.variable.shape) {
    own.attributes = archive.variable.attributes;  // what they mean has been compared
    return check_same(archive, values);
  }
  check_is_comparable(archive, values);
  check_same_values(archive, read_array(archive.variable, box), values);
}

}  // namespace

std::string packing_note(const Variable& variable, const PackingCodes& codes) {
  return fmt::format("{} is packed as the archive has it: its values change by at most {:.6g}",
                     variable.path(), std::abs(codes.scale_factor) / 2);
}

RegionTarget region_target(const Dataset& input, const Dataset& archive,
                           const std::map<std::string, ArrayMetadata>& arrays,
                           const std::vector<std::string>& region, OutOfRange out_of_range,
                           const GrowthAxis* along) {
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
  std::set<std::string> growing = time_dimensions(archive);
  if (growing.empty()) growing = finder.partial();
  const auto is_written = [&](const Variable& there) {
    if (along != nullptr) return dimension_along(archive, there, *along) >= 0;
    return has_any(there, growing) || (growing.empty() && !there.dimensions.empty());
  };
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    const Variable& variable = input.variables[i];
    const Variable& there = archive.at(variable.path());
    if (is_dimension_coordinate(variable)) {  // its place is where it was found
      target.compared.push_back(variable.path());
      continue;
    }
    check_meaning(archive, there, input, variable);
    if (!is_written(there)) {
      check_static({archive, there}, {input, variable}, boxes[i], out_of_range);
      target.compared.push_back(variable.path());
      continue;
    }
    RegionPart part{variable, writable_array(arrays, there, archive), boxes[i]};
    const AttributeValue* fill = there.attributes.find("_FillValue");
    part.packing = codes_between(there, variable);
    if (part.packing) {
      part.packing->out_of_range = out_of_range;
      target.notes.push_back(packing_note(variable, *part.packing));
    }
    part.refuses_fill = !part.packing && fill != nullptr && !is_nan(fill) &&
                        variable.attributes.find("_FillValue") == nullptr;
    part.source.blocks = blocks_in_units_of({archive, there}, {input, variable});
    target.parts.push_back(std::move(part));
  }
  target.region = finder.take_region();
  return target;
}

}  // namespace gridmill
