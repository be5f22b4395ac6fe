// recalled_files.h: a Files that answers at once what was asked of it the last time: as it was
// answered then, while all of it is asked anew behind the back of who goes on with the answers.
//
// So who opens stores far away waits for no request that was made before, and works on what a cache
// holds of them while the far side says whether that still is what there is. An answer may be
// outdated: nothing that rests upon it may be told, written or thrown before holds() said true.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "gridmill/base/json.h"
#include "gridmill/system/forwarding_files.h"

namespace gridmill {

// What status() and list() have answered, by path.
struct FileAnswers {
  std::map<std::string, std::optional<FileStatus>> statuses;
  std::map<std::string, std::vector<DirectoryEntry>> lists;

  bool empty() const noexcept { return statuses.empty() && lists.empty(); }
  Json to_json() const;
  // Throws what the JSON library throws for anything else than to_json() has made.
  static FileAnswers of(const Json& json);
};

class RecalledFiles final : public ForwardingFiles {
 public:
  // Asks `under` for all that is recalled, at once, on threads of its own; calls `outdated` from
  // one of them, once, when an answer differs or can't be had any more. `under` and what `outdated`
  // refers to must outlive this.
  RecalledFiles(Files& under, FileAnswers recalled, std::function<void()> outdated);
  ~RecalledFiles() override;

  // Waits until all answers are there: whether they are what was recalled.
  bool holds();

  // What was asked so far and answered, recalled or not, as far as it is little enough to be kept;
  // of files that were opened, which says what their status is, those that the next one will ask
  // for. From here on nothing is noted.
  FileAnswers take_noted(const std::function<bool(const std::string& path)>& is_asked_for);

  std::unique_ptr<ReadableFile> open(const std::string& path) override;
  std::unique_ptr<ReadableFile> open_uncached(const std::string& path) override;
  std::optional<FileStatus> status(const std::string& path) override;
  std::vector<DirectoryEntry> list(const std::string& directory) override;

 private:
  bool is_recalled_absent(const std::string& path) const;
  std::unique_ptr<ReadableFile> note_opened(const std::string& path,
                                            std::unique_ptr<ReadableFile> file);
  void note(const std::string& path, const std::optional<FileStatus>& status);
  void ask_again();

  const FileAnswers recalled_;
  const std::function<void()> outdated_;
  std::atomic<bool> holds_ = true;
  std::mutex mutex_;
  bool notes_ = true;
  FileAnswers noted_;
  std::map<std::string, FileStatus> opened_;
  std::jthread asking_;  // last: it uses the others
};

}  // namespace gridmill
