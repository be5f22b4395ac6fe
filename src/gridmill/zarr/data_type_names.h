// data_type_names.h: data types as Zarr spells them.
//
// What an element is in memory is a DataType. Where that doesn't say all that Zarr says (the unit
// of a datetime64, the members of a record, that fixed bytes are raw), the *document* does: v3's
// `data_type` or v2's `dtype`, as it was read but for v2's byte order, which the codecs keep. It is
// null where the DataType says it all, and is kept when an array is written anew.
//
// In memory: datetime64 and timedelta64 are int64 (NaT is the lowest), raw bytes and records
// bytes(N), a record's members in the order and packing of the document; bfloat16 and the small
// floats and integers are wider numbers (codec/narrow_type.h), their document is their name.
#pragma once

#include <optional>
#include <string>

#include "gridmill/array/data_type.h"
#include "gridmill/base/json.h"
#include "gridmill/codec/narrow_type.h"

namespace gridmill {

struct ZarrType {
  DataType type;
  Json document;               // of the format that was read, null if `type` says it all
  bool is_big_endian = false;  // v2: of the whole element
};

// "<f4", "|S3", "|O", "<M8[ns]", "|V4", a list of members. `filters` tell what an object is.
// Error(unsupported) names what can't be read.
ZarrType data_type_from_v2(const Json& dtype, const Json& filters = nullptr);
Json data_type_to_v2(DataType type, const Json& document, bool is_big_endian);

// "float32", or {"name": "fixed_length_utf32", "configuration": {"length_bytes": 12}}.
ZarrType data_type_from_v3(const Json& data_type);
Json data_type_to_v3(DataType type, const Json& document);

// The document that means the same in the other format; null where memory's type is written
// instead, which holds each value. Error(unsupported), by name, where that has no such type.
Json document_across(DataType type, const Json& document, int from_format, int to_format);

// For people: the document's name ("numpy.datetime64[ns]"), or the type's.
std::string spelled_name(DataType type, const Json& document);

// datetime64 or timedelta64, whose fill value may be "NaT".
bool is_time_document(const Json& document);
// The narrow type that is stored, if it is one.
std::optional<NarrowType> narrow_of(const Json& document);
// v3's "r24": the specification has a list of bytes for its fill value, all others base64.
bool is_raw_bits(const Json& document);

}  // namespace gridmill
