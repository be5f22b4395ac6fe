// dealer.h: deals the tasks of a plan out to workers, stage by stage.
//
// A worker asks for tasks; by asking it says that what it got before is done. Ranges begin large
// and get smaller towards the end of a stage, so that nobody waits long for the slowest. A stage
// begins when every range of the one before is done: until then whoever asks has to wait. Pure
// bookkeeping, without clock or threads; used by one thread.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <vector>

namespace gridmill {

struct TaskRange {
  std::int64_t stage = 0;
  std::int64_t first = 0;
  std::int64_t last = 0;
  friend bool operator==(const TaskRange&, const TaskRange&) = default;
};

class Dealer {
 public:
  // `left`: per stage the ranges [first, last) that are still to be done.
  Dealer(const std::vector<std::vector<std::pair<std::int64_t, std::int64_t>>>& left, int workers);

  struct Answer {
    bool is_over = false;            // there will be nothing more
    std::optional<TaskRange> range;  // neither: ask again when somebody else has
  };
  Answer next(int worker);
  // The worker will not ask again and what it had is not done; nobody gets anything more.
  void give_up(int worker);

 private:
  bool open_next_stage();

  std::vector<std::deque<std::pair<std::int64_t, std::int64_t>>> left_;
  const int workers_;
  std::size_t stage_ = 0;
  std::int64_t tasks_left_ = 0;  // of the stage, not dealt out
  std::set<int> busy_;
  bool has_failed_ = false;
};

}  // namespace gridmill
