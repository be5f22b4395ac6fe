#include "gridmill/array/array.h"

#include <fmt/format.h>

#include "gridmill/base/error.h"

namespace gridmill {

std::vector<double> to_doubles(const ArrayView& view) {
  std::vector<double> values;
  values.reserve(static_cast<std::size_t>(volume(view.shape)));
  const bool known = visit_real(view.type, [&](auto element) {
    for_each_position(whole_box(view.shape), [&](const Index& at) {
      std::memcpy(&element, view.at(at), sizeof element);
      values.push_back(static_cast<double>(element));
    });
  });
  if (!known) {
    throw Error(ErrorKind::unsupported,
                fmt::format("values of type {} are not numbers", view.type.name()));
  }
  return values;
}

}  // namespace gridmill
