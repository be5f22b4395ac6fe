#include "gridmill/array/fold.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "gridmill/array/byte_order.h"
#include "gridmill/array/copy.h"
#include "gridmill/base/error.h"

namespace gridmill {
namespace {

constexpr double kNothingYet = std::numeric_limits<double>::quiet_NaN();

// Cells are worked on in blocks that stay in the nearest cache.
constexpr std::int64_t kCellBlock = 512;

// Elements at any address: a chunk may lie anywhere in what was read. With memcpy the compiler
// makes no vectors of loads.
template <class Element>
struct Loose {
  typedef Element Type __attribute__((aligned(1), may_alias));
};

// `rows` rows of `count` elements, and the cells that all of the rows share. Steps are in bytes.
struct Rows {
  const std::byte* data = nullptr;
  std::int64_t rows = 0;
  std::int64_t row_step = 0;
  std::int64_t step = 0;
  std::int64_t count = 0;
  std::byte* cells = nullptr;
  std::int64_t cell_step = 0;
  std::int64_t plane = 0;

  template <class Element>
  const typename Loose<Element>::Type* row(std::int64_t r) const noexcept {
    return reinterpret_cast<const typename Loose<Element>::Type*>(data + r * row_step);
  }
  template <class Element>
  double element(std::int64_t r, std::int64_t k) const noexcept {
    return static_cast<double>(
        *reinterpret_cast<const typename Loose<Element>::Type*>(data + r * row_step + k * step));
  }
  double& cell(std::int64_t k) const noexcept {
    return *reinterpret_cast<double*>(cells + k * cell_step);
  }
  double& missing(std::int64_t k) const noexcept {
    return *reinterpret_cast<double*>(cells + k * cell_step + plane);
  }
  Rows columns(std::int64_t first, std::int64_t number) const noexcept {
    Rows some = *this;
    some.data += first * step;
    some.cells += first * cell_step;
    some.count = number;
    return some;
  }
};

// Eight cells at a time, a number that the compiler knows, so that it makes vectors of them; four
// rows at once, so that sums are loaded and stored a quarter as often.
constexpr std::int64_t kLanes = 8;

template <class Element>
[[gnu::always_inline]] inline void add_four_rows(const Rows& in, std::int64_t r,
                                                 double* __restrict sums) noexcept {
  const auto *a = in.row<Element>(r), *b = in.row<Element>(r + 1), *c = in.row<Element>(r + 2),
             *d = in.row<Element>(r + 3);
  const auto sum = [&](std::int64_t k) {
    return (((sums[k] + static_cast<double>(a[k])) + static_cast<double>(b[k])) +
            static_cast<double>(c[k])) +
           static_cast<double>(d[k]);
  };
  std::int64_t k = 0;
  for (; k + kLanes <= in.count; k += kLanes) {
    for (std::int64_t lane = 0; lane < kLanes; ++lane) sums[k + lane] = sum(k + lane);
  }
  for (; k < in.count; ++k) sums[k] = sum(k);
}

// Elements that lie side by side, and so do their cells. As if none were missing.
template <class Element>
[[gnu::always_inline]] inline void add_rows_of(const Rows& in, double* __restrict sums) noexcept {
  std::int64_t r = 0;
  for (; r + 4 <= in.rows; r += 4) add_four_rows<Element>(in, r, sums);
  for (; r < in.rows; ++r) {
    const auto* a = in.row<Element>(r);
    for (std::int64_t k = 0; k < in.count; ++k) sums[k] += static_cast<double>(a[k]);
  }
}

#if defined(__x86_64__)
// The same additions in wider registers: the same bits.
template <class Element>
__attribute__((target("avx2"))) void add_rows_wide(const Rows& in, double* sums) noexcept {
  add_rows_of<Element>(in, sums);
}
#endif

template <class Element>
void add_rows(const Rows& in, double* sums) noexcept {
#if defined(__x86_64__)
  static const bool kIsWide = __builtin_cpu_supports("avx2") != 0;
  if (kIsWide) return add_rows_wide<Element>(in, sums);
#endif
  add_rows_of<Element>(in, sums);
}

template <class Element>
void add_numbers(const Rows& in) noexcept {
  for (std::int64_t r = 0; r < in.rows; ++r) {
    for (std::int64_t k = 0; k < in.count; ++k) {
      const double value = in.element<Element>(r, k);
      if (std::isnan(value)) {
        in.missing(k) += 1;
      } else {
        in.cell(k) += value;
      }
    }
  }
}

// Most data have no missing values: a sum that came out as NaN says that these may have, and the
// rows are taken again.
template <class Element>
void add_block(const Rows& in) noexcept {
  const bool is_dense = in.step == static_cast<std::int64_t>(sizeof(Element)) &&
                        in.cell_step == static_cast<std::int64_t>(sizeof(double));
  if (!is_dense) return add_numbers<Element>(in);
  auto* const cells = reinterpret_cast<double*>(in.cells);
  std::array<double, kCellBlock> sums;
  std::copy_n(cells, in.count, sums.begin());
  add_rows<Element>(in, sums.data());
  const bool is_all_numbers = std::none_of(sums.begin(), sums.begin() + in.count,
                                           [](double sum) { return std::isnan(sum); });
  if (!is_all_numbers) return add_numbers<Element>(in);
  std::copy_n(sums.begin(), in.count, cells);
}

template <class Element>
void keep_extremes(const Rows& in, bool is_least) noexcept {
  for (std::int64_t r = 0; r < in.rows; ++r) {
    for (std::int64_t k = 0; k < in.count; ++k) {
      const double value = in.element<Element>(r, k);
      double& best = in.cell(k);
      const bool is_better = is_least ? value < best : value > best;
      if (is_better || std::isnan(best)) best = value;
    }
  }
}

template <class Element>
void fold_rows(Folding how, const Rows& in) noexcept {
  for (std::int64_t first = 0; first < in.count; first += kCellBlock) {
    const Rows block = in.columns(first, std::min(kCellBlock, in.count - first));
    if (how == Folding::sum) {
      add_block<Element>(block);
    } else {
      keep_extremes<Element>(block, how == Folding::least);
    }
  }
}

// The last dimension, of more than one element, whose elements share cells, or don't; -1: none.
int last_dimension(const MutableArrayView& into, bool is_shared) noexcept {
  for (int d = into.rank() - 1; d >= 0; --d) {
    if (into.shape[d] > 1 && (into.strides[d] == 0) == is_shared) return d;
  }
  return -1;
}

template <class Element>
void fold_elements(const ArrayView& from, Folding how, const MutableArrayView& into,
                   std::int64_t plane) {
  const int along = last_dimension(into, true), across = last_dimension(into, false);
  Box outer = whole_box(into.shape);
  Rows rows{nullptr,        1,    0, static_cast<std::int64_t>(sizeof(Element)), 1, nullptr,
            sizeof(double), plane};
  if (along >= 0) {
    outer.shape[along] = 1;
    rows.rows = from.shape[along];
    rows.row_step = from.strides[along];
  }
  if (across >= 0) {
    outer.shape[across] = 1;
    rows.count = from.shape[across];
    rows.step = from.strides[across];
    rows.cell_step = into.strides[across];
  }
  for_each_position(outer, [&](const Index& at) {
    rows.data = from.at(at);
    rows.cells = into.at(at);
    fold_rows<Element>(how, rows);
  });
}

void check_fold(const ArrayView& from, const MutableArrayView& into) {
  const bool is_known = visit_real(from.type, [](auto) {});
  if (from.shape == into.shape && into.type == types::float64 && is_known) return;
  throw Error(ErrorKind::internal,
              fmt::format("{} of {} can't be folded into {} of {}", to_string(from.shape),
                          from.type.name(), to_string(into.shape), into.type.name()));
}

// In pieces that are put into this machine's byte order beside the caller's memory.
void fold_swapped(const ArrayView& from, Folding how, const MutableArrayView& into,
                  std::int64_t plane) {
  constexpr std::int64_t kPiece = 512;
  alignas(16) std::array<std::byte, kPiece * 8> piece;
  const int last = from.rank() - 1;
  Box outer = whole_box(from.shape);
  if (last >= 0) outer.shape[last] = std::min<std::int64_t>(1, from.shape[last]);
  const std::int64_t row = last >= 0 ? from.shape[last] : 1;
  for_each_position(outer, [&](const Index& at) {
    for (std::int64_t first = 0; first < row; first += kPiece) {
      Box box{at, Index::filled(from.rank(), 1)};
      if (last >= 0) box.begin[last] = first;
      if (last >= 0) box.shape[last] = std::min(kPiece, row - first);
      const MutableArrayView swapped{piece.data(), from.type, box.shape,
                                     c_strides(box.shape, from.type.size)};
      const std::int64_t step = last >= 0 ? from.strides[last] : 0;
      const std::byte* source = from.at(box.begin);
      copy_swapped_apart(source, step, swapped.data, from.type.size, volume(box.shape),
                         from.type.size, from.type.swap_unit());
      fold_array(swapped, false, how, into.part(box), plane);
    }
  });
}

}  // namespace

void empty_cells(Folding how, const MutableArrayView& cells, std::int64_t plane) {
  const double none = 0;
  const auto fill = [&](const double& value, std::byte* data) {
    fill_array(reinterpret_cast<const std::byte*>(&value),
               {data, cells.type, cells.shape, cells.strides});
  };
  fill(how == Folding::sum ? none : kNothingYet, cells.data);
  fill(none, cells.data + plane);
}

void begin_fold(Folding how, const MutableArrayView& planes) {
  Box values = whole_box(planes.shape);
  values.shape[0] = 1;
  empty_cells(how, planes.part(values), planes.strides[0]);
}

void fold_array(const ArrayView& from, bool swap_bytes, Folding how, const MutableArrayView& into,
                std::int64_t plane) {
  check_fold(from, into);
  if (volume(from.shape) == 0) return;
  if (swap_bytes && from.type.swap_unit() > 1) return fold_swapped(from, how, into, plane);
  visit_real(from.type, [&](auto element) {  // any type that check_fold lets through
    fold_elements<decltype(element)>(from, how, into, plane);
  });
}

void fold_value(const std::byte* value, DataType type, Folding how, const MutableArrayView& into,
                std::int64_t plane) {
  fold_array({value, type, into.shape, Index::filled(into.rank(), 0)}, false, how, into, plane);
}

}  // namespace gridmill
