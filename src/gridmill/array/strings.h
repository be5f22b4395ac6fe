// strings.h: variable-length strings as array elements.
//
// An element of type `string` is a StringRef: a pointer and a length, 16 bytes, so that every copy
// kernel moves it like a number. The characters live in a StringArena whose owner outlives the
// elements: the task that decodes and encodes them, or the Array that holds them.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

namespace gridmill {

struct StringRef {
  const char* data = nullptr;
  std::uint64_t size = 0;
  std::string_view view() const noexcept { return {data, static_cast<std::size_t>(size)}; }
};
static_assert(sizeof(StringRef) == 16);

// Grows only; thread-safe.
class StringArena {
 public:
  StringRef add(std::string_view text) {
    const std::lock_guard lock(mutex_);
    auto copy = std::make_unique<char[]>(text.size() + 1);
    text.copy(copy.get(), text.size());
    blocks_.push_back(std::move(copy));
    return {blocks_.back().get(), text.size()};
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<char[]>> blocks_;
};

}  // namespace gridmill
