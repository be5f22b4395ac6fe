// journal.h: what a run has stored so far, so that the next one need not do it again.
//
// Each writer (a process, a rank) has a file of its own in OUT.gridmill/run/journal/, so that
// nobody waits for anybody; a reader merges them. Lines of JSON:
//   {"gridmill_journal": 1, "plan": "<hash>", "boot": "<id of the machine's start>"}
//   {"in": "out", "keys": [["t2m/c/0/0/0", 4096, "<hash>"], ["t2m/c/1/0/0"]]}
//   {"synced": true}
// A key without size and hash is absent on purpose. A line is written when its keys are stored,
// and counts at once for whoever comes after a killed process. After a loss of power (the machine's
// boot id is another) only what stands before the last "synced" counts: the rest may not have
// reached the disk. A torn last line is a write that never returned.
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
  // Call after everything noted so far has reached the disk; brings the journal there, too.
  void note_synced();

 private:
  void append(const Json& line);

  std::mutex mutex_;
  std::unique_ptr<WritableFile> file_;
};

// By place and key.
using Journaled = std::map<std::string, std::map<std::string, std::optional<ManifestEntry>>>;

// All journals in `directory` together; empty if there are none. Journals of another plan are
// Error(conflict): its keys mean something else. Error(corrupt) for what can't be read.
Journaled read_journals(Files& files, const std::string& directory, const std::string& plan);

}  // namespace gridmill
