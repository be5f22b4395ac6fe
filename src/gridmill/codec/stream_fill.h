// stream_fill.h: a decoder that eats its input bit by bit (bzip2, xz), brought to the two forms
// that the chain asks for: exactly so many bytes, or at most so many.
//
// A Stream has `bool step(ByteView& in, MutableByteView& out)`: it takes from the front of both,
// says whether the content has ended, and throws on damage. Whatever it claims, no more is written
// than there is room for; a stream that makes no progress is cut short.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include "gridmill/codec/context.h"
#include "gridmill/codec/frame_error.h"

namespace gridmill {

namespace stream_fill_detail {

template <class Stream>
bool stepped(std::string_view codec, Stream& stream, std::size_t stored, ByteView& in,
             MutableByteView& out) {
  const std::size_t had_in = in.size();
  const std::size_t had_out = out.size();
  if (stream.step(in, out)) return true;
  if (in.size() == had_in && out.size() == had_out) {
    throw_damaged(codec, stored, "the stream is cut short");
  }
  return false;
}

inline void check_end(std::string_view codec, std::size_t stored, ByteView in) {
  if (!in.empty()) throw_damaged(codec, stored, "bytes follow the end");
}

}  // namespace stream_fill_detail

template <class Stream>
void fill_exactly(std::string_view codec, Stream&& stream, ByteView stored, MutableByteView out) {
  ByteView in = stored;
  MutableByteView room = out;
  std::array<std::byte, 1> spare{};  // the end of a full stream still has to be seen
  bool is_full = out.empty();
  if (is_full) room = spare;
  while (!stream_fill_detail::stepped(codec, stream, stored.size(), in, room)) {
    if (!room.empty()) continue;
    if (is_full) throw_wrong_size(codec, out.size() + 1, out.size());
    is_full = true;
    room = spare;
  }
  if (is_full && room.empty()) throw_wrong_size(codec, out.size() + 1, out.size());
  if (!is_full && !room.empty()) throw_wrong_size(codec, out.size() - room.size(), out.size());
  stream_fill_detail::check_end(codec, stored.size(), in);
}

template <class Stream>
void fill_up_to(std::string_view codec, Stream&& stream, ByteView stored, std::int64_t limit,
                Buffer& out) {
  constexpr std::size_t kFirst = 65536;
  ByteView in = stored;
  std::size_t filled = 0;
  out.clear();
  while (true) {
    if (filled == out.size()) {
      // One byte beyond the limit, so that a stream of exactly that size can end.
      const std::size_t most = static_cast<std::size_t>(limit) + 1;
      if (filled >= most) throw_too_large(codec, static_cast<std::uint64_t>(limit));
      out.grow(std::min(most, std::max(kFirst, 2 * filled)));
    }
    MutableByteView room = out.bytes().subspan(filled);
    const bool has_ended = stream_fill_detail::stepped(codec, stream, stored.size(), in, room);
    filled = out.size() - room.size();
    if (has_ended) break;
  }
  if (filled > static_cast<std::size_t>(limit)) {
    throw_too_large(codec, static_cast<std::uint64_t>(limit));
  }
  stream_fill_detail::check_end(codec, stored.size(), in);
  out.grow(filled);
}

}  // namespace gridmill
