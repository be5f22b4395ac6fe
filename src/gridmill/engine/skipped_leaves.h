// skipped_leaves.h: what a run has left out, because it was told that it may: leaves whose bytes
// are not what their metadata promise.
//
// What of them was wanted is missing in the output (dataset/missing_value.h), and here each is
// named once, however many tasks came across it. Such a leaf is missing as a whole, wherever some
// of it is wanted, so that no output depends on how the tasks were cut. Metadata and coordinates
// are never left out, nor is what may be read another time.
//
// A run that can be resumed notes every leaf in its own store before it goes on, so that who
// resumes it knows of what an earlier attempt has left out.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "gridmill/array/box.h"
#include "gridmill/base/json.h"
#include "gridmill/store/store.h"

namespace gridmill {

struct SkippedLeaf {
  std::string variable;
  Box region;         // of the variable
  std::string chunk;  // "chunk c/0/1 of x.zarr/t2m"
  std::string file;   // where its bytes lie; "" where nobody can say
  std::string why;
};

Json skipped_leaf_to_json(const SkippedLeaf& leaf);
SkippedLeaf skipped_leaf_from_json(const Json& json);  // throws Error(corrupt)

// Thread-safe.
class SkippedLeaves {
 public:
  void add(SkippedLeaf leaf);
  std::int64_t count() const;
  // Variable by variable, in the order in which they lie there.
  std::vector<SkippedLeaf> list() const;

 private:
  friend class SkipsKept;
  using Id = std::pair<std::string, std::string>;  // variable and chunk

  void keep_in(std::shared_ptr<Store> store);
  void note(const Id& id, const SkippedLeaf& leaf);

  mutable std::mutex mutex_;
  std::map<Id, SkippedLeaf> leaves_;
  std::shared_ptr<Store> store_;  // null: nothing is noted
  std::set<Id> noted_;            // there
};

// As long as this lives, what is skipped is noted in `store`; what was noted there before is known
// from now on. `skipped` may be null: then nothing is done. Throws what reading `store` throws.
class SkipsKept {
 public:
  SkipsKept(std::shared_ptr<SkippedLeaves> skipped, std::shared_ptr<Store> store);
  ~SkipsKept();
  SkipsKept(const SkipsKept&) = delete;
  SkipsKept& operator=(const SkipsKept&) = delete;

 private:
  const std::shared_ptr<SkippedLeaves> skipped_;
};

}  // namespace gridmill
