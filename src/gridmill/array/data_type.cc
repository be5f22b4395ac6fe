#include "gridmill/array/data_type.h"

#include <fmt/format.h>

#include <array>

#include "gridmill/base/error.h"

namespace gridmill {

std::string DataType::name() const {
  switch (kind) {
    case ScalarKind::boolean:
      return "bool";
    case ScalarKind::integer:
      return fmt::format("int{}", 8 * size);
    case ScalarKind::unsigned_:
      return fmt::format("uint{}", 8 * size);
    case ScalarKind::floating:
      return fmt::format("float{}", 8 * size);
    case ScalarKind::complex:
      return fmt::format("complex{}", 8 * size);
    case ScalarKind::bytes:
      return fmt::format("bytes({})", size);
    case ScalarKind::unicode:
      return fmt::format("unicode({})", size / 4);
    case ScalarKind::string:
      return "string";
    case ScalarKind::blob:
      return "blob";
  }
  return "?";
}

std::int32_t DataType::swap_unit() const noexcept {
  switch (kind) {
    case ScalarKind::complex:
      return size / 2;
    case ScalarKind::unicode:
      return 4;
    case ScalarKind::boolean:
    case ScalarKind::bytes:
    case ScalarKind::string:
    case ScalarKind::blob:
      return 1;
    default:
      return size;
  }
}

DataType data_type_from_name(std::string_view name) {
  static constexpr std::array kNamed{
      types::boolean,   types::int8,       types::int16,   types::int32,
      types::int64,     types::uint8,      types::uint16,  types::uint32,
      types::uint64,    types::float16,    types::float32, types::float64,
      types::complex64, types::complex128, types::string,  types::blob};
  for (const DataType& type : kNamed) {
    if (type.name() == name) return type;
  }
  throw Error(ErrorKind::unsupported, fmt::format("data type \"{}\" is not supported", name));
}

}  // namespace gridmill
