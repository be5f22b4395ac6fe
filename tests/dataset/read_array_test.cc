// Small leaves are fetched together, large ones one by one; what is read is the same.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <numeric>

#include "doubles/memory_leaves.h"
#include "gridmill/dataset/dataset.h"

namespace gridmill {
namespace {

constexpr std::int64_t kAllValues = 100, kValuesOfLeaf = 3;

Array numbers() {
  Array array(types::int32, {kAllValues});
  std::iota(array.values<std::int32_t>(), array.values<std::int32_t>() + kAllValues, 0);
  return array;
}

Variable variable_of(const std::shared_ptr<const LeafReader>& reader) {
  Variable variable;
  variable.name = "time";
  variable.type = reader->type();
  variable.dimensions = {"time"};
  variable.shape = reader->grid().shape();
  variable.blocks.push_back({{0}, reader, "memory"});
  return variable;
}

std::vector<std::int32_t> values_of(const Array& array) {
  const auto* begin = array.values<std::int32_t>();
  return {begin, begin + volume(array.shape())};
}

// Who comes waits until so many are there, or for a second.
class Meeting {
 public:
  explicit Meeting(int wanted) : wanted_(wanted) {}
  void come() {
    std::unique_lock lock(mutex_);
    most_ = std::max(most_, ++here_);
    is_met_ = is_met_ || here_ >= wanted_;
    came_.notify_all();
    came_.wait_for(lock, std::chrono::seconds(1), [&] { return is_met_; });
    --here_;
  }
  int most() const { return most_; }

 private:
  const int wanted_;
  std::mutex mutex_;
  std::condition_variable came_;
  bool is_met_ = false;
  int here_ = 0, most_ = 0;
};

TEST(ReadArrayTest, SmallLeavesAreFetchedAtOnce) {
  const auto leaves = std::make_shared<MemoryLeaves>(numbers(), Shape{kValuesOfLeaf});
  leaves->make_absent({2});
  leaves->set_fill<std::int32_t>(-7);
  Meeting meeting(8);
  leaves->on_fetch = [&](const Index&) { meeting.come(); };
  const Array read = read_array(variable_of(leaves), Box{{4}, {90}});
  EXPECT_GE(meeting.most(), 8);
  std::vector<std::int32_t> expected(90);
  std::iota(expected.begin(), expected.end(), 4);
  for (const int absent : {6, 7, 8}) expected[static_cast<std::size_t>(absent - 4)] = -7;
  EXPECT_EQ(values_of(read), expected);
  EXPECT_EQ(leaves->total_fetches(), 31);
}

TEST(ReadArrayTest, LargeLeavesAreFetchedOneByOne) {
  constexpr std::int64_t kRows = 3, kRow = (std::int64_t{8} << 20) / 4 + 1;  // above 8 MiB
  const auto leaves =
      std::make_shared<MemoryLeaves>(Array(types::int32, {kRows * kRow}), Shape{kRow});
  std::atomic<int> here{0}, most{0};
  leaves->on_fetch = [&](const Index&) { most = std::max(most.load(), ++here); };
  leaves->on_decode = [&](const Index&) { --here; };
  (void)read_array(variable_of(leaves));
  EXPECT_EQ(leaves->total_decodes(), kRows);
  EXPECT_EQ(most, 1);
}

TEST(ReadArrayTest, WhatIsFetchedOneByOneNeedsNoThread) {
  const auto leaves = std::make_shared<MemoryLeaves>(numbers(), Shape{kValuesOfLeaf});
  const auto here = std::this_thread::get_id();
  leaves->on_fetch = [&](const Index&) { EXPECT_EQ(std::this_thread::get_id(), here); };
  const Array read = read_array(variable_of(leaves), Box{{0}, {kAllValues}}, std::int64_t{1} << 20,
                                LeafRequests::one_by_one);
  EXPECT_EQ(values_of(read), values_of(numbers()));
}

TEST(ReadArrayTest, TheFirstLeafThatFailsIsNamed) {
  const auto leaves = std::make_shared<MemoryLeaves>(numbers(), Shape{kValuesOfLeaf});
  for (const std::int64_t at : {20, 5, 9}) {
    leaves->make_fail({at}, MemoryLeaves::Step::fetch, ErrorKind::corrupt);
  }
  try {
    (void)read_array(variable_of(leaves));
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::corrupt);
    const std::string message = error.what();
    EXPECT_NE(message.find("variable time"), std::string::npos) << message;
    EXPECT_NE(message.find(leaves->describe({5})), std::string::npos) << message;
  }
}

}  // namespace
}  // namespace gridmill
