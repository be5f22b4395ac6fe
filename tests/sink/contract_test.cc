// The contract that every sink keeps (sink.h), tried on all four: an array, a table, rows, a state.
// Whatever the order in which units arrive, the bytes are the same; a unit done twice changes
// nothing; nobody sees an output that is not complete; what fails below is told.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <numeric>
#include <random>

#include "doubles/faulty_files.h"
#include "doubles/temporary_directory.h"
#include "gridmill/array/array.h"
#include "gridmill/base/error.h"
#include "gridmill/sink/array_sink.h"
#include "gridmill/sink/rows_sink.h"
#include "gridmill/sink/state_sink.h"
#include "gridmill/sink/table_sink.h"
#include "gridmill/store/file_store.h"
#include "gridmill/store/stage.h"

namespace gridmill {
namespace {

const Shape kShape{7, 9};

Array values() {
  Array array(types::float32, kShape);
  for (std::int64_t i = 0; i < array.size(); ++i) {
    array.values<float>()[i] = std::ldexp(static_cast<float>((i * 2654435761) % 4093), -5);
  }
  return array;
}

// One sink's output, from nothing to what readers see of it.
class Written {
 public:
  virtual ~Written() = default;
  // Of another worker on the same output; ordered sinks have one worker.
  virtual std::shared_ptr<Sink> sink() = 0;
  virtual void publish() = 0;
  // What a reader finds who looks now; nullopt: nothing.
  virtual std::optional<std::string> seen() = 0;
  // A state is there as soon as it is whole; the others wait for publish().
  virtual bool waits_for_publish() const { return true; }
};

class ArrayWritten final : public Written {
 public:
  ArrayWritten(Files& files, const TemporaryDirectory& directory)
      : out_(directory / "out.zarr"), stage_(open_stage(files, parse_location(out_), {})) {}

  std::shared_ptr<Sink> sink() override {
    ArrayMetadata metadata = new_array_metadata(3, types::float32, kShape, {2, 4});
    metadata.fill = FillValue::zero(types::float32);
    metadata.codecs = default_chain(types::float32);
    return array_sink({std::shared_ptr<void>(), &stage_->store()}, Key("t"), metadata);
  }
  void publish() override { (void)stage_->publish(); }
  std::optional<std::string> seen() override {
    const auto files = posix_files();
    if (!files->status(out_)) return std::nullopt;
    const auto store = file_store(*files, out_);
    std::string all;
    store->list(Key(), [&](const ListEntry& entry) {
      Buffer value;
      EXPECT_TRUE(store->get(entry.key, value));
      all += entry.key.text() + "=" + std::string(as_text(value)) + ";";
    });
    return all;
  }

 private:
  const std::string out_;
  const std::unique_ptr<OutputStage> stage_;
};

// A file that a writer commits: of rows, and of a table.
class FileWritten : public Written {
 public:
  FileWritten(Files& files, const TemporaryDirectory& directory)
      : store_(file_store(files, directory / "out")), path_(directory / "out/t") {}

  std::shared_ptr<Sink> sink() override {
    if (!sink_) sink_ = make(store_->writer(Key("t")));
    return sink_;
  }
  void publish() override { sink_->finish(); }
  std::optional<std::string> seen() override {
    const auto files = posix_files();
    if (!files->status(path_)) return std::nullopt;
    Buffer value;
    EXPECT_TRUE(file_store(*files, path_)->get(Key(), value));
    return std::string(as_text(value));
  }

 protected:
  virtual std::shared_ptr<Sink> make(std::unique_ptr<ValueWriter> writer) = 0;

 private:
  const std::unique_ptr<Store> store_;
  const std::string path_;
  std::shared_ptr<Sink> sink_;
};

// Two rows of the array to a unit, the first unit one shorter.
RowRuns runs() { return {kShape, {2, kShape[1]}, 1}; }

class RowsWritten final : public FileWritten {
 public:
  using FileWritten::FileWritten;

 private:
  std::shared_ptr<Sink> make(std::unique_ptr<ValueWriter> made) override {
    const std::shared_ptr<ValueWriter> writer = std::move(made);
    RowsTarget target;
    target.name = "rows";
    target.runs = runs();
    target.columns = {{types::float32, {0, 1}}};
    target.row_bound = 32;
    target.format = [](const Box& box, std::span<const ArrayView> columns, Buffer& out) {
      out.clear();
      for_each_position(box, [&](const Index& at) {
        const std::byte* element = columns[0].data;
        for (int d = 0; d < at.rank(); ++d) {
          element += (at[d] - box.begin[d]) * columns[0].strides[d];
        }
        out.append(as_bytes(std::to_string(*reinterpret_cast<const float*>(element)) + "\n"));
      });
    };
    target.append = [writer](ByteView bytes) { writer->append(bytes); };
    target.finish = [writer] { (void)writer->commit(); };
    return rows_sink(std::move(target));
  }
};

class TableWritten final : public FileWritten {
 public:
  using FileWritten::FileWritten;

