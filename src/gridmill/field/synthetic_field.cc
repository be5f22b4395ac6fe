#include "gridmill/field/synthetic_field.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <numbers>
#include <utility>

#include "gridmill/array/box_json.h"
#include "gridmill/array/copy.h"
#include "gridmill/array/strings.h"
#include "gridmill/base/error.h"
#include "gridmill/field/synthetic_climate.h"
#include "gridmill/kernels/correlated_noise.h"
#include "gridmill/kernels/counter_random.h"

namespace gridmill {
namespace {

constexpr std::int64_t kBlock = NoisePatch::kBlock;
constexpr std::int64_t kTile = 16;            // rows that share a block's patterns in the cache
constexpr float kGrain = 4;                   // white noise, in quanta
constexpr float kRough = 1.0F / 16;           // planted noise, in the variable's units
constexpr std::int64_t kOutageHours = 48;     // what a station is silent for
constexpr float kRoundingShift = 12582912.F;  // 1.5 * 2^23: behind it floats have no fraction

constexpr std::array<std::pair<SyntheticKind, std::string_view>, 9> kKindNames{{
    {SyntheticKind::temperature, "temperature"},
    {SyntheticKind::rain, "rain"},
    {SyntheticKind::zonal_wind, "zonal wind"},
    {SyntheticKind::meridional_wind, "meridional wind"},
    {SyntheticKind::feature, "feature"},
    {SyntheticKind::steps, "steps"},
    {SyntheticKind::latitude, "latitude"},
    {SyntheticKind::longitude, "longitude"},
    {SyntheticKind::name, "name"},
}};

bool is_weather(SyntheticKind kind) noexcept { return kind <= SyntheticKind::feature; }

Json boxes_to_json(const std::vector<Box>& boxes) {
  Json json = Json::array();
  for (const Box& box : boxes) json.push_back(box_to_json(box));
  return json;
}

// ---- weather

// All that values of one region take, for one time after the other.
class Patch {
 public:
  Patch(const SyntheticRecipe& recipe, const NoiseWaves& waves, const CounterRandom& random,
        const Box& region)
      : recipe_(recipe),
        random_(random),
        region_(region),
        last_(region.rank() - 1),
        width_(region.shape[last_]),
        padded_((width_ + kBlock - 1) / kBlock * kBlock),
        places_(places()),
        rows_(rows()),
        waves_(waves, places_, rows_) {
    set_profiles();
    set_longitudes();
    grain_.resize(static_cast<std::size_t>(kTile * padded_));
    grain_size_ = recipe.kind == SyntheticKind::rain ? 0 : kGrain * quantum();
  }

  // `out` views one time of the region: rows (or none) of columns.
  void evaluate(std::int64_t ordinal, const MutableArrayView& out) {
    ordinal_ = ordinal;
    waves_.set_time(static_cast<double>(ordinal));
    phase_ = climate_phase(static_cast<double>(ordinal), recipe_.days_in_year);
    const auto rows = static_cast<std::int64_t>(rows_.size());
    for (std::int64_t first = 0; first < rows; first += kTile) {
      const std::int64_t end = std::min(rows, first + kTile);
      set_grain(first, end);
      for (std::int64_t block = 0; block * kBlock < width_; ++block) {
        for (std::int64_t row = first; row < end; ++row) place(row, first, block, out);
      }
    }
  }

  static std::int64_t bytes(const NoiseWaves& waves, const Box& region) {
    const std::int64_t width = region.shape[region.rank() - 1] + kBlock;
    const std::int64_t rows = region.rank() == 3 ? region.shape[1] : 1;
    constexpr std::int64_t kColumn =
        sizeof(NoisePlace) + sizeof(ClimateProfile) + (2 + kTile) * sizeof(float);
    constexpr std::int64_t kRow = sizeof(double) + sizeof(ClimateProfile);
    return NoisePatch::bytes(waves, width, rows) + width * kColumn + rows * kRow;
  }

 private:
  bool is_map() const noexcept {
    return region_.rank() == 3 && recipe_.kind != SyntheticKind::feature;
  }
  bool is_feature() const noexcept { return recipe_.kind == SyntheticKind::feature; }
  float quantum() const noexcept { return static_cast<float>(recipe_.quantum); }
  double latitude(std::int64_t row) const noexcept {
    return recipe_.first + recipe_.step * static_cast<double>(row);
  }

