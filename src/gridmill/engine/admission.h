// admission.h: how many tasks a run has in hand: no more than keep its lanes busy.
//
// The budget says what tasks may hold, not what they should: memory that nobody has touched lately
// costs more than decoding into it (system/memory.h), and what is given back by one task is warm
// for the next. So a further task is admitted, and begun, only where a lane could lack work without
// it, which is one of three things:
//   - fewer than `tasks` are in hand: one is being read, one computed and encoded, one written, so
//     that no lane waits at a task's end, however large the tasks are;
//   - fewer leaves are in hand than `leaves_per_lane` for each lane (readers, those that stand in
//     for stuck ones, CPU threads, writers): each lane has one and finds another one. With many
//     readers, as slow stores want them, many are in hand; each lane may be stuck in a call, and
//     there is as much again for its peers;
//   - all together they would take no more than `bytes`: small tasks cost less than waking up for
//     them, and their leaves wait in longer queues (run_memory.h).
// Where units are written in order and one leaf stalls, the others go on as far as that.
//
// The budget stays the upper limit: who is admitted takes credit besides. A task never needs one
// that comes after it, so that those in hand always end.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stop_token>

namespace gridmill {

struct AdmissionPolicy {
  int tasks = 3;
  int leaves_per_lane = 2;
  std::int64_t bytes = std::int64_t{64} << 20;
};

// Thread-safe.
class Admission {
 public:
  // What one task is counted with.
  struct Share {
    std::int64_t bytes = 0;   // its credit
    std::int64_t leaves = 0;  // a task without leaves counts as one leaf
  };

  Admission(const AdmissionPolicy& policy, std::int64_t lanes);

  // Waits until lanes could lack work without a task of so many bytes. False if `stop` is requested
  // first.
  bool wait(std::int64_t bytes, const std::stop_token& stop);
  void begin(const Share& task);
  void end(const Share& task) noexcept;

 private:
  bool is_wanted(std::int64_t bytes) const noexcept;

  const AdmissionPolicy policy_;
  const std::int64_t enough_leaves_;
  std::mutex mutex_;
  std::condition_variable_any ended_;
  std::int64_t tasks_ = 0, leaves_ = 0, bytes_ = 0;  // in hand
};

}  // namespace gridmill
