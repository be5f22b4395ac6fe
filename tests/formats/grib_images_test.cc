// Images of few bits, as other centres write them and ecCodes does not: libpng writes what is read.

#include "gridmill/formats/grib_images.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <png.h>

#include <string>
#include <vector>

#include "gridmill/base/error.h"
#include "gridmill/formats/grib_unpack.h"

namespace gridmill {
namespace {

using ::testing::HasSubstr;

// Grey pixels; `rows` packed as PNG packs them.
std::string png_of(int width, int height, int bits, const std::vector<unsigned char>& rows,
                   bool is_interlaced = false) {
  std::string result;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  const auto append = [](png_structp to, png_bytep bytes, std::size_t count) {
    static_cast<std::string*>(png_get_io_ptr(to))
        ->append(reinterpret_cast<const char*>(bytes), count);
  };
  png_set_write_fn(png, &result, append, [](png_structp) {});
  png_set_IHDR(png, info, static_cast<png_uint_32>(width), static_cast<png_uint_32>(height), bits,
               PNG_COLOR_TYPE_GRAY, is_interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, info);
  const std::size_t row = rows.size() / static_cast<std::size_t>(height);
  std::vector<png_bytep> begins;
  for (int y = 0; y < height; ++y) {
    begins.push_back(const_cast<png_bytep>(rows.data()) + static_cast<std::size_t>(y) * row);
  }
  png_set_interlace_handling(png);
  png_write_image(png, begins.data());
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  return result;
}

// Five of them.
std::vector<float> integers(ByteView row, int bits) {
  std::vector<float> values(5);
  unpack_grib(row, bits, GribScale{}, values.data(), 5);
  return values;
}

TEST(GribPng, FewBitsAndInterlacedRows) {
  // Three rows of five pixels.
  struct Case {
    int bits;
    std::vector<unsigned char> rows;
  };
  for (const Case& c : {Case{1, {0b10110000, 0b01001000, 0b11111000}},
                        Case{2, {0b11100100, 0b01000000, 0b00011011, 0b10000000, 0xff, 0xc0}},
                        Case{4, {0x12, 0x34, 0x50, 0x67, 0x89, 0xa0, 0xbc, 0xde, 0xf0}},
                        Case{8, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255}}}) {
    for (const bool is_interlaced : {false, true}) {
      const std::string png = png_of(5, 3, c.bits, c.rows, is_interlaced);
      Buffer rows;
      const PngPixels pixels = decode_png(as_bytes(png), 15, rows);
      EXPECT_EQ(pixels.bits, c.bits);
      EXPECT_EQ(pixels.width, 5);
      EXPECT_EQ(pixels.height, 3);
      EXPECT_EQ(pixels.row_bytes * 3, c.rows.size());
      for (std::size_t y = 0; y < 3; ++y) {  // whatever the bits behind the last pixel
        EXPECT_EQ(
            integers(rows.bytes().subspan(y * pixels.row_bytes, pixels.row_bytes), c.bits),
            integers(
                std::as_bytes(std::span(c.rows)).subspan(y * pixels.row_bytes, pixels.row_bytes),
                c.bits));
      }
    }
  }
}

std::string failure(const std::string& png, std::int64_t count) {
  Buffer rows;
  try {
    decode_png(as_bytes(png), count, rows);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::corrupt);
    return error.what();
  }
  return "decoded";
}

TEST(GribPng, DamageIsNamed) {
  const std::string png = png_of(5, 3, 8, std::vector<unsigned char>(15, 7));
  EXPECT_EQ(failure(png, 15), "decoded");
  EXPECT_THAT(failure(png, 16), HasSubstr("5 x 3 pixels for 16 values"));
  EXPECT_THAT(failure("no image at all", 15), HasSubstr("damaged header"));
  for (std::size_t length = 0; length + 12 < png.size(); ++length) {
    EXPECT_THAT(failure(png.substr(0, length), 15), HasSubstr("PNG")) << length;
  }
  std::string changed = png;
  changed[png.size() - 20] ^= 1;  // in the compressed rows or their checksum
  EXPECT_THAT(failure(changed, 15), HasSubstr("is damaged"));
}

}  // namespace
}  // namespace gridmill
