#include "gridmill/codec/numpy_type.h"

#include <fmt/format.h>

#include <array>
#include <limits>
#include <optional>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"

namespace gridmill {
namespace {

constexpr std::array kNumbers{types::boolean,   types::int8,      types::int16,   types::int32,
                              types::int64,     types::uint8,     types::uint16,  types::uint32,
                              types::uint64,    types::float16,   types::float32, types::float64,
                              types::complex64, types::complex128};

char kind_letter(ScalarKind kind) {
  switch (kind) {
    case ScalarKind::boolean:
      return 'b';
    case ScalarKind::integer:
      return 'i';
    case ScalarKind::unsigned_:
      return 'u';
    case ScalarKind::floating:
      return 'f';
    case ScalarKind::complex:
      return 'c';
    case ScalarKind::bytes:
      return 'S';
    case ScalarKind::unicode:
      return 'U';
    default:
      return 'O';
  }
}

// "f4", "U7": a letter and a size.
std::optional<DataType> lettered(std::string_view text) {
  if (text == "?") return types::boolean;
  if (text == "O" || text == "object") return types::string;
  if (text.size() < 2 || text.size() > 11) return std::nullopt;
  if (text.find_first_not_of("0123456789", 1) != std::string_view::npos) return std::nullopt;
  const std::int64_t number = parse_int(text.substr(1));
  const int unit = text[0] == 'U' ? 4 : 1;
  if (number < 1 || number > std::numeric_limits<std::int32_t>::max() / unit) return std::nullopt;
  const auto size = static_cast<std::int32_t>(number);
  if (text[0] == 'U') return types::unicode(size);
  if (text[0] == 'S') return types::bytes(size);
  for (const DataType type : kNumbers) {
    if (kind_letter(type.kind) == text[0] && type.size == size) return type;
  }
  return std::nullopt;
}

}  // namespace

std::optional<NumpyType> parse_numpy_type(std::string_view text) {
  for (const DataType type : kNumbers) {
    if (type.name() == text) return NumpyType{type, false};
  }
  if (text.empty()) return std::nullopt;
  const bool has_order = std::string_view("<>|=").find(text[0]) != std::string_view::npos;
  const auto type = lettered(has_order ? text.substr(1) : text);
  if (!type) return std::nullopt;
  return NumpyType{*type, text[0] == '>' && type->swap_unit() > 1};
}

NumpyType numpy_type_from(const Json& configuration, std::string_view member,
                          std::string_view codec) {
  const std::string text = json_string(configuration, member, codec);
  if (const auto type = parse_numpy_type(text)) return *type;
  throw Error(ErrorKind::unsupported,
              fmt::format("{}: the {} \"{}\" is not supported; numbers, booleans and fixed strings "
                          "are",
                          codec, member, text));
}

NumpyType numpy_type_from(const Json& configuration, std::string_view member,
                          std::string_view codec, const NumpyType& otherwise) {
  if (!configuration.is_object()) return otherwise;
  const auto found = configuration.find(std::string(member));
  if (found == configuration.end() || found->is_null()) return otherwise;
  return numpy_type_from(configuration, member, codec);
}

std::string to_string(const NumpyType& numpy) {
  if (numpy.type.is_string()) return "|O";
  const char order = numpy.type.swap_unit() == 1 ? '|' : numpy.is_big_endian ? '>' : '<';
  const int size = numpy.type.kind == ScalarKind::unicode ? numpy.type.size / 4 : numpy.type.size;
  return fmt::format("{}{}{}", order, kind_letter(numpy.type.kind), size);
}

std::string little_name(DataType type) { return to_string(NumpyType{type, false}); }

void check_view(DataType given, DataType view, std::string_view codec) {
  if (given == view) return;
  if (given.size == view.size && !given.is_string() && !view.is_string()) return;
  throw Error(ErrorKind::unsupported,
              fmt::format("codec {} is configured for {}, the elements are {}", codec, view.name(),
                          given.name()));
}

}  // namespace gridmill
