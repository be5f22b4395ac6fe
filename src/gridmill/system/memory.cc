#include "gridmill/system/memory.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <string>
#include <utility>

#include "gridmill/base/error.h"
#include "gridmill/system/cgroup.h"

namespace gridmill {
namespace {

constexpr std::size_t kHugeFrom = std::size_t{1} << 20;
constexpr std::size_t kHugePage = std::size_t{2} << 20;

std::size_t round_up(std::size_t n, std::size_t unit) { return (n + unit - 1) / unit * unit; }

bool is_mapped(std::size_t capacity) { return capacity >= kHugeFrom; }

// Large blocks are mapped with a huge page's alignment; the slack at both ends is given back.
std::byte* map_huge(std::size_t capacity) {
  const std::size_t span = capacity + kHugePage;
  void* raw = ::mmap(nullptr, span, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (raw == MAP_FAILED) return nullptr;
  auto* begin = static_cast<std::byte*>(raw);
  const auto address = reinterpret_cast<std::uintptr_t>(begin);
  const std::size_t head = round_up(address, kHugePage) - address;
  if (head > 0) ::munmap(begin, head);
  if (kHugePage > head) ::munmap(begin + head + capacity, kHugePage - head);
  ::madvise(begin + head, capacity, MADV_HUGEPAGE);
  return begin + head;
}

std::int64_t status_field(const char* name) {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    std::int64_t kib = 0;
    if (word == name && status >> kib) return kib * 1024;
  }
  return 0;
}

}  // namespace

Buffer::Buffer(Buffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      capacity_(std::exchange(other.capacity_, 0)),
      lent_bytes_(std::exchange(other.lent_bytes_, 0)),
      lent_over_(std::exchange(other.lent_over_, 0)) {}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  if (this != &other) {
    release();
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
    capacity_ = std::exchange(other.capacity_, 0);
    lent_bytes_ = std::exchange(other.lent_bytes_, 0);
    lent_over_ = std::exchange(other.lent_over_, 0);
  }
  return *this;
}

Buffer::~Buffer() { release(); }

void Buffer::release() noexcept {
  if (data_ == nullptr) return;
  if (is_mapped(capacity_)) {
    ::munmap(data_, capacity_);
  } else {
    std::free(data_);
  }
  data_ = nullptr;
  size_ = capacity_ = 0;
}

// Page-sized steps: a 4 MiB chunk must not cost a 6 MiB mapping, or budgets stop adding up.
std::size_t Buffer::capacity_for(std::size_t size) noexcept {
  return round_up(size, size >= kHugeFrom ? 4096 : 64);
}

void Buffer::resize(std::size_t size) {
  if (size > capacity_) {
    release();
    const std::size_t capacity = capacity_for(size);
    data_ = is_mapped(capacity) ? map_huge(capacity)
                                : static_cast<std::byte*>(std::aligned_alloc(64, capacity));
    if (data_ == nullptr) {
      throw Error(ErrorKind::out_of_memory, fmt::format("can't allocate {} bytes", size));
    }
    capacity_ = capacity;
  }
  size_ = size;
}

void Buffer::grow(std::size_t size) {
  if (size <= capacity_) {
    size_ = size;
    return;
  }
  Buffer larger(size);
  std::copy_n(data_, size_, larger.data_);
  larger.lent_bytes_ = lent_bytes_;
  larger.lent_over_ = lent_over_;
  *this = std::move(larger);
}

void Buffer::append(ByteView bytes) {
  const std::size_t old_size = size_;
  if (old_size + bytes.size() > capacity_) {
    const std::size_t wanted = std::max(old_size + bytes.size(), 2 * capacity_);
    grow(wanted);
  }
  size_ = old_size + bytes.size();
  std::copy(bytes.begin(), bytes.end(), data_ + old_size);
}

// The kernel makes no huge page of a mapping that ends before one does, and of 1.9 MiB 490 small
// ones, whose faults cost more than what is done with them (docs/benchmarks.md).
std::size_t BufferPool::in_huge_pages(std::size_t wanted) const noexcept {
  const std::size_t huge = round_up(wanted, kHugePage);
  return is_mapped(wanted) && huge - wanted <= wanted / 32 ? huge : wanted;
}

bool BufferPool::is_affordable(std::size_t wanted, std::size_t capacity) const noexcept {
  const std::size_t over = capacity - wanted;
  return over <= wanted / 256 || over_bytes_ + static_cast<std::int64_t>(over) <= kMostOver;
}

// A chunk and its encoded form differ by a few bytes; twice the request would break the budget.
Buffer BufferPool::warmest(std::size_t wanted) {
  const std::size_t most = std::max(wanted + wanted / 256, in_huge_pages(wanted));
  const auto fits = [&](const Buffer& buffer) {
    const std::size_t capacity = buffer.capacity();
    return capacity >= wanted && capacity <= most && is_affordable(wanted, capacity);
  };
  const auto found = std::find_if(waiting_.rbegin(), waiting_.rend(), fits);
  if (found == waiting_.rend()) return {};
  Buffer buffer = std::move(*found);
  waiting_.erase(std::next(found).base());
  waiting_bytes_ -= static_cast<std::int64_t>(buffer.capacity());
  return buffer;
}

Buffer BufferPool::take(std::size_t size) {
  const std::size_t wanted = Buffer::capacity_for(size);
  std::size_t capacity = 0;
  std::vector<Buffer> evicted;  // freed after the lock is gone
  Buffer buffer;
  {
    const std::lock_guard lock(mutex_);
    buffer = warmest(wanted);
    const std::size_t huge = in_huge_pages(wanted);
    capacity = is_affordable(wanted, huge) ? huge : wanted;
    if (buffer.capacity() > 0) capacity = buffer.capacity();
    const auto bytes = static_cast<std::int64_t>(capacity);
    while (!waiting_.empty() && lent_bytes_ + waiting_bytes_ + bytes > limit_) {
      waiting_bytes_ -= static_cast<std::int64_t>(waiting_.front().capacity());
      evicted.push_back(std::move(waiting_.front()));
      waiting_.erase(waiting_.begin());
    }
    lend(buffer, bytes, bytes - static_cast<std::int64_t>(wanted));
  }
  evicted.clear();
  try {
    buffer.resize(capacity);
    buffer.resize(size);
  } catch (...) {
    const std::lock_guard lock(mutex_);
    take_back(buffer);
    throw;
  }
  return buffer;
}

void BufferPool::lend(Buffer& buffer, std::int64_t bytes, std::int64_t over) noexcept {
  lent_bytes_ += buffer.lent_bytes_ = bytes;
  over_bytes_ += buffer.lent_over_ = over;
}

void BufferPool::take_back(Buffer& buffer) noexcept {
  lent_bytes_ -= std::exchange(buffer.lent_bytes_, 0);
  over_bytes_ -= std::exchange(buffer.lent_over_, 0);
}

void BufferPool::give(Buffer buffer) {
  const auto bytes = static_cast<std::int64_t>(buffer.capacity());
  const std::lock_guard lock(mutex_);
  take_back(buffer);
  if (bytes == 0 || lent_bytes_ + waiting_bytes_ + bytes > limit_) return;
  waiting_.push_back(std::move(buffer));
  waiting_bytes_ += bytes;
}

void BufferPool::take_over(BufferPool& other) {
  std::vector<Buffer> buffers;
  {
    const std::lock_guard lock(other.mutex_);
    buffers.swap(other.waiting_);
    other.waiting_bytes_ = 0;
  }
  for (Buffer& buffer : buffers) give(std::move(buffer));
}

std::int64_t BufferPool::allocated() const {
  const std::lock_guard lock(mutex_);
  return lent_bytes_ + waiting_bytes_;
}

std::int64_t BufferPool::lent() const {
  const std::lock_guard lock(mutex_);
  return lent_bytes_;
}

Credit::Hold::Hold(Hold&& other) noexcept
    : credit_(std::exchange(other.credit_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}

Credit::Hold& Credit::Hold::operator=(Hold&& other) noexcept {
  if (this != &other) {
    give_back();
    credit_ = std::exchange(other.credit_, nullptr);
    bytes_ = std::exchange(other.bytes_, 0);
  }
  return *this;
}

void Credit::Hold::give_back() noexcept {
  if (credit_ != nullptr) credit_->give(bytes_);
  credit_ = nullptr;
  bytes_ = 0;
}

Credit::Hold Credit::take(std::int64_t bytes, const std::stop_token& stop) {
  if (bytes < 0) throw Error(ErrorKind::internal, "a negative number of bytes of memory credit");
  if (bytes > budget_) {
    throw Error(ErrorKind::invalid, fmt::format("a task needs {} bytes but the budget is {}; "
                                                "raise --memory or choose smaller chunks",
                                                bytes, budget_));
  }
  std::unique_lock lock(mutex_);
  const std::uint64_t ticket = next_ticket_++;
  waiting_.insert(ticket);
  const auto my_turn = [&] { return *waiting_.begin() == ticket && held_ + bytes <= budget_; };
  const bool is_served = changed_.wait(lock, stop, my_turn);
  waiting_.erase(ticket);  // whoever gives up must not block those behind
  if (is_served) held_ += bytes;
  changed_.notify_all();
  if (!is_served) throw Error(ErrorKind::cancelled, "interrupted while waiting for memory");
  return {this, bytes};
}

void Credit::give(std::int64_t bytes) noexcept {
  const std::lock_guard lock(mutex_);
  held_ -= bytes;
  changed_.notify_all();  // under the lock: the owner may destroy the credit once nothing is held
}

std::int64_t Credit::held() const {
  const std::lock_guard lock(mutex_);
  return held_;
}

std::int64_t usable_memory() {
  const std::int64_t physical =
      static_cast<std::int64_t>(::sysconf(_SC_PHYS_PAGES)) * ::sysconf(_SC_PAGESIZE);
  return std::min(physical, own_cgroup_limits().memory.value_or(physical));
}

std::int64_t resident_memory() { return status_field("VmRSS:"); }
std::int64_t peak_resident_memory() { return status_field("VmHWM:"); }

}  // namespace gridmill
