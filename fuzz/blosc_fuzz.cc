// A Blosc frame: whole, block by block, and in the pieces that a head promises.

#include <algorithm>

#include "fuzz/expect.h"
#include "gridmill/codec/blosc.h"
#include "gridmill/codec/blosc_frame.h"

namespace gridmill::fuzz {
namespace {

constexpr std::int64_t kLimit = 1 << 20;

Buffer whole(ByteView stored) {
  CodecContext context;
  Buffer out;
  BloscCodec().decode_unsized(stored, kLimit, out, context);
  return out;
}

void check_blocks(ByteView stored, const Buffer& content) {
  const BloscFrame frame(stored);
  if (!frame.decodes_by_block()) return;
  CodecContext context;
  for (std::int64_t block = 0; block < frame.block_count(); ++block) {
    const auto begin = static_cast<std::size_t>(frame.block_begin(block));
    Buffer out(static_cast<std::size_t>(frame.block_end(block)) - begin);
    frame.decode_block(block, out.bytes(), context);
    expect(std::equal(out.data(), out.data() + out.size(), content.data() + begin),
           "a block alone differs from the whole");
  }
}

void check_head(ByteView stored) {
  const BloscHead head(stored, static_cast<std::int64_t>(stored.size()));
  if (!head.has_pieces()) return;
  // Every second block, put together as they would be fetched.
  std::vector<bool> wanted(static_cast<std::size_t>(head.block_count()));
  for (std::size_t i = 0; i < wanted.size(); i += 2) wanted[i] = true;
  const std::vector<BloscHead::Range> ranges = head.ranges(wanted);
  Buffer frame;
  frame.append(stored.first(static_cast<std::size_t>(head.size())));
  for (const BloscHead::Range& range : ranges) {
    frame.append(stored.subspan(static_cast<std::size_t>(range.offset),
                                static_cast<std::size_t>(range.length)));
  }
  BloscHead::complete(frame.bytes(), wanted, ranges);
}

}  // namespace
}  // namespace gridmill::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace gridmill;
  const ByteView stored(reinterpret_cast<const std::byte*>(bytes), size);
  fuzz::refusing([&] { blosc_info(stored); });
  fuzz::refusing([&] { fuzz::check_blocks(stored, fuzz::whole(stored)); });
  fuzz::refusing([&] { fuzz::check_head(stored); });
  return 0;
}
