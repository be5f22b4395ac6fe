// data_type.h: what one element of an array is.
//
// In memory every element has a fixed size and the host's byte order. Variable-length strings and
// blobs are held as a StringRef (strings.h) whose bytes live in an arena of the task or array.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace gridmill {

enum class ScalarKind : std::uint8_t {
  boolean,
  integer,  // signed
  unsigned_,
  floating,
  complex,
  bytes,    // fixed number of bytes, NUL-padded (netCDF char is bytes(1))
  unicode,  // fixed number of UCS-4 code points, size = 4 x length
  string,   // variable-length UTF-8
  blob,     // variable-length bytes, held as string is
};

struct DataType {
  ScalarKind kind = ScalarKind::floating;
  std::int32_t size = 4;  // bytes an element occupies in memory

  friend bool operator==(const DataType&, const DataType&) = default;

  // "bool", "int16", "uint8", "float32", "complex64", "bytes(3)", "unicode(4)", "string", "blob".
  std::string name() const;
  bool is_numeric() const noexcept { return kind <= ScalarKind::complex; }
  bool is_real() const noexcept {
    return kind >= ScalarKind::integer && kind <= ScalarKind::floating;
  }
  bool is_integer() const noexcept {
    return kind == ScalarKind::integer || kind == ScalarKind::unsigned_;
  }
  bool is_floating() const noexcept { return kind == ScalarKind::floating; }
  // Of variable length: in memory a StringRef.
  bool is_string() const noexcept { return kind >= ScalarKind::string; }
  // The unit in which byte order matters: 4 for complex64 and unicode, 1 for bytes.
  std::int32_t swap_unit() const noexcept;
};

namespace types {
inline constexpr DataType boolean{ScalarKind::boolean, 1};
inline constexpr DataType int8{ScalarKind::integer, 1};
inline constexpr DataType int16{ScalarKind::integer, 2};
inline constexpr DataType int32{ScalarKind::integer, 4};
inline constexpr DataType int64{ScalarKind::integer, 8};
inline constexpr DataType uint8{ScalarKind::unsigned_, 1};
inline constexpr DataType uint16{ScalarKind::unsigned_, 2};
inline constexpr DataType uint32{ScalarKind::unsigned_, 4};
inline constexpr DataType uint64{ScalarKind::unsigned_, 8};
inline constexpr DataType float16{ScalarKind::floating, 2};
inline constexpr DataType float32{ScalarKind::floating, 4};
inline constexpr DataType float64{ScalarKind::floating, 8};
inline constexpr DataType complex64{ScalarKind::complex, 8};
inline constexpr DataType complex128{ScalarKind::complex, 16};
inline constexpr DataType string{ScalarKind::string, 16};
inline constexpr DataType blob{ScalarKind::blob, 16};
constexpr DataType bytes(std::int32_t n) { return {ScalarKind::bytes, n}; }
constexpr DataType unicode(std::int32_t length) { return {ScalarKind::unicode, 4 * length}; }
}  // namespace types

// The inverse of DataType::name() for numeric and string types; throws Error(unsupported).
DataType data_type_from_name(std::string_view name);

// Calls `visit(T{})` with the C++ type of a real (integer or floating, float16 excepted) or boolean
// data type: bool as std::uint8_t. Returns false, without a call, for every other type.
template <class Visit>
bool visit_real(DataType type, Visit&& visit) {
  switch (type.kind) {
    case ScalarKind::boolean:
      visit(std::uint8_t{});
      return true;
    case ScalarKind::integer:
      if (type.size == 1) visit(std::int8_t{});
      if (type.size == 2) visit(std::int16_t{});
      if (type.size == 4) visit(std::int32_t{});
      if (type.size == 8) visit(std::int64_t{});
      return true;
    case ScalarKind::unsigned_:
      if (type.size == 1) visit(std::uint8_t{});
      if (type.size == 2) visit(std::uint16_t{});
      if (type.size == 4) visit(std::uint32_t{});
      if (type.size == 8) visit(std::uint64_t{});
      return true;
    case ScalarKind::floating:
      if (type.size == 4) visit(float{});
      if (type.size == 8) visit(double{});
      return type.size != 2;
    default:
      return false;
  }
}

}  // namespace gridmill
