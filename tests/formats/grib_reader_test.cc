// GRIB files as named hypercubes; expected names and values were taken from cfgrib 0.9.15.

#include <eccodes.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "doubles/faulty_files.h"
#include "doubles/real_data.h"
#include "formats/netcdf_file.h"
#include "formats/read_variable.h"

namespace gridmill {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::read_all;
using testing::ScratchDirectory;
using testing::values_of;
using testing::variable_at;

// A GRIB2 message of a 4 x 3 grid from ecCodes' own sample, as the oracle of encoding.
class SampleMessage {
 public:
  SampleMessage() : handle_(codes_grib_handle_new_from_samples(nullptr, "GRIB2")) {
    set("Ni", 4);
    set("Nj", 3);
    set("latitudeOfFirstGridPointInDegrees", 20.0);
    set("latitudeOfLastGridPointInDegrees", 0.0);
    set("longitudeOfFirstGridPointInDegrees", 0.0);
    set("longitudeOfLastGridPointInDegrees", 30.0);
    set("iDirectionIncrementInDegrees", 10.0);
    set("jDirectionIncrementInDegrees", 10.0);
    set("shortName", "t");
    set("typeOfLevel", "isobaricInhPa");
    set("level", 500);
    set("dataDate", 20200229);
  }
  ~SampleMessage() { codes_handle_delete(handle_); }
  SampleMessage(const SampleMessage&) = delete;
  SampleMessage& operator=(const SampleMessage&) = delete;

  SampleMessage& set(const char* key, long value) {
    EXPECT_EQ(codes_set_long(handle_, key, value), 0) << key;
    return *this;
  }
  SampleMessage& set(const char* key, int value) { return set(key, static_cast<long>(value)); }
  SampleMessage& set(const char* key, double value) {
    EXPECT_EQ(codes_set_double(handle_, key, value), 0) << key;
    return *this;
  }
  SampleMessage& set(const char* key, const char* value) {
    std::size_t length = std::strlen(value);
    EXPECT_EQ(codes_set_string(handle_, key, value, &length), 0) << key;
    return *this;
  }
  // Values first, first + 1, ...
  std::string bytes(double first) {
    std::vector<double> values(12);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = first + static_cast<double>(i);
    EXPECT_EQ(codes_set_double_array(handle_, "values", values.data(), values.size()), 0);
    const void* message = nullptr;
    std::size_t size = 0;
    EXPECT_EQ(codes_get_message(handle_, &message, &size), 0);
    return {static_cast<const char*>(message), size};
  }

 private:
  codes_handle* handle_;
};

class GribReader : public ::testing::Test {
 protected:
  FormatFile open(const std::string& content) {
    scratch_.write("a.grib", content);
    return open_grib(*files_, {scratch_.path("a.grib"), ""});
  }
  std::string message_of_failure(const std::string& content, ErrorKind kind) {
    try {
      const FormatFile file = open(content);
      for (const FileGroup& group : file.groups) {
        for (const FileVariable& variable : group.variables) read_all(*variable.reader);
      }
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), kind) << error.what();
      return error.what();
    }
    return "nothing was thrown";
  }

  std::unique_ptr<Files> files_ = posix_files();
  ScratchDirectory scratch_;
};

std::vector<float> ramp(float first) {
  std::vector<float> values(12);
  for (std::size_t i = 0; i < 12; ++i) values[i] = first + static_cast<float>(i);
  return values;
}

std::size_t section_begin(const std::string& message, int number) {
  std::size_t at = 16;
  while (message[at + 4] != static_cast<char>(number)) {
    at += static_cast<std::size_t>(static_cast<unsigned char>(message[at + 2]) * 256 +
                                   static_cast<unsigned char>(message[at + 3]));
  }
  return at;
}

// The fields of all, in one message.
std::string joined(const std::vector<std::string>& messages) {
  std::string whole = messages[0].substr(0, messages[0].size() - 4);
  for (std::size_t i = 1; i < messages.size(); ++i) {
    const std::string& next = messages[i];
    const std::size_t from = section_begin(next, 4);
    whole += next.substr(from, next.size() - 4 - from);
  }
  whole += "7777";
  for (std::size_t i = 0; i < 8; ++i) whole[15 - i] = static_cast<char>(whole.size() >> (8 * i));
  return whole;
}

