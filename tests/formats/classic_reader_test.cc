// The classic formats, by our own reader: random files against what libnetcdf reads from them, the
// corners of the record layout, streams, hostile headers, and failing reads.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netcdf.h>

#include <random>

#include "doubles/faulty_files.h"
#include "formats/netcdf_file.h"
#include "formats/read_variable.h"

namespace gridmill {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Netcdf;
using testing::read_all;
using testing::ScratchDirectory;
using testing::values_of;
using testing::variable_at;

using Bytes = std::vector<unsigned char>;

struct Spec {
  std::string name;
  int nc_type;
  std::vector<int> dimensions;
  std::size_t bytes;
};

class ClassicReader : public ::testing::Test {
 protected:
  FormatFile open(const std::string& name) { return open_netcdf(*files_, {path(name), ""}); }
  std::string path(const std::string& name) { return scratch_.path(name); }
  int roll(int low, int high) { return std::uniform_int_distribution<int>(low, high)(dice_); }

  // Variables of random types and shapes, with and without the record dimension.
  std::vector<Spec> write_random(const std::string& name, int mode, std::size_t records) {
    Netcdf nc(path(name), mode);
    const std::size_t extents[] = {records, 3, 5, 700};
    const int dims[] = {nc.dim("time", NC_UNLIMITED), nc.dim("a", 3), nc.dim("b", 5),
                        nc.dim("wide", 700)};
    std::vector<Spec> specs;
    for (int v = 0; v < roll(1, 6); ++v) {
      Spec spec{"v" + std::to_string(v),
                roll(NC_BYTE, mode == NC_64BIT_DATA ? NC_UINT64 : NC_DOUBLE),
                {},
                1};
      if (roll(0, 2) > 0) spec.dimensions.push_back(dims[0]);
      for (int d = 1; d < 4; ++d) {
        if (roll(0, 2) == 0) spec.dimensions.push_back(dims[d]);
      }
      for (const int d : spec.dimensions) spec.bytes *= extents[d];
      std::size_t element = 0;
      nc.ok(nc_inq_type(nc.id(), spec.nc_type, nullptr, &element));
      spec.bytes *= element;
      nc.var(spec.name, spec.nc_type, spec.dimensions);
      specs.push_back(std::move(spec));
    }
    nc.ok(nc_enddef(nc.id()));
    for (std::size_t v = 0; v < specs.size(); ++v) {
      Bytes bytes(specs[v].bytes);
      for (unsigned char& byte : bytes) byte = static_cast<unsigned char>(dice_());
      std::vector<std::size_t> start(specs[v].dimensions.size() + 1, 0), count;
      for (const int d : specs[v].dimensions) count.push_back(extents[d]);
      count.push_back(1);
      nc.ok(nc_put_vara(nc.id(), static_cast<int>(v), start.data(), count.data(), bytes.data()));
    }
    return specs;
  }

  // What libnetcdf reads.
  Bytes oracle(const std::string& name, const Spec& spec) {
    NetcdfSession session;
    int id = -1, variable = -1;
    session.check(nc_open(path(name).c_str(), NC_NOWRITE, &id), "oracle");
    session.check(nc_inq_varid(id, spec.name.c_str(), &variable), "oracle");
    Bytes bytes(spec.bytes + 1);
    session.check(nc_get_var(id, variable, bytes.data()), "oracle");
    session.check(nc_close(id), "oracle");
    bytes.resize(spec.bytes);
    return bytes;
  }

