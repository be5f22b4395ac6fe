#include "gridmill/sink/arrow_batch.h"

#include <fmt/format.h>

#include <limits>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "gridmill/base/checked.h"
#include "gridmill/base/error.h"

namespace gridmill {
namespace {

constexpr std::int64_t kAlignment = 64;

std::int64_t aligned(std::int64_t bytes) { return ceil_div(bytes, kAlignment) * kAlignment; }

const char* format_of(GmParquetKind kind) {
  switch (kind) {
    case gm_int8:
      return "c";
    case gm_int16:
      return "s";
    case gm_int32:
      return "i";
    case gm_int64:
      return "l";
    case gm_uint8:
      return "C";
    case gm_uint16:
      return "S";
    case gm_uint32:
      return "I";
    case gm_uint64:
      return "L";
    case gm_float32:
      return "f";
    case gm_float64:
      return "g";
    case gm_bool:
      return "b";
    case gm_timestamp:
      return "tsu:";
    case gm_text:
      return "i";  // of the positions in the dictionary
  }
  return "n";
}

void append_number(std::string& bytes, std::size_t number) {
  if (number > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) {
    throw Error(ErrorKind::unsupported, "Arrow has no room for a text of 2 GiB in a schema");
  }
  char raw[sizeof(std::int32_t)];
  store_le(reinterpret_cast<std::byte*>(raw), static_cast<std::int32_t>(number));
  bytes.append(raw, sizeof raw);
}

// Pairs of texts, each behind its length; nothing for none.
std::string encoded(const TableNotes& notes) {
  std::string bytes;
  if (notes.empty()) return bytes;
  append_number(bytes, notes.size());
  for (const auto& [name, value] : notes) {
    for (const std::string* text : {&name, &value}) {
      append_number(bytes, text->size());
      bytes += *text;
    }
  }
  return bytes;
}

std::shared_ptr<const ArrowTexts> arrow_texts(const std::string& column, const KeyValues& key) {
  auto texts = std::make_shared<ArrowTexts>();
  std::unordered_map<std::string_view, std::int32_t> known;
  for (const std::string& text : key.texts) {
    const auto next = static_cast<std::int32_t>(known.size());
    const auto [found, is_new] = known.emplace(text, next);
    texts->place_of.push_back(found->second);
    if (!is_new) continue;
    texts->text += text;
    if (texts->text.size() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) {
      throw Error(ErrorKind::unsupported,
                  fmt::format("the texts of {} have more than 2 GiB: select fewer of them, or "
                              "write a .csv table",
                              column));
    }
    texts->offsets.push_back(static_cast<std::int32_t>(texts->text.size()));
  }
  return texts;
}

// A structure's own memory, and what it holds others by. A child that was moved away is marked as
// released, and lives on by itself.
template <class T>
struct ArrowOwner {
  std::vector<T> children;
  std::vector<T*> pointers;
  T dictionary{};

  ArrowOwner() = default;
  ~ArrowOwner() {
    for (T& child : children) {
      if (child.release != nullptr) child.release(&child);
    }
    if (dictionary.release != nullptr) dictionary.release(&dictionary);
  }
  ArrowOwner(const ArrowOwner&) = delete;
  ArrowOwner& operator=(const ArrowOwner&) = delete;

