#include "gridmill/sink/row_spill.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "gridmill/base/error.h"
#include "gridmill/base/hashing.h"
#include "gridmill/base/text.h"

namespace gridmill {
namespace {

// Rows of a partition are written and read in pieces of about this size.
constexpr std::int64_t kPieceBytes = std::int64_t{1} << 20;
// Runs that stay open while all partitions are read.
constexpr std::size_t kOpenRuns = 256;
constexpr std::string_view kRunBegin = "rows-";

std::int64_t piece_rows(const ParquetRows& layout) {
  return std::max<std::int64_t>(1, kPieceBytes / layout.row_bytes());
}

// Beside its bytes a row that is held takes its partition and its place in the order.
std::int64_t rows_within(const ParquetRows& layout, std::int64_t memory) {
  constexpr std::int64_t kMostRows = std::int64_t{1} << 31;
  return std::clamp<std::int64_t>((memory - kPieceBytes) / (layout.row_bytes() + 8), 1, kMostRows);
}

template <class Element>
void gather(const std::byte* from, std::span<const std::uint32_t> order, std::byte* to) {
  for (const std::uint32_t row : order) {
    std::memcpy(to, from + static_cast<std::size_t>(row) * sizeof(Element), sizeof(Element));
    to += sizeof(Element);
  }
}

void gather_column(std::int64_t width, const std::byte* from, std::span<const std::uint32_t> order,
                   std::byte* to) {
  switch (width) {
    case 1:
      return gather<std::uint8_t>(from, order, to);
    case 2:
      return gather<std::uint16_t>(from, order, to);
    case 4:
      return gather<std::uint32_t>(from, order, to);
    default:
      return gather<std::uint64_t>(from, order, to);
  }
}

// Into a value, with its hash and size.
class CountedWriter {
 public:
  CountedWriter(Store& store, const std::string& key)
      : key_(key), writer_(store.writer(Key(key))) {}
  void append(ByteView bytes) {
    writer_->append(bytes);
    hasher_.add(bytes);
    size_ += static_cast<std::int64_t>(bytes.size());
  }
  KeyRecord commit() {
    (void)writer_->commit();
    return {key_, ManifestEntry{size_, hasher_.result()}};
  }

 private:
  const std::string key_;
  std::unique_ptr<ValueWriter> writer_;
  Hasher hasher_;
  std::int64_t size_ = 0;
};

}  // namespace

std::string run_key(const SpilledRun& run) {
  return fmt::format("{}{:015}-{:015}", kRunBegin, run.first, run.end);
}

std::optional<SpilledRun> run_of_key(const std::string& key) {
  if (!key.starts_with(kRunBegin)) return std::nullopt;
  const std::vector<std::string> parts = split(key.substr(kRunBegin.size()), '-');
  if (parts.size() != 2) return std::nullopt;
  return SpilledRun{parse_int(parts[0]), parse_int(parts[1])};
}

RowSpill::RowSpill(const ParquetRows& layout, const Partitioning& partitions, Store& store,
                   std::int64_t memory, std::int64_t next,
                   std::function<void(const SpilledRun&, const KeyRecord&)> saved)
    : layout_(layout),
      partitions_(partitions),
      store_(store),
      saved_(std::move(saved)),
      capacity_(std::clamp<std::int64_t>(partitions.rows() - next, 1, rows_within(layout, memory))),
      next_(next) {}

void RowSpill::add(const std::byte* block, std::int64_t rows, std::int64_t row,
                   std::int64_t count) {
  if (rows_.empty()) rows_.resize(static_cast<std::size_t>(capacity_ * layout_.row_bytes()));
  while (count > 0) {
    const std::int64_t some = std::min(count, capacity_ - held_);
    copy_rows(layout_, block, rows, row, rows_.data(), capacity_, held_, some);
    held_ += some;
    row += some;
    count -= some;
    if (held_ == capacity_) flush();
  }
}

// Where the rows of each partition begin in `order_`, and where the last ends.
std::vector<std::int64_t> RowSpill::sort() {
  const auto held = static_cast<std::size_t>(held_);
  partition_of_.resize(held);
  order_.resize(held);
  partitions_.find(next_, partition_of_);
  std::vector<std::int64_t> begins(static_cast<std::size_t>(partitions_.size()) + 1, 0);
  for (const std::uint32_t partition : partition_of_) ++begins[partition + 1];
  for (std::size_t p = 1; p < begins.size(); ++p) begins[p] += begins[p - 1];
  std::vector<std::int64_t> next(begins.begin(), begins.end() - 1);
  for (std::size_t row = 0; row < held; ++row) {
    order_[static_cast<std::size_t>(next[partition_of_[row]]++)] = static_cast<std::uint32_t>(row);
  }
  return begins;
}

void RowSpill::flush() {
  if (held_ == 0) return;
  const SpilledRun run{next_, next_ + held_};
  const std::vector<std::int64_t> begins = sort();
  CountedWriter writer(store_, run_key(run));
  Buffer piece;
  for (std::size_t p = 0; p + 1 < begins.size(); ++p) {
    for (std::int64_t at = begins[p]; at < begins[p + 1]; at += piece_rows(layout_)) {
      const std::int64_t count = std::min(piece_rows(layout_), begins[p + 1] - at);
      const auto order =
          std::span(order_).subspan(static_cast<std::size_t>(at), static_cast<std::size_t>(count));
      piece.resize(static_cast<std::size_t>(count * layout_.row_bytes()));
      for (std::size_t i = 0; i < layout_.columns(); ++i) {
        gather_column(layout_.width(i), rows_.data() + capacity_ * layout_.bytes_before(i), order,
                      piece.data() + count * layout_.bytes_before(i));
      }
      writer.append(piece);
    }
  }
  writer.append(std::as_bytes(std::span(begins)));
  const KeyRecord record = writer.commit();
  next_ = run.end;
  held_ = 0;
  saved_(run, record);
}

// An open run, and the places of its partitions.
class SpillReader::Run {
 public:
  Run(const ParquetRows& layout, Store& store, const SpilledRun& run)
      : key_(run_key(run)),
        row_bytes_(layout.row_bytes()),
        rows_(run.end - run.first),
        reader_(store.reader(Key(key_))) {
    if (!reader_) refuse("is missing");
  }

