#include "gridmill/codec/categorize.h"

#include <fmt/format.h>

#include <limits>
#include <unordered_map>
#include <utility>

#include "gridmill/base/bytes.h"
#include "gridmill/base/error.h"
#include "gridmill/codec/text_elements.h"

namespace gridmill {
namespace {

[[noreturn]] void throw_corrupt(std::string_view why) {
  throw Error(ErrorKind::corrupt, fmt::format("categorize: {}", why));
}

std::vector<std::string> labels_from(const Json& object) {
  std::vector<std::string> labels;
  for (const Json& label : json_member(object, "labels", CategorizeCodec::kName)) {
    if (!label.is_string()) throw_corrupt(fmt::format("the label {} is no text", label.dump()));
    labels.push_back(label.get<std::string>());
  }
  return labels;
}

}  // namespace

CategorizeCodec CategorizeCodec::from_v2(const Json& object) {
  CategorizeCodec codec;
  codec.labels = labels_from(object);
  codec.dtype = numpy_type_from(object, "dtype", kName);
  codec.astype = numpy_type_from(object, "astype", kName, {types::uint8});
  const DataType type = codec.dtype.type;
  if (type != types::string && type.kind != ScalarKind::unicode) {
    throw_corrupt(fmt::format("the dtype {} is no text", type.name()));
  }
  bool fits = false;
  visit_real(codec.astype.type, [&](auto kind) {
    using T = decltype(kind);
    if constexpr (std::is_integral_v<T>) fits = std::in_range<T>(codec.labels.size());
  });
  if (!fits) {
    throw_corrupt(
        fmt::format("{} can't count {} labels", codec.astype.type.name(), codec.labels.size()));
  }
  StringArena strings;
  std::vector<std::byte> element(static_cast<std::size_t>(type.size));
  for (const std::string& label : codec.labels) {
    put_text(label, element.data(), type, strings, kName);
  }
  return codec;
}

Json CategorizeCodec::to_v3() const {
  throw Error(ErrorKind::unsupported,
              "Zarr v3 has no codec categorize; use --zarr-format 2, or another --codec");
}

Json CategorizeCodec::to_v2() const {
  return {{"id", std::string(kName)},
          {"labels", labels},
          {"dtype", to_string(dtype)},
          {"astype", to_string(astype)}};
}

void CategorizeCodec::encode(const ArrayView& decoded, const MutableArrayView& encoded) const {
  std::unordered_map<std::string, std::size_t> numbers{{"", 0}};
  for (std::size_t i = 0; i < labels.size(); ++i) numbers[labels[i]] = i + 1;
  const std::int64_t count = volume(decoded.shape);
  visit_real(astype.type, [&](auto kind) {
    using T = decltype(kind);
    for (std::int64_t i = 0; i < count; ++i) {
      const std::string text = text_of(decoded.data + i * dtype.type.size, dtype.type);
      const auto found = numbers.find(text);
      if (found == numbers.end()) {
        throw Error(
            ErrorKind::invalid,
            fmt::format("codec categorize: \"{}\" is none of the {} labels", text, labels.size()));
      }
      store_le(encoded.data + i * astype.type.size, static_cast<T>(found->second));
    }
  });
}

void CategorizeCodec::decode(const ArrayView& encoded, const MutableArrayView& decoded,
                             StringArena& strings) const {
  // Each label once, as an element.
  const auto size = static_cast<std::size_t>(dtype.type.size);
  std::vector<std::byte> elements(size * (labels.size() + 1));
  put_text("", elements.data(), dtype.type, strings, kName);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    put_text(labels[i], elements.data() + size * (i + 1), dtype.type, strings, kName);
  }
  const std::int64_t count = volume(decoded.shape);
  visit_real(astype.type, [&](auto kind) {
    using T = decltype(kind);
    if constexpr (std::is_integral_v<T>) {
      for (std::int64_t i = 0; i < count; ++i) {
        const auto number = load_le<T>(encoded.data + i * astype.type.size);
        if (!std::in_range<std::size_t>(number) ||
            static_cast<std::size_t>(number) > labels.size()) {
          throw_corrupt(
              fmt::format("{} is no label's number, there are {}", number, labels.size()));
        }
        std::memcpy(decoded.data + i * dtype.type.size,
                    elements.data() + size * static_cast<std::size_t>(number), size);
      }
    }
  });
}

}  // namespace gridmill
