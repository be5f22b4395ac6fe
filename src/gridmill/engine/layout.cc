#include "gridmill/engine/layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "gridmill/base/checked.h"
#include "gridmill/base/error.h"
#include "gridmill/base/text.h"

namespace gridmill {
namespace {

std::int64_t decoded_bytes(const Shape& shape, DataType type) {
  return checked_mul(volume(shape), type.size, "chunk size");
}

// Chunks of at most `most` elements along an extent, all but the last equal and the last not tiny.
std::int64_t even_cut(std::int64_t extent, std::int64_t most) {
  const std::int64_t pieces = ceil_div(extent, std::max<std::int64_t>(1, most));
  return ceil_div(extent, pieces);
}

Shape at_least_one(const Shape& shape) {
  Shape chunks = shape;
  for (int d = 0; d < shape.rank(); ++d) chunks[d] = std::max<std::int64_t>(1, shape[d]);
  return chunks;
}

std::string text_of(const Shape& chunks, DataType type) {
  return fmt::format("{} = {}", to_string(chunks),
                     format_bytes(static_cast<double>(decoded_bytes(chunks, type))));
}

ChunkChoice cut_contiguous(const SourceLayout& source, std::int64_t target) {
  Shape chunks = at_least_one(source.shape);
  for (int d = 0; d < chunks.rank() && decoded_bytes(chunks, source.type) > target; ++d) {
    chunks[d] = 1;
    const std::int64_t rest = decoded_bytes(chunks, source.type);
    chunks[d] = even_cut(source.shape[d], std::max<std::int64_t>(1, target / rest));
  }
  return {chunks,
          fmt::format("the source is contiguous: whole trailing dimensions, cut evenly along "
                      "the leading ones to at most {}",
                      format_bytes(static_cast<double>(target)))};
}

ChunkChoice multiply_chunks(const SourceLayout& source, std::int64_t target) {
  Shape chunks = source.chunks;
  for (int d = 0; d < chunks.rank(); ++d) {
    chunks[d] = std::clamp<std::int64_t>(chunks[d], 1, std::max<std::int64_t>(1, source.shape[d]));
  }
  for (int d = 0; d < chunks.rank(); ++d) {
    const std::int64_t factor =
        target / std::max<std::int64_t>(1, decoded_bytes(chunks, source.type));
    const std::int64_t needed = ceil_div(source.shape[d], chunks[d]);
    if (factor < 2 || needed < 2) continue;
    const std::int64_t pieces = ceil_div(needed, std::min(factor, needed));
    chunks[d] = std::min(source.shape[d], chunks[d] * ceil_div(needed, pieces));
  }
  return {chunks,
          chunks == source.chunks
              ? "the source's own chunks"
              : fmt::format("whole multiples of the source's chunks {}, up to {}",
                            to_string(source.chunks), format_bytes(static_cast<double>(target)))};
}

// A source chunk far above the target is cut into equal parts; its task still reads it once.
ChunkChoice divide_chunks(const SourceLayout& source, std::int64_t target) {
  Shape chunks = source.chunks;
  for (int d = 0; d < chunks.rank() && decoded_bytes(chunks, source.type) > target; ++d) {
    const std::int64_t extent = chunks[d];
    std::int64_t parts = std::min(extent, ceil_div(decoded_bytes(chunks, source.type), target));
    while (parts < extent && extent % parts != 0) ++parts;
    chunks[d] = extent / parts;
  }
  return {chunks,
          fmt::format("equal parts of the source's large chunks {}", to_string(source.chunks))};
}

std::int64_t chunk_extent(std::string_view text, std::int64_t extent) {
  if (text == "all" || text == "-1") return std::max<std::int64_t>(1, extent);
  const std::int64_t value = parse_int(text);
  if (value < 1) {
    throw Error(ErrorKind::invalid,
                fmt::format("--chunks: {} is not a chunk length: give 1 or more, "
                            "or \"all\"",
                            value));
  }
  return std::min(value, std::max<std::int64_t>(1, extent));
}

bool is_one_chunk(std::string_view spec) { return trim(spec) == "all"; }

}  // namespace

ChunkChoice default_chunks(const SourceLayout& source, std::int64_t target_bytes) {
  const Shape whole = at_least_one(source.shape);
  if (source.shape.rank() == 0) return {whole, "a scalar"};
  if (decoded_bytes(whole, source.type) <= target_bytes)
    return {whole, "small enough for one chunk"};
  if (source.chunks.rank() != source.shape.rank()) return cut_contiguous(source, target_bytes);
  const bool is_huge = decoded_bytes(at_least_one(source.chunks), source.type) > 4 * target_bytes;
  return is_huge ? divide_chunks(source, target_bytes) : multiply_chunks(source, target_bytes);
}

bool is_chunk_size(std::string_view spec) {
  return !spec.empty() && spec.find('=') == std::string_view::npos && !is_one_chunk(spec);
}

std::int64_t chunk_size(std::string_view spec) {
  const std::int64_t target = parse_size(spec);
  if (target >= 1 && target <= kLargestChunkBytes) return target;
  throw Error(ErrorKind::invalid,
              fmt::format("--chunks: {} is not a chunk size between 1 byte and 2 GiB", spec));
}

Index given_lengths(const SourceLayout& source, std::string_view spec, bool strict) {
  Index given = Index::filled(source.shape.rank(), 0);
  if (is_one_chunk(spec)) {
    for (int d = 0; d < given.rank(); ++d) given[d] = chunk_extent("all", source.shape[d]);
    return given;
  }
  for (const std::string& item : split(spec, ',')) {
    const std::size_t equals = item.find('=');
    const std::string name(trim(std::string_view(item).substr(0, equals)));
    if (equals == std::string::npos || name.empty()) {
      throw Error(ErrorKind::invalid,
                  fmt::format("--chunks: \"{}\" is not DIMENSION=LENGTH", item));
    }
    const auto found = std::find(source.dimensions.begin(), source.dimensions.end(), name);
    if (found == source.dimensions.end()) {
      if (!strict) {
        (void)chunk_extent(trim(std::string_view(item).substr(equals + 1)), 1);
        continue;
      }
      throw Error(ErrorKind::invalid, fmt::format("--chunks: no dimension {}{}", name,
                                                  did_you_mean(name, source.dimensions)));
    }
    const int d = static_cast<int>(found - source.dimensions.begin());
    given[d] = chunk_extent(trim(std::string_view(item).substr(equals + 1)), source.shape[d]);
  }
  return given;
}

void check_chunk_size(const Shape& chunks, DataType type) {
  const std::int64_t bytes = decoded_bytes(chunks, type);
  if (bytes <= kLargestChunkBytes) return;
  throw Error(
      ErrorKind::invalid,
      fmt::format("--chunks: chunks of {} {} hold {}, more than the 2 GiB that codecs take",
                  to_string(chunks), type.name(), format_bytes(static_cast<double>(bytes))));
}

ChunkChoice chosen_chunks(const SourceLayout& source, std::string_view spec, bool strict,
                          std::int64_t target_bytes) {
  if (is_chunk_size(spec)) return default_chunks(source, chunk_size(spec));
  ChunkChoice choice = default_chunks(source, target_bytes);
  const Index given = given_lengths(source, spec, strict);
  for (int d = 0; d < given.rank(); ++d) {
    if (given[d] > 0) choice.chunks[d] = given[d];
  }
  check_chunk_size(choice.chunks, source.type);
  choice.why = "as asked with --chunks: " + text_of(choice.chunks, source.type);
  return choice;
}

double read_amplification(const Cuts& leaves, std::int64_t step) {
  const std::int64_t extent = leaves.back();
  if (extent == 0) return 1;
  std::int64_t read = 0;
  for (std::size_t i = 0; i + 1 < leaves.size(); ++i) {
    const std::int64_t first_task = leaves[i] / step;
    const std::int64_t last_task = (leaves[i + 1] - 1) / step;
    read += (leaves[i + 1] - leaves[i]) * (last_task - first_task + 1);
  }
  return static_cast<double>(read) / static_cast<double>(extent);
}

namespace {

// The box of a task as it grows. Dimensions are widened one at a time.
class TaskBox {
 public:
  TaskBox(const std::vector<Cuts>& cuts, const Shape& shape, const Shape& chunks, DataType type,
          std::int64_t most_bytes)
      : cuts_(cuts), shape_(shape), chunks_(chunks), type_(type), most_bytes_(most_bytes) {}

