// axis_cells.h: the cells of one axis of a grid, latitudes or longitudes: which centres a place
// lies between, and how much of each cell a stretch covers.
//
// Centres are degrees, rising or falling, evenly spaced or not. A cell ends halfway between its
// centre and the next; at an end of the axis it is as wide outwards as inwards, at most to the
// pole. The last row of latitudes reaches the pole where that is no further than its own spacing (a
// Gaussian grid). An axis of one value is a cell of one degree. Longitudes count modulo 360; they
// are circular where the gap between the last and the first is no wider than their cells. A
// longitude that comes once more after 360 degrees (0, ..., 360) is the same cell, and takes no
// part.
//
// Built once; queries are const, of any number of threads.
#pragma once

#include <cstdint>
#include <vector>

namespace gridmill {

class AxisCells {
 public:
  struct Share {
    std::int64_t position = 0;  // along the axis
    double weight = 0;          // > 0
  };

  // Throws Error(invalid) for centres that are not finite or neither rise nor fall; longitudes may
  // jump by 360 on the way.
  static AxisCells latitudes(const std::vector<double>& centres_deg);
  static AxisCells longitudes(const std::vector<double>& centres_deg);

  bool is_circular() const noexcept { return is_circular_; }

  // Weights of the linear interpolation between two centres; their sum is 1. One share alone on a
  // centre (within a millionth of the spacing), or beyond the outermost ones. Whether the place is
  // beyond the cells is not asked.
  std::vector<Share> between(double at_deg) const;

  // What of each cell lies in [low, high]: for latitudes the difference of the sines, for
  // longitudes degrees, high - low <= 360. None if the stretch covers no cell.
  std::vector<Share> overlap(double low_deg, double high_deg) const;

  // Every cell, whole. Of circular longitudes: once around.
  std::vector<Share> all() const;

  // Latitudes: how far a place lies on the way from the outermost centre to the pole, in [0, 1]; 0
  // for one that lies between centres, or where the last row doesn't reach the pole.
  double share_of_pole(double latitude_deg) const noexcept;

 private:
  enum class Kind { latitudes, longitudes };

  AxisCells(Kind kind, const std::vector<double>& centres_deg);
  void unwrap(const std::vector<double>& centres_deg);
  void leave_out_repeated();
  void find_edges();
  double along(double at_deg) const noexcept;
  double measure(double low, double high) const noexcept;

  Kind kind_;
  double sign_ = 1;              // -1: the axis falls; what follows rises
  std::vector<double> centres_;  // times sign_, unwrapped, each place once
  std::vector<double> edges_;    // one more than centres
  bool is_circular_ = false;
};

}  // namespace gridmill
