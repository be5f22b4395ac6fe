// memory.h: big buffers that are reused, and the credit that bounds them.
//
// On virtual machines the first touch of a page costs more than decoding it (docs/benchmarks.md),
// so buffers of a MiB and more sit on huge pages, keep their memory when they shrink, and pools
// hand out the one used last. Credit is the memory contract of a run: a task takes all that it will
// hold at once, waits while it can't, and gives it back.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <stop_token>
#include <vector>

#include "gridmill/base/bytes.h"

namespace gridmill {

// A resizable block of uninitialised bytes, aligned to 64 (4096 from a MiB on). Not copyable.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(std::size_t size) { resize(size); }
  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&& other) noexcept;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer();

  std::byte* data() noexcept { return data_; }
  const std::byte* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }
  std::size_t capacity() const noexcept { return capacity_; }
  bool empty() const noexcept { return size_ == 0; }

  // The capacity that a new buffer of `size` bytes gets.
  static std::size_t capacity_for(std::size_t size) noexcept;

  // Content is lost when the capacity must grow, kept otherwise. Throws Error(out_of_memory).
  void resize(std::size_t size);
  // As resize, but content up to min(old, new size) is kept.
  void grow(std::size_t size);
  void append(ByteView bytes);
  void clear() noexcept { size_ = 0; }

  operator ByteView() const noexcept { return {data_, size_}; }
  MutableByteView bytes() noexcept { return {data_, size_}; }
  ByteView bytes() const noexcept { return {data_, size_}; }

 private:
  friend class BufferPool;
  void release() noexcept;

  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
  // What a pool counts for it, whatever its user makes of it; how much of that wasn't asked for.
  std::int64_t lent_bytes_ = 0, lent_over_ = 0;
};

// Buffers that wait for their next use, warmest first. All that the pool has lent or keeps stays
// below `limit` as long as its users ask for no more than that (each request counts 1/256 more at
// most, so that credit and memory agree; to fill huge pages up to 1/32, but kMostOver in all):
// before it allocates, it frees what has waited longest. What a user lets a buffer grow by is not
// counted until it is given back. Thread-safe.
class BufferPool {
 public:
  static constexpr std::int64_t kMostOver = std::int64_t{32} << 20;

  explicit BufferPool(std::int64_t limit) : limit_(limit) {}
  // A buffer of `size` bytes, content unspecified: the one given back last that fits without waste.
  // Throws Error(out_of_memory).
  Buffer take(std::size_t size);
  void give(Buffer buffer);
  // All that waits in `other`, as far as it fits below this pool's limit; the rest is freed.
  void take_over(BufferPool& other);
  std::int64_t allocated() const;  // bytes lent and waiting
  std::int64_t lent() const;

 private:
  std::size_t in_huge_pages(std::size_t wanted) const noexcept;
  bool is_affordable(std::size_t wanted, std::size_t capacity) const noexcept;
  Buffer warmest(std::size_t wanted);
  void lend(Buffer& buffer, std::int64_t bytes, std::int64_t over) noexcept;
  void take_back(Buffer& buffer) noexcept;

  const std::int64_t limit_;
  mutable std::mutex mutex_;
  std::vector<Buffer> waiting_;  // oldest first
  std::int64_t waiting_bytes_ = 0;
  std::int64_t lent_bytes_ = 0;
  std::int64_t over_bytes_ = 0;  // of them, what nobody asked for
};

// A counted budget of bytes. Thread-safe; first come, first served, so that a large request is not
// starved by small ones.
class Credit {
 public:
  explicit Credit(std::int64_t budget) : budget_(budget) {}

  // Bytes taken, given back on destruction.
  class Hold {
   public:
    Hold() = default;
    Hold(Credit* credit, std::int64_t bytes) : credit_(credit), bytes_(bytes) {}
    Hold(Hold&& other) noexcept;
    Hold& operator=(Hold&& other) noexcept;
    ~Hold() { give_back(); }
    std::int64_t bytes() const noexcept { return bytes_; }
    void give_back() noexcept;

   private:
    Credit* credit_ = nullptr;
    std::int64_t bytes_ = 0;
  };

  // Waits until `bytes` fit. Throws Error(invalid) if they exceed the whole budget, cancelled if
  // `stop` is requested first.
  [[nodiscard]] Hold take(std::int64_t bytes, const std::stop_token& stop);
  std::int64_t budget() const noexcept { return budget_; }
  std::int64_t held() const;

 private:
  void give(std::int64_t bytes) noexcept;

  const std::int64_t budget_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::int64_t held_ = 0;
  std::uint64_t next_ticket_ = 0;
  std::set<std::uint64_t> waiting_;  // tickets; the smallest is served next
};

// Bytes of memory this process may use: the smaller of physical memory and its cgroups' limits.
std::int64_t usable_memory();
std::int64_t resident_memory();       // VmRSS now
std::int64_t peak_resident_memory();  // VmHWM since the start

}  // namespace gridmill
