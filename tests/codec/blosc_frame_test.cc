// Our decoder of Blosc frames against what libblosc has encoded, and the kernels under it.
#include "gridmill/codec/blosc_frame.h"

#include <gmock/gmock.h>

#include <random>

#include "gridmill/array/byte_order.h"
#include "gridmill/codec/bit_unshuffle.h"
#include "gridmill/codec/blosc.h"
#include "gridmill/codec/unshuffle.h"

namespace gridmill {
namespace {

// Half of them compress.
std::vector<std::byte> mixed_bytes(std::size_t size) {
  std::vector<std::byte> bytes(size);
  std::mt19937 random(11);
  for (std::size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<std::byte>(i % 2 == 0 ? i / 512 : random() & 0x3f);
  }
  return bytes;
}

void expect_decoded(const BloscCodec& codec, const std::vector<std::byte>& raw) {
  CodecContext context;
  Buffer stored;
  codec.encode(raw, stored, context);
  const BloscFrame frame(stored);
  for (const Stores stores : {Stores::cached, Stores::past_the_caches}) {
    std::vector<std::byte> whole(raw.size(), std::byte{0xee});
    frame.decode(whole, context, stores);
    ASSERT_EQ(whole, raw);
  }
  if (!frame.decodes_by_block()) return;
  for (std::int64_t block = 0; block < frame.block_count(); ++block) {
    const auto begin = static_cast<std::size_t>(frame.block_begin(block));
    const auto size = static_cast<std::size_t>(frame.block_end(block)) - begin;
    std::vector<std::byte> part(size, std::byte{0xee});
    frame.decode_block(block, part, context);
    ASSERT_TRUE(
        std::equal(part.begin(), part.end(), raw.begin() + static_cast<std::ptrdiff_t>(begin)));
  }
}

// Element sizes from 1 to 255; blocks whose elements are no multiple of eight, or that have half an
// element at their end.
TEST(BloscFrame, DecodesWhatLibbloscEncodes) {
  for (const char* cname : {"zstd", "lz4"}) {
    for (const BloscShuffle shuffle : {BloscShuffle::none, BloscShuffle::byte, BloscShuffle::bit}) {
      for (const int typesize : {1, 2, 3, 4, 5, 8, 12, 16, 17, 128, 255}) {
        for (const std::size_t size : {1, 100, 40'000, 40'008, 40'015, 131'072}) {
          for (const std::int64_t blocksize : {0, 4096, 10'000}) {
            SCOPED_TRACE(testing::Message() << cname << ' ' << to_string(shuffle) << ' ' << typesize
                                            << ' ' << size << ' ' << blocksize);
            expect_decoded({cname, 3, shuffle, typesize, blocksize}, mixed_bytes(size));
          }
        }
      }
    }
  }
}

// Bit b of byte j of element i is bit i % 8 of byte i / 8 of plane 8 j + b.
std::vector<std::byte> bit_planes_of(const std::vector<std::byte>& elements, std::size_t size) {
  const std::size_t count = elements.size() / size;
  std::vector<std::byte> planes(elements.size());
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t bit = 0; bit < 8 * size; ++bit) {
      const auto value = std::to_integer<unsigned>(elements[i * size + bit / 8]) >> (bit % 8) & 1U;
      planes[bit * (count / 8) + i / 8] |= static_cast<std::byte>(value << (i % 8));
    }
  }
  return planes;
}

// Runs of 256 bytes of a plane, vectors of 64, 32 and 16, and what is left over.
TEST(BitUnshuffle, EveryInstructionSetGivesTheSameBits) {
  for (const std::size_t size : {1, 2, 3, 4, 8}) {
    for (const std::size_t step : {0, 1, 15, 16, 47, 64, 255, 256, 257, 512, 671, 4096}) {
      const auto elements = mixed_bytes(8 * step * size);
      const auto planes = bit_planes_of(elements, size);
      for (int set = 0; set <= static_cast<int>(instruction_set()); ++set) {
        std::vector<std::byte> scratch(elements.size()), found(elements.size(), std::byte{0xee});
        bit_unshuffle(static_cast<int>(size), planes, scratch.data(), found.data(), Stores::cached,
                      static_cast<InstructionSet>(set));
        ASSERT_EQ(found, elements) << size << ' ' << step << ' ' << set;
      }
    }
  }
}

TEST(Unshuffle, PutsByteBehindByte) {
  for (const std::size_t size : {1, 2, 3, 4, 8, 12}) {
    for (const std::size_t count : {0, 1, 15, 16, 17, 63, 64, 65, 1000}) {
      const auto elements = mixed_bytes(count * size);
      std::vector<std::byte> planes(elements.size()), found(elements.size());
      for (std::size_t i = 0; i < elements.size(); ++i) {
        planes[i % size * count + i / size] = elements[i];
      }
      for (const Stores stores : {Stores::cached, Stores::past_the_caches}) {
        unshuffle(static_cast<int>(size), planes, found.data(), stores);
        finish_stores(stores);
        ASSERT_EQ(found, elements) << size << ' ' << count;
      }
    }
  }
}

}  // namespace
}  // namespace gridmill
