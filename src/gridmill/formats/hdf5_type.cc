#include "gridmill/formats/hdf5_type.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "gridmill/base/error.h"

namespace gridmill {
namespace {

using Class = Hdf5Type::Class;

constexpr int kMaxDepth = 32;
constexpr std::uint32_t kMaxSize = 1U << 30;

struct FloatLayout {
  unsigned sign, exponent, exponent_size, mantissa_size, bias;
};

std::optional<FloatLayout> ieee(std::uint32_t size) {
  if (size == 2) return FloatLayout{15, 10, 5, 10, 15};
  if (size == 4) return FloatLayout{31, 23, 8, 23, 127};
  if (size == 8) return FloatLayout{63, 52, 11, 52, 1023};
  return std::nullopt;
}

class TypeParser {
 public:
  explicit TypeParser(Hdf5Cursor& cursor) : cursor_(cursor) {}

  Hdf5Type parse(int depth) {
    if (depth > kMaxDepth) throw Error(ErrorKind::corrupt, "a datatype nested 32 deep");
    const std::uint8_t head = cursor_.u8();
    const int version = head >> 4, cls = head & 15;
    if (version < 1 || version > 5 || cls > static_cast<int>(Class::complex)) {
      throw Error(ErrorKind::unsupported,
                  fmt::format("a datatype of class {}, version {}", cls, version));
    }
    Hdf5Type type;
    type.cls = static_cast<Class>(cls);
    const auto bits = static_cast<std::uint32_t>(cursor_.uint(3));
    type.size = cursor_.u32();
    if (type.size == 0 || type.size > kMaxSize) {
      throw Error(ErrorKind::corrupt, fmt::format("elements of {} bytes", type.size));
    }
    properties(type, version, bits, depth);
    return type;
  }

 private:
  void properties(Hdf5Type& type, int version, std::uint32_t bits, int depth) {
    switch (type.cls) {
      case Class::integer:
      case Class::bitfield:
        return integer(type, bits);
      case Class::floating:
        return floating(type, bits);
      case Class::time:
        cursor_.skip(2);
        return;
      case Class::text:
        type.is_text = true;
        type.padding = padding(bits & 15);
        return;
      case Class::opaque:
        type.tag = as_text(cursor_.take(bits & 0xff));
        type.tag = type.tag.c_str();  // without padding
        return;
      case Class::compound:
        return compound(type, version, bits & 0xffff, depth);
      case Class::reference:
        return;
      case Class::enumeration:
        return enumeration(type, version, bits & 0xffff, depth);
      case Class::variable_length:
        type.is_text = (bits & 15) == 1;
        if (type.is_text) type.padding = Hdf5Text::variable;
        type.parts.push_back(parse(depth + 1));
        return;
      case Class::array:
        return array(type, version, depth);
      case Class::complex:
        type.parts.push_back(parse(depth + 1));
        return;
    }
  }

  static Hdf5Text padding(std::uint32_t code) {
    if (code == 0) return Hdf5Text::null_terminated;
    if (code == 1) return Hdf5Text::null_padded;
    if (code == 2) return Hdf5Text::space_padded;
    throw Error(ErrorKind::corrupt, fmt::format("texts with padding {}", code));
  }

  void integer(Hdf5Type& type, std::uint32_t bits) {
    type.is_big_endian = (bits & 1) != 0;
    type.is_signed = (bits & 8) != 0;
    const std::uint32_t shift = cursor_.u16(), precision = cursor_.u16();
    const bool is_usual = type.size == 1 || type.size == 2 || type.size == 4 || type.size == 8;
    type.is_standard = is_usual && shift == 0 && precision == 8 * type.size;
  }

