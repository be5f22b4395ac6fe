#include "gridmill/jobs/synth_archive.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/dataset/cf_time.h"

namespace gridmill {
namespace {

constexpr std::int64_t kLeastSize = std::int64_t{1} << 20;
constexpr const char* kTimeUnits = "hours since 2001-01-01";
constexpr std::int64_t kYear_h = 8760;
constexpr std::int64_t kTimeBytes = 8;  // of the coordinate itself

struct TextAttribute {
  const char* name;
  const char* value;
};

Attributes text_attributes(std::initializer_list<TextAttribute> list) {
  Attributes attributes;
  for (const TextAttribute& text : list)
    attributes.set(text.name, AttributeValue::text(text.value));
  return attributes;
}

// CF 1.11, section 4.4.1.
double days_in_year(Calendar calendar) {
  switch (calendar) {
    case Calendar::noleap:
      return 365;
    case Calendar::all_leap:
      return 366;
    case Calendar::day_360:
      return 360;
    case Calendar::julian:
      return 365.25;
    default:
      return 365.2425;
  }
}

// The nearest whole number of `what` that make up the size, at `bytes_each`.
std::int64_t count_within_a_tenth(const SynthOptions& options, std::int64_t bytes_each,
                                  const std::string& what) {
  const double exact = static_cast<double>(options.size) / static_cast<double>(bytes_each);
  const std::int64_t count = std::max<std::int64_t>(1, std::llround(exact));
  if (std::abs(static_cast<double>(count) - exact) <= 0.1 * exact) return count;
  throw Error(ErrorKind::invalid,
              fmt::format("--size {}: {} takes {}: give a size of {} or more, or a coarser --grid",
                          format_bytes(static_cast<double>(options.size)), what,
                          format_bytes(static_cast<double>(bytes_each)),
                          format_bytes(5 * static_cast<double>(bytes_each))));
}

class ArchiveMaker {
 public:
  ArchiveMaker(const SynthOptions& options, PlantedDefects& defects)
      : options_(options),
        defects_(defects),
        calendar_(parse_calendar(options.calendar)),
        units_(TimeUnits::parse(kTimeUnits, to_string(calendar_))) {}

  SynthArchive make() {
    archive_.dataset.format = "synthetic";
    archive_.dataset.location = "synthetic " + options_.layout;
    add_group("", {});
    Attributes& root = archive_.dataset.groups[0].attributes;
    root.set("Conventions", AttributeValue::text("CF-1.11"));
    root.set("title", AttributeValue::text("synthetic data: no place on Earth has seen them"));
    root.set("source", AttributeValue::text(fmt::format("gridmill synth --layout {} --seed {}",
                                                        options_.layout, options_.seed)));
    if (options_.layout == "grid") {
      make_grid();
    } else if (options_.layout == "stations") {
      make_stations();
    } else if (options_.layout == "features") {
      make_features();
    } else {
      throw Error(ErrorKind::invalid,
                  fmt::format("--layout {}: grid, features or stations", options_.layout));
    }
    return std::move(archive_);
  }

 private:
  // ---- a grid

  void make_grid() {
    const double degrees = options_.degrees > 0 ? options_.degrees : degrees_for_size();
    const auto rows = static_cast<std::int64_t>(std::llround(180 / degrees)) + 1;
    const auto columns = static_cast<std::int64_t>(std::llround(360 / degrees));
    if (rows < 4 || columns < 8 || std::abs(180 / degrees - std::round(180 / degrees)) > 1e-9) {
      throw Error(ErrorKind::invalid,
                  fmt::format("--grid {}: degrees that divide 180, 30 at most", degrees));
    }
    constexpr std::int64_t kVariables = 4;
    const std::int64_t times = count_within_a_tenth(
        options_, kVariables * rows * columns * 4 + kTimeBytes, "an hour of this grid");
    set_dimensions(0, {{"time", times}, {"lat", rows}, {"lon", columns}});
    const Ordinals hours = add_time(times);
    add_steps("lat", rows, 90, -degrees, latitude_attributes());
    add_steps("lon", columns, 0, degrees, longitude_attributes());
    add_map("t2m", SyntheticKind::temperature, 1.0 / 64, hours, degrees,
            {{"units", "K"},
             {"standard_name", "air_temperature"},
             {"long_name", "2 metre temperature"}});
    add_map("tp", SyntheticKind::rain, 1.0 / 256, hours, degrees,
            {{"units", "kg m-2"},
             {"standard_name", "precipitation_amount"},
             {"long_name", "precipitation"},
             {"cell_methods", "time: sum (interval: 1 hour)"}});
    add_map("u10", SyntheticKind::zonal_wind, 1.0 / 64, hours, degrees,
            {{"units", "m s-1"},
             {"standard_name", "eastward_wind"},
             {"long_name", "10 metre wind to the east"}});
    add_map("v10", SyntheticKind::meridional_wind, 1.0 / 64, hours, degrees,
            {{"units", "m s-1"},
             {"standard_name", "northward_wind"},
             {"long_name", "10 metre wind to the north"}});
    plant("t2m", "v10");
    archive_.why_chunks = "whole maps, of as many hours as 16 MiB hold";
    archive_.corrupt = {"t2m", "u10"};
  }

