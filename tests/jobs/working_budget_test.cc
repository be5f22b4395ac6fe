// A job that doesn't fit into its memory names a budget; the job is planned again with it, and
// fits.

#include "gridmill/jobs/working_budget.h"

#include <gtest/gtest.h>

#include <vector>

#include "doubles/temporary_directory.h"
#include "gridmill/jobs/convert.h"
#include "gridmill/jobs/rechunk.h"
#include "gridmill/jobs/run_plan.h"
#include "gridmill/store/file_store.h"
#include "gridmill/zarr/writer.h"
#include "jobs/silent_console.h"

namespace gridmill {
namespace {

constexpr std::int64_t kMiB = 1 << 20;

// The refusal of `plan` with so much memory; "": it isn't refused.
template <class Plan>
std::string refusal(std::int64_t memory, const Plan& plan) {
  try {
    plan_within(memory, plan);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::invalid) << error.what();
    return error.what();
  }
  return "";
}

std::int64_t named_budget(const std::string& text) {
  const std::string before = "; --memory ", behind = "M works";
  const std::size_t at = text.rfind(before);
  EXPECT_NE(at, std::string::npos) << text;
  EXPECT_TRUE(text.ends_with(behind)) << text;
  return at == std::string::npos ? 0 : std::stoll(text.substr(at + before.size())) * kMiB;
}

TEST(WorkingBudget, TheNamedOneWasTried) {
  for (const std::int64_t least : {65 * kMiB, 200 * kMiB + 1, 5000 * kMiB}) {
    // What fits into 1.3 x the least doesn't into 1.5 x: as if tasks grew with the memory.
    const auto fits = [&](std::int64_t memory) {
      return memory >= least && (memory < least / 10 * 13 || memory > least / 10 * 15);
    };
    const auto plan = [&](std::int64_t memory) {
      if (!fits(memory)) throw Error(ErrorKind::invalid, "too little");
    };
    EXPECT_EQ(refusal(least, plan), "");
    for (const std::int64_t memory : {64 * kMiB, least - 1, least / 10 * 14}) {
      if (fits(memory)) continue;
      const std::int64_t named = named_budget(refusal(memory, plan));
      EXPECT_TRUE(fits(named)) << named;
      EXPECT_GT(named, memory);
      EXPECT_LE(named, std::max(memory, least) * 9 / 4 + 2 * kMiB) << memory << " of " << least;
    }
  }
}

TEST(WorkingBudget, NoneIsNamedWhereNoneWorks) {
  const auto plan = [](std::int64_t) { throw Error(ErrorKind::invalid, "never"); };
  EXPECT_EQ(refusal(64 * kMiB, plan), "never");
}

TEST(WorkingBudget, OtherErrorsPassAsTheyAre) {
  const auto broken = [](std::int64_t) { throw Error(ErrorKind::corrupt, "a broken file"); };
  EXPECT_THROW(plan_within(64 * kMiB, broken), Error);
  int calls = 0;
  const auto breaks = [&](std::int64_t) {
    throw Error(calls++ == 0 ? ErrorKind::invalid : ErrorKind::corrupt, "it");
  };
  try {
    plan_within(64 * kMiB, breaks);
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::corrupt);
  }
  EXPECT_EQ(calls, 2);
}

// ---- the plans of verbs, for arrays that are as large as one likes, since nothing is read of them

class BudgetTest : public testing::Test {
 protected:
  void make(const std::string& name, const Shape& shape, const Shape& chunk) {
    const auto store = file_store(directory_.files(), directory_ / name);
    ArrayMetadata metadata = new_array_metadata(3, types::float32, shape, chunk);
    metadata.fill = FillValue::zero(types::float32);
    metadata.codecs = default_chain(types::float32);
    metadata.dimension_names = {"time", "lat", "lon"};
    write_array(*store, Key("t"), metadata);
    write_group(*store, Key(), 3, {});
  }

  struct Asked {
    std::string in, chunks, shards;
    int threads;
  };

