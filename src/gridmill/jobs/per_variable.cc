#include "gridmill/jobs/per_variable.h"

#include <algorithm>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/dataset/selection.h"

namespace gridmill {
VariableOptions::VariableOptions(const std::string& option, const std::vector<std::string>& texts,
                                 const Dataset& dataset) {
  for (const std::string& text : texts) {
    if (trim(text).empty()) throw Error(ErrorKind::invalid, option + " is empty");
    const std::size_t colon = text.find(':');
    const std::string before = text.substr(0, colon);
    const bool has_name =
        colon != std::string::npos &&
        std::any_of(dataset.variables.begin(), dataset.variables.end(),
                    [&](const Variable& variable) { return is_named(variable, before); });
    items_.push_back(has_name ? Item{before, text.substr(colon + 1)} : Item{"", text});
  }
}

VariableOption VariableOptions::for_variable(const Variable& variable) const {
  VariableOption chosen;
  for (const Item& item : items_) {
    if (item.pattern.empty() && !chosen.is_own) chosen.value = item.value;
    if (!item.pattern.empty() && is_named(variable, item.pattern)) chosen = {item.value, true};
  }
  return chosen;
}

}  // namespace gridmill
