// The index that is made of headers: ecCodes, asked about every single field, says what is right.

#include "gridmill/formats/grib_index.h"

#include <eccodes.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <map>
#include <random>
#include <set>

#include "doubles/value_readers.h"
#include "formats/netcdf_file.h"
#include "gridmill/formats/grib_handle.h"
#include "gridmill/formats/grib_kind.h"
#include "gridmill/store/file_store.h"

namespace gridmill {
namespace {

using testing::ScratchDirectory;

class Message {
 public:
  explicit Message(const char* sample)
      : handle_(codes_grib_handle_new_from_samples(nullptr, sample)) {
    set("bitsPerValue", 8);
  }
  ~Message() { codes_handle_delete(handle_); }
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;

  bool may_set(const char* key, long value) { return codes_set_long(handle_, key, value) == 0; }
  Message& set(const char* key, long value) {
    EXPECT_TRUE(may_set(key, value)) << key << " = " << value;
    return *this;
  }
  Message& set(const char* key, const char* value) {
    std::size_t length = std::strlen(value);
    EXPECT_EQ(codes_set_string(handle_, key, value, &length), 0) << key << " = " << value;
    return *this;
  }
  void set_random_values(std::size_t count) {
    std::mt19937 random(1);
    std::vector<double> values(count);
    for (double& value : values) value = static_cast<double>(random() % 1000000);
    EXPECT_EQ(codes_set_double_array(handle_, "values", values.data(), count), 0);
  }
  std::string bytes() const {
    const void* message = nullptr;
    std::size_t size = 0;
    EXPECT_EQ(codes_get_message(handle_, &message, &size), 0);
    return {static_cast<const char*>(message), size};
  }

 private:
  codes_handle* handle_;
};

std::size_t find_section(const std::string& message, int number) {
  for (const GribSection& section : grib_sections_2(as_bytes(message))) {
    if (section.number == number) {
      return static_cast<std::size_t>(as_text(section.bytes).data() - message.data());
    }
  }
  return message.size();
}

// What ecCodes says about the message, in the order of kGribAxisKeys.
std::vector<double> place_by_eccodes(GribHandle& handle) {
  std::vector<double> place;
  for (const std::string key : kGribAxisKeys) {
    const Json value = key == "time"    ? handle.reference_time()
                       : key == "level" ? handle.key_as_float("level")
                       : key == "step"  ? handle.step_hours()
                                        : handle.key_as_integer(key);
    place.push_back(value.is_number() ? value.get<double>() : std::nan(""));
  }
  return place;
}

constexpr std::array kShared = {"dataType", "typeOfLevel",    "stepType", "gridType",
                                "centre",   "md5GridSection", "shortName"};

class GribIndex : public ::testing::Test {
 protected:
  // Adds a field unless it stands at the place of another.
  void add(const std::string& message) {
    GribHandle handle(as_bytes(message));
    std::string identity;
    for (const double value : place_by_eccodes(handle)) identity += std::to_string(value) + ",";
    for (const char* key : kShared) identity += dump_json(handle.key_as_text(key), -1);
    identity += dump_json(handle.key_as_integer("paramId"), -1) +
                dump_json(handle.key_as_integer("edition"), -1);
    if (places_.insert(identity).second) content_ += message;
  }

  std::vector<GribCube> index() {
    scratch_.write("a.grib", content_);
    file_ =
        std::make_unique<testing::CountingReader>(file_reader(*files_, scratch_.path("a.grib")));
    return index_grib(*file_).cubes;
  }

  // Every field of the file, against ecCodes.
  void expect_as_eccodes() {
    const std::vector<GribCube> cubes = index();
    const std::size_t bytes = file_->bytes;
    std::size_t fields = 0;
    for (const GribCube& cube : cubes) {
      for (const GribField& field : cube.fields) {
        Buffer message;
        read_grib_message(*file_, field.message, message);
        if (field.message.fields > 1) keep_grib_field(field.field, message);
        GribHandle handle(message);
        const std::vector<double> place = place_by_eccodes(handle);
        for (std::size_t k = 0; k < place.size(); ++k) {
          const bool same =
              field.place[k] == place[k] || (std::isnan(field.place[k]) && std::isnan(place[k]));
          EXPECT_TRUE(same) << field.describe() << ", " << kGribAxisKeys[k] << ": "
                            << field.place[k] << " for " << place[k];
        }
        for (const char* key : kShared) {
          EXPECT_EQ(cube.keys.at(key), handle.key_as_text(key)) << field.describe() << ", " << key;
        }
        EXPECT_EQ(cube.keys.at("paramId"), handle.key_as_integer("paramId"));
        ++fields;
      }
    }
    EXPECT_EQ(fields, places_.size());
    expect_headers_as_eccodes();
    read_share_ = static_cast<double>(bytes) / static_cast<double>(content_.size());
  }

