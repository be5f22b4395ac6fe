// store.h: the one door to data: keys to bytes.
//
// Contract, proved by tests/store/conformance.h for every store:
// - A returned put is atomic: readers see the old value or the new one, never a mixture, also after
// a
//   crash. With Durability::synced it also survives loss of power.
// - get says nullopt only when the key is proven absent; every other failure throws.
// - Versions are opaque and change whenever a value does; they are compared, never interpreted.
// - All functions may be called from any thread at once.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gridmill/base/bytes.h"
#include "gridmill/store/key.h"
#include "gridmill/system/memory.h"

namespace gridmill {

struct Version {
  std::string token;
  friend bool operator==(const Version&, const Version&) = default;
};

// Half open [offset, offset + length); a negative offset counts from the end (-8, 8: the last 8
// bytes).
struct ByteRange {
  std::int64_t offset = 0;
  std::int64_t length = 0;
};

struct GetRequest {
  std::vector<ByteRange> ranges;  // none: the whole value
  std::optional<Version>
      if_version;  // set: Error(conflict) if the value has another version by now
  // More bytes than this are Error(corrupt), before any memory is taken for them.
  std::int64_t most_bytes = std::numeric_limits<std::int64_t>::max();
};

// No metadata document is larger; what claims to be is refused.
inline constexpr std::int64_t kMostDocumentBytes = std::int64_t{256} << 20;

struct GetResult {
  Version version;
  std::int64_t value_size = 0;  // of the whole value
};

struct ListEntry {
  Key key;
  std::int64_t size = 0;
};

enum class Durability {
  ordered,  // atomic against crashes of the process
  synced,   // and against loss of power: every put reaches the disk before it returns
};

// Streams a value that is too large to hold; nothing is visible before commit().
class ValueWriter {
 public:
  virtual ~ValueWriter() = default;  // without commit: as if it had never been
  virtual void append(ByteView bytes) = 0;
  [[nodiscard]] virtual Version commit() = 0;
};

// One version of a value, open to be read piece by piece. Once the key has another value, what is
// read is the old one's bytes or Error(conflict), never a mixture. Threads: any at once.
class ValueReader {
 public:
  virtual ~ValueReader() = default;
  virtual std::int64_t size() const = 0;
  virtual const Version& version() const = 0;
  // Fills `into` from `offset`; returns fewer bytes only at the end of the value.
  virtual std::size_t read_at(std::int64_t offset, MutableByteView into) const = 0;
};

// A value that was kept nearby: parts of it cost nothing.
class NearbyValue {
 public:
  virtual ~NearbyValue() = default;
  virtual std::int64_t size() const = 0;
  // Replaces `into` by these ranges, one after the other. A range beyond the end is Error(corrupt).
  // False: what lay there was damaged and is no more; the store has the value.
  virtual bool read(const std::vector<ByteRange>& ranges, Buffer& into) = 0;
};

class Store {
 public:
  virtual ~Store() = default;

  // Replaces `into` by the value, or by its requested ranges one after the other. A range beyond
  // the end is Error(corrupt). nullopt: the key is absent, `into` is unspecified.
  virtual std::optional<GetResult> get(const Key& key, const GetRequest& request, Buffer& into) = 0;
  virtual std::optional<GetResult> stat(const Key& key) = 0;
  // Null: the key is absent. By ranges of get(), where a store has nothing better; the store must
  // outlive what it opens.
  virtual std::unique_ptr<ValueReader> reader(const Key& key);
  // Whether reader() opens the value, so that its pieces cost less than by get().
  virtual bool has_open_values() const { return false; }
  // Whether what get() gives is kept nearby, so that whole chunks are better asked for than parts.
  virtual bool keeps_values() const { return false; }
  // Of a store that keeps values: this one, if it lies nearby. Null: all of it is to be asked for.
  // The store must outlive it.
  virtual std::unique_ptr<NearbyValue> nearby(const Key& /*key*/) { return nullptr; }
  // The size of what nearby() would give, where that is known without a request. nullopt: it isn't.
  virtual std::optional<std::int64_t> nearby_size(const Key& /*key*/) { return std::nullopt; }
  // Stores the concatenation of `pieces`.
  virtual Version put(const Key& key, std::span<const ByteView> pieces) = 0;
  // Only if the key has version `expected` (nullopt: is absent); otherwise Error(conflict).
  virtual Version put_if(const Key& key, ByteView value,
                         const std::optional<Version>& expected) = 0;
  virtual std::unique_ptr<ValueWriter> writer(const Key& key) = 0;
  // Every key at or below `prefix`, in key order. Values being written are not listed.
  virtual void list(const Key& prefix, const std::function<void(const ListEntry&)>& visit) = 0;
  // Names directly below `prefix`: keys, and prefixes of longer keys. Sorted.
  virtual std::vector<std::string> children(const Key& prefix) = 0;
  virtual bool remove(const Key& key) = 0;  // false: was absent
  // Every value at or below `prefix` goes, and what a store has made to hold them.
  virtual void remove_below(const Key& prefix);
  // Every value at or below `from` comes to lie at or below `to`, where none is (else
  // Error(conflict)), not inside of `from`. In one step where a store can; else each is copied,
  // then each is removed.
  virtual void move(const Key& from, const Key& to);
  // For messages: "/data/x.zarr", "memory:".
  virtual std::string describe() const = 0;

  std::optional<GetResult> get(const Key& key, Buffer& into) { return get(key, {}, into); }
  Version put(const Key& key, ByteView value) { return put(key, std::span(&value, 1)); }
};

}  // namespace gridmill
