// planted_defects.h: what is wrong with a synthetic archive, on purpose and on record.
//
// Where a defect lies follows from the seed and the extents alone. Each is told as {"kind",
// "variable", "where": {...}}: positions are indices from 0, ranges half-open.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "gridmill/array/box.h"
#include "gridmill/base/json.h"
#include "gridmill/field/ordinals.h"
#include "gridmill/store/store.h"

namespace gridmill {

// Which defects are wanted. Throws Error(invalid) for a name that is none, with the nearest.
std::set<std::string> planted_kinds(const std::vector<std::string>& names);

class PlantedDefects {
 public:
  PlantedDefects(std::uint64_t seed, std::set<std::string> kinds)
      : seed_(seed), kinds_(std::move(kinds)) {}

  bool has(const std::string& kind) const { return kinds_.contains(kind); }

  // An axis of `count` positions that counts 0, 1, 2, ..., with positions that repeat the one
  // before them (duplicates) and steps that leave some out (gaps). `text` names an ordinal.
  Ordinals axis(const std::string& variable, std::int64_t count,
                const std::function<Json(std::int64_t ordinal)>& text);
  // Patches of missing values, apart from each other in the first dimension.
  std::vector<Box> missing(const std::string& variable, const std::vector<std::string>& dimensions,
                           const Shape& shape);
  // A tenth of the first dimension whose values compress badly.
  std::vector<Box> rough(const std::string& variable, const std::vector<std::string>& dimensions,
                         const Shape& shape);
  // Of another planter.
  void note(const std::string& kind, const std::string& variable, Json where);

  // Flips a byte in up to three chunks of `array`: the first of every other one, which a decoder
  // stumbles over, and one in the middle of the others, which only hashes and checksums tell.
  void corrupt(Store& store, const std::string& array);

  const Json& list() const noexcept { return list_; }

 private:
  double random(const std::string& what, std::uint64_t position) const;

  const std::uint64_t seed_;
  const std::set<std::string> kinds_;
  Json list_ = Json::array();
};

// An axis with these ordinals.
Ordinals ordinals_of(const std::vector<std::int64_t>& ordinals);

}  // namespace gridmill
