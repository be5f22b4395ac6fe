#include "gridmill/store/recalled_files.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <utility>

#include "gridmill/base/error.h"
#include "gridmill/system/at_once.h"

namespace gridmill {
namespace {

// Answers, and names of a listing, beyond which none is noted: what opening thousands of inputs
// asks is as costly to remember as to ask.
constexpr std::size_t kMostAnswers = 20'000;
constexpr std::size_t kMostLists = 1000;
constexpr std::size_t kMostNames = 10'000;
// Requests under way at once: their answers take long and cost nothing.
constexpr std::size_t kRequests = 64;
// For requests under way when nobody wants their answers any more.
constexpr std::chrono::seconds kPatience{1};

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

class RecalledFiles::State {
 public:
  State(FileAnswers recalled, std::stop_source outdated)
      : recalled_(std::move(recalled)), outdated_(std::move(outdated)) {}

  const FileAnswers& recalled() const noexcept { return recalled_; }
  const std::optional<FileStatus>* find(const std::string& path) const {
    const auto found = recalled_.statuses.find(path);
    return found == recalled_.statuses.end() ? nullptr : &found->second;
  }

  // An answer that can't be had is none that holds: who asks for it again learns why.
  void ask_again(Files& files) {
    std::vector<std::function<bool()>> questions;
    for (const auto& one : recalled_.statuses) {
      questions.emplace_back([&] { return is_same(files.status(one.first), one.second); });
    }
    for (const auto& one : recalled_.lists) {
      questions.emplace_back([&] { return is_same(files.list(one.first), one.second); });
    }
    const auto ask = [&](std::size_t i) {
      if (is_over()) return;
      bool is_answered_so = false;
      try {
        is_answered_so = questions[i]();
      } catch (...) {
        is_answered_so = false;
      }
      if (!is_answered_so) end();
    };
    for_each_at_once(questions.size(), ask, kRequests);
    const std::lock_guard lock(mutex_);
    is_done_ = true;
    done_.notify_all();
  }

  std::optional<bool> holds(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    if (!done_.wait(lock, stop, [&] { return is_done_ || is_outdated_; })) return std::nullopt;
    return !is_outdated_;
  }
  // False: what is under way takes longer.
  bool leave() {
    std::unique_lock lock(mutex_);
    is_left_ = true;
    return done_.wait_for(lock, kPatience, [&] { return is_done_; });
  }
  void end() {
    {
      const std::lock_guard lock(mutex_);
      is_outdated_ = true;
      done_.notify_all();
    }
    outdated_.request_stop();
  }

  void note(const std::string& path, const std::optional<FileStatus>& status) {
    const std::lock_guard lock(mutex_);
    if (!is_noted(path) || noted_.statuses.size() >= kMostAnswers) return;
    noted_.statuses[path] = status;
  }
  void note(const std::string& directory, const std::vector<DirectoryEntry>& entries) {
    const std::lock_guard lock(mutex_);
    const bool is_small = entries.size() <= kMostNames && noted_.lists.size() < kMostLists;
    if (is_noted(directory) && is_small) noted_.lists[directory] = entries;
  }
  void note_opened(const std::string& path, const FileStatus& status) {
    const std::lock_guard lock(mutex_);
    if (is_noted(path) && opened_.size() < kMostAnswers) opened_[path] = status;
  }
  void forget(const std::string& path) {
    const std::lock_guard lock(mutex_);
    noted_.statuses.erase(path);
  }
  FileAnswers take_noted(const std::function<bool(const std::string& path)>& is_asked_for) {
    const std::lock_guard lock(mutex_);
    notes_ = false;
    for (const auto& [path, status] : opened_) {
      if (is_asked_for(path)) noted_.statuses.try_emplace(path, status);
    }
    opened_.clear();
    return std::exchange(noted_, {});
  }

 private:
  // A relative path means another file elsewhere.
  bool is_noted(const std::string& path) const { return notes_ && path.starts_with('/'); }
  bool is_over() {
    const std::lock_guard lock(mutex_);
    return is_outdated_ || is_left_;
  }

  const FileAnswers recalled_;
  std::stop_source outdated_;
  std::mutex mutex_;
  std::condition_variable_any done_;
  bool is_done_ = false, is_outdated_ = false, is_left_ = false;
  bool notes_ = true;
  FileAnswers noted_;
  std::map<std::string, FileStatus> opened_;
};

RecalledFiles::RecalledFiles(Files& under, FileAnswers recalled, std::stop_source outdated)
    : ForwardingFiles(under),
      state_(std::make_shared<State>(std::move(recalled), std::move(outdated))) {
  if (state_->recalled().empty()) {
    state_->ask_again(under);  // nothing: it is done
    return;
  }
  try {
    asking_ = std::thread([state = state_, &under] { state->ask_again(under); });
  } catch (const std::system_error&) {
    state_->ask_again(under);  // no more threads
  }
}

RecalledFiles::~RecalledFiles() { (void)end_asking(); }

bool RecalledFiles::end_asking() {
  if (!asking_.joinable()) return true;
  const bool has_ended = state_->leave();
  if (has_ended) {
    asking_.join();
  } else {
    asking_.detach();
  }
  return has_ended;
}

std::optional<bool> RecalledFiles::holds(const std::stop_token& stop) {
  return state_->holds(stop);
}

FileAnswers RecalledFiles::take_noted(
    const std::function<bool(const std::string& path)>& is_asked_for) {
  return state_->take_noted(is_asked_for);
}

// In each of these a call below may come back when this object is gone: only `state` is touched
// after it.
template <class Open>
std::unique_ptr<ReadableFile> RecalledFiles::open_by(const std::string& path, Open&& open) {
  const auto state = state_;
  const std::optional<FileStatus>* recalled = state->find(path);
  if (recalled != nullptr && !*recalled) {
    state->note(path, std::nullopt);
    return nullptr;
  }
  auto file = std::forward<Open>(open)();
  if (file == nullptr) {
    state->note(path, std::nullopt);
    return nullptr;
  }
  const FileStatus status = file->status();
  if (recalled != nullptr && !is_same(status, *recalled)) {
    state->end();
    throw Error(ErrorKind::conflict, path + " is not what it was when it was opened last");
  }
  state->note_opened(path, status);
  return file;
}

std::unique_ptr<ReadableFile> RecalledFiles::open(const std::string& path) {
  return open_by(path, [&under = under_, &path] { return under.open(path); });
}

std::unique_ptr<ReadableFile> RecalledFiles::open_uncached(const std::string& path) {
  return open_by(path, [&under = under_, &path] { return under.open_uncached(path); });
}

std::optional<FileStatus> RecalledFiles::status(const std::string& path) {
  const auto state = state_;
  const std::optional<FileStatus>* recalled = state->find(path);
  const auto status = recalled != nullptr ? *recalled : under_.status(path);
  state->note(path, status);
  return status;
}

std::vector<DirectoryEntry> RecalledFiles::list(const std::string& directory) {
  const auto state = state_;
  const auto found = state->recalled().lists.find(directory);
  const bool is_recalled = found != state->recalled().lists.end();
  std::vector<DirectoryEntry> entries = is_recalled ? found->second : under_.list(directory);
  state->note(directory, entries);
  return entries;
}

void RecalledFiles::rename(const std::string& from, const std::string& to) {
  state_->forget(to);
  under_.rename(from, to);
}

void RecalledFiles::rename_new(const std::string& from, const std::string& to) {
  state_->forget(to);
  under_.rename_new(from, to);
}

bool RecalledFiles::remove_file(const std::string& path) {
  state_->forget(path);
  return under_.remove_file(path);
}

}  // namespace gridmill
