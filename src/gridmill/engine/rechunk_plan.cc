#include "gridmill/engine/rechunk_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <numeric>
#include <optional>

#include "gridmill/base/checked.h"
#include "gridmill/base/error.h"
#include "gridmill/base/text.h"

namespace gridmill {
namespace {

// Of the first touch of as much memory as the array has, in the coin of decoding it once.
constexpr double kTouchCost = 1.2;
// Widths that are tried along one dimension.
constexpr std::size_t kMostWidths = 40;

// All that is worth trying: for each number of boxes along a dimension the smallest width that
// gives so few; the whole dimension first, thinned out where there are many.
std::vector<std::int64_t> widths(std::int64_t extent, std::int64_t unit) {
  const std::int64_t units = ceil_div(std::max<std::int64_t>(extent, 1), unit);
  std::vector<std::int64_t> all;
  for (std::int64_t boxes = 1; boxes <= units;) {
    const std::int64_t width = ceil_div(units, boxes);
    all.push_back(width * unit);
    if (width == 1) break;
    boxes = ceil_div(units, width - 1);  // the next count with a smaller width
  }
  if (all.size() <= kMostWidths) return all;
  std::vector<std::int64_t> thinned;
  for (std::size_t i = 0; i < kMostWidths; ++i) {
    const double at = static_cast<double>(i) / (kMostWidths - 1);
    thinned.push_back(all[static_cast<std::size_t>(at * at * static_cast<double>(all.size() - 1))]);
  }
  thinned.erase(std::unique(thinned.begin(), thinned.end()), thinned.end());
  return thinned;
}

std::int64_t box_bytes_of(const Shape& box, const Shape& shape, DataType type) {
  std::int64_t bytes = type.size;
  for (int d = 0; d < box.rank(); ++d) {
    bytes = checked_mul(bytes, std::min(box[d], std::max<std::int64_t>(shape[d], 1)), "a box");
  }
  return bytes;
}

// Every box of whole `unit`s of at most `most_bytes`.
void for_each_box(const Shape& shape, const Shape& unit, DataType type, std::int64_t most_bytes,
                  const std::function<void(const Shape&)>& visit) {
  std::vector<std::vector<std::int64_t>> choices;
  for (int d = 0; d < shape.rank(); ++d) choices.push_back(widths(shape[d], unit[d]));
  Shape box = unit;
  const std::function<void(int)> descend = [&](int d) {
    if (d == shape.rank()) {
      if (box_bytes_of(box, shape, type) <= most_bytes) visit(box);
      return;
    }
    for (const std::int64_t width : choices[static_cast<std::size_t>(d)]) {
      box[d] = width;
      descend(d + 1);
    }
    box[d] = unit[d];
  };
  descend(0);
}

Shape in_units(const Shape& box, const Shape& unit) {
  Shape units = box;
  for (int d = 0; d < box.rank(); ++d) units[d] = ceil_div(box[d], unit[d]);
  return units;
}

struct Rated {
  Shape box;
  double decoded = 1, cost = 1;
};

// What boxes of a width along one dimension decode of it, over what there is.
class Factors {
 public:
  explicit Factors(const Pieces& pieces) : pieces_(pieces), known_(pieces.cuts.size()) {}

  double of(const Shape& box) {
    double product = 1;
    for (int d = 0; d < box.rank(); ++d) {
      const auto at = static_cast<std::size_t>(d);
      const auto [factor, is_new] = known_[at].try_emplace(box[d], 0.0);
      if (is_new) {
        factor->second = decode_amplification(pieces_.cuts[at], pieces_.blur[at], box[d]);
      }
      product *= factor->second;
    }
    return product;
  }

