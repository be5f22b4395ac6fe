// journal.h: what a run has stored so far, so that the next one need not do it again.
//
// Each writer (a process, a rank) has a file of its own in OUT.gridmill/run/journal/, so that
// nobody waits for anybody; a reader merges them. Lines of JSON:
//   {"gridmill_journal": 1, "plan": "<hash>", "boot": "<id of the machine's start>"}
//   {"in": "out", "keys": [["t2m/c/0/0/0", 4096, "<hash>"], ["t2m/c/1/0/0"]]}
//   {"synced": 12}
//   {"lost": true}
// A key without size and hash is absent on purpose. A line is written when its keys are stored,
// and counts at once for whoever comes after a killed process. After a loss of power (the machine's
// boot id is another) only so many lines of keys count as the last "synced" says: the rest may not
// have reached the disk. The same holds behind "lost": the disk has failed to keep something, and
// what can be read back may be gone tomorrow. A torn last line is a write that never returned.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>

#include "gridmill/base/json.h"
#include "gridmill/store/manifest.h"
#include "gridmill/system/files.h"

namespace gridmill {

class JournalWriter {
 public:
  // Starts a file in `directory`, which must exist. `files` must outlive this.
  JournalWriter(Files& files, const std::string& directory, const std::string& plan);

  // `place` says which of the run's stores holds the keys. Thread-safe.
  void add(std::string_view place, std::span<const KeyRecord> records);
  // How many lines of keys there are. What they name has been stored.
  std::int64_t lines() const;
  // What the first `lines` of them name has reached the disk; brings the journal there, too.
  void note_synced(std::int64_t lines);
  // Call when bringing it to the disk has failed. Where that can't be noted either (a full disk),
  // the journal is removed, so that nothing of it counts.
  void note_lost();

 private:
  void append(const Json& line);

  Files& files_;
  const std::string path_;
  mutable std::mutex mutex_;
  std::unique_ptr<WritableFile> file_;
  std::int64_t lines_ = 0;
};

// By place and key.
using Journaled = std::map<std::string, std::map<std::string, std::optional<ManifestEntry>>>;

// All journals in `directory` together; empty if there are none. Journals of another plan are
// Error(conflict): its keys mean something else. Error(corrupt) for what can't be read.
Journaled read_journals(Files& files, const std::string& directory, const std::string& plan);

}  // namespace gridmill
