#include "gridmill/formats/netcdf_leaf.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <netcdf.h>
#include <netcdf_filter.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "gridmill/base/checked.h"
#include "gridmill/codec/place.h"
#include "gridmill/formats/leaf_shape.h"
#include "gridmill/formats/utf8_text.h"

namespace gridmill {
namespace {

// The characters of a string are not known before it is read; credit assumes this many.
constexpr std::int64_t kStringGuess = 128;

std::string variable_path(const NetcdfPlace& place) {
  return place.group.empty() ? place.name : place.group + "/" + place.name;
}

std::int64_t largest_leaf(const ChunkGrid& grid) {
  std::int64_t elements = 1;
  for (int d = 0; d < grid.shape().rank(); ++d) {
    elements *= std::min(grid.chunk()[d], std::max<std::int64_t>(grid.shape()[d], 1));
  }
  return elements;
}

struct Region {
  std::vector<std::size_t> start, count;
  explicit Region(const Box& box)
      : start(box.begin.begin(), box.begin.end()), count(box.shape.begin(), box.shape.end()) {
    // A scalar has no extents; libnetcdf wants pointers all the same.
    start.push_back(0);
    count.push_back(1);
  }
};

// Which filter of the variable this build of the library lacks, if that is why a read failed.
std::optional<unsigned> missing_filter(int group, int variable) {
  std::size_t count = 0;
  if (nc_inq_var_filter_ids(group, variable, &count, nullptr) != NC_NOERR) return std::nullopt;
  std::vector<unsigned> ids(count + 1);
  if (nc_inq_var_filter_ids(group, variable, &count, ids.data()) != NC_NOERR) return std::nullopt;
  for (std::size_t i = 0; i < count; ++i) {
    if (nc_inq_filter_avail(group, ids[i]) == NC_ENOFILTER) return ids[i];
  }
  return std::nullopt;
}

class NetcdfLeafReader : public LeafReader {
 public:
  NetcdfLeafReader(NetcdfPlace place, DataType type, const Shape& shape, const Shape& leaf)
      : LeafReader(type, ChunkGrid(shape, leaf)), place_(std::move(place)) {}

  std::int64_t stored_bound() const override { return largest_leaf(grid()) * type().size; }
  std::int64_t scratch_bound() const override { return 0; }

  bool fetch(const Index& position, Buffer& stored) const override {
    const Box box = grid().box_of(position);
    in_context([&] { return describe(position); }, [&] { read(box, stored); });
    return true;
  }

  void decode(const Index& position, ByteView stored, std::span<const Part> parts, StringArena&,
              CodecContext&) const override {
    const Box box = grid().box_of(position);
    if (static_cast<std::int64_t>(stored.size()) != volume(box.shape) * type().size) {
      throw Error(ErrorKind::internal, describe(position) + ": a leaf of the wrong size");
    }
    const ArrayView leaf = view_of(stored, type(), box.shape);
    for (const Part& part : parts) place_elements(leaf.part(part.box), part);
  }

  void fill(std::span<const Part> parts, StringArena&) const override {
    const std::vector<std::byte> zero(static_cast<std::size_t>(type().size));
    for (const Part& part : parts) place_value(zero.data(), type(), part);
  }

  std::string describe(const Index& position) const override {
    return fmt::format("{} of {}, values {}", variable_path(place_), place_.file_name,
                       to_string(grid().box_of(position)));
  }

 protected:
  const NetcdfPlace& place() const noexcept { return place_; }

  virtual void read(const Box& box, Buffer& stored) const {
    stored.resize(static_cast<std::size_t>(volume(box.shape) * type().size));
    get(box, stored.data(), [](int, int) {});
  }

  // Values into memory, then `finish(group, id)` still under the lock.
  template <class Finish>
  void get(const Box& box, void* into, Finish&& finish) const {
    NetcdfSession session;
    const int group = place_.file->group(session, place_.group);
    if (place_.is_chunked) place_.file->disable_chunk_cache(session, group, place_.id);
    const Region region(box);
    const int status =
        nc_get_vara(group, place_.id, region.start.data(), region.count.data(), into);
    if (status != NC_NOERR) explain(session, status, group);
    finish(group, place_.id);
  }

 private:
  [[noreturn]] void explain(const NetcdfSession& session, int status, int group) const {
    if (const auto filter = missing_filter(group, place_.id)) {
      throw Error(ErrorKind::unsupported,
                  fmt::format("the values are compressed with HDF5 filter {}, which the installed "
                              "HDF5 library does not have (install its plug-in, or name the folder "
                              "where it is in HDF5_PLUGIN_PATH)",
                              *filter));
    }
    session.check(status, "cannot read the values");
    throw Error(ErrorKind::internal, "a failure without a status");
  }

