#include "gridmill/formats/hdf5_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/array/byte_order.h"
#include "gridmill/base/checked.h"
#include "gridmill/formats/hdf5_leaf.h"
#include "gridmill/formats/hdf5_netcdf.h"
#include "gridmill/formats/hdf5_superblock.h"
#include "gridmill/formats/netcdf_attributes.h"
#include "gridmill/formats/netcdf_leaf.h"

namespace gridmill {
namespace {

using Class = Hdf5Type::Class;

constexpr int kDeflate = 1, kShuffle = 2, kFletcher32 = 3;

class FileMaker {
 public:
  FileMaker(const SourceFile& source, const Hdf5Superblock& superblock, Hdf5Blocks& blocks)
      : source_(std::make_shared<const SourceFile>(source)),
        superblock_(superblock),
        blocks_(blocks),
        heap_(blocks),
        view_(read_hdf5_netcdf(blocks, heap_, superblock.root)) {}

  Hdf5File make() {
    FormatFile& file = result_.file;
    file.format = view_.is_classic_model ? "netCDF-4 classic model" : "netCDF-4";
    for (const auto& [id, dimension] : view_.dimensions) by_group_[dimension.group].push_back(id);
    for (std::size_t g = 0; g < view_.groups.size(); ++g) group(g);
    file.notes.insert(file.notes.end(), view_.notes.begin(), view_.notes.end());
    return std::move(result_);
  }

 private:
  void group(std::size_t g) {
    const Hdf5Group& from = view_.groups[g];
    result_.file.groups.emplace_back();
    FileGroup& into = result_.file.groups.back();
    into.path = from.path;
    for (const int id : by_group_[g]) {
      const Hdf5Dimension& dimension = view_.dimensions.at(id);
      into.dimensions.push_back({dimension.name, dimension.size, dimension.is_unlimited});
    }
    into.attributes =
        attributes(from.attributes, from.path.empty() ? "the file" : "group " + from.path);
    for (const Hdf5Variable& variable : from.variables) {
      in_context([&] { return "variable " + variable.name; },
                 [&] {
                   std::string obstacle;
                   into.variables.push_back(file_variable(variable, from.path, obstacle));
                   if (obstacle.empty()) return;
                   result_.elsewhere.push_back({g, into.variables.size() - 1, std::move(obstacle)});
                 });
    }
  }

  Attributes attributes(const std::vector<Hdf5Attribute>& from, const std::string& owner) {
    Attributes result;
    for (const Hdf5Attribute& attribute : from) {
      if (is_private_attribute(attribute.name)) continue;
      in_context([&] { return "attribute " + attribute.name; },
                 [&] {
                   if (const std::string refusal = refusal_of(attribute.type); !refusal.empty()) {
                     return leave_out(attribute.name, owner, refusal);
                   }
                   try {
                     result.set(attribute.name, hdf5_attribute_value(attribute, heap_));
                   } catch (const Error& error) {
                     if (error.kind() != ErrorKind::unsupported) throw;
                     leave_out(attribute.name, owner, error.message());
                   }
                 });
    }
    return result;
  }

  void leave_out(const std::string& name, const std::string& owner, const std::string& reason) {
    result_.file.notes.push_back(
        fmt::format("attribute {} of {} is left out: {}", name, owner, reason));
  }

  // "" for numbers, enums of them, and texts.
  std::string refusal_of(const Hdf5Type& type) const {
    if (type.is_number() || type.is_text) return "";
    if (type.cls == Class::enumeration && number_type(type)) return "";
    const std::string* name = view_.name_of(type);
    return fmt::format("values of {} type{}", describe_hdf5_type(type),
                       name == nullptr ? "" : " " + *name);
  }

  // What h5py makes of numpy's bool. An enum that has a name is netCDF's, which has no such thing.
  bool is_boolean(const Hdf5Type& type) const {
    return is_h5py_bool(type) && view_.name_of(type) == nullptr;
  }

  FileVariable file_variable(const Hdf5Variable& from, const std::string& path,
                             std::string& obstacle) {
    FileVariable variable;
    variable.name = from.name;
    for (const int id : from.dimensions) {
      const Hdf5Dimension& dimension = view_.dimensions.at(id);
      variable.dimensions.push_back(dimension.name);
      variable.shape.push_back(dimension.size);
    }
    variable.attributes = attributes(from.attributes, "variable " + from.name);
    Hdf5Dataset dataset;
    dataset.path = path.empty() ? from.name : path + "/" + from.name;
    try {
      place(from, dataset);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::unsupported) throw;
      obstacle = error.message();
      variable.encoding["storage"] = "other";
      variable.type = types::bytes(1);
      return variable;
    }
    storage(from, dataset, variable);
    if (refuse(from, path, variable)) return variable;
    type(from, dataset, variable);
    if (is_unusual(from.type)) {
      obstacle = fmt::format("{} values in an unusual layout", describe_hdf5_type(from.type));
    } else if (extents_agree(from, variable.shape, dataset, obstacle)) {
      reader(std::move(dataset), variable, obstacle);
    }
    return variable;
  }