  NoisePlace place_of(std::int64_t column) const {
    if (is_feature()) return {static_cast<double>(column), 0};
    if (is_map()) return {static_cast<double>(column) / static_cast<double>(recipe_.shape[2]), 0};
    const StationPlace station = station_place(recipe_.seed, column);
    return {station.longitude / 360, station.latitude / 360};
  }

  std::vector<NoisePlace> places() const {
    std::vector<NoisePlace> places;
    for (std::int64_t i = 0; i < width_; ++i) {
      places.push_back(place_of(region_.begin[last_] + i));
    }
    return places;
  }

  std::vector<double> rows() const {
    if (region_.rank() == 2) return {0};
    std::vector<double> rows;
    for (std::int64_t i = 0; i < region_.shape[1]; ++i) {
      const std::int64_t row = region_.begin[1] + i;
      rows.push_back(is_map() ? latitude(row) / 360 : static_cast<double>(row));
    }
    return rows;
  }

  // Of each row of a map; otherwise of each column.
  void set_profiles() {
    if (is_map()) {
      for (const double row : rows_) profiles_.push_back(climate_at(recipe_.kind, 360 * row));
      return;
    }
    profiles_.resize(static_cast<std::size_t>(padded_));
    const CounterRandom random(recipe_.seed, recipe_.variable + " profiles");
    for (std::int64_t i = 0; i < width_; ++i) {
      const auto at = static_cast<std::size_t>(i);
      profiles_[at] = is_feature() ? feature_profile(random, region_.begin[last_] + i)
                                   : climate_at(recipe_.kind, 360 * places_[at].y);
    }
  }

  void set_longitudes() {
    cosines_.resize(static_cast<std::size_t>(padded_));
    sines_.resize(static_cast<std::size_t>(padded_));
    if (is_feature()) return;  // has no day
    for (std::size_t i = 0; i < places_.size(); ++i) {
      const double radians = 2 * std::numbers::pi * places_[i].x;
      cosines_[i] = static_cast<float>(std::cos(radians));
      sines_[i] = static_cast<float>(std::sin(radians));
    }
  }

  // The number, in the whole field, of the first element of a row.
  std::uint64_t element(std::int64_t row) const noexcept {
    const std::int64_t rows = region_.rank() == 3 ? recipe_.shape[1] : 1;
    const std::int64_t begin = region_.rank() == 3 ? region_.begin[1] : 0;
    const std::int64_t before = ordinal_ * rows + begin + row;
    return static_cast<std::uint64_t>(before * recipe_.shape[last_] + region_.begin[last_]);
  }

  void set_grain(std::int64_t first, std::int64_t end) {
    if (grain_size_ == 0) return;
    for (std::int64_t row = first; row < end; ++row) {
      random_.centred(element(row), width_, grain_of(row - first));
    }
  }
  float* grain_of(std::int64_t tile_row) noexcept {
    return &grain_[static_cast<std::size_t>(tile_row * padded_)];
  }

  void place(std::int64_t row, std::int64_t first, std::int64_t block,
             const MutableArrayView& out) {
    std::array<float, kBlock> values;
    waves_.values(row, block, values.data());
    const std::int64_t column = block * kBlock;
    const float* const grain = grain_of(row - first) + column;
    if (is_map()) {
      add_climate<0>(&profiles_[static_cast<std::size_t>(row)], column, grain, values);
    } else {
      add_climate<1>(&profiles_[static_cast<std::size_t>(column)], column, grain, values);
    }
    if (recipe_.kind == SyntheticKind::rain) let_rain(values);
    round(values);
    const std::int64_t count = std::min(kBlock, width_ - column);
    store(values, count, out.rank() == 2 ? out.at({row, column}) : out.at({column}),
          out.strides[out.rank() - 1]);
  }

