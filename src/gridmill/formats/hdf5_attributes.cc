#include "gridmill/formats/hdf5_attributes.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/array/byte_order.h"
#include "gridmill/array/half.h"
#include "gridmill/base/checked.h"
#include "gridmill/formats/hdf5_fractal_heap.h"
#include "gridmill/formats/hdf5_record_tree.h"
#include "gridmill/formats/netcdf_attributes.h"
#include "gridmill/formats/utf8_text.h"

namespace gridmill {
namespace {

constexpr int kAttributeRecords = 8;

// Up to version 1 everything is padded to a multiple of eight bytes.
ByteView padded(Hdf5Cursor& cursor, std::uint64_t size, int version) {
  const ByteView bytes = cursor.take(size);
  if (version == 1) cursor.skip(std::min<std::uint64_t>((8 - size % 8) % 8, cursor.left()));
  return bytes;
}

Hdf5Message message_of(Hdf5MessageType type, bool is_shared, ByteView bytes) {
  return {type, is_shared, 0, Bytes(bytes.begin(), bytes.end())};
}

Hdf5Attribute parse_attribute(ByteView message, Hdf5Blocks& blocks) {
  constexpr std::uint8_t kSharedType = 1, kSharedSpace = 2;
  Hdf5Cursor cursor = blocks.cursor(message);
  const int version = cursor.u8();
  if (version < 1 || version > 3) {
    throw Error(ErrorKind::unsupported, fmt::format("an attribute message of version {}", version));
  }
  const std::uint8_t flags = version == 1 ? (cursor.skip(1), std::uint8_t{0}) : cursor.u8();
  const std::uint64_t name_size = cursor.u16(), type_size = cursor.u16(), space_size = cursor.u16();
  if (version == 3) cursor.skip(1);
  Hdf5Attribute attribute;
  const std::string_view name = as_text(padded(cursor, name_size, version));
  attribute.name = name.substr(0, name.find('\0'));
  return in_context(
      [&] { return "attribute " + attribute.name; },
      [&] {
        const ByteView type = padded(cursor, type_size, version);
        const ByteView space = padded(cursor, space_size, version);
        if ((flags & kSharedSpace) != 0) throw Error(ErrorKind::unsupported, "a shared dataspace");
        attribute.type = read_hdf5_type(
            blocks, message_of(Hdf5MessageType::datatype, (flags & kSharedType) != 0, type));
        attribute.space = parse_hdf5_space(space, blocks.file());
        const std::int64_t size =
            checked_mul(attribute.space.count(), attribute.type.size, "the size of an attribute");
        const ByteView values = cursor.take(static_cast<std::uint64_t>(size));
        attribute.bytes.assign(values.begin(), values.end());
        return std::move(attribute);
      });
}

struct AttributeInfo {
  bool is_ordered = false;
  std::uint64_t heap = kNoAddress, names = kNoAddress;
};

AttributeInfo parse_info(ByteView message, const Hdf5Blocks& blocks) {
  constexpr std::uint8_t kTracked = 1;
  Hdf5Cursor cursor = blocks.cursor(message);
  if (const int version = cursor.u8(); version != 0) {
    throw Error(ErrorKind::unsupported,
                fmt::format("an attribute info message of version {}", version));
  }
  AttributeInfo info;
  info.is_ordered = (cursor.u8() & kTracked) != 0;
  if (info.is_ordered) cursor.skip(2);
  info.heap = cursor.offset();
  info.names = cursor.offset();
  return info;
}

struct Ordered {
  std::uint32_t order = 0;
  Hdf5Attribute attribute;
};

void read_dense(Hdf5Blocks& blocks, const AttributeInfo& info, std::vector<Ordered>& into) {
  constexpr std::size_t kIdBytes = 8;
  constexpr std::uint8_t kShared = 2;
  const std::size_t before = into.size();
  std::vector<Bytes> ids;
  for_each_hdf5_record(blocks, info.names, kAttributeRecords, [&](ByteView record) {
    Hdf5Cursor cursor = blocks.cursor(record);
    const ByteView id = cursor.take(kIdBytes);
    if ((cursor.u8() & kShared) != 0) {
      throw Error(ErrorKind::unsupported, "an attribute in the file's heap of shared messages");
    }
    ids.emplace_back(id.begin(), id.end());
    into.push_back({cursor.u32(), {}});
    check_attribute_count("an object", static_cast<std::int64_t>(into.size()));
  });
  Hdf5FractalHeap(blocks, info.heap).objects(ids, [&](std::size_t i, const Bytes& message) {
    into[before + i].attribute = parse_attribute(message, blocks);
  });
}

std::string fixed_text(ByteView bytes) {
  const std::string_view text = as_text(bytes);
  return std::string(text.substr(0, text.find('\0')));
}

Bytes in_host_order(const Hdf5Attribute& attribute) {
  Bytes bytes = attribute.bytes;
  const auto size = static_cast<std::int32_t>(attribute.type.size);
  if (attribute.type.is_big_endian && size > 1) {
    copy_swapped(bytes.data(), bytes.data(), bytes.size(), size);
  }
  return bytes;
}

AttributeValue numbers(const Hdf5Attribute& attribute) {
  const std::optional<DataType> type = number_type(attribute.type);
  if (!type) {
    throw Error(ErrorKind::unsupported,
                fmt::format("values of {} type", describe_hdf5_type(attribute.type)));
  }
  if (attribute.space.rank() > 1) {
    throw Error(ErrorKind::unsupported,
                fmt::format("values in {} dimensions", attribute.space.rank()));
  }
  const Bytes bytes = in_host_order(attribute);
  if (*type != types::float16) return netcdf_numbers(*type, bytes);
  std::vector<double> values;
  for (std::size_t at = 0; at < bytes.size(); at += 2) {
    values.push_back(double_from_half(load_le<std::uint16_t>(bytes.data() + at)));
  }
  return AttributeValue::floats(types::float32, std::move(values));
}

}  // namespace

std::vector<Hdf5Attribute> read_hdf5_attributes(Hdf5Blocks& blocks, const Hdf5Object& object) {
  std::vector<Ordered> found;
  bool is_ordered = object.tracks_attribute_order;
  for (const Hdf5Message& message : object.messages) {
    if (message.type != Hdf5MessageType::attribute) continue;
    if (message.is_shared) {
      throw Error(ErrorKind::unsupported, "an attribute in the file's heap of shared messages");
    }
    found.push_back({message.order, parse_attribute(message.bytes, blocks)});
    check_attribute_count("an object", static_cast<std::int64_t>(found.size()));
  }
  if (object.find(Hdf5MessageType::attribute_info) != nullptr) {
    const Hdf5Message& message = required_message(object, Hdf5MessageType::attribute_info);
    const AttributeInfo info = parse_info(message.bytes, blocks);
    is_ordered = is_ordered || info.is_ordered;
    if (info.heap != kNoAddress) read_dense(blocks, info, found);
  }
  if (is_ordered) {
    std::stable_sort(found.begin(), found.end(),
                     [](const Ordered& a, const Ordered& b) { return a.order < b.order; });
  }
  std::vector<Hdf5Attribute> attributes;
  attributes.reserve(found.size());
  for (Ordered& each : found) attributes.push_back(std::move(each.attribute));
  return attributes;
}

const Hdf5Attribute* find_attribute(const std::vector<Hdf5Attribute>& attributes,
                                    std::string_view name) noexcept {
  const auto found = std::find_if(attributes.begin(), attributes.end(),
                                  [&](const Hdf5Attribute& a) { return a.name == name; });
  return found == attributes.end() ? nullptr : &*found;
}

std::vector<std::string> hdf5_texts(const Hdf5Attribute& attribute, Hdf5GlobalHeap& heap) {
  std::vector<std::string> texts;
  if (!attribute.type.is_text) return texts;
  const std::size_t step = attribute.type.size;
  const ByteView all = attribute.bytes;
  for (std::size_t at = 0; at + step <= all.size(); at += step) {
    const ByteView one = all.subspan(at, step);
    texts.push_back(fixed_text(attribute.type.is_variable_text() ? heap.element(one, 1) : one));
  }
  return texts;
}

std::vector<std::int64_t> hdf5_integers(const Hdf5Attribute& attribute) {
  std::vector<std::int64_t> values;
  const std::optional<DataType> type = number_type(attribute.type);
  if (!type || !type->is_integer()) return values;
  const Bytes bytes = in_host_order(attribute);
  visit_real(*type, [&](auto tag) {
    using T = decltype(tag);
    if constexpr (std::is_integral_v<T>) {
      for (std::size_t at = 0; at < bytes.size(); at += sizeof(T)) {
        values.push_back(static_cast<std::int64_t>(load_le<T>(bytes.data() + at)));
      }
    }
  });
  return values;
}

AttributeValue hdf5_attribute_value(const Hdf5Attribute& attribute, Hdf5GlobalHeap& heap) {
  if (!attribute.type.is_text) return numbers(attribute);
  const bool is_characters = !attribute.type.is_variable_text() && attribute.space.rank() == 0;
  if (is_characters) return netcdf_text(attribute.name, as_text(attribute.bytes));
  std::vector<std::string> texts = hdf5_texts(attribute, heap);
  for (std::string& text : texts) text = with_valid_utf8(text);
  if (texts.size() == 1) return AttributeValue::text(std::move(texts[0]));
  return AttributeValue::texts(std::move(texts));
}

}  // namespace gridmill
