// netcdf_writer.h: writes a netCDF-4 file: groups, dimensions, variables, attributes, then values.
//
// Each call takes libnetcdf's lock for itself; one writer belongs to one thread at a time. The file
// is complete only after close(): create it under a temporary name and rename it then. Every call
// throws Error(unsupported) for what netCDF-4 can't hold (half floats, complex numbers,
// fixed-length text), naming it, out_of_space when the disk is full, invalid for a name that netCDF
// forbids.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gridmill/array/attribute.h"
#include "gridmill/array/view.h"

namespace gridmill {

struct NetcdfVariable {
  std::string group;  // "" for the root
  std::string name;
  DataType type;  // boolean becomes int8 with the attribute dtype = "bool", as xarray has it
  std::vector<std::string> dimensions;  // defined in the group or above
  std::optional<Shape> chunks;  // none: contiguous, or the library's choice if it must chunk
  int deflate_level = 0;        // 1-9: deflate and shuffle; numbers only
  Attributes attributes;
};

class NetcdfWriter {
 public:
  explicit NetcdfWriter(const std::string& path);  // replaces a file of that name
  ~NetcdfWriter();                                 // unclosed: what was written stays, unfinished
  NetcdfWriter(const NetcdfWriter&) = delete;
  NetcdfWriter& operator=(const NetcdfWriter&) = delete;

  // Parents before children.
  void add_group(const std::string& path);
  void add_dimension(const std::string& group, const std::string& name, std::int64_t size,
                     bool is_unlimited = false);
  void add_variable(const NetcdfVariable& variable);
  // Numbers that JSON has widened get their types back: fill values and limits the variable's own,
  // other integers int32 where they fit.
  void set_attributes(const std::string& group, const Attributes& attributes);

  // Writes a box of "group/name"; unlimited dimensions grow as needed. Nothing is kept in memory:
  // boxes should be whole chunks. The same calls in the same order make the same file.
  void put(const std::string& variable, const Box& box, const ArrayView& values);
  // Flushes and closes; reports what the disk reports late.
  void close();

 private:
  struct Target {
    int group = -1;
    int id = -1;
    DataType type;
  };
  int group_id(const std::string& path) const;

  std::string path_;
  int file_ = -1;
  std::map<std::string, int> groups_;
  std::map<std::string, Target> variables_;
};

}  // namespace gridmill
