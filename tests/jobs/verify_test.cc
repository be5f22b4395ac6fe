// Verify against every failing call: it may say that it could not look, never that good data are
// bad.
#include "gridmill/jobs/verify.h"

#include <gtest/gtest.h>

#include "doubles/faulty_files.h"
#include "doubles/temporary_directory.h"
#include "gridmill/base/error.h"
#include "gridmill/store/file_store.h"
#include "jobs/silent_console.h"
#include "jobs/small_store.h"

namespace gridmill {
namespace {

class Verify : public testing::Test {
 protected:
  Verify() : path_(directory_ / "in.zarr") {
    make_small_store(directory_.files(), path_, 0.5F, "t2m");
  }

  Json run(Files& files) {
    VerifyOptions options;
    options.store = path_;
    options.resources.memory = 64 << 20;
    options.resources.threads = 2;
    return verify(options, {files, *clock_, console_, {}});
  }

  TemporaryDirectory directory_;
  std::string path_;
  std::unique_ptr<Clock> clock_ = system_clock();
  SilentConsole console_;
};

TEST_F(Verify, AReadThatFailsIsNoDamage) {
  int failures = 0;
  for (int n = 1;; ++n) {
    ASSERT_LT(n, 1000);
    FaultyFiles files(directory_.files(), {n, Failure::error});
    try {
      const Json report = run(files);
      EXPECT_TRUE(report["ok"].get<bool>()) << "call " << n << ": " << report.dump(2);
    } catch (const Error& error) {
      EXPECT_EQ(exit_code(error.kind()), 4) << "call " << n << ": " << error.what();
      ++failures;
    }
    if (!files.fired()) break;
  }
  EXPECT_GT(failures, 8);
}

TEST_F(Verify, DamageIsReportedAndClaimsNothing) {
  EXPECT_TRUE(run(directory_.files())["ok"].get<bool>());
  file_store(directory_.files(), path_)->put(Key("t2m/c/1/0"), as_bytes("short"));
  const Json report = run(directory_.files());
  EXPECT_FALSE(report["ok"].get<bool>());
  ASSERT_EQ(report["problems"].size(), 1u);
  EXPECT_EQ(report["problems"][0]["chunk"], "t2m/c/1/0");
  EXPECT_EQ(report["proved"].size(), 0u) << report.dump(2);
}

}  // namespace
}  // namespace gridmill