TEST_F(GribReader, LevelsAndTimesBecomeAHypercubeWithHoles) {
  SampleMessage sample;
  std::string content = sample.set("level", 500).bytes(100);
  content += sample.set("level", 850).bytes(200);
  content += sample.set("level", 500).set("dataDate", 20200301).bytes(300);  // 850 is missing
  const FormatFile file = open(content);
  EXPECT_EQ(file.format, "GRIB 2");
  ASSERT_EQ(file.groups.size(), 1U);
  const FileGroup& root = file.groups[0];
  const FileVariable& t = variable_at(root, "t");
  EXPECT_THAT(t.dimensions, ElementsAre("time", "isobaricInhPa", "latitude", "longitude"));
  EXPECT_EQ(t.shape, Shape({2, 2, 3, 4}));
  EXPECT_EQ(t.chunks, Shape({1, 1, 3, 4}));
  EXPECT_EQ(t.attributes.text("units"), "K");
  EXPECT_EQ(t.attributes.text("coordinates"),
            "time step isobaricInhPa latitude longitude valid_time");
  EXPECT_THAT(values_of<double>(read_all(*variable_at(root, "isobaricInhPa").reader)),
              ElementsAre(850, 500));
  EXPECT_THAT(values_of<double>(read_all(*variable_at(root, "latitude").reader)),
              ElementsAre(20, 10, 0));
  // date -u -d 2020-02-29T12:00 +%s
  EXPECT_THAT(values_of<std::int64_t>(read_all(*variable_at(root, "time").reader)),
              ElementsAre(1582977600, 1583064000));
  const std::vector<float> values = values_of<float>(read_all(*t.reader));
  const auto leaf = [&](std::ptrdiff_t i) {
    return std::vector<float>(values.begin() + 12 * i, values.begin() + 12 * (i + 1));
  };
  EXPECT_EQ(leaf(0), ramp(200));
  EXPECT_EQ(leaf(1), ramp(100));
  EXPECT_TRUE(std::isnan(leaf(2)[0]));
  EXPECT_EQ(leaf(3), ramp(300));
}

TEST_F(GribReader, FieldsThatDoNotShareCoordinatesFormGroups) {
  SampleMessage sample;
  std::string content = sample.bytes(1);
  sample.set("typeOfLevel", "heightAboveGround").set("shortName", "2t");
  content += sample.bytes(2);
  sample.set("shortName", "10u");
  content += sample.bytes(3);
  const FormatFile file = open(content);
  std::vector<std::string> paths;
  for (const FileGroup& group : file.groups) paths.push_back(group.path);
  EXPECT_THAT(paths, ElementsAre("", "heightAboveGround", "heightAboveGround_2", "isobaricInhPa"));
  ASSERT_EQ(file.notes.size(), 1U);
  EXPECT_EQ(values_of<float>(read_all(*variable_at(file.groups[2], "u10").reader)), ramp(3));
}

TEST_F(GribReader, AMessageMayHoldSeveralFields) {
  SampleMessage sample;
  const std::string first = sample.bytes(10), second = sample.set("level", 850).bytes(20);
  const FormatFile file = open(joined({first, second}));
  const std::vector<float> values =
      values_of<float>(read_all(*variable_at(file.groups[0], "t").reader));
  std::vector<float> expected = ramp(20);
  const std::vector<float> upper = ramp(10);
  expected.insert(expected.end(), upper.begin(), upper.end());
  EXPECT_EQ(values, expected);
}

TEST_F(GribReader, TwoMessagesForOnePlaceAreCorrupt) {
  SampleMessage sample;
  const std::string one = sample.bytes(1);
  EXPECT_THAT(message_of_failure(one + one, ErrorKind::corrupt),
              AllOf(HasSubstr("message 1 at byte 0"),
                    HasSubstr("message 2 at byte " + std::to_string(one.size()))));
}

