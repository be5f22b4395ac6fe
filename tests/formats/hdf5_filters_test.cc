// What HDF5's filters write, undone: against the format's definition, the compressors' own
// libraries, and bytes that aren't what they should be.
#include "gridmill/formats/hdf5_filters.h"

#include <gmock/gmock.h>
#include <lz4.h>
#include <rapidcheck/gtest.h>
#include <zstd.h>

extern "C" {  // which libaec's header leaves to its user
#include <szlib.h>
}

#include <algorithm>
#include <random>

#include "gridmill/base/error.h"
#include "gridmill/codec/bit_unshuffle.h"
#include "gridmill/codec/blosc.h"
#include "gridmill/codec/deflate.h"
#include "gridmill/codec/fletcher32.h"
#include "gridmill/codec/unshuffle.h"
#include "gridmill/formats/hdf5_frames.h"

namespace gridmill {
namespace {

using ::testing::HasSubstr;

Bytes some_bytes(std::size_t count, unsigned seed = 1) {
  Bytes bytes(count);
  std::mt19937 random(seed);
  for (std::size_t i = 0; i < count; ++i) {
    bytes[i] = static_cast<std::byte>(i % 4 == 0 ? random() : i / 64);
  }
  return bytes;
}

void append(Bytes& to, ByteView more) { to.insert(to.end(), more.begin(), more.end()); }

void append_be(Bytes& to, std::uint64_t value, int size) {
  for (int i = size - 1; i >= 0; --i) to.push_back(static_cast<std::byte>(value >> (8 * i)));
}

Bytes undone(const std::vector<Hdf5Filter>& filters, int element_size, ByteView stored,
             std::size_t raw_size, std::uint32_t skipped = 0) {
  CodecContext context;
  const Hdf5Filters pipeline(filters, element_size);
  const Hdf5Content content =
      pipeline.undo(stored, skipped, static_cast<std::int64_t>(raw_size), {}, context);
  Bytes result(content.bytes.begin(), content.bytes.end());
  if (content.planes_of > 1) unshuffle(content.planes_of, content.bytes, result.data());
  return result;
}

Hdf5Filter filter(int id, std::vector<std::uint32_t> values = {}) {
  return {id, "", false, std::move(values)};
}

// The definition: sums of big-endian words modulo 65535, of which 0 is written as 65535 unless
// all is zero (D. Fletcher's sum in ones' complement).
std::uint32_t plain_fletcher32(ByteView bytes) {
  std::uint64_t first = 0, second = 0;
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    const auto high = std::to_integer<std::uint64_t>(bytes[i]);
    const std::uint64_t low =
        i + 1 < bytes.size() ? std::to_integer<std::uint64_t>(bytes[i + 1]) : 0;
    first += high << 8 | low;
    if (first >= 65536) first -= 65535;
    second += first;
    if (second >= 65536) second -= 65535;
  }
  return static_cast<std::uint32_t>(second << 16 | first);
}

RC_GTEST_PROP(Fletcher32, IsItsDefinition, ()) {
  const auto size = *rc::gen::inRange<std::size_t>(0, 3000);
  Bytes bytes(size);
  std::mt19937 random(*rc::gen::arbitrary<unsigned>());
  const unsigned mask = *rc::gen::element(0U, 1U, 0xffU);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(mask == 0 ? 0xff : random() & mask);
  RC_ASSERT(fletcher32(bytes) == plain_fletcher32(bytes));
}

TEST(Fletcher32, AlsoInTheOrderOfOldFiles) {
  const Bytes raw = some_bytes(999);
  const std::uint32_t sum = fletcher32(raw);
  Bytes stored = raw;
  for (const int shift : {8, 0, 24, 16}) stored.push_back(static_cast<std::byte>(sum >> shift));
  EXPECT_EQ(undone({filter(3)}, 1, stored, raw.size()), raw);
  stored[5] ^= std::byte{1};
  EXPECT_THROW(undone({filter(3)}, 1, stored, raw.size()), Error);
}

// Bit b of byte j of element i is bit i % 8 of byte i / 8 of plane 8 j + b.
Bytes bit_planes(ByteView elements, std::size_t size) {
  const std::size_t count = elements.size() / size;
  Bytes planes(elements.size());
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t bit = 0; bit < 8 * size; ++bit) {
      const unsigned value =
          std::to_integer<unsigned>(elements[i * size + bit / 8]) >> (bit % 8) & 1U;
      planes[bit * (count / 8) + i / 8] |= static_cast<std::byte>(value << (i % 8));
    }
  }
  return planes;
}

