#include "gridmill/field/gathered_source.h"

#include <algorithm>
#include <numeric>
#include <string>

#include "gridmill/field/leaf_set.h"

namespace gridmill {
namespace {

std::vector<int> dimensions_beside(const Source& input, const std::vector<int>& fixed) {
  std::vector<int> others;
  for (int d = 0; d < input.shape().rank(); ++d) {
    if (std::find(fixed.begin(), fixed.end(), d) == fixed.end()) others.push_back(d);
  }
  return others;
}

std::vector<std::string> gathered_dimensions(const Source& input, const std::vector<int>& fixed,
                                             const char* dimension) {
  std::vector<std::string> names;
  for (const int d : dimensions_beside(input, fixed)) {
    names.push_back(input.dimensions()[static_cast<std::size_t>(d)]);
  }
  names.emplace_back(dimension);
  return names;
}

Shape gathered_shape(const Source& input, const std::vector<int>& fixed, std::int64_t elements) {
  Shape shape;
  for (const int d : dimensions_beside(input, fixed)) shape.push_back(input.shape()[d]);
  shape.push_back(elements);
  return shape;
}

Shape shape_along(const Source& input, const std::vector<int>& fixed) {
  Shape shape;
  for (const int d : fixed) shape.push_back(input.shape()[d]);
  return shape;
}

// Room for so many more. Many leaves' worth of them still grow by doubling.
void make_room(std::vector<Part>& parts, std::size_t more) {
  const std::size_t needed = parts.size() + more;
  if (needed > parts.capacity()) parts.reserve(std::max(needed, 2 * parts.capacity()));
}

}  // namespace

GatheredSource::GatheredSource(std::shared_ptr<const Source> input, std::vector<int> fixed,
                               const char* dimension, std::int64_t elements, std::int64_t places,
                               const FindPlace& place)
    : Source(gathered_dimensions(*input, fixed, dimension), gathered_shape(*input, fixed, elements),
             input->type()),
      input_(std::move(input)),
      fixed_(std::move(fixed)),
      kept_(dimensions_beside(*input_, fixed_)),
      cells_(*input_, fixed_, places,
             [&, grid = shape_along(*input_, fixed_)](std::int64_t number) {
               return place(number, grid);
             }) {}

GatheredSource::Range GatheredSource::gathered_by(const Box& region) {
  const int last = region.rank() - 1;
  return {region.begin[last], region.end(last)};
}

void GatheredSource::leaves(const Box& region,
                            const std::function<void(const Leaf&)>& visit) const {
  if (region.is_empty()) return;
  const Range elements = gathered_by(region), places = places_of(elements);
  LeafSet seen;
  cells_.for_each(places.begin, places.end,
                  [&](const Box& cell, std::span<const std::int64_t> in_cell) {
                    if (!is_any_in(in_cell, elements, cell)) return;
                    input_->leaves(input_box(region, cell), [&](const Leaf& leaf) {
                      if (seen.insert(leaf).second) visit(leaf);
                    });
                  });
}

// Of a cell's places; only the first and the last of all places may be cut.
bool GatheredSource::is_any_in(std::span<const std::int64_t> places, Range elements,
                               const Box& cell) const {
  if (places.size() > 2) return true;
  bool is_any = false;
  for_each_piece(places, elements, [&](const Box& piece, std::int64_t, const Index&) {
    is_any = is_any || !intersect(piece, cell).is_empty();
  });
  return is_any;
}

void GatheredSource::scatter(const Leaf& leaf, const Box& region, const MutableArrayView& into,
                             std::vector<Part>& parts) const {
  if (region.is_empty()) return;
  const std::optional<Box> box = input_->box_of(leaf);
  if (!box) return scatter_by_piece(leaf, region, into, parts);
  const std::optional<LeafShare> share = share_of(*box, region, into);
  if (!share) return;
  const Range elements = gathered_by(region), places = places_of(elements);
  cells_.for_each_touching(
      share->places, places.begin, places.end,
      [&](const Box& cell, std::span<const std::int64_t> in_cell) {
        const Box inside = intersect(cell, share->places);
        make_room(parts, in_cell.size());
        for_each_piece(in_cell, elements,
                       [&](const Box& piece, std::int64_t first, const Index& steps) {
                         add_part(*share, inside, piece, first - elements.begin, steps, parts);
                       });
      });
}

void GatheredSource::scatter_by_piece(const Leaf& leaf, const Box& region,
                                      const MutableArrayView& into,
                                      std::vector<Part>& parts) const {
  const Range elements = gathered_by(region), places = places_of(elements);
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(places.end - places.begin));
  std::iota(numbers.begin(), numbers.end(), places.begin);
  for_each_piece(numbers, elements, [&](const Box& piece, std::int64_t first, const Index& steps) {
    input_->scatter(leaf, input_box(region, piece),
                    input_view(into, piece, first - elements.begin, steps), parts);
  });
}

