// synth.h: `gridmill synth OUT`: an archive of weather that never was, of any size, for rehearsals,
// benchmarks and tests, with defects where they are asked for.
//
// The same options give the same bytes, whatever threads, memory and interruptions; another layout
// of chunks gives the same values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gridmill/base/json.h"
#include "gridmill/jobs/run_account.h"
#include "gridmill/jobs/workplace.h"

namespace gridmill {

struct SynthOptions {
  std::string output;
  // grid: t2m, tp, u10, v10 on (time, lat, lon); stations: t2m on (time, station); features: a
  // group NAME_00.zarr for each batch of two sources, with features(file_id, sample, feature).
  std::string layout = "grid";
  std::int64_t size = 1'000'000'000;  // bytes as decoded, within a tenth
  std::int64_t seed = 1;              // >= 0
  double degrees = 0;                 // between the points of a grid; 0: as the size suggests
  std::string calendar = "standard";
  std::vector<std::string> plant;  // duplicates, gaps, nan, corrupt, skew
  int zarr_format = 0;  // 0: that of the store that the output becomes a group of, else 3
  std::vector<std::string> chunks;
  std::vector<std::string> codec;
  bool overwrite = false;
  bool resume = false;
  bool dry_run = false;
  Resources resources = default_resources();
  ReportOptions reports;
};

// What may be planted.
inline constexpr const char* kPlants[] = {"duplicates", "gaps", "nan", "corrupt", "skew"};

// The report of convert() without what was read, and "layout", "seed", "planted": [{"kind",
// "variable", "where"}], which OUT.planted.json has as well. Corrupt chunks are made when the store
// is published: its manifest knows them as they were. Throws gridmill::Error; Error(invalid) for a
// size that the layout can't meet.
Json synth(const SynthOptions& options, const Workplace& workplace);

}  // namespace gridmill
