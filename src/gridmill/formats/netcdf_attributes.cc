#include "gridmill/formats/netcdf_attributes.h"

#include <fmt/format.h>
#include <netcdf.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

#include "gridmill/formats/utf8_text.h"

namespace gridmill {
namespace {

// The last four are hidden by libnetcdf itself.
constexpr std::array<std::string_view, 14> kPrivate = {"_NCProperties",
                                                       "_Netcdf4Coordinates",
                                                       "_Netcdf4Dimid",
                                                       "_nc3_strict",
                                                       "CLASS",
                                                       "NAME",
                                                       "REFERENCE_LIST",
                                                       "DIMENSION_LIST",
                                                       "_IsNetcdf4",
                                                       "_SuperblockVersion",
                                                       "_ARRAY_DIMENSIONS",
                                                       "_Codecs",
                                                       "_Format",
                                                       "_NCZARR_ATTR"};

std::optional<DataType> atomic_type(int nc_type) {
  switch (nc_type) {
    case NC_BYTE:
      return types::int8;
    case NC_UBYTE:
      return types::uint8;
    case NC_SHORT:
      return types::int16;
    case NC_USHORT:
      return types::uint16;
    case NC_INT:
      return types::int32;
    case NC_UINT:
      return types::uint32;
    case NC_INT64:
      return types::int64;
    case NC_UINT64:
      return types::uint64;
    case NC_FLOAT:
      return types::float32;
    case NC_DOUBLE:
      return types::float64;
    default:
      return std::nullopt;
  }
}

template <class To, class From>
std::vector<To> widened(ByteView raw) {
  std::vector<To> values;
  values.reserve(raw.size() / sizeof(From));
  for (std::size_t at = 0; at < raw.size(); at += sizeof(From)) {
    values.push_back(static_cast<To>(load_le<From>(raw.data() + at)));
  }
  return values;
}

AttributeValue string_attribute(const NetcdfSession& session, int group, int variable,
                                const std::string& name, std::size_t length) {
  std::vector<char*> pointers(length + 1, nullptr);
  session.check(nc_get_att_string(group, variable, name.c_str(), pointers.data()),
                "attribute " + name);
  const auto release = [length](char** texts) { nc_free_string(length, texts); };
  const std::unique_ptr<char*, decltype(release)> owner(pointers.data(), release);
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < length; ++i) {
    texts.push_back(with_valid_utf8(pointers[i] == nullptr ? "" : pointers[i]));
  }
  if (length == 1) return AttributeValue::text(std::move(texts[0]));
  return AttributeValue::texts(std::move(texts));
}

AttributeValue text_attribute(const NetcdfSession& session, int group, int variable,
                              const std::string& name, std::size_t length) {
  std::string text(length, '\0');
  session.check(nc_get_att_text(group, variable, name.c_str(), text.data()), "attribute " + name);
  return netcdf_text(name, text);
}

}  // namespace

bool is_private_attribute(std::string_view name) noexcept {
  return std::find(kPrivate.begin(), kPrivate.end(), name) != kPrivate.end();
}

void check_attribute_count(const std::string& owner, std::int64_t count) {
  if (count <= kMaxAttributes) return;
  throw Error(ErrorKind::unsupported,
              fmt::format("{} has {} attributes (the limit is {})", owner, count, kMaxAttributes));
}

AttributeValue netcdf_numbers(DataType type, ByteView raw) {
  AttributeValue value;
  visit_real(type, [&](auto tag) {
    using T = decltype(tag);
    if constexpr (std::is_floating_point_v<T>) {
      value = AttributeValue::floats(type, widened<double, T>(raw));
    } else if constexpr (std::is_same_v<T, std::uint64_t>) {
      value = AttributeValue::unsigned_integers(widened<std::uint64_t, T>(raw));
    } else {
      value = AttributeValue::integers(type, widened<std::int64_t, T>(raw));
    }
  });
  return value;
}

AttributeValue netcdf_text(std::string_view name, std::string_view raw) {
  std::string text(raw);
  std::erase(text, '\0');
  return AttributeValue::text(name == "_FillValue" ? std::move(text) : with_valid_utf8(text));
}

DataType netcdf_number_type(const NetcdfSession& session, int group, int nc_type) {
  if (const auto type = atomic_type(nc_type)) return *type;
  int base = 0, kind = 0;
  char name[NC_MAX_NAME + 1] = {};
  if (nc_type > NC_MAX_ATOMIC_TYPE) {
    session.check(nc_inq_user_type(group, nc_type, name, nullptr, &base, nullptr, &kind), "a type");
    if (kind == NC_ENUM) return netcdf_number_type(session, group, base);
  }
  const std::string_view what = kind == NC_COMPOUND ? "compound"
                                : kind == NC_OPAQUE ? "opaque"
                                : kind == NC_VLEN   ? "variable-length"
                                                    : "unknown";
  throw Error(ErrorKind::unsupported, fmt::format("values of {} type {}", what, name));
}

Attributes read_netcdf_attributes(const NetcdfSession& session, int group, int variable,
                                  const std::string& owner, std::vector<std::string>& notes) {
  int count = 0;
  session.check(nc_inq_varnatts(group, variable, &count), "attributes of " + owner);
  check_attribute_count(owner, count);
  Attributes attributes;
  for (int i = 0; i < count; ++i) {
    char raw_name[NC_MAX_NAME + 1] = {};
    session.check(nc_inq_attname(group, variable, i, raw_name), "attributes of " + owner);
    const std::string name = raw_name;
    if (is_private_attribute(name)) continue;
    int type = 0;
    std::size_t length = 0;
    session.check(nc_inq_att(group, variable, raw_name, &type, &length), "attribute " + name);
    if (type == NC_CHAR) {
      attributes.set(name, text_attribute(session, group, variable, name, length));
    } else if (type == NC_STRING) {
      attributes.set(name, string_attribute(session, group, variable, name, length));
    } else {
      try {
        const DataType number = netcdf_number_type(session, group, type);
        const std::size_t bytes = length * static_cast<std::size_t>(number.size);
        std::vector<std::byte> raw(bytes + 1);  // the library wants a pointer even for nothing
        session.check(nc_get_att(group, variable, raw_name, raw.data()), "attribute " + name);
        attributes.set(name, netcdf_numbers(number, ByteView(raw).first(bytes)));
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::unsupported) throw;
        notes.push_back(
            fmt::format("attribute {} of {} is left out: {}", name, owner, error.message()));
      }
    }
  }
  return attributes;
}

}  // namespace gridmill
