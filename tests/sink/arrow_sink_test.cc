#include "gridmill/sink/arrow_sink.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <random>

#include "gridmill/array/array.h"
#include "gridmill/base/error.h"

namespace gridmill {
namespace {

using Batches = std::vector<std::shared_ptr<const ArrowBatch>>;

std::shared_ptr<const KeyValues> time_key(std::vector<std::int64_t> microseconds) {
  auto key = std::make_shared<KeyValues>();
  key->kind = KeyValues::Kind::times;
  key->integers = std::move(microseconds);
  return key;
}

std::shared_ptr<const KeyValues> text_key(std::vector<std::string> values) {
  auto key = std::make_shared<KeyValues>();
  key->texts = std::move(values);
  return key;
}

Array float_field(const Shape& shape, std::mt19937& random) {
  Array array(types::float32, shape);
  for (std::int64_t i = 0; i < array.size(); ++i) {
    array.values<float>()[i] =
        random() % 5 == 0 ? NAN : static_cast<float>(random() % 2000) / 8.0F - 100.0F;
  }
  return array;
}

Array flag_field(const Shape& shape, std::mt19937& random) {
  Array array(types::boolean, shape);
  for (std::int64_t i = 0; i < array.size(); ++i) {
    array.view().data[i] = static_cast<std::byte>(random() % 2);
  }
  return array;
}

Array integer_field(const Shape& shape, std::mt19937& random) {
  Array array(types::int16, shape);
  for (std::int64_t i = 0; i < array.size(); ++i) {
    array.values<std::int16_t>()[i] = static_cast<std::int16_t>(random());
  }
  return array;
}

// Eleven times of three points: a float of both, a flag of the times, an integer of the points.
struct ArrowCase {
  explicit ArrowCase(std::int64_t run) : run_length(run) {}

  ArrowTarget target(Batches& batches) const {
    ArrowTarget made;
    made.table.table.name = "the table";
    made.table.table.runs = {{kTimes, kPoints}, {run_length, kPoints}, 0};
    made.table.table.keys = {{"time", 0, nullptr}, {"name", 1, nullptr}};
    made.table.table.values = {{"t", {types::float32, {0, 1}}},
                               {"flag", {types::boolean, {0}}},
                               {"count", {types::int16, {1}}}};
    std::vector<std::int64_t> hours(static_cast<std::size_t>(kTimes));
    for (std::size_t i = 0; i < hours.size(); ++i) {
      hours[i] = static_cast<std::int64_t>(i) * 3'600'000'000;
    }
    // Two points of one name: dictionaries hold it once.
    made.table.keys = {time_key(hours), text_key({"a", "\xC3\xA5 b", "a"})};
    made.table.notes = {{}, {}, {{"units", "K"}, {"long_name", ""}}};
    made.table.about = {{"gridmill", "{}"}};
    made.put = [&batches](std::shared_ptr<const ArrowBatch> batch) {
      batches.push_back(std::move(batch));
    };
    return made;
  }

  // Encodes every unit out of the fields and stores them in order, as the engine does.
  Batches run() const {
    Batches batches;
    const auto sink = arrow_sink(target(batches));
    EXPECT_TRUE(sink->is_ordered());
    CodecContext context;
    for (std::int64_t ordinal = 0; ordinal < sink->units().size(); ++ordinal) {
      const Index unit = sink->units().position(ordinal);
      std::vector<ArrayView> views;
      for (int c = 0; c < sink->columns(); ++c) {
        views.push_back(fields[static_cast<std::size_t>(c)].view().part(sink->region(c, unit)));
      }
      Buffer out;
      sink->encode(unit, views, out, context);
      EXPECT_LE(static_cast<std::int64_t>(out.size()), sink->encoded_bound());
      sink->store(unit, out);
    }
    sink->finish();
    return batches;
  }

