#include "gridmill/jobs/open_inputs.h"

#include "gridmill/base/error.h"
#include "gridmill/dataset/concat.h"

namespace gridmill {

Dataset open_inputs(Files& files, const std::vector<std::string>& locations) {
  if (locations.empty()) throw Error(ErrorKind::invalid, "no input is given");
  std::vector<Dataset> inputs;
  for (const std::string& text : locations) {
    inputs.push_back(open_dataset(files, parse_location(text)));
  }
  return inputs.size() == 1 ? std::move(inputs[0]) : concatenate(std::move(inputs));
}

}  // namespace gridmill
