#include "gridmill/jobs/per_variable.h"

#include <algorithm>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"

namespace gridmill {
namespace {

bool names(const std::string& pattern, const Variable& variable) {
  return glob_match(pattern, variable.path()) || glob_match(pattern, variable.name);
}

}  // namespace

VariableOptions::VariableOptions(const std::string& option, const std::vector<std::string>& texts,
                                 const Dataset& dataset) {
  for (const std::string& text : texts) {
    if (trim(text).empty()) throw Error(ErrorKind::invalid, option + " is empty");
    const std::size_t colon = text.find(':');
    const std::string before = text.substr(0, colon);
    const bool is_named =
        colon != std::string::npos &&
        std::any_of(dataset.variables.begin(), dataset.variables.end(),
                    [&](const Variable& variable) { return names(before, variable); });
    items_.push_back(is_named ? Item{before, text.substr(colon + 1)} : Item{"", text});
  }
}

VariableOption VariableOptions::for_variable(const Variable& variable) const {
  VariableOption chosen;
  for (const Item& item : items_) {
    if (item.pattern.empty() && !chosen.is_own) chosen.value = item.value;
    if (!item.pattern.empty() && names(item.pattern, variable)) chosen = {item.value, true};
  }
  return chosen;
}

}  // namespace gridmill
