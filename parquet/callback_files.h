// callback_files.h: the callbacks of whoever opened a file, as Arrow's streams.
#pragma once

#include <arrow/api.h>
#include <arrow/io/interfaces.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "gridmill/sink/parquet_plugin.h"

// The C library's. Arrow's own (mimalloc) spreads its blocks over memory that the kernel gives in
// pages of 2 MiB: of the few hundred KB that a small table takes it made 9 MB, and clearing them
// took three quarters of the time of writing it.
inline arrow::MemoryPool* memory_pool() { return arrow::system_memory_pool(); }

// Arrow's stream onto the callback of whoever opened the file. Arrow writes a page's header, the
// page, and each column's place in an index by themselves, of a few bytes each: they are gathered
// until Flush().
class CallbackStream final : public arrow::io::OutputStream {
 public:
  CallbackStream(int (*append)(void*, const void*, std::int64_t), void* context)
      : append_(append), context_(context) {}

  arrow::Status Write(const void* bytes, std::int64_t count) override {
    position_ += count;
    if (static_cast<std::int64_t>(gathered_.size()) + count > kGathered) {
      ARROW_RETURN_NOT_OK(Flush());
    }
    if (count >= kGathered) return give(bytes, count);
    const auto* byte = static_cast<const char*>(bytes);
    gathered_.insert(gathered_.end(), byte, byte + count);
    return arrow::Status::OK();
  }
  arrow::Status Flush() override {
    if (gathered_.empty()) return arrow::Status::OK();
    ARROW_RETURN_NOT_OK(give(gathered_.data(), static_cast<std::int64_t>(gathered_.size())));
    gathered_.clear();
    return arrow::Status::OK();
  }
  arrow::Result<std::int64_t> Tell() const override { return position_; }
  arrow::Status Close() override {
    is_closed_ = true;
    return Flush();
  }
  bool closed() const override { return is_closed_; }

 private:
  static constexpr std::int64_t kGathered = std::int64_t{64} << 10;

  arrow::Status give(const void* bytes, std::int64_t count) {
    if (append_(context_, bytes, count) != 0) return arrow::Status::IOError("not written");
    return arrow::Status::OK();
  }

  int (*append_)(void*, const void*, std::int64_t);
  void* context_;
  std::vector<char> gathered_;
  std::int64_t position_ = 0;
  bool is_closed_ = false;
};

// The callback of whoever opened the file as Arrow's file. What reads at a place is Arrow's own, by
// Seek() and Read().
class CallbackInput final : public arrow::io::RandomAccessFile {
 public:
  explicit CallbackInput(const GmParquetInput& input)
      : size_(input.size), read_at_(input.read_at), context_(input.context) {}

  arrow::Result<std::int64_t> GetSize() override { return size_; }
  arrow::Status Seek(std::int64_t position) override {
    if (position < 0) return arrow::Status::IOError("a place before the file");
    position_ = position;
    return arrow::Status::OK();
  }
  arrow::Result<std::int64_t> Tell() const override { return position_; }
  arrow::Result<std::int64_t> Read(std::int64_t count, void* into) override {
    const std::int64_t some = std::min(count, size_ - std::min(position_, size_));
    if (some <= 0) return 0;
    if (read_at_(context_, position_, into, some) != 0) return arrow::Status::IOError("not read");
    position_ += some;
    return some;
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(std::int64_t count) override {
    ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(count, memory_pool()));
    ARROW_ASSIGN_OR_RAISE(const std::int64_t some, Read(count, buffer->mutable_data()));
    ARROW_RETURN_NOT_OK(buffer->Resize(some));
    return std::shared_ptr<arrow::Buffer>(std::move(buffer));
  }
  arrow::Status Close() override {
    is_closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return is_closed_; }

 private:
  const std::int64_t size_;
  int (*const read_at_)(void*, std::int64_t, void*, std::int64_t);
  void* const context_;
  std::int64_t position_ = 0;
  bool is_closed_ = false;
};