  // kStep 0: one profile for all sixteen.
  template <std::int64_t kStep>
  void add_climate(const ClimateProfile* profiles, std::int64_t column, const float* grain,
                   std::array<float, kBlock>& values) const noexcept {
    const float* const cosines = &cosines_[static_cast<std::size_t>(column)];
    const float* const sines = &sines_[static_cast<std::size_t>(column)];
    for (std::int64_t i = 0; i < kBlock; ++i) {
      const ClimateProfile& at = profiles[i * kStep];
      const float day = cosines[i] * phase_.day_cosine + sines[i] * phase_.day_sine;
      float& value = values[static_cast<std::size_t>(i)];
      value = at.mean + at.season * phase_.season + at.day * day + at.spread * value +
              grain_size_ * grain[i];
    }
  }

  static void let_rain(std::array<float, kBlock>& values) noexcept {
    for (float& value : values) {
      const float wet = std::max(0.F, value);
      value = 2 * wet * wet;
    }
  }

  void round(std::array<float, kBlock>& values) const noexcept {
    if (recipe_.quantum == 0) return;
    const float size = quantum(), per_unit = 1 / size;
    for (float& value : values) {
      const float whole = (value * per_unit + kRoundingShift) - kRoundingShift;
      value = whole * size;
    }
  }

  static void store(const std::array<float, kBlock>& values, std::int64_t count, std::byte* to,
                    std::int64_t stride) noexcept {
    if (stride == sizeof(float)) {
      std::memcpy(to, values.data(), static_cast<std::size_t>(count) * sizeof(float));
      return;
    }
    for (std::int64_t i = 0; i < count; ++i) {
      std::memcpy(to + i * stride, &values[static_cast<std::size_t>(i)], sizeof(float));
    }
  }

  const SyntheticRecipe& recipe_;
  const CounterRandom& random_;
  const Box& region_;
  const int last_;
  const std::int64_t width_, padded_;
  const std::vector<NoisePlace> places_;
  const std::vector<double> rows_;
  NoisePatch waves_;
  std::vector<ClimateProfile> profiles_;
  std::vector<float> cosines_, sines_;  // of the columns' longitudes
  std::vector<float> grain_;            // [row of the tile][column]
  float grain_size_ = 0;
  std::int64_t ordinal_ = 0;
  ClimatePhase phase_;
};

class Weather final : public Operator {
 public:
  explicit Weather(SyntheticRecipe recipe)
      : Operator({}, recipe.dimensions, recipe.shape, recipe.type),
        recipe_(std::move(recipe)),
        random_(recipe_.seed, recipe_.variable),
        rough_(recipe_.seed, recipe_.variable + " rough"),
        outages_(recipe_.seed, recipe_.variable + " outages"),
        waves_(weather_waves(recipe_.kind, shape().rank(), shape()[shape().rank() - 1],
                             CounterRandom(recipe_.seed, recipe_.variable + " waves"))) {}

  Box needs(int, const Box& region) const override { return region; }  // of nothing
  FieldPtr with_inputs(std::vector<FieldPtr>) const override {
    return std::make_shared<Weather>(recipe_);
  }
  std::int64_t scratch_bytes(const Box& region) const override {
    return Patch::bytes(waves_, region);
  }

  void compute(std::span<const ArrayView>, const Box& region,
               const MutableArrayView& out) const override {
    if (region.is_empty()) return;
    Patch patch(recipe_, waves_, random_, region);
    Index rest(std::span(region.shape.begin() + 1, region.shape.end()));
    Index strides(std::span(out.strides.begin() + 1, out.strides.end()));
    for (std::int64_t t = 0; t < region.shape[0]; ++t) {
      const std::int64_t ordinal = recipe_.ordinals.at(region.begin[0] + t);
      patch.evaluate(ordinal, {out.data + t * out.strides[0], out.type, rest, strides});
    }
    for (const Box& box : recipe_.rough) roughen(intersect(box, region), region, out);
    if (recipe_.outages > 0) silence(region, out);
    for (const Box& box : recipe_.missing) blank(intersect(box, region), region, out);
  }

  Json to_json() const override;

 private:
  static void set_missing(std::byte* at) noexcept {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    std::memcpy(at, &nan, sizeof nan);
  }

