// classic_header.h: where the variables of a classic netCDF file lie (CDF-1, CDF-2 and CDF-5).
//
// libnetcdf hands out zeros for the missing part of a truncated classic file. So we read the header
// ourselves, work out how long the file must be, and refuse one that is shorter.
// Format: "The NetCDF Classic Format Specification", Unidata, appendix B of the NetCDF User's
// Guide.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gridmill/system/files.h"

namespace gridmill {

struct ClassicVariable {
  std::string name;
  std::int64_t begin = 0;  // byte offset of its first value
  std::int64_t bytes = 0;  // of all values, or of one record's; without padding
  bool is_record = false;
};

struct ClassicHeader {
  std::int64_t records = 0;       // -1: written as a stream, not known from the header
  std::int64_t record_bytes = 0;  // from one record to the next
  std::vector<ClassicVariable> variables;

  // The first byte behind the values of a variable, 0 if it has none.
  std::int64_t end_of(const ClassicVariable& variable) const;
};

// Throws Error(corrupt), with the offset, for a header that ends early or contradicts itself.
ClassicHeader read_classic_header(const ReadableFile& file);

// Throws Error(corrupt) that names the first variable which the file is too short for.
void check_classic_size(const ClassicHeader& header, std::int64_t file_bytes);

}  // namespace gridmill
