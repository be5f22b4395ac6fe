#include "gridmill/store/store.h"

#include <algorithm>

#include "gridmill/base/error.h"

namespace gridmill {
namespace {

// Each piece is a get() of its own, held to the version that was there at the beginning.
class RangedReader final : public ValueReader {
 public:
  RangedReader(Store& store, Key key, GetResult found)
      : store_(store), key_(std::move(key)), found_(std::move(found)) {}

  std::int64_t size() const override { return found_.value_size; }
  const Version& version() const override { return found_.version; }

  std::size_t read_at(std::int64_t offset, MutableByteView into) const override {
    const std::int64_t left = found_.value_size - std::min(offset, found_.value_size);
    const std::int64_t length = std::min(left, static_cast<std::int64_t>(into.size()));
    if (length == 0) return 0;
    Buffer bytes;
    if (!store_.get(key_, {{{offset, length}}, found_.version}, bytes)) {
      throw Error(ErrorKind::conflict, key_.text() + " has gone while it was being read");
    }
    std::copy_n(bytes.data(), bytes.size(), into.begin());
    return bytes.size();
  }

 private:
  Store& store_;
  const Key key_;
  const GetResult found_;
};

}  // namespace

std::unique_ptr<ValueReader> Store::reader(const Key& key) {
  auto found = stat(key);
  if (!found) return nullptr;
  return std::make_unique<RangedReader>(*this, key, std::move(*found));
}

namespace {

// In pieces, so that values of any size go through little memory.
void copy_value(Store& store, const ListEntry& entry, const Key& to) {
  constexpr std::int64_t kPiece = std::int64_t{4} << 20;
  const auto from = store.reader(entry.key);
  if (from == nullptr) throw Error(ErrorKind::conflict, entry.key.text() + " has gone meanwhile");
  const auto into = store.writer(to);
  Buffer piece;
  for (std::int64_t at = 0; at < from->size(); at += static_cast<std::int64_t>(piece.size())) {
    piece.resize(static_cast<std::size_t>(std::min(kPiece, from->size() - at)));
    if (from->read_at(at, piece.bytes()) != piece.size()) {
      throw Error(ErrorKind::corrupt, entry.key.text() + " is shorter than it says");
    }
    into->append(piece);
  }
  (void)into->commit();
}

}  // namespace

void Store::remove_below(const Key& prefix) {
  std::vector<Key> keys;
  list(prefix, [&](const ListEntry& entry) { keys.push_back(entry.key); });
  for (const Key& key : keys) remove(key);
}

void Store::move(const Key& from, const Key& to) {
  list(to, [&](const ListEntry& entry) {
    throw Error(ErrorKind::conflict, entry.key.text() + " is there already");
  });
  std::vector<ListEntry> entries;
  list(from, [&](const ListEntry& entry) { entries.push_back(entry); });
  for (const ListEntry& entry : entries) {
    const std::string& key = entry.key.text();
    copy_value(*this, entry, key == from.text() ? to : to / key.substr(from.text().size() + 1));
  }
  for (const ListEntry& entry : entries) remove(entry.key);
}

}  // namespace gridmill
