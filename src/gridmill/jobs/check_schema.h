// check_schema.h: which rules of a schema a dataset breaks, as far as that is seen without its
// fields.
//
// Metadata say the rest. Values are read only of one-dimensional variables that have a rule of
// order or uniqueness, and of dimension coordinates that have one of range or NaN share; without
// such rules not a chunk is read. Ranges and NaN shares of fields are checked by jobs/check.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gridmill/base/json.h"
#include "gridmill/dataset/dataset.h"
#include "gridmill/jobs/schema.h"

namespace gridmill {

struct Violation {
  enum class Of { variable, dimension, root };

  Of of = Of::variable;
  std::string name;    // its path; "" for the root
  std::string rule;    // as the schema has it: "units", "attributes.calendar"; "readable"
  std::string wanted;  // both in words
  std::string found;
  // Of rules of values: the first place, {"index": [3, 4], "labels": {"time": "2000-01-04", ...}},
  // and how many values there are like it.
  Json where = nullptr;
  std::optional<std::int64_t> count = std::nullopt;
};

// {"variable" or "dimension": name, "rule", "wanted", "found", "where", "count"}.
Json violation_json(const Violation& violation);
// The same as a line: "t2m: units: wanted K, found degC".
std::string violation_text(const Json& violation);

// In the schema's order, then variables that it doesn't allow. Damage counts as a violation;
// throws what keeps it from looking (no permission, a failing disk).
std::vector<Violation> check_metadata(const Dataset& dataset, const Schema& schema);

// What the counts of a variable's values say of its rules.
std::vector<Violation> check_counts(const Dataset& dataset, const Variable& variable,
                                    const VariableRule& rule, const RangeCount& counts);

// Whether the values of a variable can be looked at: numbers, which may be packed, and truth
// values. Not dates as numpy has them, nor what can't be read at all.
bool has_measurable_values(const Variable& variable);
// Why a variable's values can't be read at all, as its metadata say; "" if they can.
std::string reason_unreadable(const Variable& variable);
// Whether `error` says that the data are bad, and not that they could not be looked at.
bool says_data_are_bad(const Error& error) noexcept;

}  // namespace gridmill
