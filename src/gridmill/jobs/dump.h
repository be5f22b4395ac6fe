// dump.h: `gridmill dump LOC[#/array]`: values out.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "gridmill/base/bytes.h"
#include "gridmill/formats/grib_index_use.h"
#include "gridmill/jobs/workplace.h"

namespace gridmill {

enum class DumpForm { text, raw, json, csv };

struct DumpOptions {
  std::string location;  // names one array, unless the store has only one
  std::vector<std::string> region;
  std::vector<std::string> sel;
  DumpForm form = DumpForm::text;
  std::string output;  // "": standard output
  bool overwrite = false;
  bool dry_run = false;
  GribIndexUse grib_index = GribIndexUse::read;
  Resources resources = default_resources();
};

// Streams in bounded memory to `output` (atomic) or to `print`. raw: C order, little endian, as
// stored (packed stays packed).
void dump(const DumpOptions& options, const Workplace& workplace,
          const std::function<void(ByteView)>& print);

}  // namespace gridmill