RC_GTEST_PROP(BitUnshuffle, IsTheInverseOfTheDefinition, ()) {
  const auto size = *rc::gen::element(1, 2, 3, 4, 8, 16);
  const auto eights = *rc::gen::inRange<std::size_t>(0, 60);
  const Bytes elements =
      some_bytes(eights * 8 * static_cast<std::size_t>(size), *rc::gen::arbitrary<unsigned>());
  const Bytes planes = bit_planes(elements, static_cast<std::size_t>(size));
  Bytes scratch(elements.size()), found(elements.size());
  bit_unshuffle(size, planes, scratch.data(), found.data());
  RC_ASSERT(found == elements);
}

RC_GTEST_PROP(UnshuffleRun, IsARunOfTheWhole, ()) {
  const auto size = *rc::gen::element<std::size_t>(1, 2, 3, 4, 8, 12);
  const auto count = *rc::gen::inRange<std::size_t>(1, 200);
  const auto first = *rc::gen::inRange<std::size_t>(0, count);
  const auto length = *rc::gen::inRange<std::size_t>(0, count - first + 1);
  const Bytes planes = some_bytes(size * count);
  Bytes whole(planes.size()), run(length * size);
  unshuffle(static_cast<int>(size), planes, whole.data());
  unshuffle_run(static_cast<int>(size), planes.data() + first, count, length, run.data());
  const auto begin = whole.begin() + static_cast<std::ptrdiff_t>(first * size);
  RC_ASSERT(std::equal(run.begin(), run.end(), begin));
}

