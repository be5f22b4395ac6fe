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

}  // namespace gridmill
