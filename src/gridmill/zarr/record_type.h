// record_type.h: the members of a record, v2's structured dtypes and v3's `struct` and
// `structured`.
//
// Records are bytes here, in little-endian order (codec/record_order.h), and copied as they are:
// their members are looked at to know the size of an element, to translate a fill value, and to
// write the type in the other format. Sub-arrays and nested records are members like others.
#pragma once

#include <vector>

#include "gridmill/array/box.h"
#include "gridmill/codec/record_order.h"
#include "gridmill/zarr/data_type_names.h"

namespace gridmill {

struct RecordMember {
  std::string name;
  ZarrType type;
  Shape shape;  // of a sub-array; rank 0 for a single element
  std::int64_t offset = 0;
  std::int64_t size() const;
};

// True for a document of a record, in either format.
bool is_record(const Json& document);
// Error(unsupported) for a member without a fixed size, Error(corrupt) for a broken list.
std::vector<RecordMember> record_members(const Json& document);
std::int64_t record_size(const std::vector<RecordMember>& members);
// True if the byte order of any member matters, in whatever depth.
bool has_byte_order(const std::vector<RecordMember>& members);

// Which numbers of a record are big-endian, in whatever depth.
std::vector<TurnedNumbers> big_endian_numbers(const std::vector<RecordMember>& members);
// v2's document with every member in little-endian order.
Json in_little_order(Json document);

// The same record in the other format; v3's is called "structured", as zarr-python has it.
// Error(unsupported) for big-endian members and sub-arrays, for which v3 has no spelling.
Json record_to_v2(const std::vector<RecordMember>& members);
Json record_to_v3(const std::vector<RecordMember>& members);

}  // namespace gridmill
