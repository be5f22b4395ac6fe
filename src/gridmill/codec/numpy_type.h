// numpy_type.h: data types as numcodecs writes them into the configuration of its filters: "<f4",
// "|u1", "float64", "i2".
//
// A filter's type says how the bytes it is given are to be seen, byte order included: in Zarr v2,
// filters work on bytes, and elements have the byte order that the one before left them in.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gridmill/array/data_type.h"
#include "gridmill/base/json.h"

namespace gridmill {

struct NumpyType {
  DataType type;
  bool is_big_endian = false;

  bool swaps() const noexcept { return is_big_endian && type.swap_unit() > 1; }
  friend bool operator==(const NumpyType& a, const NumpyType& b) noexcept {
    return a.type == b.type && a.swaps() == b.swaps();
  }
};

// "<f4", "u1", "float64", "?": numbers, booleans, "<U7", "|S3", "|O" (strings). Nothing for others.
std::optional<NumpyType> parse_numpy_type(std::string_view text);
// What stands in a configuration. Error(unsupported) that names codec, member and type where that
// is none of these, Error(corrupt) if there is no such member.
NumpyType numpy_type_from(const Json& configuration, std::string_view member,
                          std::string_view codec);
// The same, `otherwise` if the member is absent or null.
NumpyType numpy_type_from(const Json& configuration, std::string_view member,
                          std::string_view codec, const NumpyType& otherwise);
// "<f4", "|u1".
std::string to_string(const NumpyType& type);
// "<f4" whatever the byte order: that of memory, as v3's codecs see elements.
std::string little_name(DataType type);

// Error(unsupported) unless elements of type `given` can be seen as elements of type `view`: both
// have the same size, and neither is a variable-length string.
void check_view(DataType given, DataType view, std::string_view codec);

}  // namespace gridmill
