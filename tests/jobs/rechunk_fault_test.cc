// Rechunk, in each of its three ways, against every failing call: whatever fails and wherever, OUT
// is absent or the complete new store, and the same command succeeds afterwards, from where it was
// or anew. Also where a failing call fails for good.

#include <gtest/gtest.h>

#include <chrono>
#include <cstring>
#include <map>
#include <set>
#include <thread>

#include "doubles/faulty_files.h"
#include "doubles/hasty_clock.h"
#include "doubles/temporary_directory.h"
#include "gridmill/base/error.h"
#include "gridmill/codec/short_form.h"
#include "gridmill/jobs/rechunk.h"
#include "jobs/silent_console.h"
#include "jobs/small_store.h"

namespace gridmill {
namespace {

// Six maps of 32 KiB, whose codec decodes them whole only.
void make_maps(Files& files, const std::string& path) {
  const auto store = file_store(files, path);
  ArrayMetadata metadata = new_array_metadata(3, types::float32, {6, 64, 128}, {1, 64, 128});
  metadata.fill = FillValue::zero(types::float32);
  metadata.codecs = parse_codec("zstd:1", types::float32, 3);
  metadata.dimension_names = {"time", "y", "x"};
  CodecContext context;
  Buffer encoded;
  Array values(types::float32, {1, 64, 128});
  for (std::int64_t map = 0; map < 6; ++map) {
    for (std::int64_t i = 0; i < values.size(); ++i) {
      values.values<float>()[i] = static_cast<float>(map * 100'000 + i);
    }
    metadata.codecs.encode(values.view(), encoded, context);
    store->put(Key("t") / chunk_key(metadata, metadata.grid().position(map)), encoded);
  }
  write_array(*store, Key("t"), metadata);
  write_group(*store, Key(), 3, {});
}

class RechunkFaults : public testing::TestWithParam<std::tuple<Failure, std::string>> {
 protected:
  RechunkFaults() {
    make_maps(directory_.files(), in_);
    for (memory_ = 256 << 10; !goes_the_way(); memory_ += 64 << 10) {
      if (memory_ > 16 << 20) throw Error(ErrorKind::internal, "no budget leads that way: " + way_);
    }
    run(directory_.files(), false);
    expected_ = tree();
  }

  Json run(Files& files, bool resume, std::int64_t timeout_ns = 0, bool dry_run = false) {
    RechunkOptions options;
    options.input = in_;
    options.output = out_;
    // Of maps this small those that a target chunk cuts are decoded again rather than held.
    options.chunks = {way_ == "one stage" ? "time=3,y=all,x=all" : "time=all,y=32,x=64"};
    options.codec = {"zstd:1"};
    options.way = way_ == "spill" ? "spill" : "direct";
    options.resume = resume;
    options.dry_run = dry_run;
    options.resources = Resources{};
    options.resources.memory = memory_;
    options.resources.threads = 1;
    options.resources.timeout_ns = timeout_ns;
    return rechunk(options, {files, clock_, console_, {}});
  }

  bool goes_the_way() {
    try {
      return run(directory_.files(), false, 0, true)["variables"][0]["way"] == way_;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::invalid) throw;
      return false;  // too little for any way
    }
  }

  std::map<std::string, std::string> tree() {
    std::map<std::string, std::string> found;
    const auto store = file_store(directory_.files(), out_);
    Buffer value;
    store->list(Key(), [&](const ListEntry& entry) {
      if (store->get(entry.key, value)) found[entry.key.text()] = as_text(value);
    });
    return found;
  }

  bool exists() { return directory_.files().status(out_).has_value(); }
  void start_over() {
    remove_tree(directory_.files(), out_);
    remove_tree(directory_.files(), out_ + ".gridmill");
  }

  TemporaryDirectory directory_;
  const std::string in_ = directory_ / "in.zarr";
  const std::string out_ = directory_ / "out.zarr";
  const HastyClock clock_;
  const std::string way_ = std::get<std::string>(GetParam());
  SilentConsole console_;
  std::int64_t memory_ = 0;
  std::map<std::string, std::string> expected_;
};

TEST_P(RechunkFaults, LeaveNothingOrTheWholeNewStore) {
  const Failure failure = std::get<Failure>(GetParam());
  int failed = 0;
  int tries = 0;
  for (std::int64_t n = 1;; ++tries) {
    ASSERT_LT(n, 3000);
    start_over();
    FaultyFiles files(directory_.files(), {n, failure});
    bool succeeded = false;
    try {
      run(files, false);
      succeeded = true;
    } catch (const Error& error) {
      ++failed;
      if (failure == Failure::full_disk) {
        EXPECT_EQ(error.kind(), ErrorKind::out_of_space) << error.what();
      }
      // A crash that came through here has no words of its own.
      if (failure != Failure::crash) {
        EXPECT_NE(std::strstr(error.what(), directory_.path().c_str()), nullptr) << error.what();
      }
    } catch (const CrashError&) {
      ++failed;
      EXPECT_EQ(failure, Failure::crash);
    }
    if (!files.fired()) break;
    n = files.fired_at() + 1;
    if (succeeded) {
      EXPECT_TRUE(exists());
    }
    if (exists()) {
      // Who died behind the rename may have left the manifest inside (store/stage.h).
      auto found = tree();
      found.erase(".gridmill-manifest");
      EXPECT_TRUE(found == expected_) << "before call " << n;
      continue;
    }
    // Beside the spill and its journal a second run finds nothing that convert's tests don't leave.
    if ((way_ != "spill" || failure == Failure::sticky) && tries % 8 > 1) continue;
    run(directory_.files(), tries % 2 == 0);
    EXPECT_TRUE(tree() == expected_) << "before call " << n;
  }
  EXPECT_GT(failed, 5) << "nothing was put to the test";
}

INSTANTIATE_TEST_SUITE_P(
    Failures, RechunkFaults,
    testing::Combine(
        testing::Values(Failure::error, Failure::sticky, Failure::full_disk, Failure::torn_write,
                        Failure::short_read, Failure::lost_reply, Failure::crash),
        testing::Values(std::string("one stage"), std::string("bands"), std::string("spill"))));

using RechunkHang = RechunkFaults;

// Every kind of call that the lanes of both stages make: on the chunks of the input, of the spill
// and of the output.
TEST_P(RechunkHang, IsReportedByItsDeadline) {
  start_over();
  FaultyFiles counting(directory_.files());
  run(counting, false);
  std::set<std::pair<std::string, std::string>> kinds;
  for (const Call& call : counting.log()) {
    if (call.name == "list" || call.name == "status") continue;  // before the lanes start
    for (const char* place : {"in.zarr/t/c/", "/run/spill/t/", "/incoming/t/c/"}) {
      if (call.subject.find(place) != std::string::npos) kinds.insert({call.name, place});
    }
  }
  const bool spills = std::get<std::string>(GetParam()) == "spill";
  EXPECT_TRUE(kinds.contains({"read_at", "in.zarr/t/c/"}));
  EXPECT_TRUE(kinds.contains({"append", "/incoming/t/c/"}));
  EXPECT_EQ(kinds.contains({"read_at", "/run/spill/t/"}), spills);
  EXPECT_EQ(kinds.contains({"append", "/run/spill/t/"}), spills);
  for (const auto& [name, place] : kinds) {
    if (name.starts_with("remove")) continue;  // of the spill, by the caller's own thread
    start_over();
    FaultyFiles files(directory_.files(), {1, Failure::hang, ErrorKind::unavailable, name, place});
    try {
      run(files, false, 100'000'000);
      ADD_FAILURE() << name << " of " << place << (files.fired() ? " hung unseen" : " not called");
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::timeout) << error.what();
      EXPECT_NE(std::strstr(error.what(), "waited"), nullptr) << error.what();
    }
    EXPECT_FALSE(exists()) << name;
    files.release();
    std::this_thread::sleep_for(std::chrono::milliseconds(100));  // the abandoned lane goes home
  }
}

INSTANTIATE_TEST_SUITE_P(Failures, RechunkHang,
                         testing::Combine(testing::Values(Failure::hang),
                                          testing::Values(std::string("one stage"),
                                                          std::string("bands"),
                                                          std::string("spill"))));

}  // namespace
}  // namespace gridmill
