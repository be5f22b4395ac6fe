#include "gridmill/store/cached_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "gridmill/base/error.h"
#include "gridmill/store/manifest.h"
#include "gridmill/store/ranges.h"
#include "gridmill/store/zip_store.h"

namespace gridmill {
namespace {

constexpr std::array<std::string_view, 5> kDocuments{"zarr.json", ".zmetadata", ".zgroup",
                                                     ".zarray", ".zattrs"};
constexpr std::size_t kMostRanges = 4;

std::string part_of(const std::vector<ByteRange>& ranges) {
  std::string part;
  for (const ByteRange& range : ranges) part += fmt::format("{}+{} ", range.offset, range.length);
  return part;
}

// {"a/b", "zarr.json"}
std::pair<std::string, std::string> split_key(const Key& key) {
  const std::string& text = key.text();
  const std::size_t slash = text.rfind('/');
  if (slash == std::string::npos) return {"", text};
  return {text.substr(0, slash), text.substr(slash + 1)};
}

bool is_document(const Key& key) {
  const std::string name = split_key(key).second;
  return std::find(kDocuments.begin(), kDocuments.end(), name) != kDocuments.end();
}

// The versions of a store's documents that have been seen, by folder and name. Thread-safe.
class SeenDocuments {
 public:
  explicit SeenDocuments(std::string beside) : beside_(std::move(beside)) {}

  void note(const Key& key, const std::string& version) {
    const auto [folder, name] = split_key(key);
    const std::lock_guard lock(mutex_);
    versions_[folder][name] = version;
  }

  // Of those at and above a key; "": none has been seen, so that nothing speaks for it.
  std::string digest(const Key& key) const {
    std::string said;
    std::string folder = split_key(key).first;
    const std::lock_guard lock(mutex_);
    while (true) {
      const auto found = versions_.find(folder);
      if (found != versions_.end()) {
        for (const auto& [name, version] : found->second) {
          said += fmt::format("{}/{} {}\n", folder, name, version);
        }
      }
      if (folder.empty()) break;
      const std::size_t slash = folder.rfind('/');
      folder.resize(slash == std::string::npos ? 0 : slash);
    }
    if (said.empty()) return "";
    return to_hex(hash_bytes(as_bytes(said + beside_)));
  }

 private:
  const std::string beside_;
  mutable std::mutex mutex_;
  std::map<std::string, std::map<std::string, std::string>> versions_;
};

// What is noted of an entry.
struct KeptValue {
  std::string version;  // "": the key was absent
  std::int64_t size = 0;
  std::string documents;

  Json to_json() const { return {{"version", version}, {"size", size}, {"documents", documents}}; }
  // Whatever else stands there is nothing that we have written: the entry's checksum holds.
  static KeptValue of(const Json& about) {
    return {about.value("version", ""), about.value("size", std::int64_t{-1}),
            about.value("documents", "")};
  }
  bool is_absent() const noexcept { return version.empty(); }
  GetResult result() const { return {{version}, size}; }
};

enum class Verdict {
  good,
  renewed,  // good, though documents have changed since it was kept
  absent,   // the key is
  stale,
};

// Verdicts on keys that will be asked for in a moment. Thread-safe.
class Judged {
 public:
  void put(const Key& key, Verdict verdict) {
    const std::lock_guard lock(mutex_);
    verdicts_[key.text()] = verdict;
  }
  std::optional<Verdict> take(const Key& key) {
    const std::lock_guard lock(mutex_);
    const auto node = verdicts_.extract(key.text());
    return node ? std::optional(node.mapped()) : std::nullopt;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, Verdict> verdicts_;
};

// A whole value that is kept, and still is the store's.
class Nearby final : public NearbyValue {
 public:
  Nearby(std::shared_ptr<InputCache> cache, std::unique_ptr<CacheEntry> entry)
      : cache_(std::move(cache)), entry_(std::move(entry)) {}

  std::int64_t size() const override { return entry_->head().bytes; }
  bool read(const std::vector<ByteRange>& ranges, Buffer& into) override {
    if (!cache_->directory().read(CacheKind::chunks, *entry_, ranges, into)) return false;
    if (!std::exchange(is_counted_, true)) ++cache_->counts.hits;
    cache_->counts.hit_bytes += static_cast<std::int64_t>(into.size());
    return true;
  }

 private:
  const std::shared_ptr<InputCache> cache_;
  const std::unique_ptr<CacheEntry> entry_;
  bool is_counted_ = false;
};

class CachedStore final : public Store {
 public:
  using Store::get;
  using Store::put;

