// slow_files.h: a Files of which a part lies behind a long line: every request takes a while, and
// all share one rate.
//
// What lies at or below `far` is far; the rest (the output, a cache) is passed on as it is. It
// counts as an object store would: status, list and an open of what is absent are a request each;
// an open and the first read of what was opened are one together, as a GET is; each further read is
// one. Changes are not slowed down. Requests that are under way at once wait at the same time;
// their bytes come one after the other. Counts are exact whatever the latency, so that tests take 0
// and never look at a clock.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gridmill/system/clock.h"
#include "gridmill/system/forwarding_files.h"

namespace gridmill {

struct LongLine {
  std::string far;  // an absolute path
  std::int64_t latency_ns = 0;
  double bytes_per_second = 0;  // 0: no limit
};

class SlowFiles final : public ForwardingFiles {
 public:
  // `under` and `clock` must outlive this and the files opened through it.
  SlowFiles(Files& under, const Clock& clock, const LongLine& line);

  std::int64_t requests() const noexcept;
  std::int64_t bytes() const;  // that were read
  // The same of paths that end in this: documents are told from chunks.
  std::int64_t bytes_of(std::string_view ending) const;
  void forget();  // all counts

  std::unique_ptr<ReadableFile> open(const std::string& path) override;
  std::optional<FileStatus> status(const std::string& path) override;
  std::vector<DirectoryEntry> list(const std::string& directory) override;

 private:
  class Line;
  class Readable;
  bool is_far(const std::string& path) const;

  const std::string far_;
  const std::shared_ptr<Line> line_;
};

}  // namespace gridmill
