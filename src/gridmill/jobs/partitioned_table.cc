#include "gridmill/jobs/partitioned_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <optional>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/engine/fate.h"
#include "gridmill/jobs/part_journal.h"
#include "gridmill/jobs/partition_keys.h"
#include "gridmill/jobs/table_directory.h"
#include "gridmill/sink/part_writer.h"
#include "gridmill/sink/row_spill.h"
#include "gridmill/store/file_store.h"

namespace gridmill {
namespace {

// Rows whose partitions are looked up at once.
constexpr std::int64_t kLookedUp = std::int64_t{1} << 16;
// How much work a kill may cost, of rows that wait in memory to be spilled.
constexpr std::int64_t kSpillEvery_ns = 20'000'000'000;

std::int64_t spill_memory(std::int64_t memory) {
  return std::clamp(memory / 8, std::int64_t{4} << 20, std::int64_t{1} << 30);
}

std::shared_ptr<Sink> packing_sink(const PartitionedLayout& layout, std::int64_t first_unit,
                                   std::function<void(ByteView)> append) {
  RowsTarget target;
  target.name = layout.name;
  target.runs = layout.runs;
  target.row_bound = layout.rows->row_bytes();
  target.columns = layout.columns;
  target.first_unit = first_unit;
  target.format = [rows = layout.rows](const Box& box, std::span<const ArrayView> views,
                                       Buffer& out) { rows->pack(box, views, out); };
  target.append = std::move(append);
  return rows_sink(std::move(target));
}

// The number of a unit's first row.
std::int64_t first_row(const RowRuns& runs, std::int64_t unit) {
  const Box box = runs.box_of(runs.units().position(unit));
  const Index strides = c_strides(runs.shape, 1);
  std::int64_t row = 0;
  for (int d = 0; d < box.rank(); ++d) row += box.begin[d] * strides[d];
  return row;
}

// What of a partition is there, and how it goes on.
PartitionBegin begin_of(const Partitioning& partitions, const StoredParts& stored,
                        std::int64_t partition) {
  PartitionBegin begin{partition, partitions.folder(partition), partitions.rows_of(partition), 0,
                       0};
  const auto parts = stored.find(partition);
  if (parts == stored.end()) return begin;
  for (const auto& [number, part] : parts->second) {
    if (number != begin.parts_there) break;  // one before it isn't there
    ++begin.parts_there;
    begin.rows_there += part.rows;
  }
  return begin;
}

bool is_complete(const PartitionBegin& partition) { return partition.rows_there == partition.rows; }

// How the rows of a table come to their parts. One thread at a time.
class RowTaker {
 public:
  virtual ~RowTaker() = default;
  virtual std::int64_t rows_there() const = 0;  // from the first on
  // Rows [row, row + count) of a block; row number `first` of the table is the first of them.
  virtual void take(std::int64_t first, const std::byte* block, std::int64_t rows, std::int64_t row,
                    std::int64_t count) = 0;
  virtual void save() = 0;  // what waits in memory, if that helps the next run
  virtual void finish(const std::function<void()>& check_stop) = 0;
};

// Partitions come one behind the other.
class ContiguousTaker final : public RowTaker {
 public:
  ContiguousTaker(const PartitionedLayout& layout, const StoredParts& stored, PartWriter& writer)
      : partitions_(*layout.partitions), stored_(stored), writer_(writer) {
    for (std::int64_t p = 0; p < partitions_.size(); ++p) {
      const PartitionBegin begin = begin_of(partitions_, stored_, p);
      rows_there_ += begin.rows_there;
      first_incomplete_ = p;
      if (!is_complete(begin)) break;
    }
  }

  std::int64_t rows_there() const override { return rows_there_; }

  void take(std::int64_t first, const std::byte* block, std::int64_t rows, std::int64_t row,
            std::int64_t count) override {
    while (count > 0) {
      found_.resize(static_cast<std::size_t>(std::min(count, kLookedUp)));
      partitions_.find(first, found_);
      const auto looked_up = std::ssize(found_);
      for (std::int64_t at = 0; at < looked_up;) {
        const std::uint32_t partition = found_[static_cast<std::size_t>(at)];
        const auto end = std::find_if(found_.begin() + at, found_.end(),
                                      [&](std::uint32_t other) { return other != partition; });
        const std::int64_t same = (end - found_.begin()) - at;
        go_to(partition);
        const std::int64_t there = std::min(same, there_);
        there_ -= there;
        writer_.add(block, rows, row + at + there, same - there);
        at += same;
      }
      first += looked_up;
      row += looked_up;
      count -= looked_up;
    }
  }

