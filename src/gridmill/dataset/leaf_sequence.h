// leaf_sequence.h: the leaves of an array, one after the other in the grid's order, decoded ahead
// of who takes them by threads of its own.
//
// For programs that work on one chunk at a time. Memory: what a thread needs to decode a leaf (the
// leaf, its stored bytes, the codecs' scratch), as often as there are threads and twice more;
// nothing is allocated from leaf to leaf.
#pragma once

#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "gridmill/codec/leaf.h"

namespace gridmill {

// Fetches and decodes a whole leaf, or fills it where it is absent, for one thread; its buffers are
// reused. Numbers alone: texts are Error(unsupported).
class WholeLeaf {
 public:
  explicit WholeLeaf(const LeafReader& reader);
  // Valid until the next call.
  ArrayView read(const Index& position);

 private:
  const LeafReader& reader_;
  CodecContext context_;
  Buffer stored_, values_;
};

class LeafSequence {
 public:
  // `reader` outlives it. threads >= 1.
  LeafSequence(const LeafReader& reader, int threads);
  ~LeafSequence();
  LeafSequence(const LeafSequence&) = delete;
  LeafSequence& operator=(const LeafSequence&) = delete;

  struct Item {
    Index position;
    ArrayView values;  // valid until next() is called again
  };
  // nullopt behind the last one. Throws what reading this leaf threw; the sequence ends there. For
  // one thread.
  std::optional<Item> next();

 private:
  void end() noexcept;
  struct Slot {
    std::optional<WholeLeaf> leaf;
    ArrayView values;
    std::exception_ptr failure;
    bool is_ready = false;
  };

  Slot& slot_of(std::int64_t ordinal) {
    return slots_[static_cast<std::size_t>(ordinal) % slots_.size()];
  }
  void decode_ahead();

  const LeafReader& reader_;
  const std::int64_t count_;
  std::vector<Slot> slots_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::int64_t claimed_ = 0;  // by the threads
  std::int64_t given_ = 0;    // to the caller; what came before the last of them is free again
  bool is_ended_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace gridmill
