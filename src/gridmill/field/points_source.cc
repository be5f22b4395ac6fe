#include <fmt/format.h>

#include "gridmill/array/box_json.h"
#include "gridmill/base/error.h"
#include "gridmill/field/gathered_source.h"
#include "gridmill/field/sources.h"

namespace gridmill {
namespace {

// A place is a position; each is one element.
class PointsSource final : public GatheredSource {
 public:
  PointsSource(std::shared_ptr<const Source> input, std::vector<int> fixed,
               const std::vector<GridPoint>& points)
      : GatheredSource(std::move(input), std::move(fixed), kPointsDimension,
                       static_cast<std::int64_t>(points.size()),
                       static_cast<std::int64_t>(points.size()),
                       [&](std::int64_t number, const Shape& grid) {
                         return place_in(grid, points[static_cast<std::size_t>(number)]);
                       }) {
    at_.reserve(points.size() * this->fixed().size());
    for (const GridPoint& point : points) {
      at_.insert(at_.end(), point.index.begin(), point.index.end());
    }
  }

  Json to_json() const override {
    Json points = Json::array();
    for (std::int64_t number = 0; number < shape()[shape().rank() - 1]; ++number) {
      points.push_back(index_to_json(index_of(number)));
    }
    return {
        {"source", "points"}, {"fixed", fixed()}, {"points", points}, {"input", input().to_json()}};
  }

 private:
  static Box place_in(const Shape& grid, const GridPoint& point) {
    const Box box{point.index, Index::filled(point.index.rank(), 1)};
    if (box.rank() == grid.rank() && contains(whole_box(grid), box)) return box;
    throw Error(ErrorKind::invalid, fmt::format("point {} is outside the grid {}",
                                                to_string(point.index), to_string(grid)));
  }

  Index index_of(std::int64_t number) const {
    const std::size_t rank = fixed().size();
    return Index(std::span(at_).subspan(static_cast<std::size_t>(number) * rank, rank));
  }

  Range places_of(Range elements) const override { return elements; }

  void for_each_piece(std::span<const std::int64_t> places, Range /*elements*/,
                      const VisitPiece& visit) const override {
    const std::size_t rank = fixed().size();
    const Index steps = Index::filled(static_cast<int>(rank), 0);
    Box box{steps, Index::filled(static_cast<int>(rank), 1)};
    for (const std::int64_t number : places) {
      const std::int64_t* at = at_.data() + static_cast<std::size_t>(number) * rank;
      for (std::size_t i = 0; i < rank; ++i) box.begin[static_cast<int>(i)] = at[i];
      visit(box, number, steps);
    }
  }

  std::vector<std::int64_t> at_;  // point by point: much smaller than an Index each
};

}  // namespace

std::shared_ptr<const Source> points_source(std::shared_ptr<const Source> input,
                                            std::vector<int> fixed,
                                            const std::vector<GridPoint>& points) {
  return std::make_shared<PointsSource>(std::move(input), std::move(fixed), points);
}

}  // namespace gridmill
