// hdf5_netcdf.h: an HDF5 file as netCDF-4 sees it: groups, dimensions made of dimension scales (or
// invented where there are none), and variables that know theirs.
//
// What is what follows netCDF-C 4.9, so that a file looks the same whoever reads it: the numbers of
// dimensions (_Netcdf4Dimid, else counted up in the order of reading), which variables use them
// (_Netcdf4Coordinates, else DIMENSION_LIST), the names of invented ones (phony_dim_N), which links
// are followed and in what order. Where netCDF-C gives up on a file for one part of it (a link to
// nowhere, a variable with some of its dimension scales), that part is left out or mended, with a
// note. Variables whose type has no name in the file, as h5py writes enums and compounds, are
// listed as newer versions of netCDF-C list them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gridmill/formats/hdf5_attributes.h"
#include "gridmill/formats/hdf5_messages.h"

namespace gridmill {

struct Hdf5Dimension {
  int id = -1;
  std::string name;
  std::int64_t size = 0;
  bool is_unlimited = false;
  std::uint64_t scale = kNoAddress;  // of the dimension scale; kNoAddress: invented
  std::size_t group = 0;
};

struct Hdf5Variable {
  std::string name;
  Hdf5Object object;
  Hdf5Type type;
  Hdf5Space space;
  std::vector<Hdf5Attribute> attributes;
  std::vector<int> dimensions;  // ids
};

struct Hdf5Group {
  std::string path;  // "" for the root, "a/b"
  std::optional<std::size_t> parent;
  std::vector<Hdf5Attribute> attributes;
  std::vector<Hdf5Variable> variables;
};

struct Hdf5Netcdf {
  bool is_classic_model = false;
  std::vector<Hdf5Group> groups;                        // parents before children; [0] is the root
  std::map<int, Hdf5Dimension> dimensions;              // by id
  std::vector<std::pair<std::string, Hdf5Type>> types;  // with names, in the order of reading
  std::vector<std::string> notes;

  // The name of the first type that looks like this one in memory; null: it has none.
  const std::string* name_of(const Hdf5Type& type) const;
};

// Throws Error(corrupt) naming object and address; Error(unsupported) for what we know nothing of,
// and for links to other files.
Hdf5Netcdf read_hdf5_netcdf(Hdf5Blocks& blocks, Hdf5GlobalHeap& heap, std::uint64_t root);

}  // namespace gridmill