TEST_F(GribReader, EveryTruncationAndTrailingGarbageIsCorrupt) {
  SampleMessage sample;
  const std::string one = sample.bytes(1);
  const std::string two = one + sample.set("level", 850).bytes(2);
  for (std::size_t length = 0; length < two.size(); ++length) {
    if (length == one.size()) continue;
    const std::string what = message_of_failure(two.substr(0, length), ErrorKind::corrupt);
    EXPECT_THAT(what, HasSubstr("a.grib")) << length;
    if (length > one.size()) {
      EXPECT_THAT(what, HasSubstr("message 2 at byte " + std::to_string(one.size())));
      EXPECT_THAT(what, HasSubstr("message 1 before it is good"));
    }
  }
  EXPECT_THAT(message_of_failure(two + "rubbish", ErrorKind::corrupt),
              HasSubstr("neither a GRIB message nor padding"));
}

// Zeros of any length were passed over without a word.
TEST_F(GribReader, ZerosAreToldWherePaddingDoesNotExplainThem) {
  SampleMessage sample;
  const std::string one = sample.bytes(1), two = sample.set("level", 850).bytes(2);
  const auto zeros = [](std::size_t count) { return std::string(count, '\0'); };
  const auto fill_of = [](std::size_t length, std::size_t block) {
    return (block - length % block) % block;
  };
  // To a word, to the unit of a tape, to a block.
  EXPECT_THAT(open(one + zeros(7) + two + zeros(119)).notes, ElementsAre());
  for (const std::size_t block : {256U, 512U, 4096U}) {
    const std::string filled = one + zeros(fill_of(one.size(), block)) + two;
    EXPECT_THAT(open(filled + zeros(fill_of(filled.size(), block))).notes, ElementsAre()) << block;
  }
  // A message that was lost on the way, and a file that was made larger than what came.
  const auto at = [](std::size_t n) { return std::to_string(n); };
  EXPECT_THAT(open(one + zeros(one.size()) + two).notes,
              ElementsAre(AllOf(HasSubstr("byte " + at(one.size())),
                                HasSubstr(at(one.size()) + " zero bytes before message 2"))));
  EXPECT_THAT(open(one + two + zeros(10000)).notes,
              ElementsAre(HasSubstr("10000 zero bytes behind the last message")));
  EXPECT_THAT(open(zeros(8192) + one).notes,
              ElementsAre(HasSubstr("8192 zero bytes before message 1")));
  EXPECT_EQ(values_of<float>(
                read_all(*variable_at(open(one + zeros(5000) + two).groups[0], "t").reader))[12],
            1);
}

// The beginning of a message or of a bulletin is no padding, whatever comes before it.
TEST_F(GribReader, ATailThatWasCutIsNotPadding) {
  SampleMessage sample;
  const std::string one = sample.bytes(1);
  for (const std::string tail : {"G", "GR", "GRI", "GRIB", "\x01", "\x01\r\r\n",
                                 "\x01\r\r\n123 \r\r\n", "HHXA01 KWBC 010000\r\r\n"}) {
    for (const std::size_t zeros : {0U, 100U, 4093U, 4096U, 5000U}) {
      EXPECT_THAT(message_of_failure(one + std::string(zeros, '\0') + tail, ErrorKind::corrupt),
                  AllOf(HasSubstr("message 2 at byte"), HasSubstr("message 1 before it is good")))
          << zeros << " zeros, " << tail;
    }
  }
  EXPECT_THAT(open(one + "\r\r\n\x03").notes, ElementsAre());
}

// ecCodes, and so did we, takes such a field for one without a bitmap.
TEST_F(GribReader, ABitmapFromBeforeMustHaveBeenThere) {
  SampleMessage plain, masked;
  const std::string without = plain.bytes(10);
  const std::string with = masked.set("bitmapPresent", 1).set("level", 850).bytes(20);
  std::string before = plain.set("level", 1000).bytes(30);
  before[section_begin(before, 6) + 5] = static_cast<char>(254);
  for (const auto& message : {before, joined({without, before}), joined({with, without, before})}) {
    EXPECT_THAT(message_of_failure(with + message, ErrorKind::corrupt),
                AllOf(HasSubstr("message 2 at byte " + std::to_string(with.size())),
                      HasSubstr("indicator 254"), HasSubstr("message 1 before it is good")));
  }
  const FormatFile file = open(joined({with, before}));
  EXPECT_EQ(values_of<float>(read_all(*variable_at(file.groups[0], "t").reader))[0], 30);
}

