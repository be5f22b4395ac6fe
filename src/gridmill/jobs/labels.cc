#include "gridmill/jobs/labels.h"

#include "gridmill/base/error.h"
#include "gridmill/dataset/cf_time.h"
#include "gridmill/dataset/coordinates.h"

namespace gridmill {
namespace {

// Units that nobody can decode leave the numbers as they are.
std::optional<TimeUnits> decodable_times(const Variable& variable) {
  try {
    return variable.type.is_real() ? time_units_of(variable) : std::nullopt;
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace

std::shared_ptr<const CellTexts> dimension_labels(const Dataset& dataset, const std::string& group,
                                                  const std::string& dimension, std::int64_t begin,
                                                  std::int64_t count) {
  auto labels = std::make_shared<CellTexts>();
  const Variable* coordinate = find_dimension_coordinate(dataset, group, dimension);
  if (coordinate == nullptr || coordinate->shape.rank() != 1 ||
      coordinate->shape[0] < begin + count) {
    for (std::int64_t i = 0; i < count; ++i) labels->add(std::to_string(begin + i));
    return labels;
  }
  const Array values = read_array(*coordinate, Box{{begin}, {count}});
  if (const auto times = decodable_times(*coordinate)) {
    for (const Instant instant : decode_times(*times, values.view())) {
      labels->add(times->iso(instant));
    }
    return labels;
  }
  std::string memory;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::byte* element = values.view().data + i * values.type().size;
    if (values.type().is_numeric()) {
      char number[kLongestNumber];
      labels->add({number, write_number(number, element, values.type())});
    } else {
      labels->add(csv_quoted(text_of(element, values.type(), memory)));
    }
  }
  return labels;
}

}  // namespace gridmill
