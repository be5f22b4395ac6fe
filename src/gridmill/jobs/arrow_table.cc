#include "gridmill/jobs/arrow_table.h"

#include <fmt/format.h>

#include <cerrno>
#include <exception>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include "gridmill/base/error.h"
#include "gridmill/base/error_report.h"
#include "gridmill/engine/lanes.h"
#include "gridmill/jobs/hand_over.h"
#include "gridmill/jobs/table_sources.h"
#include "gridmill/sink/arrow_sink.h"

namespace gridmill {
namespace {

// Batches that wait for the consumer, and one that it has in hand.
constexpr std::int64_t kWaitingBatches = 2;
constexpr std::int64_t kHeldBatches = kWaitingBatches + 1;

using Batches = HandOver<std::shared_ptr<const ArrowBatch>>;

// Nobody reads along: what would be said at once is kept for the report.
class NoteTaker final : public Console {
 public:
  void say(const std::string&) override {}
  void warn(const std::string& line) override { notes_.push_back(line); }
  void begin(const std::string&, const Progress&) override {}
  void done() override {}

  const std::vector<std::string>& notes() const noexcept { return notes_; }

 private:
  std::vector<std::string> notes_;
};

// A run, its thread, and what has come out of it.
class TableRun final : public TableOutlet {
 public:
  TableRun(ExtractOptions options, Files& files, const Clock& clock)
      : options_(std::move(options)), files_(files), clock_(clock) {
    thread_ = started("the thread of a table", [&] {
      return std::jthread([this](const std::stop_token& stop) { run(stop); });
    });
  }
  ~TableRun() override = default;  // asks the run to stop and waits for its thread
  TableRun(const TableRun&) = delete;
  TableRun& operator=(const TableRun&) = delete;

  // Waits until the run begins. Throws why it doesn't.
  Json wait_for_begin() { return begun_.get_future().get(); }
  // After wait_for_begin().
  const ArrowForm& form() const noexcept { return *form_; }
  // Null: there are no more.
  std::shared_ptr<const ArrowBatch> next() { return batches_->take().value_or(nullptr); }

  std::int64_t row_bytes(const TypedKeys& keys,
                         const std::vector<ValueColumn>& values) const override {
    return (1 + kHeldBatches) * arrow_row_bytes(keys, values);
  }
  std::int64_t bytes_beside(const Sink& sink) const override {
    return kHeldBatches * sink.encoded_bound();
  }
  std::shared_ptr<Sink> sink(ParquetTarget table) override {
    form_ = arrow_form(parquet_schema(table));
    ArrowTarget target{std::move(table), form_, {}, {}};
    // A lane that was given up may outlive this run, and then still holds what it puts into.
    target.put = [batches = batches_](std::shared_ptr<const ArrowBatch> batch) {
      batches->put(std::move(batch));
    };
    target.wait_for_room = [batches = batches_](const std::stop_token& stop) {
      batches->wait_for_room(stop);
    };
    return arrow_sink(std::move(target));
  }
  void begin(Json report) override {
    report.erase("output");
    if (!notes_.notes().empty()) report["notes"] = notes_.notes();
    begun_.set_value(std::move(report));
    has_begun_ = true;
  }

 private:
  void run(const std::stop_token& stop) noexcept {
    try {
      extract_into(*this, options_, {files_, clock_, notes_, stop});
      batches_->end();
    } catch (...) {
      if (has_begun_) {
        batches_->end(std::current_exception());
      } else {
        begun_.set_exception(std::current_exception());
      }
    }
  }

  const ExtractOptions options_;
  Files& files_;
  const Clock& clock_;
  NoteTaker notes_;
  const std::shared_ptr<Batches> batches_ = std::make_shared<Batches>(kWaitingBatches);
  std::shared_ptr<const ArrowForm> form_;  // the run's thread writes it before it begins
  std::promise<Json> begun_;
  bool has_begun_ = false;  // the thread's own
  std::jthread thread_;     // the last one: it ends before what it uses goes
};

int errno_of(ErrorKind kind) noexcept {
  switch (kind) {
    case ErrorKind::not_found:
      return ENOENT;
    case ErrorKind::invalid:
      return EINVAL;
    case ErrorKind::unsupported:
      return ENOTSUP;
    case ErrorKind::out_of_space:
      return ENOSPC;
    case ErrorKind::out_of_memory:
      return ENOMEM;
    case ErrorKind::timeout:
      return ETIMEDOUT;
    case ErrorKind::unavailable:
      return EAGAIN;
    case ErrorKind::denied:
      return EACCES;
    case ErrorKind::cancelled:
      return ECANCELED;
    case ErrorKind::corrupt:
    case ErrorKind::conflict:
    case ErrorKind::internal:
      return EIO;
  }
  return EIO;
}

// What is behind the functions of an ArrowArrayStream. Nothing is thrown across them.
class ArrowTableStream {
 public:
  explicit ArrowTableStream(std::unique_ptr<TableRun> run) : run_(std::move(run)) {}

  int get_schema(ArrowSchema* out) noexcept {
    return guarded([&] { export_schema(run_->form(), out); });
  }
  int get_next(ArrowArray* out) noexcept {
    return guarded([&] {
      const auto batch = run_->next();
      if (batch) {
        export_batch(batch, out);
      } else {
        *out = {};  // the end: one that is released
      }
    });
  }
  const char* last_error() const noexcept { return error_.empty() ? nullptr : error_.c_str(); }

 private:
  template <class Work>
  int guarded(Work&& work) noexcept {
    try {
      error_.clear();
      try {
        work();
        return 0;
      } catch (...) {
        const Error error = current_error();
        error_ = dump_json(error_report(error));
        return errno_of(error.kind());
      }
    } catch (...) {
      return ENOMEM;
    }
  }

  std::unique_ptr<TableRun> run_;
  std::string error_;
};

ArrowTableStream& stream_of(ArrowArrayStream* stream) {
  return *static_cast<ArrowTableStream*>(stream->private_data);
}

void release_stream(ArrowArrayStream* stream) {
  delete &stream_of(stream);
  stream->private_data = nullptr;
  stream->release = nullptr;
}

}  // namespace

Json open_arrow_table(ExtractOptions options, Files& files, const Clock& clock,
                      ArrowArrayStream* out) {
  expand_sources(options, files);
  options.output = "the table";
  options.resources.buffers = nullptr;  // for later runs, and there is none
  auto run = std::make_unique<TableRun>(std::move(options), files, clock);
  Json report = run->wait_for_begin();
  auto stream = std::make_unique<ArrowTableStream>(std::move(run));
  *out = {};
  out->get_schema = [](ArrowArrayStream* self, ArrowSchema* schema) {
    return stream_of(self).get_schema(schema);
  };
  out->get_next = [](ArrowArrayStream* self, ArrowArray* array) {
    return stream_of(self).get_next(array);
  };
  out->get_last_error = [](ArrowArrayStream* self) { return stream_of(self).last_error(); };
  out->release = &release_stream;
  out->private_data = stream.release();
  return report;
}

}  // namespace gridmill
