// The table of extract as a stream: pulled whole, given up, and broken in the middle.
#include "gridmill/jobs/arrow_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <cmath>
#include <string>
#include <vector>

#include "doubles/temporary_directory.h"
#include "gridmill/base/error.h"
#include "jobs/made_store.h"

namespace gridmill {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t kMebibyte = 1 << 20;
constexpr std::int64_t kTimes = 4000, kTimesOfChunk = 100, kPoints = 30;

float value_at(std::int64_t time, std::int64_t cell) {
  return time % 7 == 3 ? NAN : static_cast<float>(time * 6 + cell + 1);
}

// t(time, lat, lon) with a chunk for each hundred times, on a grid of 2 x 3.
void make_gridded_store(Files& files, const std::string& path) {
  make_store(files, path,
             {{"time", {"time"}, {kTimes}, {kTimes}, steps_from(0, 1), "days since 2000-01-01"},
              {"lat", {"lat"}, {2}, {2}, steps_from(0, 10), "degrees_north"},
              {"lon", {"lon"}, {3}, {3}, steps_from(0, 10), "degrees_east"},
              {"t",
               {"time", "lat", "lon"},
               {kTimes, 2, 3},
               {kTimesOfChunk, 2, 3},
               [](std::int64_t i) { return value_at(i / 6, i % 6); },
               "K"}});
}

class ArrowTableStreams : public testing::Test {
 protected:
  ArrowTableStreams() : path_(directory_ / "in.zarr") {
    make_gridded_store(directory_.files(), path_);
  }
  ~ArrowTableStreams() override {
    if (stream_.release != nullptr) stream_.release(&stream_);
  }

  // Point p lies at the cell p % 6. Each thread takes 2 MiB, and a chunk's rows 160 KiB while they
  // are made: there is room for some of the tasks only.
  ExtractOptions options(int threads = 2) const {
    ExtractOptions made;
    made.inputs = {path_};
    for (std::int64_t p = 0; p < kPoints; ++p) {
      const double aside = 0.01 * static_cast<double>(p);
      const double latitude = p % 6 < 3 ? aside : 10 - aside;
      made.points.push_back("p" + std::to_string(p) + "=" + std::to_string(latitude) + "," +
                            std::to_string(p % 3 * 10));
    }
    made.resources.memory = (3 + 3 * threads) * kMebibyte;
    made.resources.threads = threads;
    return made;
  }

  void open(int threads = 2) {
    report_ = open_arrow_table(options(threads), directory_.files(), *clock_, &stream_);
  }

  // The next batch's rows, compared; nullopt at the end.
  std::optional<std::int64_t> pull(std::int64_t first_row) {
    ArrowArray batch{};
    EXPECT_EQ(stream_.get_next(&stream_, &batch), 0) << stream_.get_last_error(&stream_);
    EXPECT_EQ(stream_.get_last_error(&stream_), nullptr);
    if (batch.release == nullptr) return std::nullopt;
    check(batch, first_row);
    const std::int64_t rows = batch.length;
    batch.release(&batch);
    return rows;
  }

