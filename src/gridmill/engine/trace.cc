#include "gridmill/engine/trace.h"

#include <fmt/format.h>

#include <iterator>

#include "gridmill/base/error.h"
#include "gridmill/base/json.h"

namespace gridmill {
namespace {

constexpr std::size_t kPiece = 64 << 10;

}  // namespace

TraceWriter::TraceWriter(std::unique_ptr<ValueWriter> file, std::int64_t origin_ns)
    : file_(std::move(file)), origin_ns_(origin_ns), text_(kTraceBegin) {
  text_.reserve(kPiece + 1024);
}

int TraceWriter::add_lane(const std::string& name) {
  const std::lock_guard lock(mutex_);
  ++lanes_;
  if (file_) {
    text_ += fmt::format(
        ",\n{{\"name\":\"thread_name\",\"ph\":\"M\",\"pid\":1,\"tid\":{0},\"args\":{{\"name\":{1}}}"
        "}},\n{{\"name\":\"thread_sort_index\",\"ph\":\"M\",\"pid\":1,\"tid\":{0},\"args\":"
        "{{\"sort_index\":{0}}}}}",
        lanes_, dump_json(Json(name), -1));
  }
  return lanes_;
}

void TraceWriter::add(const TraceEvent& event) {
  const std::lock_guard lock(mutex_);
  if (!file_) return;
  const std::int64_t begin_ns = event.start_ns - origin_ns_;
  const std::int64_t length_ns = event.end_ns - event.start_ns;
  fmt::format_to(std::back_inserter(text_),
                 ",\n{{\"name\":\"{}\",\"ph\":\"X\",\"pid\":1,\"tid\":{},\"ts\":{}.{:03},"
                 "\"dur\":{}.{:03},\"args\":{{\"task\":{},\"item\":{},\"bytes\":{}}}}}",
                 event.name, event.lane, begin_ns / 1000, begin_ns % 1000, length_ns / 1000,
                 length_ns % 1000, event.task, event.item, event.bytes);
  if (text_.size() >= kPiece) write_out();
}

void TraceWriter::close() {
  const std::lock_guard lock(mutex_);
  if (!file_) return;
  text_ += "\n]\n";
  write_out();
  if (!file_) return;
  try {
    (void)file_->commit();
  } catch (const Error& error) {
    problem_ = error.what();
  }
  file_.reset();
}

std::string TraceWriter::problem() const {
  const std::lock_guard lock(mutex_);
  return problem_;
}

void TraceWriter::write_out() {
  try {
    file_->append(as_bytes(text_));
  } catch (const Error& error) {
    problem_ = error.what();
    file_.reset();
  }
  text_.clear();
}

}  // namespace gridmill
