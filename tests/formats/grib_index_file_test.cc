// The index that is kept beside a GRIB file: the oracle is the scan of the same file.

#include "gridmill/formats/grib_index_file.h"

#include <eccodes.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cstring>

#include "doubles/faulty_files.h"
#include "doubles/value_readers.h"
#include "formats/netcdf_file.h"
#include "formats/read_variable.h"
#include "formats/same_file.h"
#include "gridmill/base/hashing.h"
#include "gridmill/formats/grib_index_bytes.h"

namespace gridmill {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::read_all;
using testing::ScratchDirectory;

class Message {
 public:
  explicit Message(const char* sample)
      : handle_(codes_grib_handle_new_from_samples(nullptr, sample)) {
    set("Ni", 4).set("Nj", 3).set("bitsPerValue", 8);
    set("typeOfLevel", "isobaricInhPa");
  }
  ~Message() { codes_handle_delete(handle_); }
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;

  Message& set(const char* key, long value) {
    EXPECT_EQ(codes_set_long(handle_, key, value), 0) << key << " = " << value;
    return *this;
  }
  Message& set(const char* key, const char* value) {
    std::size_t length = std::strlen(value);
    EXPECT_EQ(codes_set_string(handle_, key, value, &length), 0) << key << " = " << value;
    return *this;
  }
  std::string bytes() {
    std::vector<double> values(12);
    for (double& value : values) value = ++next_;
    EXPECT_EQ(codes_set_double_array(handle_, "values", values.data(), values.size()), 0);
    const void* message = nullptr;
    std::size_t size = 0;
    EXPECT_EQ(codes_get_message(handle_, &message, &size), 0);
    return {static_cast<const char*>(message), size};
  }

 private:
  codes_handle* handle_;
  double next_ = 0;
};

std::size_t section_begin(const std::string& message, int number) {
  for (const GribSection& section : grib_sections_2(as_bytes(message))) {
    if (section.number == number) {
      return static_cast<std::size_t>(as_text(section.bytes).data() - message.data());
    }
  }
  return message.size();
}

// The fields of both, in one message.
std::string joined(const std::string& first, const std::string& second) {
  std::string both = first.substr(0, first.size() - 4) + second.substr(section_begin(second, 4));
  for (std::size_t i = 0; i < 8; ++i) both[15 - i] = static_cast<char>(both.size() >> (8 * i));
  return both;
}

// Several cubes, holes, both editions, a message of two fields, a gap, messages of any length.
std::string varied_content() {
  Message second("GRIB2"), first("GRIB1");
  std::string content;
  for (const long day : {3L, 1L, 2L}) {
    for (const long level : {500L, 1000L, 850L}) {
      if (day == 2 && level == 850) continue;
      second.set("dataDate", 20200100 + day).set("level", level).set("bitsPerValue", 8 + day);
      content += second.bytes();
    }
  }
  content += std::string(300, '\0');
  const std::string north = second.set("shortName", "u").bytes();
  content += joined(north, second.set("level", 300L).bytes());
  for (const long step : {0L, 6L, 12L}) {
    content += first.set("shortName", "z").set("endStep", step).bytes();
  }
  return content;
}

void expect_same(const GribIndex& a, const GribIndex& b) {
  ASSERT_EQ(a.cubes.size(), b.cubes.size());
  for (std::size_t c = 0; c < a.cubes.size(); ++c) {
    const GribCube &mine = a.cubes[c], &theirs = b.cubes[c];
    EXPECT_EQ(mine.name, theirs.name);
    EXPECT_EQ(mine.keys, theirs.keys);
    ASSERT_EQ(mine.axes.size(), theirs.axes.size());
    for (std::size_t i = 0; i < mine.axes.size(); ++i) {
      EXPECT_EQ(mine.axes[i].name, theirs.axes[i].name);
      EXPECT_EQ(mine.axes[i].key, theirs.axes[i].key);
      EXPECT_EQ(mine.axes[i].values, theirs.axes[i].values);
      EXPECT_EQ(mine.axes[i].is_integer, theirs.axes[i].is_integer);
    }
    ASSERT_EQ(mine.fields.size(), theirs.fields.size());
    for (std::size_t f = 0; f < mine.fields.size(); ++f) {
      const GribField &x = mine.fields[f], &y = theirs.fields[f];
      using Bits = std::array<std::uint64_t, kGribAxisKeys.size()>;
      EXPECT_EQ(std::bit_cast<Bits>(x.place), std::bit_cast<Bits>(y.place)) << y.describe();
      EXPECT_EQ(x.field, y.field);
      EXPECT_EQ(x.describe(), y.describe());
      EXPECT_EQ(x.message.length, y.message.length);
      EXPECT_EQ(x.message.edition, y.message.edition);
      EXPECT_EQ(x.message.fields, y.message.fields);
    }
  }
  ASSERT_EQ(a.gaps.size(), b.gaps.size());
  for (std::size_t i = 0; i < a.gaps.size(); ++i) {
    EXPECT_EQ(a.gaps[i].offset, b.gaps[i].offset);
    EXPECT_EQ(a.gaps[i].length, b.gaps[i].length);
    EXPECT_EQ(a.gaps[i].before, b.gaps[i].before);
  }
}

class KeptGribIndex : public ::testing::Test {
 protected:
  KeptGribIndex() { scratch_.write("a.grib", varied_content()); }