  // What the headers say, without ecCodes' help: time and number as they are, steps but for what
  // all of the kind add to them.
  void expect_headers_as_eccodes() {
    std::map<std::string, double> added;
    scan_grib(*file_, [&](const GribMessage& message, std::span<const GribSections> sections) {
      for (std::size_t i = 0; i < sections.size(); ++i) {
        std::string kind;
        const GribVarying varying = split_grib_header(sections[i], kind);
        Buffer bytes;
        read_grib_message(*file_, message, bytes);
        if (message.fields > 1) keep_grib_field(static_cast<int>(i), bytes);
        GribHandle handle(bytes);
        const std::vector<double> place = place_by_eccodes(handle);
        EXPECT_EQ(static_cast<double>(varying.number.value_or(0)), varying.number ? place[0] : 0);
        EXPECT_EQ(static_cast<double>(varying.time.value_or(0)), varying.time ? place[1] : 0);
        if (!varying.step) continue;
        const double step = static_cast<double>(*varying.step) / varying.steps_per_hour;
        const auto at = added.emplace(kind, place[2] - step).first;
        EXPECT_EQ(at->second, place[2] - step) << "message " << message.number;
        ++steps_;
      }
    });
  }

  std::unique_ptr<Files> files_ = posix_files();
  ScratchDirectory scratch_;
  int steps_ = 0;  // that headers told
  std::unique_ptr<testing::CountingReader> file_;
  std::string content_;
  std::set<std::string> places_;
  double read_share_ = 0;
  std::mt19937 random_{11};

