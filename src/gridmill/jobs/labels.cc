#include "gridmill/jobs/labels.h"

#include "gridmill/base/error.h"
#include "gridmill/dataset/coordinates.h"
#include "gridmill/jobs/dump_format.h"

namespace gridmill {

std::optional<TimeUnits> decodable_times(const Variable& variable) {
  try {
    return variable.type.is_real() ? time_units_of(variable) : std::nullopt;
  } catch (const Error&) {
    return std::nullopt;
  }
}

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
  const ElementText element(values.type(), decodable_times(*coordinate));
  Buffer memory;
  for (std::int64_t i = 0; i < count; ++i) {
    TextBuffer cell(memory);
    element.put_csv(cell, values.view().data + i * values.type().size);
    cell.finish();
    labels->add(as_text(memory));
  }
  return labels;
}

std::string unquoted_cell(std::string_view cell) {
  if (!cell.starts_with('"')) return std::string(cell);
  std::string text;
  for (std::size_t i = 1; i + 1 < cell.size(); ++i) {
    text += cell[i];
    if (cell[i] == '"') ++i;
  }
  return text;
}

}  // namespace gridmill
