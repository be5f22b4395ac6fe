#include "gridmill/formats/hdf5_elements.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/array/byte_order.h"
#include "gridmill/array/copy.h"
#include "gridmill/base/checked.h"
#include "gridmill/codec/place.h"
#include "gridmill/codec/run_scatter.h"
#include "gridmill/codec/touched_blocks.h"
#include "gridmill/codec/unshuffle.h"
#include "gridmill/formats/utf8_text.h"

namespace gridmill {
namespace {

// Of elements between their planes and the parts: planes, block and parts share a core's cache.
constexpr std::int64_t kBlockBytes = 128 << 10;

}  // namespace

Hdf5Elements::Hdf5Elements(const Hdf5Dataset& dataset)
    : type_(dataset.type),
      element_size_(dataset.element_size),
      swaps_(dataset.is_big_endian && dataset.type.swap_unit() > 1),
      fill_(dataset.fill) {
  if (element_size_ < 1 || (!type_.is_string() && element_size_ != type_.size)) {
    throw Error(ErrorKind::internal, fmt::format("{}: {} in elements of {} bytes", dataset.path,
                                                 type_.name(), element_size_));
  }
  if (fill_.empty()) fill_.resize(static_cast<std::size_t>(element_size_));
  if (fill_.size() != static_cast<std::size_t>(element_size_)) {
    throw Error(ErrorKind::corrupt, fmt::format("{}: a fill value of {} bytes for elements of {}",
                                                dataset.path, fill_.size(), element_size_));
  }
}

std::int64_t Hdf5Elements::scratch_size() const noexcept {
  return std::max(kBlockBytes, 16 * element_size_);
}

MutableByteView Hdf5Elements::direct(const Shape& chunk, std::span<const Part> parts) const {
  if (type_.is_string() || parts.size() != 1) return {};
  const Part& part = parts[0];
  const bool is_whole = part.box.shape == chunk && part.is_direct();
  if (!is_whole) return {};
  return {part.into.data, static_cast<std::size_t>(part.into.byte_size())};
}

void Hdf5Elements::place(const Hdf5Content& content, const Shape& chunk,
                         std::span<const Part> parts, StringArena& strings,
                         CodecContext& context) const {
  const bool has_planes = content.planes_of > 1;
  if (has_planes && content.planes_of == element_size_ && !type_.is_string()) {
    return place_planes(content.bytes, chunk, parts, context);
  }
  ByteView bytes = content.bytes;
  if (has_planes) {
    context.scratch[0].resize(bytes.size());
    unshuffle(content.planes_of, bytes, context.scratch[0].data());
    bytes = context.scratch[0];
  }
  if (type_.is_string()) return place_texts(bytes, chunk, parts, strings);
  place_numbers(bytes, chunk, parts);
}

void Hdf5Elements::place_numbers(ByteView content, const Shape& chunk,
                                 std::span<const Part> parts) const {
  const MutableByteView there = direct(chunk, parts);
  if (!there.empty() && there.data() == content.data()) {
    if (swaps_) copy_swapped(there.data(), there.data(), there.size(), type_.swap_unit());
    return;
  }
  const ArrayView whole = view_of(content, type_, chunk);
  for (const Part& part : parts) place_elements(whole.part(part.box), part, swaps_);
}

void Hdf5Elements::place_planes(ByteView planes, const Shape& chunk, std::span<const Part> parts,
                                CodecContext& context) const {
  const std::int64_t count = static_cast<std::int64_t>(planes.size()) / element_size_;
  const std::int64_t per_block = std::max<std::int64_t>(kBlockBytes / element_size_ / 16 * 16, 16);
  const auto size = static_cast<int>(element_size_);
  const auto unshuffled = [&](std::int64_t first, std::int64_t end, std::byte* into) {
    unshuffle_run(size, planes.data() + first, static_cast<std::size_t>(count),
                  static_cast<std::size_t>(end - first), into);
  };
  const MutableByteView there = direct(chunk, parts);
  if (!there.empty() && !swaps_) return unshuffled(0, count, there.data());
  TouchedBlocks marks(c_strides(chunk, element_size_), element_size_, per_block * element_size_,
                      ceil_div(count, per_block));
  for (const Part& part : parts) marks.mark(part.box);
  const std::vector<bool>& touched = marks.touched();
  RunScatter into(type_, chunk, parts, swaps_);
  Buffer& block = context.scratch[0];
  for (std::int64_t first = 0; first < count; first += per_block) {
    if (!touched[static_cast<std::size_t>(first / per_block)]) continue;
    const std::int64_t end = std::min(first + per_block, count);
    block.resize(static_cast<std::size_t>((end - first) * element_size_));
    unshuffled(first, end, block.data());
    into.scatter(first, block);
  }
}

void Hdf5Elements::place_texts(ByteView content, const Shape& chunk, std::span<const Part> parts,
                               StringArena& strings) const {
  const Index steps = c_strides(chunk, element_size_);
  const auto size = static_cast<std::size_t>(element_size_);
  for (const Part& part : parts) {
    for_each_position(whole_box(part.box.shape), [&](const Index& at) {
      std::int64_t offset = 0;
      for (int d = 0; d < chunk.rank(); ++d) offset += (part.box.begin[d] + at[d]) * steps[d];
      const ByteView element = content.subspan(static_cast<std::size_t>(offset), size);
      const StringRef text = strings.add(text_of(element));
      std::memcpy(part.into.at(at), &text, sizeof text);
    });
  }
}

// Whatever the padding is said to be, netCDF-C takes an element for a text of C.
std::string Hdf5Elements::text_of(ByteView element) {
  const std::string_view text = as_text(element).substr(0, as_text(element).find('\0'));
  return is_utf8(text) ? std::string(text) : with_valid_utf8(text);
}

void Hdf5Elements::fill(std::span<const Part> parts, StringArena& strings) const {
  if (type_.is_string()) {
    const StringRef text = strings.add(text_of(fill_));
    for (const Part& part : parts) {
      fill_array(reinterpret_cast<const std::byte*>(&text), part.into);
    }
    return;
  }
  Bytes value = fill_;
  if (swaps_) copy_swapped(value.data(), value.data(), value.size(), type_.swap_unit());
  for (const Part& part : parts) place_value(value.data(), type_, part);
}

}  // namespace gridmill