  // The finest that leaves a year of hours, so that seasons are in it.
  double degrees_for_size() const {
    for (const double degrees : {0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0}) {
      const double points = (180 / degrees + 1) * (360 / degrees);
      if (16 * points * static_cast<double>(kYear_h) <= static_cast<double>(options_.size)) {
        return degrees;
      }
    }
    return 30;
  }

  void add_map(const std::string& name, SyntheticKind kind, double quantum, const Ordinals& hours,
               double degrees, std::initializer_list<TextAttribute> attributes) {
    SyntheticRecipe recipe;
    recipe.kind = kind;
    recipe.ordinals = hours;
    recipe.first = 90;
    recipe.step = -degrees;
    recipe.quantum = quantum;
    add("", name, {"time", "lat", "lon"}, types::float32, text_attributes(attributes),
        std::move(recipe));
  }

  // ---- stations

  void make_stations() {
    const std::int64_t elements = options_.size / 4;
    // Ten years of hours, unless that would be very few stations, or more than names are kept for.
    const std::int64_t stations = std::clamp<std::int64_t>(elements / (10 * kYear_h), 16, 100'000);
    const std::int64_t times =
        count_within_a_tenth(options_, stations * 4 + kTimeBytes, "an hour of stations");
    set_dimensions(0, {{"time", times}, {"station", stations}});
    archive_.dataset.groups[0].attributes.set("featureType", AttributeValue::text("timeSeries"));
    const Ordinals hours = add_time(times);
    add_of_stations("lat", SyntheticKind::latitude, types::float64, latitude_attributes(false));
    add_of_stations("lon", SyntheticKind::longitude, types::float64, longitude_attributes(false));
    add_of_stations("name", SyntheticKind::name, types::string,
                    text_attributes({{"long_name", "station"}, {"cf_role", "timeseries_id"}}));
    SyntheticRecipe recipe;
    recipe.kind = SyntheticKind::temperature;
    recipe.ordinals = hours;
    recipe.quantum = 1.0 / 64;
    recipe.outages = 0.03;
    Attributes attributes = text_attributes({{"units", "K"},
                                             {"standard_name", "air_temperature"},
                                             {"long_name", "2 metre temperature"},
                                             {"coordinates", "lat lon name"}});
    attributes.set("_FillValue", AttributeValue::floats(types::float32, {std::nan("")}));
    add("", "t2m", {"time", "station"}, types::float32, std::move(attributes), std::move(recipe));
    plant("t2m", "t2m");
    archive_.why_chunks = "all stations, of as many hours as 16 MiB hold";
    archive_.corrupt = {"t2m"};
  }

  void add_of_stations(const std::string& name, SyntheticKind kind, DataType type,
                       Attributes attributes) {
    SyntheticRecipe recipe;
    recipe.kind = kind;
    add("", name, {"station"}, type, std::move(attributes), std::move(recipe));
  }

  // ---- features

  struct FeatureExtents {
    std::int64_t samples = 8192;
    std::int64_t features = 393;
    std::int64_t ids = 0;  // of a source
  };

  // 95 ids in 22 batches are the least that is of interest; small archives have small ids.
  FeatureExtents feature_extents() const {
    FeatureExtents extents;
    const auto is_too_large = [&] {
      return 2 * 95 * extents.samples * extents.features * 4 > options_.size;
    };
    while (is_too_large() && extents.samples > 256) extents.samples /= 2;
    while (is_too_large() && extents.features > 20) extents.features /= 2;
    extents.ids = count_within_a_tenth(options_, 2 * extents.samples * extents.features * 4,
                                       "an id of both sources");
    return extents;
  }

  void make_features() {
    const FeatureExtents extents = feature_extents();
    const std::vector<std::vector<std::int64_t>> batches = id_batches(extents.ids);
    for (const char* source : {"a", "b"}) {
      for (std::size_t i = 0; i < batches.size(); ++i) {
        add_batch(source, i, batches, extents);
      }
    }
    const std::string first = "a_00.zarr/features", last = feature_path("b", batches.size() - 1);
    plant(first, last);
    archive_.chunks = {"file_id=1,sample=2048", "*file_id:all"};
    archive_.why_chunks = "one id, up to 2048 samples";
    archive_.corrupt = {first, last};
  }

  static std::string batch_name(const std::string& source, std::size_t batch) {
    return fmt::format("{}_{:02}.zarr", source, batch);
  }
  static std::string feature_path(const std::string& source, std::size_t batch) {
    return batch_name(source, batch) + "/features";
  }

  // Ids of each batch, of four or five. Planted duplicates: 26 of 95 are ids of the batch
  // before: the first few of each are its last ones.
  std::vector<std::vector<std::int64_t>> id_batches(std::int64_t ids) const {
    const std::int64_t count = std::clamp<std::int64_t>(ids / 4, 1, 22);
    const std::int64_t repeated = defects_.has("duplicates") ? ids * 26 / 95 : 0;
    std::vector<std::vector<std::int64_t>> batches;
    std::int64_t next = 0;
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t size = ids / count + (i < ids % count ? 1 : 0);
      std::vector<std::int64_t> batch;
      if (i > 0) {
        const std::int64_t share = repeated / (count - 1) + (i <= repeated % (count - 1) ? 1 : 0);
        const auto& before = batches.back();
        const auto taken = std::min({share, size - 1, std::ssize(before)});
        batch.assign(before.end() - taken, before.end());
      }
      while (std::ssize(batch) < size) batch.push_back(next++);
      batches.push_back(std::move(batch));
    }
    return batches;
  }