  // Where the values are and what was done to them.
  void place(const Hdf5Variable& from, Hdf5Dataset& dataset) const {
    const Hdf5Object& object = from.object;
    const Hdf5Bytes& file = blocks_.file();
    if (from.space.is_null) throw Error(ErrorKind::unsupported, "a dataset without a dataspace");
    if (object.find(Hdf5MessageType::external_files) != nullptr) {
      throw Error(ErrorKind::unsupported, "values in external files");
    }
    dataset.element_size = static_cast<int>(from.type.size);
    dataset.layout = parse_hdf5_layout(required_message(object, Hdf5MessageType::layout).bytes,
                                       file, from.space, from.type.size);
    if (object.find(Hdf5MessageType::filters) != nullptr) {
      dataset.filters =
          parse_hdf5_filters(required_message(object, Hdf5MessageType::filters).bytes, file);
    }
    dataset.fill = read_hdf5_fill(object, file).value;
    if (!dataset.fill.empty() && dataset.fill.size() != from.type.size) {
      throw Error(ErrorKind::unsupported, fmt::format("a fill value of {} bytes for elements of {}",
                                                      dataset.fill.size(), from.type.size));
    }
    for (int d = 0; d < from.space.rank(); ++d) {
      dataset.shape.push_back(from.space.shape[static_cast<std::size_t>(d)]);
      dataset.max_shape.push_back(from.space.max[static_cast<std::size_t>(d)]);
    }
    check_size(from, dataset.layout);
  }

  static void check_size(const Hdf5Variable& from, const Hdf5Layout& layout) {
    if (layout.storage == Hdf5Layout::Storage::chunked) return;
    const std::int64_t bytes =
        checked_mul(from.space.count(), from.type.size, "the size of a dataset");
    const bool was_written =
        layout.storage == Hdf5Layout::Storage::compact || layout.address != kNoAddress;
    if (!was_written || layout.size >= static_cast<std::uint64_t>(bytes)) return;
    throw Error(ErrorKind::corrupt,
                fmt::format("{} bytes are stored for {} bytes of values", layout.size, bytes));
  }

  static void storage(const Hdf5Variable& from, const Hdf5Dataset& dataset,
                      FileVariable& variable) {
    using Storage = Hdf5Layout::Storage;
    Json& encoding = variable.encoding;
    const Storage storage = dataset.layout.storage;
    encoding["storage"] = storage == Storage::chunked   ? "chunked"
                          : storage == Storage::compact ? "compact"
                                                        : "contiguous";
    if (storage == Storage::chunked) {
      variable.chunks = dataset.layout.chunk;
      encoding["chunks"] =
          std::vector<std::int64_t>(variable.chunks->begin(), variable.chunks->end());
      filters(dataset.filters, encoding);
    }
    encoding["endian"] = from.type.is_number() && from.type.is_big_endian ? "big" : "little";
  }

  static void filters(const std::vector<Hdf5Filter>& filters, Json& encoding) {
    encoding["shuffle"] = false;
    encoding["deflate"] = 0;
    encoding["fletcher32"] = false;
    for (const Hdf5Filter& filter : filters) {
      if (filter.id == kShuffle) encoding["shuffle"] = true;
      if (filter.id == kFletcher32) encoding["fletcher32"] = true;
      if (filter.id == kDeflate) encoding["deflate"] = filter.values.empty() ? 0 : filter.values[0];
    }
    for (const Hdf5Filter& filter : filters) {
      if (filter.id == kDeflate || filter.id == kShuffle || filter.id == kFletcher32) continue;
      encoding["hdf5_filters"].push_back(filter.id);
    }
  }

