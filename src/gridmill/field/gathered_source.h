// gathered_source.h: what sources have in common that gather places of another one, side by side:
// points and patches.
//
// The dimensions that fix a place are replaced by one last dimension that counts what was gathered.
// Such a source asks its input for leaves by cells of places that lie in the same ones
// (leaf_cells.h), and finds a leaf's parts by itself, where the input can say how the leaf lies
// (Source::box_of): ten thousand places in one leaf cost ten thousand parts, not ten thousand
// calls.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "gridmill/field/field.h"
#include "gridmill/field/leaf_cells.h"

namespace gridmill {

class GatheredSource : public Source {
 public:
  void leaves(const Box& region, const std::function<void(const Leaf&)>& visit) const final;
  void scatter(const Leaf& leaf, const Box& region, const MutableArrayView& into,
               std::vector<Part>& parts) const final;
  std::optional<Box> box_of(const Leaf&) const final { return std::nullopt; }
  // Any neighbours among the gathered may lie in different leaves.
  std::vector<std::int64_t> cuts(int d) const final;
  LeafCost leaf_cost() const final { return input_->leaf_cost(); }
  LeafLayout layout() const final;
  MissingValue missing_value() const final { return input_->missing_value(); }

 protected:
  // Numbers of places, or of gathered elements.
  struct Range {
    std::int64_t begin = 0, end = 0;
  };
  // A box of a place, along the fixed dimensions; the gathered element that its first position is;
  // and how many of them lie from one position to the next along each of the dimensions.
  using VisitPiece = std::function<void(const Box& box, std::int64_t first, const Index& steps)>;

  // The dimensions `fixed` of `input` (rising) become one, `dimension`, of `elements`. `place`
  // gives each of the `places` in the grid that those dimensions span; throws if it isn't inside.
  using FindPlace = std::function<Box(std::int64_t number, const Shape& grid)>;
  GatheredSource(std::shared_ptr<const Source> input, std::vector<int> fixed, const char* dimension,
                 std::int64_t elements, std::int64_t places, const FindPlace& place);

  const Source& input() const noexcept { return *input_; }
  const std::vector<int>& fixed() const noexcept { return fixed_; }

 private:
  // What a leaf gives to a region, whichever the place.
  struct LeafShare {
    Box leaf;               // in the input
    Box places;             // of the leaf, along the fixed dimensions, inside the input
    Part part;              // complete along the others; at the region's first element
    std::int64_t step = 0;  // bytes from one element to the next
  };

  // The places that elements [begin, end) belong to: whole ones, but for the first and the last.
  virtual Range places_of(Range elements) const = 0;
  // What of `places` belongs to [begin, end).
  virtual void for_each_piece(std::span<const std::int64_t> places, Range elements,
                              const VisitPiece& visit) const = 0;

  static Range gathered_by(const Box& region);
  bool is_any_in(std::span<const std::int64_t> places, Range elements, const Box& cell) const;
  Box input_box(const Box& region, const Box& place) const;
  MutableArrayView input_view(const MutableArrayView& into, const Box& place, std::int64_t first,
                              const Index& steps) const;
  // Of inputs that can't say how a leaf lies.
  void scatter_by_piece(const Leaf& leaf, const Box& region, const MutableArrayView& into,
                        std::vector<Part>& parts) const;
  // None if the leaf has nothing for the region.
  std::optional<LeafShare> share_of(const Box& leaf, const Box& region,
                                    const MutableArrayView& into) const;
  // What of a piece lies in `cell`.
  void add_part(const LeafShare& share, const Box& cell, const Box& piece, std::int64_t first,
                const Index& steps, std::vector<Part>& parts) const;

  const std::shared_ptr<const Source> input_;
  const std::vector<int> fixed_;
  const std::vector<int> kept_;  // the other dimensions
  const LeafCells cells_;
};

}  // namespace gridmill
