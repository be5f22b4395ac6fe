#include "gridmill/formats/hdf5_messages.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/base/checked.h"

namespace gridmill {
namespace {

constexpr int kMaxHdf5Rank = 32;

[[noreturn]] void unknown_version(std::string_view what, int version) {
  throw Error(ErrorKind::unsupported, fmt::format("{} of version {}", what, version));
}

std::int64_t extent(std::uint64_t value) {
  if (value > static_cast<std::uint64_t>(INT64_MAX)) {
    throw Error(ErrorKind::corrupt, fmt::format("a dimension of {} elements", value));
  }
  return static_cast<std::int64_t>(value);
}

// All bits set, whatever the width: unlimited.
std::int64_t max_extent(std::uint64_t value, int bytes) {
  return value == kNoAddress >> (64 - 8 * bytes) ? -1 : extent(value);
}

// The last number of a chunk's shape is the size of an element.
Shape chunk_shape(std::vector<std::uint64_t> extents, const Hdf5Space& space,
                  std::uint32_t element_size) {
  if (extents.size() != static_cast<std::size_t>(space.rank()) + 1) {
    throw Error(ErrorKind::corrupt,
                fmt::format("chunks of {} dimensions in a dataset of {}",
                            static_cast<int>(extents.size()) - 1, space.rank()));
  }
  if (extents.back() != element_size) {
    throw Error(ErrorKind::corrupt,
                fmt::format("chunks of {}-byte elements in a dataset of {}-byte "
                            "elements",
                            extents.back(), element_size));
  }
  extents.pop_back();
  Shape chunk;
  for (const std::uint64_t value : extents) {
    if (value == 0) throw Error(ErrorKind::corrupt, "a chunk without elements");
    chunk.push_back(extent(value));
  }
  volume(chunk);  // overflows: corrupt
  return chunk;
}

class LayoutParser {
 public:
  LayoutParser(ByteView message, const Hdf5Bytes& file, const Hdf5Space& space,
               std::uint32_t element_size)
      : cursor_(message, file), space_(space), element_size_(element_size) {}

  Hdf5Layout parse() {
    layout_.version = cursor_.u8();
    if (layout_.version == 1 || layout_.version == 2) {
      old_versions();
    } else if (layout_.version >= 3 && layout_.version <= 5) {
      new_versions();
    } else {
      unknown_version("a layout message", layout_.version);
    }
    return std::move(layout_);
  }

 private:
  void old_versions() {
    const int rank = cursor_.u8();
    const int storage = cursor_.u8();
    cursor_.skip(5);
    if (storage != 0) layout_.address = cursor_.offset();
    std::vector<std::uint64_t> extents;
    for (int d = 0; d < rank; ++d) extents.push_back(cursor_.u32());
    if (storage == 0) return compact(cursor_.u32());
    if (storage == 1) {
      layout_.size = static_cast<std::uint64_t>(
          checked_mul(space_.count(), element_size_, "the size of a dataset"));
    } else if (storage == 2) {
      chunked_by_tree(std::move(extents));
    } else {
      throw Error(ErrorKind::corrupt, fmt::format("storage of class {}", storage));
    }
  }

  void new_versions() {
    const int storage = cursor_.u8();
    if (storage == 0) return compact(cursor_.u16());
    if (storage == 1) {
      layout_.address = cursor_.offset();
      layout_.size = cursor_.length();
    } else if (storage == 2 && layout_.version == 3) {
      const int rank = cursor_.u8();
      layout_.address = cursor_.offset();
      std::vector<std::uint64_t> extents;
      for (int d = 0; d < rank; ++d) extents.push_back(cursor_.u32());
      chunked_by_tree(std::move(extents));
    } else if (storage == 2) {
      chunked_by_index();
    } else if (storage == 3) {
      throw Error(ErrorKind::unsupported, "a virtual dataset");
    } else {
      throw Error(ErrorKind::corrupt, fmt::format("storage of class {}", storage));
    }
  }

  void compact(std::uint64_t size) {
    layout_.storage = Hdf5Layout::Storage::compact;
    const ByteView values = cursor_.take(size);
    layout_.compact.assign(values.begin(), values.end());
    layout_.size = size;
  }

  void chunked_by_tree(std::vector<std::uint64_t> extents) {
    layout_.storage = Hdf5Layout::Storage::chunked;
    layout_.index = Hdf5Layout::ChunkIndex::btree1;
    layout_.index_address = std::exchange(layout_.address, kNoAddress);
    layout_.chunk = chunk_shape(std::move(extents), space_, element_size_);
  }

  void chunked_by_index() {
    constexpr std::uint8_t kPartialUnfiltered = 1, kSingleFiltered = 2;
    layout_.storage = Hdf5Layout::Storage::chunked;
    const std::uint8_t flags = cursor_.u8();
    layout_.leaves_partial_chunks_unfiltered = (flags & kPartialUnfiltered) != 0;
    const int rank = cursor_.u8();
    const int width = cursor_.u8();
    if (width < 1 || width > 8) {
      throw Error(ErrorKind::corrupt, fmt::format("extents of chunks in {} bytes", width));
    }
    std::vector<std::uint64_t> extents;
    for (int d = 0; d < rank; ++d) extents.push_back(cursor_.uint(width));
    layout_.chunk = chunk_shape(std::move(extents), space_, element_size_);
    index((flags & kSingleFiltered) != 0);
    layout_.index_address = cursor_.offset();
  }

