#include "gridmill/engine/chunk_lengths.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "gridmill/base/checked.h"

namespace gridmill {
namespace {

using Along = ChunkLengthsWanted::Along;

// How far candidates lie from the ideal, as a factor.
constexpr double kReach = 1.6;
// Neighbours of the ideal, and numbers of pieces, that are looked at on either side.
constexpr std::int64_t kNeighbours = 256;
// Combinations of candidates that are compared.
constexpr double kMostCombinations = 40'000;
// More than any sum of the other prices.
constexpr double kOffTarget = 100;
// A last chunk that is shorter is worse than none, however little it wants.
constexpr double kRagged = 0.05;
// A chunk that holds parts of two files is written twice.
constexpr double kAcrossFiles = 0.3;
constexpr double kOffIdeal = 0.5;

bool fits_files(std::int64_t length, const Along& along) {
  if (along.file <= 0 || length >= along.extent) return true;
  return length % along.file == 0 || along.file % length == 0;
}

double price_along(std::int64_t length, const Along& along) {
  const auto n = static_cast<double>(along.extent), c = static_cast<double>(length);
  const double padding = static_cast<double>(ceil_div(along.extent, length)) * c / n - 1;
  const double ragged = along.extent % length == 0 ? 0 : kRagged + padding;
  const double files = fits_files(length, along) ? 0 : kAcrossFiles;
  return kOffIdeal * std::abs(std::log(c / along.ideal)) + ragged + files;
}

double price_of_size(double share) {
  const double off = std::abs(std::log(share));
  return share < kLeastOfTarget || share > kMostOfTarget ? kOffTarget + off : off;
}

// Lengths near the ideal that are worth a look: those that cut evenly, that fit files, and small
// ones all.
class Candidates {
 public:
  explicit Candidates(const Along& along)
      : along_(along),
        low_(std::max<std::int64_t>(1, static_cast<std::int64_t>(along.ideal / kReach))),
        high_(std::min(along.most, static_cast<std::int64_t>(along.ideal * kReach) + 1)) {}

  // Best first.
  std::vector<std::int64_t> lengths() {
    if (along_.is_given || along_.most == 1) return {along_.most};
    add_neighbours();
    add_even_cuts();
    add_files();
    add(along_.most);
    std::vector<std::int64_t> lengths(found_.begin(), found_.end());
    std::stable_sort(lengths.begin(), lengths.end(), [&](std::int64_t a, std::int64_t b) {
      return price_along(a, along_) < price_along(b, along_);
    });
    return lengths;
  }

 private:
  void add(std::int64_t length) {
    if (length >= low_ && length <= high_) found_.insert(length);
  }

  // Near the ideal itself, and the divisors around it.
  void add_neighbours() {
    const std::int64_t centre =
        std::clamp(static_cast<std::int64_t>(std::llround(along_.ideal)), low_, high_);
    const std::int64_t first = std::max(low_, centre - kNeighbours);
    const std::int64_t last = std::min(high_, centre + kNeighbours);
    for (std::int64_t length = first; length <= last; ++length) {
      const bool is_near = std::abs(length - centre) <= 4;
      const bool divides_file = along_.file > 0 && along_.file % length == 0;
      if (is_near || along_.extent % length == 0 || divides_file) add(length);
    }
  }

  void add_even_cuts() {
    const std::int64_t most = ceil_div(along_.extent, low_);
    const std::int64_t least = std::max<std::int64_t>(1, along_.extent / high_);
    const std::int64_t centre = std::clamp(
        static_cast<std::int64_t>(static_cast<double>(along_.extent) / along_.ideal), least, most);
    const std::int64_t last = std::min(most, centre + kNeighbours);
    for (std::int64_t pieces = std::max(least, centre - kNeighbours); pieces <= last; ++pieces) {
      add(ceil_div(along_.extent, pieces));
    }
  }

