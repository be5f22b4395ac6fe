// hdf5_type.h: the type of the elements of a dataset or attribute, as the file describes it.
//
// All eleven classes are understood, so that what can't be read is refused by its name; those that
// Gridmill reads are numbers in the usual layouts, enums of them, and texts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gridmill/array/data_type.h"
#include "gridmill/formats/hdf5_layout.h"
#include "gridmill/formats/hdf5_object.h"

namespace gridmill {

struct Hdf5Type {
  enum class Class : int {
    integer = 0,
    floating = 1,
    time = 2,
    text = 3,  // of fixed size
    bitfield = 4,
    opaque = 5,
    compound = 6,
    reference = 7,
    enumeration = 8,
    variable_length = 9,
    array = 10,
    complex = 11,
  };
  struct Member {
    std::string name;
    std::uint64_t offset = 0;  // compound
    Bytes value;               // enumeration: as stored
    friend bool operator==(const Member& a, const Member& b) = default;
  };

  Class cls = Class::integer;
  std::uint32_t size = 0;  // of one element, in bytes
  bool is_big_endian = false;
  bool is_signed = false;
  // Integers that fill their bytes; floats as IEEE 754 has them.
  bool is_standard = false;
  bool is_text = false;  // fixed or variable length
  Hdf5Text padding = Hdf5Text::none;
  std::vector<Member> members;      // compound and enumeration
  std::vector<Hdf5Type> parts;      // types of the members; the base type
  std::vector<std::uint32_t> dims;  // array
  std::string tag;                  // opaque

  bool is_number() const noexcept { return cls == Class::integer || cls == Class::floating; }
  bool is_variable_text() const noexcept { return cls == Class::variable_length && is_text; }
};

// Of a datatype message. Throws Error(corrupt), or Error(unsupported) for versions above 5.
Hdf5Type parse_hdf5_type(ByteView message, const Hdf5Bytes& file);

// Of a message of an object, or of what a shared one refers to.
Hdf5Type read_hdf5_type(Hdf5Blocks& blocks, const Hdf5Message& message);

// In memory; nullopt unless it is a number in a standard layout, or an enum of one.
std::optional<DataType> number_type(const Hdf5Type& type);

// Whether it is the enum as which h5py stores numpy's bool: FALSE = 0 and TRUE = 1 in one byte.
bool is_h5py_bool(const Hdf5Type& type);

// "compound", "opaque", "3-byte integer", ... for messages.
std::string describe_hdf5_type(const Hdf5Type& type);

// Whether both look the same to a program, in its own byte order: what netCDF-C goes by when it
// looks for the name of a variable's type.
bool same_in_memory(const Hdf5Type& a, const Hdf5Type& b);

}  // namespace gridmill
