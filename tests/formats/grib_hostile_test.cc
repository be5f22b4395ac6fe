// GRIB messages that say more than they hold, made from ecCodes' own samples: ecCodes, which tells
// where the points of a grid lie, never gets their values to decode.

#include <eccodes.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "doubles/real_data.h"
#include "formats/netcdf_file.h"
#include "formats/read_variable.h"
#include "gridmill/formats/grib_handle.h"
#include "gridmill/formats/grib_message.h"
#include "gridmill/formats/grib_sections.h"
#include "gridmill/store/file_store.h"

namespace gridmill {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::read_all;
using testing::ScratchDirectory;
using testing::values_of;
using testing::variable_at;

constexpr std::int64_t kColumns = 20, kRows = 12, kPoints = kColumns * kRows;

using Handle = std::unique_ptr<codes_handle, int (*)(codes_handle*)>;

Handle sample(const char* name) {
  return {codes_grib_handle_new_from_samples(nullptr, name), codes_handle_delete};
}

std::string bytes_of(const Handle& handle) {
  const void* message = nullptr;
  std::size_t size = 0;
  EXPECT_EQ(codes_get_message(handle.get(), &message, &size), 0);
  return {static_cast<const char*>(message), size};
}

void set(const Handle& handle, const char* key, double value) {
  EXPECT_EQ(codes_set_double(handle.get(), key, value), 0) << key;
}

// 20 x 12 points, one degree apart.
std::string encoded(int edition, const char* packing) {
  const Handle handle = sample(edition == 1 ? "GRIB1" : "GRIB2");
  EXPECT_EQ(codes_set_long(handle.get(), "Ni", kColumns), 0);
  EXPECT_EQ(codes_set_long(handle.get(), "Nj", kRows), 0);
  set(handle, "latitudeOfFirstGridPointInDegrees", 20);
  set(handle, "latitudeOfLastGridPointInDegrees", 9);
  set(handle, "longitudeOfFirstGridPointInDegrees", 0);
  set(handle, "longitudeOfLastGridPointInDegrees", 19);
  set(handle, "iDirectionIncrementInDegrees", 1);
  set(handle, "jDirectionIncrementInDegrees", 1);
  EXPECT_EQ(codes_set_long(handle.get(), "bitsPerValue", 16), 0);
  std::mt19937 random(1);
  std::vector<double> values(kPoints);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t row = i / 120;
    values[i] =
        static_cast<double>(std::string_view(packing) == "grid_png" ? row : random() % 1000);
  }
  EXPECT_EQ(codes_set_double_array(handle.get(), "values", values.data(), values.size()), 0);
  std::size_t length = std::strlen(packing);
  EXPECT_EQ(codes_set_string(handle.get(), "packingType", packing, &length), 0) << packing;
  return bytes_of(handle);
}

// Where a section begins.
std::size_t section(const std::string& message, int number) {
  const ByteView bytes = as_bytes(message);
  return static_cast<std::size_t>(grib_sections(bytes).at[static_cast<std::size_t>(number)].data() -
                                  bytes.data());
}

void put(std::string& message, std::size_t at, std::uint32_t value) {
  for (std::size_t i = 0; i < 4; ++i) message[at + i] = static_cast<char>(value >> (24 - 8 * i));
}

class GribHostile : public ::testing::Test {
 protected:
  FormatFile open(const std::string& content) {
    scratch_.write("a.grib", content);
    return open_grib(*files_, {scratch_.path("a.grib"), ""});
  }
  std::vector<double> axis(const FormatFile& file, const char* name) {
    return values_of<double>(read_all(*variable_at(file.groups[0], name).reader));
  }
  std::string failure(const std::string& content) {
    try {
      const FormatFile file = open(content);
      for (const FileVariable& variable : file.groups[0].variables) read_all(*variable.reader);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::corrupt) << error.what();
      return error.what();
    }
    return "nothing was thrown";
  }
  // Its name, and that of the message.
  auto names(const std::string& what) {
    return AllOf(HasSubstr("a.grib"), HasSubstr("message 1 at byte 0"), HasSubstr(what));
  }

  std::unique_ptr<Files> files_ = posix_files();
  ScratchDirectory scratch_;
};

// ecCodes 2.28 gives an image as many values as the image says, whatever the room: it wrote past
// its buffer when the file was opened, asked for latitudes.
TEST_F(GribHostile, AnImageThatIsLargerThanItsGridDoesNoHarm) {
  const std::string good = encoded(2, "grid_jpeg");
  const std::size_t size = good.find("\xff\x51") + 6;  // of the whole image: columns, rows
  for (const std::uint32_t rows : {140U, 4096U, 65535U}) {
    std::string message = good;
    put(message, size + 4, rows);
    const FormatFile file = open(message);
    EXPECT_EQ(axis(file, "latitude").back(), 9);
    EXPECT_EQ(axis(file, "longitude").back(), 19);
    EXPECT_THAT(failure(message), names("20 x " + std::to_string(rows) + " pixels for 240 values"));
  }
}