Bytes lz4_block(ByteView raw) {
  Bytes out(static_cast<std::size_t>(LZ4_compressBound(static_cast<int>(raw.size()))));
  const int size = LZ4_compress_default(reinterpret_cast<const char*>(raw.data()),
                                        reinterpret_cast<char*>(out.data()),
                                        static_cast<int>(raw.size()), static_cast<int>(out.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

Bytes zstd_block(ByteView raw) {
  Bytes out(ZSTD_compressBound(raw.size()));
  out.resize(ZSTD_compress(out.data(), out.size(), raw.data(), raw.size(), 3));
  return out;
}

Bytes lz4_frame(ByteView raw, std::size_t block) {
  Bytes stored;
  append_be(stored, raw.size(), 8);
  append_be(stored, block, 4);
  for (std::size_t at = 0; at < raw.size(); at += block) {
    const ByteView part = raw.subspan(at, std::min(block, raw.size() - at));
    const Bytes packed = lz4_block(part);
    const bool grows = packed.size() >= part.size();
    append_be(stored, grows ? part.size() : packed.size(), 4);
    append(stored, grows ? part : ByteView(packed));
  }
  return stored;
}

Bytes bitshuffle_frame(ByteView raw, std::size_t size, std::size_t block, unsigned inside) {
  Bytes stored;
  if (inside != 0) {
    append_be(stored, raw.size(), 8);
    append_be(stored, block * size, 4);
  }
  std::size_t at = 0;
  while (raw.size() - at >= 8 * size) {
    const std::size_t count = std::min(block, (raw.size() - at) / size / 8 * 8);
    const Bytes planes = bit_planes(raw.subspan(at, count * size), size);
    at += count * size;
    if (inside == 0) {
      append(stored, planes);
      continue;
    }
    const Bytes packed = inside == 2 ? lz4_block(planes) : zstd_block(planes);
    append_be(stored, packed.size(), 4);
    append(stored, packed);
  }
  append(stored, raw.subspan(at));
  return stored;
}

Bytes szip_frame(ByteView raw, SZ_com_t parameters) {
  Bytes out(2 * raw.size() + 1000);
  std::size_t size = out.size();
  EXPECT_EQ(SZ_BufftoBuffCompress(out.data(), &size, raw.data(), raw.size(), &parameters), SZ_OK);
  out.resize(size);
  Bytes stored(4);
  store_le(stored.data(), static_cast<std::uint32_t>(raw.size()));
  append(stored, out);
  return stored;
}

struct Sample {
  std::string name;
  std::vector<Hdf5Filter> filters;
  Bytes raw, stored;
};

std::vector<Sample> samples() {
  std::vector<Sample> all;
  CodecContext context;
  Buffer out;
  for (const std::size_t count : {1, 7, 8, 700, 3001}) {
    const Bytes raw = some_bytes(4 * count);
    for (const std::size_t block : {64, 1000, 1 << 20}) {
      all.push_back({"lz4", {filter(32004)}, raw, lz4_frame(raw, block)});
    }
    for (const unsigned inside : {0U, 2U, 3U}) {
      for (const std::uint32_t block : {8U, 136U, 0U}) {
        const Bytes stored = bitshuffle_frame(raw, 4, block == 0 ? 2048 : block, inside);
        all.push_back({"bitshuffle", {filter(32008, {0, 3, 4, block, inside})}, raw, stored});
      }
    }
    all.push_back({"zstd", {filter(32015, {3})}, raw, zstd_block(raw)});
    BloscCodec blosc;
    blosc.typesize = 4;
    blosc.encode(raw, out, context);
    all.push_back({"blosc", {filter(32001)}, raw, Bytes(out.data(), out.data() + out.size())});
    ZlibCodec().encode(raw, out, context);
    all.push_back({"deflate", {filter(1, {4})}, raw, Bytes(out.data(), out.data() + out.size())});
    if (count >= 16) {
      const SZ_com_t parameters{SZ_NN_OPTION_MASK | SZ_RAW_OPTION_MASK, 32, 16, 256};
      all.push_back({"szip",
                     {filter(4, {SZ_NN_OPTION_MASK | SZ_RAW_OPTION_MASK, 16, 32, 256})},
                     raw,
                     szip_frame(raw, parameters)});
    }
    // Compressed twice, with a checksum between: what the first gives has no size known beforehand.
    Bytes twice = zstd_block(raw);
    const std::uint32_t sum = fletcher32(twice);
    for (int i = 0; i < 4; ++i) twice.push_back(static_cast<std::byte>(sum >> (8 * i)));
    ZlibCodec().encode(twice, out, context);
    all.push_back({"zstd, fletcher32, deflate",
                   {filter(32015), filter(3), filter(1)},
                   raw,
                   Bytes(out.data(), out.data() + out.size())});
  }
  return all;
}

TEST(HdfFilters, UndoWhatTheirLibrariesDid) {
  for (const Sample& one : samples()) {
    SCOPED_TRACE(one.name + " of " + std::to_string(one.raw.size()));
    EXPECT_EQ(undone(one.filters, 4, one.stored, one.raw.size()), one.raw);
    const Hdf5Filters filters(one.filters, 4);
    EXPECT_EQ(filters.unknown(), std::nullopt);
    EXPECT_LE(static_cast<std::int64_t>(one.stored.size()),
              filters.stored_limit(static_cast<std::int64_t>(one.raw.size())));
  }
}

TEST(HdfFilters, TheSizeMustBeTheChunks) {
  for (const Sample& one : samples()) {
    for (const std::size_t size : {one.raw.size() - 1, one.raw.size() + 1, 3 * one.raw.size()}) {
      try {
        undone(one.filters, 4, one.stored, size);
        FAIL() << one.name << " of " << one.raw.size() << " bytes was taken for " << size;
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::corrupt) << error.what();
      }
    }
  }
}

// Truncated and changed streams are errors, or other bytes where the format has no checksum; never
// a byte outside the memory they are given (AddressSanitizer looks on).
TEST(HdfFilters, DamageIsAnErrorOrHarmless) {
  std::mt19937 random(23);
  for (const Sample& one : samples()) {
    for (int round = 0; round < 60; ++round) {
      Bytes stored = one.stored;
      if (round % 3 == 0) stored.resize(random() % stored.size());
      for (int k = 0; k < 3 && !stored.empty() && round % 3 != 0; ++k) {
        const std::size_t reach =
            round % 2 == 0 ? std::min<std::size_t>(stored.size(), 24) : stored.size();
        stored[random() % reach] = static_cast<std::byte>(random());
      }
      try {
        EXPECT_EQ(undone(one.filters, 4, stored, one.raw.size()).size(), one.raw.size());
        EXPECT_NE(round % 3, 0) << one.name << ": a truncated stream was decoded";
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::corrupt) << one.name << ": " << error.what();
      }
    }
  }
}

// The client data come from the file, too.
RC_GTEST_PROP(HdfFilters, AnyClientDataIsAnErrorOrHarmless, ()) {
  static const std::vector<Sample> kAll = samples();
  const Sample& one = kAll[*rc::gen::inRange<std::size_t>(0, kAll.size())];
  std::vector<Hdf5Filter> filters = one.filters;
  const int packed = *rc::gen::element(0, 0, 0, 5, 6);
  if (packed != 0) filters = {filter(packed, std::vector<std::uint32_t>(10, 1))};
  for (std::uint32_t& value : filters[0].values) {
    switch (*rc::gen::inRange(0, 4)) {
      case 0:
        value = *rc::gen::inRange<std::uint32_t>(0, 70);
        break;
      case 1:
        value = *rc::gen::arbitrary<std::uint32_t>();
        break;
      default:
        break;
    }
  }
  try {
    RC_ASSERT(undone(filters, 4, one.stored, one.raw.size()).size() == one.raw.size());
  } catch (const Error& error) {
    RC_ASSERT(error.kind() == ErrorKind::corrupt || error.kind() == ErrorKind::unsupported);
  }
}

TEST(HdfFilters, SkippedOnesAreLeftAlone) {
  const Bytes raw = some_bytes(400);
  const std::vector<Hdf5Filter> filters{filter(2, {4}), filter(1, {4}), filter(3)};
  Bytes stored = raw;
  const std::uint32_t sum = fletcher32(raw);
  for (int i = 0; i < 4; ++i) stored.push_back(static_cast<std::byte>(sum >> (8 * i)));
  EXPECT_EQ(undone(filters, 4, raw, raw.size(), 7), raw);
  EXPECT_EQ(undone(filters, 4, stored, raw.size(), 3), raw);
}

TEST(HdfFilters, UnknownOnesAreNamed) {
  const Hdf5Filters filters({filter(2, {4}), {32019, "jpeg", false, {}}}, 4);
  EXPECT_EQ(filters.unknown(), "filter 32019 (jpeg)");
  CodecContext context;
  EXPECT_THAT([&] { filters.undo(some_bytes(8), 0, 8, {}, context); },
              ::testing::Throws<Error>(::testing::Property(
                  &Error::what, HasSubstr("filter 32019 (jpeg) is not known"))));
  // Left out of every chunk, it is no obstacle.
  EXPECT_EQ(undone({{32019, "jpeg", true, {}}}, 4, some_bytes(8), 8, 1), some_bytes(8));
}

// Byte b of element i is byte i of plane b; what is left over stays where it is.
Bytes planes_of(ByteView elements, std::size_t size) {
  Bytes planes(elements.begin(), elements.end());
  const std::size_t count = elements.size() / size;
  for (std::size_t i = 0; i < count * size; ++i) planes[i % size * count + i / size] = elements[i];
  return planes;
}

Bytes deflated(ByteView raw) {
  CodecContext context;
  Buffer out;
  ZlibCodec().encode(raw, out, context);
  return {out.data(), out.data() + out.size()};
}

std::int64_t scratch_taken(const CodecContext& context) {
  std::int64_t taken = 0;
  for (const Buffer& each : context.scratch) taken += static_cast<std::int64_t>(each.capacity());
  return taken;
}

// Memory credit goes by scratch_size: a chunk of 8 MiB may take no more, whatever the order of its
// filters.
TEST(Hdf5Filters, TakeNoMoreScratchThanTheySay) {
  const Bytes raw = some_bytes(8 << 20);
  Bytes summed = raw;
  const std::uint32_t sum = fletcher32(raw);
  for (const int shift : {0, 8, 16, 24}) summed.push_back(static_cast<std::byte>(sum >> shift));
  struct Pipeline {
    std::vector<Hdf5Filter> filters;
    Bytes stored;
  };
  const std::vector<Pipeline> pipelines{
      {{filter(1)}, deflated(raw)},
      {{filter(2, {4}), filter(1)}, deflated(planes_of(raw, 4))},
      {{filter(3), filter(2, {2}), filter(1)}, deflated(planes_of(summed, 2))},
      {{filter(3), filter(2, {4}), filter(2, {2}), filter(1)},
       deflated(planes_of(planes_of(summed, 4), 2))},
      {{filter(1), filter(2, {1}), filter(1)}, deflated(deflated(raw))}};
  for (const Pipeline& pipeline : pipelines) {
    CodecContext context;
    const Hdf5Filters filters(pipeline.filters, 4);
    const Hdf5Content content =
        filters.undo(pipeline.stored, 0, static_cast<std::int64_t>(raw.size()), {}, context);
    Bytes found(content.bytes.begin(), content.bytes.end());
    if (content.planes_of > 1) unshuffle(content.planes_of, content.bytes, found.data());
    EXPECT_EQ(found, raw);
    EXPECT_LE(scratch_taken(context), filters.scratch_size(static_cast<std::int64_t>(raw.size())))
        << pipeline.filters.size() << " filters";
  }
}

}  // namespace
}  // namespace gridmill
