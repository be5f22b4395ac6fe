// Jobs whose lane never comes back from a call: they end by their deadline, and when the call
// returns after all, nothing that it touches is gone (the sanitizers watch).
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "doubles/faulty_files.h"
#include "doubles/temporary_directory.h"
#include "gridmill/base/error.h"
#include "gridmill/jobs/dump.h"
#include "gridmill/jobs/verify.h"
#include "jobs/silent_console.h"
#include "jobs/small_store.h"

namespace gridmill {
namespace {

class Hang : public testing::Test {
 protected:
  Hang() : store_(directory_ / "in.zarr") {
    make_small_store(directory_.files(), store_, 0.5F, "t2m");
    resources_.memory = 64 << 20;
    resources_.threads = 2;
    resources_.timeout_ns = 100'000'000;
  }

  // Runs `job` once for every call named `name` of a path that holds `part`, which hangs.
  template <class Job>
  int hang_each(const std::string& name, const std::string& part, Job&& job) {
    FaultyFiles counting(directory_.files());
    job(static_cast<Files&>(counting));
    const auto log = counting.log();
    int timeouts = 0;
    for (std::size_t i = 0; i < log.size(); ++i) {
      if (log[i].name != name || log[i].subject.find(part) == std::string::npos) continue;
      FaultyFiles files(directory_.files(), {static_cast<std::int64_t>(i) + 1, Failure::hang});
      try {
        job(static_cast<Files&>(files));
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::timeout) << error.what();
        ++timeouts;
      }
      files.release();
      std::this_thread::sleep_for(std::chrono::milliseconds(100));  // the abandoned lane goes home
    }
    return timeouts;
  }

  TemporaryDirectory directory_;
  std::string store_;
  Resources resources_;
  std::unique_ptr<Clock> clock_ = system_clock();
  SilentConsole console_;
};

TEST_F(Hang, AWriterOfADumpMayComeBackLate) {
  const auto job = [&](Files& files) {
    DumpOptions options;
    options.location = store_ + "#/t2m";
    options.form = DumpForm::raw;
    options.output = directory_ / "out.raw";
    options.overwrite = true;
    options.resources = resources_;
    dump(options, {files, *clock_, console_, {}}, [](ByteView) {});
  };
  EXPECT_GE(hang_each("append", "out.raw", job), 1);
}

TEST_F(Hang, AReaderOfAVerificationMayComeBackLate) {
  const auto job = [&](Files& files) {
    VerifyOptions options;
    options.store = store_;
    options.resources = resources_;
    verify(options, {files, *clock_, console_, {}});
  };
  EXPECT_GE(hang_each("read_at", "t2m/c/", job), 1);
}

}  // namespace
}  // namespace gridmill