  void roughen(const Box& box, const Box& region, const MutableArrayView& out) const {
    for_each_position(box, [&](const Index& at) {
      std::uint64_t element = 0;
      for (int d = 0; d < at.rank(); ++d) {
        const std::int64_t count = d == 0 ? recipe_.ordinals.at(at[0]) : at[d];
        element =
            element * static_cast<std::uint64_t>(shape()[d]) + static_cast<std::uint64_t>(count);
      }
      float noise = 0, value = 0;
      rough_.centred(element, 1, &noise);
      std::byte* const to = out.at(relative(at, region));
      std::memcpy(&value, to, sizeof value);
      value += kRough * noise;
      std::memcpy(to, &value, sizeof value);
    });
  }

  void blank(const Box& box, const Box& region, const MutableArrayView& out) const {
    for_each_position(box, [&](const Index& at) { set_missing(out.at(relative(at, region))); });
  }

  // Stations that send nothing, for two days each time.
  void silence(const Box& region, const MutableArrayView& out) const {
    std::vector<bool> is_silent(static_cast<std::size_t>(region.shape[1]));
    std::int64_t spell = -1;
    for (std::int64_t t = 0; t < region.shape[0]; ++t) {
      const std::int64_t now = recipe_.ordinals.at(region.begin[0] + t) / kOutageHours;
      for (std::int64_t i = 0; i < region.shape[1]; ++i) {
        const auto at = static_cast<std::size_t>(i);
        if (now != spell) is_silent[at] = is_out(now, region.begin[1] + i);
        if (is_silent[at]) set_missing(out.at({t, i}));
      }
      spell = now;
    }
  }

  bool is_out(std::int64_t spell, std::int64_t station) const noexcept {
    const auto number = static_cast<std::uint64_t>(spell * shape()[1] + station);
    return outages_.uniform(number) < recipe_.outages;
  }

  static Index relative(const Index& at, const Box& region) {
    Index inside = at;
    for (int d = 0; d < at.rank(); ++d) inside[d] -= region.begin[d];
    return inside;
  }

  const SyntheticRecipe recipe_;
  const CounterRandom random_, rough_, outages_;
  const NoiseWaves waves_;
};

// ---- coordinates

class Coordinate final : public Operator {
 public:
  explicit Coordinate(SyntheticRecipe recipe)
      : Operator({}, recipe.dimensions, recipe.shape, recipe.type), recipe_(std::move(recipe)) {
    if (recipe_.kind != SyntheticKind::name) return;
    for (std::int64_t i = 0; i < shape()[0]; ++i) names_.push_back(fmt::format("S{:05}", i));
  }

  Box needs(int, const Box& region) const override { return region; }
  FieldPtr with_inputs(std::vector<FieldPtr>) const override {
    return std::make_shared<Coordinate>(recipe_);
  }

  void compute(std::span<const ArrayView>, const Box& region,
               const MutableArrayView& out) const override {
    for (std::int64_t i = 0; i < region.shape[0]; ++i) {
      set(region.begin[0] + i, out.at({i}));
    }
  }

  Json to_json() const override;

 private:
  void set(std::int64_t position, std::byte* to) const {
    if (recipe_.kind == SyntheticKind::name) {  // the field outlives whoever encodes them
      const std::string& name = names_[static_cast<std::size_t>(position)];
      const StringRef ref{name.data(), name.size()};
      std::memcpy(to, &ref, sizeof ref);
      return;
    }
    const double number = number_at(position);
    visit_real(type(), [&](auto typed) {
      typed = static_cast<decltype(typed)>(number);
      std::memcpy(to, &typed, sizeof typed);
    });
  }

  double number_at(std::int64_t position) const {
    if (recipe_.kind == SyntheticKind::steps) {
      return recipe_.first + recipe_.step * static_cast<double>(recipe_.ordinals.at(position));
    }
    const StationPlace place = station_place(recipe_.seed, position);
    return recipe_.kind == SyntheticKind::latitude ? place.latitude : place.longitude;
  }

