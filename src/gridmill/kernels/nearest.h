// nearest.h: the point of a scattered set that lies nearest on the sphere.
//
// Latitudes and longitudes become unit vectors; on a sphere the shortest chord is also the shortest
// great circle, so a k-d tree in three dimensions finds the neighbour without trigonometry in its
// loop and without a seam at the date line or the poles. Chord c and central angle a: a = 2 asin(c
// / 2).
//
// Built once in O(n log n) and 32 bytes per point; queries are const, of any number of threads.
// Points with a NaN coordinate are left out. Equally near points: the one with the lowest index
// wins, so that the answer never depends on how the tree was built.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace gridmill {

inline constexpr double kEarthRadius_m =
    6371229.0;  // the sphere of WMO GRIB (shape of the earth 6)

// Great-circle distance in radians (haversine; Sinnott, Virtues of the Haversine, 1984).
double central_angle_rad(double latitude_a_deg, double longitude_a_deg, double latitude_b_deg,
                         double longitude_b_deg) noexcept;

class SphereIndex {
 public:
  struct Neighbour {
    std::int64_t index = 0;  // into the spans given to the constructor
    double angle_rad = 0;
  };

  // One latitude and longitude per point, in degrees. Throws Error(invalid) if the spans differ in
  // size.
  SphereIndex(std::span<const double> latitudes_deg, std::span<const double> longitudes_deg);

  // nullopt: there are no points.
  std::optional<Neighbour> nearest(double latitude_deg, double longitude_deg) const;
  // Every point within an angle, each once, in the tree's order.
  void within(double latitude_deg, double longitude_deg, double angle_rad,
              const std::function<void(const Neighbour&)>& visit) const;
  std::int64_t size() const noexcept { return static_cast<std::int64_t>(nodes_.size()); }

 private:
  // The tree is implicit: the middle of a range is its root, split by the range's longest axis.
  struct Node {
    double at[3];
    std::int32_t axis = 0;
    std::uint32_t index = 0;
  };
  struct Search;

  void build(std::size_t first, std::size_t last);
  void search(std::size_t first, std::size_t last, Search& search) const;
  void search_within(std::size_t first, std::size_t last, const Search& query,
                     const std::function<void(const Neighbour&)>& visit) const;

  std::vector<Node> nodes_;
};

}  // namespace gridmill