  static constexpr std::int64_t kTimes = 11, kPoints = 3;
  std::int64_t run_length;
  mutable std::mt19937 random{8};
  std::vector<Array> fields = [this] {
    std::vector<Array> made;
    made.push_back(float_field({kTimes, kPoints}, random));
    made.push_back(flag_field({kTimes}, random));
    made.push_back(integer_field({kPoints}, random));
    return made;
  }();
};

bool bit_at(const void* bits, std::int64_t i) {
  return (static_cast<const unsigned char*>(bits)[i / 8] >> (i % 8) & 1) != 0;
}

template <class T>
T element_of(const ArrowArray& array, std::int64_t i) {
  return static_cast<const T*>(array.buffers[1])[array.offset + i];
}

std::string text_of_row(const ArrowArray& array, std::int64_t i) {
  const auto* offsets = static_cast<const std::int32_t*>(array.dictionary->buffers[1]);
  const auto* characters = static_cast<const char*>(array.dictionary->buffers[2]);
  const auto place = element_of<std::int32_t>(array, i);
  EXPECT_LT(place, array.dictionary->length);
  return {characters + offsets[place], characters + offsets[place + 1]};
}

// Of a schema's field, decoded.
std::map<std::string, std::string> notes_of(const char* metadata) {
  std::map<std::string, std::string> found;
  if (metadata == nullptr) return found;
  const auto number = [&] {
    const auto read = load_le<std::int32_t>(reinterpret_cast<const std::byte*>(metadata));
    metadata += sizeof read;
    return read;
  };
  const auto word = [&] {
    const std::int32_t length = number();
    const std::string read(metadata, metadata + length);
    metadata += length;
    return read;
  };
  for (std::int32_t left = number(); left > 0; --left) {
    const std::string name = word();
    found[name] = word();
  }
  return found;
}

TEST(ArrowSink, BatchesHoldTheRowsInOrder) {
  for (const std::int64_t run : {1, 2, 3, 4, 11}) {
    const ArrowCase table(run);
    std::int64_t row = 0;
    for (const auto& made : table.run()) {
      ArrowArray batch;
      export_batch(made, &batch);
      ASSERT_EQ(batch.n_children, 5);
      EXPECT_EQ(batch.length,
                std::min(run, ArrowCase::kTimes - row / ArrowCase::kPoints) * ArrowCase::kPoints);
      EXPECT_EQ(batch.buffers[0], nullptr);
      const ArrowArray& t = *batch.children[2];
      std::int64_t nulls = 0;
      for (std::int64_t i = 0; i < batch.length; ++i, ++row) {
        const std::int64_t time = row / ArrowCase::kPoints, point = row % ArrowCase::kPoints;
        EXPECT_EQ(element_of<std::int64_t>(*batch.children[0], i), time * 3'600'000'000);
        EXPECT_EQ(text_of_row(*batch.children[1], i), point == 1 ? "\xC3\xA5 b" : "a");
        const float expected = table.fields[0].values<float>()[row];
        if (std::isnan(expected)) {
          ASSERT_NE(t.buffers[0], nullptr);
          EXPECT_FALSE(bit_at(t.buffers[0], i));
          ++nulls;
        } else {
          EXPECT_TRUE(t.buffers[0] == nullptr || bit_at(t.buffers[0], i));
          EXPECT_EQ(element_of<float>(t, i), expected);
        }
        EXPECT_EQ(bit_at(batch.children[3]->buffers[1], i),
                  table.fields[1].view().data[time] != std::byte{0});
        EXPECT_EQ(element_of<std::int16_t>(*batch.children[4], i),
                  table.fields[2].values<std::int16_t>()[point]);
      }
      EXPECT_EQ(t.null_count, nulls);
      EXPECT_EQ(batch.children[1]->dictionary->length, 2);
      for (std::int64_t c = 0; c < batch.n_children; ++c) {
        EXPECT_EQ(batch.children[c]->length, batch.length);
        const auto data = reinterpret_cast<std::uintptr_t>(batch.children[c]->buffers[1]);
        EXPECT_EQ(data % 64, 0u);
      }
      batch.release(&batch);
      EXPECT_EQ(batch.release, nullptr);
    }
    EXPECT_EQ(row, ArrowCase::kTimes * ArrowCase::kPoints) << run;
  }
}

TEST(ArrowSink, TheSchemaSaysTypesUnitsAndWhereFrom) {
  Batches batches;
  const auto form = arrow_form(parquet_schema(ArrowCase(4).target(batches).table));
  ArrowSchema schema;
  export_schema(*form, &schema);
  EXPECT_STREQ(schema.format, "+s");
  EXPECT_EQ(notes_of(schema.metadata), (std::map<std::string, std::string>{{"gridmill", "{}"}}));
  const std::pair<const char*, const char*> expected[] = {
      {"time", "tsu:"}, {"name", "i"}, {"t", "f"}, {"flag", "b"}, {"count", "s"}};
  ASSERT_EQ(schema.n_children, 5);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_STREQ(schema.children[i]->name, expected[i].first);
    EXPECT_STREQ(schema.children[i]->format, expected[i].second);
    EXPECT_EQ(schema.children[i]->flags, ARROW_FLAG_NULLABLE);
    EXPECT_EQ(schema.children[i]->dictionary != nullptr, i == 1);
  }
  EXPECT_STREQ(schema.children[1]->dictionary->format, "u");
  EXPECT_EQ(schema.children[0]->metadata, nullptr);
  EXPECT_EQ(notes_of(schema.children[2]->metadata),
            (std::map<std::string, std::string>{{"units", "K"}, {"long_name", ""}}));
  // A field that was moved away lives on.
  ArrowSchema moved = *schema.children[1];
  schema.children[1]->release = nullptr;
  schema.release(&schema);
  EXPECT_STREQ(moved.name, "name");
  EXPECT_STREQ(moved.dictionary->format, "u");
  moved.release(&moved);
}

// Columns are moved out of their batch and released in any order, after all else is gone: the
// sanitizers see what is read too late, freed twice or never.
TEST(ArrowSink, ColumnsOutliveTheirBatchAndAreReleasedInAnyOrder) {
  const ArrowCase table(4);
  std::mt19937 random(4);
  for (int round = 0; round < 50; ++round) {
    Batches made = table.run();
    std::vector<std::function<void()>> ends;
    for (std::size_t i = 0; i < made.size(); ++i) {
      ArrowArray batch;
      export_batch(made[i], &batch);
      for (std::int64_t c = 0; c < batch.n_children; ++c) {
        if (random() % 2 == 0) continue;
        ends.emplace_back([&, i, c, column = *batch.children[c]]() mutable {
          if (c == 0) {
            const auto hour = static_cast<std::int64_t>(4 * i + 1);
            EXPECT_EQ(element_of<std::int64_t>(column, 3), hour * 3'600'000'000);
          }
          if (c == 1) {
            EXPECT_EQ(text_of_row(column, 1), "\xC3\xA5 b");
          }
          if (c == 4) {
            EXPECT_EQ(element_of<std::int16_t>(column, 5),
                      table.fields[2].values<std::int16_t>()[2]);
          }
          column.release(&column);
          EXPECT_EQ(column.release, nullptr);
        });
        batch.children[c]->release = nullptr;
      }
      ends.emplace_back([batch]() mutable { batch.release(&batch); });
    }
    made.clear();
    std::shuffle(ends.begin(), ends.end(), random);
    for (const auto& end : ends) end();
  }
}

TEST(ArrowSink, AColumnWithoutNullsHasNoBits) {
  ArrowCase table(11);
  for (std::int64_t i = 0; i < table.fields[0].size(); ++i) {
    table.fields[0].values<float>()[i] = static_cast<float>(i);
  }
  const Batches batches = table.run();
  ASSERT_EQ(batches.size(), 1u);
  ArrowArray batch;
  export_batch(batches[0], &batch);
  EXPECT_EQ(batch.children[2]->null_count, 0);
  EXPECT_EQ(batch.children[2]->buffers[0], nullptr);
  batch.release(&batch);
}

TEST(ArrowSink, WhatIsSpreadHasAColumnForEachCell) {
  Batches batches;
  ArrowTarget target;
  target.table.table.name = "the table";
  target.table.table.runs = {{4}, {3}, 0};
  target.table.table.keys = {{"time", 0, nullptr}};
  target.table.table.values = {{"u", {types::int16, {0}}},
                               {"t", {types::int16, {kSpread, 0}, {2}}, {"t_850", "t_500"}}};
  target.table.keys = {time_key({0, 1, 2, 3})};
  target.table.notes = {{}, {{"units", "m"}}, {{"units", "K"}}};
  target.put = [&](std::shared_ptr<const ArrowBatch> batch) {
    batches.push_back(std::move(batch));
  };
  const auto sink = arrow_sink(std::move(target));
  std::mt19937 random(1);
  const Array u = integer_field({4}, random), t = integer_field({2, 4}, random);
  CodecContext context;
  Buffer out;
  const std::vector<ArrayView> views{u.view().part(sink->region(0, {0})),
                                     t.view().part(sink->region(1, {0}))};
  sink->encode({0}, views, out, context);
  sink->store({0}, out);
  ASSERT_EQ(batches.size(), 1u);
  ArrowSchema schema;
  export_schema(*batches[0]->form, &schema);
  ArrowArray batch;
  export_batch(batches[0], &batch);
  ASSERT_EQ(batch.n_children, 4);
  EXPECT_STREQ(schema.children[3]->name, "t_500");
  EXPECT_EQ(notes_of(schema.children[3]->metadata)["units"], "K");
  for (std::int64_t i = 0; i < 3; ++i) {
    EXPECT_EQ(element_of<std::int16_t>(*batch.children[1], i), u.values<std::int16_t>()[i]);
    EXPECT_EQ(element_of<std::int16_t>(*batch.children[2], i), t.values<std::int16_t>()[i]);
    EXPECT_EQ(element_of<std::int16_t>(*batch.children[3], i), t.values<std::int16_t>()[4 + i]);
  }
  batch.release(&batch);
  schema.release(&schema);
}

TEST(ArrowSink, RoomIsAskedOfWhoTakesTheBatches) {
  Batches batches;
  ArrowTarget target = ArrowCase(4).target(batches);
  int asked = 0;
  target.wait_for_room = [&](const std::stop_token&) { ++asked; };
  arrow_sink(std::move(target))->wait_for_room({});
  EXPECT_EQ(asked, 1);
}

TEST(ArrowSink, WhatNoReaderTakesIsRefused) {
  Batches batches;
  ArrowTarget twice = ArrowCase(4).target(batches);
  twice.table.table.values[1].name = "t";
  EXPECT_THROW(arrow_sink(std::move(twice)), Error);
  ArrowTarget no_text = ArrowCase(4).target(batches);
  no_text.table.keys[1] = text_key({"a", "\xFC", "b"});
  EXPECT_THROW(arrow_sink(std::move(no_text)), Error);
  ArrowTarget complex = ArrowCase(4).target(batches);
  complex.table.table.values[0].rows.type = types::complex64;
  EXPECT_THROW(arrow_sink(std::move(complex)), Error);
}

}  // namespace
}  // namespace gridmill
