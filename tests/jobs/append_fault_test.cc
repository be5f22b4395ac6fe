// append against every failing call: readers see the store as it was or as it is, whatever fails
// and wherever, and the same command finishes the work.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "doubles/faulty_files.h"
#include "doubles/hasty_clock.h"
#include "doubles/temporary_directory.h"
#include "gridmill/base/error.h"
#include "gridmill/dataset/dataset.h"
#include "gridmill/jobs/append.h"
#include "gridmill/jobs/convert.h"
#include "gridmill/jobs/verify.h"
#include "gridmill/zarr/hierarchy.h"
#include "jobs/silent_console.h"
#include "jobs/small_store.h"

namespace gridmill {
namespace {

constexpr std::int64_t kOld = 3, kAll = 6;  // times, in chunks of two: the border lies in a chunk

class AppendFaults : public testing::TestWithParam<Failure> {
 protected:
  AppendFaults() {
    make_small_store(directory_.files(), source_, 5.0F, "t");
    give_time_units(directory_.files(), source_);
    convert_to(prepared_, fmt::format("time=0:{}", kOld));
    convert_to(added_, fmt::format("time={}:{}", kOld, kAll));
    wanted_ = values_of(source_);
  }

  void convert_to(const std::string& output, const std::string& region) {
    ConvertOptions options;
    options.inputs = {source_};
    options.output = output;
    options.region = {region};
    options.chunks = {"t:time=2,x=4"};
    options.resources.memory = 64 << 20;
    (void)convert(options, {directory_.files(), clock_, console_, {}});
  }

  void start_over() {
    for (const char* suffix : {"", ".gridmill"}) {
      std::filesystem::remove_all(archive_ + suffix);
      std::filesystem::copy(prepared_ + suffix, archive_ + suffix,
                            std::filesystem::copy_options::recursive);
    }
  }

  void run(Files& files) {
    AppendOptions options;
    options.inputs = {added_};
    options.store = archive_;
    options.on_overlap = "keep";
    options.resources.memory = 64 << 20;
    options.resources.threads = 2;
    (void)append(options, {files, clock_, console_, {}});
  }

  std::vector<float> values_of(const std::string& path) {
    const Dataset found = open_dataset(directory_.files(), parse_location(path));
    const Array values = read_array(found.at("t"));
    EXPECT_EQ(found.at("time").shape[0], found.at("t").shape[0]);
    return {values.values<float>(), values.values<float>() + values.size()};
  }

  bool is_sound() {
    VerifyOptions options;
    options.store = archive_;
    options.resources.memory = 64 << 20;
    return verify(options, {directory_.files(), clock_, console_, {}})["ok"].get<bool>();
  }

  TemporaryDirectory directory_;
  const std::string source_ = directory_ / "source.zarr";
  const std::string added_ = directory_ / "added.zarr";
  const std::string prepared_ = directory_ / "prepared.zarr";
  const std::string archive_ = directory_ / "archive.zarr";
  const HastyClock clock_;
  SilentConsole console_;
  std::vector<float> wanted_;
};

TEST_P(AppendFaults, ReadersSeeOldOrNewAndTheSameCommandFinishes) {
  int faults = 0, old = 0, whole = 0;
  for (std::int64_t n = 1;; ++n) {
    ASSERT_LT(n, 2000);
    start_over();
    FaultyFiles files(directory_.files(), {n, GetParam()});
    try {
      run(files);
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(directory_.path()), std::string::npos)
          << error.what();
    } catch (const CrashError&) {
      EXPECT_EQ(GetParam(), Failure::crash);
    }
    const std::string lost =
        files.fired() ? files.log()[static_cast<std::size_t>(files.fired_at() - 1)].name : "";
    if (lost != "sync_all") {  // what a disk has not kept can't be read, until it is written again
      const std::vector<float> found = values_of(archive_);
      ++(found.size() == wanted_.size() ? whole : old);
      const std::vector<float> expected(
          wanted_.begin(),
          wanted_.begin() +
              static_cast<std::ptrdiff_t>(wanted_.size() *
                                          (found.size() == wanted_.size() ? kAll : kOld) / kAll));
      EXPECT_EQ(found, expected) << "after call " << n;
    }
    run(directory_.files());
    EXPECT_EQ(values_of(archive_), wanted_) << "after call " << n;
    EXPECT_TRUE(is_sound()) << "after call " << n;
    EXPECT_FALSE(directory_.files().status(archive_ + "/.gridmill-append")) << "after call " << n;
    if (!files.fired()) break;
    ++faults;
    n = files.fired_at() + (GetParam() == Failure::error ? 3 : 0);  // of those there are hundreds
  }
  EXPECT_GT(faults, 5) << "nothing was put to the test";
  EXPECT_GT(old, 0);
  EXPECT_GT(whole, 0);
}

INSTANTIATE_TEST_SUITE_P(Failures, AppendFaults,
                         testing::Values(Failure::error, Failure::full_disk, Failure::torn_write,
                                         Failure::short_read, Failure::lost_reply, Failure::crash));

}  // namespace
}  // namespace gridmill
