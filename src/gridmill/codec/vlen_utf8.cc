#include "gridmill/codec/vlen_utf8.h"

#include <fmt/format.h>

#include <array>
#include <limits>

#include "gridmill/base/checked.h"
#include "gridmill/base/error.h"
#include "gridmill/codec/codec_json.h"
#include "gridmill/codec/frame_error.h"

namespace gridmill {
namespace {

// Bytes of the well-formed sequence at the start of `text` (RFC 3629), 0 if it is not one.
std::size_t sequence_length(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned>(static_cast<unsigned char>(text[i])) : 0U;
  };
  const auto follows = [&](std::size_t i) { return (byte(i) & 0xc0) == 0x80; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return follows(1) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    const bool overlong = lead == 0xe0 && byte(1) < 0xa0;
    const bool surrogate = lead == 0xed && byte(1) > 0x9f;
    return follows(1) && follows(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    const bool overlong = lead == 0xf0 && byte(1) < 0x90;
    const bool too_high = lead == 0xf4 && byte(1) > 0x8f;
    return follows(1) && follows(2) && follows(3) && !overlong && !too_high ? 4 : 0;
  }
  return 0;
}

bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const std::size_t length = sequence_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

void append_u32(Buffer& out, std::uint64_t value) {
  std::array<std::byte, 4> bytes{};
  store_le(bytes.data(), static_cast<std::uint32_t>(value));
  out.append(bytes);
}

StringRef ref_at(const std::byte* from) noexcept { return load_le<StringRef>(from); }

}  // namespace

Json VlenUtf8Codec::to_v3(DataType /*type*/) const { return named_codec(kName); }

Json VlenUtf8Codec::to_v2() const { return {{"id", std::string(kName)}}; }

void VlenUtf8Codec::check_type(DataType type) const {
  if (type.is_string()) return;
  throw Error(ErrorKind::corrupt, fmt::format("codecs: vlen-utf8 can't hold {}", type.name()));
}

std::int64_t VlenUtf8Codec::max_encoded_size(const Form& form) const {
  return 4 + checked_mul(volume(form.shape), kStringEstimate, "a chunk's size");
}

void VlenUtf8Codec::encode(const ArrayView& elements, Buffer& out) const {
  out.clear();
  append_u32(out, static_cast<std::uint64_t>(volume(elements.shape)));
  for_each_position(whole_box(elements.shape), [&](const Index& position) {
    const std::string_view text = ref_at(elements.at(position)).view();
    if (text.size() > std::numeric_limits<std::int32_t>::max()) {
      throw Error(ErrorKind::invalid, fmt::format("a string of {} bytes is too long", text.size()));
    }
    if (!is_utf8(text)) {
      throw Error(ErrorKind::invalid, fmt::format("the string at {} is not UTF-8, which Zarr asks "
                                                  "for",
                                                  to_string(position)));
    }
    append_u32(out, text.size());
    out.append(as_bytes(text));
  });
}

void VlenUtf8Codec::decode(ByteView stored, const MutableArrayView& elements,
                           StringArena& strings) const {
  const std::int64_t count = volume(elements.shape);
  if (stored.size() < 4) throw_damaged(kName, stored.size(), "no count of strings");
  const auto found = load_le<std::uint32_t>(stored.data());
  if (found != count) {
    throw Error(ErrorKind::corrupt,
                fmt::format("vlen-utf8: holds {} strings, the chunk needs {}", found, count));
  }
  const StringRef all = strings.add(as_text(stored));
  std::size_t at = 4;
  for (std::int64_t i = 0; i < count; ++i) {
    if (stored.size() - at < 4) throw_damaged(kName, stored.size(), "cut short");
    const std::size_t length = load_le<std::uint32_t>(stored.data() + at);
    at += 4;
    if (stored.size() - at < length) throw_damaged(kName, stored.size(), "cut short");
    const StringRef ref{all.data + at, length};
    if (!is_utf8(ref.view()))
      throw_damaged(kName, stored.size(), fmt::format("string {} is not UTF-8", i));
    store_le(elements.data + i * static_cast<std::int64_t>(sizeof(StringRef)), ref);
    at += length;
  }
  if (at != stored.size()) throw_damaged(kName, stored.size(), "bytes follow the last string");
}

}  // namespace gridmill
