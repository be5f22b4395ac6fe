#include "doubles/slow_files.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <utility>

namespace gridmill {

class SlowFiles::Line {
 public:
  Line(const Clock& clock, const LongLine& line)
      : clock_(clock), latency_ns_(line.latency_ns), rate_(line.bytes_per_second) {}

  // A request, and the bytes of its answer.
  void ask() {
    ++requests_;
    if (latency_ns_ > 0) clock_.wait(latency_ns_, {});
  }
  void transfer(const std::string& path, std::size_t bytes) {
    std::int64_t wait_ns = 0;
    {
      const std::lock_guard lock(mutex_);
      bytes_ += static_cast<std::int64_t>(bytes);
      by_path_[path] += static_cast<std::int64_t>(bytes);
      if (rate_ <= 0) return;
      const std::int64_t now_ns = clock_.monotonic_ns();
      const auto takes_ns = static_cast<std::int64_t>(1e9 * static_cast<double>(bytes) / rate_);
      free_at_ns_ = std::max(free_at_ns_, now_ns) + takes_ns;
      wait_ns = free_at_ns_ - now_ns;
    }
    if (wait_ns > 0) clock_.wait(wait_ns, {});
  }

  std::int64_t requests() const noexcept { return requests_; }
  std::int64_t bytes() const {
    const std::lock_guard lock(mutex_);
    return bytes_;
  }
  std::int64_t bytes_of(std::string_view ending) const {
    const std::lock_guard lock(mutex_);
    std::int64_t sum = 0;
    for (const auto& [path, bytes] : by_path_) {
      if (path.ends_with(ending)) sum += bytes;
    }
    return sum;
  }
  void forget() {
    const std::lock_guard lock(mutex_);
    requests_ = bytes_ = 0;
    by_path_.clear();
  }

 private:
  const Clock& clock_;
  const std::int64_t latency_ns_;
  const double rate_;
  std::atomic<std::int64_t> requests_ = 0;
  mutable std::mutex mutex_;
  std::int64_t bytes_ = 0;
  std::int64_t free_at_ns_ = 0;  // when the line has brought what was asked for so far
  std::map<std::string, std::int64_t> by_path_;
};

// An open file of the far side.
class SlowFiles::Readable final : public ReadableFile {
 public:
  Readable(std::unique_ptr<ReadableFile> under, std::string path, std::shared_ptr<Line> line)
      : under_(std::move(under)), path_(std::move(path)), line_(std::move(line)) {}

  // It came with the answer to the open.
  FileStatus status() const override { return under_->status(); }
  std::size_t read_at(std::int64_t offset, MutableByteView into) const override {
    if (was_read_.exchange(true)) line_->ask();
    const std::size_t got = under_->read_at(offset, into);
    line_->transfer(path_, got);
    return got;
  }

 private:
  const std::unique_ptr<ReadableFile> under_;
  const std::string path_;
  const std::shared_ptr<Line> line_;
  mutable std::atomic<bool> was_read_ = false;
};

SlowFiles::SlowFiles(Files& under, const Clock& clock, const LongLine& line)
    : ForwardingFiles(under), far_(line.far), line_(std::make_shared<Line>(clock, line)) {}

std::int64_t SlowFiles::requests() const noexcept { return line_->requests(); }
std::int64_t SlowFiles::bytes() const { return line_->bytes(); }
std::int64_t SlowFiles::bytes_of(std::string_view ending) const { return line_->bytes_of(ending); }
void SlowFiles::forget() { line_->forget(); }

bool SlowFiles::is_far(const std::string& path) const {
  return path == far_ || path.starts_with(far_ + "/");
}

std::unique_ptr<ReadableFile> SlowFiles::open(const std::string& path) {
  if (!is_far(path)) return under_.open(path);
  line_->ask();
  auto file = under_.open(path);
  if (file == nullptr) return nullptr;
  return std::make_unique<Readable>(std::move(file), path, line_);
}

std::optional<FileStatus> SlowFiles::status(const std::string& path) {
  if (is_far(path)) line_->ask();
  return under_.status(path);
}

std::vector<DirectoryEntry> SlowFiles::list(const std::string& directory) {
  if (is_far(directory)) line_->ask();
  return under_.list(directory);
}

}  // namespace gridmill
