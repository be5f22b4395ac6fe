#include "gridmill/jobs/extract_keys.h"

#include "gridmill/base/text.h"
#include "gridmill/jobs/labels.h"
#include "gridmill/jobs/partition_keys.h"

namespace gridmill {
namespace {

// name, lat, lon, grid_lat, grid_lon
constexpr std::size_t kPlaceColumns = 5;

template <class Number>
std::shared_ptr<const CellTexts> point_cells(const ExtractInput& input, Number&& number) {
  auto cells = std::make_shared<CellTexts>();
  for (std::size_t i = 0; i < input.points.size(); ++i) cells->add(format_double(number(i)));
  return cells;
}

}  // namespace

RowLabels labels_of_rows(const ExtractInput& input) {
  RowLabels labels;
  for (std::size_t d = 0; d < input.labelled_rows(); ++d) {
    labels.push_back(row_labels(input.dataset, input.rows[d]));
  }
  if (!input.has_points()) return labels;
  auto names = std::make_shared<CellTexts>();
  for (const RequestedPoint& point : input.points) names->add(csv_quoted(point.name));
  labels.push_back(names);
  return labels;
}

std::vector<KeyColumn> key_columns(const ExtractInput& input, const RowLabels& labels) {
  std::vector<KeyColumn> keys;
  const int points = static_cast<int>(input.labelled_rows());
  for (int d = 0; d < points; ++d) {
    const auto at = static_cast<std::size_t>(d);
    keys.push_back({input.rows[at].name, d, labels[at]});
  }
  if (!input.has_points()) return keys;
  keys.push_back({"name", points, labels.back()});
  const auto& asked = input.points;
  const auto& found = input.places;
  keys.push_back(
      {"lat", points, point_cells(input, [&](auto i) { return asked[i].latitude_deg; })});
  keys.push_back(
      {"lon", points, point_cells(input, [&](auto i) { return asked[i].longitude_deg; })});
  keys.push_back(
      {"grid_lat", points, point_cells(input, [&](auto i) { return found[i].latitude_deg; })});
  keys.push_back(
      {"grid_lon", points, point_cells(input, [&](auto i) { return found[i].longitude_deg; })});
  for (const std::string& column : input.kept) {
    auto cells = std::make_shared<CellTexts>();
    for (const std::string& text : kept_texts(asked, column)) cells->add(csv_quoted(text));
    keys.push_back({column, points, cells});
  }
  return keys;
}

std::size_t count_key_columns(const ExtractInput& input) {
  return input.labelled_rows() + (input.has_points() ? kPlaceColumns : 0) + input.kept.size();
}

TypedKeys typed_keys(const ExtractInput& input) {
  TypedKeys keys;
  for (std::size_t d = 0; d < input.labelled_rows(); ++d) {
    keys.push_back(row_values(input.dataset, input.rows[d]));
  }
  if (!input.has_points()) return keys;
  KeyValues names, asked[2], found[2];
  for (KeyValues* key : {&asked[0], &asked[1], &found[0], &found[1]}) {
    key->kind = KeyValues::Kind::numbers;
  }
  for (std::size_t i = 0; i < input.points.size(); ++i) {
    names.texts.push_back(input.points[i].name);
    asked[0].numbers.push_back(input.points[i].latitude_deg);
    asked[1].numbers.push_back(input.points[i].longitude_deg);
    found[0].numbers.push_back(input.places[i].latitude_deg);
    found[1].numbers.push_back(input.places[i].longitude_deg);
  }
  for (const KeyValues* key : {&names, &asked[0], &asked[1], &found[0], &found[1]}) {
    keys.push_back(std::make_shared<KeyValues>(*key));
  }
  for (const std::string& column : input.kept) {
    keys.push_back(std::make_shared<KeyValues>(kept_values(input.points, column)));
  }
  return keys;
}

}  // namespace gridmill
