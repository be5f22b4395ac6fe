#include "gridmill/jobs/stored_chunks.h"

#include <charconv>

namespace gridmill {
namespace {

// "c/0/1", "0.1", "0/1", "c" -> the position; nullopt if it is no chunk's name.
std::optional<Index> position_of(std::string_view name, int rank) {
  if (name == "c" || name.starts_with("c/") || name.starts_with("c.")) {
    name.remove_prefix(std::min<std::size_t>(name.size(), 2));
    if (name.empty()) return rank == 0 ? std::optional<Index>(Index()) : std::nullopt;
  } else if (rank == 0) {
    return name == "0" ? std::optional<Index>(Index()) : std::nullopt;
  }
  Index position;
  const char* at = name.data();
  const char* const end = at + name.size();
  while (true) {
    std::int64_t number = 0;
    const auto [next, error] = std::from_chars(at, end, number);
    if (error != std::errc() || number < 0 || position.rank() == rank) return std::nullopt;
    position.push_back(number);
    if (next == end) break;
    if (*next != '/' && *next != '.') return std::nullopt;
    at = next + 1;
  }
  return position.rank() == rank ? std::optional<Index>(position) : std::nullopt;
}

}  // namespace

std::map<std::string, const Variable*> array_prefixes(Store& store, const Key& root,
                                                      const Dataset& dataset) {
  std::map<std::string, const Variable*> prefixes;
  for (const Variable& variable : dataset.variables) {
    const std::string& node = root.text();
    const bool is_root_array = variable.group.empty() && dataset.variables.size() == 1 &&
                               (store.stat(root / "zarr.json") || store.stat(root / ".zarray")) &&
                               !store.stat((root / variable.path()) / "zarr.json") &&
                               !store.stat((root / variable.path()) / ".zarray");
    std::string prefix = node;
    if (!is_root_array) prefix += (node.empty() ? "" : "/") + variable.path();
    if (!prefix.empty()) prefix += "/";
    prefixes[prefix] = &variable;
  }
  return prefixes;
}

std::map<std::string, StoredChunks> list_chunks(Store& store, const Key& root,
                                                const Dataset& dataset) {
  const auto owners = array_prefixes(store, root, dataset);
  std::map<std::string, StoredChunks> found;
  store.list(root, [&](const ListEntry& entry) {
    const std::string& key = entry.key.text();
    auto owner = owners.upper_bound(key);
    if (owner == owners.begin() || !key.starts_with((--owner)->first)) return;
    const Variable& variable = *owner->second;
    const auto position =
        position_of(std::string_view(key).substr(owner->first.size()), variable.shape.rank());
    if (!position) return;
    StoredChunks& chunks = found[variable.path()];
    ++chunks.present;
    chunks.bytes += entry.size;
    if (!chunks.first) chunks.first = position;
  });
  return found;
}

}  // namespace gridmill