  // All of them empty: they are filled where they stay.
  void add_children(std::size_t count) {
    children.resize(count);
    for (T& child : children) pointers.push_back(&child);
  }
};

struct SchemaOwner : ArrowOwner<ArrowSchema> {
  std::string name, metadata;
};

struct BatchOwner : ArrowOwner<ArrowArray> {
  std::shared_ptr<const void> keeps;
  std::vector<const void*> buffers;
};

template <class Owner, class T>
void release(T* exported) {
  delete static_cast<Owner*>(exported->private_data);
  exported->release = nullptr;
  exported->private_data = nullptr;
}

// From here on `out` owns what `owner` did.
void hand_over(std::unique_ptr<SchemaOwner> owner, const char* format, ArrowSchema* out) {
  *out = {};
  out->format = format;
  out->name = owner->name.c_str();
  out->metadata = owner->metadata.empty() ? nullptr : owner->metadata.c_str();
  out->n_children = static_cast<std::int64_t>(owner->children.size());
  out->children = owner->pointers.data();
  out->dictionary = owner->dictionary.release == nullptr ? nullptr : &owner->dictionary;
  out->release = &release<SchemaOwner, ArrowSchema>;
  out->private_data = owner.release();
}

void hand_over(std::unique_ptr<BatchOwner> owner, std::int64_t length, std::int64_t null_count,
               ArrowArray* out) {
  *out = {};
  out->length = length;
  out->null_count = null_count;
  out->n_buffers = static_cast<std::int64_t>(owner->buffers.size());
  out->n_children = static_cast<std::int64_t>(owner->children.size());
  out->buffers = owner->buffers.data();
  out->children = owner->pointers.data();
  out->dictionary = owner->dictionary.release == nullptr ? nullptr : &owner->dictionary;
  out->release = &release<BatchOwner, ArrowArray>;
  out->private_data = owner.release();
}

void export_field(const ArrowColumn& column, ArrowSchema* out) {
  auto owner = std::make_unique<SchemaOwner>();
  owner->name = column.name;
  owner->metadata = encoded(column.notes);
  if (column.kind == gm_text) {
    hand_over(std::make_unique<SchemaOwner>(), "u", &owner->dictionary);
    owner->dictionary.flags = ARROW_FLAG_NULLABLE;
  }
  hand_over(std::move(owner), format_of(column.kind), out);
  out->flags = ARROW_FLAG_NULLABLE;
}

void export_texts(const std::shared_ptr<const ArrowTexts>& texts, ArrowArray* out) {
  auto owner = std::make_unique<BatchOwner>();
  owner->keeps = texts;
  owner->buffers = {nullptr, texts->offsets.data(), texts->text.data()};
  hand_over(std::move(owner), static_cast<std::int64_t>(texts->offsets.size()) - 1, 0, out);
}

void export_column(const std::shared_ptr<const ArrowBatch>& batch, std::size_t i,
                   const ArrowLayout::Place& place, ArrowArray* out) {
  const std::byte* block = batch->block.data();
  const auto nulls = load_le<std::int64_t>(block + i * sizeof(std::int64_t));
  auto owner = std::make_unique<BatchOwner>();
  owner->keeps = batch;
  owner->buffers = {nulls == 0 ? nullptr : block + place.valid, block + place.data};
  const ArrowColumn& column = batch->form->columns[i];
  if (column.texts) export_texts(column.texts, &owner->dictionary);
  hand_over(std::move(owner), batch->rows, nulls, out);
}

}  // namespace

bool may_be_null(GmParquetKind kind) noexcept { return kind == gm_float32 || kind == gm_float64; }

std::shared_ptr<const ArrowForm> arrow_form(const ParquetSchema& schema) {
  check_texts(schema);
  auto form = std::make_shared<ArrowForm>();
  for (const ParquetColumn& column : schema.columns) {
    auto texts = column.kind == gm_text ? arrow_texts(column.name, *column.key) : nullptr;
    form->columns.push_back({column.name, column.kind, column.notes, std::move(texts)});
  }
  form->about = schema.about;
  return form;
}

ArrowLayout arrow_layout(const ArrowForm& form, std::int64_t rows) {
  ArrowLayout layout;
  layout.size = aligned(static_cast<std::int64_t>(form.columns.size() * sizeof(std::int64_t)));
  for (const ArrowColumn& column : form.columns) {
    ArrowLayout::Place place;
    place.valid = layout.size;
    if (may_be_null(column.kind)) layout.size += aligned(ceil_div(rows, std::int64_t{8}));
    place.data = layout.size;
    layout.size += aligned(checked_mul(rows, size_of(column.kind), "a batch of rows"));
    layout.columns.push_back(place);
  }
  return layout;
}

void export_schema(const ArrowForm& form, ArrowSchema* out) {
  auto owner = std::make_unique<SchemaOwner>();
  owner->metadata = encoded(form.about);
  owner->add_children(form.columns.size());
  for (std::size_t i = 0; i < form.columns.size(); ++i) {
    export_field(form.columns[i], owner->pointers[i]);
  }
  hand_over(std::move(owner), "+s", out);
}

void export_batch(const std::shared_ptr<const ArrowBatch>& batch, ArrowArray* out) {
  const ArrowLayout layout = arrow_layout(*batch->form, batch->rows);
  auto owner = std::make_unique<BatchOwner>();
  owner->buffers = {nullptr};  // a row is never null as a whole
  owner->add_children(batch->form->columns.size());
  for (std::size_t i = 0; i < owner->children.size(); ++i) {
    export_column(batch, i, layout.columns[i], owner->pointers[i]);
  }
  hand_over(std::move(owner), batch->rows, 0, out);
}

}  // namespace gridmill
