#include "gridmill/formats/netcdf_writer.h"

#include <fmt/format.h>
#include <netcdf.h>

#include <algorithm>
#include <array>
#include <limits>

#include "gridmill/array/array.h"
#include "gridmill/array/copy.h"
#include "gridmill/array/strings.h"
#include "gridmill/formats/netcdf_library.h"

namespace gridmill {
namespace {

// Attributes that CF wants in the type of the variable's values.
constexpr std::array kTypedLikeValues = {"_FillValue", "missing_value", "valid_min",
                                         "valid_max",  "valid_range",   "flag_values",
                                         "flag_masks", "actual_range"};

int nc_type_of(DataType type, const std::string& owner) {
  switch (type.kind) {
    case ScalarKind::boolean:
      return NC_BYTE;
    case ScalarKind::integer:
      return type.size == 1   ? NC_BYTE
             : type.size == 2 ? NC_SHORT
             : type.size == 4 ? NC_INT
                              : NC_INT64;
    case ScalarKind::unsigned_:
      return type.size == 1   ? NC_UBYTE
             : type.size == 2 ? NC_USHORT
             : type.size == 4 ? NC_UINT
                              : NC_UINT64;
    case ScalarKind::floating:
      if (type.size == 4) return NC_FLOAT;
      if (type.size == 8) return NC_DOUBLE;
      break;
    case ScalarKind::bytes:
      if (type.size == 1) return NC_CHAR;
      break;
    case ScalarKind::string:
      return NC_STRING;
    default:
      break;
  }
  throw Error(ErrorKind::unsupported,
              fmt::format("{} is {}, for which netCDF-4 has no type; leave it out with --drop",
                          owner, type.name()));
}

bool fits_int32(const std::vector<std::int64_t>& values) {
  return std::all_of(values.begin(), values.end(), [](std::int64_t v) {
    return v >= std::numeric_limits<std::int32_t>::min() &&
           v <= std::numeric_limits<std::int32_t>::max();
  });
}

// Writes attributes of one variable (or a group: variable NC_GLOBAL) under the lock.
class AttributeWriter {
 public:
  AttributeWriter(const NetcdfSession& session, int group, int variable,
                  std::optional<DataType> values_type)
      : session_(session), group_(group), variable_(variable), values_type_(values_type) {}

  void write(const std::string& name, const AttributeValue& value) {
    name_ = name;
    type_ = value.type();
    is_typed_like_values_ =
        values_type_ &&
        std::find(kTypedLikeValues.begin(), kTypedLikeValues.end(), name) != kTypedLikeValues.end();
    std::visit([&](const auto& held) { put(held); }, value.value());
  }

 private:
  void check(int status) const { session_.check(status, "attribute " + name_); }

  void put(const std::string& text) {
    if (is_typed_like_values_ && values_type_->is_string()) return put(std::vector{text});
    if (is_typed_like_values_ && values_type_->kind == ScalarKind::bytes) {
      const char character = text.empty() ? '\0' : text[0];
      return check(nc_put_att_text(group_, variable_, name_.c_str(), 1, &character));
    }
    if (is_typed_like_values_ && values_type_->is_numeric()) return put_named_number(text);
    check(nc_put_att_text(group_, variable_, name_.c_str(), text.size(), text.c_str()));
  }

  // Zarr's names of the numbers that JSON lacks.
  void put_named_number(const std::string& text) {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    if (text == "NaN") return put(std::vector{std::numeric_limits<double>::quiet_NaN()});
    if (text == "Infinity") return put(std::vector{kInfinity});
    if (text == "-Infinity") return put(std::vector{-kInfinity});
    if (name_ == "_FillValue") {
      throw Error(ErrorKind::unsupported, fmt::format("the fill value {} does not fit {} values",
                                                      text, values_type_->name()));
    }
    check(nc_put_att_text(group_, variable_, name_.c_str(), text.size(), text.c_str()));
  }

  void put(const std::vector<std::string>& texts) {
    std::vector<const char*> pointers;
    for (const std::string& text : texts) pointers.push_back(text.c_str());
    pointers.push_back(nullptr);
    check(nc_put_att_string(group_, variable_, name_.c_str(), texts.size(), pointers.data()));
  }

