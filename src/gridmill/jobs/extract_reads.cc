#include "gridmill/jobs/extract_reads.h"

#include <algorithm>
#include <map>

#include "gridmill/base/checked.h"
#include "gridmill/field/leaf_set.h"

namespace gridmill {
namespace {

// One unit's numbers and text: small beside any budget, large enough to keep lanes busy.
constexpr std::int64_t kUnitBytes = std::int64_t{8} << 20;
// A run is so many times as long as what is read beside it, if memory allows.
constexpr std::int64_t kReachTimes = 4;

using Regions = std::map<const Source*, std::vector<Box>>;  // each region once

// The regions of sources that computing `region` of `field` takes.
void collect_regions(const Field& field, const Box& region, Regions& regions) {
  if (const auto* source = dynamic_cast<const Source*>(&field)) {
    std::vector<Box>& known = regions[source];
    if (std::find(known.begin(), known.end(), region) == known.end()) known.push_back(region);
    return;
  }
  const auto& operation = dynamic_cast<const Operator&>(field);
  for (std::size_t i = 0; i < operation.inputs().size(); ++i) {
    collect_regions(*operation.inputs()[i], operation.needs(static_cast<int>(i), region), regions);
  }
}

void add_reads(const ExtractInput& input, const Box& rows, TableReads& reads) {
  Regions regions;
  for (const ExtractVariable& variable : input.variables) {
    collect_regions(*variable.values, column_region(rows, variable.row_dimensions), regions);
  }
  for (const auto& [source, boxes] : regions) {
    LeafSet seen;
    for (const Box& box : boxes) {
      source->leaves(box, [&](const Leaf& leaf) {
        if (seen.insert(leaf).second) reads.add(leaf);
      });
    }
  }
}

Shape shape_of_rows(const ExtractInput& input) {
  Shape shape;
  for (const RowDimension& row : input.rows) shape.push_back(row.size);
  return shape;
}

// Of one element, with what it is computed from.
std::int64_t element_bytes(const Field& field) {
  std::int64_t bytes = field.type().size;
  const auto* operation = dynamic_cast<const Operator*>(&field);
  if (operation == nullptr) return bytes;
  for (const FieldPtr& input : operation->inputs()) {
    bytes = checked_add(bytes, element_bytes(*input), "a row");
  }
  return bytes;
}

// How many positions more than asked for `field` takes of an input along `dimension`.
std::int64_t reach_at(const Operator& operation, int d, std::int64_t at) {
  Box region = whole_box(operation.shape());
  region.begin[d] = at;
  region.shape[d] = 1;
  const std::string& dimension = operation.dimensions()[static_cast<std::size_t>(d)];
  std::int64_t most = 0;
  for (std::size_t i = 0; i < operation.inputs().size(); ++i) {
    const auto& names = operation.inputs()[i]->dimensions();
    const auto found = std::find(names.begin(), names.end(), dimension);
    if (found == names.end()) continue;
    const Box needed = operation.needs(static_cast<int>(i), region);
    const int own = static_cast<int>(found - names.begin());
    most = std::max(most, std::max(at + 1, needed.end(own)) - std::min(at, needed.begin[own]) - 1);
  }
  return most;
}

// Steps of an uneven axis reach differently: some are tried.
std::int64_t reach_along(const ExtractVariable& variable, int row) {
  const auto* operation = dynamic_cast<const Operator*>(variable.values.get());
  const auto& rows = variable.row_dimensions;
  const auto found = std::find(rows.begin(), rows.end(), row);
  if (operation == nullptr || found == rows.end()) return 0;
  const int d = static_cast<int>(found - rows.begin());
  const std::int64_t size = operation->shape()[d];
  if (volume(operation->shape()) == 0) return 0;
  return std::max({reach_at(*operation, d, 0), reach_at(*operation, d, size / 2),
                   reach_at(*operation, d, size - 1)});
}

// Bytes that a run along the time holds beside its own rows.
std::int64_t bytes_beside(const ExtractInput& input) {
  std::int64_t bytes = 0;
  for (int d = 0; d < static_cast<int>(input.rows.size()); ++d) {
    if (!input.rows[static_cast<std::size_t>(d)].is_time) continue;
    for (const ExtractVariable& variable : input.variables) {
      std::int64_t slice = element_bytes(*variable.values) - variable.values->type().size;
      for (const int other : variable.row_dimensions) {
        const std::int64_t size = input.rows[static_cast<std::size_t>(other)].size;
        if (other != d) slice = checked_mul(slice, size, "a row");
      }
      const std::int64_t reach = checked_mul(slice, reach_along(variable, d), "a row");
      bytes = checked_add(bytes, reach, "a row");
    }
  }
  return bytes;
}

}  // namespace

void TableReads::add(const Leaf& leaf) {
  leaves += 1;
  bytes += volume(leaf.reader->grid().box_of(leaf.position).shape) * leaf.reader->type().size;
}

TableReads reads_of(const ExtractInput& input, const RowRuns& runs) {
  const ChunkGrid units = runs.units();
  TableReads reads;
  for (std::int64_t unit = 0; unit < units.size(); ++unit) {
    add_reads(input, runs.box_of(units.position(unit)), reads);
  }
  return reads;
}

TableReads reads_once(const ExtractInput& input) {
  TableReads reads;
  add_reads(input, whole_box(shape_of_rows(input)), reads);
  return reads;
}

std::pair<std::int64_t, std::int64_t> count_leaves(const ExtractInput& input) {
  std::int64_t total = 0;
  for (const Variable* variable : input.read) {
    for (const Block& block : variable->blocks) total += block.reader->grid().size();
  }
  return {reads_once(input).leaves, total};
}

RowRuns row_runs(const ExtractInput& input, std::int64_t text_bytes, std::int64_t memory) {
  Shape leaf;
  Index begin;
  for (const RowDimension& row : input.rows) {
    leaf.push_back(row.leaf);
    begin.push_back(row.begin);
  }
  RunSizes sizes;
  sizes.row_bytes = text_bytes;
  for (const ExtractVariable& variable : input.variables) {
    // Once as it is read and once as it is written.
    const bool is_read = dynamic_cast<const Source*>(variable.values.get()) != nullptr;
    sizes.row_bytes += element_bytes(*variable.values) * (is_read ? 2 : 1);
  }
  const std::int64_t beside = bytes_beside(input);
  sizes.most_bytes = std::max<std::int64_t>({memory / 3 - beside, memory / 6, 1});
  sizes.preferred_bytes = std::min(kUnitBytes, memory / 8);
  if (beside > 0) {
    const std::int64_t wished = beside > sizes.most_bytes ? beside : kReachTimes * beside;
    sizes.preferred_bytes = std::clamp(wished, sizes.preferred_bytes, sizes.most_bytes);
  }
  return choose_runs(shape_of_rows(input), leaf, begin, sizes);
}

}  // namespace gridmill
