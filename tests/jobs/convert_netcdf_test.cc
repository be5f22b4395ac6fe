// Convert to netCDF against every failing call: OUT is absent, the old file, or the whole new one,
// and the error is the one that happened.
#include "gridmill/jobs/convert_netcdf.h"

#include <gtest/gtest.h>

#include <tuple>

#include "doubles/faulty_files.h"
#include "doubles/hasty_clock.h"
#include "doubles/temporary_directory.h"
#include "gridmill/base/error.h"
#include "gridmill/dataset/dataset.h"
#include "jobs/silent_console.h"
#include "jobs/small_store.h"

namespace gridmill {
namespace {

class ConvertNetcdf : public testing::TestWithParam<std::tuple<Failure, bool>> {
 protected:
  ConvertNetcdf() : in_(directory_ / "in.zarr"), out_(directory_ / "out.nc") {
    make_small_store(directory_.files(), in_, 0.5F, "t2m");
  }

  Json run(Files& files, bool overwrite) {
    ConvertOptions options;
    options.inputs = {in_};
    options.output = out_;
    options.overwrite = overwrite;
    options.resources.memory = 64 << 20;
    options.resources.threads = 2;
    return convert(options, {files, clock_, console_, {}});
  }

  bool is_whole() {
    const Dataset found = open_dataset(directory_.files(), parse_location(out_));
    const Dataset wanted = open_dataset(directory_.files(), parse_location(in_));
    const Array a = read_array(found.at("t2m"));
    const Array b = read_array(wanted.at("t2m"));
    return a.shape() == b.shape() &&
           std::equal(a.values<float>(), a.values<float>() + a.size(), b.values<float>());
  }

  void expect_nothing_or_old_or_whole(std::int64_t n) {
    const auto status = directory_.files().status(out_);
    const bool with_old = std::get<bool>(GetParam());
    EXPECT_TRUE(status.has_value() || !with_old) << "call " << n << " lost the old file";
    const bool is_old = status.has_value() && with_old && status->size == 3;
    EXPECT_TRUE(!status.has_value() || is_old || is_whole()) << "call " << n;
  }

  std::vector<std::string> names() {
    std::vector<std::string> names;
    for (const auto& entry : directory_.files().list(directory_ / ".")) names.push_back(entry.name);
    return names;
  }

  TemporaryDirectory directory_;
  std::string in_;
  std::string out_;
  const HastyClock clock_;
  SilentConsole console_;
};

TEST_P(ConvertNetcdf, LeavesNothingOrTheOldFileOrTheWholeNewOne) {
  const auto [failure, with_old] = GetParam();
  for (std::int64_t n = 1;; ++n) {
    ASSERT_LT(n, 1000);
    remove_tree(directory_.files(), out_);
    if (with_old) directory_.files().create(out_)->append(as_bytes("old"));
    FaultyFiles files(directory_.files(), {n, failure});
    try {
      run(files, with_old);
      EXPECT_TRUE(is_whole()) << "call " << n;
    } catch (const Error& error) {
      const bool is_full = failure == Failure::full_disk;
      if (failure != Failure::short_read && failure != Failure::crash) {
        EXPECT_EQ(error.kind(), is_full ? ErrorKind::out_of_space : ErrorKind::unavailable)
            << "call " << n << ": " << error.what();
      }
      expect_nothing_or_old_or_whole(n);
    } catch (const CrashError&) {
      EXPECT_EQ(failure, Failure::crash);
      expect_nothing_or_old_or_whole(n);
    }
    run(directory_.files(), true);
    EXPECT_TRUE(is_whole()) << "after call " << n;
    EXPECT_EQ(names(), (std::vector<std::string>{"in.zarr", "out.nc"})) << "after call " << n;
    if (!files.fired()) return;
    n = files.fired_at();
  }
}

INSTANTIATE_TEST_SUITE_P(OldAndNew, ConvertNetcdf,
                         testing::Combine(testing::Values(Failure::error, Failure::sticky,
                                                          Failure::full_disk, Failure::torn_write,
                                                          Failure::short_read, Failure::lost_reply,
                                                          Failure::crash),
                                          testing::Bool()));

using ConvertNetcdfOnce = ConvertNetcdf;

// A disk that fails for good: what can't be removed is named, and the first error stays the error.
TEST_P(ConvertNetcdfOnce, ACleanUpThatFailsDoesNotHideTheError) {
  FaultyFiles counting(directory_.files());
  run(counting, false);
  const auto log = counting.log();
  std::int64_t sync = 0;
  for (std::size_t i = 0; i < log.size(); ++i) {
    if (log[i].name == "sync_all") sync = static_cast<std::int64_t>(i) + 1;
  }
  ASSERT_GT(sync, 0);
  remove_tree(directory_.files(), out_);
  FaultyFiles files(directory_.files(), {sync, Failure::crash});  // and every call after it
  try {
    run(files, false);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_NE(error.message().find("killed here"), std::string::npos) << error.what();
    EXPECT_NE(error.message().find("rm " + out_), std::string::npos) << error.what();
  }
}

INSTANTIATE_TEST_SUITE_P(New, ConvertNetcdfOnce,
                         testing::Values(std::tuple(Failure::crash, false)));

}  // namespace
}  // namespace gridmill