  void put(const std::vector<std::int64_t>& values) {
    DataType type = type_;
    if (is_number_like_values()) {
      type = stored_type();
    } else if (type == types::int64 && fits_int32(values)) {
      type = types::int32;
    }
    put_numbers(values, type);
  }
  void put(const std::vector<std::uint64_t>& values) {
    put_numbers(values, is_number_like_values() ? stored_type() : types::uint64);
  }
  void put(const std::vector<double>& values) {
    put_numbers(values, is_number_like_values() ? stored_type() : type_);
  }
  void put(const Json& value) { put(dump_json(value, -1)); }

  bool is_number_like_values() const {
    return is_typed_like_values_ &&
           (values_type_->is_real() || values_type_->kind == ScalarKind::boolean);
  }
  DataType stored_type() const {
    return values_type_->kind == ScalarKind::boolean ? types::int8 : *values_type_;
  }

  template <class From>
  void put_numbers(const std::vector<From>& values, DataType type) {
    std::vector<std::byte> raw(values.size() * static_cast<std::size_t>(type.size) + 1);
    visit_real(type, [&](auto tag) {
      using T = decltype(tag);
      for (std::size_t i = 0; i < values.size(); ++i) {
        store_le(raw.data() + i * sizeof(T), converted<T>(values[i]));
      }
    });
    const int nc_type = nc_type_of(type, "attribute " + name_);
    check(nc_put_att(group_, variable_, name_.c_str(), nc_type, values.size(), raw.data()));
  }

  template <class To, class From>
  To converted(From value) const {
    if constexpr (std::is_floating_point_v<To>) {
      return static_cast<To>(value);
    } else {
      // Back and forth gives the same number, or it does not fit.
      if constexpr (std::is_floating_point_v<From>) {
        if (!(value >= -9.2e18 && value <= 9.2e18)) refuse(value);
      }
      const To result = static_cast<To>(value);
      const bool sign_kept = (result < To{}) == (value < From{});
      if (static_cast<From>(result) != value || !sign_kept) refuse(value);
      return result;
    }
  }

  template <class From>
  [[noreturn]] void refuse(From value) const {
    throw Error(ErrorKind::unsupported,
                fmt::format("attribute {} has the value {}, which does not fit the variable's type "
                            "{}",
                            name_, value, values_type_ ? values_type_->name() : type_.name()));
  }

