#include "gridmill/sink/part_writer.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/base/error.h"
#include "gridmill/base/hashing.h"

namespace gridmill {

struct PartWriter::OpenPart {
  OpenPart(const ParquetSchema& schema, Store& store, std::string name)
      : key(std::move(name)), writer(store.writer(Key(key))), file(schema, [this](ByteView bytes) {
          writer->append(bytes);
          hasher.add(bytes);
        }) {}

  const std::string key;
  std::unique_ptr<ValueWriter> writer;
  Hasher hasher;
  std::int64_t rows = 0;
  std::int64_t last_group_bytes = 0;
  ParquetFile file;
};

std::string part_key(const std::string& folder, std::int64_t number) {
  return fmt::format("{}{}part-{:05}.parquet", folder, folder.empty() ? "" : "/", number);
}

std::int64_t part_group_bytes(std::int64_t target_bytes) {
  return std::clamp(target_bytes, std::int64_t{64} << 10, std::int64_t{32} << 20);
}

bool is_part_full(const PartFill& part, std::int64_t target_bytes) {
  if (part.rows_left <= 0) return true;
  const double bytes = static_cast<double>(part.bytes);
  const double target = static_cast<double>(target_bytes);
  const double left = bytes / static_cast<double>(part.rows) * static_cast<double>(part.rows_left);
  return bytes + static_cast<double>(part.last_group_bytes) / 2 >= target && left >= target / 4;
}

PartWriter::PartWriter(const ParquetRows& layout, const ParquetSchema& schema, Store& store,
                       std::int64_t target_bytes, std::function<void(const TablePart&)> done)
    : schema_(schema),
      store_(store),
      target_bytes_(target_bytes),
      done_(std::move(done)),
      groups_(layout, row_group_rows(schema),
              [this](std::int64_t rows, std::span<const void* const> columns) {
                write_group(rows, columns);
              }) {}

PartWriter::~PartWriter() = default;

void PartWriter::begin(PartitionBegin partition) {
  partition_ = std::move(partition);
  next_part_ = partition_.parts_there;
  rows_left_ = partition_.rows - partition_.rows_there;
  groups_.clear();
}

void PartWriter::add(const std::byte* block, std::int64_t rows, std::int64_t row,
                     std::int64_t count) {
  groups_.add(block, rows, row, count);
}

void PartWriter::end() {
  groups_.end();
  if (part_) finish_part();
  if (rows_left_ == 0) return;
  throw Error(ErrorKind::internal,
              fmt::format("partition {} of {} lacks {} of {} rows", partition_.folder, schema_.name,
                          rows_left_, partition_.rows));
}

void PartWriter::write_group(std::int64_t rows, std::span<const void* const> columns) {
  if (!part_) {
    part_ = std::make_unique<OpenPart>(schema_, store_, part_key(partition_.folder, next_part_));
  }
  const std::int64_t before = part_->file.bytes();
  part_->file.write(rows, columns);
  part_->last_group_bytes = part_->file.bytes() - before;
  part_->rows += rows;
  rows_left_ -= rows;
  const PartFill fill{part_->file.bytes(), part_->rows, part_->last_group_bytes, rows_left_};
  if (is_part_full(fill, target_bytes_)) finish_part();
}

void PartWriter::finish_part() {
  part_->file.close();
  (void)part_->writer->commit();
  const KeyRecord record{part_->key, ManifestEntry{part_->file.bytes(), part_->hasher.result()}};
  const TablePart done{partition_.partition, next_part_++, part_->rows, record};
  part_.reset();
  done_(done);
}

}  // namespace gridmill
