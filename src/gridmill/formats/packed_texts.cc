#include "gridmill/formats/packed_texts.h"

#include <cstring>
#include <numeric>
#include <string>

#include "gridmill/base/bytes.h"
#include "gridmill/formats/utf8_text.h"

namespace gridmill {

namespace {

std::size_t offset_of(ByteView packed, std::size_t i) {
  return static_cast<std::size_t>(load_le<std::uint64_t>(packed.data() + 8 * i));
}

StringRef mended(std::string_view text, StringArena& strings) {
  text = text.substr(0, text.find('\0'));
  return strings.add(is_utf8(text) ? text : with_valid_utf8(text));
}

}  // namespace

void make_packed_texts(std::span<const std::uint64_t> sizes, Buffer& packed) {
  const std::size_t head = 8 * (sizes.size() + 1);
  packed.resize(head + std::accumulate(sizes.begin(), sizes.end(), std::size_t{0}));
  std::uint64_t offset = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    store_le(packed.data() + 8 * i, offset);
    offset += sizes[i];
  }
  store_le(packed.data() + 8 * sizes.size(), offset);
}

MutableByteView packed_text(MutableByteView packed, std::size_t count, std::size_t i) {
  const std::size_t begin = offset_of(packed, i);
  return packed.subspan(8 * (count + 1) + begin, offset_of(packed, i + 1) - begin);
}

void place_packed_texts(ByteView packed, const Shape& shape, std::span<const Part> parts,
                        StringArena& strings, const std::string& what) {
  const std::int64_t count = volume(shape);
  const auto head = static_cast<std::size_t>(8 * (count + 1));
  if (packed.size() < head) throw Error(ErrorKind::internal, what + ": a leaf of the wrong size");
  const std::string_view characters = as_text(packed).substr(head);
  const Index steps = c_strides(shape, 1);
  for (const Part& part : parts) {
    for_each_position(whole_box(part.box.shape), [&](const Index& at) {
      std::int64_t number = 0;
      for (int d = 0; d < shape.rank(); ++d) number += (part.box.begin[d] + at[d]) * steps[d];
      const auto i = static_cast<std::size_t>(number);
      const std::size_t begin = offset_of(packed, i), end = offset_of(packed, i + 1);
      const StringRef text = mended(characters.substr(begin, end - begin), strings);
      std::memcpy(part.into.at(at), &text, sizeof text);
    });
  }
}

}  // namespace gridmill
