#include "gridmill/store/discards.h"

#include <fmt/format.h>

#include "gridmill/store/store_locks.h"
#include "gridmill/system/random.h"

namespace gridmill {
namespace {

constexpr int kDeepestDiscard = 128;

std::int64_t bytes_below(Files& files, const std::string& directory, int depth) {
  std::int64_t bytes = 0;
  for (const DirectoryEntry& entry : files.list(directory)) {
    const std::string path = directory + "/" + entry.name;
    if (entry.is_directory) {
      bytes += depth < kDeepestDiscard ? bytes_below(files, path, depth + 1) : 0;
    } else if (const auto status = files.status(path)) {
      bytes += status->size;
    }
  }
  return bytes;
}

}  // namespace

Discards::Discards(Files& files, const std::string& path)
    : files_(files), path_(path), place_(companion_path(path) + "/removed") {}

std::int64_t Discards::bytes() const { return bytes_below(files_, place_, 0); }

void Discards::take(const Key& key) {
  files_.make_directories(place_);
  const std::string from = fmt::format("{}/{}", path_, key.text());
  files_.rename_new(from, fmt::format("{}/{}", place_, unique_suffix()));
  files_.sync_directory(from.substr(0, from.rfind('/')));
}

void Discards::clear() { remove_tree(files_, place_); }

}  // namespace gridmill