  const Shape& units() const noexcept { return units_; }
  double factor(int d) const { return factor(d, units_[d]); }
  std::int64_t all_units(int d) const { return ceil_div(shape_[d], chunks_[d]); }

  // To the next multiple that holds whole leaves, or to the part of it that fits and reads least.
  // False: it can't be widened any further.
  bool widen(int d) {
    const std::int64_t target = next(d);
    if (fits(d, target)) {
      units_[d] = target;
      return target < all_units(d);
    }
    units_[d] = part_that_fits(d, target);
    return false;
  }

 private:
  double factor(int d, std::int64_t units) const {
    return read_amplification(cuts_[static_cast<std::size_t>(d)], chunks_[d] * units);
  }

  std::int64_t next(int d) const {
    const Cuts& leaves = cuts_[static_cast<std::size_t>(d)];
    const std::int64_t leaf =
        leaves.size() > 1 ? std::max<std::int64_t>(1, leaves[1] - leaves[0]) : 1;
    const std::int64_t aligned = leaf / std::gcd(chunks_[d], leaf);
    return std::min(units_[d] < aligned ? aligned : 2 * units_[d], all_units(d));
  }

  bool fits(int d, std::int64_t units) const {
    Shape box = chunks_;
    for (int k = 0; k < box.rank(); ++k) {
      box[k] = std::min(shape_[k], chunks_[k] * (k == d ? units : units_[k]));
    }
    return decoded_bytes(box, type_) <= most_bytes_;
  }

