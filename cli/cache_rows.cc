#include "cli/cache_rows.h"

#include <fmt/format.h>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"

namespace gridmill::cli {
namespace {

// Less holds nothing worth the asking.
constexpr std::int64_t kLeastBytes = 1'000'000;

Option size_row(const std::shared_ptr<CacheSettings>& settings) {
  Option row;
  row.name = "cache-size";
  row.value_name = "SIZE";
  row.help = "most that the cache may hold; what was used longest ago goes first";
  row.fallback = "10GB";
  row.apply = [settings](const Values& values) {
    settings->most_bytes = parse_size(values.front());
    if (settings->most_bytes >= kLeastBytes) return;
    throw Error(ErrorKind::invalid,
                fmt::format("--cache-size {}: at least 1MB; without --cache nothing is kept",
                            values.front()));
  };
  return row;
}

Option trust_row(const std::shared_ptr<CacheSettings>& settings) {
  Option row;
  row.name = "cache-trust";
  row.value_name = "WHAT";
  row.help =
      "what is asked of a store before its chunks are taken from the cache. value: the version of "
      "each; store: those of its metadata documents and of Gridmill's manifest, once: for archives "
      "far away whose chunks nobody changes in place";
  row.fallback = "value";
  row.choices = {"value", "store"};
  row.apply = [settings](const Values& values) {
    settings->trust =
        values.front() == "store" ? CacheTrust::once_per_store : CacheTrust::every_value;
  };
  return row;
}

}  // namespace

std::vector<Option> cache_rows(const std::shared_ptr<CacheSettings>& settings) {
  Option directory = text_row("cache", "DIR",
                              "keep chunks of Zarr inputs, as they are stored, and the finished "
                              "table in this folder, for runs to come (docs/cache.md)",
                              "none", member_of(settings, &CacheSettings::directory));
  directory.hint = Hint::directory;
  return {std::move(directory), size_row(settings), trust_row(settings)};
}

}  // namespace gridmill::cli
