#include "gridmill/codec/object_rows.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "gridmill/base/error.h"
#include "gridmill/base/exact_json.h"
#include "gridmill/codec/numbers.h"
#include "gridmill/codec/text_elements.h"

namespace gridmill {
namespace {

[[noreturn]] void throw_corrupt(std::string_view codec, std::string_view why) {
  throw Error(ErrorKind::corrupt, fmt::format("{}: {}", codec, why));
}

bool is_text(DataType type) {
  return type.is_string() || type.kind == ScalarKind::unicode || type.kind == ScalarKind::bytes;
}

Json value_of(const std::byte* element, DataType type) {
  if (type == types::boolean) return *element != std::byte{0};
  if (type.kind == ScalarKind::bytes) {
    const std::string text = text_of(element, type);
    return Json::binary({text.begin(), text.end()});
  }
  if (is_text(type)) {
    std::string text = text_of(element, type);
    if (!is_well_formed_utf8(text)) {
      throw Error(ErrorKind::invalid, "a string is not UTF-8, which JSON asks for");
    }
    return text;
  }
  Json value;
  visit_number(type, [&](auto kind) {
    using T = decltype(kind);
    const auto number = load_le<T>(element);
    if constexpr (std::is_integral_v<T>) value = number;
    if constexpr (!std::is_integral_v<T>) value = static_cast<double>(number);
  });
  return value;
}

Json rows_below(const ArrayView& elements, const std::byte* at, int dimension) {
  if (dimension == elements.rank()) return value_of(at, elements.type);
  Json rows = Json::array();
  for (std::int64_t i = 0; i < elements.shape[dimension]; ++i) {
    rows.push_back(rows_below(elements, at + i * elements.strides[dimension], dimension + 1));
  }
  return rows;
}

template <class T>
T number_from(const Json& leaf, std::string_view codec) {
  if constexpr (std::is_integral_v<T>) {
    const bool fits = leaf.is_number_unsigned()  ? std::in_range<T>(leaf.get<std::uint64_t>())
                      : leaf.is_number_integer() ? std::in_range<T>(leaf.get<std::int64_t>())
                                                 : false;
    if (!fits) throw_corrupt(codec, fmt::format("{} is no integer of this type", dump_json(leaf)));
    return leaf.get<T>();
  } else {
    if (!leaf.is_number()) {
      throw_corrupt(codec, fmt::format("{} is no number", dump_json(leaf, -1)));
    }
    return T(leaf.get<double>());
  }
}

// JSON has no word for them; wide integers are held in their place.
void refuse_bytes(const Json& value, std::string_view codec) {
  if (value.is_structured()) {
    for (const Json& inside : value) refuse_bytes(inside, codec);
  }
  if (!value.is_binary() || is_wide_integer(value)) return;
  throw Error(ErrorKind::unsupported,
              fmt::format("{}: an element holds bytes, in an array of texts and other objects: "
                          "recode the data with vlen-bytes or a fixed data type",
                          codec));
}

void put_value(const Json& leaf, std::byte* element, DataType type, StringArena& strings,
               std::string_view codec) {
  if (is_text(type)) {
    if (type.kind == ScalarKind::bytes && leaf.is_binary()) {
      const auto& bytes = leaf.get_binary();
      const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      return put_text(text, element, type, strings, codec);
    }
    if (leaf.is_string()) {
      return put_text(leaf.get_ref<const std::string&>(), element, type, strings, codec);
    }
    refuse_bytes(leaf, codec);
    if (!type.is_string()) {
      throw_corrupt(codec, fmt::format("the element {} is no text", dump_json(leaf, -1)));
    }
    return put_text(leaf.is_null() ? "" : dump_json(leaf, -1), element, type, strings, codec);
  }
  if (type == types::boolean) {
    if (!leaf.is_boolean()) throw_corrupt(codec, fmt::format("{} is no boolean", leaf.dump()));
    *element = static_cast<std::byte>(leaf.get<bool>());
    return;
  }
  visit_number(type,
               [&](auto kind) { store_le(element, number_from<decltype(kind)>(leaf, codec)); });
}

void check_dtype(const Json& leaf, DataType type, std::string_view codec) {
  const bool is_raw =
      type.kind == ScalarKind::bytes && leaf == Json(fmt::format("|V{}", type.size));
  if (is_raw) return;  // memory holds them like texts
  const NumpyType dtype = numpy_type_from({{"dtype", leaf}}, "dtype", codec);
  if (dtype.type != type) {
    throw_corrupt(codec, fmt::format("holds {}, the chunk {}", dtype.type.name(), type.name()));
  }
}

// The product of the extents that are told, -1 for what is none or too large.
std::int64_t told_elements(const std::vector<Json>& extents, std::int64_t most) {
  std::int64_t told = 1;
  for (const Json& extent : extents) {
    const bool is_extent = extent.is_number_integer() && extent.get<std::int64_t>() >= 0 &&
                           extent.get<std::int64_t>() <= most;
    if (!is_extent || told > most) return -1;
    told *= extent.get<std::int64_t>();
  }
  return told;
}

}  // namespace

void check_object_type(DataType type, bool has_bytes, std::string_view codec) {
  const bool known = type.kind != ScalarKind::complex &&
                     (type.kind != ScalarKind::bytes || has_bytes) &&
                     (!type.is_string() || type == types::string);
  if (known) return;
  throw Error(ErrorKind::unsupported,
              fmt::format("codec {} has no values of type {}", codec, type.name()));
}

Json object_rows_of(const ArrayView& elements, const NumpyType& dtype) {
  Json rows = rows_below(elements, elements.data, 0);
  if (elements.rank() == 0) rows = Json::array({std::move(rows)});
  rows.push_back(to_string(dtype));
  rows.push_back(std::vector<std::int64_t>(elements.shape.begin(), elements.shape.end()));
  return rows;
}

int levels_of_rows(const Shape& shape) noexcept { return shape.rank() > 0 ? shape.rank() : 1; }

void throw_crowded(std::string_view codec) {
  throw Error(ErrorKind::unsupported,
              fmt::format("{}: a chunk's elements hold more than {} values inside of them: recode "
                          "the data in smaller chunks",
                          codec, kMostInsideElements));
}

std::int64_t most_object_leaves(const Shape& shape) { return volume(shape) + 1 + kMaxRank; }

void elements_from_leaves(const std::vector<Json>& leaves, const MutableArrayView& elements,
                          StringArena& strings, std::string_view codec) {
  const std::int64_t count = volume(elements.shape);
  if (static_cast<std::int64_t>(leaves.size()) <= count) {
    throw_corrupt(codec, fmt::format("holds {} values, the chunk needs {}", leaves.size(), count));
  }
  const auto dtype_at = static_cast<std::size_t>(count);
  check_dtype(leaves[dtype_at], elements.type, codec);
  const std::vector<Json> told(leaves.begin() + static_cast<std::ptrdiff_t>(dtype_at) + 1,
                               leaves.end());
  // A list where there is one level of rows.
  const bool is_list = told.size() == 1 && told[0].is_array();
  if (told_elements(is_list ? told[0].get<std::vector<Json>>() : told, count) != count) {
    throw_corrupt(codec, fmt::format("the shape it tells does not hold {} elements", count));
  }
  for (std::int64_t i = 0; i < count; ++i) {
    put_value(leaves[static_cast<std::size_t>(i)], elements.data + i * elements.type.size,
              elements.type, strings, codec);
  }
}

}  // namespace gridmill
