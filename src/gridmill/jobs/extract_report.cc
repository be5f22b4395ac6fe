#include "gridmill/jobs/extract_report.h"

namespace gridmill {

Json points_report(const ExtractInput& input) {
  Json points = Json::array();
  for (std::size_t i = 0; i < input.points.size(); ++i) {
    points.push_back({{"name", input.points[i].name},
                      {"lat", input.points[i].latitude_deg},
                      {"lon", input.points[i].longitude_deg},
                      {"grid_lat", input.places[i].latitude_deg},
                      {"grid_lon", input.places[i].longitude_deg},
                      {"distance_km", input.places[i].distance_m * 1e-3}});
    points.back().update(input.cells.report(i));
  }
  return points;
}

Json columns_report(const ExtractInput& input, const std::vector<KeyColumn>& keys) {
  Json columns = Json::array();
  for (const KeyColumn& key : keys) columns.push_back({{"name", key.name}});
  for (const ExtractVariable& variable : input.variables) {
    Json column{{"name", variable.column}, {"type", variable.values->type().name()}};
    if (!variable.cells.empty()) column["cells"] = variable.cells;
    if (!variable.units.empty()) column["units"] = variable.units;
    if (!variable.long_name.empty()) column["long_name"] = variable.long_name;
    if (!variable.description.empty()) column["description"] = variable.description;
    if (!variable.expression.empty()) column["expression"] = variable.expression;
    columns.push_back(std::move(column));
  }
  return columns;
}

std::vector<TableNotes> column_notes(const Json& columns) {
  std::vector<TableNotes> notes;
  for (const Json& column : columns) {
    notes.emplace_back();
    for (const auto& [name, value] : column.items()) {
      if (name == "name" || name == "type" || !value.is_string()) continue;
      notes.back().emplace_back(name, value.get<std::string>());
    }
  }
  return notes;
}

}  // namespace gridmill