  // The parameters of an index stand in its own header too.
  void index(bool is_single_filtered) {
    using Index = Hdf5Layout::ChunkIndex;
    const int kind = cursor_.u8();
    switch (kind) {
      case 1:
        layout_.index = Index::single;
        if (!is_single_filtered) return;
        layout_.single_size = cursor_.length();
        layout_.single_mask = cursor_.u32();
        return;
      case 2:
        layout_.index = Index::implicit;
        return;
      case 3:
        layout_.index = Index::fixed_array;
        return cursor_.skip(1);
      case 4:
        layout_.index = Index::extensible_array;
        return cursor_.skip(5);
      case 5:
        layout_.index = Index::btree2;
        return cursor_.skip(6);
      default:
        throw Error(ErrorKind::unsupported, fmt::format("a chunk index of type {}", kind));
    }
  }

  Hdf5Cursor cursor_;
  const Hdf5Space& space_;
  std::uint32_t element_size_;
  Hdf5Layout layout_;
};

Bytes sized(Hdf5Cursor& cursor) {
  const ByteView value = cursor.take(cursor.u32());
  return {value.begin(), value.end()};
}

Hdf5Fill parse_fill(ByteView message, const Hdf5Bytes& file) {
  constexpr int kNever = 1;
  Hdf5Cursor cursor(message, file);
  Hdf5Fill fill;
  const int version = cursor.u8();
  if (version == 1 || version == 2) {
    cursor.skip(1);
    fill.is_written = cursor.u8() != kNever;
    const bool is_defined = cursor.u8() != 0;
    // Version 1 has a size in any case.
    if (is_defined || (version == 1 && cursor.left() >= 4)) fill.value = sized(cursor);
    return fill;
  }
  if (version != 3) unknown_version("a fill value message", version);
  constexpr std::uint8_t kHasValue = 0x20;
  const std::uint8_t flags = cursor.u8();
  fill.is_written = (flags >> 2 & 3) != kNever;
  if ((flags & kHasValue) != 0) fill.value = sized(cursor);
  return fill;
}

}  // namespace

std::int64_t Hdf5Space::count() const {
  if (is_null) return 0;
  std::int64_t elements = 1;
  for (const std::int64_t n : shape) elements = checked_mul(elements, n, "the size of a dataspace");
  return elements;
}

Hdf5Space parse_hdf5_space(ByteView message, const Hdf5Bytes& file) {
  Hdf5Cursor cursor(message, file);
  Hdf5Space space;
  const int version = cursor.u8();
  const int rank = cursor.u8();
  const bool has_max = (cursor.u8() & 1) != 0;
  if (rank > kMaxHdf5Rank) {
    throw Error(ErrorKind::corrupt, fmt::format("a dataspace of {} dimensions", rank));
  }
  if (version == 1) {
    cursor.skip(5);
    space.is_simple = rank > 0;
  } else if (version == 2) {
    const int kind = cursor.u8();
    space.is_simple = kind == 1;
    space.is_null = kind == 2;
  } else {
    unknown_version("a dataspace", version);
  }
  for (int d = 0; d < rank; ++d) space.shape.push_back(extent(cursor.length()));
  space.max = space.shape;
  for (int d = 0; has_max && d < rank; ++d) {
    const auto at = static_cast<std::size_t>(d);
    space.max[at] = max_extent(cursor.length(), file.length_size());
    if (space.max[at] < 0 || space.shape[at] <= space.max[at]) continue;
    throw Error(ErrorKind::corrupt, fmt::format("dimension {} has {} elements, and at most {}", d,
                                                space.shape[at], space.max[at]));
  }
  return space;
}

Hdf5Layout parse_hdf5_layout(ByteView message, const Hdf5Bytes& file, const Hdf5Space& space,
                             std::uint32_t element_size) {
  return LayoutParser(message, file, space, element_size).parse();
}

std::vector<Hdf5Filter> parse_hdf5_filters(ByteView message, const Hdf5Bytes& file) {
  constexpr int kFirstNamed = 256;
  Hdf5Cursor cursor(message, file);
  const int version = cursor.u8();
  const int count = cursor.u8();
  if (version != 1 && version != 2) unknown_version("a filter pipeline", version);
  if (version == 1) cursor.skip(6);
  std::vector<Hdf5Filter> filters;
  for (int i = 0; i < count; ++i) {
    Hdf5Filter& filter = filters.emplace_back();
    filter.id = cursor.u16();
    const bool has_name = version == 1 || filter.id >= kFirstNamed;
    const std::uint16_t name_bytes = has_name ? cursor.u16() : std::uint16_t{0};
    filter.is_optional = (cursor.u16() & 1) != 0;
    const std::uint16_t values = cursor.u16();
    const std::string_view name = as_text(cursor.take(name_bytes));
    filter.name = name.substr(0, name.find('\0'));
    if (version == 1 && name_bytes % 8 != 0) cursor.skip(8U - name_bytes % 8U);
    for (int v = 0; v < values; ++v) filter.values.push_back(cursor.u32());
    if (version == 1 && values % 2 != 0 && cursor.left() >= 4) cursor.skip(4);
  }
  return filters;
}

Hdf5Fill read_hdf5_fill(const Hdf5Object& object, const Hdf5Bytes& file) {
  if (object.find(Hdf5MessageType::fill) != nullptr) {
    return parse_fill(required_message(object, Hdf5MessageType::fill).bytes, file);
  }
  if (object.find(Hdf5MessageType::old_fill) != nullptr) {
    Hdf5Cursor cursor(required_message(object, Hdf5MessageType::old_fill).bytes, file);
    return {sized(cursor), true};
  }
  return {};
}

}  // namespace gridmill
