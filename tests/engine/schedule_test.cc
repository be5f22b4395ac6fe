// Runs of every shape on virtual time: whatever the sizes, the numbers of lanes, the delays and the
// failures, a run ends; it ends with every unit stored once and right, or with one error that was
// really caused; and it never holds more than its budget. A deadlock aborts (VirtualClock).
//
// Drawn are: outputs of several shapes, some of which join the one before; operators with a window,
// of the whole of a dimension, of two inputs; leaves that are decoded, and streams; sinks in order;
// budgets; delays, hangs, failures that pass and that stay; a user who stops the run.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <random>

#include "doubles/operators.h"
#include "doubles/virtual_clock.h"
#include "engine/durations.h"
#include "engine/stage_case.h"

namespace gridmill {
namespace {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random_);
  }
  bool one_in(std::int64_t n) { return between(1, n) == 1; }

 private:
  std::mt19937_64 random_;
};

// What happens in one place, the first time and later: fixed by seed and place, whoever comes.
struct Script {
  std::uint64_t seed = 0;
  std::int64_t longest_ns = 0;
  bool hangs = false;               // some first attempts take 100 times as long
  std::int64_t passing_one_in = 0;  // a failure that passes; 0: none
  std::int64_t fatal_one_in = 0;    // one that doesn't

  struct Event {
    std::int64_t delay_ns = 0;
    bool fails = false, is_fatal = false;
  };
  Event at(std::int64_t place, int attempt) const {
    Dice dice(seed * 1'000'003 + static_cast<std::uint64_t>(place));
    Event event;
    event.delay_ns = dice.between(0, 4) == 0 ? 0 : dice.between(0, longest_ns);
    if (hangs && dice.one_in(15) && attempt == 0) event.delay_ns = 100 * longest_ns;
    event.fails = passing_one_in > 0 && dice.one_in(passing_one_in) && attempt < 2;
    event.is_fatal = fatal_one_in > 0 && dice.one_in(fatal_one_in);
    return event;
  }
};

// Plays scripts, from threads that may outlive the test.
class Player {
 public:
  Player(Script script, std::int64_t places, std::function<void(std::int64_t)> pause)
      : script_(script), pause_(std::move(pause)), attempts_(static_cast<std::size_t>(places)) {}

  void play(std::int64_t place) {
    const int attempt = attempts_[static_cast<std::size_t>(place)]++;
    const Script::Event event = script_.at(place, attempt);
    if (event.delay_ns > 0) pause_(event.delay_ns);
    if (event.is_fatal) {
      ++fatal_;
      throw Error(ErrorKind::corrupt, "a failure that stays");
    }
    if (event.fails) throw Error(ErrorKind::unavailable, "a failure that passes");
  }
  int fatal() const { return fatal_; }

 private:
  const Script script_;
  const std::function<void(std::int64_t)> pause_;
  std::vector<std::atomic<int>> attempts_;
  std::atomic<int> fatal_{0};
};

// Several outputs of different shapes in one stage.
struct World {
  std::vector<Case> cases;
  std::vector<Array> expected;  // of each
  std::shared_ptr<Stage> stage = std::make_shared<Stage>();
  std::vector<std::shared_ptr<Player>> fetches, stores;
  bool has_ordered = false;
};

// What is computed from a field of counted_array() values, and what it comes to there.
enum class Computed { nothing, steps, departure, difference };

// The source again, cut into other leaves.
FieldPtr second_source(Dice& dice, const Field& first) {
  Variable variable;
  variable.name = "again";
  variable.type = types::int64;
  variable.shape = first.shape();
  variable.dimensions = first.dimensions();
  Shape leaf;
  for (int d = 0; d < variable.shape.rank(); ++d) {
    leaf.push_back(dice.between(1, variable.shape[d]));
  }
  variable.blocks.push_back({Index::filled(leaf.rank(), 0),
                             std::make_shared<MemoryLeaves>(counted_array(variable.shape), leaf),
                             "memory"});
  return variable_source(variable, "memory");
}

FieldPtr computed_field(Dice& dice, Computed what, const FieldPtr& source, int along) {
  switch (what) {
    case Computed::nothing:
      return source;
    case Computed::steps:
      return std::make_shared<Steps>(source, along);
    case Computed::departure:
      return std::make_shared<Departure>(source, along);
    default:
      return std::make_shared<Difference>(
          source, std::make_shared<Steps>(second_source(dice, *source), along));
  }
}

Array expected_values(Computed what, const Shape& shape, int along) {
  Array values = counted_array(shape);
  std::int64_t stride = 1;
  for (int d = shape.rank() - 1; d > along; --d) stride *= shape[d];
  const std::int64_t n = shape[along];
  for (std::int64_t x = 0; x < values.size(); ++x) {
    const std::int64_t at = x / stride % n;
    const std::int64_t step = at == 0 ? 0 : stride;
    std::int64_t& value = values.values<std::int64_t>()[x];
    if (what == Computed::steps) value = step;
    if (what == Computed::difference) value = x - step;
    // n x less the sum of n numbers `stride` apart, the first of them x - at * stride.
    if (what == Computed::departure) value = stride * n * at - stride * (n * (n - 1) / 2);
  }
  return values;
}