  // What nobody reads: types without a form in arrays, chunks beyond all measure.
  bool refuse(const Hdf5Variable& from, const std::string& path, FileVariable& variable) const {
    std::string what, reason;
    if (const std::string refusal = refusal_of(from.type); !refusal.empty()) {
      what = reason = refusal;
    } else if (variable.chunks) {
      const std::int64_t element = from.type.is_text && from.type.size > 1
                                       ? types::string.size
                                       : static_cast<std::int64_t>(from.type.size);
      const std::int64_t bytes =
          checked_mul(volume(*variable.chunks), element, "the size of a chunk");
      if (bytes <= kLargestChunk) return false;
      what = "chunk";
      reason = fmt::format("a chunk {} of {} bytes (the limit is 2 GiB)",
                           to_string(*variable.chunks), bytes);
    } else {
      return false;
    }
    refuse_variable(variable, {nullptr, path, variable.name, -1, false, source_->path}, what,
                    reason);
    return true;
  }

  void type(const Hdf5Variable& from, Hdf5Dataset& dataset, FileVariable& variable) const {
    dataset.is_big_endian = from.type.is_big_endian;
    if (from.type.is_text) {
      const bool is_character = !from.type.is_variable_text() && from.type.size == 1;
      variable.type = is_character ? types::bytes(1) : types::string;
      dataset.text = is_character ? Hdf5Text::none : from.type.padding;
    } else if (is_boolean(from.type)) {
      variable.type = types::boolean;
    } else if (const std::optional<DataType> number = number_type(from.type)) {
      variable.type = *number;
    } else {
      variable.type = types::bytes(1);
    }
    if (from.type.cls == Class::enumeration && variable.type != types::boolean) {
      variable.encoding["enum"] = members(from.type);
    }
    dataset.type = variable.type;
  }

  static bool is_unusual(const Hdf5Type& type) { return !type.is_text && !number_type(type); }

  static Json members(const Hdf5Type& type) {
    Json table = Json::object();
    const DataType number = *number_type(type);
    for (const Hdf5Type::Member& member : type.members) {
      Bytes value = member.value;
      if (type.is_big_endian) std::reverse(value.begin(), value.end());
      visit_real(number,
                 [&](auto tag) { table[member.name] = load_le<decltype(tag)>(value.data()); });
    }
    return table;
  }

  // A record dimension may have grown by another variable: netCDF fills up what is missing. So do
  // we where that is the value which new chunks are filled with, too, and no chunk holds more than
  // the variable: what lies behind its end may be anything.
  bool extents_agree(const Hdf5Variable& from, const Shape& shape, Hdf5Dataset& dataset,
                     std::string& obstacle) const {
    const Shape stored = dataset.shape;
    if (shape == stored) return true;
    const Hdf5Layout& layout = dataset.layout;
    const bool fills_up = layout.storage == Hdf5Layout::Storage::chunked &&
                          !layout.leaves_partial_chunks_unfiltered &&
                          dataset.text == Hdf5Text::none && !dataset.fill.empty() &&
                          read_hdf5_fill(from.object, blocks_.file()).is_written;
    const auto grows_well = [&](int d) {
      const Hdf5Dimension& dimension =
          view_.dimensions.at(from.dimensions[static_cast<std::size_t>(d)]);
      return dimension.is_unlimited && stored[d] % layout.chunk[d] == 0;
    };
    bool is_sound = fills_up && contains(whole_box(shape), whole_box(stored));
    for (int d = 0; is_sound && d < shape.rank(); ++d) {
      is_sound = shape[d] == stored[d] || grows_well(d);
    }
    if (is_sound) {
      dataset.shape = shape;
      return true;
    }
    obstacle = fmt::format("{} values are stored of {}", to_string(stored), to_string(shape));
    return false;
  }

  void reader(Hdf5Dataset dataset, FileVariable& variable, std::string& obstacle) const {
    if (const std::optional<std::string> found = hdf5_obstacle(dataset)) {
      obstacle = *found;
    } else {
      const Hdf5Addressing addressing{superblock_.base, superblock_.offset_size,
                                      superblock_.length_size};
      variable.reader = hdf5_leaf_reader(source_, addressing, std::move(dataset));
    }
  }

  std::shared_ptr<const SourceFile> source_;
  const Hdf5Superblock& superblock_;
  Hdf5Blocks& blocks_;
  Hdf5GlobalHeap heap_;
  Hdf5Netcdf view_;
  std::map<std::size_t, std::vector<int>> by_group_;
  Hdf5File result_;
};

}  // namespace

std::optional<Hdf5File> open_hdf5(const SourceFile& source, std::unique_ptr<ValueReader> file) {
  const std::optional<Hdf5Superblock> superblock = find_hdf5_superblock(*file);
  if (!superblock) return std::nullopt;
  const Hdf5Bytes bytes(std::move(file), superblock->base, superblock->offset_size,
                        superblock->length_size);
  Hdf5Blocks blocks(bytes);
  return FileMaker(source, *superblock, blocks).make();
}

}  // namespace gridmill