  static void check(const ArrowArray& batch, std::int64_t first_row) {
    const ArrowArray& time = *batch.children[0];
    const ArrowArray& t = *batch.children[batch.n_children - 1];
    const auto* days = static_cast<const std::int64_t*>(time.buffers[1]);
    const auto* values = static_cast<const float*>(t.buffers[1]);
    std::int64_t nulls = 0;
    for (std::int64_t i = 0; i < batch.length; ++i) {
      const std::int64_t step = (first_row + i) / kPoints, point = (first_row + i) % kPoints;
      ASSERT_EQ(days[i], 946'684'800'000'000 + step * 86'400'000'000);
      const float wanted = value_at(step, point % 6);
      if (std::isnan(wanted)) {
        ++nulls;
      } else {
        ASSERT_EQ(values[i], wanted) << "row " << first_row + i;
      }
    }
    EXPECT_EQ(t.null_count, nulls);
  }

  TemporaryDirectory directory_;
  std::string path_;
  std::unique_ptr<Clock> clock_ = system_clock();
  ArrowArrayStream stream_{};
  Json report_;
};

TEST_F(ArrowTableStreams, AllRowsComeInOrderForAnyNumberOfThreads) {
  for (const int threads : {1, 2, 3}) {
    open(threads);
    EXPECT_EQ(report_["rows"], kTimes * kPoints);
    EXPECT_FALSE(report_.contains("output"));
    std::int64_t rows = 0, batches = 0;
    while (const auto more = pull(rows)) {
      rows += *more;
      ++batches;
    }
    EXPECT_EQ(rows, kTimes * kPoints);
    EXPECT_GT(batches, 10);  // no more than a part of it was ever held
    EXPECT_EQ(pull(rows), std::nullopt);
    stream_.release(&stream_);
    EXPECT_EQ(stream_.release, nullptr);
  }
}

TEST_F(ArrowTableStreams, TheSchemaIsThereBeforeAndAfterTheRows) {
  open();
  for (int round = 0; round < 2; ++round) {
    ArrowSchema schema;
    ASSERT_EQ(stream_.get_schema(&stream_, &schema), 0);
    EXPECT_STREQ(schema.children[0]->name, "time");
    EXPECT_STREQ(schema.children[0]->format, "tsu:");
    EXPECT_STREQ(schema.children[schema.n_children - 1]->name, "t");
    schema.release(&schema);
    for (std::int64_t rows = 0; const auto more = pull(rows);) rows += *more;
  }
}

TEST_F(ArrowTableStreams, WhoReleasesItEarlyStopsTheRun) {
  for (int pulled = 0; pulled < 4; ++pulled) {
    open();
    std::int64_t rows = 0;
    for (int i = 0; i < pulled; ++i) rows += pull(rows).value_or(0);
    stream_.release(&stream_);
    EXPECT_EQ(stream_.release, nullptr);
  }
}

TEST_F(ArrowTableStreams, BatchesOutliveTheStream) {
  open();
  ArrowArray batch{};
  ASSERT_EQ(stream_.get_next(&stream_, &batch), 0);
  stream_.release(&stream_);
  check(batch, 0);
  batch.release(&batch);
}

// The last chunk isn't even read before the first rows were made.
TEST_F(ArrowTableStreams, WhatIsBrokenComesBehindGoodRows) {
  file_store(directory_.files(), path_)->put(Key("t/c/39/0/0"), as_bytes("short"));
  open();
  std::int64_t rows = 0;
  ArrowArray batch{};
  int status = 0;
  while ((status = stream_.get_next(&stream_, &batch)) == 0) {
    ASSERT_NE(batch.release, nullptr) << "no error, but an end";
    check(batch, rows);
    rows += batch.length;
    batch.release(&batch);
  }
  EXPECT_EQ(status, EIO);
  EXPECT_GT(rows, 0);
  EXPECT_LE(rows, (kTimes - kTimesOfChunk) * kPoints);
  const char* text = stream_.get_last_error(&stream_);
  ASSERT_NE(text, nullptr);
  const Json error = parse_json(text)["error"];
  EXPECT_EQ(error["kind"], "corrupt");
  EXPECT_THAT(error["message"].get<std::string>(), HasSubstr("t/c/39/0/0"));
  EXPECT_EQ(stream_.get_next(&stream_, &batch), EIO);  // and stays
}

TEST_F(ArrowTableStreams, WhatIsWrongFromTheStartIsToldAtOnce) {
  ExtractOptions missing = options();
  missing.variables = {"u"};
  EXPECT_THROW(open_arrow_table(missing, directory_.files(), *clock_, &stream_), Error);
  ExtractOptions method = options();
  method.method.name = "guessed";
  EXPECT_THROW(open_arrow_table(method, directory_.files(), *clock_, &stream_), Error);
  ExtractOptions narrow = options();
  narrow.resources.memory = 1000;
  EXPECT_THROW(open_arrow_table(narrow, directory_.files(), *clock_, &stream_), Error);
  EXPECT_EQ(stream_.release, nullptr);
}

}  // namespace
}  // namespace gridmill
