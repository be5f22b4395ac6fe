// open_values.h: stored values that are read in many pieces, kept open: a piece costs one read, not
// an opening of its own.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "gridmill/store/store.h"

namespace gridmill {

// Error(conflict) if the key's value is gone, or of another version.
std::shared_ptr<const ValueReader> open_version(Store& store, const Key& key,
                                                const Version& version);

// `into` becomes the range; Error(corrupt) if the value ends before.
void read_range(const ValueReader& value, const ByteRange& range, Buffer& into);

// Those of one store that were read last. A value that is replaced goes on being read as it was
// when it was opened, until its version is asked for that replaced it. Thread-safe.
class OpenValues {
 public:
  // Few: each costs a file descriptor, and many stores may be open.
  explicit OpenValues(std::size_t most = 16) : most_(most) {}

  std::shared_ptr<const ValueReader> get(Store& store, const Key& key, const Version& version);
  // One that can't be read any more may be read when it is opened anew.
  void forget(const Key& key);
  // As it is now; null: the key is absent.
  std::shared_ptr<const ValueReader> get_newest(Store& store, const Key& key);

 private:
  using Entry = std::pair<std::string, std::shared_ptr<const ValueReader>>;

  void keep(const Key& key, std::shared_ptr<const ValueReader> value);
  std::shared_ptr<const ValueReader> kept(const std::string& key, const Version& version);

  const std::size_t most_;
  std::mutex mutex_;
  std::list<Entry> by_use_;  // the one used last first
};

}  // namespace gridmill
