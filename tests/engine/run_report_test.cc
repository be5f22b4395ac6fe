// Hand-made figures; the answers are worked out on paper.
#include "gridmill/engine/run_report.h"

#include <gtest/gtest.h>

#include "engine/durations.h"
#include "gridmill/base/error.h"

namespace gridmill {
namespace {

RunFacts an_hour() {
  StageFigures stage;
  stage.name = "convert";
  stage.end_ns = 3600 * kSecond;
  stage.of(LaneKind::reader) = {2, 600 * kSecond};
  stage.of(LaneKind::cpu) = {2, 6000 * kSecond};
  stage.of(LaneKind::writer) = {1, 60 * kSecond};
  stage.of(LaneWork::read) = {1200 * kSecond, 3000, 72'000'000'000};
  stage.of(LaneWork::decode) = {2000 * kSecond, 3000, 144'000'000'000};
  stage.of(LaneWork::encode) = {4000 * kSecond, 1000, 144'000'000'000};
  stage.of(LaneWork::write) = {600 * kSecond, 1000, 36'000'000'000};
  stage.reads = {8, 3000, 21'000, 8};
  stage.tasks = 500;
  stage.credit_budget = 800 << 20;
  stage.credit_most = 700 << 20;
  RunFacts facts;
  facts.stages = {stage};
  facts.wall_ns = 3600 * kSecond;
  facts.cpu_ns = 7200 * kSecond;
  facts.threads = 2;
  facts.cores = 4;
  facts.memory = std::int64_t{1} << 30;
  facts.peak_memory = std::int64_t{2} << 30;
  facts.bytes_read = 72'000'000'000;
  facts.bytes_written = 36'000'000'000;
  return facts;
}

TEST(RunReport, GivesRatesUseAndProcessorTime) {
  const Json report = run_report(an_hour(), {});
  const Json& stage = report["stages"][0];
  EXPECT_EQ(stage["seconds"], 3600.0);
  EXPECT_EQ(stage["cpu_seconds"], 6660.0);
  EXPECT_EQ(stage["work"]["read"]["bytes_per_second"], 20e6);
  EXPECT_EQ(stage["work"]["decode"]["cpu_seconds"], 2000.0);  // a third of the threads' 6000
  EXPECT_EQ(stage["work"]["encode"]["cpu_seconds"], 4000.0);
  EXPECT_FALSE(stage["work"].contains("compute"));
  EXPECT_NEAR(stage["lanes"]["CPU threads"]["use"].get<double>(), 6000.0 / 7200, 1e-12);
  EXPECT_EQ(stage["queues"]["reads"]["mean"], 7.0);
  EXPECT_EQ(stage["queues"]["writes"]["mean"], 0.0);  // nothing was ever taken
  EXPECT_EQ(report["bottleneck"]["what"], "encode");
  EXPECT_FALSE(report.contains("cost"));
}

TEST(RunReport, CostsWhatTheTableSays) {
  const PriceTable prices =
      parse_prices({"cpu-hour=0.05", "machine_hour=1", "memory-gib-hour=0.01", "read-gb=0.5",
                    "written-gb=2", "requests-1000=0.25", "currency=EUR"});
  const Json cost = run_report(an_hour(), prices)["cost"];
  EXPECT_EQ(cost["currency"], "EUR");
  const Json& items = cost["items"];
  EXPECT_DOUBLE_EQ(items["cpu-hour"]["cost"].get<double>(), 2 * 0.05);
  EXPECT_DOUBLE_EQ(items["machine-hour"]["cost"].get<double>(), 1);
  EXPECT_DOUBLE_EQ(items["memory-gib-hour"]["cost"].get<double>(), 2 * 0.01);
  EXPECT_DOUBLE_EQ(items["read-gb"]["cost"].get<double>(), 36);
  EXPECT_DOUBLE_EQ(items["written-gb"]["cost"].get<double>(), 72);
  EXPECT_DOUBLE_EQ(items["requests-1000"]["cost"].get<double>(), 1);
  EXPECT_NEAR(cost["total"].get<double>(), 0.1 + 1 + 0.02 + 36 + 72 + 1, 1e-9);
}

TEST(RunReport, RefusesPricesThatAreNone) {
  const auto message = [](const std::string& text) {
    try {
      parse_prices({text});
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::invalid);
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_NE(message("cpu-our=1").find("did you mean cpu-hour"), std::string::npos);
  for (const char* text : {"cpu-hour", "cpu-hour=", "cpu-hour=-1", "cpu-hour=inf", "=1"}) {
    EXPECT_NE(message(text), "") << text;
  }
}

TEST(RunReport, AsTextNamesEveryFigure) {
  const std::string text =
      run_report_text(run_report(an_hour(), parse_prices({"cpu-hour=0.05", "currency=EUR"})));
  for (const char* part :
       {"took 1 h 00 min", "CPU 2 h 00 min on 2 threads", "peak memory 2 GiB, budget 1 GiB",
        "bottleneck: encoding: the 2 CPU threads were busy 83 %", "convert: 1 h 00 min",
        "20.0 MB/s", "reads 7.0 of 8", "cost 0.1 EUR: 2 cpu-hour = 0.1"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " is not in\n" << text;
  }
}

}  // namespace
}  // namespace gridmill