  void floating(Hdf5Type& type, std::uint32_t bits) {
    constexpr std::uint32_t kVax = 1 << 6, kImpliedBit = 2;
    type.is_signed = true;
    type.is_big_endian = (bits & 1) != 0;
    const std::uint32_t sign = bits >> 8 & 0xff, normalization = bits >> 4 & 3;
    const std::uint32_t shift = cursor_.u16(), precision = cursor_.u16();
    const unsigned exponent = cursor_.u8(), exponent_size = cursor_.u8();
    const unsigned mantissa = cursor_.u8(), mantissa_size = cursor_.u8();
    const std::uint32_t bias = cursor_.u32();
    const std::optional<FloatLayout> usual = ieee(type.size);
    type.is_standard = usual && (bits & kVax) == 0 && normalization == kImpliedBit && shift == 0 &&
                       precision == 8 * type.size && sign == usual->sign &&
                       exponent == usual->exponent && exponent_size == usual->exponent_size &&
                       mantissa == 0 && mantissa_size == usual->mantissa_size &&
                       bias == usual->bias;
  }

  // NUL-terminated; up to version 2 padded to a multiple of eight.
  std::string name(int version) {
    std::string text;
    std::size_t taken = 0;
    for (char c = letter(taken); c != '\0'; c = letter(taken)) text += c;
    if (version < 3 && taken % 8 != 0) cursor_.skip(8 - taken % 8);
    return text;
  }
  char letter(std::size_t& taken) {
    ++taken;
    return static_cast<char>(cursor_.u8());
  }

  void compound(Hdf5Type& type, int version, std::uint32_t count, int depth) {
    int offset_bytes = 4;
    if (version >= 3) {
      offset_bytes = type.size < 1U << 8    ? 1
                     : type.size < 1U << 16 ? 2
                     : type.size < 1U << 24 ? 3
                                            : 4;
    }
    for (std::uint32_t i = 0; i < count; ++i) {
      Hdf5Type::Member member;
      member.name = name(version);
      member.offset = cursor_.uint(offset_bytes);
      std::vector<std::uint32_t> dims;
      if (version == 1) dims = old_dimensions();
      Hdf5Type part = parse(depth + 1);
      if (!dims.empty()) part = array_of(std::move(part), std::move(dims));
      type.members.push_back(std::move(member));
      type.parts.push_back(std::move(part));
    }
  }

  std::vector<std::uint32_t> old_dimensions() {
    const int rank = cursor_.u8();
    if (rank > 4) throw Error(ErrorKind::corrupt, "a member of more than 4 dimensions");
    cursor_.skip(11);
    std::vector<std::uint32_t> dims;
    for (int d = 0; d < 4; ++d) {
      const std::uint32_t extent = cursor_.u32();
      if (d < rank) dims.push_back(extent);
    }
    return dims;
  }

  static Hdf5Type array_of(Hdf5Type base, std::vector<std::uint32_t> dims) {
    Hdf5Type type;
    type.cls = Class::array;
    type.size = base.size;
    type.dims = std::move(dims);
    type.parts.push_back(std::move(base));
    return type;
  }

  void enumeration(Hdf5Type& type, int version, std::uint32_t count, int depth) {
    type.parts.push_back(parse(depth + 1));
    type.is_big_endian = type.parts[0].is_big_endian;
    if (type.parts[0].size != type.size) {
      throw Error(ErrorKind::corrupt, fmt::format("an enum of {} bytes whose values have {}",
                                                  type.size, type.parts[0].size));
    }
    for (std::uint32_t i = 0; i < count; ++i) type.members.push_back({name(version), 0, {}});
    for (Hdf5Type::Member& member : type.members) {
      const ByteView value = cursor_.take(type.parts[0].size);
      member.value.assign(value.begin(), value.end());
    }
  }

  void array(Hdf5Type& type, int version, int depth) {
    const int rank = cursor_.u8();
    if (version < 3) cursor_.skip(3);
    for (int d = 0; d < rank; ++d) type.dims.push_back(cursor_.u32());
    if (version < 3) cursor_.skip(4 * static_cast<std::uint64_t>(rank));
    type.parts.push_back(parse(depth + 1));
  }