struct Form {
  Shape shape, chunk, per_task;
};

Form draw_form(Dice& dice) {
  const int rank = static_cast<int>(dice.between(1, 3));
  Form form;
  for (int d = 0; d < rank; ++d) {
    form.shape.push_back(dice.between(1, rank == 1 ? 60 : rank == 2 ? 12 : 6));
    form.chunk.push_back(dice.between(1, form.shape[d]));
    form.per_task.push_back(dice.between(1, 4));
  }
  return form;
}

// Cut into as many tasks.
Form alike(Dice& dice, const Form& lead) {
  Form form = lead;
  for (int d = 0; d < form.shape.rank(); ++d) {
    const std::int64_t times = dice.between(1, 2);
    form.shape[d] *= times;
    form.chunk[d] *= times;
  }
  return form;
}

void add_output(Dice& dice, const VirtualClock& clock, std::int64_t troubles, const Form& form,
                bool joins, World& world) {
  Shape leaf, piece;
  for (int d = 0; d < form.shape.rank(); ++d) {
    leaf.push_back(dice.between(1, form.shape[d]));
    piece.push_back(dice.between(1, leaf[d]));
  }
  Case made = make_case(form.shape, leaf, form.chunk, form.per_task);
  made.sink->ordered = world.has_ordered;
  if (dice.one_in(4)) made.leaves->streamed = piece;
  const auto script = [&] {
    Script drawn;
    drawn.seed = static_cast<std::uint64_t>(dice.between(1, 1 << 30));
    drawn.longest_ns = dice.between(1, 30) * kMs;
    drawn.hangs = troubles >= 1 && dice.one_in(2);
    drawn.passing_one_in = troubles >= 2 ? 10 : 0;
    drawn.fatal_one_in = troubles >= 3 ? 20 : 0;
    return drawn;
  };
  Script store = script();
  if (world.has_ordered) store.passing_one_in = 0;  // they are told once
  const ChunkGrid& leaves = made.leaves->grid();
  const ChunkGrid& units = made.sink->units();
  const auto fetch = std::make_shared<Player>(script(), leaves.size(), clock.pause());
  const auto stores = std::make_shared<Player>(store, units.size(), clock.pause());
  made.leaves->on_fetch = [fetch, leaves](const Index& at) { fetch->play(leaves.ordinal(at)); };
  made.sink->on_store = [stores, units](const Index& at) { stores->play(units.ordinal(at)); };
  world.fetches.push_back(fetch);
  world.stores.push_back(stores);
  Output output = made.stage->outputs[0];
  output.name = "v" + std::to_string(world.cases.size());
  output.joins_previous = joins;
  const auto what = static_cast<Computed>(dice.one_in(2) ? 0 : dice.between(1, 3));
  const int along = static_cast<int>(dice.between(0, form.shape.rank() - 1));
  output.fields[0] = computed_field(dice, what, output.fields[0], along);
  world.expected.push_back(expected_values(what, form.shape, along));
  world.stage->outputs.push_back(std::move(output));
  world.cases.push_back(std::move(made));
}

World make_world(Dice& dice, const VirtualClock& clock) {
  World world;
  world.stage->name = "random";
  const std::int64_t troubles = dice.between(0, 3);  // nothing, delays, what passes, what stays
  world.has_ordered = dice.one_in(3);
  const std::int64_t outputs = world.has_ordered ? 1 : dice.between(1, 4);
  Form lead;
  for (std::int64_t i = 0; i < outputs; ++i) {
    const bool joins = i > 0 && dice.one_in(2);
    if (!joins) lead = draw_form(dice);
    add_output(dice, clock, troubles, joins ? alike(dice, lead) : lead, joins, world);
  }
  return world;
}

RunOptions draw_options(Dice& dice, const Stage& stage) {
  RunOptions how;
  how.threads = static_cast<int>(dice.between(1, 4));
  how.readers = static_cast<int>(dice.between(1, 5));
  how.writers = static_cast<int>(dice.between(1, 3));
  how.retries.attempts = 4;
  how.retries.seed = 1;
  how.second_attempts.floor_ns = dice.one_in(3) ? 0 : 50 * kMs;
  how.second_attempts.spare_readers = static_cast<int>(dice.between(0, 2));
  // From a budget into which only one task fits, to one that never matters.
  const std::int64_t spare = dice.between(0, 2);
  how.memory = smallest_budget(stage, how);
  how.memory += spare == 0 ? 0 : dice.between(0, spare == 1 ? how.memory : 1 << 22);
  return how;
}