  // Of a partition: its first row in the run and the one behind its last.
  std::pair<std::int64_t, std::int64_t> rows_of(std::int64_t partition) const {
    std::int64_t places[2] = {0, 0};
    const auto width = static_cast<std::int64_t>(sizeof places[0]);
    fill(rows_ * row_bytes_ + partition * width, std::as_writable_bytes(std::span(places)));
    if (places[0] < 0 || places[0] > places[1] || places[1] > rows_) refuse("is damaged");
    return {places[0], places[1]};
  }

  void fill(std::int64_t offset, MutableByteView into) const {
    if (reader_->read_at(offset, into) != into.size()) refuse("is too short");
  }

 private:
  [[noreturn]] void refuse(const char* what) const {
    throw Error(ErrorKind::corrupt, fmt::format("the intermediate file {} {}", key_, what));
  }

  const std::string key_;
  const std::int64_t row_bytes_;
  const std::int64_t rows_;
  std::unique_ptr<ValueReader> reader_;
};

SpillReader::SpillReader(const ParquetRows& layout, const Partitioning& partitions, Store& store,
                         std::vector<SpilledRun> runs)
    : layout_(layout), partitions_(partitions), store_(store), runs_(std::move(runs)) {
  for (const SpilledRun& run : runs_) {
    if (open_.size() == kOpenRuns) break;
    open_.push_back(std::make_unique<Run>(layout_, store_, run));
  }
}

SpillReader::~SpillReader() = default;

void SpillReader::read(
    std::int64_t partition, std::int64_t skip,
    const std::function<void(const std::byte*, std::int64_t, std::int64_t, std::int64_t)>& take) {
  if (partition < 0 || partition >= partitions_.size()) {
    throw Error(ErrorKind::internal, fmt::format("there is no partition {}", partition));
  }
  for (std::size_t i = 0; i < runs_.size(); ++i) {
    std::unique_ptr<Run> opened;
    if (i >= open_.size()) opened = std::make_unique<Run>(layout_, store_, runs_[i]);
    const Run& run = opened ? *opened : *open_[i];
    const auto [begin, end] = run.rows_of(partition);
    for (std::int64_t at = begin; at < end; at += piece_rows(layout_)) {
      const std::int64_t count = std::min(piece_rows(layout_), end - at);
      const std::int64_t skipped = std::min(skip, count);
      skip -= skipped;
      if (skipped == count) continue;
      piece_.resize(static_cast<std::size_t>(count * layout_.row_bytes()));
      run.fill(at * layout_.row_bytes(), piece_.bytes());
      take(piece_.data(), count, skipped, count - skipped);
    }
  }
}

}  // namespace gridmill
