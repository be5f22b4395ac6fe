// CSV files that become fewer: lines behind lines, one header, and no cell cut.
#include <fmt/format.h>

#include <random>

#include "doubles/assertions.h"
#include "gridmill/sink/table_merge.h"
#include "gridmill/store/memory_store.h"

namespace gridmill {
namespace {

class CsvMerges : public testing::Test {
 protected:
  void put(const std::string& name, const std::string& text) {
    (void)store_->put(Key(name), as_bytes(text));
    inputs_.push_back({name, std::ssize(text), [this, name] { return store_->reader(Key(name)); }});
  }

  std::vector<MergeOutput> merge(std::int64_t target_bytes = 1000) {
    (void)merge_->check(inputs_, target_bytes);
    std::int64_t all = 0, read = 0;
    for (const MergeInput& input : inputs_) all += input.bytes;
    auto written = merge_->merge(
        inputs_, target_bytes,
        [&](std::int64_t number) { return store_->writer(Key("out" + std::to_string(number))); },
        [&](std::int64_t bytes) { read += bytes; });
    EXPECT_EQ(read, all);
    return written;
  }

  std::string out(std::int64_t number = 0) {
    return value_of(*store_, "out" + std::to_string(number)).value_or("none");
  }

  const std::unique_ptr<Store> store_ = memory_store();
  const std::unique_ptr<TableMerge> merge_ = csv_merge();
  std::vector<MergeInput> inputs_;
};

TEST_F(CsvMerges, OneHeaderAndLinesBehindLines) {
  put("a", "x,y\n1,2\n3,4\n");
  put("b", "x,y\n");
  put("c", "x,y\n5,6");  // without its end
  put("d", "x,y");
  put("e", "x,y\n7,8\n");
  const auto written = merge();
  EXPECT_EQ(out(), "x,y\n1,2\n3,4\n5,6\n7,8\n");
  ASSERT_EQ(written.size(), 1U);
  EXPECT_EQ(written[0].rows, 4);
  EXPECT_EQ(written[0].bytes, std::ssize(out()));
  EXPECT_EQ(written[0].hash, hash_bytes(as_bytes(out())));
}

TEST_F(CsvMerges, BreaksInsideOfQuotesAreNoEnds) {
  put("a", "\"x\ny\",z\n\"1\n\"\"2\",3\n");
  put("b", "\"x\ny\",z\n\"\n\",\"\"\n4,5\n");
  const auto written = merge();
  EXPECT_EQ(out(), "\"x\ny\",z\n\"1\n\"\"2\",3\n\"\n\",\"\"\n4,5\n");
  EXPECT_EQ(written[0].rows, 3);
}

TEST_F(CsvMerges, WindowsEndsAndAByteOrderMarkAreNoColumns) {
  put("a", "\xEF\xBB\xBFx,y\r\n1,2\r\n3,4");
  put("b", "x,y\r\n5,6\r\n");
  EXPECT_EQ(merge()[0].rows, 3);
  EXPECT_EQ(out(), "\xEF\xBB\xBFx,y\r\n1,2\r\n3,4\r\n5,6\r\n");
}

// Files of a line each; the header and six of them are as long as the target.
TEST_F(CsvMerges, AFileTakesNoMoreThanTheTargetUnlessACrumbWouldBeLeft) {
  const std::vector<std::pair<int, std::vector<std::int64_t>>> cases{
      {6, {6}}, {7, {7}}, {8, {6, 2}}, {12, {6, 6}}, {15, {6, 6, 3}}};
  for (const auto& [lines, wanted] : cases) {
    inputs_.clear();
    std::string all;
    for (int i = 0; i < lines; ++i) {
      const std::string own = fmt::format("line{:02}\n", i);
      put(fmt::format("f{}", i), "x\n" + own);
      all += own;
    }
    std::vector<std::int64_t> rows;
    std::string found;
    for (const MergeOutput& written : merge(44)) {
      const std::string text = out(std::ssize(rows));
      EXPECT_EQ(written.bytes, std::ssize(text));
      EXPECT_EQ(text.substr(0, 2), "x\n");
      found += text.substr(2);
      rows.push_back(written.rows);
    }
    EXPECT_EQ(rows, wanted) << lines;
    EXPECT_EQ(found, all);
  }
}

// Larger than what is read at once.
TEST_F(CsvMerges, LinesOverTheBordersOfPieces) {
  std::mt19937 random(1);
  std::string all = "a,b\n";
  std::int64_t rows = 0;
  for (const char* name : {"a", "b"}) {
    std::string text = "a,b\n";
    while (text.size() < 3'000'000) {
      std::string cell(random() % 300, 'x');
      for (char& c : cell) {
        if (random() % 20 == 0) c = '\n';
      }
      text += "\"" + cell + "\"\"\"," + std::to_string(random()) + "\n";
      ++rows;
    }
    put(name, text);
    all += text.substr(4);
  }
  const auto written = merge(10'000'000);
  ASSERT_EQ(written.size(), 1U);
  EXPECT_EQ(written[0].rows, rows);
  EXPECT_TRUE(out() == all);
}

TEST_F(CsvMerges, WhatCantBeOneFileIsRefused) {
  const std::vector<std::pair<std::string, std::string>> wrong{
      {"x,z\n1,2\n", "x,z"}, {"y,x\n1,2\n", "y,x"}, {"", "header"}, {"x,\"y\n", "quotes"}};
  for (const auto& [text, said] : wrong) {
    inputs_.clear();
    put("first", "x,y\n1,2\n");
    put("second", text);
    try {
      (void)merge_->check(inputs_, 1000);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::corrupt);
      EXPECT_NE(error.message().find("second"), std::string::npos) << error.message();
      EXPECT_NE(error.message().find(said), std::string::npos) << error.message();
    }
  }
  inputs_.clear();
  put("first", "x,y\n1,\"2\n");
  EXPECT_EQ(kind_thrown([&] { (void)merge(); }), ErrorKind::corrupt);
  store_->remove(Key("first"));
  EXPECT_EQ(kind_thrown([&] { (void)merge(); }), ErrorKind::conflict);
}

}  // namespace
}  // namespace gridmill