  void add_files() {
    if (along_.file <= 0) return;
    const std::int64_t files = static_cast<std::int64_t>(along_.ideal) / along_.file;
    for (std::int64_t n = std::max<std::int64_t>(1, files - 8); n <= files + 8; ++n) {
      if (n <= along_.most / along_.file) add(n * along_.file);
    }
  }

  const Along& along_;
  const std::int64_t low_;
  const std::int64_t high_;
  std::set<std::int64_t> found_;
};

class LengthSearch {
 public:
  explicit LengthSearch(const ChunkLengthsWanted& wanted)
      : wanted_(wanted.dimensions), elements_(wanted.elements) {
    for (const Along& along : wanted_) candidates_.push_back(Candidates(along).lengths());
    limit_candidates();
    current_ = best_ = Shape::filled(rank(), 1);
  }

  Shape best() {
    descend(0, 1, 0);
    if (best_price_ >= kOffTarget) repair();
    return best_;
  }

 private:
  int rank() const { return static_cast<int>(wanted_.size()); }
  const Along& along(int d) const { return wanted_[static_cast<std::size_t>(d)]; }

  void limit_candidates() {
    const auto open = std::count_if(candidates_.begin(), candidates_.end(),
                                    [](const auto& lengths) { return lengths.size() > 1; });
    if (open == 0) return;
    const double each = std::pow(kMostCombinations, 1 / static_cast<double>(open));
    const auto most = std::max<std::size_t>(2, static_cast<std::size_t>(each));
    for (auto& lengths : candidates_) lengths.resize(std::min(lengths.size(), most));
  }

  void consider(double elements, double price) {
    const double all = price + price_of_size(elements / elements_);
    if (all >= best_price_) return;
    best_price_ = all;
    best_ = current_;
  }

  void descend(int d, double elements, double price) {
    if (d == rank()) {
      consider(elements, price);
      return;
    }
    for (const std::int64_t length : candidates_[static_cast<std::size_t>(d)]) {
      current_[d] = length;
      descend(d + 1, elements * static_cast<double>(length), price + price_along(length, along(d)));
    }
  }

  // Two lengths at a time, when those near the ideal don't make the size: one of some, and the
  // other as long as then is needed.
  void repair() {
    const Shape start = best_;
    for (int a = 0; a < rank(); ++a) {
      for (int b = 0; b < rank(); ++b) {
        if (along(a).is_given || along(b).is_given) continue;
        for (const std::int64_t length : few_lengths(a, start[a])) try_pair(start, a, length, b);
      }
    }
  }

  std::vector<std::int64_t> few_lengths(int d, std::int64_t now) const {
    const std::int64_t most = along(d).most;
    std::set<std::int64_t> lengths{now, most};
    for (std::int64_t i = 1; i <= std::min<std::int64_t>(most, 64); ++i) {
      lengths.insert({i, ceil_div(most, i)});
    }
    return {lengths.begin(), lengths.end()};
  }

  void try_pair(const Shape& start, int a, std::int64_t length, int b) {
    current_ = start;
    current_[a] = length;
    current_[b] = 1;
    const double needed = elements_ / product(current_);
    const auto most = static_cast<double>(along(b).most);
    current_[b] = static_cast<std::int64_t>(std::clamp(std::round(needed), 1.0, most));
    double price = 0;
    for (int d = 0; d < rank(); ++d) price += price_along(current_[d], along(d));
    consider(product(current_), price);
  }

  static double product(const Shape& lengths) {
    double elements = 1;
    for (const std::int64_t length : lengths) elements *= static_cast<double>(length);
    return elements;
  }

  const std::vector<Along>& wanted_;
  const double elements_;
  std::vector<std::vector<std::int64_t>> candidates_;
  Shape current_, best_;
  double best_price_ = std::numeric_limits<double>::infinity();
};

}  // namespace

Shape best_lengths(const ChunkLengthsWanted& wanted) { return LengthSearch(wanted).best(); }

}  // namespace gridmill
