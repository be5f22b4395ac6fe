#include "cli/cache_rows.h"

#include <fmt/format.h>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"

namespace gridmill::cli {
namespace {

// Less holds nothing worth the asking.
constexpr std::int64_t kLeastBytes = 1'000'000;

Option size_row(const std::shared_ptr<CacheSettings>& settings) {
  return parsed_row(
      "cache-size", "SIZE", "most that the cache may hold; what was used longest ago goes first",
      "10GB", [settings](const std::string& size) {
        settings->most_bytes = parse_size(size);
        if (settings->most_bytes >= kLeastBytes) return;
        throw Error(
            ErrorKind::invalid,
            fmt::format("--cache-size {}: at least 1MB; without --cache nothing is kept", size));
      });
}

Option trust_row(const std::shared_ptr<CacheSettings>& settings) {
  Option row = parsed_row(
      "cache-trust", "WHAT",
      "what is asked of a store before its chunks are taken from the cache. value: the version of "
      "each; store: those of its metadata documents and of Gridmill's manifest, once: for archives "
      "far away whose chunks nobody changes in place",
      "value", [settings](const std::string& what) {
        settings->trust = what == "store" ? CacheTrust::once_per_store : CacheTrust::every_value;
      });
  row.choices = {"value", "store"};
  return row;
}

}  // namespace

std::vector<Option> cache_rows(const std::shared_ptr<CacheSettings>& settings) {
  return {directory_row("cache",
                        "keep chunks of Zarr inputs, as they are stored, and the finished table in "
                        "this folder, for runs to come (docs/cache.md)",
                        "none", member_of(settings, &CacheSettings::directory)),
          size_row(settings), trust_row(settings)};
}

}  // namespace gridmill::cli
