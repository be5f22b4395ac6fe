// archive against every failing call: whatever fails and wherever, the cycles that readers are told
// of are whole, no other is touched, and the same command finishes the work.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "doubles/faulty_files.h"
#include "doubles/hasty_clock.h"
#include "doubles/temporary_directory.h"
#include "gridmill/base/error.h"
#include "gridmill/dataset/calendar.h"
#include "gridmill/dataset/dataset.h"
#include "gridmill/jobs/convert.h"
#include "gridmill/jobs/rolling_archive.h"
#include "gridmill/jobs/verify.h"
#include "gridmill/zarr/hierarchy.h"
#include "jobs/silent_console.h"
#include "jobs/small_store.h"

namespace gridmill {
namespace {

const std::set<std::string> kAllDays{"d20260101", "d20260102", "d20260103", "d20260104"};
const std::set<std::string> kYoungDays{"d20260103", "d20260104"};

class RollingArchiveFaults : public testing::TestWithParam<Failure> {
 protected:
  // Made by a conversion, so that there is a manifest.
  RollingArchiveFaults() {
    const auto store = file_store(directory_.files(), source_);
    std::vector<ZarrNode> nodes{{"", {}, std::nullopt}};
    CodecContext context;
    Buffer encoded;
    for (const std::string& day : kAllDays) {
      ArrayMetadata metadata = new_array_metadata(3, types::float32, {6}, {2});
      metadata.fill = FillValue::zero(types::float32);
      metadata.codecs = default_chain(types::float32);
      metadata.dimension_names = {"x"};
      Array values(types::float32, {2});
      for (std::int64_t i = 0; i < 3; ++i) {
        for (const std::int64_t k : {0, 1}) values.values<float>()[k] = value_of(day, 2 * i + k);
        metadata.codecs.encode(values.view(), encoded, context);
        store->put(Key(day) / "t" / chunk_key(metadata, {i}), encoded);
      }
      write_group(*store, Key(day), 3, {});
      write_array(*store, Key(day) / "t", metadata);
      nodes.push_back({day, {}, std::nullopt});
      nodes.push_back({day + "/t", {}, metadata});
    }
    write_group(*store, Key(), 3, {});
    write_consolidated(*store, 3, nodes);
    ConvertOptions options;
    options.inputs = {source_};
    options.output = prepared_;
    options.resources.memory = 64 << 20;
    (void)convert(options, {directory_.files(), clock_, console_, {}});
  }

  static float value_of(const std::string& day, std::int64_t i) {
    return static_cast<float>(day.back() - '0') * 10 + static_cast<float>(i);
  }

  void start_over() {
    for (const char* suffix : {"", ".gridmill"}) {
      std::filesystem::remove_all(archive_ + suffix);
      std::filesystem::copy(prepared_ + suffix, archive_ + suffix,
                            std::filesystem::copy_options::recursive);
    }
  }

  Json run(Files& files) {
    RollingArchiveOptions options;
    options.store = archive_;
    options.format = "d%Y%m%d";
    options.keep_us = kDay_us;
    options.now = "2026-01-04T00:00:00Z";
    return roll_archive(options, {files, clock_, console_, {}});
  }

  // The cycles that the store names, each of them with all its values.
  std::set<std::string> whole_cycles() {
    std::set<std::string> days;
    const Dataset found = open_dataset(directory_.files(), parse_location(archive_));
    for (const std::string& day : kAllDays) {
      const Variable* variable = found.find(day + "/t");
      if (variable == nullptr) continue;
      days.insert(day);
      const Array values = read_array(*variable);
      EXPECT_EQ(values.size(), 6);
      for (std::int64_t i = 0; i < values.size(); ++i) {
        EXPECT_EQ(values.values<float>()[i], value_of(day, i)) << day;
      }
    }
    return days;
  }

  bool is_sound() {
    VerifyOptions options;
    options.store = archive_;
    options.resources.memory = 64 << 20;
    return verify(options, {directory_.files(), clock_, console_, {}})["ok"].get<bool>();
  }

  TemporaryDirectory directory_;
  const std::string source_ = directory_ / "source.zarr";
  const std::string prepared_ = directory_ / "prepared.zarr";
  const std::string archive_ = directory_ / "archive.zarr";
  const HastyClock clock_;
  SilentConsole console_;
};

TEST_P(RollingArchiveFaults, LeaveWholeCyclesAndTheSameCommandFinishes) {
  int faults = 0;
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
    const std::set<std::string> seen = whole_cycles();
    EXPECT_TRUE(std::includes(seen.begin(), seen.end(), kYoungDays.begin(), kYoungDays.end()))
        << "after call " << n;
    EXPECT_TRUE(is_sound()) << "after call " << n;
    EXPECT_TRUE(run(directory_.files())["failed"].empty()) << "after call " << n;
    EXPECT_EQ(whole_cycles(), kYoungDays) << "after call " << n;
    EXPECT_TRUE(is_sound()) << "after call " << n;
    for (const std::string& day : kAllDays) {
      EXPECT_EQ(directory_.files().status(archive_ + "/" + day).has_value(),
                kYoungDays.contains(day));
    }
    EXPECT_FALSE(directory_.files().status(archive_ + ".gridmill/removed")) << "after call " << n;
    if (!files.fired()) break;
    ++faults;
    n = files.fired_at();
  }
  EXPECT_GT(faults, 1) << "nothing was put to the test";
}

INSTANTIATE_TEST_SUITE_P(Failures, RollingArchiveFaults,
                         testing::Values(Failure::error, Failure::full_disk, Failure::torn_write,
                                         Failure::short_read, Failure::lost_reply, Failure::crash));

}  // namespace
}  // namespace gridmill
