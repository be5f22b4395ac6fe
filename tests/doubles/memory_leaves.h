// memory_leaves.h: a LeafReader over an Array in memory, for tests of fields and of the engine.
//
// Cuts the array into leaves, counts what is fetched and decoded, and can be told that a leaf is
// absent or fails. "Stored" bytes are the leaf's elements in C order, so that decode checks that it
// gets what fetch gave. Thread-safe, as the interface asks.
#pragma once

#include <fmt/format.h>

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "gridmill/array/array.h"
#include "gridmill/array/copy.h"
#include "gridmill/codec/box_stream.h"
#include "gridmill/codec/leaf.h"
#include "gridmill/codec/place.h"

namespace gridmill {

class MemoryLeaves final : public LeafReader {
 public:
  enum class Step { fetch, decode };

  MemoryLeaves(Array content, const Shape& chunk)
      : LeafReader(content.type(), ChunkGrid(content.shape(), chunk)),
        content_(std::move(content)),
        fill_(static_cast<std::size_t>(content_.type().size), std::byte{0}) {}

  // What absent leaves hold; zero bytes unless set.
  template <class T>
  void set_fill(T value) {
    fill_.assign(sizeof value, std::byte{0});
    std::memcpy(fill_.data(), &value, sizeof value);
  }
  void make_absent(const Index& position) { absent_.insert(grid().ordinal(position)); }
  void make_fail(const Index& position, Step step, ErrorKind kind) {
    failing_[{grid().ordinal(position), step}] = kind;
  }

  // Called by every fetch before it does anything; may wait.
  std::function<void(const Index&)> on_fetch;
  std::function<void(const Index&)> on_decode;

  std::int64_t fetches(const Index& position) const { return count(position, Step::fetch); }
  std::int64_t decodes(const Index& position) const { return count(position, Step::decode); }
  std::int64_t total_fetches() const { return total(Step::fetch); }
  std::int64_t total_decodes() const { return total(Step::decode); }
  const Array& content() const noexcept { return content_; }

  // Leaves are read as streams of boxes of this shape instead, in which each read counts as a
  // fetch.
  std::optional<Shape> streamed;
  std::int64_t stream_bytes() const override {
    return streamed ? volume(*streamed) * type().size : 0;
  }
  std::unique_ptr<LeafStream> stream(const Index& position,
                                     std::vector<Part> parts) const override {
    return std::make_unique<Stream>(*this, position, std::move(parts));
  }

  std::int64_t claimed_bound = 0;  // > 0: what stored_bound() says
  std::int64_t stored_bound() const override {
    return claimed_bound > 0 ? claimed_bound : volume(grid().chunk()) * type().size;
  }
  std::int64_t scratch_bound() const override { return 0; }

  bool fetch(const Index& position, Buffer& stored) const override {
    if (on_fetch) on_fetch(position);
    enter(position, Step::fetch);
    if (absent_.contains(grid().ordinal(position))) return false;
    const Box box = grid().box_of(position);
    stored.resize(static_cast<std::size_t>(volume(box.shape) * type().size));
    copy_array(content_.view().part(box), view_of(stored.bytes(), type(), box.shape));
    return true;
  }

  void decode(const Index& position, ByteView stored, std::span<const Part> parts, StringArena&,
              CodecContext&) const override {
    if (on_decode) on_decode(position);
    enter(position, Step::decode);
    const Box box = grid().box_of(position);
    const auto expected = static_cast<std::size_t>(volume(box.shape) * type().size);
    if (stored.size() != expected) {
      throw Error(ErrorKind::corrupt, fmt::format("{}: {} bytes instead of {}", describe(position),
                                                  stored.size(), expected));
    }
    const ArrayView leaf = view_of(stored, type(), box.shape);
    for (const Part& part : parts) place_elements(leaf.part(part.box), part);
  }

  void fill(std::span<const Part> parts, StringArena&) const override {
    for (const Part& part : parts) place_value(fill_.data(), type(), part);
  }

  std::string describe(const Index& position) const override {
    return "leaf " + to_string(position) + " in memory";
  }

 private:
  class Stream final : public BoxStream {
   public:
    Stream(const MemoryLeaves& leaves, const Index& position, std::vector<Part> parts)
        : BoxStream(leaves.grid().box_of(position).shape, *leaves.streamed, std::move(parts),
                    false),
          leaves_(leaves),
          position_(position) {}

   private:
    void read_box(const Box& box, Buffer& into) override {
      if (leaves_.on_fetch) leaves_.on_fetch(position_);
      leaves_.enter(position_, Step::fetch);
      const ArrayView leaf = leaves_.content_.view().part(leaves_.grid().box_of(position_));
      into.resize(static_cast<std::size_t>(volume(box.shape) * leaves_.type().size));
      copy_array(leaf.part(box), view_of(into.bytes(), leaves_.type(), box.shape));
    }
    ArrayView view(ByteView piece, const Box& box) const override {
      return view_of(piece, leaves_.type(), box.shape);
    }

    const MemoryLeaves& leaves_;
    const Index position_;
  };

  using Event = std::pair<std::int64_t, Step>;

  void enter(const Index& position, Step step) const {
    const Event event{grid().ordinal(position), step};
    const std::lock_guard lock(mutex_);
    ++counts_[event];
    if (const auto found = failing_.find(event); found != failing_.end()) {
      throw Error(found->second, describe(position) + ": pretended failure");
    }
  }

  std::int64_t count(const Index& position, Step step) const {
    const std::lock_guard lock(mutex_);
    const auto found = counts_.find({grid().ordinal(position), step});
    return found == counts_.end() ? 0 : found->second;
  }

  std::int64_t total(Step step) const {
    const std::lock_guard lock(mutex_);
    std::int64_t sum = 0;
    for (const auto& [event, n] : counts_) sum += event.second == step ? n : 0;
    return sum;
  }

  Array content_;
  std::vector<std::byte> fill_;
  std::set<std::int64_t> absent_;
  std::map<Event, ErrorKind> failing_;
  mutable std::mutex mutex_;
  mutable std::map<Event, std::int64_t> counts_;
};

}  // namespace gridmill
