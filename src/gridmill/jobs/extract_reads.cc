#include "gridmill/jobs/extract_reads.h"

#include <algorithm>
#include <map>

#include "gridmill/base/checked.h"
#include "gridmill/field/leaf_set.h"

namespace gridmill {
namespace {

// One unit's numbers and text: small beside any budget, large enough to keep lanes busy.
constexpr std::int64_t kUnitBytes = std::int64_t{8} << 20;
// A run is so many times as long as what is read beside it, if memory allows, and if there are so
// many runs.
constexpr std::int64_t kReachTimes = 4, kLeastRuns = 8;

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
    collect_regions(*variable.values, column_region(rows, variable.rows), regions);
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

// What columns are computed from, each once, however many of them read it: bytes for a row, or for
// what else one counts.
using InputBytes = std::map<const Field*, std::int64_t>;

// Adds all that `field` is computed from: `times` elements of it are held for each of what is
// counted. Of several that read an input the one counts that takes the most of it.
void add_inputs(const Field& field, std::int64_t times, InputBytes& inputs) {
  const auto* operation = dynamic_cast<const Operator*>(&field);
  if (operation == nullptr) return;
  const std::int64_t own = std::max<std::int64_t>(1, volume(field.shape()));
  for (const FieldPtr& input : operation->inputs()) {
    // A segment takes many elements of its input, and so does a mean over cells.
    const std::int64_t elements = checked_mul(
        times, std::max<std::int64_t>(1, ceil_div(volume(input->shape()), own)), "a row");
    const std::int64_t bytes = checked_mul(elements, input->type().size, "a row");
    const auto [known, is_new] = inputs.try_emplace(input.get(), bytes);
    if (!is_new && known->second >= bytes) continue;  // and so has all below it
    known->second = bytes;
    add_inputs(*input, elements, inputs);
  }
}

std::int64_t sum_of(const InputBytes& inputs) {
  std::int64_t sum = 0;
  for (const auto& [input, bytes] : inputs) sum = checked_add(sum, bytes, "a row");
  return sum;
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
  const auto& rows = variable.rows.dimensions;
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
    InputBytes inputs;
    for (const ExtractVariable& variable : input.variables) {
      std::int64_t elements = variable.rows.cells();
      for (const int other : variable.rows.dimensions) {
        if (other == kSpread) continue;
        const std::int64_t size = input.rows[static_cast<std::size_t>(other)].size;
        if (other != d) elements = checked_mul(elements, size, "a row");
      }
      elements = checked_mul(elements, reach_along(variable, d), "a row");
      add_inputs(*variable.values, elements, inputs);
    }
    bytes = checked_add(bytes, sum_of(inputs), "a row");
  }
  return bytes;
}

// Of a run that is long beside what it reads again: at its cuts windows and lags take leaves, whole
// ones, that belong to other runs. 0: nothing reaches further than its own row.
std::int64_t wished_bytes(const ExtractInput& input, std::int64_t row_bytes) {
  std::int64_t wished = 0;
  for (int d = 0; d < static_cast<int>(input.rows.size()); ++d) {
    const RowDimension& row = input.rows[static_cast<std::size_t>(d)];
    if (!row.is_time) continue;
    std::int64_t reach = 0;
    for (const ExtractVariable& variable : input.variables) {
      reach = std::max(reach, reach_along(variable, d));
    }
    if (reach == 0) continue;
    const std::int64_t leaf = std::max<std::int64_t>(1, row.leaf);
    std::int64_t slice = row_bytes;
    for (int other = 0; other < static_cast<int>(input.rows.size()); ++other) {
      const std::int64_t size = input.rows[static_cast<std::size_t>(other)].size;
      if (other != d) slice = checked_mul(slice, size, "a row");
    }
    const std::int64_t again = checked_mul(ceil_div(reach, leaf), leaf, "a row");
    const std::int64_t steps =
        std::min(checked_mul(again, kReachTimes, "a row"), ceil_div(row.size, kLeastRuns));
    wished = std::max(wished, checked_mul(slice, steps, "a row"));
  }
  return wished;
}

// What a row holds: columns, and what they are computed from.
std::int64_t bytes_of_a_row(const ExtractInput& input) {
  std::int64_t bytes = 0;
  InputBytes inputs;
  for (const ExtractVariable& variable : input.variables) {
    // Once as it is read and once as it is written.
    const bool is_read = dynamic_cast<const Source*>(variable.values.get()) != nullptr;
    const std::int64_t cells = variable.rows.cells();
    bytes += variable.values->type().size * (is_read ? 2 : 1) * cells;
    add_inputs(*variable.values, cells, inputs);
  }
  return checked_add(bytes, sum_of(inputs), "a row");
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

std::int64_t count_leaves(const ExtractInput& input) {
  std::int64_t total = 0;
  for (const Variable* variable : input.read) {
    for (const Block& block : variable->blocks) total += block.reader->grid().size();
  }
  return total;
}

RowRuns row_runs(const ExtractInput& input, std::int64_t text_bytes, std::int64_t memory) {
  Shape leaf;
  Index begin;
  for (const RowDimension& row : input.rows) {
    leaf.push_back(row.leaf);
    begin.push_back(row.begin / row.segment);
  }
  RunSizes sizes;
  sizes.row_bytes = checked_add(text_bytes, bytes_of_a_row(input), "a row");
  const std::int64_t beside = bytes_beside(input);
  sizes.most_bytes = std::max<std::int64_t>({memory / 3 - beside, memory / 6, 1});
  sizes.preferred_bytes = std::min(kUnitBytes, memory / 8);
  const std::int64_t wished = wished_bytes(input, sizes.row_bytes);
  sizes.preferred_bytes = std::min(std::max(wished, sizes.preferred_bytes), sizes.most_bytes);
  return choose_runs(shape_of_rows(input), leaf, begin, sizes);
}

}  // namespace gridmill
