// hdf5_made.h: datasets made by libhdf5, and what it says about them: the oracle of our own HDF5
// reader. One dataset per file, so that its chunk index is found by its signature.
#pragma once

#include <gtest/gtest.h>
#include <hdf5.h>

#include <optional>
#include <string>
#include <vector>

#include "formats/netcdf_file.h"
#include "gridmill/formats/hdf5_layout.h"
#include "gridmill/formats/source_file.h"

namespace gridmill::testing {

using Extents = std::vector<hsize_t>;

inline hid_t checked(hid_t id) {
  EXPECT_GE(id, 0);
  return id;
}

struct MadeSpec {
  bool latest = true;               // library version bounds: latest, or earliest
  Extents shape, max_shape, chunk;  // max_shape empty: shape
  hid_t type = H5T_NATIVE_FLOAT;
  bool early = false;  // allocation
  bool shuffle = false, fletcher32 = false;
  int deflate = -1;  // level
  int packing = 0;   // H5Z_FILTER_NBIT or H5Z_FILTER_SCALEOFFSET
  int packing_factor = 0;
  const void* fill = nullptr;     // in the memory's byte order
  bool unfiltered_edges = false;  // partial chunks are stored without filters
};

class MadeDataset {
 public:
  MadeDataset(const std::string& path, const MadeSpec& spec) : path_(path), spec_(spec) {
    const hid_t access = checked(H5Pcreate(H5P_FILE_ACCESS));
    if (spec.latest) H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
    file_ = checked(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access));
    H5Pclose(access);
    const hid_t create = checked(H5Pcreate(H5P_DATASET_CREATE));
    const int rank = static_cast<int>(spec.shape.size());
    if (!spec.chunk.empty()) checked(H5Pset_chunk(create, rank, spec.chunk.data()));
    if (spec.early) H5Pset_alloc_time(create, H5D_ALLOC_TIME_EARLY);
    if (spec.unfiltered_edges) {
      H5Pset_chunk_opts(create, H5D_CHUNK_DONT_FILTER_PARTIAL_CHUNKS);
    }
    if (spec.fill != nullptr) {
      H5Pset_fill_value(create, H5Tget_native_type(spec.type, H5T_DIR_ASCEND), spec.fill);
    }
    if (spec.packing == H5Z_FILTER_NBIT) H5Pset_nbit(create);
    if (spec.packing == H5Z_FILTER_SCALEOFFSET) {
      const bool is_float = H5Tget_class(spec.type) == H5T_FLOAT;
      H5Pset_scaleoffset(create, is_float ? H5Z_SO_FLOAT_DSCALE : H5Z_SO_INT, spec.packing_factor);
    }
    if (spec.shuffle) H5Pset_shuffle(create);
    if (spec.deflate >= 0) H5Pset_deflate(create, static_cast<unsigned>(spec.deflate));
    if (spec.fletcher32) H5Pset_fletcher32(create);
    const hid_t space = checked(H5Screate_simple(
        rank, spec.shape.data(), spec.max_shape.empty() ? nullptr : spec.max_shape.data()));
    set_ = checked(H5Dcreate2(file_, "v", spec.type, space, H5P_DEFAULT, create, H5P_DEFAULT));
    H5Sclose(space);
    H5Pclose(create);
  }
  ~MadeDataset() { close(); }
  MadeDataset(const MadeDataset&) = delete;
  MadeDataset& operator=(const MadeDataset&) = delete;

  // Writes a box of values of the dataset's own type.
  void write(const Extents& begin, const Extents& count, const void* values) {
    const hid_t space = checked(H5Dget_space(set_));
    const hid_t memory =
        checked(H5Screate_simple(static_cast<int>(count.size()), count.data(), nullptr));
    if (!begin.empty())
      H5Sselect_hyperslab(space, H5S_SELECT_SET, begin.data(), nullptr, count.data(), nullptr);
    EXPECT_GE(H5Dwrite(set_, spec_.type, memory, space, H5P_DEFAULT, values), 0);
    H5Sclose(memory);
    H5Sclose(space);
  }

  // A chunk as it shall be stored, with the mask of the filters that were left out.
  void write_chunk(const Extents& begin, std::uint32_t mask, const void* stored, std::size_t size) {
    EXPECT_GE(H5Dwrite_chunk(set_, H5P_DEFAULT, mask, begin.data(), size, stored), 0);
  }

  // All values, given and asked for in the memory's byte order.
  void write_converted(hid_t type, const void* values) {
    const hid_t native = checked(H5Tget_native_type(type, H5T_DIR_ASCEND));
    EXPECT_GE(H5Dwrite(set_, native, H5S_ALL, H5S_ALL, H5P_DEFAULT, values), 0);
    H5Tclose(native);
  }
  template <class T>
  std::vector<T> read_native(std::size_t count) const {
    const hid_t native = checked(H5Tget_native_type(spec_.type, H5T_DIR_ASCEND));
    std::vector<T> values(count);
    EXPECT_GE(H5Dread(set_, native, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), 0);
    H5Tclose(native);
    return values;
  }

  template <class T>
  std::vector<T> read(std::size_t count) const {
    std::vector<T> values(count);
    EXPECT_GE(H5Dread(set_, spec_.type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), 0);
    return values;
  }

