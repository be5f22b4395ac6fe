#include "bench/deflate.h"

#include <fmt/format.h>
#include <hdf5.h>
#include <libdeflate.h>

#include <array>
#include <atomic>

#include "bench/timing.h"
#include "gridmill/array/box.h"
#include "gridmill/base/error.h"

namespace gridmill::bench {
namespace {

template <class Id>
Id checked(Id id, const std::string& what) {
  if (id < 0) throw Error(ErrorKind::invalid, "libhdf5: " + what);
  return id;
}

}  // namespace

DeflatedChunks load_deflated(const std::string& path, const std::string& variable) {
  const hid_t file = checked(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), path);
  const hid_t set = checked(H5Dopen2(file, variable.c_str(), H5P_DEFAULT), variable);
  const hid_t space = checked(H5Dget_space(set), "its space");
  const hid_t made = checked(H5Dget_create_plist(set), "its properties");
  const hid_t type = checked(H5Dget_type(set), "its type");
  const int rank = checked(H5Sget_simple_extent_ndims(space), "its rank");
  std::array<hsize_t, H5S_MAX_RANK> extents{}, chunk{};
  H5Sget_simple_extent_dims(space, extents.data(), nullptr);
  checked(H5Pget_chunk(made, rank, chunk.data()), "it has no chunks");
  Shape shape, cut;
  DeflatedChunks loaded;
  loaded.chunk_bytes = H5Tget_size(type);
  for (int d = 0; d < rank; ++d) {
    const auto at = static_cast<std::size_t>(d);
    shape.push_back(static_cast<std::int64_t>(extents[at]));
    cut.push_back(static_cast<std::int64_t>(chunk[at]));
    loaded.chunk_bytes *= chunk[at];
  }
  const ChunkGrid grid(shape, cut);
  for (std::int64_t i = 0; i < grid.size(); ++i) {
    const Box box = grid.box_of(grid.position(i));
    std::array<hsize_t, H5S_MAX_RANK> offset{};
    for (int d = 0; d < rank; ++d) {
      offset[static_cast<std::size_t>(d)] = static_cast<hsize_t>(box.begin[d]);
    }
    hsize_t bytes = 0;
    checked(H5Dget_chunk_storage_size(set, offset.data(), &bytes), "a chunk");
    std::uint32_t mask = 0;
    Buffer& stored = loaded.stored.emplace_back(bytes);
    checked(H5Dread_chunk(set, H5P_DEFAULT, offset.data(), &mask, stored.data()), "a chunk");
  }
  for (const hid_t id : {type, made, space, set, file}) H5Idec_ref(id);
  return loaded;
}

void inflate_all(const DeflatedChunks& chunks, int threads, std::vector<Buffer>& out) {
  std::atomic<std::size_t> next{0};
  std::atomic<bool> has_failed{false};
  out.resize(static_cast<std::size_t>(threads));
  on_threads(threads, [&](int thread) {
    libdeflate_decompressor* inflater = libdeflate_alloc_decompressor();
    Buffer& into = out[static_cast<std::size_t>(thread)];
    into.resize(chunks.chunk_bytes);
    for (std::size_t i = next++; i < chunks.stored.size(); i = next++) {
      const Buffer& stored = chunks.stored[i];
      if (libdeflate_zlib_decompress(inflater, stored.data(), stored.size(), into.data(),
                                     into.size(), nullptr) != LIBDEFLATE_SUCCESS) {
        has_failed = true;
      }
    }
    libdeflate_free_decompressor(inflater);
  });
  if (has_failed) throw Error(ErrorKind::invalid, "a chunk can't be inflated");
}

}  // namespace gridmill::bench