Box GatheredSource::input_box(const Box& region, const Box& place) const {
  Box box = whole_box(input_->shape());
  for (std::size_t k = 0; k < kept_.size(); ++k) {
    box.begin[kept_[k]] = region.begin[static_cast<int>(k)];
    box.shape[kept_[k]] = region.shape[static_cast<int>(k)];
  }
  for (std::size_t i = 0; i < fixed_.size(); ++i) {
    box.begin[fixed_[i]] = place.begin[static_cast<int>(i)];
    box.shape[fixed_[i]] = place.shape[static_cast<int>(i)];
  }
  return box;
}

// `into` from its element `first` on, seen with the input's dimensions.
MutableArrayView GatheredSource::input_view(const MutableArrayView& into, const Box& place,
                                            std::int64_t first, const Index& steps) const {
  const std::int64_t step = into.strides[into.rank() - 1];
  MutableArrayView view{into.data == nullptr ? nullptr : into.data + first * step, into.type,
                        input_->shape(), Index::filled(input_->shape().rank(), 0)};
  for (std::size_t k = 0; k < kept_.size(); ++k) {
    view.shape[kept_[k]] = into.shape[static_cast<int>(k)];
    view.strides[kept_[k]] = into.strides[static_cast<int>(k)];
  }
  for (std::size_t i = 0; i < fixed_.size(); ++i) {
    view.shape[fixed_[i]] = place.shape[static_cast<int>(i)];
    view.strides[fixed_[i]] = steps[static_cast<int>(i)] * step;
  }
  return view;
}

std::optional<GatheredSource::LeafShare> GatheredSource::share_of(
    const Box& leaf, const Box& region, const MutableArrayView& into) const {
  const int rank = leaf.rank();
  LeafShare share{leaf,
                  {},
                  {{Index::filled(rank, 0), Index::filled(rank, 1)}, into},
                  into.strides[into.rank() - 1]};
  Part& part = share.part;
  part.into.shape = part.box.shape;
  part.into.strides = Index::filled(rank, 0);
  for (std::size_t k = 0; k < kept_.size(); ++k) {
    const int d = kept_[k], own = static_cast<int>(k);
    const std::int64_t begin = std::max(leaf.begin[d], region.begin[own]);
    const std::int64_t end = std::min(leaf.end(d), region.end(own));
    if (begin >= end) return std::nullopt;
    part.box.begin[d] = begin - leaf.begin[d];
    part.box.shape[d] = part.into.shape[d] = end - begin;
    part.into.strides[d] = into.strides[own];
    if (into.data != nullptr) part.into.data += (begin - region.begin[own]) * into.strides[own];
  }
  for (const int d : fixed_) {
    const std::int64_t begin = std::max<std::int64_t>(leaf.begin[d], 0);
    const std::int64_t end = std::min(leaf.end(d), input_->shape()[d]);
    if (begin >= end) return std::nullopt;
    share.places.begin.push_back(begin);
    share.places.shape.push_back(end - begin);
  }
  return share;
}

void GatheredSource::add_part(const LeafShare& share, const Box& cell, const Box& piece,
                              std::int64_t first, const Index& steps,
                              std::vector<Part>& parts) const {
  parts.push_back(share.part);  // filled in there: it is large, and there are many
  Part& part = parts.back();
  std::int64_t element = first;
  for (std::size_t i = 0; i < fixed_.size(); ++i) {
    const int d = fixed_[i], own = static_cast<int>(i);
    const std::int64_t begin = std::max(piece.begin[own], cell.begin[own]);
    const std::int64_t end = std::min(piece.end(own), cell.end(own));
    if (begin >= end) return parts.pop_back();
    part.box.begin[d] = begin - share.leaf.begin[d];
    part.box.shape[d] = part.into.shape[d] = end - begin;
    part.into.strides[d] = steps[own] * share.step;
    element += (begin - piece.begin[own]) * steps[own];
  }
  if (part.into.data != nullptr) part.into.data += element * share.step;
}

std::vector<std::int64_t> GatheredSource::cuts(int d) const {
  if (d < static_cast<int>(kept_.size())) return input_->cuts(kept_[static_cast<std::size_t>(d)]);
  std::vector<std::int64_t> each(static_cast<std::size_t>(shape()[d]) + 1);
  std::iota(each.begin(), each.end(), 0);
  return each;
}

// What was gathered lies anywhere: along it a leaf has no end.
LeafLayout GatheredSource::layout() const {
  const LeafLayout below = input_->layout();
  const std::int64_t elements = shape()[shape().rank() - 1];
  LeafLayout layout;
  for (const int d : kept_) {
    layout.cuts.push_back(below.cuts[static_cast<std::size_t>(d)]);
    layout.leaf.push_back(below.leaf[d]);
  }
  layout.cuts.push_back(elements > 0 ? std::vector<std::int64_t>{0, elements}
                                     : std::vector<std::int64_t>{0});
  layout.leaf.push_back(elements);
  return layout;
}

}  // namespace gridmill