  CachedStore(std::shared_ptr<Store> under, CachedSource source, std::shared_ptr<InputCache> cache)
      : under_(std::move(under)),
        source_(std::move(source)),
        cache_(std::move(cache)),
        documents_(source_.beside) {}

  std::optional<GetResult> get(const Key& key, const GetRequest& request, Buffer& into) override {
    if (request.ranges.size() > kMostRanges) return fetch(key, request, into);
    const CacheName name = name_of_part(key, part_of(request.ranges));
    if (const auto entry = find(name)) {
      const KeptValue kept = KeptValue::of(entry->head().about);
      const auto judged = judged_.take(key);
      const Verdict verdict = judged ? *judged : judge(key, kept);
      if (verdict == Verdict::absent) return std::nullopt;
      if (verdict != Verdict::stale && take(key, request, kept, *entry, into)) {
        const bool is_sure = !cache_->recalls();
        if (verdict == Verdict::renewed && is_sure) keep(name, key, kept.result(), into);
        return kept.result();
      }
    }
    const auto found = fetch(key, request, into);
    if (found) {
      keep(name, key, *found, into);
    } else if (believes_absence(key) && !cache_->recalls()) {
      keep(name, key, GetResult{}, {});
    }
    return found;
  }

  std::optional<GetResult> stat(const Key& key) override {
    if (trusts(key)) {
      const auto entry = find(name_of_part(key, ""));
      const KeptValue kept = entry ? KeptValue::of(entry->head().about) : KeptValue();
      const bool is_vouched = entry && speaks_for(key, kept);
      if (is_vouched && !kept.is_absent()) return kept.result();
      if (is_vouched && believes_absence(key)) return std::nullopt;
    }
    return ask(key);
  }

  bool keeps_values() const override { return true; }

  std::unique_ptr<NearbyValue> nearby(const Key& key) override {
    auto entry = find(name_of_part(key, ""));
    if (entry == nullptr) return nullptr;
    const KeptValue kept = KeptValue::of(entry->head().about);
    const Verdict verdict = judge(key, kept);
    // What documents don't vouch for any more is read whole, to be kept again.
    if (verdict != Verdict::good || kept.is_absent()) {
      judged_.put(key, verdict);  // get() comes next, and needn't ask again
      return nullptr;
    }
    return std::make_unique<Nearby>(cache_, std::move(entry));
  }

  std::optional<std::int64_t> nearby_size(const Key& key) override {
    if (!trusts(key)) return std::nullopt;
    const auto entry = find(name_of_part(key, ""));
    const KeptValue kept = entry ? KeptValue::of(entry->head().about) : KeptValue();
    if (!entry || kept.is_absent() || !speaks_for(key, kept)) return std::nullopt;
    return entry->head().bytes;
  }

  Version put(const Key& key, std::span<const ByteView> pieces) override {
    return under_->put(key, pieces);
  }
  Version put_if(const Key& key, ByteView value, const std::optional<Version>& expected) override {
    return under_->put_if(key, value, expected);
  }
  std::unique_ptr<ValueWriter> writer(const Key& key) override { return under_->writer(key); }
  void list(const Key& prefix, const std::function<void(const ListEntry&)>& visit) override {
    under_->list(prefix, visit);
  }
  std::vector<std::string> children(const Key& prefix) override {
    std::vector<std::string> names = under_->children(prefix);
    if (!source_.is_one_file) {
      const std::string version = version_of_names(names);
      cache_->note({source_.name, prefix.text(), version, RestsOn::What::names});
    }
    return names;
  }
  bool remove(const Key& key) override { return under_->remove(key); }
  void remove_below(const Key& prefix) override { under_->remove_below(prefix); }
  void move(const Key& from, const Key& to) override { under_->move(from, to); }
  std::string describe() const override { return under_->describe(); }

 private:
  CacheName name_of_part(const Key& key, std::string part) const {
    return {source_.name, key.text(), std::move(part)};
  }

  std::unique_ptr<CacheEntry> find(const CacheName& name) {
    return cache_->directory().find(CacheKind::chunks, name);
  }

  bool trusts(const Key& key) const {
    return cache_->trust() == CacheTrust::once_per_store && !is_document(key);
  }

  // Others write their documents first and their chunks later: only a manifest tells of new ones.
  bool believes_absence(const Key& key) const { return trusts(key) && !source_.beside.empty(); }

  // Whether the documents do, so that nobody has to be asked.
  bool speaks_for(const Key& key, const KeptValue& kept) const {
    return !kept.documents.empty() && kept.documents == documents_.digest(key);
  }

