#include "gridmill/sink/rows_sink.h"

#include <gtest/gtest.h>

#include <random>

#include "gridmill/array/array.h"
#include "gridmill/base/error.h"

namespace gridmill {
namespace {

Array counted(const Shape& shape) {
  Array array(types::int32, shape);
  for (std::int64_t i = 0; i < array.size(); ++i) {
    array.values<std::int32_t>()[i] = static_cast<std::int32_t>(i);
  }
  return array;
}

std::int32_t element(const RowColumn& column, const ArrayView& view, const Box& box,
                     const Index& at) {
  const Index strides = row_strides(column, view, box.rank());
  const std::byte* place = view.data;
  for (int d = 0; d < at.rank(); ++d) place += (at[d] - box.begin[d]) * strides[d];
  return *reinterpret_cast<const std::int32_t*>(place);
}

// Rows "a,b" of a column with all dimensions and one that lacks some, out of runs of every form.
struct Rows {
  explicit Rows(const RowRuns& runs, std::vector<int> second)
      : a({types::int32, {}}), b({types::int32, std::move(second)}) {
    for (int d = 0; d < runs.shape.rank(); ++d) a.dimensions.push_back(d);
    RowsTarget target;
    target.name = "records";
    target.runs = runs;
    target.columns = {a, b};
    target.row_bound = 24;
    target.format = [this](const Box& box, std::span<const ArrayView> columns, Buffer& out) {
      out.clear();
      for_each_position(box, [&](const Index& at) {
        out.append(as_bytes(std::to_string(element(a, columns[0], box, at)) + "," +
                            std::to_string(element(b, columns[1], box, at)) + "\n"));
      });
    };
    target.append = [this](ByteView bytes) { text += as_text(bytes); };
    target.finish = [this] { is_finished = true; };
    sink = rows_sink(std::move(target));
  }

  Buffer encode(const Index& unit, const Array& first, const Array& second) const {
    const std::vector<ArrayView> views{first.view().part(sink->region(0, unit)),
                                       second.view().part(sink->region(1, unit))};
    Buffer out;
    CodecContext context;
    sink->encode(unit, views, out, context);
    EXPECT_LE(static_cast<std::int64_t>(out.size()), sink->encoded_bound());
    return out;
  }

  RowColumn a, b;
  std::shared_ptr<Sink> sink;
  std::string text;
  bool is_finished = false;
};

TEST(RowsSink, RunsOfAnyLengthComeOutInCOrder) {
  std::mt19937 random(12);
  for (int round = 0; round < 60; ++round) {
    const auto extent = [&] { return static_cast<std::int64_t>(random() % 5 + 1); };
    RowRuns runs{{extent(), extent(), extent()}, {}, 0};
    const int divided = static_cast<int>(random() % 3);
    for (int d = 0; d < 3; ++d) {
      const auto some = 1 + static_cast<std::int64_t>(random()) % runs.shape[d];
      runs.run.push_back(d < divided ? 1 : d > divided ? runs.shape[d] : some);
    }
    const int at = runs.divided();
    if (runs.run[at] < runs.shape[at]) {
      runs.lead = static_cast<std::int64_t>(random()) % runs.run[at];
    }
    Rows rows(runs, {2, 0});  // the other way round, and without the second
    const Array a = counted(runs.shape), b = counted({runs.shape[2], runs.shape[0]});
    std::vector<Buffer> encoded;
    for (std::int64_t unit = 0; unit < rows.sink->units().size(); ++unit) {
      encoded.push_back(rows.encode(rows.sink->units().position(unit), a, b));
    }
    for (std::int64_t unit = 0; unit < rows.sink->units().size(); ++unit) {
      EXPECT_EQ(rows.sink->store(rows.sink->units().position(unit),
                                 encoded[static_cast<std::size_t>(unit)]),
                std::nullopt);
    }
    EXPECT_FALSE(rows.is_finished);
    rows.sink->finish();
    EXPECT_TRUE(rows.is_finished);
    std::string expected;
    for (std::int64_t i = 0; i < volume(runs.shape); ++i) {
      const std::int64_t z = i % runs.shape[2], x = i / (runs.shape[1] * runs.shape[2]);
      expected += std::to_string(i) + "," + std::to_string(z * runs.shape[0] + x) + "\n";
    }
    ASSERT_EQ(rows.text, expected) << "round " << round;
  }
}

TEST(RowsSink, WhatIsOutOfTurnOrMissingIsRefused) {
  Rows rows({{4}, {2}, 0}, {0});
  const Array a = counted({4});
  EXPECT_THROW(rows.sink->store({1}, rows.encode({1}, a, a)), Error);
  rows.sink->store({0}, rows.encode({0}, a, a));
  EXPECT_THROW(rows.sink->store({0}, rows.encode({0}, a, a)), Error);
  EXPECT_EQ(rows.text, "0,0\n1,1\n");
  EXPECT_THROW(rows.sink->finish(), Error);
  EXPECT_FALSE(rows.is_finished);
  rows.sink->store({1}, rows.encode({1}, a, a));
  rows.sink->finish();
  EXPECT_EQ(rows.text, "0,0\n1,1\n2,2\n3,3\n");
}

TEST(RowsSink, RunsThatBreakCOrderAreRefused) {
  for (const RowRuns& runs : {RowRuns{{4, 4}, {2, 2}, 0}, RowRuns{{4, 4}, {2, 4}, 2},
                              RowRuns{{4, 4}, {4}, 0}, RowRuns{{4}, {2}, -1}}) {
    EXPECT_THROW(Rows(runs, {0}), Error) << to_string(runs.run);
  }
}

TEST(RowsSink, AScalarIsOneRow) {
  Rows rows({{}, {}, 0}, {});
  const Array a = counted({});
  ASSERT_EQ(rows.sink->units().size(), 1);
  rows.sink->store({}, rows.encode({}, a, a));
  rows.sink->finish();
  EXPECT_EQ(rows.text, "0,0\n");
}

}  // namespace
}  // namespace gridmill
