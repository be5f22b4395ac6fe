#include "gridmill/sink/table_sink.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "gridmill/array/array.h"
#include "gridmill/base/error.h"

namespace gridmill {
namespace {

// Keeps what was appended, and whether it was committed.
struct WrittenText {
  std::string text;
  bool is_committed = false;
};

class TextWriter final : public ValueWriter {
 public:
  explicit TextWriter(WrittenText& written) : written_(written) {}
  void append(ByteView bytes) override { written_.text += as_text(bytes); }
  [[nodiscard]] Version commit() override {
    written_.is_committed = true;
    return {};
  }

 private:
  WrittenText& written_;
};

std::shared_ptr<const CellTexts> cells(const std::vector<std::string>& texts) {
  auto made = std::make_shared<CellTexts>();
  for (const std::string& text : texts) made->add(csv_quoted(text));
  return made;
}

std::shared_ptr<const CellTexts> numbered(const std::string& prefix, std::int64_t count) {
  std::vector<std::string> texts;
  for (std::int64_t i = 0; i < count; ++i) texts.push_back(prefix + std::to_string(i));
  return cells(texts);
}

// Encodes every unit of `sink` out of whole arrays and stores them in order, as the engine does.
void run(Sink& sink, const std::vector<Array>& fields) {
  ASSERT_TRUE(sink.is_ordered());
  CodecContext context;
  for (std::int64_t ordinal = 0; ordinal < sink.units().size(); ++ordinal) {
    const Index unit = sink.units().position(ordinal);
    std::vector<ArrayView> views;
    for (int c = 0; c < sink.columns(); ++c) {
      const Box region = sink.region(c, unit);
      const Shape buffer = sink.buffer_shape(c, unit);
      for (int d = 0; d < region.rank(); ++d) ASSERT_LE(region.shape[d], buffer[d]);
      views.push_back(fields[static_cast<std::size_t>(c)].view().part(region));
    }
    Buffer out;
    sink.encode(unit, views, out, context);
    EXPECT_LE(static_cast<std::int64_t>(out.size()), sink.encoded_bound());
    sink.store(unit, out);
  }
}

Array floats(const Shape& shape, std::mt19937& random) {
  Array array(types::float32, shape);
  for (std::int64_t i = 0; i < array.size(); ++i) {
    array.values<float>()[i] =
        random() % 7 == 0 ? NAN : static_cast<float>(random() % 2000) / 8.0F - 100.0F;
  }
  return array;
}

std::string cell(float value) {
  if (std::isnan(value)) return "";
  std::string text(32, ' ');
  text.resize(static_cast<std::size_t>(std::snprintf(text.data(), text.size(), "%.9g", value)));
  return text;
}

TEST(TableSink, RowsAreInOrderAndBroadcast) {
  std::mt19937 random(11);
  for (int round = 0; round < 40; ++round) {
    const auto extent = [&] { return static_cast<std::int64_t>(random() % 6 + 1); };
    const Shape shape{extent(), extent(), extent()};
    const std::int64_t run_length = static_cast<std::int64_t>(random()) % shape[0] + 1;
    // The second column has its dimensions the other way round, the third lacks the first.
    std::vector<Array> fields;
    fields.push_back(floats(shape, random));
    fields.push_back(floats({shape[2], shape[0]}, random));
    fields.push_back(floats({shape[1]}, random));
    WrittenText written;
    TableTarget target;
    target.name = "t.csv";
    target.runs = {shape, {run_length, shape[1], shape[2]}, 0};
    if (run_length < shape[0]) target.runs.lead = static_cast<std::int64_t>(random()) % run_length;
    target.keys = {{"time", 0, numbered("t", shape[0])}, {"name", 2, numbered("p", shape[2])}};
    target.values = {{"a", {types::float32, {0, 1, 2}}},
                     {"b", {types::float32, {2, 0}}},
                     {"c", {types::float32, {1}}}};
    target.writer = std::make_unique<TextWriter>(written);
    const auto sink = table_sink(std::move(target));
    run(*sink, fields);
    EXPECT_FALSE(written.is_committed);
    sink->finish();
    EXPECT_TRUE(written.is_committed);

    std::string expected = "time,name,a,b,c\n";
    for (std::int64_t t = 0; t < shape[0]; ++t) {
      for (std::int64_t y = 0; y < shape[1]; ++y) {
        for (std::int64_t p = 0; p < shape[2]; ++p) {
          expected += "t" + std::to_string(t) + ",p" + std::to_string(p) + "," +
                      cell(fields[0].values<float>()[(t * shape[1] + y) * shape[2] + p]) + "," +
                      cell(fields[1].values<float>()[p * shape[0] + t]) + "," +
                      cell(fields[2].values<float>()[y]) + "\n";
        }
      }
    }
    ASSERT_EQ(written.text, expected) << "round " << round;
  }
}

TEST(TableSink, NothingIsCommittedWhileAUnitIsMissing) {
  std::mt19937 random(3);
  WrittenText written;
  TableTarget target;
  target.name = "t.csv";
  target.runs = {{4}, {2}, 0};
  target.values = {{"a", {types::float32, {0}}}};
  target.writer = std::make_unique<TextWriter>(written);
  const auto sink = table_sink(std::move(target));
  CodecContext context;
  const Array field = floats({4}, random);
  Buffer out;
  const std::vector<ArrayView> views{field.view().part({{2}, {2}})};
  sink->encode({1}, views, out, context);
  EXPECT_THROW(sink->store({1}, out), Error);  // out of turn: the engine would never
  EXPECT_EQ(written.text, "a\n");
  EXPECT_THROW(sink->finish(), Error);
  EXPECT_FALSE(written.is_committed);
}

TEST(TableSink, RunsThatBreakCOrderAreRefused) {
  WrittenText written;
  TableTarget target;
  target.runs = {{4, 4}, {2, 2}, 0};
  target.values = {{"a", {types::float32, {0, 1}}}};
  target.writer = std::make_unique<TextWriter>(written);
  EXPECT_THROW(table_sink(std::move(target)), Error);
}

TEST(TextCells, CsvQuotingFollowsRfc4180) {
  EXPECT_EQ(csv_quoted("plain"), "plain");
  EXPECT_EQ(csv_quoted("a,b"), "\"a,b\"");
  EXPECT_EQ(csv_quoted("say \"x\""), "\"say \"\"x\"\"\"");
  EXPECT_EQ(csv_quoted("two\nlines"), "\"two\nlines\"");
}

TEST(TextCells, NumbersReadBackAsTheSame) {
  std::mt19937_64 random(5);
  for (int i = 0; i < 20000; ++i) {
    const std::uint64_t bits = random();
    double value = 0;
    std::memcpy(&value, &bits, sizeof value);
    if (!std::isfinite(value)) continue;
    char text[kLongestNumber + 1];
    *write_number(text, reinterpret_cast<const std::byte*>(&value), types::float64) = '\0';
    EXPECT_EQ(std::strtod(text, nullptr), value) << text;
    const auto narrow = static_cast<float>(value);
    if (!std::isfinite(narrow)) continue;
    *write_number(text, reinterpret_cast<const std::byte*>(&narrow), types::float32) = '\0';
    EXPECT_EQ(std::strtof(text, nullptr), narrow) << text;
  }
}

TEST(TextCells, OtherTypes) {
  const auto text = [](const auto& value, DataType type) {
    char out[kLongestNumber];
    return std::string(out, write_number(out, reinterpret_cast<const std::byte*>(&value), type));
  };
  EXPECT_EQ(text(std::uint8_t{1}, types::boolean), "true");
  EXPECT_EQ(text(std::int64_t{INT64_MIN}, types::int64), "-9223372036854775808");
  EXPECT_EQ(text(std::uint64_t{UINT64_MAX}, types::uint64), "18446744073709551615");
  EXPECT_EQ(text(std::uint16_t{0x3C00}, types::float16), "1");
  EXPECT_EQ(text(std::uint16_t{0xC248}, types::float16), "-3.140625");
  const float complex[2] = {1.5F, -2.0F};
  EXPECT_EQ(text(complex, types::complex64), "1.5-2j");
  std::string memory;
  const std::uint32_t unicode[3] = {'A', 0x20AC, 0};
  EXPECT_EQ(text_of(reinterpret_cast<const std::byte*>(unicode), types::unicode(3), memory),
            "A\xE2\x82\xAC");
}

}  // namespace
}  // namespace gridmill
