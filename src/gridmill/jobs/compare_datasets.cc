#include "gridmill/jobs/compare_datasets.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/base/text.h"

namespace gridmill {
namespace {

void add(Findings& findings, const std::string& variable, const std::string& what) {
  findings.add(Check::source, {variable, "", "", what});
}

bool is_nan(const AttributeValue& value) {
  return value.as_double() && *value.as_double() != *value.as_double();
}

// An integer can't equal NaN: such a `_FillValue` says nothing and Zarr v3 can't hold it.
bool is_meaningless(const Variable& variable, const std::string& name,
                    const AttributeValue& value) {
  return name == "_FillValue" && variable.type.is_integer() && is_nan(value);
}

void compare_attributes(const std::string& where, const Attributes& found, const Attributes& wanted,
                        const Variable* variable, Findings& findings) {
  for (const auto& [name, value] : wanted) {
    if (variable != nullptr && is_meaningless(*variable, name, value)) continue;
    const AttributeValue* own = found.find(name);
    if (own == nullptr) {
      add(findings, where, fmt::format("attribute {} is missing", name));
    } else if (!(*own == value)) {
      add(findings, where,
          fmt::format("attribute {} is {} instead of {}", name, dump_json(own->to_json(), -1),
                      dump_json(value.to_json(), -1)));
    }
  }
  for (const auto& [name, value] : found) {
    if (wanted.find(name) != nullptr) continue;
    if (variable == nullptr || name != "_FillValue") {
      add(findings, where, fmt::format("attribute {} is not in the source", name));
    } else if (!is_nan(value)) {  // as a template adds it
      findings.leave_open(
          fmt::format("{} declares _FillValue {}, its source none: whether a value "
                      "of the source equals it and now reads as missing",
                      where, dump_json(value.to_json(), -1)));
    }
  }
}

}  // namespace

bool compare_description(const Variable& found, const Variable& wanted, Findings& findings) {
  const bool same_type = found.type == wanted.type;
  if (!same_type) {
    add(findings, found.path(),
        fmt::format("type {} instead of {}", found.type.name(), wanted.type.name()));
  }
  const bool same_shape = found.dimensions == wanted.dimensions && found.shape == wanted.shape;
  if (!same_shape) {
    add(findings, found.path(),
        fmt::format("dimensions ({}) {} instead of ({}) {}", join(found.dimensions, ", "),
                    to_string(found.shape), join(wanted.dimensions, ", "),
                    to_string(wanted.shape)));
  }
  compare_attributes(found.path(), found.attributes, wanted.attributes, &found, findings);
  return same_type && same_shape;
}

void compare_structure(const Dataset& store, const Dataset& reference, Findings& findings) {
  for (const Variable& wanted : reference.variables) {
    if (store.find(wanted.path()) == nullptr) {
      add(findings, wanted.path(), "the variable is missing");
    }
  }
  for (const Variable& found : store.variables) {
    if (reference.find(found.path()) == nullptr) {
      add(findings, found.path(), "the variable is not in the source");
    }
  }
  for (const Group& wanted : reference.groups) {
    const auto found = std::find_if(store.groups.begin(), store.groups.end(),
                                    [&](const Group& group) { return group.path == wanted.path; });
    if (found == store.groups.end()) {
      add(findings, "/" + wanted.path, "the group is missing");
    } else {
      compare_attributes("/" + wanted.path, found->attributes, wanted.attributes, nullptr,
                         findings);
    }
  }
}

}  // namespace gridmill
