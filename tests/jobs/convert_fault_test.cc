// Convert against every failing call: whatever fails and wherever, OUT is either absent (or the old
// store) or the complete new store, the error says where, and a second run succeeds. So for every
// kind of input, and also where a failing call fails for good.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <set>
#include <thread>

#include "doubles/faulty_files.h"
#include "doubles/hasty_clock.h"
#include "doubles/temporary_directory.h"
#include "gridmill/base/error.h"
#include "gridmill/dataset/dataset.h"
#include "gridmill/jobs/convert.h"
#include "gridmill/jobs/verify.h"
#include "jobs/silent_console.h"
#include "jobs/small_inputs.h"

namespace gridmill {
namespace {

class ConvertFaults : public testing::TestWithParam<std::tuple<Failure, bool, Input>> {
 protected:
  ConvertFaults() {
    make_small_input(std::get<Input>(GetParam()), directory_.files(), in_);
    make_small_store(directory_.files(), old_in_, -7.0F, "old");
    convert_to_out(directory_.files(), old_in_, false, 0);
    for (const char* suffix : {"", ".gridmill"}) {
      std::filesystem::rename(out_ + suffix, old_out_ + suffix);
    }
  }

  Json run(Files& files, bool overwrite, std::int64_t timeout_ns = 0) {
    return convert_to_out(files, in_, overwrite, timeout_ns);
  }

  Json convert_to_out(Files& files, const std::string& in, bool overwrite,
                      std::int64_t timeout_ns) {
    ConvertOptions options;
    options.inputs = {in};
    options.output = out_;
    options.overwrite = overwrite;
    options.resources.memory = 64 << 20;
    options.resources.threads = 2;
    options.resources.timeout_ns = timeout_ns;
    return convert(options, {files, clock_, console_, {}});
  }

  // Against its manifest, and against its source: which is this test's input unless it is old.
  bool is_sound(bool is_old = false) {
    VerifyOptions options;
    options.store = out_;
    options.against = {is_old ? old_in_ : in_};
    options.resources.memory = 64 << 20;
    return verify(options, {directory_.files(), clock_, console_, {}})["ok"].get<bool>();
  }

  void start_over(bool with_old) {
    for (const char* suffix : {"", ".gridmill"}) {
      remove_tree(directory_.files(), out_ + suffix);
      if (!with_old) continue;
      std::filesystem::copy(old_out_ + suffix, out_ + suffix,
                            std::filesystem::copy_options::recursive);
    }
  }

  bool is_old() { return directory_.files().status(out_ + "/old/zarr.json").has_value(); }

  TemporaryDirectory directory_;
  const std::string in_ = directory_ / fmt::format("in.{}", name_of(std::get<Input>(GetParam())));
  const std::string old_in_ = directory_ / "old.zarr";
  const std::string old_out_ = directory_ / "old_out.zarr";  // what out_ is with an old store
  const std::string out_ = directory_ / "out.zarr";
  const HastyClock clock_;
  SilentConsole console_;
};

// A call that failed by itself, or whose bytes were found wanting: of the input or of the output.
void expect_place(const Error& error, const std::string& in, const std::string& out,
                  std::int64_t n) {
  const std::string_view text = error.what();
  const bool is_named =
      text.find(in) != std::string_view::npos || text.find(out) != std::string_view::npos;
  EXPECT_TRUE(is_named) << "call " << n << " is not to be found in: " << text;
}

TEST_P(ConvertFaults, LeaveNothingOrTheOldStoreOrTheWholeNewOne) {
  const auto [failure, with_old, input] = GetParam();
  int tries = 0;
  for (std::int64_t n = 1;; ++tries) {
    ASSERT_LT(n, 2000);
    start_over(with_old);
    FaultyFiles files(directory_.files(), {n, failure});
    bool succeeded = false;
    try {
      run(files, with_old);
      succeeded = true;
    } catch (const Error& error) {
      if (failure == Failure::full_disk) {
        EXPECT_EQ(error.kind(), ErrorKind::out_of_space) << error.what();
      }
      expect_place(error, in_, out_, n);
    } catch (const CrashError&) {
      EXPECT_EQ(failure, Failure::crash);
    }
    const bool fired = files.fired();
    const bool exists = directory_.files().status(out_).has_value();
    if (with_old) {
      EXPECT_TRUE(exists) << "call " << n << " lost the old store";
      EXPECT_TRUE(!is_old() || is_sound(true)) << "call " << n << " harmed the old store";
    }
    if (succeeded || (exists && !(with_old && is_old()))) {
      EXPECT_TRUE(exists && is_sound()) << "call " << n;
    }
    // What a second run finds depends on the output alone.
    const bool is_output_known = input != Input::zarr || failure == Failure::sticky;
    if (!is_output_known || tries % 8 == 0 || !fired) {
      run(directory_.files(), true);
      EXPECT_TRUE(is_sound() && !is_old()) << "after call " << n;
    }
    if (!fired) return;
    n = files.fired_at() + 1;
  }
}

constexpr std::array kFailures{Failure::error,      Failure::sticky,     Failure::full_disk,
                               Failure::torn_write, Failure::short_read, Failure::lost_reply,
                               Failure::crash};

INSTANTIATE_TEST_SUITE_P(Failures, ConvertFaults,
                         testing::Combine(testing::ValuesIn(kFailures), testing::Bool(),
                                          testing::Values(Input::zarr)));
INSTANTIATE_TEST_SUITE_P(Formats, ConvertFaults,
                         testing::Combine(testing::ValuesIn(kFailures), testing::Values(false),
                                          testing::Values(Input::classic, Input::hdf5,
                                                          Input::grib)));

using ConvertHang = ConvertFaults;

// Every kind of call that a lane makes is bounded: on the field's chunks, in the input and in the
// output. Other calls are made by the caller's own thread.
TEST_P(ConvertHang, IsReportedByItsDeadline) {
  constexpr const char* kChunks = "/t2m/c/";
  start_over(false);
  FaultyFiles counting(directory_.files());
  run(counting, false);
  std::set<std::string> names;
  for (const Call& call : counting.log()) {
    const bool is_survey = call.name == "list" || call.name == "status";  // before the lanes start
    if (call.subject.find(kChunks) != std::string::npos && !is_survey) names.insert(call.name);
  }
  for (const char* expected : {"open", "read_at", "create", "append", "close", "rename"}) {
    EXPECT_TRUE(names.contains(expected)) << expected;
  }
  for (const std::string& name : names) {
    start_over(false);
    FaultyFiles files(directory_.files(),
                      {1, Failure::hang, ErrorKind::unavailable, name, kChunks});
    try {
      run(files, false, 100'000'000);
      ADD_FAILURE() << name << (files.fired() ? " hung and nobody said so" : " was not called");
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::timeout) << error.what();
      EXPECT_NE(std::strstr(error.what(), "waited"), nullptr) << error.what();
      EXPECT_NE(std::strstr(error.what(), "rm -r"), nullptr) << error.what();
    }
    EXPECT_FALSE(directory_.files().status(out_).has_value()) << name;
    files.release();
    std::this_thread::sleep_for(std::chrono::milliseconds(100));  // the abandoned lane goes home
  }
}

INSTANTIATE_TEST_SUITE_P(Failures, ConvertHang,
                         testing::Values(std::tuple(Failure::hang, false, Input::zarr)));

}  // namespace
}  // namespace gridmill