  void add_batch(const std::string& source, std::size_t number,
                 const std::vector<std::vector<std::int64_t>>& batches,
                 const FeatureExtents& extents) {
    const std::string group = batch_name(source, number);
    std::vector<std::int64_t> ids = batches[number];
    plant_in_batch(source, number, batches, ids);
    const auto count = std::ssize(ids);
    add_group(group, text_attributes({{"title", source == "a" ? "source a" : "source b"}}));
    set_dimensions(
        archive_.dataset.groups.size() - 1,
        {{"file_id", count}, {"sample", extents.samples}, {"feature", extents.features}});
    SyntheticRecipe recipe;
    recipe.kind = SyntheticKind::steps;
    recipe.ordinals = ordinals_of(ids);
    SyntheticRecipe features = recipe;
    add(group, "file_id", {"file_id"}, types::int64,
        text_attributes({{"long_name", "number of the file"}}), std::move(recipe));
    features.kind = SyntheticKind::feature;
    features.variable = source + " features";  // of all its batches: an id has one set of values
    features.quantum = 1.0 / 64;
    add(group, "features", {"file_id", "sample", "feature"}, types::float32,
        text_attributes({{"units", "1"}, {"long_name", "features"}}), std::move(features));
  }

  // Duplicates are in the batches; a gap is an id of the middle batch that source b lacks.
  void plant_in_batch(const std::string& source, std::size_t number,
                      const std::vector<std::vector<std::int64_t>>& batches,
                      std::vector<std::int64_t>& ids) {
    const std::string path = batch_name(source, number) + "/file_id";
    for (std::size_t i = 0; i < ids.size() && number > 0; ++i) {
      const auto& before = batches[number - 1];
      if (std::find(before.begin(), before.end(), ids[i]) == before.end()) continue;
      defects_.note("duplicates", path,
                    {{"position", i},
                     {"value", ids[i]},
                     {"same_as", batch_name(source, number - 1) + "/file_id"}});
    }
    if (!defects_.has("gaps") || source != "b" || number != batches.size() / 2 || ids.size() < 2) {
      return;
    }
    defects_.note("gaps", path, {{"missing", {ids.back()}}});
    ids.pop_back();
  }

  // ---- what they share

