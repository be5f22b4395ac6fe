#include "gridmill/store/input_cache.h"

#include "gridmill/base/hashing.h"
#include "gridmill/base/text.h"
#include "gridmill/store/file_store.h"
#include "gridmill/system/at_once.h"

namespace gridmill {
namespace {

// About 1 KB each with their names, in memory that no budget counts; and so many requests to see
// that a result still holds cost as much as many a result.
constexpr std::size_t kMostValues = 50'000;
// Requests under way at once: their answers take long and cost nothing.
constexpr std::size_t kRequests = 64;

std::string version_now(Store& store, const RestsOn& one) {
  const Key key(one.key);
  if (one.what == RestsOn::What::names) return version_of_names(store.children(key));
  const auto found = store.stat(key);
  return found ? found->version.token : "";
}

}  // namespace

void InputCache::note(RestsOn value) {
  const std::lock_guard lock(mutex_);
  if (!is_whole_) return;
  const std::tuple name{value.source, value.key, value.what};
  const auto found = values_.find(name);
  if (found != values_.end() && found->second.version != value.version) is_whole_ = false;
  if (found == values_.end()) values_.emplace(name, std::move(value));
  if (values_.size() > kMostValues) is_whole_ = false;
  if (!is_whole_) values_.clear();
}

std::optional<std::vector<RestsOn>> InputCache::rests_on() const {
  const std::lock_guard lock(mutex_);
  if (!is_whole_) return std::nullopt;
  std::vector<RestsOn> values;
  for (const auto& [name, value] : values_) values.push_back(value);
  return values;
}

std::string version_of_names(const std::vector<std::string>& names) {
  return to_hex(hash_bytes(as_bytes(join(names, "\n"))));
}

bool are_unchanged(Files& files, const std::vector<RestsOn>& all, bool without_values) {
  std::map<std::string, std::unique_ptr<Store>> stores;
  std::vector<const RestsOn*> asked;
  for (const RestsOn& one : all) {
    if (without_values && one.what == RestsOn::What::value) continue;
    auto& store = stores[one.source];
    if (store == nullptr) store = file_store(files, one.source);
    asked.push_back(&one);
  }
  std::atomic<bool> is_same = true;
  const auto ask = [&](std::size_t i) {
    if (is_same && version_now(*stores.at(asked[i]->source), *asked[i]) != asked[i]->version) {
      is_same = false;
    }
  };
  for_each_at_once(asked.size(), ask, kRequests);
  return is_same;
}

RestsOn look_at_file(Files& files, const std::string& path) {
  const auto found = file_store(files, path)->stat(Key());
  return {path, "", found ? found->version.token : "", RestsOn::What::document};
}

RestsOn look_at_file(Files& files, const Location& location) {
  return look_at_file(files, files.absolute(location.path));
}

}  // namespace gridmill