 private:
  const Pieces& pieces_;
  std::vector<std::map<std::int64_t, double>> known_;
};

double touch_cost(std::int64_t box_bytes, const RechunkCase& rechunk) {
  const std::int64_t all = box_bytes_of(rechunk.shape, rechunk.shape, rechunk.type);
  const std::int64_t touched = std::min(2 * box_bytes, all);  // the next box begins meanwhile
  return kTouchCost * static_cast<double>(touched) /
         static_cast<double>(std::max<std::int64_t>(all, 1));
}

// The cheapest box of target chunks; of equal ones the smallest, so that tasks overlap.
std::optional<Rated> best_box(const RechunkCase& rechunk, std::int64_t box_bytes) {
  std::optional<Rated> best;
  std::int64_t best_bytes = 0;
  Factors decoded(rechunk.pieces);
  for_each_box(rechunk.shape, rechunk.target, rechunk.type, box_bytes, [&](const Shape& box) {
    const std::int64_t bytes = box_bytes_of(box, rechunk.shape, rechunk.type);
    Rated rated{box, decoded.of(box)};
    rated.cost = rated.decoded + touch_cost(bytes, rechunk);
    const bool is_better = !best || rated.cost < best->cost - 1e-9 ||
                           (rated.cost < best->cost + 1e-9 && bytes < best_bytes);
    if (!is_better) return;
    best = rated;
    best_bytes = bytes;
  });
  return best;
}

bool cuts_leaves(const RechunkCase& rechunk, const Shape& box) {
  for (int d = 0; d < box.rank(); ++d) {
    if (read_amplification(rechunk.leaves[static_cast<std::size_t>(d)], box[d]) > 1) return true;
  }
  return false;
}

double spill_cost(const RechunkCase& rechunk) {
  return rechunk.pieces.cuts == rechunk.leaves ? kSpillCost : kSpillCostOfPieces;
}

// The regular chunks that the leaves come from. Along a dimension where they are irregular (files
// that were joined, a rectilinear grid) all of it, so that each is read once, or the largest.
enum class Irregular { whole, largest };

Shape leaf_shape(const RechunkCase& rechunk, Irregular irregular) {
  Shape leaf = rechunk.shape;
  for (int d = 0; d < leaf.rank(); ++d) {
    const Cuts& cuts = rechunk.leaves[static_cast<std::size_t>(d)];
    leaf[d] = std::max<std::int64_t>(rechunk.shape[d], 1);
    if (cuts.size() < 3) continue;
    const std::int64_t step = cuts[1];
    std::int64_t largest = 1;
    bool is_regular = true;
    for (std::size_t i = 0; i + 1 < cuts.size(); ++i) {
      is_regular = is_regular && cuts[i] == static_cast<std::int64_t>(i) * step;
      largest = std::max(largest, cuts[i + 1] - cuts[i]);
    }
    if (is_regular) {
      leaf[d] = step;
    } else if (irregular == Irregular::largest) {
      leaf[d] = largest;
    }
  }
  return leaf;
}

// Along one dimension a spill chunk that whole boxes of both stages hold.
std::int64_t spill_width(std::int64_t first, std::int64_t second, std::int64_t extent) {
  if (second >= extent) return std::min(first, extent);
  if (first >= extent) return second;
  return std::gcd(first, second);
}

// Evenly, so that a search over pairs stays short.
void thin(std::vector<Shape>& boxes) {
  constexpr std::size_t kMost = 400;
  if (boxes.size() <= kMost) return;
  for (std::size_t i = 0; i < kMost; ++i) boxes[i] = boxes[i * boxes.size() / kMost];
  boxes.resize(kMost);
}

struct SpillBoxes {
  Shape first, second, chunk;
  std::int64_t chunk_bytes = 0, box_bytes = 0;
};

// The spill chunk between both boxes the largest, up to the size that is asked for: larger chunks
// mean fewer files. Then the smallest boxes: less memory to touch, and tasks that overlap.
std::optional<SpillBoxes> best_spill(const RechunkCase& rechunk, const Shape& leaf,
                                     std::int64_t box_bytes, std::int64_t chunk_bytes) {
  std::vector<Shape> firsts, seconds;
  const auto collect = [&](const Shape& unit, std::vector<Shape>& into) {
    for_each_box(rechunk.shape, unit, rechunk.type, box_bytes, [&](const Shape& box) {
      // Much smaller than it may be means small spill chunks.
      if (16 * box_bytes_of(box, rechunk.shape, rechunk.type) >= box_bytes) into.push_back(box);
    });
    if (into.empty() && box_bytes_of(unit, rechunk.shape, rechunk.type) <= box_bytes) {
      into.push_back(unit);
    }
    thin(into);
  };
  collect(leaf, firsts);
  collect(rechunk.target, seconds);
  std::optional<SpillBoxes> best;
  for (const Shape& first : firsts) {
    for (const Shape& second : seconds) {
      SpillBoxes boxes{first, second, first};
      for (int d = 0; d < first.rank(); ++d) {
        boxes.chunk[d] =
            spill_width(first[d], second[d], std::max<std::int64_t>(rechunk.shape[d], 1));
      }
      boxes.chunk_bytes =
          std::min(box_bytes_of(boxes.chunk, rechunk.shape, rechunk.type), chunk_bytes);
      boxes.box_bytes = box_bytes_of(first, rechunk.shape, rechunk.type) +
                        box_bytes_of(second, rechunk.shape, rechunk.type);
      const bool is_better =
          !best || boxes.chunk_bytes > best->chunk_bytes ||
          (boxes.chunk_bytes == best->chunk_bytes && boxes.box_bytes < best->box_bytes);
      if (is_better) best = boxes;
    }
  }
  return best;
}

std::optional<SpillBoxes> any_spill(const RechunkCase& rechunk, std::int64_t box_bytes,
                                    std::int64_t chunk_bytes) {
  const Shape whole = leaf_shape(rechunk, Irregular::whole);
  if (auto boxes = best_spill(rechunk, whole, box_bytes, chunk_bytes)) return boxes;
  // Some leaves are read more than once then.
  const Shape largest = leaf_shape(rechunk, Irregular::largest);
  if (largest == whole) return std::nullopt;
  return best_spill(rechunk, largest, box_bytes, chunk_bytes);
}

// A whole part of a spill chunk suits both boxes as well as the chunk did.
Shape part_of(Shape chunk, const RechunkCase& rechunk, std::int64_t most_bytes) {
  for (int d = 0; d < chunk.rank(); ++d) {
    while (chunk[d] > 1 && box_bytes_of(chunk, rechunk.shape, rechunk.type) > most_bytes) {
      std::int64_t divisor = 2;
      while (chunk[d] % divisor != 0) ++divisor;
      chunk[d] /= divisor;
    }
  }
  return chunk;
}

RechunkPlan spill_plan(const SpillBoxes& boxes, const RechunkCase& rechunk,
                       std::int64_t chunk_bytes) {
  RechunkPlan plan;
  plan.way = RechunkWay::spill;
  plan.units_per_task = in_units(boxes.second, rechunk.target);
  plan.spill_chunk = part_of(boxes.chunk, rechunk, chunk_bytes);
  plan.spill_units_per_task = in_units(boxes.first, plan.spill_chunk);
  return plan;
}

std::string in_mib(std::int64_t bytes) { return format_bytes(static_cast<double>(bytes)); }

[[noreturn]] void throw_too_little(const RechunkCase& rechunk, std::int64_t box_bytes) {
  const std::int64_t chunk = box_bytes_of(rechunk.target, rechunk.shape, rechunk.type);
  throw Error(ErrorKind::invalid,
              fmt::format("one target chunk {} ({}), or for a spill one chunk of the source, does "
                          "not fit beside what a run needs: a task may hold {}; give smaller "
                          "--chunks or more --memory",
                          to_string(rechunk.target), in_mib(chunk), in_mib(box_bytes)));
}

}  // namespace

RechunkPlan plan_rechunk(const RechunkCase& rechunk, std::int64_t box_bytes,
                         std::int64_t spill_chunk_bytes, WayWanted wanted) {
  const auto direct = wanted == WayWanted::spill ? std::nullopt : best_box(rechunk, box_bytes);
  const bool is_cheap =
      direct && (direct->cost <= spill_cost(rechunk) || wanted == WayWanted::direct);
  const auto spill = is_cheap || wanted == WayWanted::direct
                         ? std::nullopt
                         : any_spill(rechunk, box_bytes, spill_chunk_bytes);
  if (!direct && !spill) throw_too_little(rechunk, box_bytes);
  if (spill) {
    RechunkPlan plan = spill_plan(*spill, rechunk, spill_chunk_bytes);
    const std::string reason =
        direct ? fmt::format("in one, tasks of {} would decode the source {:.1f} times",
                             in_mib(box_bytes), direct->decoded)
        : wanted == WayWanted::spill ? std::string("as was asked for")
                                     : std::string("in one, no task fits");
    plan.why = fmt::format("two stages: {}; a spill of chunks {} is written and read once", reason,
                           to_string(plan.spill_chunk));
    return plan;
  }
  RechunkPlan plan;
  plan.way = direct->decoded > 1 || cuts_leaves(rechunk, direct->box) ? RechunkWay::bands
                                                                      : RechunkWay::one_stage;
  plan.units_per_task = in_units(direct->box, rechunk.target);
  plan.decoded = direct->decoded;
  plan.why = plan.way == RechunkWay::one_stage
                 ? fmt::format("one stage: tasks of {} hold whole chunks of the source",
                               to_string(direct->box))
                 : fmt::format(
                       "bands of {}: {:.1f} times the source is read and decoded, which "
                       "costs less than spilling it or touching more memory",
                       to_string(direct->box), plan.decoded);
  return plan;
}

// Along the dimensions before the one that pieces cut, each step is a piece of its own; behind it
// pieces are whole.
Pieces pieces_of(const std::vector<Cuts>& leaves, const Shape& leaf, std::int64_t piece_bytes,
                 DataType type) {
  Pieces pieces{leaves, std::vector<double>(leaves.size(), 0.0)};
  std::int64_t row = type.size;  // bytes of one step along the dimension
  int cut = leaf.rank() - 1;
  for (; cut >= 0 && row * leaf[cut] <= piece_bytes; --cut) row *= leaf[cut];
  if (piece_bytes <= 0 || cut < 0) return pieces;
  std::int64_t before = 1;
  for (int d = 0; d < cut; ++d) before *= leaf[d];
  const bool drifts = before > 1 && row * leaf[cut] % piece_bytes != 0;
  for (int d = 0; d <= cut; ++d) {
    const auto at = static_cast<std::size_t>(d);
    const std::int64_t step = d == cut ? std::max<std::int64_t>(piece_bytes / row, 1) : 1;
    if (d == cut && drifts) {
      pieces.blur[at] = static_cast<double>(piece_bytes) / static_cast<double>(row);
      break;
    }
    Cuts finer{0};
    for (std::size_t i = 0; i + 1 < leaves[at].size(); ++i) {
      for (std::int64_t begin = leaves[at][i] + step; begin < leaves[at][i + 1]; begin += step) {
        finer.push_back(begin);
      }
      finer.push_back(leaves[at][i + 1]);
    }
    pieces.cuts[at] = std::move(finer);
  }
  return pieces;
}

double decode_amplification(const Cuts& pieces, double blur, std::int64_t step) {
  if (blur == 0) return read_amplification(pieces, step);
  const std::int64_t extent = pieces.back();
  double decoded = 0;
  for (std::size_t i = 0; i + 1 < pieces.size(); ++i) {
    const auto length = static_cast<double>(pieces[i + 1] - pieces[i]);
    for (std::int64_t begin = pieces[i]; begin < pieces[i + 1];) {
      const std::int64_t end = std::min((begin / step + 1) * step, pieces[i + 1]);
      decoded += std::min(length, static_cast<double>(end - begin) + blur);
      begin = end;
    }
  }
  return extent == 0 ? 1 : decoded / static_cast<double>(extent);
}

}  // namespace gridmill
