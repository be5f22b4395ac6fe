// Convert to netCDF against every failing call: OUT is absent, the old file, or the whole new one,
// and the error is the one that happened.
#include "gridmill/jobs/convert_netcdf.h"

#include <gtest/gtest.h>

#include "doubles/faulty_files.h"
#include "doubles/temporary_directory.h"
#include "gridmill/base/error.h"
#include "gridmill/dataset/dataset.h"
#include "jobs/silent_console.h"
#include "jobs/small_store.h"

namespace gridmill {
namespace {

class ConvertNetcdf : public testing::TestWithParam<bool> {
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
    return convert(options, {files, *clock_, console_, {}});
  }

  bool is_whole() {
    const Dataset found = open_dataset(directory_.files(), parse_location(out_));
    const Dataset wanted = open_dataset(directory_.files(), parse_location(in_));
    const Array a = read_array(found.at("t2m"));
    const Array b = read_array(wanted.at("t2m"));
    return a.shape() == b.shape() &&
           std::equal(a.values<float>(), a.values<float>() + a.size(), b.values<float>());
  }

  std::vector<std::string> names() {
    std::vector<std::string> names;
    for (const auto& entry : directory_.files().list(directory_ / ".")) names.push_back(entry.name);
    return names;
  }

  TemporaryDirectory directory_;
  std::string in_;
  std::string out_;
  std::unique_ptr<Clock> clock_ = system_clock();
  SilentConsole console_;
};

TEST_P(ConvertNetcdf, LeavesNothingOrTheOldFileOrTheWholeNewOne) {
  const bool with_old = GetParam();
  for (int n = 1;; ++n) {
    ASSERT_LT(n, 1000);
    remove_tree(directory_.files(), out_);
    if (with_old) directory_.files().create(out_)->append(as_bytes("old"));
    FaultyFiles files(directory_.files(), {n, Failure::error});
    try {
      run(files, with_old);
      EXPECT_TRUE(is_whole()) << "call " << n;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::unavailable) << "call " << n << ": " << error.what();
      const auto status = directory_.files().status(out_);
      EXPECT_EQ(status.has_value(), with_old) << "call " << n;
      if (status.has_value()) {
        EXPECT_EQ(status->size, 3) << "call " << n;
      }
    }
    run(directory_.files(), true);
    EXPECT_TRUE(is_whole()) << "after call " << n;
    EXPECT_EQ(names(), (std::vector<std::string>{"in.zarr", "out.nc"})) << "after call " << n;
    if (!files.fired()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(OldAndNew, ConvertNetcdf, testing::Bool());

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

INSTANTIATE_TEST_SUITE_P(New, ConvertNetcdfOnce, testing::Values(false));

}  // namespace
}  // namespace gridmill