  std::unique_ptr<Files> files_ = posix_files();
  ScratchDirectory scratch_;
  std::mt19937 dice_{20240229};
};

Bytes bytes_of(const Array& array) {
  const auto* first = array.values<unsigned char>();
  return {first, first + array.view().byte_size()};
}

TEST_F(ClassicReader, RandomFilesEqualWhatTheLibraryReads) {
  for (const int mode : {0, NC_64BIT_OFFSET, NC_64BIT_DATA}) {
    for (int round = 0; round < 40; ++round) {
      const std::string name = fmt::format("r{}-{}.nc", mode, round);
      const std::vector<Spec> specs =
          write_random(name, mode, static_cast<std::size_t>(roll(0, 4)));
      const FormatFile file = open(name);
      ASSERT_EQ(file.groups[0].variables.size(), specs.size());
      for (const Spec& spec : specs) {
        const Array array = read_all(*variable_at(file.groups[0], spec.name).reader);
        EXPECT_EQ(bytes_of(array), oracle(name, spec)) << name << " " << spec.name;
      }
    }
  }
}

// Many short records between wide ones: read over small gaps, gathered over large ones, in leaves
// that never hold much more than a slab of the file.
TEST_F(ClassicReader, RecordsOfManyVariablesAreReadInBoundedLeaves) {
  constexpr std::size_t kRecords = 3000;
  for (const std::size_t width : {std::size_t{100}, std::size_t{4000}}) {
    {
      Netcdf nc(path("many.nc"), NC_64BIT_OFFSET);
      const int time = nc.dim("time", NC_UNLIMITED), x = nc.dim("x", width);
      const int t = nc.var("t", NC_DOUBLE, {time}), map = nc.var("map", NC_FLOAT, {time, x});
      nc.ok(nc_enddef(nc.id()));
      std::vector<float> row(width, 1.5F);
      for (std::size_t i = 0; i < kRecords; ++i) {
        const std::size_t start[] = {i, 0}, count[] = {1, width};
        const double value = 0.25 * static_cast<double>(i);
        row[0] = static_cast<float>(i);
        nc.ok(nc_put_vara_double(nc.id(), t, start, count, &value));
        nc.ok(nc_put_vara_float(nc.id(), map, start, count, row.data()));
      }
    }
    const FormatFile file = open("many.nc");
    const FileVariable& t = variable_at(file.groups[0], "t");
    const FileVariable& map = variable_at(file.groups[0], "map");
    EXPECT_LE(t.reader->stored_bound(), 4 << 20);
    EXPECT_LE(map.reader->stored_bound(), 4 << 20);
    const std::vector<double> times = values_of<double>(read_all(*t.reader));
    const std::vector<float> maps = values_of<float>(read_all(*map.reader));
    for (std::size_t i = 0; i < kRecords; ++i) {
      ASSERT_EQ(times[i], 0.25 * static_cast<double>(i)) << width;
      ASSERT_EQ(maps[i * width], static_cast<float>(i)) << width;
      ASSERT_EQ(maps[i * width + width - 1], 1.5F) << width;
    }
  }
}

// Three bytes per record, and no padding, because there is no other record variable.
TEST_F(ClassicReader, ALoneRecordVariableIsNotPadded) {
  {
    Netcdf nc(path("lone.nc"), 0);
    nc.var("fixed", NC_SHORT, {});
    nc.var("v", NC_BYTE, {nc.dim("time", NC_UNLIMITED), nc.dim("x", 3)});
    nc.ok(nc_enddef(nc.id()));
    const signed char values[] = {1, 2, 3, 4, 5, 6};
    const std::size_t start[] = {0, 0}, count[] = {2, 3};
    nc.ok(nc_put_vara_schar(nc.id(), 1, start, count, values));
  }
  const FormatFile file = open("lone.nc");
  EXPECT_THAT(values_of<signed char>(read_all(*variable_at(file.groups[0], "v").reader)),
              ElementsAre(1, 2, 3, 4, 5, 6));
}

// A program that died before it could correct the header leaves "as many as there are".
TEST_F(ClassicReader, AStreamHoldsAsManyRecordsAsTheFile) {
  {
    Netcdf nc(path("stream.nc"), 0);
    nc.var("v", NC_INT, {nc.dim("time", NC_UNLIMITED)});
    nc.ok(nc_enddef(nc.id()));
    const int values[] = {5, 6, 7};
    const std::size_t start = 0, count = 3;
    nc.ok(nc_put_vara_int(nc.id(), 0, &start, &count, values));
  }
  std::string content = scratch_.read(path("stream.nc"));
  content.replace(4, 4, "\xff\xff\xff\xff");
  scratch_.write("stream.nc", content);
  EXPECT_THAT(values_of<int>(read_all(*open("stream.nc").groups[0].variables[0].reader)),
              ElementsAre(5, 6, 7));
}

// Any byte of the header may lie: the file is read or refused, and nothing else happens.
TEST_F(ClassicReader, AHostileHeaderIsReadOrRefused) {
  for (const int mode : {0, NC_64BIT_DATA}) {
    write_random("whole.nc", mode, 2);
    const std::string whole = scratch_.read(path("whole.nc"));
    const std::size_t header = std::min<std::size_t>(whole.size(), 600);
    for (std::size_t at = 0; at < header; ++at) {
      for (const char value : {'\0', '\x7f', '\xff', '\x01'}) {
        std::string hostile = whole;
        hostile[at] = value;
        scratch_.write("hostile.nc", hostile);
        try {
          const FormatFile file = open("hostile.nc");
          for (const FileVariable& variable : file.groups[0].variables) {
            if (volume(variable.shape) < (1 << 20)) read_all(*variable.reader);
          }
        } catch (const Error& error) {
          EXPECT_TRUE(error.kind() == ErrorKind::corrupt || error.kind() == ErrorKind::unsupported)
              << at << ": " << error.what();
        }
      }
    }
  }
}

// A header by hand: what no library writes.
class Header {
 public:
  explicit Header(int version) : wide_(version == 5) {
    text_ = std::string("CDF") + static_cast<char>(version);
    number(0);  // records
  }
  Header& word(std::uint64_t value) { return big_endian(value, 4); }
  Header& number(std::uint64_t value) { return big_endian(value, wide_ ? 8 : 4); }
  Header& list(std::uint64_t tag, std::uint64_t entries) { return word(tag).number(entries); }
  Header& name(std::string text) {
    number(text.size());
    text.resize((text.size() + 3) / 4 * 4, '\0');
    text_ += text;
    return *this;
  }
  Header& bytes(std::uint64_t value) { return big_endian(value, 8); }
  const std::string& text() const { return text_; }

