#include "gridmill/engine/skipped_leaves.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "gridmill/array/box_json.h"
#include "gridmill/base/error.h"
#include "gridmill/base/hashing.h"

namespace gridmill {

Json skipped_leaf_to_json(const SkippedLeaf& leaf) {
  Json json{{"variable", leaf.variable},
            {"region", box_to_json(leaf.region)},
            {"chunk", leaf.chunk},
            {"why", leaf.why}};
  if (!leaf.file.empty()) json["file"] = leaf.file;
  return json;
}

SkippedLeaf skipped_leaf_from_json(const Json& json) {
  constexpr const char* kWhere = "the note of a skipped chunk";
  const auto text = [&](const char* name) {
    if (!json.is_object() || !json.contains(name) || !json[name].is_string()) {
      throw Error(ErrorKind::corrupt, fmt::format("{} has no {}", kWhere, name));
    }
    return json[name].get<std::string>();
  };
  SkippedLeaf leaf;
  leaf.variable = text("variable");
  leaf.chunk = text("chunk");
  leaf.why = text("why");
  if (json.contains("file")) leaf.file = text("file");
  leaf.region = box_from_json(json.contains("region") ? json["region"] : Json(), kWhere);
  return leaf;
}

// Two tasks may find different faults in one leaf: the same one is told in any order of theirs.
void SkippedLeaves::add(SkippedLeaf leaf) {
  const std::lock_guard lock(mutex_);
  const Id id{leaf.variable, leaf.chunk};
  const auto [known, is_new] = leaves_.try_emplace(id, leaf);
  if (!is_new && leaf.why < known->second.why) known->second.why = std::move(leaf.why);
  if (store_ && !noted_.contains(id)) note(id, known->second);
}

void SkippedLeaves::note(const Id& id, const SkippedLeaf& leaf) {
  const std::string name = id.first + "\n" + id.second;
  const std::string key = to_hex(hash_bytes(as_bytes(name))) + ".json";
  (void)store_->put(Key(key), as_bytes(dump_json(skipped_leaf_to_json(leaf), -1)));
  noted_.insert(id);
}

std::int64_t SkippedLeaves::count() const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::int64_t>(leaves_.size());
}

std::vector<SkippedLeaf> SkippedLeaves::list() const {
  std::vector<SkippedLeaf> leaves;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, leaf] : leaves_) leaves.push_back(leaf);
  }
  std::sort(leaves.begin(), leaves.end(), [](const SkippedLeaf& a, const SkippedLeaf& b) {
    if (a.variable != b.variable) return a.variable < b.variable;
    if (a.region.begin != b.region.begin) {
      return std::lexicographical_compare(a.region.begin.begin(), a.region.begin.end(),
                                          b.region.begin.begin(), b.region.begin.end());
    }
    return a.chunk < b.chunk;
  });
  return leaves;
}

void SkippedLeaves::keep_in(std::shared_ptr<Store> store) {
  const std::lock_guard lock(mutex_);
  store_ = std::move(store);
  noted_.clear();
  if (!store_) return;
  for (const std::string& name : store_->children(Key())) {
    Buffer text;
    if (!store_->get(Key(name), text)) continue;
    SkippedLeaf leaf = skipped_leaf_from_json(parse_json(as_text(text)));
    const Id id{leaf.variable, leaf.chunk};
    noted_.insert(id);
    leaves_.try_emplace(id, std::move(leaf));
  }
}

SkipsKept::SkipsKept(std::shared_ptr<SkippedLeaves> skipped, std::shared_ptr<Store> store)
    : skipped_(std::move(skipped)) {
  if (skipped_) skipped_->keep_in(std::move(store));
}

SkipsKept::~SkipsKept() {
  if (!skipped_) return;
  const std::lock_guard lock(skipped_->mutex_);
  skipped_->store_ = nullptr;
}

}  // namespace gridmill
