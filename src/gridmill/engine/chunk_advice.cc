#include "gridmill/engine/chunk_advice.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gridmill/base/checked.h"
#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/engine/chunk_lengths.h"

namespace gridmill {
namespace {

// A file that is written by itself changes every chunk that it meets: twelve make a year of months.
constexpr std::int64_t kMostFilesInChunk = 12;
// Of a series in time alone such a chunk is soon written, however many files it holds.
constexpr std::int64_t kSeriesBytes = std::int64_t{1} << 20;

bool is_place(AxisRole role) { return role == AxisRole::latitude || role == AxisRole::longitude; }

// The lengths that the pattern would have if chunks could be cut anywhere.
class IdealLengths {
 public:
  IdealLengths(const AdviceRequest& request, const Shape& most)
      : request_(request), most_(most), lengths_(static_cast<std::size_t>(most.rank()), 1.0) {
    room_ = static_cast<double>(request.target_bytes) / static_cast<double>(request.item_size);
    for (int d = 0; d < most.rank(); ++d) {
      if (is_given(d)) take(d, static_cast<double>(most_[d]));
    }
  }

  std::vector<double> lengths() {
    if (request_.pattern == AccessPattern::temporal) fill(those_of(AxisRole::time));
    if (request_.pattern == AccessPattern::spatial) fill(places());
    fill(those_of(AxisRole::unknown));
    if (request_.pattern == AccessPattern::balanced) fill_balanced();
    fill(places());
    fill(those_of(AxisRole::time));
    fill(those_of(AxisRole::vertical));
    fill(those_of(AxisRole::member));
    return lengths_;
  }

 private:
  bool is_given(int d) const { return request_.given.rank() > 0 && request_.given[d] > 0; }

  void take(int d, double length) {
    const auto at = static_cast<std::size_t>(d);
    room_ *= lengths_[at] / length;
    lengths_[at] = length;
  }

  template <class Matches>
  std::vector<int> free_ones(Matches&& matches) const {
    std::vector<int> found;
    for (int d = 0; d < most_.rank(); ++d) {
      if (!is_given(d) && matches(request_.roles[static_cast<std::size_t>(d)])) found.push_back(d);
    }
    return found;
  }
  std::vector<int> those_of(AxisRole role) const {
    return free_ones([role](AxisRole other) { return other == role; });
  }
  std::vector<int> places() const { return free_ones(is_place); }

  static double extent(const std::vector<int>& dimensions, const Shape& shape) {
    double product = 1;
    for (const int d : dimensions) product *= static_cast<double>(shape[d]);
    return std::max(1.0, product);
  }

  // All of them as long as each other, as far as they reach, in what room is left.
  void fill(const std::vector<int>& dimensions) { fill(dimensions, extent(dimensions, most_)); }

  void fill(std::vector<int> dimensions, double elements) {
    for (const int d : dimensions) take(d, 1);
    double left = std::max(1.0, std::min(elements, room_));
    std::sort(dimensions.begin(), dimensions.end(),
              [&](int a, int b) { return most_[a] < most_[b]; });
    for (std::size_t i = 0; i < dimensions.size(); ++i) {
      const auto side = std::pow(left, 1 / static_cast<double>(dimensions.size() - i));
      const double length = std::min(side, static_cast<double>(most_[dimensions[i]]));
      take(dimensions[i], length);
      left /= length;
    }
  }

  // As many chunks along time as there are in a map.
  void fill_balanced() {
    const std::vector<int> time = those_of(AxisRole::time), place = places();
    if (time.empty() || place.empty()) return;
    const double times = extent(time, request_.shape), cells = extent(place, request_.shape);
    const double each = std::sqrt(std::max(1.0, times * cells / std::max(1.0, room_)));
    fill(time, std::max(times / each, room_ / cells));
    fill(place);
  }

  const AdviceRequest& request_;
  const Shape& most_;
  double room_ = 1;  // how many times the chunk fits into the target
  std::vector<double> lengths_;
};

class Adviser {
 public:
  explicit Adviser(const AdviceRequest& request) : request_(request), most_(longest()) {}

  ChunkChoice choice() {
    const Shape chunks = best_lengths(lengths_wanted());
    return {chunks, sentence(chunks)};
  }

 private:
  Shape longest() const {
    Shape most = request_.shape;
    for (int d = 0; d < most.rank(); ++d) {
      most[d] = std::max<std::int64_t>(1, most[d]);
      if (is_given(d)) most[d] = std::min(most[d], request_.given[d]);
    }
    if (request_.is_filled_by_files) bound_by_files(most);
    return most;
  }

  // Never shorter than what balanced chunks would be, however short the files are.
  void bound_by_files(Shape& most) const {
    AdviceRequest balanced = request_;
    balanced.pattern = AccessPattern::balanced;
    const std::vector<double> lengths = IdealLengths(balanced, most).lengths();
    for (int d = 0; d < most.rank(); ++d) {
      const std::int64_t file = file_length(d);
      if (file <= 0 || is_given(d)) continue;
      const auto in_balance = static_cast<std::int64_t>(lengths[static_cast<std::size_t>(d)]);
      const std::int64_t whole_files = in_balance / file * file;
      const bool is_alone = volume(most) == most[d];  // a series: nothing to be in balance with
      const std::int64_t files = kMostFilesInChunk * std::min(file, most[d]);
      most[d] = std::min(most[d], std::max(files, is_alone ? series_of_files(file) : whole_files));
    }
  }

  std::int64_t series_of_files(std::int64_t file) const {
    return kSeriesBytes / request_.item_size / file * file;
  }

  bool is_given(int d) const { return request_.given.rank() > 0 && request_.given[d] > 0; }
  std::int64_t file_length(int d) const {
    return request_.file_lengths.rank() > 0 ? request_.file_lengths[d] : 0;
  }

