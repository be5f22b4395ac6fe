#include "gridmill/zarr/open_values.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/base/error.h"
#include "gridmill/store/ranges.h"

namespace gridmill {

std::shared_ptr<const ValueReader> open_version(Store& store, const Key& key,
                                                const Version& version) {
  std::shared_ptr<const ValueReader> value = store.reader(key);
  if (value == nullptr) throw Error(ErrorKind::conflict, "it vanished while it was read");
  check_version(key, version, value->version());
  return value;
}

void read_range(const ValueReader& value, const ByteRange& range, Buffer& into) {
  into.resize(static_cast<std::size_t>(range.length));
  const std::size_t got = value.read_at(range.offset, into.bytes());
  if (got == into.size()) return;
  throw Error(ErrorKind::corrupt, fmt::format("cut short: {} bytes at {} are wanted, {} are there",
                                              range.length, range.offset, got));
}

std::shared_ptr<const ValueReader> OpenValues::get(Store& store, const Key& key,
                                                   const Version& version) {
  if (auto value = kept(key.text(), version)) return value;
  auto value = open_version(store, key, version);
  keep(key, value);
  return value;
}

std::shared_ptr<const ValueReader> OpenValues::get_newest(Store& store, const Key& key) {
  std::shared_ptr<const ValueReader> value = store.reader(key);
  if (value != nullptr) keep(key, value);
  return value;
}

void OpenValues::forget(const Key& key) {
  const std::lock_guard lock(mutex_);
  by_use_.remove_if([&](const Entry& entry) { return entry.first == key.text(); });
}

void OpenValues::keep(const Key& key, std::shared_ptr<const ValueReader> value) {
  const std::lock_guard lock(mutex_);
  by_use_.remove_if([&](const Entry& entry) { return entry.first == key.text(); });
  by_use_.emplace_front(key.text(), std::move(value));
  if (by_use_.size() > most_) by_use_.pop_back();
}

std::shared_ptr<const ValueReader> OpenValues::kept(const std::string& key,
                                                    const Version& version) {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(by_use_.begin(), by_use_.end(), [&](const Entry& entry) {
    return entry.first == key && entry.second->version() == version;
  });
  if (found == by_use_.end()) return nullptr;
  by_use_.splice(by_use_.begin(), by_use_, found);
  return by_use_.front().second;
}

}  // namespace gridmill
