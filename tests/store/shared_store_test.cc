// What writers of one store share: tests/jobs/write_region_fault_test.cc and test_write_region.py
// try it whole; here is what takes two of them at one moment.
#include "gridmill/store/shared_store.h"

#include <gtest/gtest.h>

#include <thread>

#include "doubles/temporary_directory.h"
#include "gridmill/base/error.h"
#include "gridmill/store/file_store.h"

namespace gridmill {
namespace {

class SharedStoreTest : public testing::Test {
 protected:
  SharedStoreTest() {
    directory_.files().make_directories(place_);
    (void)file_store(directory_.files(), place_)->put(Key("zarr.json"), as_bytes("{}"));
  }
  std::unique_ptr<SharedStore> join(std::stop_token stop = {}) {
    return std::make_unique<SharedStore>(directory_.files(), *clock_, parse_location(place_),
                                         Writers::together, std::move(stop));
  }

  TemporaryDirectory directory_;
  const std::unique_ptr<Clock> clock_ = system_clock();
  const std::string place_ = directory_.path() + "/s.zarr";
};

TEST_F(SharedStoreTest, WhoWaitsForALockHearsAnInterrupt) {
  std::stop_source interrupt;
  const auto other = join(), ours = join(interrupt.get_token());
  const auto held = other->lock(Key("t/c/0"), true);
  std::jthread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    interrupt.request_stop();
  });
  try {
    (void)ours->lock(Key("t/c/0"), true);
    ADD_FAILURE() << "two hold one lock";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::cancelled) << error.what();
  }
}

TEST_F(SharedStoreTest, AKeyIsLetGo) {
  const auto first = join(), second = join();
  first->lock(Key("t/c/0"), true).reset();
  EXPECT_NE(second->lock(Key("t/c/0"), true), nullptr);
  EXPECT_NE(first->lock(Key("t/c/1"), true), nullptr) << "of another key nobody has to wait";
}

}  // namespace
}  // namespace gridmill
