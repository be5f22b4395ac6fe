#include "gridmill/store/memory_store.h"

#include <fmt/format.h>

#include <map>
#include <mutex>
#include <set>

#include "gridmill/base/error.h"
#include "gridmill/store/ranges.h"

namespace gridmill {
namespace {

struct Value {
  std::string bytes;
  std::uint64_t serial = 0;
};

class MemoryStore final : public Store {
 public:
  using Store::get;
  using Store::put;

  std::optional<GetResult> get(const Key& key, const GetRequest& request, Buffer& into) override {
    const std::lock_guard lock(mutex_);
    const auto found = values_.find(key);
    if (found == values_.end()) return std::nullopt;
    const GetResult result = describe_value(found->second);
    check_version(key, request.if_version, result.version);
    const ByteView whole = as_bytes(found->second.bytes);
    const auto ranges = resolve_ranges(request.ranges, result.value_size);
    into.resize(total_length(key, ranges, request.most_bytes));
    into.clear();
    for (const ByteRange& range : ranges) {
      into.append(whole.subspan(static_cast<std::size_t>(range.offset),
                                static_cast<std::size_t>(range.length)));
    }
    return result;
  }

  std::optional<GetResult> stat(const Key& key) override {
    const std::lock_guard lock(mutex_);
    const auto found = values_.find(key);
    if (found == values_.end()) return std::nullopt;
    return describe_value(found->second);
  }

  Version put(const Key& key, std::span<const ByteView> pieces) override {
    std::string bytes;
    for (const ByteView piece : pieces) bytes += as_text(piece);
    const std::lock_guard lock(mutex_);
    return replace(key, std::move(bytes));
  }

  Version put_if(const Key& key, ByteView value, const std::optional<Version>& expected) override {
    const std::lock_guard lock(mutex_);
    const auto found = values_.find(key);
    std::optional<Version> current;
    if (found != values_.end()) current = describe_value(found->second).version;
    if (current != expected) throw_put_conflict(key);
    return replace(key, std::string(as_text(value)));
  }

  std::unique_ptr<ValueWriter> writer(const Key& key) override {
    return std::make_unique<Writer>(*this, key);
  }

  void list(const Key& prefix, const std::function<void(const ListEntry&)>& visit) override {
    std::vector<ListEntry> entries;
    {
      const std::lock_guard lock(mutex_);
      for (const auto& [key, value] : values_) {
        if (is_at_or_below(key, prefix)) {
          entries.push_back({key, static_cast<std::int64_t>(value.bytes.size())});
        }
      }
    }
    for (const ListEntry& entry : entries) visit(entry);
  }

  std::vector<std::string> children(const Key& prefix) override {
    std::set<std::string> names;  // key order is not name order: "a", "a-b", "a/b"
    const std::size_t skip = prefix.is_root() ? 0 : prefix.text().size() + 1;
    list(prefix, [&](const ListEntry& entry) {
      if (entry.key.text().size() <= skip) return;
      const std::string name = entry.key.text().substr(skip);
      names.insert(name.substr(0, name.find('/')));
    });
    return {names.begin(), names.end()};
  }

  bool remove(const Key& key) override {
    const std::lock_guard lock(mutex_);
    return values_.erase(key) > 0;
  }

  std::string describe() const override { return "memory:"; }

 private:
  class Writer final : public ValueWriter {
   public:
    Writer(MemoryStore& store, Key key) : store_(store), key_(std::move(key)) {}
    void append(ByteView bytes) override { bytes_ += as_text(bytes); }
    Version commit() override { return store_.put(key_, as_bytes(bytes_)); }

   private:
    MemoryStore& store_;
    Key key_;
    std::string bytes_;
  };

  static GetResult describe_value(const Value& value) {
    return {{std::to_string(value.serial)}, static_cast<std::int64_t>(value.bytes.size())};
  }

  Version replace(const Key& key, std::string bytes) {
    Value& value = values_[key];
    value.bytes = std::move(bytes);
    value.serial = ++serial_;
    return describe_value(value).version;
  }

  std::mutex mutex_;
  std::map<Key, Value> values_;
  std::uint64_t serial_ = 0;
};

}  // namespace

std::unique_ptr<Store> memory_store() { return std::make_unique<MemoryStore>(); }

}  // namespace gridmill