 private:
  std::shared_ptr<Sink> make(std::unique_ptr<ValueWriter> writer) override {
    auto hours = std::make_shared<CellTexts>();
    for (std::int64_t i = 0; i < kShape[0]; ++i) hours->add(std::to_string(i) + "h");
    TableTarget target;
    target.name = "table";
    target.runs = runs();
    target.keys = {{"time", 0, hours}};
    target.values = {{"t", {types::float32, {0, 1}}}};
    target.writer = std::move(writer);
    return table_sink(std::move(target));
  }
};

class StateWritten final : public Written {
 public:
  StateWritten(Files& files, const TemporaryDirectory& directory)
      : store_(file_store(files, directory / "states")), path_(directory / "states") {}

  std::shared_ptr<Sink> sink() override { return state_sink(target(store_)); }
  void publish() override {}
  bool waits_for_publish() const override { return false; }
  std::optional<std::string> seen() override {
    const auto files = posix_files();
    try {
      return dump_json(*state_of(target(file_store(*files, path_))), -1);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::unavailable) << error.what();
      return std::nullopt;
    }
  }

 private:
  static StateTarget target(std::shared_ptr<Store> store) {
    return {std::move(store), Key("t"), statistics_fold(types::float32), types::float32,
            ChunkGrid(kShape, {2, 4})};
  }

  const std::shared_ptr<Store> store_;
  const std::string path_;
};

struct Kind {
  std::string name;
  std::function<std::unique_ptr<Written>(Files&, const TemporaryDirectory&)> make;
};

template <class T>
Kind kind_of(const std::string& name) {
  return {name, [](Files& files, const TemporaryDirectory& directory) {
            return std::make_unique<T>(files, directory);
          }};
}

void PrintTo(const Kind& kind, std::ostream* out) { *out << kind.name; }

class SinkContract : public testing::TestWithParam<Kind> {
 protected:
  using Order = std::vector<std::int64_t>;

  // What the engine does on a CPU lane: columns in buffers of their own, then encoded.
  Buffer encoded(const Sink& sink, std::int64_t ordinal) const {
    const Index unit = sink.units().position(ordinal);
    const Box region = sink.region(0, unit);
    Array buffer(sink.column_type(0), sink.buffer_shape(0, unit));
    for (int d = 0; d < region.rank(); ++d) {
      EXPECT_LE(region.shape[d], buffer.shape()[d]);
    }
    sink.prepare(0, unit, buffer.view());
    for_each_position(whole_box(region.shape), [&](const Index& at) {
      std::int64_t from = 0, to = 0;
      for (int d = 0; d < at.rank(); ++d) {
        from = from * kShape[d] + region.begin[d] + at[d];
        to = to * buffer.shape()[d] + at[d];
      }
      buffer.values<float>()[to] = values_.values<float>()[from];
    });
    Buffer out;
    CodecContext context;
    const ArrayView view = buffer.view();
    sink.encode(unit, std::span(&view, 1), out, context);
    EXPECT_LE(static_cast<std::int64_t>(out.size()), sink.encoded_bound());
    return out;
  }

  static Order in_order(const Sink& sink) {
    Order order(static_cast<std::size_t>(sink.units().size()));
    std::iota(order.begin(), order.end(), 0);
    return order;
  }

  static void store(Sink& sink, std::int64_t ordinal, const Buffer& value) {
    const Index unit = sink.units().position(ordinal);
    const auto record = sink.store(unit, value);
    const auto key = sink.key(unit);
    ASSERT_EQ(record.has_value(), key.has_value());
    if (record) {
      EXPECT_EQ(record->key, key->text());
    }
  }

  // All units, encoded in `order`; stored in it, too, unless the sink has an order of its own.
  void write(Written& written, Order order) const {
    const auto sink = written.sink();
    std::vector<Buffer> values(order.size());
    for (const std::int64_t unit : order) {
      values[static_cast<std::size_t>(unit)] = encoded(*sink, unit);
    }
    if (sink->is_ordered()) std::sort(order.begin(), order.end());
    for (const std::int64_t unit : order) {
      store(*sink, unit, values[static_cast<std::size_t>(unit)]);
    }
  }

  std::string published_in(const Order& order) {
    const TemporaryDirectory directory;
    const auto written = GetParam().make(*files_, directory);
    write(*written, order);
    written->publish();
    const auto seen = written->seen();
    EXPECT_TRUE(seen.has_value());
    return seen.value_or("");
  }

  Order all_units() {
    const TemporaryDirectory directory;
    const auto written = GetParam().make(*files_, directory);
    return in_order(*written->sink());
  }

