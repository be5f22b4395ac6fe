// --check-vars: what was written and isn't there any more, or isn't what it should be, is seen
// before readers see it, and written again if --retries says so.

#include <gtest/gtest.h>

#include <filesystem>

#include "doubles/faulty_files.h"
#include "doubles/hasty_clock.h"
#include "doubles/temporary_directory.h"
#include "gridmill/base/error.h"
#include "gridmill/dataset/dataset.h"
#include "gridmill/jobs/append.h"
#include "gridmill/jobs/convert.h"
#include "gridmill/jobs/write_region.h"
#include "jobs/silent_console.h"
#include "jobs/small_store.h"

namespace gridmill {
namespace {

// Loses the chunk t/c/<row>/0 right after it was stored, `times` times.
class ForgetfulFiles final : public FaultyFiles {
 public:
  ForgetfulFiles(Files& under, int row, int times)
      : FaultyFiles(under), end_("/t/c/" + std::to_string(row) + "/0"), times_(times) {}

  void rename(const std::string& from, const std::string& to) override {
    FaultyFiles::rename(from, to);
    if (!to.ends_with(end_) || times_-- <= 0) return;
    FaultyFiles::remove_file(to);
    ++lost_;
  }
  int lost() const { return lost_; }

 private:
  const std::string end_;
  int times_;
  int lost_ = 0;
};

class ReadBack : public testing::Test {
 protected:
  ReadBack() {
    make_small_store(directory_.files(), source_, 5.0F, "t");
    give_time_units(directory_.files(), source_);
    const Dataset source = open_dataset(directory_.files(), parse_location(source_));
    const Array values = read_array(source.at("t"));
    wanted_.assign(values.values<float>(), values.values<float>() + values.size());
  }

  ConvertOptions conversion(const std::string& output) const {
    ConvertOptions options;
    options.inputs = {source_};
    options.output = output;
    options.chunks = {"t:time=2,x=4"};
    options.resources.memory = 64 << 20;
    return options;
  }
  void convert_with(Files& files, const ConvertOptions& options) {
    (void)convert(options, {files, clock_, console_, {}});
  }
  std::vector<float> values_of(const std::string& store) {
    const Dataset found = open_dataset(directory_.files(), parse_location(store));
    const Array values = read_array(found.at("t"));
    return {values.values<float>(), values.values<float>() + values.size()};
  }
  // The first `rows` times of the source.
  void prepare_archive(int rows) {
    ConvertOptions options = conversion(archive_);
    options.region = {"time=0:" + std::to_string(rows)};
    convert_with(directory_.files(), options);
  }

  TemporaryDirectory directory_;
  HastyClock clock_;
  SilentConsole console_;
  const std::string source_ = directory_.path() + "/source.zarr";
  const std::string archive_ = directory_.path() + "/archive.zarr";
  std::vector<float> wanted_;
};

TEST_F(ReadBack, WhatIsLostIsNotedBeforeReadersSeeIt) {
  ForgetfulFiles files(directory_.files(), 1, 1);
  ConvertOptions options = conversion(archive_);
  options.check_variables = {"t"};
  try {
    convert_with(files, options);
    ADD_FAILURE() << "nobody has noted it";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::corrupt);
    EXPECT_NE(std::string(error.what()).find("what was written of t isn't what is read back"),
              std::string::npos)
        << error.what();
  }
  EXPECT_EQ(files.lost(), 1);
  EXPECT_FALSE(std::filesystem::exists(archive_));
}

TEST_F(ReadBack, WithoutACheckItIsNotNoted) {
  ForgetfulFiles files(directory_.files(), 1, 1);
  convert_with(files, conversion(archive_));
  EXPECT_NE(values_of(archive_), wanted_);
}

TEST_F(ReadBack, ARunIsMadeAgainAsOftenAsItMay) {
  for (const int lost : {1, 2, 3}) {
    ForgetfulFiles files(directory_.files(), 1, lost);
    ConvertOptions options = conversion(archive_);
    options.check_variables = {"all"};
    options.retries = 2;
    options.overwrite = true;
    if (lost > 2) {
      EXPECT_THROW(convert_with(files, options), Error);
    } else {
      convert_with(files, options);
      EXPECT_EQ(values_of(archive_), wanted_);
    }
    EXPECT_EQ(files.lost(), lost);
  }
}

TEST_F(ReadBack, WhatAnAppendHasLostIsWrittenAgain) {
  for (const int retries : {0, 1}) {
    prepare_archive(4);
    ForgetfulFiles files(directory_.files(), 2, 1);
    AppendOptions options;
    options.inputs = {source_};
    options.store = archive_;
    options.on_overlap = "keep";
    options.check_variables = {"t"};
    options.retries = retries;
    options.resources.memory = 64 << 20;
    const Workplace workplace{files, clock_, console_, {}};
    if (retries == 0) {
      EXPECT_THROW((void)append(options, workplace), Error);
      EXPECT_EQ(values_of(archive_).size(), 32u) << "no new time is seen";
    } else {
      (void)append(options, workplace);
      EXPECT_EQ(values_of(archive_), wanted_);
    }
    for (const char* suffix : {"", ".gridmill"}) std::filesystem::remove_all(archive_ + suffix);
  }
}

TEST_F(ReadBack, WhatARegionHasLostIsWrittenAgain) {
  prepare_archive(6);
  ForgetfulFiles files(directory_.files(), 1, 1);
  WriteRegionOptions options;
  options.inputs = {source_};
  options.store = archive_;
  options.check_variables = {"all"};
  options.resources.memory = 64 << 20;
  const Workplace workplace{files, clock_, console_, {}};
  EXPECT_THROW((void)write_region(options, workplace), Error);
  (void)write_region(options, workplace);
  EXPECT_EQ(values_of(archive_), wanted_);
}

TEST_F(ReadBack, ANameThatIsNotWrittenIsRefused) {
  ConvertOptions options = conversion(archive_);
  options.check_variables = {"t2m"};
  EXPECT_THROW(convert_with(directory_.files(), options), Error);
}

}  // namespace
}  // namespace gridmill