 private:
  Header& big_endian(std::uint64_t value, int bytes) {
    for (int i = bytes - 1; i >= 0; --i) text_ += static_cast<char>(value >> (8 * i) & 0xff);
    return *this;
  }
  bool wide_;
  std::string text_;
};

constexpr std::uint64_t kNone = 0, kDimensions = 10, kVariables = 11, kAttributes = 12;

std::string refusal_of(Files& files, const std::string& path, ErrorKind expected) {
  try {
    open_netcdf(files, {path, ""});
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), expected) << error.what();
    return error.what();
  }
  return "not refused";
}

// Was padded past 2^63, which is undefined.
TEST_F(ClassicReader, SizesNearTheLargestNumberAreCorrupt) {
  for (const std::uint64_t extent : {INT64_MAX, INT64_MAX - 1, INT64_MAX - 2, INT64_MAX - 3}) {
    Header header(5);
    header.list(kDimensions, 2).name("time").number(0).name("x").number(extent);
    header.list(kNone, 0).list(kVariables, 2);
    for (const char* name : {"a", "b"}) {
      header.name(name).number(2).number(0).number(1).list(kNone, 0).word(1).number(0).bytes(500);
    }
    scratch_.write("huge.nc", header.text());
    EXPECT_THAT(refusal_of(*files_, path("huge.nc"), ErrorKind::corrupt),
                HasSubstr("overflows 64 bits"));
  }
  Header header(5);
  header.list(kNone, 0).list(kAttributes, 1).name("a").word(1).number(INT64_MAX - 1);
  scratch_.write("huge.nc", header.text());
  EXPECT_THAT(refusal_of(*files_, path("huge.nc"), ErrorKind::corrupt), HasSubstr("truncated"));
}

// Names become keys of a store: no file may choose where they lead.
TEST_F(ClassicReader, NamesThatAreNoneAreCorruptAtTheirByte) {
  const std::vector<std::pair<std::string, std::string>> bad = {
      {"", "is empty"},
      {".", "means a folder"},
      {"..", "means a folder"},
      {"../../etc", "holds a slash"},
      {"a/b", "holds a slash"},
      {"a\nb", "holds a control character"},
      {std::string("a\0b", 3), "holds a control character"},
      {"\xb0", "is not UTF-8"}};
  for (const auto& [name, problem] : bad) {
    const std::vector<std::pair<Header, std::string>> cases = {
        {Header(1).list(kDimensions, 1).name(name).number(2),
         "a dimension " + problem + " at byte 16"},
        {Header(1).list(kNone, 0).list(kAttributes, 1).name(name).word(2).number(0),
         "an attribute " + problem + " at byte 24"},
        {Header(1).list(kNone, 0).list(kNone, 0).list(kVariables, 1).name(name),
         "a variable " + problem + " at byte 32"}};
    for (const auto& [header, message] : cases) {
      scratch_.write("name.nc", header.text() + std::string(64, '\0'));
      EXPECT_THAT(refusal_of(*files_, path("name.nc"), ErrorKind::corrupt), HasSubstr(message));
    }
  }
}

TEST_F(ClassicReader, NamesThatRepeatAreCorruptAtTheirByte) {
  const auto variable = [](Header& header) {
    header.name("v").number(0).list(kNone, 0).word(1).number(0).word(0);
  };
  Header dimensions(1), attributes(1), variables(1);
  dimensions.list(kDimensions, 2).name("x").number(2).name("x").number(3);
  attributes.list(kNone, 0).list(kAttributes, 2);
  for (int i = 0; i < 2; ++i) attributes.name("a").word(2).number(0);
  variables.list(kNone, 0).list(kNone, 0).list(kVariables, 2);
  variable(variables), variable(variables);
  const std::pair<Header, const char*> cases[] = {{dimensions, "a dimension x repeats at byte 28"},
                                                  {attributes, "an attribute a repeats at byte 40"},
                                                  {variables, "a variable v repeats at byte 64"}};
  for (const auto& [header, message] : cases) {
    scratch_.write("twice.nc", header.text() + std::string(64, '\0'));
    EXPECT_THAT(refusal_of(*files_, path("twice.nc"), ErrorKind::corrupt), HasSubstr(message));
  }
}

