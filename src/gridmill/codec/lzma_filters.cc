#include "gridmill/codec/lzma_filters.h"

#include <fmt/format.h>

#include <limits>

#include "gridmill/base/error.h"
#include "gridmill/codec/codec_json.h"

namespace gridmill {
namespace {

constexpr std::string_view kCodec = "lzma";
constexpr std::int64_t kMost = std::numeric_limits<std::uint32_t>::max();

[[noreturn]] void throw_bad_filters(std::string_view why) {
  throw Error(ErrorKind::corrupt, fmt::format("lzma: filters: {}", why));
}

lzma_options_lzma from_preset(std::uint32_t preset) {
  lzma_options_lzma options{};
  if (lzma_lzma_preset(&options, preset) != 0) {
    throw Error(ErrorKind::corrupt, fmt::format("lzma: there is no preset {}", preset));
  }
  return options;
}

std::uint32_t member(const Json& filter, std::string_view name, std::int64_t otherwise) {
  return static_cast<std::uint32_t>(config_int(filter, kCodec, name, otherwise, 0, kMost));
}

lzma_options_lzma lzma_options(const Json& filter) {
  lzma_options_lzma options = from_preset(member(filter, "preset", LZMA_PRESET_DEFAULT));
  options.dict_size = member(filter, "dict_size", options.dict_size);
  options.lc = member(filter, "lc", options.lc);
  options.lp = member(filter, "lp", options.lp);
  options.pb = member(filter, "pb", options.pb);
  if (options.lc > 4 || options.lp > 4 || options.lc + options.lp > 4 || options.pb > 4) {
    throw_bad_filters(fmt::format("lc {} and lp {} must not exceed 4 together, nor pb {} alone",
                                  options.lc, options.lp, options.pb));
  }
  const std::uint32_t mode = member(filter, "mode", options.mode);
  if (mode != LZMA_MODE_FAST && mode != LZMA_MODE_NORMAL) throw_bad_filters("mode is not 1 or 2");
  options.mode = static_cast<lzma_mode>(mode);
  options.nice_len = member(filter, "nice_len", options.nice_len);
  const std::uint32_t finder = member(filter, "mf", options.mf);
  if (finder > 0x14 || lzma_mf_is_supported(static_cast<lzma_match_finder>(finder)) == 0) {
    throw_bad_filters(fmt::format("there is no match finder {}", finder));
  }
  options.mf = static_cast<lzma_match_finder>(finder);
  options.depth = member(filter, "depth", options.depth);
  return options;
}

std::int64_t checked_usage(std::uint64_t bytes) {
  if (bytes == std::numeric_limits<std::uint64_t>::max()) {
    throw_bad_filters("liblzma refuses this combination");
  }
  return static_cast<std::int64_t>(bytes);
}

}  // namespace

LzmaFilters::LzmaFilters(const Json& filters) {
  if (!filters.is_array() || filters.empty() || filters.size() > LZMA_FILTERS_MAX) {
    throw_bad_filters(fmt::format("not a list of 1 to {}", LZMA_FILTERS_MAX));
  }
  for (const Json& filter : filters) add(filter);
  filters_.at(count_).id = LZMA_VLI_UNKNOWN;
}

LzmaFilters::LzmaFilters(std::uint32_t preset, lzma_vli id) : count_(1) {
  lzma_[0] = from_preset(preset);
  filters_[0] = {id, lzma_.data()};
  filters_[1].id = LZMA_VLI_UNKNOWN;
}

void LzmaFilters::add(const Json& filter) {
  const std::size_t i = count_++;
  const std::int64_t id = json_int(filter, "id", "lzma: a filter");
  lzma_filter& target = filters_.at(i);
  target.id = static_cast<lzma_vli>(id);
  if (target.id == LZMA_FILTER_LZMA1 || target.id == LZMA_FILTER_LZMA2) {
    lzma_.at(i) = lzma_options(filter);
    target.options = &lzma_.at(i);
  } else if (target.id == LZMA_FILTER_DELTA) {
    delta_.at(i).type = LZMA_DELTA_TYPE_BYTE;
    delta_.at(i).dist = static_cast<std::uint32_t>(
        config_int(filter, kCodec, "dist", 1, LZMA_DELTA_DIST_MIN, LZMA_DELTA_DIST_MAX));
    target.options = &delta_.at(i);
  } else if (target.id >= LZMA_FILTER_X86 && target.id <= LZMA_FILTER_SPARC) {
    bcj_.at(i).start_offset = member(filter, "start_offset", 0);
    target.options = &bcj_.at(i);
  } else {
    throw Error(ErrorKind::unsupported, fmt::format("lzma: filter {} is not known", id));
  }
}

const lzma_options_lzma& LzmaFilters::alone_options() const {
  if (count_ != 1 || filters_[0].id != LZMA_FILTER_LZMA1) {
    throw_bad_filters("format 2 takes one filter, LZMA1");
  }
  return lzma_[0];
}

std::int64_t LzmaFilters::encoder_size() const {
  return checked_usage(lzma_raw_encoder_memusage(list()));
}

std::int64_t LzmaFilters::decoder_size() const {
  return checked_usage(lzma_raw_decoder_memusage(list()));
}

}  // namespace gridmill
