#include "gridmill/store/recalled_files.h"

#include <algorithm>
#include <exception>
#include <system_error>
#include <utility>

#include "gridmill/system/at_once.h"

namespace gridmill {
namespace {

// Answers, and names of a listing, beyond which none is noted: what opening thousands of inputs
// asks is as costly to remember as to ask.
constexpr std::size_t kMostAnswers = 20'000;
constexpr std::size_t kMostNames = 10'000;
// Requests under way at once: their answers take long and cost nothing.
constexpr std::size_t kRequests = 64;

// Of a folder only that it is one: what is written into it changes the rest.
bool is_same(const std::optional<FileStatus>& a, const std::optional<FileStatus>& b) {
  if (a.has_value() != b.has_value()) return false;
  if (!a || (a->is_directory && b->is_directory)) return true;
  return a->is_directory == b->is_directory && a->is_special == b->is_special &&
         a->size == b->size && a->modified_ns == b->modified_ns && a->inode == b->inode;
}

bool is_same(const std::vector<DirectoryEntry>& a, const std::vector<DirectoryEntry>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const DirectoryEntry& one, const DirectoryEntry& other) {
                      return one.name == other.name && one.is_directory == other.is_directory;
                    });
}

// Names that are no UTF-8 would come back as others.
bool survives(const std::string& path) {
  return parse_json(dump_json(Json(path), -1)).get<std::string>() == path;
}

bool survive(const std::vector<DirectoryEntry>& entries) {
  return std::all_of(entries.begin(), entries.end(),
                     [](const DirectoryEntry& entry) { return survives(entry.name); });
}

Json json_of(const std::optional<FileStatus>& status) {
  if (!status) return nullptr;
  return Json::array(
      {status->is_directory, status->is_special, status->size, status->modified_ns, status->inode});
}

std::optional<FileStatus> status_of(const Json& json) {
  if (json.is_null()) return std::nullopt;
  return FileStatus{json.at(0).get<bool>(), json.at(1).get<bool>(), json.at(2).get<std::int64_t>(),
                    json.at(3).get<std::int64_t>(), json.at(4).get<std::uint64_t>()};
}

}  // namespace

Json FileAnswers::to_json() const {
  Json json{{"statuses", Json::array()}, {"lists", Json::array()}};
  for (const auto& [path, status] : statuses) {
    if (survives(path)) json["statuses"].push_back(Json::array({path, json_of(status)}));
  }
  for (const auto& [path, entries] : lists) {
    if (!survives(path) || !survive(entries)) continue;
    Json names = Json::array();
    for (const DirectoryEntry& entry : entries) {
      names.push_back(Json::array({entry.name, entry.is_directory}));
    }
    json["lists"].push_back(Json::array({path, std::move(names)}));
  }
  return json;
}

FileAnswers FileAnswers::of(const Json& json) {
  FileAnswers answers;
  for (const Json& one : json.at("statuses")) {
    answers.statuses[one.at(0).get<std::string>()] = status_of(one.at(1));
  }
  for (const Json& one : json.at("lists")) {
    std::vector<DirectoryEntry>& entries = answers.lists[one.at(0).get<std::string>()];
    for (const Json& entry : one.at(1)) {
      entries.push_back({entry.at(0).get<std::string>(), entry.at(1).get<bool>()});
    }
  }
  return answers;
}

RecalledFiles::RecalledFiles(Files& under, FileAnswers recalled, std::function<void()> outdated)
    : ForwardingFiles(under), recalled_(std::move(recalled)), outdated_(std::move(outdated)) {
  if (recalled_.empty()) return;
  try {
    asking_ = std::jthread([this] { ask_again(); });
  } catch (const std::system_error&) {
    ask_again();  // no more threads
  }
}

RecalledFiles::~RecalledFiles() = default;

bool RecalledFiles::holds() {
  if (asking_.joinable()) asking_.join();
  return holds_;
}

// An answer that can't be had is none that holds: who asks for it again learns why.
void RecalledFiles::ask_again() {
  std::vector<std::function<bool()>> questions;
  for (const auto& [path, status] : recalled_.statuses) {
    questions.emplace_back([&] { return is_same(under_.status(path), status); });
  }
  for (const auto& [path, entries] : recalled_.lists) {
    questions.emplace_back([&] { return is_same(under_.list(path), entries); });
  }
  const auto ask = [&](std::size_t i) {
    if (!holds_) return;
    bool is_answered_so = false;
    try {
      is_answered_so = questions[i]();
    } catch (const std::exception&) {
      is_answered_so = false;
    }
    if (!is_answered_so && holds_.exchange(false)) outdated_();
  };
  for_each_at_once(questions.size(), ask, kRequests);
}

FileAnswers RecalledFiles::take_noted(
    const std::function<bool(const std::string& path)>& is_asked_for) {
  const std::lock_guard lock(mutex_);
  notes_ = false;
  for (const auto& [path, status] : opened_) {
    if (is_asked_for(path)) noted_.statuses.try_emplace(path, status);
  }
  opened_.clear();
  return std::exchange(noted_, {});
}

bool RecalledFiles::is_recalled_absent(const std::string& path) const {
  const auto found = recalled_.statuses.find(path);
  return found != recalled_.statuses.end() && !found->second;
}

void RecalledFiles::note(const std::string& path, const std::optional<FileStatus>& status) {
  const std::lock_guard lock(mutex_);
  if (notes_ && noted_.statuses.size() < kMostAnswers) noted_.statuses[path] = status;
}

std::unique_ptr<ReadableFile> RecalledFiles::note_opened(const std::string& path,
                                                         std::unique_ptr<ReadableFile> file) {
  if (file == nullptr) {
    note(path, std::nullopt);
    return nullptr;
  }
  const std::lock_guard lock(mutex_);
  if (notes_ && opened_.size() < kMostAnswers) opened_[path] = file->status();
  return file;
}

std::unique_ptr<ReadableFile> RecalledFiles::open(const std::string& path) {
  return note_opened(path, is_recalled_absent(path) ? nullptr : under_.open(path));
}

std::unique_ptr<ReadableFile> RecalledFiles::open_uncached(const std::string& path) {
  return note_opened(path, is_recalled_absent(path) ? nullptr : under_.open_uncached(path));
}

std::optional<FileStatus> RecalledFiles::status(const std::string& path) {
  const auto found = recalled_.statuses.find(path);
  const auto status = found != recalled_.statuses.end() ? found->second : under_.status(path);
  note(path, status);
  return status;
}

std::vector<DirectoryEntry> RecalledFiles::list(const std::string& directory) {
  const auto found = recalled_.lists.find(directory);
  std::vector<DirectoryEntry> entries =
      found != recalled_.lists.end() ? found->second : under_.list(directory);
  const std::lock_guard lock(mutex_);
  const bool is_small = entries.size() <= kMostNames && noted_.lists.size() < kMostNames / 10;
  if (notes_ && is_small) noted_.lists[directory] = entries;
  return entries;
}

}  // namespace gridmill
