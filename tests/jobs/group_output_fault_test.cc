// convert into a group of a store against every failing call: whatever fails and wherever, readers
// find all of a group or nothing of it, the store's other groups are untouched, and the same
// command finishes the work.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "doubles/faulty_files.h"
#include "doubles/hasty_clock.h"
#include "doubles/temporary_directory.h"
#include "gridmill/base/error.h"
#include "gridmill/dataset/dataset.h"
#include "gridmill/jobs/convert.h"
#include "gridmill/jobs/verify.h"
#include "gridmill/store/leftovers.h"
#include "gridmill/zarr/hierarchy.h"
#include "jobs/silent_console.h"
#include "jobs/small_store.h"

namespace gridmill {
namespace {

struct FaultyGroup {
  Failure failure;
  bool replaces;
};

class GroupOutputFaults : public testing::TestWithParam<FaultyGroup> {
 protected:
  GroupOutputFaults() {
    make_small_store(directory_.files(), one_, 1, "t");
    make_small_store(directory_.files(), two_, 2, "t");
    (void)write(one_, prepared_ + "#/kept", false, directory_.files());
    if (GetParam().replaces) {
      (void)write(one_, prepared_ + "#/fc/new", false, directory_.files());
    }
  }

  Json write(const std::string& input, const std::string& output, bool resume, Files& files) {
    ConvertOptions options;
    options.inputs = {input};
    options.output = output;
    options.overwrite = GetParam().replaces;
    options.resume = resume;
    options.resources.memory = 64 << 20;
    return convert(options, {files, clock_, console_, {}});
  }

  void start_over() {
    for (const char* suffix : {"", ".gridmill"}) {
      std::filesystem::remove_all(archive_ + suffix);
      std::filesystem::copy(prepared_ + suffix, archive_ + suffix,
                            std::filesystem::copy_options::recursive);
    }
  }

  // What the group's values begin with; nullopt: there is no group. All of it must be there.
  std::optional<float> first_of(const std::string& group) {
    const Dataset found = open_dataset(directory_.files(), parse_location(archive_));
    const Variable* variable = found.find(group + "/t");
    if (variable == nullptr) return std::nullopt;
    EXPECT_NE(found.find(group + "/time"), nullptr);
    const Array values = read_array(*variable);
    EXPECT_EQ(values.size(), 48);
    const float first = values.values<float>()[0];
    // Row 5 begins with the third value of the second row of the fifth chunk of 2 x 4.
    EXPECT_EQ(values.values<float>()[40], 4004 + first);
    return first;
  }

  bool is_sound() {
    VerifyOptions options;
    options.store = archive_;
    options.resources.memory = 64 << 20;
    return verify(options, {directory_.files(), clock_, console_, {}})["ok"].get<bool>();
  }

  // What comes before is a conversion's, and tried there; threads may reorder a few calls.
  std::int64_t first_call() {
    start_over();
    FaultyFiles files(directory_.files());
    (void)write(two_, output_, false, files);
    const auto log = files.log();
    const auto found = std::find_if(log.begin(), log.end(), [](const Call& call) {
      return call.subject.find("publishing") != std::string::npos;
    });
    EXPECT_NE(found, log.end());
    return std::max<std::int64_t>(1, found - log.begin() - 20);
  }

  // The same command again; it may say that all is done.
  void finish(std::int64_t n) {
    try {
      (void)write(two_, output_, true, directory_.files());
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::conflict) << "after call " << n << ": " << error.what();
      EXPECT_FALSE(GetParam().replaces) << error.what();
    }
  }

  TemporaryDirectory directory_;
  const std::string one_ = directory_ / "one.zarr";
  const std::string two_ = directory_ / "two.zarr";
  const std::string prepared_ = directory_ / "prepared.zarr";
  const std::string archive_ = directory_ / "archive.zarr";
  const std::string output_ = archive_ + "#/fc/new";
  const HastyClock clock_;
  SilentConsole console_;
};

TEST_P(GroupOutputFaults, LeaveWholeGroupsAndTheSameCommandFinishes) {
  const std::optional<float> before = GetParam().replaces ? std::optional(1.0F) : std::nullopt;
  int faults = 0;
  for (std::int64_t n = first_call();; ++n) {
    ASSERT_LT(n, 4000);
    start_over();
    FaultyFiles files(directory_.files(), {n, GetParam().failure});
    bool is_done = false;
    try {
      (void)write(two_, output_, false, files);
      is_done = true;
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(directory_.path()), std::string::npos)
          << error.what();
    } catch (const CrashError&) {
      EXPECT_EQ(GetParam().failure, Failure::crash);
    }
    const std::optional<float> seen = first_of("fc/new");
    if (is_done) {
      EXPECT_EQ(seen, 2.0F) << "after call " << n;
    } else {
      // Unlisted for a moment, old or new.
      EXPECT_TRUE(!seen || seen == before || seen == 2.0F) << "after call " << n;
    }
    EXPECT_EQ(first_of("kept"), 1.0F) << "after call " << n;
    finish(n);
    EXPECT_EQ(first_of("fc/new"), 2.0F) << "after call " << n;
    EXPECT_EQ(first_of("kept"), 1.0F) << "after call " << n;
    EXPECT_TRUE(is_sound()) << "after call " << n;
    for (const Leftover& left : find_leftovers(directory_.files(), archive_ + ".gridmill")) {
      EXPECT_EQ(left.bytes, 0) << left.output << " after call " << n;
    }
    if (!files.fired()) break;
    ++faults;
    n = files.fired_at();
  }
  EXPECT_GT(faults, 1) << "nothing was put to the test";
}

// Each failure where a group is new or where one is replaced; errors and crashes in both.
INSTANTIATE_TEST_SUITE_P(
    Failures, GroupOutputFaults,
    testing::Values(FaultyGroup{Failure::error, false}, FaultyGroup{Failure::error, true},
                    FaultyGroup{Failure::full_disk, true}, FaultyGroup{Failure::torn_write, false},
                    FaultyGroup{Failure::lost_reply, true}, FaultyGroup{Failure::crash, false},
                    FaultyGroup{Failure::crash, true}));

}  // namespace
}  // namespace gridmill
