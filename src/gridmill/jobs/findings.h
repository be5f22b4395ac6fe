// findings.h: what a verification found wrong, and what it therefore may and may not claim.
//
// Nothing counts as proved because it was looked at: a claim is made at the end, and only if the
// checks that it rests on found nothing. Thread-safe; lanes that outlive their run keep it alive.
#pragma once

#include <initializer_list>
#include <mutex>
#include <set>
#include <string>

#include "gridmill/base/json.h"

namespace gridmill {

// What a problem speaks against.
enum class Check {
  keys,         // the manifest: presence and hashes
  chunks,       // what a chunk holds; whatever is wrong with one is wrong for every claim about it
  coordinates,  // unique, monotonic
  source,       // equal to what the store was made from
};

struct Problem {
  std::string variable;  // each may be empty
  std::string chunk;
  std::string region;
  std::string what;
};

class Findings {
 public:
  void add(Check check, const Problem& problem);
  bool has(std::initializer_list<Check> checks) const;

  void prove(const std::string& claim);
  void leave_open(const std::string& question);

  // {"ok", "proved", "unproved", "problems"}: the same whatever the order of arrival.
  Json report() const;

 private:
  mutable std::mutex mutex_;
  std::set<Check> failed_;
  Json problems_ = Json::array();
  Json proved_ = Json::array();
  Json unproved_ = Json::array();
};

}  // namespace gridmill