  NetcdfPlace place_;
};

// Stored form: n + 1 offsets as int64, then the characters of all strings.
class NetcdfStringReader final : public NetcdfLeafReader {
 public:
  using NetcdfLeafReader::NetcdfLeafReader;

  std::int64_t stored_bound() const override { return largest_leaf(grid()) * kStringGuess; }

  void decode(const Index& position, ByteView stored, std::span<const Part> parts,
              StringArena& strings, CodecContext&) const override {
    const Shape shape = grid().box_of(position).shape;
    const std::int64_t count = volume(shape);
    const Index steps = c_strides(shape, 1);
    const auto offset = [&](std::int64_t i) {
      return static_cast<std::size_t>(load_le<std::int64_t>(stored.data() + 8 * i));
    };
    const std::string_view text = as_text(stored).substr(static_cast<std::size_t>(8 * (count + 1)));
    for (const Part& part : parts) {
      for_each_position(whole_box(part.box.shape), [&](const Index& at) {
        std::int64_t i = 0;
        for (int d = 0; d < shape.rank(); ++d) i += (part.box.begin[d] + at[d]) * steps[d];
        const StringRef ref = strings.add(text.substr(offset(i), offset(i + 1) - offset(i)));
        std::memcpy(part.into.at(at), &ref, sizeof ref);
      });
    }
  }

 protected:
  void read(const Box& box, Buffer& stored) const override {
    std::vector<char*> pointers(static_cast<std::size_t>(volume(box.shape)), nullptr);
    // The library's, also where packing runs out of memory; freed under its lock.
    const auto release = [](std::vector<char*>* texts) {
      nc_free_string(texts->size(), texts->data());
    };
    get(box, pointers.data(), [&](int, int) {
      const std::unique_ptr<std::vector<char*>, decltype(release)> owner(&pointers, release);
      pack(pointers, stored);
    });
  }

 private:
  static std::size_t length_of(const char* text) {
    if (text == nullptr) return 0;
    return is_utf8(text) ? std::strlen(text) : with_valid_utf8(text).size();
  }

  static void pack(const std::vector<char*>& pointers, Buffer& stored) {
    const std::size_t head = 8 * (pointers.size() + 1);
    std::size_t chars = 0;
    for (const char* text : pointers) chars += length_of(text);
    stored.resize(head + chars);
    std::string mended;
    std::size_t at = 0;
    for (std::size_t i = 0; i <= pointers.size(); ++i) {
      store_le(stored.data() + 8 * i, static_cast<std::int64_t>(at));
      if (i == pointers.size() || pointers[i] == nullptr) continue;
      std::string_view text = pointers[i];
      if (!is_utf8(text)) text = mended = with_valid_utf8(text);
      std::memcpy(stored.data() + head + at, text.data(), text.size());
      at += text.size();
    }
  }
};

class RefusingReader final : public NetcdfLeafReader {
 public:
  RefusingReader(NetcdfPlace place, const Shape& shape, std::string reason)
      : NetcdfLeafReader(std::move(place), types::bytes(1), shape, contiguous_leaf(shape, 1)),
        reason_(std::move(reason)) {}

 protected:
  void read(const Box&, Buffer&) const override { throw Error(ErrorKind::unsupported, reason_); }

 private:
  std::string reason_;
};

}  // namespace

std::shared_ptr<const LeafReader> netcdf_leaf_reader(NetcdfPlace place, DataType type,
                                                     const Shape& shape, const Shape& leaf) {
  if (type.is_string()) {
    return std::make_shared<NetcdfStringReader>(std::move(place), type, shape, leaf);
  }
  return std::make_shared<NetcdfLeafReader>(std::move(place), type, shape, leaf);
}

std::shared_ptr<const LeafReader> refusing_leaf_reader(NetcdfPlace place, const Shape& shape,
                                                       std::string reason) {
  return std::make_shared<RefusingReader>(std::move(place), shape, std::move(reason));
}

void refuse_variable(FileVariable& variable, NetcdfPlace place, std::string_view what,
                     std::string_view reason) {
  variable.encoding["unsupported"] = what;
  variable.type = types::bytes(1);
  variable.reader = refusing_leaf_reader(
      std::move(place), variable.shape,
      fmt::format("{} can't be read; leave it out with --drop {}", reason, variable.name));
}

}  // namespace gridmill
