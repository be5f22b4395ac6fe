// value_readers.h: values for readers of formats: bytes in memory, and one that counts.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "gridmill/store/store.h"

namespace gridmill::testing {

class BytesReader final : public ValueReader {
 public:
  explicit BytesReader(std::string bytes) : bytes_(std::move(bytes)) {}
  std::int64_t size() const override { return static_cast<std::int64_t>(bytes_.size()); }
  const Version& version() const override { return version_; }
  std::size_t read_at(std::int64_t offset, MutableByteView into) const override {
    const std::size_t from = std::min(static_cast<std::size_t>(offset), bytes_.size());
    const std::size_t count = std::min(into.size(), bytes_.size() - from);
    std::copy_n(as_bytes(bytes_).begin() + static_cast<std::ptrdiff_t>(from), count, into.begin());
    return count;
  }

 private:
  const std::string bytes_;
  const Version version_{"of a test"};
};

// Counts the bytes that are read of another.
class CountingReader final : public ValueReader {
 public:
  explicit CountingReader(std::unique_ptr<ValueReader> under) : under_(std::move(under)) {}
  std::int64_t size() const override { return under_->size(); }
  const Version& version() const override { return under_->version(); }
  std::size_t read_at(std::int64_t offset, MutableByteView into) const override {
    const std::size_t count = under_->read_at(offset, into);
    bytes += count;
    return count;
  }
  mutable std::size_t bytes = 0;

 private:
  const std::unique_ptr<ValueReader> under_;
};

}  // namespace gridmill::testing
