// per_variable.h: options that may be given for all variables or for one: VALUE or NAME:VALUE.
#pragma once

#include <string>
#include <vector>

#include "gridmill/dataset/dataset.h"

namespace gridmill {

// What such an option says about one variable.
struct VariableOption {
  std::string value;
  bool is_own = false;  // given with this variable's name
};

class VariableOptions {
 public:
  // `option` is the option's name, for messages. A text belongs to one variable if what stands
  // before its first ':' is the path, name or glob of some variable of `dataset`.
  VariableOptions(const std::string& option, const std::vector<std::string>& texts,
                  const Dataset& dataset);

  // The last text for this variable by name, else the last for all, else an empty value.
  VariableOption for_variable(const Variable& variable) const;

  struct Item {
    std::string pattern;  // "": all
    std::string value;
  };
  const std::vector<Item>& items() const noexcept { return items_; }

 private:
  std::vector<Item> items_;
};

}  // namespace gridmill
