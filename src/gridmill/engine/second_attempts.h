// second_attempts.h: fetches that take far longer than their peers are tried once more, in another
// lane; the first of the two that arrives is taken.
//
// One request in a thousand hangs for a minute where its peers take milliseconds (a dying disk, a
// lost packet, a busy server), and the run would wait for it alone. A fetch only reads, into a
// buffer of its own, so that a second one can do no harm. A store is not tried twice: the slower
// attempt would still be writing when the output is published.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <utility>
#include <vector>

namespace gridmill {

struct SecondAttemptPolicy {
  // Slow is what takes longer than `factor` times the usual, and longer than this. 0: there are no
  // second attempts.
  std::int64_t floor_ns = 100'000'000;
  int factor = 5;
  // Readers that stand in for those that are stuck, where memory allows one leaf more for each.
  int spare_readers = 1;
};

// The attempts at one thing, of which one counts. Thread-safe.
class Race {
 public:
  // Another attempt, besides the first.
  void join();
  // An attempt has succeeded: true if it is the one that counts.
  bool win();
  // An attempt has failed: true if its error counts. Not if another attempt has succeeded, or may
  // still do so and `may_differ`.
  bool lose(bool may_differ);
  bool is_decided() const;

 private:
  mutable std::mutex mutex_;
  int under_way_ = 1;
  bool is_decided_ = false;
};

// How long the last few fetches took, by size.
class UsualTime {
 public:
  void add(std::int64_t duration_ns, std::int64_t bytes);
  // Of so many bytes: the median duration, or what the median speed makes of it if that is longer.
  // 0: too few to tell.
  std::int64_t of(std::int64_t bytes) const;

 private:
  static constexpr std::size_t kKept = 64, kEnough = 4;
  struct Sample {
    std::int64_t duration_ns = 0;
    std::int64_t bytes = 0;
  };
  std::array<Sample, kKept> samples_;
  std::size_t count_ = 0;  // ever
};

// What is being fetched now, and which of it is late. Thread-safe.
template <class Job>
class FetchesUnderWay {
 private:
  struct Fetch {
    Job job;
    std::int64_t bytes = 0;
    std::int64_t since_ns = 0;
    bool may_be_late = true;
    bool is_late = false;
  };

 public:
  using Ticket = typename std::list<Fetch>::iterator;

  explicit FetchesUnderWay(SecondAttemptPolicy policy) : policy_(policy) {}

  // A second attempt may take as long as it likes: there is no third.
  Ticket begin(Job job, std::int64_t bytes, bool may_be_late, std::int64_t now_ns) {
    const std::lock_guard lock(mutex_);
    return fetches_.insert(fetches_.end(), Fetch{std::move(job), bytes, now_ns, may_be_late});
  }
  void end(Ticket fetch, std::int64_t now_ns) {
    {
      const std::lock_guard lock(mutex_);
      usual_.add(now_ns - fetch->since_ns, fetch->bytes);
    }
    drop(fetch);
  }
  // It failed: what it took says nothing.
  void drop(Ticket fetch) {
    std::list<Fetch> ended;  // its job goes without the lock
    const std::lock_guard lock(mutex_);
    if (fetch->is_late) --late_;
    ended.splice(ended.end(), fetches_, fetch);
  }

  // Those that have become late since this was last asked.
  std::vector<Job> newly_late(std::int64_t now_ns) {
    std::vector<Job> late;
    const std::lock_guard lock(mutex_);
    for (Fetch& fetch : fetches_) {
      const std::int64_t waited_ns = now_ns - fetch.since_ns;
      if (fetch.is_late || !fetch.may_be_late || waited_ns <= policy_.floor_ns) continue;
      const std::int64_t usual_ns = usual_.of(fetch.bytes);
      if (usual_ns == 0 || waited_ns / policy_.factor <= usual_ns) continue;
      fetch.is_late = true;
      ++late_;
      late.push_back(fetch.job);
    }
    return late;
  }

  // Lanes that are in a late fetch now.
  int late() const {
    const std::lock_guard lock(mutex_);
    return late_;
  }

 private:
  const SecondAttemptPolicy policy_;
  mutable std::mutex mutex_;
  std::list<Fetch> fetches_;
  UsualTime usual_;
  int late_ = 0;
};

}  // namespace gridmill
