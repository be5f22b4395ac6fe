// How many tasks a run has in hand, however large its budget is.
#include "gridmill/engine/admission.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include "engine/stage_case.h"

namespace gridmill {
namespace {

// Whether a task of so many bytes is admitted now.
bool is_admitted(Admission& admission, std::int64_t bytes) {
  std::stop_source stop;
  stop.request_stop();
  return admission.wait(bytes, stop.get_token());
}

TEST(Admission, ThreeTasksAreInHandHoweverLargeTheyAre) {
  Admission admission({3, 2, 1000}, 5);
  const Admission::Share large{1 << 30, 500};
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(is_admitted(admission, large.bytes)) << i;
    admission.begin(large);
  }
  EXPECT_FALSE(is_admitted(admission, large.bytes));
  EXPECT_FALSE(is_admitted(admission, 1));
  admission.end(large);
  EXPECT_TRUE(is_admitted(admission, large.bytes));
}

TEST(Admission, LanesHaveOneLeafAndFindAnother) {
  Admission admission({3, 2, 1000}, 5);
  const Admission::Share one_leaf{5000, 1}, none{5000, 0};  // which counts as one
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(is_admitted(admission, 5000)) << i;
    admission.begin(i % 2 == 0 ? one_leaf : none);
  }
  EXPECT_FALSE(is_admitted(admission, 5000));
  admission.end(none);
  EXPECT_TRUE(is_admitted(admission, 5000));
}

TEST(Admission, SmallTasksAreAdmittedByTheirBytes) {
  Admission admission({1, 0, 1000}, 5);
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(is_admitted(admission, 100)) << i;
    admission.begin({100, 7});
  }
  EXPECT_FALSE(is_admitted(admission, 1));
  EXPECT_FALSE(is_admitted(admission, INT64_MAX));
}

TEST(Admission, AWaitingSchedulerIsWokenByTheEndOfATask) {
  Admission admission({1, 0, 0}, 1);
  admission.begin({10, 1});
  std::atomic<bool> was_woken = false;
  std::jthread waiter([&](const std::stop_token& stop) { was_woken = admission.wait(10, stop); });
  admission.end({10, 1});
  for (int i = 0; i < 10'000 && !was_woken; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_TRUE(was_woken);
}

// ---- runs

constexpr std::int64_t kTaskBytes = 64 * 8;

Case many_small_tasks() { return make_case({400, 64}, {1, 64}, {1, 64}, {1, 1}); }

// Bytes that tasks of `made` hold at most while the first leaf stalls until nothing else moves.
std::int64_t most_held(const Case& made, const AdmissionPolicy& policy) {
  made.sink->ordered = true;
  Progress progress;
  std::atomic<std::int64_t> most = 0;
  made.leaves->on_fetch = [&](const Index& leaf) {
    if (leaf[0] != 0) return;
    for (int idle_ms = 0; idle_ms < 100; ++idle_ms) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      if (most == progress.memory_held) continue;
      idle_ms = 0;
      most = std::max<std::int64_t>(most, progress.memory_held);
    }
  };
  RunOptions generous = options(std::int64_t{1} << 30);
  generous.admission = policy;
  run(made, generous, progress);
  expect_complete(made);
  return most;
}

TEST(Admission, ManySmallTasksDontFillALargeBudget) {
  // Two readers, two CPU threads and a writer: two leaves for each.
  EXPECT_EQ(most_held(many_small_tasks(), {3, 2, 0}), 10 * kTaskBytes);
  EXPECT_EQ(most_held(many_small_tasks(), {3, 2, 50 * kTaskBytes}), 50 * kTaskBytes);
  EXPECT_EQ(most_held(many_small_tasks(), {3, 0, 0}), 3 * kTaskBytes);
  EXPECT_EQ(most_held(many_small_tasks(), AdmissionPolicy()), 400 * kTaskBytes);  // small: all
}

TEST(Admission, EveryPolicyEndsAndGivesTheSameValues) {
  for (const AdmissionPolicy& policy : {AdmissionPolicy{0, 0, 0}, AdmissionPolicy{1, 1, 0},
                                        AdmissionPolicy{2, 0, 4000}, AdmissionPolicy()}) {
    for (const bool ordered : {false, true}) {
      const Case made = make_case({40, 6}, {3, 4}, {2, 6}, {2, 1});
      made.sink->ordered = ordered;
      RunOptions how = options(1 << 20, 3);
      how.admission = policy;
      Progress progress;
      run(made, how, progress);
      expect_complete(made);
      EXPECT_EQ(progress.memory_held, 0);
    }
  }
}

// Waits until `is_so`, but not for ever.
template <class IsSo>
bool comes_true(const IsSo& is_so) {
  for (int i = 0; i < 20'000 && !is_so(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return is_so();
}

TEST(Admission, AFewLargeTasksKeepAllLanesBusy) {
  // Four tasks of 25 leaves and five units, each of them far more than is small.
  const Case made = make_case({100, 64}, {1, 64}, {5, 64}, {5, 1});
  std::atomic<int> decoding = 0, most_decoding = 0;
  std::atomic<bool> was_next_read = false, next_was_in_time = false, two_decode = false;
  made.leaves->on_fetch = [&](const Index& leaf) {
    if (leaf[0] >= 25) was_next_read = true;
  };
  made.leaves->on_decode = [&](const Index& leaf) {
    most_decoding = std::max(most_decoding.load(), ++decoding);
    if (leaf[0] == 3) two_decode = comes_true([&] { return most_decoding >= 2; });
    --decoding;
  };
  made.sink->on_store = [&](const Index& unit) {
    // The second task is read while the first is written.
    if (unit[0] == 0) next_was_in_time = comes_true([&] { return was_next_read.load(); });
  };
  RunOptions how = options(std::int64_t{1} << 30);
  how.admission.bytes = 0;
  Progress progress;
  run(made, how, progress);
  expect_complete(made);
  EXPECT_TRUE(two_decode);
  EXPECT_TRUE(next_was_in_time);
}

}  // namespace
}  // namespace gridmill