  void save() override {}

  void finish(const std::function<void()>&) override {
    if (open_) writer_.end();
    open_.reset();
  }

 private:
  void go_to(std::uint32_t partition) {
    if (open_ == partition) return;
    if (open_) writer_.end();
    const PartitionBegin begin = begin_of(partitions_, stored_, partition);
    // Of the first one that lacks some, what is there doesn't come.
    there_ = partition == first_incomplete_ ? 0 : begin.rows_there;
    writer_.begin(begin);
    open_ = partition;
  }

  const Partitioning& partitions_;
  const StoredParts& stored_;
  PartWriter& writer_;
  std::int64_t rows_there_ = 0;
  std::int64_t first_incomplete_ = 0;
  std::optional<std::uint32_t> open_;
  std::int64_t there_ = 0;  // rows of the open one that still come, and are there
  std::vector<std::uint32_t> found_;
};

// Partitions come in turn, over and over.
class SortingTaker final : public RowTaker {
 public:
  SortingTaker(const PartitionedLayout& layout, std::int64_t memory, const Clock& clock,
               PartJournal& journal, Store& store, PartWriter& writer)
      : layout_(layout),
        clock_(clock),
        journal_(journal),
        store_(store),
        writer_(writer),
        rows_there_(journal.runs().empty() ? 0 : journal.runs().back().end),
        last_saved_ns_(clock.monotonic_ns()) {
    spill_.emplace(
        *layout.rows, *layout.partitions, store, spill_memory(memory), rows_there_,
        [this](const SpilledRun& run, const KeyRecord& record) { journal_.note(run, record); });
  }

  std::int64_t rows_there() const override { return rows_there_; }

  void take(std::int64_t, const std::byte* block, std::int64_t rows, std::int64_t row,
            std::int64_t count) override {
    spill_->add(block, rows, row, count);
    if (clock_.monotonic_ns() - last_saved_ns_ >= kSpillEvery_ns) save();
  }

  void save() override {
    if (spill_) spill_->flush();
    last_saved_ns_ = clock_.monotonic_ns();
  }

  void finish(const std::function<void()>& check_stop) override {
    spill_->flush();
    spill_.reset();  // its memory is the writer's now
    const Partitioning& partitions = *layout_.partitions;
    SpillReader reader(*layout_.rows, partitions, store_, journal_.runs());
    for (std::int64_t p = 0; p < partitions.size(); ++p) {
      const PartitionBegin begin = begin_of(partitions, journal_.parts(), p);
      if (is_complete(begin)) continue;
      writer_.begin(begin);
      reader.read(
          p, begin.rows_there,
          [&](const std::byte* block, std::int64_t rows, std::int64_t row, std::int64_t count) {
            check_stop();
            writer_.add(block, rows, row, count);
          });
      writer_.end();
    }
  }