  Verdict judge(const Key& key, const KeptValue& kept) {
    const bool is_vouched = trusts(key) && speaks_for(key, kept);
    if (kept.is_absent()) {  // that it still is costs as much as fetching it
      return is_vouched && believes_absence(key) ? Verdict::absent : Verdict::stale;
    }
    if (is_vouched) return Verdict::good;
    const auto found = ask(key);
    if (!found) return Verdict::absent;
    if (found->version.token == kept.version) {
      const bool has_documents = trusts(key) && !documents_.digest(key).empty();
      return has_documents ? Verdict::renewed : Verdict::good;
    }
    ++cache_->counts.stale;
    return Verdict::stale;
  }

  // False: the entry was bad.
  bool take(const Key& key, const GetRequest& request, const KeptValue& kept,
            const CacheEntry& entry, Buffer& into) {
    check_version(key, request.if_version, {kept.version});
    (void)total_length(key, {{0, entry.head().bytes}}, request.most_bytes);
    if (!cache_->directory().read(CacheKind::chunks, entry, {}, into)) return false;
    ++cache_->counts.hits;
    cache_->counts.hit_bytes += entry.head().bytes;
    return true;
  }

  std::optional<GetResult> ask(const Key& key) {
    ++cache_->counts.asked;
    auto found = under_->stat(key);
    note(key, found);
    return found;
  }

  std::optional<GetResult> fetch(const Key& key, const GetRequest& request, Buffer& into) {
    auto found = under_->get(key, request, into);
    ++(found ? cache_->counts.misses : cache_->counts.absent);
    if (found) cache_->counts.fetched_bytes += static_cast<std::int64_t>(into.size());
    note(key, found);
    return found;
  }

  void keep(const CacheName& name, const Key& key, const GetResult& found, ByteView bytes) {
    const KeptValue kept{found.version.token, found.value_size, documents_.digest(key)};
    cache_->directory().keep(CacheKind::chunks, name, kept.to_json(), bytes);
  }

  void note(const Key& key, const std::optional<GetResult>& found) {
    const std::string version = found ? found->version.token : "";
    const bool is_metadata = is_document(key);
    if (is_metadata) documents_.note(key, version);
    if (source_.is_one_file) return;
    // An absence that isn't believed is asked for again whatever the trust is, as documents are.
    const bool is_doubted = trusts(key) && !found && !believes_absence(key);
    if (trusts(key) && !is_doubted) return;
    const bool is_always_asked = is_metadata || is_doubted;
    cache_->note({source_.name, key.text(), version,
                  is_always_asked ? RestsOn::What::document : RestsOn::What::value});
  }

  const std::shared_ptr<Store> under_;
  const CachedSource source_;
  const std::shared_ptr<InputCache> cache_;
  SeenDocuments documents_;
  Judged judged_;
};

// Gridmill's own manifest, which changes with whatever Gridmill writes into the store.
std::string manifest_path(const std::string& store) {
  return fmt::format("{}.gridmill/{}", store, kManifestKey);
}

bool is_group(Files& files, const std::string& path) {
  return files.status(path + "/zarr.json") || files.status(path + "/.zgroup");
}

// "/a/b.zarr" of "/a/b.zarr/c"; "" of "/a".
std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

// The manifest of a store, and, if it is a group of another one, those of the stores around it:
// also where there is none yet.
std::vector<RestsOn> manifests(Files& files, const std::string& store) {
  std::vector<RestsOn> found{look_at_file(files, manifest_path(store))};
  for (std::string path = folder_of(store); !path.empty(); path = folder_of(path)) {
    RestsOn manifest = look_at_file(files, manifest_path(path));
    if (!manifest.version.empty() || is_group(files, path)) found.push_back(std::move(manifest));
  }
  return found;
}

}  // namespace

std::unique_ptr<Store> cached_store(std::shared_ptr<Store> under, CachedSource source,
                                    std::shared_ptr<InputCache> cache) {
  return std::make_unique<CachedStore>(std::move(under), std::move(source), std::move(cache));
}

std::unique_ptr<Store> open_input_store(Files& files, const Location& location,
                                        const std::shared_ptr<InputCache>& cache) {
  if (cache == nullptr) return open_store(files, location);
  const std::string path = files.absolute(location.path);
  const auto status = is_zip_name(path) ? files.status(path) : std::nullopt;
  const bool is_zip = status && !status->is_directory;
  CachedSource source{path, "", is_zip};
  std::vector<RestsOn> speakers =
      is_zip ? std::vector{look_at_file(files, path)} : manifests(files, path);
  for (RestsOn& speaker : speakers) {
    if (!speaker.version.empty()) source.beside += speaker.source + " " + speaker.version + "\n";
    cache->note(std::move(speaker));
  }
  return cached_store(open_store(files, location), std::move(source), cache);
}

}  // namespace gridmill
