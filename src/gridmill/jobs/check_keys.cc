#include "gridmill/jobs/check_keys.h"

#include <algorithm>
#include <map>

#include "gridmill/jobs/stored_chunks.h"
#include "gridmill/zarr/documents.h"

namespace gridmill {
namespace {

bool is_document(std::string_view key) {
  const auto slash = key.rfind('/');
  return is_document_name(slash == std::string_view::npos ? key : key.substr(slash + 1));
}

// Which keys count, and which of those are chunks.
class Scope {
 public:
  Scope(Store& store, const Key& root, const Dataset& dataset, const std::set<std::string>& chosen)
      : root_(root.text()), owners_(array_prefixes(store, root, dataset)), chosen_(chosen) {}

  bool holds(const std::string& key) const {
    if (key == kFreshManifestKey) return false;
    if (!root_.empty() && !key.starts_with(root_ + "/")) return false;
    const Variable* owner = owner_of(key);
    return owner == nullptr || chosen_.contains(owner->path());
  }
  // Not a shard: who reads its chunks never sees it whole.
  bool is_chunk(const std::string& key) const {
    const Variable* owner = owner_of(key);
    return owner != nullptr && !owner->shards && !is_document(key);
  }

 private:
  const Variable* owner_of(const std::string& key) const {
    auto owner = owners_.upper_bound(key);
    if (owner == owners_.begin()) return nullptr;
    --owner;
    return key.starts_with(owner->first) ? owner->second : nullptr;
  }

  const std::string root_;
  const std::map<std::string, const Variable*> owners_;
  const std::set<std::string>& chosen_;
};

// Of a value of any size, piece by piece.
Hash128 hash_of(Store& store, const ListEntry& entry) {
  constexpr std::int64_t kPiece = 8 << 20;
  Hasher hasher;
  Buffer piece;
  for (std::int64_t at = 0; at < entry.size; at += kPiece) {
    const ByteRange range{at, std::min(kPiece, entry.size - at)};
    if (!store.get(entry.key, {{range}, {}}, piece)) break;  // gone meanwhile: the hash differs
    hasher.add(piece);
  }
  return hasher.result();
}

}  // namespace

void check_keys(Store& store, const Key& root, const Dataset& dataset,
                const std::set<std::string>& chosen, const Manifest& manifest, Findings& findings) {
  const Scope scope(store, root, dataset, chosen);
  const auto wrong = [&](const std::string& key, const std::string& what) {
    findings.add(Check::keys, {"", key, "", what});
  };
  std::set<std::string> seen;
  store.list(root, [&](const ListEntry& entry) {
    const std::string& key = entry.key.text();
    if (!scope.holds(key)) return;
    seen.insert(key);
    const auto known = manifest.entries().find(key);
    if (known == manifest.entries().end()) {
      wrong(key, "a key that the manifest does not know");
      return;
    }
    if (scope.is_chunk(key)) return;
    if (!known->second) {
      wrong(key, "present, although it was left out when the store was written");
    } else if (hash_of(store, entry) != known->second->hash) {
      wrong(key, is_document(key) ? "metadata changed since the store was written (hash differs)"
                                  : "its bytes are not those that were written (hash differs)");
    }
  });
  for (const auto& [key, entry] : manifest.entries()) {
    if (entry && scope.holds(key) && !scope.is_chunk(key) && !seen.contains(key)) {
      wrong(key, "missing: it was written and is gone");
    }
  }
}

}  // namespace gridmill
