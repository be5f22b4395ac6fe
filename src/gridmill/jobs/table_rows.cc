#include "gridmill/jobs/table_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/dataset/cf_time.h"
#include "gridmill/dataset/coordinates.h"
#include "gridmill/jobs/labels.h"
#include "gridmill/jobs/table_keys.h"

namespace gridmill {
namespace {

bool is_time(const Dataset& dataset, const std::string& group, const std::string& dimension) {
  const Variable* coordinate = find_dimension_coordinate(dataset, group, dimension);
  return coordinate != nullptr && coordinate->type.is_real() &&
         is_time_units(coordinate->attributes.text("units"));
}

std::string meaning_of(const Variable* coordinate) {
  if (coordinate == nullptr) return "";
  if (decodable_times(*coordinate)) {
    const std::string_view calendar = coordinate->attributes.text("calendar");
    return to_lower(calendar.empty() || calendar == "gregorian" ? "standard" : calendar);
  }
  return std::string(coordinate->attributes.text("units"));
}

// Rows of the shortest run that begins and ends where both a leaf and a segment do.
std::int64_t rows_of_leaf(std::int64_t leaf, std::int64_t segment) {
  return std::lcm(leaf, segment) / segment;
}

// Every `step`-th, from the first on.
template <class Value>
std::vector<Value> every(const std::vector<Value>& all, std::int64_t step) {
  std::vector<Value> some;
  for (std::size_t i = 0; i < all.size(); i += static_cast<std::size_t>(step)) {
    some.push_back(all[i]);
  }
  return some;
}

}  // namespace

std::int64_t TableRows::segment_of(const std::string& dimension) const {
  for (const Segments& segments : segments_) {
    if (segments.dimension == dimension) return segments.length;
  }
  return 1;
}

void TableRows::add(const Variable& variable, const Box& region, int d) {
  const std::string& name = variable.dimensions[static_cast<std::size_t>(d)];
  const std::int64_t segment = segment_of(name);
  std::int64_t leaf = 1;
  for (const Block& block : variable.blocks) {
    leaf = std::max(leaf, block.reader->grid().chunk()[d]);
  }
  leaf = rows_of_leaf(leaf, segment);
  for (RowDimension& row : rows_) {
    if (row.name != name) continue;
    if (row.size * segment != region.shape[d]) {
      const auto at = static_cast<std::size_t>(&row - rows_.data());
      refuse(row, variable,
             fmt::format("it has {} positions in {} and {} in {}", row.size * segment, first_[at],
                         region.shape[d], variable.path()));
    }
    check_labels(row, variable, region.begin[d]);
    row.leaf = std::max(row.leaf, leaf);
    return;
  }
  rows_.push_back({name, region.begin[d], region.shape[d] / segment, leaf, variable.group,
                   is_time(dataset_, variable.group, name), segment});
  first_.push_back(variable.path());
}

std::vector<RowDimension> TableRows::sorted() const {
  std::vector<RowDimension> rows = rows_;
  std::stable_partition(rows.begin(), rows.end(),
                        [](const RowDimension& row) { return row.is_time; });
  return rows;
}

// A dimension of another group may join only if its positions are the same times, levels, ...
void TableRows::check_labels(const RowDimension& row, const Variable& variable,
                             std::int64_t begin) const {
  const Variable* first = find_dimension_coordinate(dataset_, row.group, row.name);
  const Variable* own = find_dimension_coordinate(dataset_, variable.group, row.name);
  if (first == own && begin == row.begin) return;
  const std::int64_t count = row.size * row.segment;
  const auto wanted = dimension_labels(dataset_, row.group, row.name, row.begin, count);
  const auto found = dimension_labels(dataset_, variable.group, row.name, begin, count);
  const auto at = static_cast<std::size_t>(&row - rows_.data());
  for (std::int64_t i = 0; i < count; ++i) {
    if ((*wanted)[i] == (*found)[i]) continue;
    refuse(row, variable,
           fmt::format("position {} is {} in {} and {} in {}", i, (*wanted)[i], first_[at],
                       (*found)[i], variable.path()));
  }
  const std::string units = meaning_of(first);
  const std::string own_units = meaning_of(own);
  if (units == own_units) return;
  refuse(row, variable,
         fmt::format("it is in \"{}\" in {} and in \"{}\" in {}", units, first_[at], own_units,
                     variable.path()));
}

void TableRows::refuse(const RowDimension& row, const Variable& variable,
                       const std::string& difference) {
  throw Error(ErrorKind::invalid,
              fmt::format("dimension {} differs: {}; they don't fit into one table: choose with "
                          "--variables, e.g. --variables {}",
                          row.name, difference, variable.path()));
}

std::string label_meaning(const Dataset& dataset, const std::string& group,
                          const std::string& dimension) {
  return meaning_of(find_dimension_coordinate(dataset, group, dimension));
}

std::shared_ptr<const CellTexts> row_labels(const Dataset& dataset, const RowDimension& row) {
  const auto all =
      dimension_labels(dataset, row.group, row.name, row.begin, row.size * row.segment);
  if (row.segment == 1) return all;
  auto labels = std::make_shared<CellTexts>();
  for (std::int64_t i = 0; i < row.size; ++i) labels->add((*all)[i * row.segment]);
  return labels;
}

std::shared_ptr<const KeyValues> row_values(const Dataset& dataset, const RowDimension& row) {
  const auto all =
      dimension_values(dataset, row.group, row.name, row.begin, row.size * row.segment);
  if (row.segment == 1) return all;
  auto values = std::make_shared<KeyValues>();
  values->kind = all->kind;
  values->integers = every(all->integers, row.segment);
  values->numbers = every(all->numbers, row.segment);
  values->texts = every(all->texts, row.segment);
  return values;
}

}  // namespace gridmill
