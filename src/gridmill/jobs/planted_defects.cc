#include "gridmill/jobs/planted_defects.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/jobs/synth.h"
#include "gridmill/kernels/counter_random.h"

namespace gridmill {
namespace {

constexpr std::int64_t kPatches = 3;
constexpr std::int64_t kMostCorrupt = 3;  // of an array

std::int64_t defects_in(std::int64_t count) { return std::clamp<std::int64_t>(count / 500, 1, 10); }

Json index_ranges(const Box& box, const std::vector<std::string>& dimensions) {
  Json where = Json::object();
  for (int d = 0; d < box.rank(); ++d) {
    where[dimensions[static_cast<std::size_t>(d)]] = {box.begin[d], box.end(d)};
  }
  return where;
}

bool is_metadata_key(const std::string& key) {
  const std::string name = key.substr(key.rfind('/') + 1);
  return name == "zarr.json" || name.starts_with(".z");
}

}  // namespace

std::set<std::string> planted_kinds(const std::vector<std::string>& names) {
  const std::vector<std::string> known(std::begin(kPlants), std::end(kPlants));
  for (const std::string& name : names) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    throw Error(ErrorKind::invalid, fmt::format("--plant {}: one of {}{}", name, join(known, ", "),
                                                did_you_mean(name, known)));
  }
  return {names.begin(), names.end()};
}

Ordinals ordinals_of(const std::vector<std::int64_t>& ordinals) {
  std::vector<Ordinals::Run> runs;
  for (std::size_t i = 0; i < ordinals.size(); ++i) {
    if (i > 0 && ordinals[i] == ordinals[i - 1] + 1) continue;
    runs.push_back({static_cast<std::int64_t>(i), ordinals[i]});
  }
  if (runs.empty()) return Ordinals();
  return Ordinals(std::move(runs));
}

double PlantedDefects::random(const std::string& what, std::uint64_t position) const {
  return CounterRandom(seed_, "planted " + what).uniform(position);
}

void PlantedDefects::note(const std::string& kind, const std::string& variable, Json where) {
  list_.push_back({{"kind", kind}, {"variable", variable}, {"where", std::move(where)}});
}

Ordinals PlantedDefects::axis(const std::string& variable, std::int64_t count,
                              const std::function<Json(std::int64_t ordinal)>& text) {
  const bool repeats = has("duplicates"), skips = has("gaps");
  const std::int64_t events = (repeats ? defects_in(count) : 0) + (skips ? defects_in(count) : 0);
  if (count < 4 * events) {
    throw Error(ErrorKind::invalid, fmt::format("{} has {} positions, too few for defects: give a "
                                                "larger --size or leave out --plant",
                                                variable, count));
  }
  std::vector<Ordinals::Run> runs{{0, 0}};
  for (std::int64_t i = 0; i < events; ++i) {
    const auto number = static_cast<std::uint64_t>(2 * i);
    const std::int64_t part = count / events;
    const double place = random(variable, number) * static_cast<double>(part - 1);
    const std::int64_t at = i * part + 1 + static_cast<std::int64_t>(place);
    const std::int64_t next = runs.back().ordinal + (at - runs.back().position);
    if (repeats && (!skips || i % 2 == 0)) {
      runs.push_back({at, next - 1});
      note("duplicates", variable,
           {{"position", at}, {"same_as", at - 1}, {"value", text(next - 1)}});
      continue;
    }
    const auto missing = 1 + static_cast<std::int64_t>(5 * random(variable, number + 1));
    Json values = Json::array();
    for (std::int64_t k = 0; k < missing; ++k) values.push_back(text(next + k));
    runs.push_back({at, next + missing});
    note("gaps", variable, {{"before", at}, {"missing", std::move(values)}});
  }
  return Ordinals(std::move(runs));
}

std::vector<Box> PlantedDefects::missing(const std::string& variable,
                                         const std::vector<std::string>& dimensions,
                                         const Shape& shape) {
  std::vector<Box> boxes;
  const std::int64_t patches = std::min(kPatches, shape[0]);
  for (std::int64_t i = 0; i < patches; ++i) {
    Box box = whole_box(shape);
    for (int d = 0; d < shape.rank(); ++d) {
      // Each patch has its own part of the first dimension.
      const std::int64_t part = d == 0 ? shape[0] / patches : shape[d];
      box.shape[d] = std::max<std::int64_t>(1, part / 4);
      const auto number = static_cast<std::uint64_t>(i * kMaxRank + d);
      const double free = static_cast<double>(part - box.shape[d] + 1);
      box.begin[d] = (d == 0 ? i * part : 0) +
                     static_cast<std::int64_t>(random("nan " + variable, number) * free);
    }
    Json where = index_ranges(box, dimensions);
    list_.push_back({{"kind", "nan"},
                     {"variable", variable},
                     {"where", std::move(where)},
                     {"count", volume(box.shape)}});
    boxes.push_back(box);
  }
  return boxes;
}

std::vector<Box> PlantedDefects::rough(const std::string& variable,
                                       const std::vector<std::string>& dimensions,
                                       const Shape& shape) {
  Box box = whole_box(shape);
  box.shape[0] = std::max<std::int64_t>(1, shape[0] / 10);
  const double free = static_cast<double>(shape[0] - box.shape[0] + 1);
  box.begin[0] = static_cast<std::int64_t>(random("skew " + variable, 0) * free);
  note("skew", variable, index_ranges(box, dimensions));
  return {box};
}

void PlantedDefects::corrupt(Store& store, const std::string& array) {
  std::vector<Key> keys;
  store.list(Key(array), [&](const ListEntry& entry) {
    if (entry.size > 0 && !is_metadata_key(entry.key.text())) keys.push_back(entry.key);
  });
  const auto count = static_cast<std::int64_t>(keys.size());
  const std::int64_t wanted = std::min(kMostCorrupt, count);
  for (std::int64_t i = 0; i < wanted; ++i) {
    const std::int64_t part = count / wanted;
    const auto place = static_cast<std::int64_t>(
        random("corrupt " + array, static_cast<std::uint64_t>(i)) * static_cast<double>(part));
    const Key& key = keys[static_cast<std::size_t>(i * part + place)];
    Buffer value;
    if (!store.get(key, value)) continue;
    const std::size_t byte = i % 2 == 0 ? 0 : value.size() / 2;
    value.data()[byte] ^= std::byte{0xFF};
    (void)store.put(key, ByteView(value));
    note("corrupt", array, {{"key", key.text()}, {"byte", byte}});
  }
}

}  // namespace gridmill
