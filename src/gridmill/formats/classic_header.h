// classic_header.h: the header of a classic netCDF file (CDF-1, CDF-2 and CDF-5), read by
// ourselves.
//
// Dimensions, attributes and where the values of every variable lie; everything else about the
// format is arithmetic. libnetcdf isn't asked: it hands out zeros for the missing part of a
// truncated file, and turns bytes under one lock.
// Format: "The NetCDF Classic Format Specification", Unidata, appendix B of the NetCDF User's
// Guide.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gridmill/array/attribute.h"
#include "gridmill/array/box.h"
#include "gridmill/array/data_type.h"
#include "gridmill/store/store.h"

namespace gridmill {

struct ClassicDimension {
  std::string name;
  std::int64_t size = 0;  // of the record dimension: the number of records
  bool is_record = false;
};

struct ClassicVariable {
  std::string name;
  DataType type;  // char is bytes(1)
  std::vector<std::size_t> dimensions;
  Shape shape;
  Attributes attributes;
  std::int64_t begin = 0;  // byte offset of its first value
  std::int64_t bytes = 0;  // of all values, or of one record's; without padding
  bool is_record = false;
};

struct ClassicHeader {
  int version = 1;                // 1, 2 or 5
  std::int64_t records = 0;       // a file written as a stream doesn't say: as many as it holds
  std::int64_t record_bytes = 0;  // from one record to the next
  std::vector<ClassicDimension> dimensions;
  Attributes attributes;
  std::vector<ClassicVariable> variables;

  // The first byte behind the values of a variable, 0 if it has none.
  std::int64_t end_of(const ClassicVariable& variable) const;
};

// Throws Error(corrupt), with the offset, for a header that ends early or contradicts itself, and
// for a file that is too short for its variables, naming the first that is cut.
ClassicHeader read_classic_header(const ValueReader& file);

}  // namespace gridmill