TEST_F(GribHostile, PlacesDoNotDependOnValues) {
  std::mt19937 random(2);
  struct Case {
    int edition;
    const char* packing;
  };
  for (const Case& c : {Case{1, "grid_simple"}, Case{2, "grid_simple"}, Case{2, "grid_jpeg"},
                        Case{2, "grid_png"}, Case{2, "grid_ccsds"}, Case{2, "grid_complex"}}) {
    const std::string good = encoded(c.edition, c.packing);
    const FormatFile expected = open(good);
    const std::vector<double> latitudes = axis(expected, "latitude"),
                              longitudes = axis(expected, "longitude");
    ASSERT_EQ(latitudes.size(), 12U);
    ASSERT_EQ(longitudes.size(), 20U);
    const std::size_t from = section(good, c.edition == 1 ? 4 : 7) + (c.edition == 1 ? 11U : 5U);
    for (int i = 0; i < 5; ++i) {
      std::string message = good;
      for (std::size_t at = from; at < message.size() - 4; ++at) {
        message[at] = static_cast<char>(random());
      }
      const FormatFile file = open(message);
      EXPECT_EQ(axis(file, "latitude"), latitudes) << c.packing;
      EXPECT_EQ(axis(file, "longitude"), longitudes) << c.packing;
    }
  }
}

// 17 GB were asked for, of 240 points.
TEST_F(GribHostile, MoreValuesThanPointsTakeNoMemory) {
  constexpr std::uint32_t kMany = 0x80000000U + kPoints;
  for (const char* packing : {"grid_simple", "grid_jpeg", "grid_png", "grid_ccsds"}) {
    const std::string good = encoded(2, packing);
    std::string message = good;
    put(message, section(good, 5) + 5, kMany);
    EXPECT_EQ(axis(open(message), "latitude").size(), 12U);
    EXPECT_THAT(failure(message), names("it holds 2147483888 values, but its grid has 240 points"))
        << packing;
    message = good;
    put(message, section(good, 3) + 6, kMany);
    EXPECT_THAT(failure(message), names("2147483888 latitudes where 240 are expected")) << packing;
  }
}

TEST_F(GribHostile, AGridOfMorePointsThanItsMessageCouldHaveIsCorrupt) {
  std::string message = encoded(2, "grid_simple");
  const std::size_t grid = section(message, 3);
  put(message, grid + 6, 1U << 31);
  put(message, grid + 30, 1U << 16);
  put(message, grid + 34, 1U << 15);
  EXPECT_THAT(failure(message), names("its grid is said to have 2147483648 points"));
}

TEST_F(GribHostile, AReducedGridOfMorePointsThanItsRowsIsCorrupt) {
  const std::string good = bytes_of(sample("reduced_gg_pl_32_grib2"));
  EXPECT_EQ(axis(open(good), "latitude").size(), 6114U);
  std::string message = good;
  put(message, section(good, 3) + 6, 0x7fffffffU);
  EXPECT_THAT(failure(message), names("2147483647 points, but its rows have 6114 in all"));
}

void expect_same_places(ByteView message) {
  const GribHandle whole(message);
  const GribHandle blank(grib_without_values(message));
  const std::int64_t points = whole.integer("numberOfPoints", 0);
  for (const char* name : {"latitudes", "longitudes"}) {
    EXPECT_EQ(blank.places(name, points), whole.places(name, points)) << name;
  }
}

TEST(GribWithoutValues, HasThePlacesOfTheMessage) {
  for (const std::string grid :
       {"regular_ll_pl", "reduced_ll_sfc", "rotated_ll_pl", "regular_gg_pl", "reduced_gg_pl_32",
        "rotated_gg_pl", "polar_stereographic_pl"}) {
    for (const char* edition : {"_grib1", "_grib2"}) {
      SCOPED_TRACE(grid + edition);
      const Handle handle = sample((grid + edition).c_str());
      ASSERT_NE(handle, nullptr);
      const std::string message = bytes_of(handle);
      expect_same_places(as_bytes(message));
      long points = 0;
      codes_get_long(handle.get(), "numberOfPoints", &points);
      EXPECT_EQ(
          GribHandle(grib_without_values(as_bytes(message))).places("latitudes", points).size(),
          static_cast<std::size_t>(points));
    }
  }
}

TEST(RealFiles, PlacesAreThoseOfTheMessageWithItsValues) {
  const std::string folder = real_data();
  if (folder.empty()) GTEST_SKIP() << "no real data";
  const auto files = posix_files();
  int count = 0;
  for (const DirectoryEntry& entry : files->list(folder)) {
    const std::string path = folder + "/" + entry.name;
    const bool is_damaged = entry.name == "era5-levels-corrupted.grib";
    if (is_damaged || detect_format(*files, {path, ""}) != FileFormat::grib) continue;
    SCOPED_TRACE(entry.name);
    const auto file = file_reader(*files, path);
    scan_grib(*file, [&](const GribMessage& message, std::span<const GribSections>) {
      if (message.number > 3) return;
      Buffer bytes;
      read_grib_message(*file, message, bytes);
      for (int field = 0; field < message.fields; ++field) {
        Buffer one;
        one.append(bytes);
        if (message.fields > 1) keep_grib_field(field, one);
        expect_same_places(one);
      }
    });
    ++count;
  }
  EXPECT_GE(count, 5);
}

}  // namespace
}  // namespace gridmill