  const Array values_ = values();
  const std::unique_ptr<Files> files_ = posix_files();
};

TEST_P(SinkContract, EveryValueIsInOneUnit) {
  const TemporaryDirectory directory;
  const auto written = GetParam().make(*files_, directory);
  const auto sink = written->sink();
  Array seen(types::int32, kShape);
  std::fill_n(seen.values<std::int32_t>(), seen.size(), 0);
  for (const std::int64_t unit : in_order(*sink)) {
    for_each_position(sink->region(0, sink->units().position(unit)), [&](const Index& at) {
      ++seen.values<std::int32_t>()[at[0] * kShape[1] + at[1]];
    });
  }
  for (std::int64_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen.values<std::int32_t>()[i], 1);
  EXPECT_GT(sink->units().size(), 3);
}

TEST_P(SinkContract, TheOrderOfArrivalChangesNoByte) {
  Order order = all_units();
  const std::string expected = published_in(order);
  EXPECT_GT(expected.size(), 20U);
  std::mt19937 random(3);
  for (int round = 0; round < 10; ++round) {
    std::shuffle(order.begin(), order.end(), random);
    ASSERT_EQ(published_in(order), expected) << "round " << round;
  }
}

TEST_P(SinkContract, AUnitDoneTwiceChangesNothing) {
  const Order order = all_units();
  const std::string expected = published_in(order);
  const TemporaryDirectory directory;
  const auto written = GetParam().make(*files_, directory);
  const auto first = written->sink(), second = written->sink();
  for (const std::int64_t unit : order) {
    const Buffer once = encoded(*first, unit), again = encoded(*second, unit);
    ASSERT_EQ(as_text(once), as_text(again));
    store(*first, unit, once);
    if (first->is_ordered()) {  // what was appended can't be taken back: it is refused
      EXPECT_THROW(store(*second, unit, again), Error);
    } else {
      store(*second, unit, again);
    }
  }
  if (!first->is_ordered()) write(*written, {order.rbegin(), order.rend()});
  written->publish();
  EXPECT_EQ(written->seen(), expected);
}

TEST_P(SinkContract, NothingIsSeenBeforeAllOfIt) {
  const TemporaryDirectory directory;
  const auto written = GetParam().make(*files_, directory);
  const auto sink = written->sink();
  const Order order = in_order(*sink);
  for (const std::int64_t unit : order) {
    ASSERT_FALSE(written->seen()) << "before unit " << unit;
    store(*sink, unit, encoded(*sink, unit));
  }
  EXPECT_EQ(written->seen().has_value(), !written->waits_for_publish());
  written->publish();
  EXPECT_TRUE(written->seen());
}

// Whichever call fails: it is told, in the words of the failure, or it did no harm; and a reader
// finds nothing, or all.
TEST_P(SinkContract, AFailureBelowIsTold) {
  const Order order = all_units();
  const std::string expected = published_in(order);
  int told = 0;
  std::int64_t n = 1;
  for (bool fired = true; fired; ++n) {
    SCOPED_TRACE(testing::Message() << "call " << n);
    const TemporaryDirectory directory;
    FaultyFiles faulty(*files_);
    faulty.set_fault({.at_call = n, .failure = Failure::error, .kind = ErrorKind::out_of_space});
    std::unique_ptr<Written> written;
    bool has_failed = false;
    try {
      written = GetParam().make(faulty, directory);
      write(*written, order);
      written->publish();
    } catch (const Error& error) {
      has_failed = true;
      EXPECT_EQ(error.kind(), ErrorKind::out_of_space) << error.what();
      EXPECT_TRUE(faulty.fired()) << error.what();
    }
    fired = faulty.fired();
    faulty.set_fault({});
    told += has_failed ? 1 : 0;
    if (!written) continue;
    const auto seen = written->seen();
    if (!has_failed) {
      ASSERT_EQ(seen, expected);
    } else if (seen) {
      ASSERT_EQ(*seen, expected);
    }
    if (!has_failed || seen || written->sink()->is_ordered()) continue;
    try {  // the units are tried again
      write(*written, order);
      written->publish();
      ASSERT_EQ(written->seen(), expected);
    } catch (const Error& error) {  // but behind a failed sync nothing can be trusted any more
      EXPECT_NE(std::strstr(error.what(), "has lost what was written"), nullptr) << error.what();
      EXPECT_FALSE(written->seen());
    }
  }
  EXPECT_GT(told, static_cast<int>(n) / 3) << "of " << n;
}

INSTANTIATE_TEST_SUITE_P(Sinks, SinkContract,
                         testing::Values(kind_of<ArrayWritten>("array"),
                                         kind_of<TableWritten>("table"),
                                         kind_of<RowsWritten>("rows"),
                                         kind_of<StateWritten>("state")),
                         [](const auto& param) { return param.param.name; });

}  // namespace
}  // namespace gridmill
