#include "gridmill/formats/packed_texts.h"

#include <cstring>

#include "gridmill/base/bytes.h"
#include "gridmill/formats/utf8_text.h"

namespace gridmill {

void pack_texts(const std::vector<std::string>& texts, Buffer& packed) {
  std::string characters;
  packed.resize(8 * (texts.size() + 1));
  for (std::size_t i = 0; i < texts.size(); ++i) {
    store_le(packed.data() + 8 * i, static_cast<std::int64_t>(characters.size()));
    characters += is_utf8(texts[i]) ? texts[i] : with_valid_utf8(texts[i]);
  }
  store_le(packed.data() + 8 * texts.size(), static_cast<std::int64_t>(characters.size()));
  packed.append(as_bytes(characters));
}

void place_packed_texts(ByteView packed, const Shape& shape, std::span<const Part> parts,
                        StringArena& strings, const std::string& what) {
  const std::int64_t count = volume(shape);
  const auto head = static_cast<std::size_t>(8 * (count + 1));
  if (packed.size() < head) throw Error(ErrorKind::internal, what + ": a leaf of the wrong size");
  const std::string_view characters = as_text(packed).substr(head);
  const Index steps = c_strides(shape, 1);
  const auto offset = [&](std::int64_t i) {
    return static_cast<std::size_t>(load_le<std::int64_t>(packed.data() + 8 * i));
  };
  for (const Part& part : parts) {
    for_each_position(whole_box(part.box.shape), [&](const Index& at) {
      std::int64_t i = 0;
      for (int d = 0; d < shape.rank(); ++d) i += (part.box.begin[d] + at[d]) * steps[d];
      const StringRef text = strings.add(characters.substr(offset(i), offset(i + 1) - offset(i)));
      std::memcpy(part.into.at(at), &text, sizeof text);
    });
  }
}

}  // namespace gridmill
