#include "gridmill/kernels/axis_cells.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "gridmill/base/error.h"

namespace gridmill {
namespace {

constexpr double kDegree_rad = std::numbers::pi / 180.0;
constexpr double kTurn_deg = 360.0;
// Of the spacing: nearer to a centre than this is on it.
constexpr double kOnCentre = 1e-6;
// Of a cell: what rounding leaves of an overlap at its edge.
constexpr double kNoOverlap = 1e-9;
// Of the spacing: longitudes are one turn apart within this, and a gap is no wider than the cells.
constexpr double kInexact = 1e-3;

double turned(double degrees, double low) noexcept {  // into [low, low + 360)
  const double rest = std::fmod(degrees - low, kTurn_deg);
  return low + (rest < 0 ? rest + kTurn_deg : rest);
}

}  // namespace

AxisCells AxisCells::latitudes(const std::vector<double>& centres_deg) {
  return AxisCells(Kind::latitudes, centres_deg);
}

AxisCells AxisCells::longitudes(const std::vector<double>& centres_deg) {
  return AxisCells(Kind::longitudes, centres_deg);
}

AxisCells::AxisCells(Kind kind, const std::vector<double>& centres_deg) : kind_(kind) {
  unwrap(centres_deg);
  if (kind_ == Kind::longitudes) leave_out_repeated();
  find_edges();
}

void AxisCells::unwrap(const std::vector<double>& centres_deg) {
  const char* const name = kind_ == Kind::latitudes ? "latitudes" : "longitudes";
  if (centres_deg.empty()) throw Error(ErrorKind::invalid, fmt::format("there are no {}", name));
  double direction = 0;
  for (std::size_t i = 0; i < centres_deg.size(); ++i) {
    double centre = centres_deg[i];
    const double before = i == 0 ? centre : centres_.back();
    double step = centre - before;
    // A jump of a turn, as from 179 to -180 on an axis that rises.
    if (kind_ == Kind::longitudes && std::abs(step) > kTurn_deg / 2) {
      step = std::remainder(step, kTurn_deg);
      if (direction != 0 && step * direction < 0) step += direction * kTurn_deg;
      centre = before + step;
    }
    if (i == 1) direction = step < 0 ? -1 : 1;
    if (!std::isfinite(centre) || (i > 0 && !(step * direction > 0))) {
      throw Error(
          ErrorKind::invalid,
          fmt::format("the {} neither rise nor fall at position {}: cells can't be told", name, i));
    }
    centres_.push_back(centre);
  }
  if (direction >= 0) return;
  sign_ = -1;
  for (double& centre : centres_) centre = -centre;
}

void AxisCells::leave_out_repeated() {
  if (centres_.size() < 2) return;
  const double slack = kInexact * (centres_[1] - centres_[0]);
  while (centres_.back() > centres_.front() + kTurn_deg - slack) centres_.pop_back();
}

void AxisCells::find_edges() {
  const std::size_t count = centres_.size();
  double first = 0.5, last = 0.5;  // from the outermost centres outwards
  if (count > 1) {
    first = (centres_[1] - centres_[0]) / 2;
    last = (centres_[count - 1] - centres_[count - 2]) / 2;
  }
  if (kind_ == Kind::longitudes && count > 1) {
    const double gap = kTurn_deg - (centres_.back() - centres_.front());
    is_circular_ = gap <= (first + last) * (1 + kInexact);
    if (is_circular_) first = last = gap / 2;
  }
  double low = centres_.front() - first, high = centres_.back() + last;
  if (kind_ == Kind::latitudes) {
    const bool caps = count > 1;
    if (low < -90 || (caps && centres_.front() - 2 * first <= -90)) low = -90;
    if (high > 90 || (caps && centres_.back() + 2 * last >= 90)) high = 90;
  }
  edges_.push_back(low);
  for (std::size_t i = 1; i < count; ++i) edges_.push_back((centres_[i - 1] + centres_[i]) / 2);
  edges_.push_back(high);
}

// A place as a number on the rising axis, next to its cells where it lies beyond them.
double AxisCells::along(double at_deg) const noexcept {
  const double at = sign_ * at_deg;
  if (kind_ == Kind::latitudes) return at;
  const double inside = turned(at, edges_.front());
  const double above = inside - edges_.back(), below = edges_.front() + kTurn_deg - inside;
  return above > 0 && below < above ? inside - kTurn_deg : inside;
}

std::vector<AxisCells::Share> AxisCells::between(double at_deg) const {
  const double at = along(at_deg);
  const auto count = static_cast<std::int64_t>(centres_.size());
  const auto next = std::upper_bound(centres_.begin(), centres_.end(), at) - centres_.begin();
  if (!is_circular_ && (next == 0 || next == count)) return {{next == 0 ? 0 : count - 1, 1.0}};
  const std::int64_t before = next == 0 ? count - 1 : next - 1;
  const std::int64_t after = next == count ? 0 : next;
  double from = centres_[static_cast<std::size_t>(before)];
  double to = centres_[static_cast<std::size_t>(after)];
  if (next == 0) from -= kTurn_deg;
  if (next == count) to += kTurn_deg;
  const double share = (at - from) / (to - from);
  if (share < kOnCentre) return {{before, 1.0}};
  if (share > 1 - kOnCentre) return {{after, 1.0}};
  return {{before, 1 - share}, {after, share}};
}

double AxisCells::measure(double low, double high) const noexcept {
  if (kind_ == Kind::longitudes) return high - low;
  return std::sin(high * kDegree_rad) - std::sin(low * kDegree_rad);
}

std::vector<AxisCells::Share> AxisCells::overlap(double low_deg, double high_deg) const {
  double low = sign_ > 0 ? low_deg : -high_deg;
  double high = sign_ > 0 ? high_deg : -low_deg;
  const bool turns = kind_ == Kind::longitudes;
  if (turns) {
    const double width = high - low;
    low = turned(low, edges_.front());
    high = low + width;
  }
  std::vector<Share> shares;
  for (std::size_t i = 0; i < centres_.size(); ++i) {
    double weight = 0;
    for (const double shift : {0.0, kTurn_deg}) {  // a stretch may end in the next turn
      const double from = std::max(low - shift, edges_[i]);
      const double to = std::min(high - shift, edges_[i + 1]);
      if (to - from > kNoOverlap * (edges_[i + 1] - edges_[i])) weight += measure(from, to);
      if (!turns) break;
    }
    if (weight > 0) shares.push_back({static_cast<std::int64_t>(i), weight});
  }
  return shares;
}

std::vector<AxisCells::Share> AxisCells::all() const {
  std::vector<Share> shares;
  for (std::size_t i = 0; i < centres_.size(); ++i) {
    shares.push_back({static_cast<std::int64_t>(i), measure(edges_[i], edges_[i + 1])});
  }
  return shares;
}

double AxisCells::share_of_pole(double latitude_deg) const noexcept {
  const double at = sign_ * latitude_deg;
  const double pole = at < 0 ? -90 : 90;
  const double outermost = at < 0 ? centres_.front() : centres_.back();
  const double edge = at < 0 ? edges_.front() : edges_.back();
  // 0: the row is the pole itself, or ends before it, or the place lies within the centres.
  if (edge != pole || outermost == pole || (at - outermost) * pole <= 0) return 0;
  return std::min(1.0, (at - outermost) / (pole - outermost));
}

}  // namespace gridmill
