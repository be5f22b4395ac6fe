// lzma_filters.h: the filters of the codec `lzma`, from JSON to liblzma's structures.
#pragma once

#include <lzma.h>

#include <array>
#include <cstdint>

#include "gridmill/base/json.h"

namespace gridmill {

// liblzma's list, which points into itself: made where it is used, not copied.
class LzmaFilters {
 public:
  // A list as Python's lzma takes it. Throws Error(corrupt) for what is no filter.
  explicit LzmaFilters(const Json& filters);
  // What a preset stands for: one filter, `id` being LZMA1 or LZMA2.
  LzmaFilters(std::uint32_t preset, lzma_vli id);
  LzmaFilters(const LzmaFilters&) = delete;
  LzmaFilters& operator=(const LzmaFilters&) = delete;

  const lzma_filter* list() const noexcept { return filters_.data(); }
  // Of the only filter, for .lzma; Error(corrupt) if there are others than one LZMA1.
  const lzma_options_lzma& alone_options() const;
  // What liblzma would take. Error(corrupt) for a combination that it refuses.
  std::int64_t encoder_size() const;
  std::int64_t decoder_size() const;

 private:
  void add(const Json& filter);

  std::array<lzma_filter, LZMA_FILTERS_MAX + 1> filters_{};
  std::array<lzma_options_lzma, LZMA_FILTERS_MAX> lzma_{};
  std::array<lzma_options_delta, LZMA_FILTERS_MAX> delta_{};
  std::array<lzma_options_bcj, LZMA_FILTERS_MAX> bcj_{};
  std::size_t count_ = 0;
};

}  // namespace gridmill
