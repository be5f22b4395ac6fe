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
      lent_bytes_(std::exchange(other.lent_bytes_, 0)) {}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  if (this != &other) {
    release();
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
    capacity_ = std::exchange(other.capacity_, 0);
    lent_bytes_ = std::exchange(other.lent_bytes_, 0);
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

// Page-sized steps: a 4 MiB chunk must not cost a 6 MiB mapping, or budgets stop adding up. What is
// all but whole huge pages becomes whole ones: the kernel makes none of a mapping that ends before,
// and its small pages cost several times what is done with them (docs/benchmarks.md, rechunk).
std::size_t Buffer::capacity_for(std::size_t size) noexcept {
  if (size < kHugeFrom) return round_up(size, 64);
  const std::size_t huge = round_up(size, kHugePage);
  return huge - size <= size / 32 ? huge : round_up(size, 4096);
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

Buffer BufferPool::take(std::size_t size) {
  const std::size_t wanted = Buffer::capacity_for(size);
  // A chunk and its encoded form differ by a few bytes; twice the request would break the budget.
  const auto fits = [wanted](const Buffer& buffer) {
    return buffer.capacity() >= wanted && buffer.capacity() <= wanted + wanted / 256;
  };
  std::vector<Buffer> evicted;  // freed after the lock is gone
  Buffer buffer;
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(waiting_.rbegin(), waiting_.rend(), fits);
    if (found != waiting_.rend()) {
      buffer = std::move(*found);
      waiting_.erase(std::next(found).base());
      waiting_bytes_ -= static_cast<std::int64_t>(buffer.capacity());
    }
    const auto bytes = static_cast<std::int64_t>(std::max(wanted, buffer.capacity()));
    while (!waiting_.empty() && lent_bytes_ + waiting_bytes_ + bytes > limit_) {
      waiting_bytes_ -= static_cast<std::int64_t>(waiting_.front().capacity());
      evicted.push_back(std::move(waiting_.front()));
      waiting_.erase(waiting_.begin());
    }
    buffer.lent_bytes_ = bytes;
    lent_bytes_ += bytes;
  }
  evicted.clear();
  try {
    buffer.resize(size);
  } catch (...) {
    const std::lock_guard lock(mutex_);
    lent_bytes_ -= buffer.lent_bytes_;
    throw;
  }
  return buffer;
}

void BufferPool::give(Buffer buffer) {
  const auto bytes = static_cast<std::int64_t>(buffer.capacity());
  const std::lock_guard lock(mutex_);
  lent_bytes_ -= std::exchange(buffer.lent_bytes_, 0);
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
