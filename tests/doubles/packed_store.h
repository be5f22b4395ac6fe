// packed_store.h: what is put is kept in memory; whatever is read comes out of a zip file that is
// packed anew after each change. So the conformance suite, which puts, can ask of zip files what it
// asks of every store.
#pragma once

#include <mutex>

#include "doubles/temporary_directory.h"
#include "gridmill/store/memory_store.h"
#include "gridmill/store/ranges.h"
#include "gridmill/store/zip_store.h"

namespace gridmill {

class PackedStore final : public Store {
 public:
  using Store::get;
  using Store::put;

  explicit PackedStore(std::int64_t zip64_from = kZip64From) : zip64_from_(zip64_from) {}

  std::optional<GetResult> get(const Key& key, const GetRequest& request, Buffer& into) override {
    const std::lock_guard lock(mutex_);
    return packed().get(key, request, into);
  }
  std::optional<GetResult> stat(const Key& key) override {
    const std::lock_guard lock(mutex_);
    return packed().stat(key);
  }
  Version put(const Key& key, std::span<const ByteView> pieces) override {
    const std::lock_guard lock(mutex_);
    (void)values_->put(key, pieces);
    return changed(key);
  }
  Version put_if(const Key& key, ByteView value, const std::optional<Version>& expected) override {
    const std::lock_guard lock(mutex_);
    const auto found = packed().stat(key);
    if (found.has_value() != expected.has_value() || (found && found->version != *expected)) {
      throw_put_conflict(key);
    }
    (void)values_->put(key, std::span(&value, 1));
    return changed(key);
  }
  std::unique_ptr<ValueWriter> writer(const Key& key) override {
    return std::make_unique<Writer>(*this, key);
  }
  void list(const Key& prefix, const std::function<void(const ListEntry&)>& visit) override {
    const std::lock_guard lock(mutex_);
    packed().list(prefix, visit);
  }
  std::vector<std::string> children(const Key& prefix) override {
    const std::lock_guard lock(mutex_);
    return packed().children(prefix);
  }
  bool remove(const Key& key) override {
    const std::lock_guard lock(mutex_);
    zip_.reset();
    return values_->remove(key);
  }
  std::string describe() const override { return "packed:"; }

 private:
  class Writer final : public ValueWriter {
   public:
    Writer(PackedStore& store, const Key& key)
        : store_(store), key_(key), inner_(store.values_->writer(key)) {}
    void append(ByteView bytes) override { inner_->append(bytes); }
    Version commit() override {
      const std::lock_guard lock(store_.mutex_);
      (void)inner_->commit();
      return store_.changed(key_);
    }

   private:
    PackedStore& store_;
    Key key_;
    std::unique_ptr<ValueWriter> inner_;
  };

  Version changed(const Key& key) {
    zip_.reset();
    return packed().stat(key)->version;
  }

  Store& packed() {
    if (zip_ == nullptr) {
      const std::string path = ground_ / (std::to_string(++count_) + ".zip");
      pack_zip(*values_, ground_.files(), path, {}, zip64_from_);
      zip_ = zip_store(ground_.files(), path);
    }
    return *zip_;
  }

  TemporaryDirectory ground_;
  const std::int64_t zip64_from_;
  std::mutex mutex_;
  std::unique_ptr<Store> values_ = memory_store();
  std::unique_ptr<Store> zip_;
  int count_ = 0;
};

}  // namespace gridmill
