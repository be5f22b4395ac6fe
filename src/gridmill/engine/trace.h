// trace.h: what each lane did when, as a file for chrome://tracing or Perfetto.
//
// Events are formatted as they come and streamed to the file, so that a trace of any length holds
// 64 KiB of memory. It is a JSON array in the Trace Event Format (Google 2016: complete events, ph
// "X", microseconds). A trace is not worth a run: what fails while it is written ends the trace,
// and problem() says so.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "gridmill/store/store.h"

namespace gridmill {

struct TraceEvent {
  const char* name = "";  // "decode"
  int lane = 0;
  std::int64_t start_ns = 0;
  std::int64_t end_ns = 0;
  std::int64_t task = 0;
  std::int64_t item = 0;
  std::int64_t bytes = 0;
};

// How every trace of ours begins, by which it is told from other people's files.
inline constexpr const char* kTraceBegin =
    "[\n{\"name\":\"process_name\",\"ph\":\"M\",\"pid\":1,\"args\":{\"name\":\"gridmill\"}}";

// Thread-safe.
class TraceWriter {
 public:
  // Times are written relative to `origin_ns`.
  TraceWriter(std::unique_ptr<ValueWriter> file, std::int64_t origin_ns);

  // A row of the picture; returns its number.
  int add_lane(const std::string& name);
  void add(const TraceEvent& event);
  // Makes it visible. Call when no lane runs any more.
  void close();
  std::string problem() const;  // "": none

 private:
  void write_out();  // with the mutex

  mutable std::mutex mutex_;
  std::unique_ptr<ValueWriter> file_;  // null: closed or broken
  const std::int64_t origin_ns_;
  std::string text_;
  std::string problem_;
  int lanes_ = 0;
};

}  // namespace gridmill