  long any(long first, long last) {
    return std::uniform_int_distribution<long>(first, last)(random_);
  }
  long any_date() {
    constexpr std::array kDates = {19000228L, 19991231L, 20000101L, 20000229L,
                                   20010301L, 20240229L, 21001231L};
    return kDates[static_cast<std::size_t>(any(0, kDates.size() - 1))] / 100 * 100 + any(1, 28);
  }
};

TEST_F(GribIndex, Edition1InEveryTimeRange) {
  Message message("GRIB1");
  message.set("perturbationNumber", 0L).set("numberOfForecastsInEnsemble", 50L);
  for (const char* level : {"isobaricInhPa", "surface", "hybrid", "depthBelowLandLayer"}) {
    message.set("typeOfLevel", level);
    for (const long range : {0L, 1L, 2L, 3L, 4L, 5L, 10L, 113L, 123L}) {
      for (const long unit : {1L, 0L, 2L, 10L, 11L}) {
        message.set("timeRangeIndicator", range).set("unitOfTimeRange", unit);
        for (int i = 0; i < 8; ++i) {
          message.set("P1", any(0, 20)).set("P2", any(20, 200));
          message.set("dataDate", any_date()).set("dataTime", any(0, 23) * 100 + any(0, 3) * 15);
          message.set("perturbationNumber", any(0, 9)).set("decimalScaleFactor", any(0, 3));
          add(message.bytes());
        }
      }
    }
  }
  expect_as_eccodes();
  EXPECT_GT(steps_, 100);
}

TEST_F(GribIndex, Edition2InEveryProductTemplate) {
  for (const long number :
       {0L, 1L, 2L, 5L, 6L, 8L, 9L, 10L, 11L, 12L, 40L, 41L, 42L, 43L, 60L, 61L, 15L, 46L, 48L}) {
    Message message("GRIB2");
    message.set("productDefinitionTemplateNumber", number);
    message.may_set("numberOfTimeRange", 1);
    for (const long unit : {1L, 0L, 11L, 13L}) {
      message.set("indicatorOfUnitOfTimeRange", unit);
      for (const long length : {6L, 24L}) {
        message.may_set("indicatorOfUnitForTimeRange", 1);
        message.may_set("lengthOfTimeRange", length);
        for (int i = 0; i < 5; ++i) {
          message.set("dataDate", any_date()).set("dataTime", any(0, 23) * 100 + any(0, 3) * 15);
          message.set("second", any(0, 9) == 0 ? 30L : 0L);
          message.set("forecastTime", any(0, 3) * 3600);
          message.may_set("perturbationNumber", any(0, 9));
          message.may_set("yearOfEndOfOverallTimeInterval", any(1990, 2030));
          message.may_set("dayOfEndOfOverallTimeInterval", any(1, 28));
          add(message.bytes());
        }
      }
    }
  }
  expect_as_eccodes();
  EXPECT_GT(steps_, 100);
}

TEST_F(GribIndex, OddDatesAndStepsAreLeftToEcCodes) {
  Message first("GRIB1"), second("GRIB2");
  for (int i = 0; i < 20; ++i) {
    first.set("yearOfCentury", any(95, 105)).set("month", any(0, 13)).set("day", any(0, 32));
    first.set("hour", any(0, 25)).set("minute", any(0, 61));
    add(first.bytes());
    second.set("year", any(0, 3) * 1000).set("month", any(0, 13)).set("day", any(0, 32));
    second.set("hour", any(0, 25)).set("minute", any(0, 61)).set("forecastTime", any(-3, 3));
    add(second.bytes());
  }
  expect_as_eccodes();
}

// ecCodes makes names of these, too.
TEST_F(GribIndex, LevelsAndLengthsThatNameAParameter) {
  Message message("GRIB2");
  message.set("typeOfLevel", "heightAboveGround");
  for (const char* name : {"2t", "10u", "10v", "2d"}) {
    message.set("shortName", name);
    for (const long day : {1L, 2L, 3L}) add(message.set("dataDate", 20240100 + day).bytes());
  }
  for (const long level : {2L, 10L, 80L, 100L}) {
    message.set("shortName", "t").set("typeOfLevel", "heightAboveGround").set("level", level);
    for (const long day : {1L, 2L, 3L}) add(message.set("dataDate", 20240200 + day).bytes());
  }
  expect_as_eccodes();
}

TEST_F(GribIndex, OfManyLikeMessagesOnlyHeadersAreRead) {
  for (const char* sample : {"GRIB1", "GRIB2"}) {
    Message message(sample);
    message.set("Ni", 100L).set("Nj", 100L).set("bitsPerValue", 24L).set_random_values(10000);
    message.set("typeOfLevel", "isobaricInhPa");
    for (const long level : {500L, 850L}) {
      message.set("level", level);
      for (long day = 1; day <= 20; ++day) {
        for (const long step : {0L, 6L, 12L, 240L}) {
          add(message.set("dataDate", 20240100 + day).set("endStep", step).bytes());
        }
      }
    }
  }
  expect_as_eccodes();
  EXPECT_EQ(places_.size(), 320U);
  EXPECT_LT(read_share_, 0.15);
}

// Names and steps of every field of a message of several.
TEST_F(GribIndex, FieldsOfOneMessage) {
  Message message("GRIB2");
  std::string whole = message.bytes();
  const std::size_t product = find_section(whole, 4);
  whole.resize(whole.size() - 4);
  places_.insert("the first");
  for (long step = 1; step < 40; ++step) {
    const std::string other = message.set("forecastTime", step).bytes();
    whole += other.substr(product, other.size() - 4 - product);
    places_.insert(std::to_string(step));
  }
  whole += "7777";
  for (std::size_t i = 0; i < 8; ++i) whole[15 - i] = static_cast<char>(whole.size() >> (8 * i));
  content_ = whole;
  expect_as_eccodes();
}

// How many fields, or what is wrong.
std::string scanned(const std::string& content) {
  int fields = 0;
  std::string kind;
  try {
    scan_grib(testing::BytesReader(content),
              [&](const GribMessage&, std::span<const GribSections> sections) {
                for (const GribSections& field : sections) {
                  split_grib_header(field, kind);
                  ++fields;
                }
              });
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::corrupt) << error.what();
    EXPECT_NE(std::string(error.what()).find("message "), std::string::npos) << error.what();
    return error.what();
  }
  return std::to_string(fields) + " fields";
}

// Every byte of the headers takes other values, and every shorter file is tried; the sanitizers see
// to the rest.
TEST(GribScan, DamagedHeadersAreSafe) {
  std::mt19937 random(21);
  for (const char* sample :
       {"GRIB1", "GRIB2", "reduced_gg_pl_32_grib1", "reduced_gg_pl_32_grib2"}) {
    Message message(sample);
    message.set("bitmapPresent", 1L);
    const std::string one = message.bytes();
    const std::string two = one + message.set("dataDate", 20240101L).bytes();
    EXPECT_EQ(scanned(two), "2 fields") << sample;
    const std::size_t head = std::min<std::size_t>(one.size(), 400);
    for (std::size_t at = 0; at < head; ++at) {
      for (int i = 0; i < 4; ++i) {
        std::string changed = two;
        changed[at] = i < 2 ? static_cast<char>(changed[at] ^ (1 << random() % 8))
                            : static_cast<char>(random());
        scanned(changed);
      }
    }
    for (std::size_t length = 1; length < two.size(); length += length < 600 ? 1 : 997) {
      const bool is_whole = scanned(two.substr(0, length)).ends_with(" fields");
      EXPECT_EQ(is_whole, length == one.size()) << length;
    }
  }
}

}  // namespace
}  // namespace gridmill