// From one task at a time to all that the budget allows; by dice of its own.
AdmissionPolicy draw_admission(std::uint64_t seed) {
  Dice dice(seed * 7919);
  return {static_cast<int>(dice.between(0, 3)), static_cast<int>(dice.between(0, 2)),
          dice.between(0, 1) * dice.between(0, 1 << 14)};
}

// The credit in use, whenever anybody looks: between all steps of a run.
class Ledger final : public TaskLog {
 public:
  Ledger(const Progress& progress, std::int64_t budget) : progress_(progress), budget_(budget) {}
  bool has(const std::string&) const override { return false; }
  void done(std::vector<KeyRecord> records) override {
    ++tasks;
    units += static_cast<std::int64_t>(records.size());
    if (progress_.memory_held > budget_) exceeded = true;
  }
  std::atomic<std::int64_t> tasks{0}, units{0};
  std::atomic<bool> exceeded{false};

 private:
  const Progress& progress_;
  const std::int64_t budget_;
};

// Every element is right, or, unless `is_whole`, has never been stored.
void expect_right(const Case& made, const Array& expected, bool is_whole) {
  constexpr auto kUntouched = static_cast<std::int64_t>(0xEEEEEEEEEEEEEEEE);
  const auto* found = made.sink->result.values<std::int64_t>();
  for (std::int64_t i = 0; i < expected.size(); ++i) {
    if (!is_whole && found[i] == kUntouched) continue;
    ASSERT_EQ(found[i], expected.values<std::int64_t>()[i]) << "element " << i;
  }
  EXPECT_EQ(made.sink->stored_twice, 0);
}

void play_seed(std::uint64_t seed) {
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Dice dice(seed);
  VirtualClock clock;
  const World world = make_world(dice, clock);
  RunOptions how = draw_options(dice, *world.stage);
  how.admission = draw_admission(seed);
  // A user who stops it, in the middle of most runs; tasks under way may end, or may not.
  const std::int64_t stop_after_ns = dice.one_in(4) ? dice.between(1, 500) * kMs : 0;
  how.drain_ns = dice.one_in(2) ? 0 : dice.between(1, 20'000) * kMs;
  Progress progress;
  const auto ledger = std::make_shared<Ledger>(progress, how.memory);
  const std::int64_t tasks = TaskGrid(world.stage->outputs).size();
  std::optional<Error> failure;
  std::stop_source stop;
  clock.run([&] {
    std::jthread user;
    if (stop_after_ns > 0) {
      user = std::jthread([&](const std::stop_token& is_over) {
        (void)clock.wait(stop_after_ns, is_over);
        if (!is_over.stop_requested()) stop.request_stop();
      });
    }
    try {
      run_stage(world.stage, 0, tasks, how, clock, progress, stop.get_token(), ledger);
    } catch (const Error& error) {
      failure = error;
    }
  });
  EXPECT_FALSE(ledger->exceeded);
  int fatal = 0;
  std::int64_t units = 0, live_bytes = 0;
  for (std::size_t i = 0; i < world.cases.size(); ++i) {
    const TestSink& sink = *world.cases[i].sink;
    fatal += world.fetches[i]->fatal() + world.stores[i]->fatal();
    units += sink.units().size();
    live_bytes = std::max(live_bytes, sink.most_live * sink.encoded_bound());
    EXPECT_EQ(sink.stored_twice, 0);
  }
  EXPECT_LE(live_bytes, how.memory);
  if (failure) {
    // Who is told to stop makes the last attempt at once: what would have passed may not have yet.
    const bool was_stopped = stop.stop_requested() && (failure->kind() == ErrorKind::cancelled ||
                                                       failure->kind() == ErrorKind::unavailable);
    EXPECT_TRUE(was_stopped || fatal > 0) << failure->what();
    EXPECT_TRUE(was_stopped || failure->kind() == ErrorKind::corrupt) << failure->what();
    if (progress.threads_left > 0) return;  // who was left behind may be storing just now
    for (std::size_t i = 0; i < world.cases.size(); ++i) {
      expect_right(world.cases[i], world.expected[i], false);
    }
    return;
  }
  EXPECT_EQ(fatal, 0);
  for (std::size_t i = 0; i < world.cases.size(); ++i) {
    expect_right(world.cases[i], world.expected[i], true);
  }
  EXPECT_EQ(ledger->tasks, tasks);
  EXPECT_EQ(ledger->units, units);
  EXPECT_EQ(progress.tasks_done, tasks);
  EXPECT_EQ(progress.memory_held, 0);
}

// `make torture` plays many more.
std::uint64_t seeds_to_play() {
  const char* text = std::getenv("GRIDMILL_SEEDS");  // NOLINT(concurrency-mt-unsafe)
  return text == nullptr ? 80 : std::strtoull(text, nullptr, 10);
}

// Seeds that once failed keep their place at the front.
TEST(Schedule, EveryRunEndsWithAllUnitsOrOneError) {
  for (std::uint64_t seed = 1; seed <= seeds_to_play(); ++seed) {
    play_seed(seed);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace gridmill
