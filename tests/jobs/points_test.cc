// Oracle: files of points written out by hand, and what their readers are to be told.
#include "gridmill/jobs/points.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "doubles/temporary_directory.h"
#include "gridmill/base/error.h"
#include "gridmill/jobs/partition_keys.h"
#include "gridmill/store/file_store.h"

namespace gridmill {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

class FileOfPoints : public testing::Test {
 protected:
  std::vector<RequestedPoint> read(const std::string& text) {
    file_store(directory_.files(), directory_.path())->put(Key("p.csv"), as_bytes(text));
    return read_points(directory_.files(), directory_ / "p.csv");
  }

  // What is said of a file that is refused.
  std::string refusal(const std::string& text) {
    try {
      (void)read(text);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::invalid);
      return error.what();
    }
    ADD_FAILURE() << text << " was taken";
    return "";
  }

  TemporaryDirectory directory_;
};

TEST_F(FileOfPoints, ALineWithMoreCellsThanColumnsIsRefused) {
  const std::string decimal_commas = refusal("lat,lon\n1,2\n52,5,13,4\n");
  EXPECT_THAT(decimal_commas, HasSubstr("line 3 of " + (directory_ / "p.csv")));
  EXPECT_THAT(decimal_commas,
              EndsWith("this line has 4 cells, and the first line names 2 columns: write decimal "
                       "points in numbers (52.5), and quotes around a text with a comma"));
  EXPECT_THAT(refusal("name,lat,lon\nBergen, Norway,60.4,5.3\n"), HasSubstr("has 4 cells"));
  EXPECT_EQ(read("name,lat,lon\n\"Bergen, Norway\",60.4,5.3\n")[0].name, "Bergen, Norway");
}

TEST_F(FileOfPoints, CommasAtTheEndsOfLinesAreNoCells) {
  const auto points = read("name,lat,lon\nx,10,20,\ny,30,40,, \n");
  ASSERT_EQ(points.size(), 2U);
  EXPECT_EQ(points[1].name, "y");
}

TEST_F(FileOfPoints, ALineThatEndsEarlyHasNoFurtherCells) {
  const auto points = read("lat,lon,name,region\n10,20\n30,40,x\n");
  EXPECT_EQ(points[0].name, "10N 20E");
  EXPECT_EQ(points[1].name, "x");
  EXPECT_EQ(points[1].more.at("region"), "");
  EXPECT_THAT(refusal("name,lat,lon\nx,10\n"), HasSubstr("there is no longitude"));
}

TEST_F(FileOfPoints, TwoColumnsOfOneMeaningAreRefused) {
  EXPECT_THAT(refusal("lat,lon,lat\n1,2,3\n"),
              EndsWith("column 1 (lat) and column 3 (lat) are both the latitude: leave one of them "
                       "out, or call it otherwise"));
  EXPECT_THAT(refusal("Lat,lon,latitude\n1,2,3\n"),
              HasSubstr("column 1 (Lat) and column 3 (latitude) are both the latitude"));
  EXPECT_THAT(refusal("longitude,lat,LON\n1,2,3\n"),
              HasSubstr("column 1 (longitude) and column 3 (LON) are both the longitude"));
  EXPECT_THAT(refusal("name,lat,lon,Name\na,1,2,b\n"),
              HasSubstr("column 1 (name) and column 4 (Name) are both the name"));
  EXPECT_THAT(refusal("station,lat,lon,station\na,1,2,b\n"),
              HasSubstr("column 1 (station) and column 4 (station) are both the name"));
  EXPECT_THAT(refusal("lat,lon,r,r\n1,2,3,4\n"),
              HasSubstr("column 3 and column 4 are both called r"));
  // Columns without a name are nobody's.
  EXPECT_THAT(read("lat,lon,,\n1,2,3,4\n")[0].more, IsEmpty());
}

