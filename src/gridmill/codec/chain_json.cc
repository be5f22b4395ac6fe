// The JSON forms of a CodecChain: Zarr v3 `codecs`, v2 `compressor`, `filters` and `order`.
#include <fmt/format.h>

#include <algorithm>

#include "gridmill/base/error.h"
#include "gridmill/codec/chain.h"
#include "gridmill/codec/codec_json.h"

namespace gridmill {
namespace {

[[noreturn]] void throw_bad_codecs(std::string_view why) {
  throw Error(ErrorKind::corrupt, fmt::format("codecs: {}", why));
}

// Empty for the identity.
Index permutation_from(const Json& codec, int rank) {
  const Json configuration = codec_configuration(codec);
  const Json& order = json_member(configuration, "order", "transpose");
  if (!order.is_array() || static_cast<int>(order.size()) != rank) {
    throw_bad_codecs(
        fmt::format("transpose: the order {} is not one of {} dimensions", order.dump(), rank));
  }
  Index permutation;
  std::vector<bool> seen(order.size(), false);
  for (const Json& item : order) {
    const bool valid = item.is_number_integer() && item.get<std::int64_t>() >= 0 &&
                       item.get<std::int64_t>() < rank &&
                       !seen[static_cast<std::size_t>(item.get<std::int64_t>())];
    if (!valid) throw_bad_codecs(fmt::format("transpose: {} is no permutation", order.dump()));
    seen[static_cast<std::size_t>(item.get<std::int64_t>())] = true;
    permutation.push_back(item.get<std::int64_t>());
  }
  return permutation;
}

Index composed(const Index& first, const Index& second) {
  if (first.rank() == 0) return second;
  Index both;
  for (const std::int64_t d : second) both.push_back(first[static_cast<int>(d)]);
  return both;
}

bool is_identity(const Index& permutation) {
  for (int d = 0; d < permutation.rank(); ++d) {
    if (permutation[d] != d) return false;
  }
  return true;
}

Index reversed(int rank) {
  Index permutation;
  for (int d = rank - 1; d >= 0; --d) permutation.push_back(d);
  return permutation;
}

bool big_endian_from(const Json& codec, DataType type) {
  const Json configuration = codec_configuration(codec);
  if (!configuration.is_object() || !configuration.contains("endian") ||
      configuration["endian"].is_null()) {
    if (type.swap_unit() > 1) {
      throw_bad_codecs(fmt::format("bytes: {} needs an endian", type.name()));
    }
    return false;
  }
  const std::string endian = json_string(configuration, "endian", "bytes");
  if (endian != "little" && endian != "big") {
    throw_bad_codecs(fmt::format("bytes: endian \"{}\" is not little or big", endian));
  }
  return endian == "big";
}

}  // namespace

CodecChain CodecChain::from_v3(const Json& codecs, DataType type, int rank) {
  if (!codecs.is_array()) throw_bad_codecs("not a list");
  CodecChain chain;
  bool has_array_codec = false;
  for (const Json& codec : codecs) {
    const std::string name = codec_name(codec);
    const bool is_array_codec = name == "bytes" || name == "vlen-utf8";
    if (name == "sharding_indexed") {
      throw Error(ErrorKind::unsupported,
                  "codec sharding_indexed inside another one or behind another is not supported");
    }
    if (has_array_codec && (is_array_codec || name == "transpose")) {
      throw_bad_codecs(fmt::format("{} stands behind an array -> bytes codec", name));
    }
    if (name == "transpose") {
      chain.permutation_ = composed(chain.permutation_, permutation_from(codec, rank));
    } else if (is_array_codec) {
      if ((name == "vlen-utf8") != type.is_string()) {
        throw_bad_codecs(fmt::format("{} can't hold {}", name, type.name()));
      }
      if (name == "bytes") chain.is_big_endian_ = big_endian_from(codec, type);
      has_array_codec = true;
    } else {
      const bool is_first = chain.codecs_.empty() && !type.is_string();
      // An unknown one is refused by its name.
      ByteCodec byte_codec = byte_codec_from_v3(codec, is_first ? type.size : 1);
      if (!has_array_codec) throw_bad_codecs(fmt::format("{} stands before bytes", name));
      chain.codecs_.push_back(std::move(byte_codec));
    }
  }
  if (!has_array_codec) throw_bad_codecs("no array -> bytes codec (bytes, vlen-utf8)");
  if (is_identity(chain.permutation_)) chain.permutation_ = {};
  return chain;
}

CodecChain CodecChain::from_v2(const Json& compressor, const Json& filters, bool is_fortran_order,
                               DataType type, bool is_big_endian, int rank) {
  CodecChain chain;
  chain.is_big_endian_ = is_big_endian && type.swap_unit() > 1;
  if (is_fortran_order && rank > 1) chain.permutation_ = reversed(rank);
  bool has_object_codec = false;
  const auto item_size = [&]() -> std::int64_t {
    return chain.codecs_.empty() && !type.is_string() ? type.size : 1;
  };
  for (const Json& filter : filters.is_null() ? Json(Json::array()) : filters) {
    if (type.is_string() && json_string(filter, "id", "a filter") == "vlen-utf8") {
      has_object_codec = true;
    } else {
      chain.codecs_.push_back(byte_codec_from_v2(filter, item_size()));
    }
  }
  if (type.is_string() && !has_object_codec) {
    throw Error(ErrorKind::unsupported,
                "dtype |O without the filter vlen-utf8 is not supported: recode the data");
  }
  if (!compressor.is_null()) chain.codecs_.push_back(byte_codec_from_v2(compressor, item_size()));
  return chain;
}

Json CodecChain::to_v3(DataType type) const {
  Json codecs = Json::array();
  if (permutation_.rank() > 0) {
    codecs.push_back(named_codec(
        "transpose",
        {{"order", std::vector<std::int64_t>(permutation_.begin(), permutation_.end())}}));
  }
  if (type.is_string()) {
    codecs.push_back(named_codec("vlen-utf8"));
  } else if (type.swap_unit() > 1) {
    codecs.push_back(named_codec("bytes", {{"endian", is_big_endian_ ? "big" : "little"}}));
  } else {
    codecs.push_back(named_codec("bytes"));
  }
  for (const ByteCodec& codec : codecs_) {
    codecs.push_back(std::visit([](const auto& one) { return one.to_v3(); }, codec));
  }
  return codecs;
}

Json CodecChain::v2_compressor() const {
  if (codecs_.empty()) return nullptr;
  return std::visit([](const auto& one) { return one.to_v2(); }, codecs_.back());
}

Json CodecChain::v2_filters(DataType type) const {
  Json filters = Json::array();
  if (type.is_string()) filters.push_back({{"id", "vlen-utf8"}});
  for (std::size_t i = 0; i + 1 < codecs_.size(); ++i) {
    filters.push_back(std::visit([](const auto& one) { return one.to_v2(); }, codecs_[i]));
  }
  if (filters.empty()) return nullptr;
  return filters;
}

bool CodecChain::is_fortran_order() const {
  if (permutation_.rank() == 0) return false;
  if (permutation_ == reversed(permutation_.rank())) return true;
  throw Error(ErrorKind::unsupported,
              fmt::format("Zarr v2 knows orders C and F, not the transposition {}; use "
                          "--zarr-format 3 or leave it out",
                          to_string(permutation_)));
}

std::string CodecChain::summary() const {
  std::string text;
  for (const ByteCodec& codec : codecs_) {
    if (!text.empty()) text += " + ";
    text += name_of(codec);
    if (const auto* blosc = std::get_if<BloscCodec>(&codec)) {
      text += fmt::format(" {} {} {}", blosc->cname, blosc->clevel, to_string(blosc->shuffle));
    }
    if (const auto* zstd = std::get_if<ZstdCodec>(&codec)) text += fmt::format(" {}", zstd->level);
    if (const auto* gzip = std::get_if<GzipCodec>(&codec)) text += fmt::format(" {}", gzip->level);
    if (const auto* zlib = std::get_if<ZlibCodec>(&codec)) text += fmt::format(" {}", zlib->level);
  }
  return text.empty() ? "uncompressed" : text;
}

}  // namespace gridmill
