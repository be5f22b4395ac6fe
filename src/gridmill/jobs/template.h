// template.h: `gridmill template IN... OUT`: the whole of an archive from one of its files, with
// nothing in it yet.
//
// Along the time dimension the archive is as long as asked for; what has that dimension is there as
// metadata alone, and reads as missing until write-region fills it. Everything else (coordinates,
// static fields, attributes) is copied.
#pragma once

#include <string>
#include <vector>

#include "gridmill/base/json.h"
#include "gridmill/formats/grib_index_use.h"
#include "gridmill/jobs/chunk_wish.h"
#include "gridmill/jobs/pack_options.h"
#include "gridmill/jobs/run_account.h"
#include "gridmill/jobs/workplace.h"

namespace gridmill {

struct TemplateOptions {
  std::vector<std::string> inputs;
  std::string output;
  std::string dimension;  // or the path of its coordinate; "": the one that holds times
  std::string start;      // "2020-01-01T06", "": the first time of the input
  std::string end;  // included, with all of the day, month or year that it names; "": the last
  // "6h", "MS"; "": the even step of the input. Without any of the three the times of the input are
  // the archive's, even or not.
  std::string freq;
  std::string time_units;  // "hours since 1970-01-01"; "": the input's
  // "-999", "t:-999": the _FillValue of variables that grow and declare none; else netCDF's own.
  std::vector<std::string> fill;
  int zarr_format = 0;  // 0: that of the store that the output becomes a group of, else 3
  std::vector<std::string> chunks;
  std::vector<std::string> shards;
  std::vector<std::string> codec;
  // "NAME=VALUE" each: attributes of the root group beside the input's, or instead of them.
  std::vector<std::string> attributes;
  PackOptions packing;   // of what grows; ranges are declared or given
  ChunkWish chunk_wish;  // --access-pattern, --target-chunk-size
  std::vector<std::string> variables;
  std::vector<std::string> drop;
  bool overwrite = false;
  bool dry_run = false;
  GribIndexUse grib_index = GribIndexUse::read;
  Resources resources = default_resources();
  ReportOptions reports;
};

// The report of convert(), and "axis": {"dimension", "size", "from", "to", "step"}. Throws
// gridmill::Error; Error(invalid) for an axis that can't be made of what is given.
Json make_template(const TemplateOptions& options, const Workplace& workplace);

}  // namespace gridmill
