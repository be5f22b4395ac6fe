// write-region against every failing call: whatever fails and wherever, each chunk is the old or
// the new one, what lies outside the region stays, and the same command finishes the work.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <filesystem>

#include "doubles/faulty_files.h"
#include "doubles/hasty_clock.h"
#include "doubles/temporary_directory.h"
#include "gridmill/base/error.h"
#include "gridmill/dataset/dataset.h"
#include "gridmill/jobs/convert.h"
#include "gridmill/jobs/verify.h"
#include "gridmill/jobs/write_region.h"
#include "jobs/silent_console.h"
#include "jobs/small_store.h"

namespace gridmill {
namespace {

constexpr std::int64_t kBegin = 1, kEnd = 4;  // of six positions in chunks of two

class WriteRegionFaults : public testing::TestWithParam<Failure> {
 protected:
  WriteRegionFaults() {
    make_small_store(directory_.files(), source_, 5.0F, "t");
    convert_to(part_, {fmt::format("time={}:{}", kBegin, kEnd)});
    const Dataset source = open_dataset(directory_.files(), parse_location(source_));
    const Array values = read_array(source.at("t"));
    wanted_.assign(values.values<float>(), values.values<float>() + values.size());
    prepare();
  }

  void convert_to(const std::string& output, std::vector<std::string> region) {
    ConvertOptions options;
    options.inputs = {source_};
    options.output = output;
    options.region = std::move(region);
    options.overwrite = true;
    options.chunks = {"t:time=2,x=4"};
    options.resources.memory = 64 << 20;
    (void)convert(options, {directory_.files(), clock_, console_, {}});
  }

  // An archive with a manifest, and values that are not those of the part.
  void prepare() {
    convert_to(prepared_, {});
    const auto store = file_store(directory_.files(), prepared_);
    for (const std::int64_t row : {0, 1, 2}) store->remove(Key(fmt::format("t/c/{}/0", row)));
  }

  void start_over() {
    for (const char* suffix : {"", ".gridmill"}) {
      std::filesystem::remove_all(archive_ + suffix);
      std::filesystem::copy(prepared_ + suffix, archive_ + suffix,
                            std::filesystem::copy_options::recursive);
    }
  }

  void run(Files& files) {
    WriteRegionOptions options;
    options.inputs = {part_};
    options.store = archive_;
    options.resources.memory = 64 << 20;
    options.resources.threads = 2;
    (void)write_region(options, {files, clock_, console_, {}});
  }

  std::vector<float> archive_values() {
    const Dataset found = open_dataset(directory_.files(), parse_location(archive_));
    const Array values = read_array(found.at("t"));
    return {values.values<float>(), values.values<float>() + values.size()};
  }

  static std::size_t fired_index(const FaultyFiles& files) {
    return static_cast<std::size_t>(files.fired_at() - 1);
  }

  // In chunks of the first columns, which were taken away, the fill value; elsewhere what was
  // there.
  float old_value(std::size_t i) const { return i % 8 < 4 ? 0.0F : wanted_[i]; }
  static bool is_inside(std::size_t i) {
    const auto row = static_cast<std::int64_t>(i / 8);
    return row >= kBegin && row < kEnd;
  }

  TemporaryDirectory directory_;
  const std::string source_ = directory_ / "source.zarr";
  const std::string part_ = directory_ / "part.zarr";
  const std::string prepared_ = directory_ / "prepared.zarr";
  const std::string archive_ = directory_ / "archive.zarr";
  const HastyClock clock_;
  SilentConsole console_;
  std::vector<float> wanted_;
};

TEST_P(WriteRegionFaults, LeaveWholeChunksAndTheSameCommandFinishes) {
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
    // What a disk has not kept can't be read, until it is written again.
    const bool has_lost = files.fired() && files.log()[fired_index(files)].name == "sync_all";
    const std::vector<float> found = has_lost ? std::vector<float>() : archive_values();
    for (std::size_t i = 0; i < found.size(); ++i) {
      const bool is_new = is_inside(i) && found[i] == wanted_[i];
      EXPECT_TRUE(is_new || found[i] == old_value(i)) << "element " << i << " after call " << n;
    }
    run(directory_.files());
    const std::vector<float> finished = archive_values();
    for (std::size_t i = 0; i < finished.size(); ++i) {
      EXPECT_EQ(finished[i], is_inside(i) ? wanted_[i] : old_value(i)) << i << " after call " << n;
    }
    if (!files.fired()) break;
    ++faults;
    n = files.fired_at() + (GetParam() == Failure::error ? 3 : 0);  // of those there are hundreds
  }
  EXPECT_GT(faults, 5) << "nothing was put to the test";
}

INSTANTIATE_TEST_SUITE_P(Failures, WriteRegionFaults,
                         testing::Values(Failure::error, Failure::full_disk, Failure::torn_write,
                                         Failure::short_read, Failure::lost_reply, Failure::crash));

}  // namespace
}  // namespace gridmill
