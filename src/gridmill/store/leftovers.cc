#include "gridmill/store/leftovers.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/base/error.h"
#include "gridmill/store/manifest.h"
#include "gridmill/store/stage.h"

namespace gridmill {
namespace {

constexpr std::string_view kEnding = ".gridmill";
constexpr int kDeepest = 64;

std::string companion_of(const Leftover& leftover) {
  return leftover.output + std::string(kEnding);
}

bool is_there(Files& files, const std::string& path) { return files.status(path).has_value(); }

// Nothing is made where there is no lock: then nobody holds it.
bool is_locked(Files& files, const std::string& path) {
  return is_there(files, path) && files.lock(path) == nullptr;
}

bool is_held(Files& files, const std::string& companion) {
  if (is_locked(files, companion + "/lock")) return true;
  const auto workers = files.list(companion + "/workers");
  return std::any_of(workers.begin(), workers.end(), [&](const DirectoryEntry& worker) {
    return is_locked(files, companion + "/workers/" + worker.name);
  });
}

// A group of a store: what its run had still to do behind the rename is not to be forgotten.
bool is_of_group(const std::string& companion) {
  return companion.find(fmt::format("{}/groups/", kEnding)) != std::string::npos;
}

bool is_finished(Files& files, const std::string& companion) {
  if (has_published(files, companion)) return is_of_group(companion);
  return is_there(files, fmt::format("{}/incoming/{}", companion, kFreshManifestKey));
}

void measure(Files& files, const std::string& directory, bool is_spill, int depth,
             Leftover& leftover) {
  if (depth > kDeepest) return;
  for (const DirectoryEntry& entry : files.list(directory)) {
    const std::string path = directory + "/" + entry.name;
    if (entry.is_directory) {
      measure(files, path, is_spill, depth + 1, leftover);
      continue;
    }
    const auto status = files.status(path);
    if (!status) continue;  // a run at work has removed it meanwhile
    leftover.files += 1;
    leftover.bytes += status->size;
    if (is_spill) leftover.spill_bytes += status->size;
    leftover.modified_ns = std::max(leftover.modified_ns, status->modified_ns);
  }
}

// A companion without leftovers adds nothing, nor does one for groups that are being written.
void look_into(Files& files, const std::string& companion, std::vector<Leftover>& found) {
  const std::string incoming = companion + "/incoming", run = companion + "/run";
  const std::string removed = companion + "/removed", swap = companion + "/swap";
  for (const DirectoryEntry& entry : files.list(companion + "/groups")) {
    if (entry.is_directory && entry.name.ends_with(kEnding)) {
      look_into(files, fmt::format("{}/groups/{}", companion, entry.name), found);
    }
  }
  const bool is_unfinished =
      is_there(files, incoming) || is_there(files, run) || is_there(files, removed);
  if (!is_unfinished && !is_there(files, swap)) return;
  Leftover leftover;
  leftover.output = companion.substr(0, companion.size() - kEnding.size());
  const bool is_resumable = is_there(files, run + "/plan.json") && !has_published(files, companion);
  leftover.state = is_held(files, companion)       ? Leftover::State::running
                   : is_finished(files, companion) ? Leftover::State::finished
                   : is_resumable                  ? Leftover::State::resumable
                   : !is_unfinished                ? Leftover::State::unsettled
                                                   : Leftover::State::orphaned;
  measure(files, incoming, false, 0, leftover);
  measure(files, removed, false, 0, leftover);
  if (leftover.state == Leftover::State::unsettled) measure(files, swap, false, 0, leftover);
  for (const DirectoryEntry& entry : files.list(run)) {
    const std::string path = run + "/" + entry.name;
    if (entry.is_directory) measure(files, path, entry.name == "spill", 0, leftover);
  }
  if (const auto plan = files.status(run + "/plan.json")) {
    leftover.files += 1;
    leftover.bytes += plan->size;
    leftover.modified_ns = std::max(leftover.modified_ns, plan->modified_ns);
  }
  found.push_back(std::move(leftover));
}

bool is_zarr(const std::vector<DirectoryEntry>& entries) {
  return std::any_of(entries.begin(), entries.end(), [](const DirectoryEntry& entry) {
    return entry.name == "zarr.json" || entry.name == ".zgroup" || entry.name == ".zarray" ||
           entry.name == ".zmetadata";
  });
}

void search(Files& files, const std::string& directory, int depth, std::vector<Leftover>& found) {
  if (directory.ends_with(kEnding)) return look_into(files, directory, found);
  const auto entries = files.list(directory);
  if (depth > kDeepest || is_zarr(entries)) return;
  for (const DirectoryEntry& entry : entries) {
    if (entry.is_directory) search(files, directory + "/" + entry.name, depth + 1, found);
  }
}

}  // namespace

const char* name_of(Leftover::State state) noexcept {
  switch (state) {
    case Leftover::State::running:
      return "running";
    case Leftover::State::finished:
      return "finished";
    case Leftover::State::resumable:
      return "resumable";
    case Leftover::State::unsettled:
      return "unsettled";
    default:
      return "orphaned";
  }
}

std::vector<Leftover> find_leftovers(Files& files, const std::string& directory) {
  const auto status = files.status(directory);
  if (!status || !status->is_directory) {
    throw Error(ErrorKind::not_found, fmt::format("there is no directory {}", directory));
  }
  std::string root = directory;
  while (root.size() > 1 && root.ends_with('/')) root.pop_back();
  std::vector<Leftover> found;
  search(files, root, 0, found);
  return found;
}

bool remove_leftover(Files& files, const Leftover& leftover) {
  if (leftover.state == Leftover::State::unsettled) return false;
  const std::string companion = companion_of(leftover);
  auto lock = files.lock(companion + "/lock");
  if (lock == nullptr || is_finished(files, companion)) return false;
  for (const DirectoryEntry& worker : files.list(companion + "/workers")) {
    if (is_locked(files, companion + "/workers/" + worker.name)) return false;
  }
  remove_tree(files, companion + "/incoming");
  remove_tree(files, companion + "/run");
  remove_tree(files, companion + "/removed");
  remove_tree(files, companion + "/workers");
  const bool is_empty = files.list(companion).size() == 1;  // the lock itself
  lock.reset();
  if (is_empty) files.remove_directory(companion);
  return true;
}

}  // namespace gridmill
