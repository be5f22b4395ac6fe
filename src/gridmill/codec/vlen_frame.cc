#include "gridmill/codec/vlen_frame.h"

#include <fmt/format.h>

#include <array>
#include <limits>

#include "gridmill/base/checked.h"
#include "gridmill/base/error.h"
#include "gridmill/codec/frame_error.h"
#include "gridmill/codec/text_elements.h"

namespace gridmill {
namespace {

void append_u32(Buffer& out, std::uint64_t value) {
  std::array<std::byte, 4> bytes{};
  store_le(bytes.data(), static_cast<std::uint32_t>(value));
  out.append(bytes);
}

StringRef ref_at(const std::byte* from) noexcept { return load_le<StringRef>(from); }

}  // namespace

std::int64_t estimated_vlen_size(const Form& form) {
  return 4 + checked_mul(volume(form.shape), kStringEstimate, "a chunk's size");
}

void encode_vlen(const ArrayView& elements, bool is_text, Buffer& out) {
  out.clear();
  append_u32(out, static_cast<std::uint64_t>(volume(elements.shape)));
  for_each_position(whole_box(elements.shape), [&](const Index& position) {
    const std::string_view text = ref_at(elements.at(position)).view();
    if (text.size() > std::numeric_limits<std::int32_t>::max()) {
      throw Error(ErrorKind::invalid, fmt::format("a string of {} bytes is too long", text.size()));
    }
    if (is_text && !is_well_formed_utf8(text)) {
      throw Error(ErrorKind::invalid, fmt::format("the string at {} is not UTF-8, which Zarr asks "
                                                  "for",
                                                  to_string(position)));
    }
    append_u32(out, text.size());
    out.append(as_bytes(text));
  });
}

void decode_vlen(ByteView stored, const MutableArrayView& elements, bool is_text,
                 StringArena& strings, std::string_view codec) {
  const std::int64_t count = volume(elements.shape);
  if (stored.size() < 4) throw_damaged(codec, stored.size(), "no count of strings");
  const auto found = load_le<std::uint32_t>(stored.data());
  if (found != count) {
    throw Error(ErrorKind::corrupt,
                fmt::format("{}: holds {} strings, the chunk needs {}", codec, found, count));
  }
  const StringRef all = strings.add(as_text(stored));
  std::size_t at = 4;
  for (std::int64_t i = 0; i < count; ++i) {
    if (stored.size() - at < 4) throw_damaged(codec, stored.size(), "cut short");
    const std::size_t length = load_le<std::uint32_t>(stored.data() + at);
    at += 4;
    if (stored.size() - at < length) throw_damaged(codec, stored.size(), "cut short");
    const StringRef ref{all.data + at, length};
    if (is_text && !is_well_formed_utf8(ref.view()))
      throw_damaged(codec, stored.size(), fmt::format("string {} is not UTF-8", i));
    store_le(elements.data + i * static_cast<std::int64_t>(sizeof(StringRef)), ref);
    at += length;
  }
  if (at != stored.size()) throw_damaged(codec, stored.size(), "bytes follow the last string");
}

}  // namespace gridmill