TEST_F(FileOfPoints, AStationIsTheNameWhereThereIsNoName) {
  const auto alone = read("Station,lat,lon\nA,1,2\n");
  EXPECT_EQ(alone[0].name, "A");
  EXPECT_THAT(alone[0].more, IsEmpty());
  for (const char* text :
       {"station,name,lat,lon\n01384,Oslo,1,2\n", "name,station,lat,lon\nOslo,01384,1,2\n"}) {
    const auto both = read(text);
    EXPECT_EQ(both[0].name, "Oslo");
    EXPECT_THAT(both[0].more, ElementsAre(Pair("station", "01384")));
  }
}

TEST_F(FileOfPoints, OtherSeparatorsAreNamed) {
  EXPECT_THAT(refusal("lat;lon\n52,5;13,4\n"),
              HasSubstr("the first line names no columns lat and lon: its columns are separated by "
                        "';': write commas"));
  EXPECT_THAT(refusal("name\tlat\tlon\nx\t1\t2\n"),
              HasSubstr("its columns are separated by tabs: write commas"));
  EXPECT_THAT(refusal("a,b\n1,2\n"), HasSubstr("no columns lat and lon: \"a,b\""));
  EXPECT_EQ(read("name;id,lat,lon\nx,1,2\n")[0].longitude_deg, 2);
}

TEST_F(FileOfPoints, ACellHoldsNoLineBreak) {
  const std::string broken = refusal("name,lat,lon\n\"Oslo\nBlindern\",59.9,10.7\n");
  EXPECT_THAT(broken, HasSubstr("line 2 of "));
  EXPECT_THAT(broken, HasSubstr("a cell may not hold a line break: write the cell on one line"));
}

TEST_F(FileOfPoints, OtherEncodingsThanUtf8AreRefused) {
  const std::string latin1 = refusal("name,lat,lon\nOslo,1,2\nZ\xfcrich,3,4\n");
  EXPECT_THAT(latin1, HasSubstr("line 3 of " + (directory_ / "p.csv")));
  EXPECT_THAT(latin1,
              EndsWith("\"Z\xef\xbf\xbdrich,3,4\" is not UTF-8 (Latin-1?): save the file as "
                       "UTF-8"));
  EXPECT_THAT(refusal("lat,lon,r\xe9gion\n1,2,3\n"), HasSubstr("is not UTF-8"));
  EXPECT_EQ(read("\xef\xbb\xbfname,lat,lon\nZ\xc3\xbcrich,1,2\n")[0].name, "Z\xc3\xbcrich");
}

TEST_F(FileOfPoints, AnEmptyKeyOfPartitionsNamesPointAndLine) {
  const auto points = read("name,lat,lon,height,region\na,1,2,5,north\nb,3,4,6,\n");
  EXPECT_THAT(kept_columns(points, {"region"}, {}, {"name"}), ElementsAre("region"));
  for (const char* keep : {"region", "height"}) {
    try {
      (void)kept_columns(points, {keep}, {"region"}, {"name"});
      ADD_FAILURE() << "an empty cell was taken";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::invalid);
      EXPECT_EQ(error.message(), "--partition region: the point b (line 3 of " +
                                     (directory_ / "p.csv") +
                                     ") has no value in the column region, and a folder must have "
                                     "one: fill it in, or leave region out of --partition");
    }
  }
}

TEST_F(FileOfPoints, KeptColumnsOfNumbersAreNumbers) {
  using Kind = KeyValues::Kind;
  const auto points = read(
      "lat,lon,height,elev,code,gap,date,large,nan\n"
      "1,2,10,10,01384,1,2001-02-03,9223372036854775808,nan\n"
      "3,4,-7,2.5e1,15,,2001-02-04,1,1\n");
  EXPECT_EQ(kept_values(points, "height").kind, Kind::integers);
  EXPECT_THAT(kept_values(points, "height").integers, ElementsAre(10, -7));
  EXPECT_EQ(kept_values(points, "elev").kind, Kind::numbers);
  EXPECT_THAT(kept_values(points, "elev").numbers, ElementsAre(10.0, 25.0));
  for (const char* column : {"code", "gap", "date", "large", "nan"}) {
    const KeyValues kept = kept_values(points, column);
    EXPECT_EQ(kept.kind, Kind::texts) << column;
    EXPECT_EQ(kept.texts, kept_texts(points, column)) << column;
  }
}

}  // namespace
}  // namespace gridmill