 private:
  const PartitionedLayout& layout_;
  const Clock& clock_;
  PartJournal& journal_;
  Store& store_;
  PartWriter& writer_;
  const std::int64_t rows_there_;
  std::int64_t last_saved_ns_;
  std::optional<RowSpill> spill_;
};

class FilePartitionedTable final : public PartitionedTable,
                                   public std::enable_shared_from_this<FilePartitionedTable> {
 public:
  FilePartitionedTable(PartitionedLayout layout, PartitionedRequest request,
                       const Workplace& workplace)
      : layout_(std::move(layout)),
        request_(std::move(request)),
        workplace_(workplace),
        output_(directory_path(request_.output)),
        stage_(open_stage(workplace.files, Location{output_, ""},
                          {request_.overwrite, request_.resume, false, &workplace.clock})) {
    try {
      begin();
    } catch (const Error& error) {
      if (!request_.resume) give_up(error);
      throw;
    }
  }

  std::shared_ptr<Sink> sink() override {
    return packing_sink(layout_, first_unit_,
                        [self = shared_from_this()](ByteView unit) { self->append(unit); });
  }

  std::int64_t first_unit() const override { return first_unit_; }
  std::int64_t rows_resumed() const override { return taker_->rows_there(); }
  std::shared_ptr<Store> skipped() override { return skipped_; }

  Json complete(const std::function<void()>& work) override {
    try {
      work();
      taker_->finish([this] { check_stop(); });
      write_record();
      journal_->sync();
    } catch (const Error& error) {
      save_what_waits(error);
      give_up(error);
    }
    publish();
    return {{"partitions", layout_.partitions->size()},
            {"parts", part_count()},
            {"rows_resumed", rows_resumed()},
            {"bytes_written", bytes_written_}};
  }

 private:
  void begin() {
    spill_ = file_store(workplace_.files, stage_->records_path() + "/spill", Durability::ordered,
                        Reads::past_the_cache);
    skipped_ = file_store(workplace_.files, stage_->records_path() + "/skipped");
    journal_.emplace(workplace_.files, workplace_.clock, *stage_, *spill_, request_.identity,
                     request_.resume, output_);
    writer_.emplace(*layout_.rows, layout_.schema, stage_->store(), request_.target_bytes,
                    [this](const TablePart& part) {
                      journal_->note(part);
                      bytes_written_ += part.record.entry->size;
                    });
    if (layout_.partitions->is_contiguous()) {
      taker_ = std::make_unique<ContiguousTaker>(layout_, journal_->parts(), *writer_);
    } else {
      taker_ = std::make_unique<SortingTaker>(layout_, request_.memory, workplace_.clock, *journal_,
                                              *spill_, *writer_);
    }
    find_first_unit();
  }

  // The one that holds the first row which isn't there; behind the last if all are.
  void find_first_unit() {
    const std::int64_t units = layout_.runs.units().size();
    const std::int64_t there = taker_->rows_there();
    if (there == layout_.partitions->rows()) {
      first_unit_ = units;
      return;
    }
    std::int64_t low = 0, high = units;  // units before `low` begin at rows that are there
    while (low < high) {
      const std::int64_t middle = low + (high - low) / 2;
      if (first_row(layout_.runs, middle) <= there) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    first_unit_ = std::max<std::int64_t>(0, low - 1);
    next_row_ = first_row(layout_.runs, first_unit_);
  }

  void append(ByteView unit) {
    const std::lock_guard lock(mutex_);
    const std::int64_t rows = layout_.rows->rows_in(unit);
    const std::int64_t there = std::clamp<std::int64_t>(rows_resumed() - next_row_, 0, rows);
    if (there < rows) taker_->take(next_row_ + there, unit.data(), rows, there, rows - there);
    next_row_ += rows;
  }

  void check_stop() const {
    if (workplace_.stop.stop_requested()) throw Error(ErrorKind::cancelled, "interrupted");
  }

  std::vector<TablePart> all_parts() const {
    std::vector<TablePart> parts;
    for (const auto& [partition, numbered] : journal_->parts()) {
      for (const auto& [number, part] : numbered) parts.push_back(part);
    }
    return parts;
  }

  std::int64_t part_count() const { return std::ssize(all_parts()); }

  void write_record() {
    Json about = request_.about;
    Json keys = Json::array();
    for (const PartitionKey& key : layout_.partitions->keys()) keys.push_back(key.name);
    about["partitions"] = std::move(keys);
    about["rows"] = layout_.partitions->rows();
    about["target_bytes"] = request_.target_bytes;
    (void)stage_->store().put(Key(kTableRecord),
                              as_bytes(dump_json(table_record(about, all_parts())) + "\n"));
  }

  // A run takes hours: what was promised at its start is looked at again.
  void check_replaced() {
    if (!request_.overwrite) return;
    try {
      check_still_ours(workplace_.files, output_);
    } catch (const Error& error) {
      rethrow_with(error, fmt::format("the finished table is kept in {}: the same command with "
                                      "--resume puts it in place",
                                      stage_->place()));
    }
  }

  void publish() {
    check_replaced();
    try {
      for (const std::string& note : stage_->publish()) workplace_.console.warn(note);
    } catch (const Error& error) {
      if (stage_->may_have_lost()) give_up_lost(error);
      rethrow_with(error, stage_->way_out());
    }
  }

  // An interrupted run keeps the rows that it has. A lane that was given up may still be at it.
  void save_what_waits(const Error& error) {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock || error.kind() != ErrorKind::cancelled) return;
    try {
      taker_->save();
    } catch (const Error&) {
      return;  // the error that led here is the one to tell
    }
  }

  std::string drop() const {
    return fmt::format("rm -r {} {}", stage_->place(), stage_->records_path());
  }

  // What can be read back now may be gone after the next start of the machine.
  [[noreturn]] void give_up_lost(const Error& error) {
    rethrow_with(error,
                 journal_ && journal_->is_loss_unnoted()
                     ? fmt::format("the disk has lost some of what was written, and {} is as it "
                                   "was; see to the disk, then start afresh: {}",
                                   output_, drop())
                     : fmt::format("the disk has lost some of what was written, and {} is as it "
                                   "was; see to the disk, then go on with --resume; to drop it "
                                   "all: {}",
                                   output_, drop()));
  }

  [[noreturn]] void give_up(const Error& error) {
    if (stage_->may_have_lost()) give_up_lost(error);
    const bool holds = journal_ && journal_->holds_anything();
    const bool is_earlier = journal_ && journal_->has_earlier_work();
    const bool keeps = (can_be_resumed(error.kind()) || is_earlier) && holds;
    if (error.kind() == ErrorKind::timeout || keeps) {
      rethrow_with(error, fmt::format("what is written is kept for --resume, and {} is as it was; "
                                      "to drop it: {}",
                                      output_, drop()));
    }
    std::string fate = fmt::format("nothing was left at {}", output_);
    try {
      writer_.reset();  // its unfinished part
      stage_->abandon();
    } catch (const Error& cleaning) {
      fate += fmt::format("; unfinished data could not be removed ({}): {}", cleaning.message(),
                          drop());
    }
    rethrow_with(error, fate);
  }

  const PartitionedLayout layout_;
  const PartitionedRequest request_;
  const Workplace workplace_;
  const std::string output_;
  const std::unique_ptr<OutputStage> stage_;
  std::unique_ptr<Store> spill_;
  std::shared_ptr<Store> skipped_;
  std::optional<PartJournal> journal_;
  std::optional<PartWriter> writer_;
  std::unique_ptr<RowTaker> taker_;
  std::mutex mutex_;  // of the rows: held by the lane that stores
  std::int64_t first_unit_ = 0;
  std::int64_t next_row_ = 0;
  std::int64_t bytes_written_ = 0;
};

}  // namespace

PartitionedLayout partitioned_layout(ParquetTarget target, const std::vector<std::string>& names,
                                     std::int64_t target_bytes) {
  const auto keys = partition_keys(names, target.table, target.keys);
  drop_key_columns(target, keys);
  target.row_group_bytes = part_group_bytes(target_bytes);
  PartitionedLayout layout;
  layout.name = target.table.name;
  layout.runs = target.table.runs;
  for (const ValueColumn& value : target.table.values) layout.columns.push_back(value.rows);
  layout.schema = parquet_schema(target);
  check_texts(layout.schema);
  layout.rows = std::make_shared<ParquetRows>(target.keys, target.table.keys, target.table.values);
  layout.partitions = std::make_shared<Partitioning>(layout.runs.shape, keys);
  return layout;
}

std::shared_ptr<Sink> look_at_partitions(const PartitionedLayout& layout) {
  return packing_sink(layout, 0, [](ByteView) {});
}

std::int64_t partitioned_memory(std::int64_t memory, std::int64_t columns,
                                std::int64_t target_bytes) {
  return std::max(spill_memory(memory), parquet_memory(part_group_bytes(target_bytes), columns));
}

std::shared_ptr<PartitionedTable> open_partitioned_table(PartitionedLayout layout,
                                                         PartitionedRequest request,
                                                         const Workplace& workplace) {
  return std::make_shared<FilePartitionedTable>(std::move(layout), std::move(request), workplace);
}

}  // namespace gridmill