  Resources resources(std::int64_t memory, int threads) const {
    Resources resources = default_resources();
    resources.memory = memory;
    resources.threads = threads;
    return resources;
  }

  void plan_convert_of(const Asked& asked, std::int64_t memory) {
    ConvertOptions options;
    options.inputs = {directory_ / asked.in};
    options.output = directory_ / "out.zarr";
    options.chunks = {asked.chunks};
    if (!asked.shards.empty()) options.shards = {asked.shards};
    options.resources = resources(memory, asked.threads);
    (void)plan_convert(options, workplace_);
  }

  void plan_rechunk_of(const Asked& asked, std::int64_t memory) {
    RechunkOptions options;
    options.input = directory_ / asked.in;
    options.output = directory_ / "out.zarr";
    options.chunks = {asked.chunks};
    if (!asked.shards.empty()) options.shards = {asked.shards};
    options.resources = resources(memory, asked.threads);
    (void)plan_rechunk_job(options, workplace_);
  }

  // Whether it is refused; if so, the budget that it names is tried.
  template <class Plan>
  bool is_refused(const Asked& asked, std::int64_t memory, const Plan& plan) {
    SCOPED_TRACE(testing::Message() << asked.in << " to " << asked.chunks << " / " << asked.shards
                                    << ", threads " << asked.threads << ", memory " << memory);
    std::string text;
    try {
      plan(asked, memory);
      return false;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::invalid) << error.what();
      text = error.what();
    }
    const std::int64_t named = named_budget(text);
    EXPECT_GT(named, memory);
    EXPECT_NO_THROW(plan(asked, named)) << text;
    return true;
  }

  TemporaryDirectory directory_;
  SilentConsole console_;
  const std::unique_ptr<Clock> clock_ = system_clock();
  Workplace workplace_{directory_.files(), *clock_, console_, {}};
};

// 64 MiB named 2774, which were refused in their turn: boxes are larger with more memory, and
// shards come to be encoded at once.
TEST_F(BudgetTest, TheNamedBudgetIsNotRefused) {
  make("maps", {672, 361, 720}, {24, 361, 720});
  make("series", {672, 361, 720}, {672, 46, 45});
  make("whole", {672, 361, 720}, {672, 361, 720});
  const std::vector<std::pair<std::string, std::string>> layouts = {
      {"time=24,lat=91,lon=90", "time=all,lat=all,lon=all"},
      {"time=24,lat=91,lon=90", "time=96,lat=all,lon=all"},
      {"time=96,lat=91,lon=90", ""},
      {"time=96,lat=all,lon=all", ""},
      {"time=all,lat=91,lon=90", ""},
      {"time=all,lat=all,lon=all", ""},
      {"time=1,lat=all,lon=all", "time=24,lat=all,lon=all"},
      {"time=48,lat=181,lon=180", "time=all,lat=181,lon=180"},
  };
  using Budgets = std::vector<std::int64_t>;
  int refused = 0, of = 0;
  for (const char* in : {"maps", "series", "whole"}) {
    for (const auto& [chunks, shards] : layouts) {
      for (const int threads : {1, 4}) {
        for (const std::int64_t mib : threads == 1 ? Budgets{24, 64} : Budgets{64, 160}) {
          const Asked asked{in, chunks, shards, threads};
          const auto convert = [&](const Asked& it, std::int64_t memory) {
            plan_convert_of(it, memory);
          };
          const auto rechunk = [&](const Asked& it, std::int64_t memory) {
            plan_rechunk_of(it, memory);
          };
          refused += is_refused(asked, mib * kMiB, convert) ? 1 : 0;
          refused += is_refused(asked, mib * kMiB, rechunk) ? 1 : 0;
          of += 2;
          if (HasFailure()) return;
        }
      }
    }
  }
  EXPECT_GT(refused, of / 5);
  EXPECT_LT(refused, of);
}

}  // namespace
}  // namespace gridmill