  Hdf5Cursor& cursor_;
};

bool same_parts(const Hdf5Type& a, const Hdf5Type& b) {
  return std::equal(a.parts.begin(), a.parts.end(), b.parts.begin(), b.parts.end(), same_in_memory);
}

bool same_names(const Hdf5Type& a, const Hdf5Type& b) {
  const auto same = [](const auto& x, const auto& y) { return x.name == y.name; };
  return std::equal(a.members.begin(), a.members.end(), b.members.begin(), b.members.end(), same);
}

Bytes little_endian(const Hdf5Type& type, Bytes value) {
  if (type.is_big_endian) std::reverse(value.begin(), value.end());
  return value;
}

bool same_values(const Hdf5Type& a, const Hdf5Type& b) {
  for (std::size_t i = 0; i < a.members.size(); ++i) {
    if (little_endian(a, a.members[i].value) != little_endian(b, b.members[i].value)) return false;
  }
  return true;
}

}  // namespace

Hdf5Type parse_hdf5_type(ByteView message, const Hdf5Bytes& file) {
  Hdf5Cursor cursor(message, file);
  return in_context([] { return std::string("a datatype"); },
                    [&] { return TypeParser(cursor).parse(0); });
}

Hdf5Type read_hdf5_type(Hdf5Blocks& blocks, const Hdf5Message& message) {
  if (!message.is_shared) return parse_hdf5_type(message.bytes, blocks.file());
  const std::uint64_t address = shared_hdf5_address(blocks, message.bytes);
  const Hdf5Object named = read_hdf5_object(blocks, address);
  return parse_hdf5_type(required_message(named, Hdf5MessageType::datatype).bytes, blocks.file());
}

std::optional<DataType> number_type(const Hdf5Type& type) {
  if (type.cls == Class::enumeration) return number_type(type.parts[0]);
  if (!type.is_standard) return std::nullopt;
  const auto size = static_cast<std::int32_t>(type.size);
  if (type.cls == Class::floating) return DataType{ScalarKind::floating, size};
  if (type.cls != Class::integer) return std::nullopt;
  return DataType{type.is_signed ? ScalarKind::integer : ScalarKind::unsigned_, size};
}

bool is_h5py_bool(const Hdf5Type& type) {
  if (type.cls != Hdf5Type::Class::enumeration || number_type(type) != types::int8) return false;
  const std::vector<Hdf5Type::Member>& members = type.members;
  return members.size() == 2 && members[0].name == "FALSE" && members[1].name == "TRUE" &&
         members[0].value == Bytes{std::byte{0}} && members[1].value == Bytes{std::byte{1}};
}

std::string describe_hdf5_type(const Hdf5Type& type) {
  switch (type.cls) {
    case Class::integer:
      return fmt::format("{}-byte integer", type.size);
    case Class::floating:
      return fmt::format("{}-byte floating-point", type.size);
    case Class::time:
      return "time";
    case Class::text:
      return "text";
    case Class::bitfield:
      return "bitfield";
    case Class::opaque:
      return "opaque";
    case Class::compound:
      return "compound";
    case Class::reference:
      return "reference";
    case Class::enumeration:
      return "enum";
    case Class::variable_length:
      return "variable-length";
    case Class::array:
      return "array";
    case Class::complex:
      return "complex";
  }
  return "unknown";
}

bool same_in_memory(const Hdf5Type& a, const Hdf5Type& b) {
  if (a.cls != b.cls || a.is_text != b.is_text || a.dims != b.dims || a.tag != b.tag) return false;
  const bool is_composed = a.cls == Class::compound || a.cls == Class::variable_length;
  if (!is_composed && a.size != b.size) return false;
  if (a.is_signed != b.is_signed || a.padding != b.padding) return false;
  if (!same_names(a, b) || !same_parts(a, b)) return false;
  return a.cls != Class::enumeration || same_values(a, b);
}

}  // namespace gridmill