  struct Chunk {
    Extents offset;
    unsigned mask = 0;
    haddr_t address = 0;
    hsize_t size = 0;
  };
  std::vector<Chunk> chunks() const {
    hsize_t count = 0;
    const hid_t space = checked(H5Dget_space(set_));
    EXPECT_GE(H5Dget_num_chunks(set_, space, &count), 0);
    std::vector<Chunk> all(count);
    for (hsize_t i = 0; i < count; ++i) {
      Chunk& one = all[i];
      one.offset.resize(spec_.shape.size());
      EXPECT_GE(
          H5Dget_chunk_info(set_, space, i, one.offset.data(), &one.mask, &one.address, &one.size),
          0);
    }
    H5Sclose(space);
    return all;
  }
  // So that values come from the file: the library keeps chunks as they were written.
  void reopen() {
    close();
    file_ = checked(H5Fopen(path_.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT));
    set_ = checked(H5Dopen2(file_, "v", H5P_DEFAULT));
  }
  void flush() { EXPECT_GE(H5Fflush(file_, H5F_SCOPE_LOCAL), 0); }
  void extend(const Extents& shape) { EXPECT_GE(H5Dset_extent(set_, shape.data()), 0); }
  void close() {
    if (file_ < 0) return;
    EXPECT_GE(H5Dclose(set_), 0);
    EXPECT_GE(H5Fclose(file_), 0);
    file_ = -1;
  }

  // What our reader is told; the file must have been flushed. The type and byte order are for the
  // caller to change.
  Hdf5Dataset described(const std::string& bytes) const {
    Hdf5Dataset dataset;
    dataset.path = "v";
    dataset.type = types::float32;
    // A variable length is stored as a reference.
    const bool varies = H5Tis_variable_str(spec_.type) > 0;
    dataset.element_size = varies ? 16 : static_cast<int>(H5Tget_size(spec_.type));
    const hid_t space = checked(H5Dget_space(set_));
    Extents shape(spec_.shape.size()), limits(spec_.shape.size());
    H5Sget_simple_extent_dims(space, shape.data(), limits.data());
    H5Sclose(space);
    for (std::size_t d = 0; d < shape.size(); ++d) {
      dataset.shape.push_back(static_cast<std::int64_t>(shape[d]));
      dataset.max_shape.push_back(static_cast<std::int64_t>(limits[d]));
    }
    if (spec_.chunk.empty()) {
      dataset.layout.address = H5Dget_offset(set_);
      dataset.layout.size = H5Dget_storage_size(set_);
      return dataset;
    }
    dataset.layout.storage = Hdf5Layout::Storage::chunked;
    for (const hsize_t extent : spec_.chunk) {
      dataset.layout.chunk.push_back(static_cast<std::int64_t>(extent));
    }
    read_filters(dataset);
    find_index(bytes, dataset.layout);
    return dataset;
  }

 private:
  void read_filters(Hdf5Dataset& dataset) const {
    const hid_t create = checked(H5Dget_create_plist(set_));
    for (int i = 0; i < H5Pget_nfilters(create); ++i) {
      unsigned flags = 0, values[32] = {}, config = 0;
      std::size_t count = 32;
      char name[64] = {};
      Hdf5Filter filter;
      filter.id = H5Pget_filter2(create, static_cast<unsigned>(i), &flags, &count, values,
                                 sizeof name, name, &config);
      filter.name = name;
      filter.values.assign(values, values + count);
      dataset.filters.push_back(filter);
    }
    H5Pclose(create);
  }

  // The root of a tree of chunks is its only node of the highest level.
  static std::optional<std::uint64_t> find_tree(const std::string& bytes) {
    std::optional<std::uint64_t> found;
    int highest = -1;
    for (std::size_t at = bytes.find("TREE"); at != std::string::npos;
         at = bytes.find("TREE", at + 1)) {
      const int level = static_cast<unsigned char>(bytes[at + 5]);
      if (bytes[at + 4] != 1 || level <= highest) continue;
      highest = level;
      found = at;
    }
    return found;
  }

  void find_index(const std::string& bytes, Hdf5Layout& layout) const {
    using Index = Hdf5Layout::ChunkIndex;
    const auto has = [&](std::string_view signature, Index index) {
      const std::size_t at = bytes.find(signature);
      if (at == std::string::npos) return false;
      layout.index = index;
      layout.index_address = at;
      return true;
    };
    if (!spec_.latest) {
      layout.index = Index::btree1;
      layout.index_address = find_tree(bytes).value_or(kNoAddress);
      return;
    }
    using namespace std::string_view_literals;  // with the version and the kind of chunks behind
    if (has("FAHD\0\0"sv, Index::fixed_array) || has("FAHD\0\1"sv, Index::fixed_array) ||
        has("EAHD\0\0"sv, Index::extensible_array) || has("EAHD\0\1"sv, Index::extensible_array) ||
        has("BTHD\0\x0a"sv, Index::btree2) || has("BTHD\0\x0b"sv, Index::btree2)) {
      return;
    }
    const std::vector<Chunk> all = chunks();
    layout.index = spec_.early ? Index::implicit : Index::single;
    if (spec_.chunk == spec_.shape) layout.index = Index::single;
    if (all.empty()) return;
    layout.index_address = all[0].address;
    layout.single_size = all[0].size;
    layout.single_mask = all[0].mask;
  }

  std::string path_;
  MadeSpec spec_;
  hid_t file_ = -1, set_ = -1;
};

inline std::shared_ptr<const SourceFile> source_of(Files& files, const std::string& path) {
  return open_source(files, path, "HDF5").source;
}

}  // namespace gridmill::testing
