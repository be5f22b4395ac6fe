// Our own decoding of GRIB values: ecCodes, which also wrote the messages, says what is right.

#include "gridmill/formats/grib_packing.h"

#include <eccodes.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "gridmill/base/error.h"
#include "gridmill/formats/grib_handle.h"
#include "gridmill/formats/grib_sections.h"

namespace gridmill {
namespace {

using ::testing::HasSubstr;

// Bytes of their own, so that the address sanitizer sees where they end.
using Bytes = std::vector<std::byte>;

struct Encoding {
  int edition = 2;
  const char* packing = "grid_simple";
  int bits = 16;
  int columns = 7, rows = 5;
  double missing_share = 0;
  bool is_constant = false;

  std::int64_t points() const { return std::int64_t{columns} * rows; }
};

std::vector<double> random_field(const Encoding& encoding, std::mt19937& random, double missing) {
  std::normal_distribution<double> noise(280, 25);
  std::bernoulli_distribution is_missing(encoding.missing_share);
  const bool is_png = std::string_view(encoding.packing) == "grid_png";
  std::vector<double> values(static_cast<std::size_t>(encoding.points()));
  for (double& value : values) {
    value = encoding.is_constant ? 273.25 : noise(random);
    // ecCodes gives up on a PNG that is larger than its pixels.
    if (is_png && !encoding.is_constant) value = value < 280 ? 270.5 : 291.125;
    if (encoding.missing_share > 0 && is_missing(random)) value = missing;
  }
  return values;
}

void set(codes_handle* handle, const char* key, long value) {
  ASSERT_EQ(codes_set_long(handle, key, value), 0) << key;
}

Bytes encoded(const Encoding& encoding, std::mt19937& random) {
  codes_handle* handle =
      codes_grib_handle_new_from_samples(nullptr, encoding.edition == 1 ? "GRIB1" : "GRIB2");
  set(handle, "Ni", encoding.columns);
  set(handle, "Nj", encoding.rows);
  if (encoding.missing_share > 0) set(handle, "bitmapPresent", 1);
  constexpr double kMissing = -1e30;
  EXPECT_EQ(codes_set_double(handle, "missingValue", kMissing), 0);
  set(handle, "bitsPerValue", encoding.bits);
  const std::vector<double> values = random_field(encoding, random, kMissing);
  EXPECT_EQ(codes_set_double_array(handle, "values", values.data(), values.size()), 0);
  if (std::string_view(encoding.packing) != "grid_simple") {
    std::size_t length = std::strlen(encoding.packing);
    EXPECT_EQ(codes_set_string(handle, "packingType", encoding.packing, &length), 0);
  }
  const void* message = nullptr;
  std::size_t size = 0;
  EXPECT_EQ(codes_get_message(handle, &message, &size), 0);
  const auto* begin = static_cast<const std::byte*>(message);
  Bytes bytes(begin, begin + size);
  codes_handle_delete(handle);
  return bytes;
}

std::vector<float> by_eccodes(const Bytes& message, std::int64_t count) {
  std::vector<float> values(static_cast<std::size_t>(count));
  Buffer scratch;
  GribHandle(message).values(values.data(), count, scratch);
  return values;
}

// Nothing: ecCodes shall do it.
std::optional<std::vector<float>> by_gridmill(const Bytes& message, std::int64_t count) {
  std::vector<float> values(static_cast<std::size_t>(count), -1);
  CodecContext context;
  if (!decode_grib_values(message, values.data(), count, context)) return std::nullopt;
  return values;
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

void expect_same(const Bytes& message, std::int64_t count) {
  const auto own = by_gridmill(message, count);
  ASSERT_TRUE(own) << "left to ecCodes";
  EXPECT_TRUE(same_bits(*own, by_eccodes(message, count)));
}

// Where the section begins in the message.
std::size_t section_at(const Bytes& message, int number) {
  const ByteView section = grib_sections(message).at[static_cast<std::size_t>(number)];
  return static_cast<std::size_t>(section.data() - message.data());
}

void put(Bytes& message, std::size_t at, std::initializer_list<int> bytes) {
  for (const int byte : bytes) message[at++] = static_cast<std::byte>(byte);
}

// Another reference, binary and decimal scale.
void rescale(Bytes& message, const Encoding& encoding, std::mt19937& random) {
  const auto byte = [&] { return static_cast<int>(random() % 256); };
  const auto sign = [&] { return static_cast<int>(random() % 2 * 128); };
  const bool is_first = encoding.edition == 1;
  const std::size_t how = section_at(message, is_first ? 4 : 5);
  // A reference of moderate size: IBM's exponent is of 16, IEEE's of 2.
  const int exponent = is_first ? 56 + byte() % 16 : 50 + byte() % 26;
  put(message, how + (is_first ? 6 : 11), {sign() | exponent, byte() | 0x10, byte(), byte()});
  put(message, how + (is_first ? 4 : 15), {sign(), byte() % 20});
  const std::size_t decimal = is_first ? section_at(message, 1) + 26 : how + 17;
  put(message, decimal, {sign(), byte() % 9});
}

void describe(const Encoding& e) {
  GTEST_LOG_(INFO) << "edition " << e.edition << ", " << e.packing << ", " << e.bits << " bits, "
                   << e.columns << " x " << e.rows << ", missing " << e.missing_share;
}

TEST(GribPacking, EveryWidthOfSimplePackingEqualsEcCodes) {
  std::mt19937 random(1);
  for (const int edition : {1, 2}) {
    for (int bits = 1; bits <= 32; ++bits) {
      for (const double missing : {0.0, 0.3}) {
        for (const int columns : {1, 3, 8, 40}) {
          const Encoding encoding{edition, "grid_simple", bits, columns, 5, missing, false};
          Bytes message = encoded(encoding, random);
          for (int i = 0; i < 4; ++i) {
            expect_same(message, encoding.points());
            rescale(message, encoding, random);
          }
          if (HasFailure()) return describe(encoding);
        }
      }
    }
  }
}

TEST(GribPacking, CcsdsEqualsEcCodes) {
  std::mt19937 random(2);
  for (const int bits : {1, 2, 3, 7, 8, 9, 12, 15, 16, 17, 20, 23, 24, 25, 30, 31}) {
    for (const double missing : {0.0, 0.3}) {
      for (const int columns : {1, 5, 50}) {
        const Encoding encoding{2, "grid_ccsds", bits, columns, 9, missing, false};
        Bytes message = encoded(encoding, random);
        for (int i = 0; i < 3; ++i) {
          expect_same(message, encoding.points());
          rescale(message, encoding, random);
        }
        if (HasFailure()) return describe(encoding);
      }
    }
  }
}

TEST(GribPacking, ImagesEqualEcCodes) {
  std::mt19937 random(9);
  for (const char* packing : {"grid_jpeg", "grid_png"}) {
    const bool is_png = std::string_view(packing) == "grid_png";
    for (const int bits : {8, 10, 12, 16, 20, 24}) {
      // ecCodes writes PNG of whole bytes, and gives up where there is a bitmap.
      if (is_png && bits % 8 != 0) continue;
      for (const double missing : {0.0, 0.3}) {
        if (is_png && missing > 0) continue;
        const Encoding encoding{2, packing, bits, 50, 29, missing, false};
        Bytes message = encoded(encoding, random);
        for (int i = 0; i < 3; ++i) {
          expect_same(message, encoding.points());
          rescale(message, encoding, random);
        }
        if (HasFailure()) return describe(encoding);
      }
    }
  }
}

TEST(GribPacking, ConstantFieldsEqualEcCodes) {
  std::mt19937 random(3);
  for (const int edition : {1, 2}) {
    for (const char* packing : {"grid_simple", "grid_ccsds"}) {
      for (const double missing : {0.0, 0.5, 1.0}) {
        if (edition == 1 && std::string_view(packing) == "grid_ccsds") continue;
        const Encoding encoding{edition, packing, 16, 7, 5, missing, true};
        Bytes message = encoded(encoding, random);
        expect_same(message, encoding.points());
        rescale(message, encoding, random);
        expect_same(message, encoding.points());
        if (HasFailure()) return describe(encoding);
      }
    }
  }
}

// Section 4 then states a remainder in place of its length.
TEST(GribPacking, AMessageOfEdition1BeyondEightMebibytesEqualsEcCodes) {
  std::mt19937 random(4);
  for (const double missing : {0.0, 0.1}) {
    const Encoding encoding{1, "grid_simple", 24, 2000, 1500, missing, false};
    const Bytes message = encoded(encoding, random);
    ASSERT_GT(message.size(), 8U << 20);
    expect_same(message, encoding.points());
  }
}

TEST(GribPacking, WhatIsNotKnownIsLeftToEcCodes) {
  std::mt19937 random(5);
  const Encoding simple{2, "grid_simple", 16, 7, 5, 0, false};
  for (const char* packing : {"grid_complex", "grid_ieee", "grid_second_order"}) {
    Encoding other = simple;
    other.packing = packing;
    EXPECT_FALSE(by_gridmill(encoded(other, random), other.points())) << packing;
  }
  Encoding second_order = simple;
  second_order.edition = 1;
  second_order.packing = "grid_second_order";
  EXPECT_FALSE(by_gridmill(encoded(second_order, random), second_order.points()));
  // A reference value that is no number; values that leave the range of float; a predefined bitmap.
  const Bytes message = encoded(simple, random);
  const std::size_t how = section_at(message, 5);
  Bytes changed = message;
  put(changed, how + 11, {0x7f, 0xc0, 0, 0});
  EXPECT_FALSE(by_gridmill(changed, simple.points()));
  changed = message;
  put(changed, how + 17, {0x80, 40});
  EXPECT_FALSE(by_gridmill(changed, simple.points()));
  changed = message;
  put(changed, section_at(message, 6) + 5, {1});
  EXPECT_FALSE(by_gridmill(changed, simple.points()));
}

// Without `kind` it may be corrupt or unsupported.
std::string failure(const Bytes& message, std::int64_t count,
                    std::optional<ErrorKind> kind = ErrorKind::corrupt) {
  try {
    return by_gridmill(message, count) ? "decoded" : "left to ecCodes";
  } catch (const Error& error) {
    EXPECT_TRUE(kind ? error.kind() == *kind
                     : error.kind() == ErrorKind::corrupt || error.kind() == ErrorKind::unsupported)
        << error.what();
    return error.what();
  }
}

bool is_compressed(const Bytes& message) {
  const GribSections sections = grib_sections(message);
  if (sections.edition == 1) return false;
  const std::int64_t number = grib_integer(sections.at[5], 9, 2);
  return (number >= 40 && number <= 42) || number == 40000 || number == 40010;
}

// ecCodes writes past its buffers where such a stream is larger than it should be.
TEST(GribPacking, CompressedValuesAreNeverLeftToEcCodes) {
  std::mt19937 random(10);
  for (const char* packing : {"grid_ccsds", "grid_jpeg", "grid_png"}) {
    SCOPED_TRACE(packing);
    const Encoding encoding{2, packing, 16, 50, 29, 0, false};
    const Bytes message = encoded(encoding, random);
    const std::size_t how = section_at(message, 5);
    Bytes changed = message;
    // References: subnormal, and no number; scales that leave the range of float.
    for (const int sign : {0, 0x80}) {
      put(changed, how + 11, {sign | 0, 0x12, 0x34, 0x56});
      expect_same(changed, encoding.points());
      put(changed, how + 17, {0x80, 40});
      expect_same(changed, encoding.points());
      put(changed, how + 17, {0, 0});
      put(changed, how + 19, {0});  // the reference alone
      expect_same(changed, encoding.points());
      put(changed, how + 19, {16});
    }
    for (const int mantissa : {0x80, 0xc0}) {
      put(changed, how + 11, {0x7f, mantissa, 0, 0});
      EXPECT_THAT(failure(changed, encoding.points()), HasSubstr("not a finite number"));
    }
    changed = message;
    put(changed, how + 15, {0, 110});
    expect_same(changed, encoding.points());
    changed = message;
    put(changed, how + 17, {0x80, 36});
    expect_same(changed, encoding.points());
    // A constant that is ecCodes' missing value.
    put(changed, how + 11, {0x7f, 0x7f, 0xff, 0xff});
    put(changed, how + 19, {0});
    expect_same(changed, encoding.points());
    changed = message;
    put(changed, section_at(message, 6) + 5, {1});
    EXPECT_THAT(failure(changed, encoding.points(), ErrorKind::unsupported),
                HasSubstr("its bitmap is number 1"));
  }
}

TEST(GribPacking, OldTemplatesOfImagesEqualEcCodes) {
  std::mt19937 random(11);
  for (const auto& [packing, template_number] :
       {std::pair{"grid_jpeg", 40000}, std::pair{"grid_png", 40010}}) {
    const Encoding encoding{2, packing, 16, 50, 29, 0, false};
    Bytes message = encoded(encoding, random);
    put(message, section_at(message, 5) + 9, {template_number / 256, template_number % 256});
    expect_same(message, encoding.points());
  }
}

// How integers lie in the decoder's memory is no business of the message's: ecCodes 2.28 reads them
// wrongly where the least significant byte comes first.
TEST(GribPacking, EveryLayoutOfCcsdsIntegersHasTheSameValues) {
  std::mt19937 random(12);
  constexpr int kSigned = 1, kThreeBytes = 2, kMostSignificantFirst = 4;
  for (const int bits : {7, 8, 12, 16, 20, 24, 27}) {
    const Encoding encoding{2, "grid_ccsds", bits, 50, 9, 0, false};
    Bytes message = encoded(encoding, random);
    const std::vector<float> expected = by_eccodes(message, encoding.points());
    const std::size_t at = section_at(message, 5) + 21;
    const int flags = std::to_integer<int>(message[at]) & ~(kThreeBytes | kMostSignificantFirst);
    for (const int layout :
         {0, kThreeBytes, kMostSignificantFirst, kThreeBytes | kMostSignificantFirst}) {
      put(message, at, {flags | layout});
      const auto own = by_gridmill(message, encoding.points());
      ASSERT_TRUE(own) << "left to ecCodes";
      EXPECT_TRUE(same_bits(*own, expected)) << bits << " bits, flags " << (flags | layout);
    }
    put(message, at, {flags | kSigned});
    EXPECT_THAT(failure(message, encoding.points(), ErrorKind::unsupported),
                HasSubstr("integers with signs"));
  }
}

TEST(GribPacking, ContradictionsAreCorrupt) {
  std::mt19937 random(6);
  const Encoding plain{2, "grid_simple", 16, 7, 5, 0, false};
  const Bytes message = encoded(plain, random);
  EXPECT_THAT(failure(message, 34), HasSubstr("35 values, but its grid has 34 points"));
  // More bits than the data section has.
  Bytes changed = message;
  put(changed, section_at(message, 5) + 19, {17});
  EXPECT_THAT(failure(changed, 35), HasSubstr("70 bytes, where 35 values of 17 bits take 75"));
  // A section that reaches beyond the message.
  changed = message;
  put(changed, section_at(message, 7), {0, 0, 1, 0});
  EXPECT_THAT(failure(changed, 35), HasSubstr("section 7"));

  Encoding masked = plain;
  masked.missing_share = 0.3;
  const Bytes with_bitmap = encoded(masked, random);
  changed = with_bitmap;
  put(changed, section_at(changed, 6) + 6, {255, 255, 255});
  EXPECT_THAT(failure(changed, 35), HasSubstr("its bitmap marks"));
  changed = with_bitmap;
  put(changed, section_at(changed, 3) + 6, {0, 0, 1, 0});
  EXPECT_THAT(failure(changed, 256), HasSubstr("its bitmap has 5 bytes"));
  EXPECT_THAT(failure(changed, 35), HasSubstr("256 values, but its grid has 35 points"));

  Encoding ccsds = plain;
  ccsds.packing = "grid_ccsds";
  changed = encoded(ccsds, random);
  put(changed, section_at(changed, 5) + 23, {0, 0});
  EXPECT_THAT(failure(changed, 35), HasSubstr("CCSDS"));
}

// libaec 1.0.6 wrote outside of its buffers for a block size of 0.
TEST(GribPacking, ABlockSizeThatLibaecDoesNotKnowIsCorrupt) {
  std::mt19937 random(8);
  const Encoding ccsds{2, "grid_ccsds", 16, 7, 5, 0, false};
  Bytes message = encoded(ccsds, random);
  const std::size_t block = section_at(message, 5) + 22;
  for (const int size : {0, 1, 7, 12, 65, 128, 255}) {
    put(message, block, {size});
    EXPECT_THAT(failure(message, 35), HasSubstr("CCSDS")) << size;
  }
}

// Every byte of a message takes other values, and every shorter message is tried: an error of the
// right kind or values, and nothing outside of the buffers (which is the sanitizers' to say). Where
// only packed values or their scale changed, the values are still ecCodes'.
TEST(GribPacking, DamagedMessagesAreSafe) {
  std::mt19937 random(7);
  int compared = 0;
  for (const Encoding& encoding : {Encoding{1, "grid_simple", 12, 7, 5, 0, false},
                                   Encoding{1, "grid_simple", 16, 7, 5, 0.3, false},
                                   Encoding{2, "grid_simple", 11, 7, 5, 0.3, false},
                                   Encoding{2, "grid_simple", 16, 40, 5, 0, false},
                                   Encoding{2, "grid_ccsds", 12, 7, 5, 0.3, false},
                                   Encoding{2, "grid_ccsds", 24, 40, 5, 0, false},
                                   Encoding{2, "grid_jpeg", 16, 7, 5, 0.3, false},
                                   Encoding{2, "grid_jpeg", 12, 40, 5, 0, false},
                                   Encoding{2, "grid_png", 16, 30, 20, 0, false},
                                   Encoding{2, "grid_png", 24, 40, 5, 0, false}}) {
    const Bytes message = encoded(encoding, random);
    const std::size_t data =
        section_at(message, encoding.edition == 1 ? 4 : 7) + (encoding.edition == 1 ? 11U : 5U);
    const bool is_simple = std::string_view(encoding.packing) == "grid_simple";
    for (std::size_t at = 0; at < message.size(); ++at) {
      for (int i = 0; i < (is_simple ? 6 : 3); ++i) {
        Bytes changed = message;
        changed[at] = i % 3 < 2 ? changed[at] ^ static_cast<std::byte>(1 << (random() % 8))
                                : static_cast<std::byte>(random() % 256);
        const std::string what = failure(changed, encoding.points(), std::nullopt);
        EXPECT_TRUE(what != "left to ecCodes" || !is_compressed(changed)) << at;
        if (!is_simple || at < data || at + 4 >= message.size()) continue;
        EXPECT_EQ(what, "decoded");
        expect_same(changed, encoding.points());
        ++compared;
      }
    }
    for (std::size_t length = 8; length < message.size(); ++length) {
      failure(Bytes(message.begin(), message.begin() + static_cast<std::ptrdiff_t>(length)),
              encoding.points());
    }
  }
  EXPECT_GT(compared, 1000);
}

}  // namespace
}  // namespace gridmill