  FormatFile open(GribIndexUse use) { return open_grib(*files_, {path_, ""}, use); }
  GribIndex index(GribIndexUse use, Files& files) {
    notes_.clear();
    OpenedSource opened = open_source(files, path_, "GRIB");
    const testing::CountingReader file(std::move(opened.bytes));
    GribIndex found = open_grib_index(*opened.source, file, use, notes_);
    read_ = file.bytes;
    return found;
  }
  GribIndex index(GribIndexUse use) { return index(use, *files_); }
  std::string kept() { return scratch_.read(kept_path_); }
  bool is_kept() { return files_->status(kept_path_).has_value(); }

  std::unique_ptr<Files> files_ = posix_files();
  ScratchDirectory scratch_;
  std::string path_ = scratch_.path("a.grib");
  std::string kept_path_ = scratch_.path("a.grib.gmindex");
  std::vector<std::string> notes_;
  std::size_t read_ = 0;  // of the data
};

TEST_F(KeptGribIndex, TheSameDatasetWithAndWithout) {
  const FormatFile scanned = open(GribIndexUse::none);
  EXPECT_FALSE(is_kept());
  open(GribIndexUse::read);
  EXPECT_FALSE(is_kept()) << "written though only reading was asked for";
  open(GribIndexUse::write);
  ASSERT_TRUE(is_kept());
  const FormatFile found = open(GribIndexUse::read);
  EXPECT_THAT(testing::differences(found, scanned), IsEmpty());
  EXPECT_EQ(found.notes, scanned.notes);
  EXPECT_THAT(found.notes, ::testing::Contains(HasSubstr("300 zero bytes before message 9")));
  int values = 0;
  for (std::size_t g = 0; g < found.groups.size(); ++g) {
    for (std::size_t v = 0; v < found.groups[g].variables.size(); ++v) {
      const Array mine = read_all(*found.groups[g].variables[v].reader);
      const Array theirs = read_all(*scanned.groups[g].variables[v].reader);
      const auto bytes = static_cast<std::size_t>(theirs.view().byte_size());
      ASSERT_EQ(mine.view().byte_size(), theirs.view().byte_size());
      EXPECT_EQ(std::memcmp(mine.values<char>(), theirs.values<char>(), bytes), 0);
      values += static_cast<int>(mine.size());
    }
  }
  EXPECT_GT(values, 150);
}

// Or it would be no use: the file is not scanned.
TEST_F(KeptGribIndex, OfTheFileOnlyASampleIsRead) {
  const GribIndex scanned = index(GribIndexUse::none);
  const std::size_t whole = read_;
  index(GribIndexUse::write);
  const GribIndex found = index(GribIndexUse::read);
  expect_same(found, scanned);
  EXPECT_THAT(notes_, IsEmpty());
  EXPECT_LT(read_, whole);
  EXPECT_LE(read_, 16U * 256);
}

TEST_F(KeptGribIndex, EveryFlippedByteAndEveryTruncationIsScannedInstead) {
  const GribIndex scanned = index(GribIndexUse::none);
  const std::size_t whole = read_;
  index(GribIndexUse::write);
  const std::string good = kept();
  const auto expect_scanned = [&](const std::string& bytes, std::size_t at) {
    scratch_.write("a.grib.gmindex", bytes);
    const GribIndex found = index(GribIndexUse::read);
    EXPECT_GE(read_, whole) << at;
    ASSERT_EQ(notes_.size(), 1U) << at;
    EXPECT_THAT(notes_[0], HasSubstr("a.grib.gmindex is not used"));
    EXPECT_THAT(notes_[0], HasSubstr("--grib-index write"));
    if (at % 64 == 0) expect_same(found, scanned);
  };
  for (std::size_t at = 0; at < good.size(); at += at < 200 ? 1 : 7) {
    std::string changed = good;
    changed[at] = static_cast<char>(changed[at] ^ (1 << at % 8));
    expect_scanned(changed, at);
  }
  for (std::size_t length = 0; length < good.size(); length += length < 100 ? 1 : 61) {
    expect_scanned(good.substr(0, length), length);
  }
  expect_scanned(good + "x", 0);
  // And written anew, if that is asked for.
  index(GribIndexUse::write);
  EXPECT_EQ(kept(), good);
}

// What somebody has made on purpose, checksum included, stays inside of the file and of the cube.
TEST_F(KeptGribIndex, AForgedIndexIsReadSafelyOrRefused) {
  index(GribIndexUse::write);
  const std::string good = kept();
  const OpenedSource file = open_source(*files_, path_, "GRIB");
  constexpr std::size_t kHash = 30, kBody = 46;
  int refused = 0;
  for (std::size_t at = kBody; at < good.size(); ++at) {
    for (const int bit : {0, 3, 7}) {
      std::string forged = good;
      forged[at] = static_cast<char>(forged[at] ^ (1 << bit));
      const Hash128 hash = hash_bytes(as_bytes(forged).subspan(kBody));
      std::memcpy(forged.data() + kHash, &hash.high, 8);
      std::memcpy(forged.data() + kHash + 8, &hash.low, 8);
      try {
        const GribIndex found =
            grib_index_from_bytes(as_bytes(forged), *file.bytes, file.source->identity);
        for (const GribCube& cube : found.cubes) {
          ASSERT_FALSE(cube.fields.empty());
          for (const GribField& field : cube.fields) {
            ASSERT_GE(field.message.offset, 0);
            ASSERT_LE(field.message.offset + field.message.length, file.bytes->size());
            ASSERT_LT(ordinal_of(cube, field), volume(header_shape(cube)));
          }
        }
      } catch (const Error& error) {
        EXPECT_NE(error.kind(), ErrorKind::internal) << error.what();
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 1000);
}

TEST_F(KeptGribIndex, AChangedFileIsScannedAndItsIndexWrittenAnew) {
  index(GribIndexUse::write);
  const std::string old = kept();
  scratch_.write("a.grib", varied_content() + Message("GRIB2").set("shortName", "v").bytes());
  const GribIndex found = index(GribIndexUse::read);
  EXPECT_THAT(notes_, ElementsAre(HasSubstr("the file has changed since")));
  EXPECT_EQ(found.cubes.size(), 4U);
  EXPECT_EQ(kept(), old);
  EXPECT_EQ(index(GribIndexUse::write).cubes.size(), 4U);
  EXPECT_NE(kept(), old);
  EXPECT_EQ(index(GribIndexUse::read).cubes.size(), 4U);
  EXPECT_THAT(notes_, IsEmpty());
}

// A copy that keeps the time: another date in the last message, and nothing else.
TEST_F(KeptGribIndex, OtherMessagesOfTheSameSizeAndTimeAreNoticed) {
  index(GribIndexUse::write);
  const FileStatus status = files_->open(path_)->status();
  std::string content = varied_content();
  const std::size_t last = content.rfind("GRIB");
  constexpr std::size_t kDay = 8 + 14;
  content[last + kDay] = 9;
  scratch_.write("a.grib", content);
  const OpenedSource now = open_source(*files_, path_, "GRIB");
  SourceFile as_before = *now.source;
  as_before.identity = status;
  std::vector<std::string> notes;
  const GribIndex found = open_grib_index(as_before, *now.bytes, GribIndexUse::read, notes);
  EXPECT_THAT(notes, ElementsAre(HasSubstr("the file has changed since (its messages)")));
  expect_same(found, index(GribIndexUse::none));
}

TEST_F(KeptGribIndex, AnIndexThatCannotBeKeptIsANote) {
  const GribIndex scanned = index(GribIndexUse::none);
  for (const char* call : {"create", "append", "close", "rename"}) {
    for (const ErrorKind kind : {ErrorKind::denied, ErrorKind::out_of_space}) {
      FaultyFiles faulty(*files_, {1, Failure::error, kind, call, ".gmindex"});
      const GribIndex found = index(GribIndexUse::write, faulty);
      EXPECT_TRUE(faulty.fired()) << call;
      EXPECT_THAT(notes_, ElementsAre(HasSubstr("could not be kept"))) << call;
      expect_same(found, scanned);
      EXPECT_FALSE(is_kept());
    }
  }
}

// Nobody may believe half of one.
TEST_F(KeptGribIndex, AReadThatFailsIsAnError) {
  index(GribIndexUse::write);
  FaultyFiles faulty(*files_, {1, Failure::error, ErrorKind::unavailable, "open", ".gmindex"});
  EXPECT_THROW(index(GribIndexUse::read, faulty), Error);
}

TEST_F(KeptGribIndex, AGoodIndexIsNotWrittenAgain) {
  index(GribIndexUse::write);
  const auto before = files_->status(kept_path_);
  index(GribIndexUse::write);
  EXPECT_EQ(files_->status(kept_path_)->inode, before->inode);
  EXPECT_EQ(files_->status(kept_path_)->modified_ns, before->modified_ns);
}

TEST_F(KeptGribIndex, AFolderOfThatNameIsNoIndex) {
  files_->make_directories(kept_path_);
  EXPECT_EQ(index(GribIndexUse::read).cubes.size(), 3U);
  EXPECT_THAT(notes_, ElementsAre(HasSubstr("is not used")));
  index(GribIndexUse::write);
  EXPECT_EQ(notes_.size(), 2U);
}

}  // namespace
}  // namespace gridmill