// A million attributes took hours: each was looked for among all before it.
TEST_F(ClassicReader, AMillionAttributesAreRefusedAtOnce) {
  Header header(1);
  header.list(kNone, 0).list(kAttributes, 1000000);
  for (int i = 0; i < 1000000; ++i) header.name(fmt::format("{:07}", i)).word(2).number(0);
  scratch_.write("many.nc", header.text());
  EXPECT_THAT(refusal_of(*files_, path("many.nc"), ErrorKind::unsupported),
              HasSubstr("1000000 attributes (the limit is 8192)"));
}

// They have no bytes, and nothing may be copied from where there are none (found by fuzzing).
TEST_F(ClassicReader, AttributesWithoutValuesAreRead) {
  {
    Netcdf nc(path("empty.nc"), 0);
    nc.ok(nc_put_att_schar(nc.id(), NC_GLOBAL, "bytes", NC_BYTE, 0, nullptr));
    nc.ok(nc_put_att_double(nc.id(), NC_GLOBAL, "doubles", NC_DOUBLE, 0, nullptr));
    nc.ok(nc_put_att_text(nc.id(), NC_GLOBAL, "text", 0, nullptr));
  }
  const Attributes attributes = open("empty.nc").groups[0].attributes;
  EXPECT_EQ(attributes.to_json().size(), 3U);
  EXPECT_EQ(attributes.text("text"), "");
}

// "\xb0" "C" is what Fortran programs call degrees Celsius; netCDF4-python shows U+FFFD and C.
TEST_F(ClassicReader, TextsThatAreNotUtf8AreMendedAsNetcdf4Does) {
  for (const int mode : {0, NC_64BIT_DATA, NC_NETCDF4}) {
    {
      Netcdf nc(path("latin.nc"), mode);
      const int v = nc.var("v", NC_CHAR, {nc.dim("x", 2)});
      nc.ok(nc_put_att_text(nc.id(), v, "units", 2,
                            "\xb0"
                            "C"));
      nc.ok(nc_put_att_text(nc.id(), v, "_FillValue", 1, "\xff"));
      if (mode == NC_NETCDF4) {
        const char* text = "caf\xe9";
        nc.ok(nc_put_att_string(nc.id(), v, "text", 1, &text));
        nc.ok(nc_put_var_string(nc.id(), nc.var("s", NC_STRING, {}), &text));
      }
    }
    const FormatFile file = open("latin.nc");
    const FileVariable& v = variable_at(file.groups[0], "v");
    EXPECT_EQ(v.attributes.text("units"),
              "\xef\xbf\xbd"
              "C");
    EXPECT_EQ(v.attributes.text("_FillValue"), "\xff");
    if (mode != NC_NETCDF4) continue;
    EXPECT_EQ(v.attributes.text("text"), "caf\xef\xbf\xbd");
    const Array texts = read_all(*variable_at(file.groups[0], "s").reader);
    EXPECT_EQ(texts.values<StringRef>()[0].view(), "caf\xef\xbf\xbd");
  }
}

TEST_F(ClassicReader, EveryFailingOrShortReadIsReported) {
  write_random("f.nc", NC_64BIT_OFFSET, 3);
  FaultyFiles faulty(*files_);
  const auto read = [&] {
    const FormatFile file = open_netcdf(faulty, {path("f.nc"), ""});
    for (const FileVariable& variable : file.groups[0].variables) read_all(*variable.reader);
  };
  for (const Failure failure : {Failure::error, Failure::short_read}) {
    int failures = 0;
    for (std::int64_t n = 1;; ++n) {
      faulty.set_fault({n, failure});
      try {
        read();
        // A reader that wants 64 KiB of header doesn't miss what a shorter answer leaves out.
        EXPECT_TRUE(!faulty.fired() || failure == Failure::short_read) << n;
      } catch (const Error&) {
        EXPECT_TRUE(faulty.fired()) << n;
        ++failures;
      }
      if (!faulty.fired()) break;
    }
    EXPECT_GT(failures, 4);
  }
}

TEST_F(ClassicReader, AFileThatChangesBetweenSurveyAndReadIsAConflict) {
  write_random("c.nc", 0, 2);
  const FormatFile file = open("c.nc");
  scratch_.write("c.nc", scratch_.read(path("c.nc")) + "more");
  try {
    read_all(*file.groups[0].variables[0].reader);
    FAIL() << "a changed file was read";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::conflict);
    EXPECT_THAT(error.what(), HasSubstr("c.nc"));
  }
}

}  // namespace
}  // namespace gridmill