  const SyntheticRecipe recipe_;
  std::vector<std::string> names_;
};

// ---- recipes

Json recipe_to_json(const SyntheticRecipe& recipe) {
  return {{"operator", "synthetic"},
          {"kind", to_string(recipe.kind)},
          {"variable", recipe.variable},
          {"seed", recipe.seed},
          {"type", recipe.type.name()},
          {"dimensions", recipe.dimensions},
          {"shape", index_to_json(recipe.shape)},
          {"ordinals", recipe.ordinals.to_json()},
          {"first", recipe.first},
          {"step", recipe.step},
          {"days_in_year", recipe.days_in_year},
          {"quantum", recipe.quantum},
          {"outages", recipe.outages},
          {"missing", boxes_to_json(recipe.missing)},
          {"rough", boxes_to_json(recipe.rough)}};
}

Json Weather::to_json() const { return recipe_to_json(recipe_); }
Json Coordinate::to_json() const { return recipe_to_json(recipe_); }

void check_recipe(const SyntheticRecipe& recipe) {
  const int rank = recipe.shape.rank();
  const bool has_rank = recipe.kind == SyntheticKind::feature ? rank == 3
                        : is_weather(recipe.kind)             ? rank == 2 || rank == 3
                                                              : rank == 1;
  const bool has_type = recipe.kind == SyntheticKind::name ? recipe.type == types::string
                        : is_weather(recipe.kind)          ? recipe.type == types::float32
                                                           : recipe.type.is_real();
  bool is_inside = true;
  for (const auto* boxes : {&recipe.missing, &recipe.rough}) {
    for (const Box& box : *boxes) {
      is_inside = is_inside && box.rank() == rank && contains(whole_box(recipe.shape), box);
    }
  }
  if (has_rank && has_type && is_inside && std::ssize(recipe.dimensions) == rank) return;
  throw Error(ErrorKind::corrupt,
              fmt::format("a synthetic {} has not type {} and shape {}, or something outside of it",
                          to_string(recipe.kind), recipe.type.name(), to_string(recipe.shape)));
}

SyntheticKind kind_from_name(const std::string& name, std::string_view where) {
  for (const auto& [kind, text] : kKindNames) {
    if (text == name) return kind;
  }
  throw Error(ErrorKind::unsupported,
              fmt::format("{}: this version knows no synthetic \"{}\"", where, name));
}

double number_of(const Json& node, std::string_view name, std::string_view where) {
  const Json& number = json_member(node, name, where);
  if (number.is_number() && std::isfinite(number.get<double>())) return number.get<double>();
  throw Error(ErrorKind::corrupt, fmt::format("{}: {} is not a number", where, name));
}

std::vector<Box> boxes_of(const Json& node, std::string_view name, std::string_view where) {
  std::vector<Box> boxes;
  for (const Json& box : json_member(node, name, where)) boxes.push_back(box_from_json(box, where));
  return boxes;
}

}  // namespace

std::string_view to_string(SyntheticKind kind) noexcept {
  for (const auto& [known, text] : kKindNames) {
    if (known == kind) return text;
  }
  return "";
}

FieldPtr synthetic_field(SyntheticRecipe recipe) {
  check_recipe(recipe);
  if (is_weather(recipe.kind)) return std::make_shared<Weather>(std::move(recipe));
  return std::make_shared<Coordinate>(std::move(recipe));
}

SyntheticRecipe synthetic_recipe_from_json(const Json& node, std::string_view where) {
  SyntheticRecipe recipe;
  recipe.kind = kind_from_name(json_string(node, "kind", where), where);
  recipe.variable = json_string(node, "variable", where);
  recipe.seed = static_cast<std::uint64_t>(json_int(node, "seed", where));
  recipe.type = data_type_from_name(json_string(node, "type", where));
  for (const Json& name : json_member(node, "dimensions", where)) {
    recipe.dimensions.push_back(name.get<std::string>());
  }
  recipe.shape = index_from_json(json_member(node, "shape", where), where);
  recipe.ordinals = Ordinals::from_json(json_member(node, "ordinals", where), where);
  recipe.first = number_of(node, "first", where);
  recipe.step = number_of(node, "step", where);
  recipe.days_in_year = number_of(node, "days_in_year", where);
  recipe.quantum = number_of(node, "quantum", where);
  recipe.outages = number_of(node, "outages", where);
  recipe.missing = boxes_of(node, "missing", where);
  recipe.rough = boxes_of(node, "rough", where);
  return recipe;
}

}  // namespace gridmill
