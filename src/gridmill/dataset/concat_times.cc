#include "gridmill/dataset/concat_times.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "gridmill/base/text.h"
#include "gridmill/dataset/cf_time.h"
#include "gridmill/formats/memory_reader.h"

namespace gridmill {
namespace {

// Files that each have units of their own are thousands; the finest is soon among the first.
constexpr std::size_t kMostUnits = 32;

// The units in which a variable's times count: its own, or, for bounds, those of the coordinate
// that names it.
std::optional<TimeUnits> effective_units(const Dataset& dataset, const Variable& variable) {
  if (variable.attributes.find("units") != nullptr) return time_units_of(variable);
  for (const Variable& coordinate : dataset.variables) {
    if (coordinate.group != variable.group) continue;
    for (const char* link : {"bounds", "climatology"}) {
      if (coordinate.attributes.text(link) == variable.name) return time_units_of(coordinate);
    }
  }
  return std::nullopt;
}

// Blocks of `from` that stand for the same times in the units of `to`.
std::vector<Block> reencoded(const Origin& from, const TimeUnits& own, const TimeUnits& wanted) {
  const std::string name = fmt::format("{} of {}", from.variable.path(), from.dataset.location);
  return in_context([&] { return name; },
                    [&] {
                      auto values = std::make_shared<const Array>(
                          reencode_times(read_array(from.variable), own, wanted));
                      return std::vector<Block>{{Index::filled(from.variable.shape.rank(), 0),
                                                 memory_leaf_reader(std::move(values), name),
                                                 from.dataset.location}};
                    });
}

// All units in which the inputs write a variable, as far as they differ.
std::vector<TimeUnits> units_in_use(const std::vector<Dataset>& inputs,
                                    const std::vector<std::size_t>& order,
                                    const std::string& path) {
  std::vector<TimeUnits> found;
  for (const std::size_t i : order) {
    const auto units = effective_units(inputs[i], inputs[i].at(path));
    if (!units || found.size() == kMostUnits) continue;
    const bool is_known = std::any_of(found.begin(), found.end(), [&](const TimeUnits& known) {
      return known.is_same_axis(*units);
    });
    if (!is_known) found.push_back(*units);
  }
  return found;
}

// The reference of the first input with finer units, coarse before fine.
void add_finer_units(const Variable& first, std::vector<TimeUnits>& units) {
  const std::string own(first.attributes.text("units"));
  const std::size_t since = to_lower(own).find(" since ");
  if (since == std::string::npos) return;
  for (const char* unit : {"hours", "minutes", "seconds"}) {
    units.push_back(TimeUnits::parse(unit + own.substr(since), first.attributes.text("calendar")));
  }
}

bool can_write_all(const std::vector<Dataset>& inputs, const std::vector<std::size_t>& order,
                   const std::string& path, const TimeUnits& wanted) {
  return std::all_of(order.begin(), order.end(), [&](std::size_t i) {
    const Variable& variable = inputs[i].at(path);
    const auto own = effective_units(inputs[i], variable);
    if (!own || own->is_same_axis(wanted)) return true;
    try {
      reencode_times(read_array(variable), *own, wanted);
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::corrupt) return false;  // said again where it is refused
      throw;
    }
    return true;
  });
}

void rewrite(Dataset& dataset, const std::string& path, const TimeUnits& wanted) {
  for (Variable& variable : dataset.variables) {
    if (variable.path() != path) continue;
    const auto own = effective_units(dataset, variable);
    if (!own || own->is_same_axis(wanted)) return;
    variable.blocks = reencoded({dataset, variable}, *own, wanted);
  }
}

}  // namespace

void choose_time_units(std::vector<Dataset>& inputs, const std::vector<std::size_t>& order,
                       const std::vector<std::string>& paths) {
  Dataset& first = inputs[order.front()];
  for (const std::string& path : paths) {
    const Variable& variable = first.at(path);
    if (variable.attributes.find("units") == nullptr) continue;  // bounds go with their coordinate
    std::vector<TimeUnits> units = units_in_use(inputs, order, path);
    if (units.size() < 2) continue;
    add_finer_units(variable, units);
    const auto chosen = std::find_if(units.begin(), units.end(), [&](const TimeUnits& candidate) {
      return can_write_all(inputs, order, path, candidate);
    });
    if (chosen == units.begin() || chosen == units.end()) continue;
    for (const char* link : {"bounds", "climatology"}) {
      const std::string name(variable.attributes.text(link));
      const std::string bounds = variable.group.empty() ? name : variable.group + "/" + name;
      const Variable* found = name.empty() ? nullptr : first.find(bounds);
      if (found != nullptr && found->attributes.find("units") == nullptr) {
        rewrite(first, bounds, *chosen);
      }
    }
    rewrite(first, path, *chosen);
    for (Variable& each : first.variables) {
      if (each.path() == path) each.attributes.set("units", AttributeValue::text(chosen->text()));
    }
    first.notes.push_back(
        fmt::format("{} is written in \"{}\": the units of {} can't hold all times", path,
                    chosen->text(), first.location));
  }
}

std::vector<Block> blocks_in_units_of(const Origin& first, const Origin& from) {
  const auto wanted = effective_units(first.dataset, first.variable);
  const auto own = effective_units(from.dataset, from.variable);
  if (!wanted || !own || wanted->is_same_axis(*own)) return from.variable.blocks;
  return reencoded(from, *own, *wanted);
}

}  // namespace gridmill