  // Half of the target, a third, ...: as the target holds whole leaves, its even parts cut them
  // least.
  std::int64_t part_that_fits(int d, std::int64_t target) const {
    std::int64_t best = units_[d];
    std::int64_t low = best, high = target;  // the largest that fits lies in [low, high)
    while (high - low > 1) {
      const std::int64_t middle = low + (high - low) / 2;
      (fits(d, middle) ? low : high) = middle;
    }
    const std::int64_t first = ceil_div(target, low);
    for (std::int64_t parts = first; parts < first + kMostParts; ++parts) {
      const std::int64_t units = ceil_div(target, parts);
      if (units <= units_[d]) break;
      if (factor(d, units) < factor(d, best)) best = units;
    }
    return best;
  }

  static constexpr std::int64_t kMostParts = 32;

  const std::vector<Cuts>& cuts_;
  const Shape& shape_;
  const Shape& chunks_;
  DataType type_;
  std::int64_t most_bytes_;
  Shape units_ = Index::filled(shape_.rank(), 1);
};

}  // namespace

TaskChoice choose_tasks(const std::vector<Cuts>& cuts, const Shape& shape, const Shape& chunks,
                        DataType type, std::int64_t most_bytes) {
  TaskBox box(cuts, shape, chunks, type, most_bytes);
  std::vector<bool> is_fixed(static_cast<std::size_t>(shape.rank()), false);
  while (true) {
    int worst = -1;
    for (int d = 0; d < shape.rank(); ++d) {
      if (is_fixed[static_cast<std::size_t>(d)] || box.factor(d) <= 1) continue;
      if (worst < 0 || box.factor(d) > box.factor(worst)) worst = d;
    }
    if (worst < 0) break;
    if (!box.widen(worst)) is_fixed[static_cast<std::size_t>(worst)] = true;
  }
  TaskChoice choice{box.units(), 1};
  for (int d = 0; d < shape.rank(); ++d) choice.read_amplification *= box.factor(d);
  return choice;
}

}  // namespace gridmill