  const NetcdfSession& session_;
  int group_, variable_;
  std::optional<DataType> values_type_;
  std::string name_;
  DataType type_;
  bool is_typed_like_values_ = false;
};

std::string child_path(const std::string& group, const std::string& name) {
  return group.empty() ? name : group + "/" + name;
}

std::vector<int> dimension_ids(const NetcdfSession& session, int group,
                               const std::vector<std::string>& names) {
  std::vector<int> ids;
  for (const std::string& name : names) {
    int id = -1;
    session.check(nc_inq_dimid(group, name.c_str(), &id), "dimension " + name);  // looks upwards
    ids.push_back(id);
  }
  return ids;
}

// Chunks no longer than a fixed dimension, as libnetcdf demands.
std::vector<std::size_t> chunk_extents(const NetcdfSession& session, int group,
                                       const std::vector<int>& dimensions, const Shape& chunks) {
  std::vector<std::size_t> extents;
  for (std::size_t d = 0; d < dimensions.size(); ++d) {
    std::size_t size = 0;
    session.check(nc_inq_dimlen(group, dimensions[d], &size), "dimension");
    auto extent = static_cast<std::size_t>(chunks[static_cast<int>(d)]);
    if (size > 0) extent = std::min(extent, size);
    extents.push_back(extent);
  }
  return extents;
}

}  // namespace

NetcdfWriter::NetcdfWriter(const std::string& path) : path_(path) {
  NetcdfSession session;
  session.close_all_of(path);
  session.check(nc_create(path.c_str(), NC_NETCDF4 | NC_CLOBBER, &file_), "cannot create " + path);
  groups_[""] = file_;
}

NetcdfWriter::~NetcdfWriter() {
  if (file_ < 0) return;
  const NetcdfSession session;
  nc_close(file_);
}

int NetcdfWriter::group_id(const std::string& path) const {
  const auto at = groups_.find(path);
  if (at == groups_.end()) throw Error(ErrorKind::internal, "no group " + path + " in " + path_);
  return at->second;
}

void NetcdfWriter::add_group(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string parent = slash == std::string::npos ? "" : path.substr(0, slash);
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  const NetcdfSession session;
  int id = -1;
  session.check(nc_def_grp(group_id(parent), name.c_str(), &id), "group " + path);
  groups_[path] = id;
}

void NetcdfWriter::add_dimension(const std::string& group, const std::string& name,
                                 std::int64_t size, bool is_unlimited) {
  // netCDF takes a length of 0 for "unlimited", which is the only way to an empty dimension.
  const std::size_t length = is_unlimited ? NC_UNLIMITED : static_cast<std::size_t>(size);
  const NetcdfSession session;
  int id = -1;
  session.check(nc_def_dim(group_id(group), name.c_str(), length, &id), "dimension " + name);
}

void NetcdfWriter::add_variable(const NetcdfVariable& variable) {
  const std::string path = child_path(variable.group, variable.name);
  in_context(
      [&] { return "variable " + path; },
      [&] {
        const int nc_type = nc_type_of(variable.type, path);
        const int group = group_id(variable.group);
        const NetcdfSession session;
        const std::vector<int> dimensions = dimension_ids(session, group, variable.dimensions);
        int id = -1;
        session.check(nc_def_var(group, variable.name.c_str(), nc_type,
                                 static_cast<int>(dimensions.size()), dimensions.data(), &id),
                      "cannot define it");
        if (variable.chunks && !dimensions.empty()) {
          const std::vector<std::size_t> extents =
              chunk_extents(session, group, dimensions, *variable.chunks);
          session.check(nc_def_var_chunking(group, id, NC_CHUNKED, extents.data()), "chunks");
        }
        // The library would keep up to 64 MiB of every variable until the file is closed.
        session.check(nc_set_var_chunk_cache(group, id, 1, 1, 0.75F), "chunk cache");
        if (variable.deflate_level > 0 && variable.type.is_numeric() && !dimensions.empty()) {
          session.check(nc_def_var_deflate(group, id, 1, 1, variable.deflate_level), "compression");
        }
        AttributeWriter writer(session, group, id, variable.type);
        for (const auto& [name, value] : variable.attributes) writer.write(name, value);
        if (variable.type == types::boolean) {
          writer.write("dtype", AttributeValue::text("bool"));
        }
        variables_[path] = {group, id, variable.type};
      });
}

void NetcdfWriter::set_attributes(const std::string& group, const Attributes& attributes) {
  const NetcdfSession session;
  AttributeWriter writer(session, group_id(group), NC_GLOBAL, std::nullopt);
  for (const auto& [name, value] : attributes) writer.write(name, value);
}

void NetcdfWriter::put(const std::string& variable, const Box& box, const ArrayView& values) {
  const auto at = variables_.find(variable);
  if (at == variables_.end() || !(at->second.type == values.type)) {
    throw Error(ErrorKind::internal, fmt::format("no variable {} of type {} in {}", variable,
                                                 values.type.name(), path_));
  }
  if (box.is_empty()) return;
  std::vector<std::size_t> start(box.begin.begin(), box.begin.end());
  std::vector<std::size_t> count(box.shape.begin(), box.shape.end());
  start.push_back(0);  // a scalar has none, but the pointers must be good
  count.push_back(1);

  std::optional<Array> gathered;
  if (!values.is_contiguous()) {
    gathered.emplace(values.type, box.shape);
    copy_array(values, gathered->view());
  }
  const std::byte* data = gathered ? gathered->view().data : values.data;
  std::vector<std::string> texts;
  std::vector<const char*> pointers;
  if (values.type.is_string()) {
    for (std::int64_t i = 0; i < volume(box.shape); ++i) {
      StringRef ref;
      std::memcpy(&ref, data + i * static_cast<std::int64_t>(sizeof ref), sizeof ref);
      texts.emplace_back(ref.view());
    }
    for (const std::string& text : texts) pointers.push_back(text.c_str());
  }
  const void* source = values.type.is_string() ? static_cast<const void*>(pointers.data()) : data;
  const NetcdfSession session;
  session.check(nc_put_vara(at->second.group, at->second.id, start.data(), count.data(), source),
                fmt::format("cannot write {} {} to {}", variable, to_string(box), path_));
}

void NetcdfWriter::close() {
  const int file = file_;
  file_ = -1;
  const NetcdfSession session;
  session.check(nc_close(file), "cannot finish " + path_);
}

}  // namespace gridmill
