// recalled_files.h: a Files that answers at once what was asked of it the last time: as it was
// answered then, while all of it is asked anew behind the back of who goes on with the answers.
//
// So who opens stores far away waits for no request that was made before, and works on what a cache
// holds of them while the far side says whether that still is what there is. An answer may be
// outdated: nothing that rests upon it may be told, written or thrown before holds() said true.
// Content is never recalled: a file that is opened and is another one than was recalled ends it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "gridmill/base/json.h"
#include "gridmill/system/forwarding_files.h"

namespace gridmill {

// What status() and list() have answered, by absolute path.
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
  // Asks `under` for all that is recalled, at once, on threads of its own, and requests `outdated`
  // to stop when an answer differs or can't be had any more. `under` must outlive those threads,
  // too, which a side that never answers may hold for ever.
  RecalledFiles(Files& under, FileAnswers recalled, std::stop_source outdated);
  ~RecalledFiles() override;  // ends the asking

  // Asks nothing more, and waits a second for what is under way. False: it takes longer, and its
  // threads were left behind.
  bool end_asking();

  // Waits until all answers are there: whether they are what was recalled. nullopt: `stop` came
  // first.
  std::optional<bool> holds(const std::stop_token& stop);

  // What was asked so far and answered, recalled or not, as far as it is little enough to be kept;
  // of files that were opened, which says what their status is, those that the next one will ask
  // for. From here on nothing is noted.
  FileAnswers take_noted(const std::function<bool(const std::string& path)>& is_asked_for);

  // Throws Error(conflict) for a file that is not the one that was recalled.
  std::unique_ptr<ReadableFile> open(const std::string& path) override;
  std::unique_ptr<ReadableFile> open_uncached(const std::string& path) override;
  std::optional<FileStatus> status(const std::string& path) override;
  std::vector<DirectoryEntry> list(const std::string& directory) override;
  // What is made here (an index beside an input) is not noted as absent.
  void rename(const std::string& from, const std::string& to) override;
  void rename_new(const std::string& from, const std::string& to) override;
  bool remove_file(const std::string& path) override;

 private:
  // Of those who may come back to it when this is gone: lanes that were given up, and who asks.
  class State;

  template <class Open>
  std::unique_ptr<ReadableFile> open_by(const std::string& path, Open&& open);

  const std::shared_ptr<State> state_;
  std::thread asking_;
};

}  // namespace gridmill
