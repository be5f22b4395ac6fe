#include "gridmill/store/key.h"

#include "doubles/assertions.h"
#include "gridmill/store/location.h"
#include "gridmill/store/ranges.h"

namespace gridmill {
namespace {

using namespace std::string_literals;

TEST(Key, RefusesWaysOutOfTheStore) {
  for (const std::string& bad :
       {"/a"s, "a/"s, "a//b"s, "."s, ".."s, "a/../b"s, "a/."s, "../a"s, "/"s, "a\0b"s, "a/b\0"s}) {
    EXPECT_EQ(kind_thrown([&] { Key{bad}; }), ErrorKind::invalid) << bad;
  }
}

TEST(Key, TakesWhatOnlyLooksDangerous) {
  for (const std::string& good :
       {"..."s, "..a"s, "a.."s, ".hidden"s, "a\\..\\b"s, "~"s, "a b"s, "c:"s, "ü/ß"s}) {
    EXPECT_EQ(Key(good).text(), good);
  }
}

TEST(Key, JoinsNames) {
  EXPECT_TRUE(Key().is_root());
  EXPECT_EQ((Key() / "a").text(), "a");
  EXPECT_EQ((Key("a") / "b/c").text(), "a/b/c");
  EXPECT_EQ(kind_thrown([] { Key("a") / ".."; }), ErrorKind::invalid);
  EXPECT_EQ(kind_thrown([] { Key("a") / "/b"; }), ErrorKind::invalid);
}

TEST(Key, IsBelowByWholeSegments) {
  EXPECT_TRUE(is_at_or_below(Key("a/b"), Key("a")));
  EXPECT_TRUE(is_at_or_below(Key("a"), Key("a")));
  EXPECT_TRUE(is_at_or_below(Key("a"), Key()));
  EXPECT_FALSE(is_at_or_below(Key("ab"), Key("a")));
  EXPECT_FALSE(is_at_or_below(Key("a"), Key("a/b")));
}

TEST(Location, SplitsPathAndNode) {
  struct Case {
    const char* text;
    const char* path;
    const char* node;
  };
  for (const Case& c : std::vector<Case>{
           {"x.zarr", "x.zarr", ""},
           {"/a/b.nc", "/a/b.nc", ""},
           {"/a/b.nc//", "/a/b.nc", ""},
           {"/", "/", ""},
           {"x.zarr#/", "x.zarr", ""},
           {"x.zarr/#/g/t2m", "x.zarr", "g/t2m"},
           {"x#1.nc", "x#1.nc", ""},
           {"x#1.nc#/t", "x#1.nc", "t"},
           {"file:a.nc", "a.nc", ""},
           {"file:/a.nc", "/a.nc", ""},
           {"file:///a.nc", "/a.nc", ""},
           {"FILE:///a.nc#/t", "/a.nc", "t"},
           {"file://localhost/a.nc", "/a.nc", ""},
           {"c:/a.nc", "c:/a.nc", ""},
           {"run:2020.nc", "run:2020.nc", ""},
           {"./s3:/a", "./s3:/a", ""},
           {"2020-01-01T00:00:00.nc", "2020-01-01T00:00:00.nc", ""},
           {":", ":", ""},
       }) {
    const Location location = parse_location(c.text);
    EXPECT_EQ(location.path, c.path) << c.text;
    EXPECT_EQ(location.node, c.node) << c.text;
    const Location again = parse_location(location.text());
    EXPECT_EQ(again.path, location.path);
    EXPECT_EQ(again.node, location.node);
  }
}

TEST(Location, NamesWhatItCanNotOpen) {
  for (const char* text : {"http://h/a", "https://h/a", "s3://bucket/a", "S3://bucket/a", "gs://b",
                           "zip:a.zip", "ftp://h/a", "s3://", "abfs://x/y"}) {
    EXPECT_EQ(kind_thrown([&] { parse_location(text); }), ErrorKind::unsupported) << text;
  }
  for (const char* text : {"", "file:", "file://", "#/t", "file://host/a", "a#/../b", "a#/b//c"}) {
    EXPECT_EQ(kind_thrown([&] { parse_location(text); }), ErrorKind::invalid) << text;
  }
}

}  // namespace
}  // namespace gridmill
