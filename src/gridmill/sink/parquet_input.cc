#include "gridmill/sink/parquet_input.h"

#include <fmt/format.h>

#include "gridmill/base/error.h"

namespace gridmill {
namespace {

TableNotes notes_of(const char* const* texts, std::int64_t count) {
  TableNotes notes;
  for (std::int64_t i = 0; i + 1 < count; i += 2) notes.emplace_back(texts[i], texts[i + 1]);
  return notes;
}

std::vector<const char*> flat(const TableNotes& notes) {
  std::vector<const char*> texts;
  for (const auto& [name, value] : notes) {
    texts.push_back(name.c_str());
    texts.push_back(value.c_str());
  }
  return texts;
}

}  // namespace

ParquetInput::ParquetInput(std::string name, std::unique_ptr<ValueReader> file)
    : name_(std::move(name)),
      file_(std::move(file)),
      plugin_(parquet_plugin()),
      input_{file_->size(), &ParquetInput::read_at, this} {
  std::string message(kParquetMessage, '\0');
  reader_ = plugin_.open_input(&input_, message.data(), message.size());
  if (reader_ == nullptr) fail(message);
  about_ = plugin_.about(reader_);
  for (std::int64_t i = 0; i < about_->field_count; ++i) {
    const GmParquetField& field = about_->fields[i];
    fields_.push_back(
        {field.name, field.type, field.stored, notes_of(field.metadata, field.metadata_size)});
  }
  notes_ = notes_of(about_->metadata, about_->metadata_size);
}

ParquetInput::~ParquetInput() {
  if (reader_ != nullptr) plugin_.release_input(reader_);
}

// Exceptions don't pass through Arrow: this one waits on the other side.
int ParquetInput::read_at(void* self, std::int64_t offset, void* into, std::int64_t count) {
  auto& own = *static_cast<ParquetInput*>(self);
  if (own.failure_) return 1;
  try {
    const auto wanted = static_cast<std::size_t>(count);
    const std::size_t got =
        own.file_->read_at(offset, MutableByteView(static_cast<std::byte*>(into), wanted));
    if (got == wanted) return 0;
    throw Error(ErrorKind::corrupt,
                fmt::format("{}: read {} of {} bytes at offset {}: the file shrank", own.name_, got,
                            count, offset));
  } catch (...) {
    own.failure_ = std::current_exception();
    return 1;
  }
}

void ParquetInput::fail(const std::string& message) const {
  if (failure_) std::rethrow_exception(failure_);
  throw Error(ErrorKind::corrupt,
              fmt::format("{}: Arrow can't read it: {}", name_, message.c_str()));
}

ParquetCopy::ParquetCopy(const ParquetInput& like, const TableNotes& notes,
                         std::int64_t row_group_bytes, std::int64_t row_group_rows,
                         std::function<void(ByteView)> take)
    : name_(like.name()),
      bytes_(std::move(take)),
      plugin_(parquet_plugin()),
      message_(kParquetMessage, '\0') {
  const auto texts = flat(notes);
  const GmParquetCopyFile file{
      texts.data(),
      static_cast<std::int64_t>(texts.size()),
      row_group_rows,
      parquet_page_bytes(row_group_bytes, static_cast<std::int64_t>(like.fields().size())),
      &ParquetBytes::append,
      &bytes_};
  copy_ = plugin_.open_copy(like.reader_, &file, message_.data(), message_.size());
  if (copy_ != nullptr) return;
  bytes_.rethrow();
  throw Error(ErrorKind::unsupported, fmt::format("{}: its rows can't be put into another file: {}",
                                                  name_, message_.c_str()));
}

ParquetCopy::~ParquetCopy() {
  bytes_.give_up();
  plugin_.release_copy(copy_);
}

std::int64_t ParquetCopy::gather(ParquetInput& from, std::int64_t rows) {
  std::int64_t waiting = 0;
  const int status =
      plugin_.gather(copy_, from.reader_, rows, &waiting, message_.data(), message_.size());
  if (status != 0) from.fail(message_);
  return waiting;
}

void ParquetCopy::end_group() { check(plugin_.end_group(copy_, message_.data(), message_.size())); }

void ParquetCopy::close() { check(plugin_.close_copy(copy_, message_.data(), message_.size())); }

void ParquetCopy::check(int status) {
  bytes_.rethrow();
  if (status == 0) return;
  throw Error(ErrorKind::internal, fmt::format("Arrow can't write the rows of {} and others: {}",
                                               name_, message_.c_str()));
}

}  // namespace gridmill