  ChunkLengthsWanted lengths_wanted() const {
    ChunkLengthsWanted wanted;
    const std::vector<double> ideal = IdealLengths(request_, most_).lengths();
    wanted.elements =
        static_cast<double>(request_.target_bytes) / static_cast<double>(request_.item_size);
    for (int d = 0; d < most_.rank(); ++d) {
      const std::int64_t extent = std::max<std::int64_t>(1, request_.shape[d]);
      wanted.dimensions.push_back(
          {extent, most_[d], ideal[static_cast<std::size_t>(d)], file_length(d), is_given(d)});
    }
    return wanted;
  }

  std::string length_text(int d, const Shape& chunks) const {
    const std::string& name = request_.dimensions[static_cast<std::size_t>(d)];
    return chunks[d] >= request_.shape[d] ? "all of " + name
                                          : fmt::format("{} {}", chunks[d], name);
  }

  std::string reads_text(const Shape& chunks) const {
    std::vector<std::string> parts;
    for (const Reading reading : {Reading::series, Reading::map}) {
      if (!has_reading(reading, request_.shape, request_.roles)) continue;
      const std::int64_t count = chunks_of_reading(reading, request_.shape, chunks, request_.roles);
      parts.push_back(fmt::format("a {} reads {} {}", name_of(reading), format_count(count),
                                  count == 1 ? "chunk" : "chunks"));
    }
    return parts.empty() ? "" : "; " + join(parts, ", ");
  }

  std::string files_text(const Shape& chunks) const {
    for (int d = 0; d < chunks.rank(); ++d) {
      const std::int64_t file = file_length(d);
      if (file <= 0 || chunks[d] >= request_.shape[d]) continue;
      const std::string& name = request_.dimensions[static_cast<std::size_t>(d)];
      if (chunks[d] == file) return fmt::format("; as long along {} as a file", name);
      if (chunks[d] % file == 0) {
        return fmt::format("; {} files of {} {} in a chunk", chunks[d] / file, file, name);
      }
      if (file % chunks[d] == 0) {
        return fmt::format("; {} chunks along a file of {} {}", file / chunks[d], file, name);
      }
    }
    return "";
  }

  std::string sentence(const Shape& chunks) const {
    if (chunks.rank() == 0) return "a scalar";
    const std::int64_t bytes = volume(chunks) * request_.item_size;
    bool is_whole = true;
    std::vector<std::string> lengths;
    for (int d = 0; d < chunks.rank(); ++d) {
      is_whole = is_whole && chunks[d] >= request_.shape[d];
      lengths.push_back(length_text(d, chunks));
    }
    if (is_whole) return "small enough for one chunk";
    return fmt::format("advised for {} reads: {} = {}{}{}", name_of(request_.pattern),
                       join(lengths, ", "), format_bytes(static_cast<double>(bytes)),
                       reads_text(chunks), files_text(chunks));
  }

  const AdviceRequest& request_;
  const Shape most_;
};

bool is_along(Reading reading, AxisRole role) {
  return reading == Reading::series ? role == AxisRole::time
                                    : reading == Reading::map && is_place(role);
}

}  // namespace

std::string_view name_of(AccessPattern pattern) noexcept {
  switch (pattern) {
    case AccessPattern::temporal:
      return "temporal";
    case AccessPattern::spatial:
      return "spatial";
    default:
      return "balanced";
  }
}

AccessPattern access_pattern_from(std::string_view name) {
  std::vector<std::string> names;
  for (const AccessPattern pattern : kAccessPatterns) {
    if (name_of(pattern) == name) return pattern;
    names.emplace_back(name_of(pattern));
  }
  throw Error(ErrorKind::invalid, fmt::format("access pattern \"{}\" is not one of {}{}", name,
                                              join(names, ", "), did_you_mean(name, names)));
}

ChunkChoice advise_chunks(const AdviceRequest& request) {
  if (request.target_bytes < 1 || request.target_bytes > kLargestTargetBytes) {
    throw Error(ErrorKind::invalid,
                fmt::format("a target of {} for chunks is not between 1 byte and {}",
                            format_bytes(static_cast<double>(request.target_bytes)),
                            format_bytes(static_cast<double>(kLargestTargetBytes))));
  }
  return Adviser(request).choice();
}

std::string_view name_of(Reading reading) noexcept {
  switch (reading) {
    case Reading::series:
      return "series";
    case Reading::map:
      return "map";
    default:
      return "point";
  }
}

Box box_of_reading(Reading reading, const Shape& shape, const std::vector<AxisRole>& roles,
                   const Index& at) {
  Box box{at, Shape::filled(shape.rank(), 1)};
  for (int d = 0; d < shape.rank(); ++d) {
    if (!is_along(reading, roles[static_cast<std::size_t>(d)])) continue;
    box.begin[d] = 0;
    box.shape[d] = shape[d];
  }
  return box;
}

bool has_reading(Reading reading, const Shape& shape, const std::vector<AxisRole>& roles) {
  if (reading == Reading::point) return true;
  for (int d = 0; d < shape.rank(); ++d) {
    if (is_along(reading, roles[static_cast<std::size_t>(d)]) && shape[d] > 1) return true;
  }
  return false;
}

std::int64_t chunks_of_reading(Reading reading, const Shape& shape, const Shape& chunks,
                               const std::vector<AxisRole>& roles) {
  std::int64_t count = 1;
  for (int d = 0; d < shape.rank(); ++d) {
    if (!is_along(reading, roles[static_cast<std::size_t>(d)])) continue;
    count = checked_mul(count, ceil_div(shape[d], chunks[d]), "chunks of a reading");
  }
  return count;
}

}  // namespace gridmill
