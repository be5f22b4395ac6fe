#include "gridmill/dataset/leaf_sequence.h"

#include <algorithm>

#include "gridmill/base/checked.h"
#include "gridmill/base/error.h"

namespace gridmill {

WholeLeaf::WholeLeaf(const LeafReader& reader) : reader_(reader) {
  if (!reader.type().is_string()) return;
  throw Error(ErrorKind::unsupported, "texts are not read leaf by leaf");
}

ArrayView WholeLeaf::read(const Index& position) {
  const Shape shape = reader_.grid().box_of(position).shape;
  values_.resize(
      static_cast<std::size_t>(checked_mul(volume(shape), reader_.type().size, "a leaf's size")));
  const MutableArrayView view = view_of(values_.bytes(), reader_.type(), shape);
  StringArena no_strings;
  const Part whole{whole_box(shape), view};
  if (reader_.fetch(position, stored_)) {
    reader_.decode(position, stored_, {&whole, 1}, no_strings, context_);
  } else {
    reader_.fill({&whole, 1}, no_strings);
  }
  return view;
}

LeafSequence::LeafSequence(const LeafReader& reader, int threads)
    : reader_(reader),
      count_(reader.grid().size()),
      slots_(static_cast<std::size_t>(std::max(1, threads)) + 2) {
  for (Slot& slot : slots_) slot.leaf.emplace(reader);
  try {
    for (int i = 0; i < std::max(1, threads); ++i) {
      threads_.emplace_back([this] { decode_ahead(); });
    }
  } catch (...) {  // those that were started are waited for
    end();
    throw;
  }
}

LeafSequence::~LeafSequence() { end(); }

void LeafSequence::end() noexcept {
  {
    const std::lock_guard lock(mutex_);
    is_ended_ = true;
  }
  changed_.notify_all();
}

// The slot of the item that the caller holds is the last one that may be free: one of those behind
// it is always there to be decoded into.
void LeafSequence::decode_ahead() {
  std::unique_lock lock(mutex_);
  const auto room = static_cast<std::int64_t>(slots_.size()) - 1;
  while (true) {
    changed_.wait(lock,
                  [&] { return is_ended_ || claimed_ == count_ || claimed_ < given_ + room; });
    if (is_ended_ || claimed_ == count_) return;
    const std::int64_t ordinal = claimed_++;
    Slot& slot = slot_of(ordinal);
    lock.unlock();
    try {
      slot.values = slot.leaf->read(reader_.grid().position(ordinal));
    } catch (...) {
      slot.failure = std::current_exception();
    }
    lock.lock();
    slot.is_ready = true;
    changed_.notify_all();
  }
}

std::optional<LeafSequence::Item> LeafSequence::next() {
  std::unique_lock lock(mutex_);
  if (given_ == count_ || is_ended_) return std::nullopt;
  const std::int64_t ordinal = given_++;
  changed_.notify_all();  // the item before is free
  Slot& slot = slot_of(ordinal);
  changed_.wait(lock, [&] { return slot.is_ready; });
  slot.is_ready = false;
  if (slot.failure) {
    is_ended_ = true;
    changed_.notify_all();
    std::rethrow_exception(slot.failure);
  }
  return Item{reader_.grid().position(ordinal), slot.values};
}

}  // namespace gridmill