  static Attributes latitude_attributes(bool is_axis = true) {
    Attributes attributes = text_attributes(
        {{"units", "degrees_north"}, {"standard_name", "latitude"}, {"long_name", "latitude"}});
    if (is_axis) attributes.set("axis", AttributeValue::text("Y"));
    return attributes;
  }
  static Attributes longitude_attributes(bool is_axis = true) {
    Attributes attributes = text_attributes(
        {{"units", "degrees_east"}, {"standard_name", "longitude"}, {"long_name", "longitude"}});
    if (is_axis) attributes.set("axis", AttributeValue::text("X"));
    return attributes;
  }

  Ordinals add_time(std::int64_t count) {
    const auto text = [&](std::int64_t hour) -> Json { return units_.iso(units_.instant(hour)); };
    SyntheticRecipe recipe;
    recipe.kind = SyntheticKind::steps;
    recipe.ordinals = defects_.axis("time", count, text);
    const Ordinals hours = recipe.ordinals;
    Attributes attributes = text_attributes(
        {{"units", kTimeUnits}, {"standard_name", "time"}, {"long_name", "time"}, {"axis", "T"}});
    attributes.set("calendar", AttributeValue::text(std::string(to_string(calendar_))));
    add("", "time", {"time"}, types::int64, std::move(attributes), std::move(recipe));
    return hours;
  }

  void add_steps(const std::string& name, std::int64_t, double first, double step,
                 Attributes attributes) {
    SyntheticRecipe recipe;
    recipe.kind = SyntheticKind::steps;
    recipe.first = first;
    recipe.step = step;
    add("", name, {name}, types::float64, std::move(attributes), std::move(recipe));
  }

  void add_group(const std::string& path, Attributes attributes) {
    Group group;
    group.path = path;
    group.attributes = std::move(attributes);
    archive_.dataset.groups.push_back(std::move(group));
  }

  void set_dimensions(std::size_t group,
                      const std::vector<std::pair<std::string, std::int64_t>>& dimensions) {
    for (const auto& [name, size] : dimensions) {
      archive_.dataset.groups[group].dimensions.push_back({name, size, false});
    }
  }

  // Extents are those of the group's dimensions.
  void add(const std::string& group, const std::string& name, std::vector<std::string> dimensions,
           DataType type, Attributes attributes, SyntheticRecipe recipe) {
    Variable variable;
    variable.group = group;
    variable.name = name;
    variable.type = type;
    for (const std::string& dimension : dimensions) {
      for (const Dimension& declared : archive_.dataset.groups.back().dimensions) {
        if (declared.name == dimension) variable.shape.push_back(declared.size);
      }
    }
    variable.dimensions = dimensions;
    variable.attributes = std::move(attributes);
    if (recipe.variable.empty()) recipe.variable = variable.path();
    recipe.seed = static_cast<std::uint64_t>(options_.seed);
    recipe.type = type;
    recipe.dimensions = std::move(dimensions);
    recipe.shape = variable.shape;
    recipe.days_in_year = days_in_year(calendar_);
    archive_.dataset.variables.push_back(std::move(variable));
    archive_.recipes.push_back(std::move(recipe));
  }

  SyntheticRecipe& recipe_of(const std::string& path) {
    const auto& variables = archive_.dataset.variables;
    const auto found = std::find_if(variables.begin(), variables.end(),
                                    [&](const Variable& one) { return one.path() == path; });
    return archive_.recipes.at(static_cast<std::size_t>(found - variables.begin()));
  }

  // NaN into one variable, noise into another (or the same).
  void plant(const std::string& missing, const std::string& rough) {
    if (defects_.has("nan")) {
      SyntheticRecipe& recipe = recipe_of(missing);
      recipe.missing = defects_.missing(missing, recipe.dimensions, recipe.shape);
    }
    if (defects_.has("skew")) {
      SyntheticRecipe& recipe = recipe_of(rough);
      recipe.rough = defects_.rough(rough, recipe.dimensions, recipe.shape);
    }
  }

  const SynthOptions& options_;
  PlantedDefects& defects_;
  const Calendar calendar_;
  const TimeUnits units_;
  SynthArchive archive_;
};

}  // namespace

SynthArchive synth_archive(const SynthOptions& options, PlantedDefects& defects) {
  if (options.size < kLeastSize) {
    throw Error(ErrorKind::invalid, fmt::format("--size {}: {} at least",
                                                format_bytes(static_cast<double>(options.size)),
                                                format_bytes(static_cast<double>(kLeastSize))));
  }
  return ArchiveMaker(options, defects).make();
}

}  // namespace gridmill