// Whoever has a damaged archive wants to know what can be saved.
TEST_F(GribReader, GoodMessagesBehindTheDamageAreCounted) {
  SampleMessage sample;
  const std::string one = sample.bytes(1);
  const std::string two = sample.set("level", 850).bytes(2);
  const std::string three = sample.set("level", 1000).bytes(3);
  const std::string four = sample.set("level", 200).bytes(4);
  const auto at = [](std::size_t n) { return std::to_string(n); };
  // A byte of the end mark: the frame is broken.
  std::string broken = two;
  broken.back() = '8';
  EXPECT_THAT(message_of_failure(one + broken + three + four, ErrorKind::corrupt),
              AllOf(HasSubstr("message 2 at byte " + at(one.size())),
                    HasSubstr("message 1 before it is good"),
                    HasSubstr("2 good messages come after it, the first at byte " +
                              at(one.size() + two.size()))));
  // Cut out of the middle: its length leads into the next message, which is whole all the same.
  EXPECT_THAT(
      message_of_failure(one + two.substr(0, 40) + three + broken + four, ErrorKind::corrupt),
      HasSubstr("2 good messages come after it, the first at byte " + at(one.size() + 40)));
  // Between messages, and at the end.
  EXPECT_THAT(message_of_failure(one + "some rubbish\x02" + two, ErrorKind::corrupt),
              HasSubstr("1 good message comes after it, at byte " + at(one.size() + 13)));
  EXPECT_THAT(message_of_failure(one + two.substr(0, 50), ErrorKind::corrupt),
              HasSubstr("none comes after it"));
}

// An empty answer to a read was taken for the end of the file: fewer messages, and no error.
TEST_F(GribReader, EveryFailingOrShortReadIsReported) {
  SampleMessage sample;
  const std::string one = sample.bytes(1);
  scratch_.write("a.grib", one + sample.set("level", 850).bytes(2) + std::string(10000, '\0'));
  FaultyFiles faulty(*files_);
  const auto read = [&] {
    const FormatFile file = open_grib(faulty, {scratch_.path("a.grib"), ""});
    for (const FileVariable& variable : file.groups[0].variables) read_all(*variable.reader);
  };
  for (const Failure failure : {Failure::error, Failure::short_read}) {
    for (std::int64_t n = 1;; ++n) {
      faulty.set_fault({n, failure});
      bool is_reported = false;
      try {
        read();
      } catch (const Error&) {
        is_reported = true;
      }
      EXPECT_EQ(is_reported, faulty.fired()) << n;
      if (!faulty.fired()) break;
    }
  }
}

TEST(RealFiles, AllOpenAndCanBeRead) {
  const std::string folder = real_data();
  if (folder.empty()) GTEST_SKIP() << "no real data";
  const auto files = posix_files();
  int count = 0;
  for (const DirectoryEntry& entry : files->list(folder)) {
    const Location location{folder + "/" + entry.name, ""};
    const FileFormat format = detect_format(*files, location);
    if (format == FileFormat::unknown) continue;
    if (entry.name == "era5-levels-corrupted.grib") continue;
    SCOPED_TRACE(entry.name);
    EXPECT_EQ(format, entry.name.ends_with(".nc") ? FileFormat::netcdf : FileFormat::grib);
    const FormatFile file =
        format == FileFormat::grib ? open_grib(*files, location) : open_netcdf(*files, location);
    for (const FileGroup& group : file.groups) {
      for (const FileVariable& variable : group.variables) {
        EXPECT_EQ(read_all(*variable.reader).shape(), variable.shape) << variable.name;
      }
    }
    ++count;
  }
  EXPECT_GE(count, 17);
}

TEST(RealFiles, TheDamagedGribIsRefusedWithMessageAndOffset) {
  const std::string folder = real_data();
  if (folder.empty()) GTEST_SKIP() << "no real data";
  const auto files = posix_files();
  try {
    open_grib(*files, {folder + "/era5-levels-corrupted.grib", ""});
    FAIL() << "a damaged file was opened";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::corrupt);
    EXPECT_THAT(error.what(), AllOf(HasSubstr("era5-levels-corrupted.grib"),
                                    HasSubstr("message 1 at byte 0"), HasSubstr("7777"),
                                    HasSubstr("1 good message comes after it, at byte 22068")));
  }
}

}  // namespace
}  // namespace gridmill
