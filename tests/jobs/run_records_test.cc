// What is kept of runs, and what is said of them.
#include "gridmill/jobs/run_records.h"

#include <gtest/gtest.h>

#include "gridmill/store/memory_store.h"

namespace gridmill {
namespace {

constexpr std::int64_t kSecond_ns = 1'000'000'000;
constexpr std::int64_t kStart_ns = 1'767'225'600 * kSecond_ns;  // 2026-01-01

Json record(int n, double seconds, const std::string& plan = "p") {
  return {{"id", run_id(kStart_ns + n * kSecond_ns, "aaaa")},
          {"state", "done"},
          {"plan", plan},
          {"threads", 2},
          {"memory", 1000},
          {"chunks_resumed", 0},
          {"seconds", seconds},
          {"peak_memory", 500}};
}

TEST(RunRecords, IdsSortByTime) {
  EXPECT_EQ(run_id(kStart_ns + 42'000'000, "3f2a"), "20260101T000000.042Z-3f2a");
  EXPECT_LT(run_id(kStart_ns + kSecond_ns, "ffff"), run_id(kStart_ns + 2 * kSecond_ns, "0000"));
  EXPECT_EQ(utc_text(kStart_ns), "2026-01-01T00:00:00Z");
}

TEST(RunRecords, TheLastHundredStay) {
  const auto store = memory_store();
  for (int n = 0; n < 103; ++n) save_run(*store, record(n, n));
  const auto runs = load_runs(*store);
  ASSERT_EQ(runs.size(), kMostRunRecords);
  EXPECT_EQ(runs.front()["seconds"], 3.0);
  EXPECT_EQ(runs.back()["seconds"], 102.0);
}

TEST(RunRecords, WhatIsNoRecordIsPassedOver) {
  const auto store = memory_store();
  save_run(*store, record(1, 1));
  for (const char* text : {"", "{", "[]", "{}", "{\"id\": 3}", "\xff"}) {
    (void)store->put(Key("runs/20260101T000000.000Z-0000.json"), as_bytes(std::string_view(text)));
    EXPECT_EQ(load_runs(*store).size(), 1U) << text;
  }
}

TEST(RunRecords, AreComparedWithTheMedianOfTheirKind) {
  const std::vector<Json> runs{record(0, 10), record(1, 30), record(2, 14), record(3, 20),
                               record(4, 99, "another")};
  const Json comparison = compare_run(record(9, 51), runs);
  EXPECT_EQ(comparison["runs"], 4);
  EXPECT_EQ(comparison["median_seconds"], 17.0);
  EXPECT_EQ(comparison["times_median"], 3.0);
  EXPECT_EQ(compare_run(runs[1], runs)["median_seconds"], 10.0);  // only those before it
  EXPECT_EQ(compare_run(runs[0], runs), Json({{"runs", 0}}));
}

TEST(RunRecords, OfOtherKindsAreNotCompared) {
  const Json now = record(9, 1);
  for (const auto& [name, value] :
       std::vector<std::pair<const char*, Json>>{{"state", "failed"},
                                                 {"plan", "q"},
                                                 {"threads", 4},
                                                 {"memory", 2000},
                                                 {"chunks_resumed", 3}}) {
    Json other = record(1, 1);
    EXPECT_EQ(compare_run(now, {other})["runs"], 1);
    other[name] = value;
    EXPECT_EQ(compare_run(now, {other})["runs"], 0) << name;
  }
}

TEST(RunRecords, WarnOfWhatIsSlowOrLarge) {
  const Json usual{{"runs", 3}, {"median_seconds", 10.0}};
  EXPECT_TRUE(run_warnings(record(9, 20), usual).empty());
  const auto slow = run_warnings(record(9, 21), usual);
  ASSERT_EQ(slow.size(), 1U);
  EXPECT_EQ(slow[0], "took 21.0 s, 2.1 x the median of 3 earlier runs of this plan (10.0 s)");
  // Three times as long, but less than a second more: that says nothing.
  EXPECT_TRUE(run_warnings(record(9, 0.3), {{"runs", 3}, {"median_seconds", 0.1}}).empty());
  Json large = record(9, 1);
  large["peak_memory"] = 900;
  EXPECT_TRUE(run_warnings(large, usual).empty());
  large["peak_memory"] = 901;
  ASSERT_EQ(run_warnings(large, usual).size(), 1U);
  EXPECT_NE(run_warnings(large, usual)[0].find("is 90 % of --memory"), std::string::npos);
}

}  // namespace
}  // namespace gridmill
