// stage.h: where a new store is built, out of sight, until it is complete.
//
// On a file system the store grows in `OUT.gridmill/incoming/` beside its final place. publish()
// brings everything to the disk and then moves it there in one rename (an exchange if an old store
// is to be replaced, which is removed afterwards): whoever looks, and whenever the power goes, sees
// the old store or the new one. A run that dies leaves only that folder and its records, which the
// next run clears or resumes; a lock on OUT.gridmill/lock keeps two runs from sharing it. A run
// that dies behind the rename leaves the replaced store there: a note of which folder was to be
// published tells it from an unfinished one, so that it is never taken up again. Object stores have
// no rename: their stage will write in place and rely on the order that all writers keep anyway:
// data, then metadata, then consolidated metadata.
//
// OUT.zip grows in the same way, as a folder; publish() packs it into one file first.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gridmill/store/location.h"
#include "gridmill/store/store.h"
#include "gridmill/system/clock.h"
#include "gridmill/system/files.h"

namespace gridmill {

// Of a store that becomes a part of another: where it grows, and what goes with its rename.
class Placement {
 public:
  virtual ~Placement() = default;
  // The store grows in `home().gridmill` instead of `OUT.gridmill`.
  virtual const std::string& home() const = 0;
  // Its final place, absolute, and as it was typed.
  virtual const std::string& path() const = 0;
  virtual const std::string& name() const = 0;
  // `fresh` is about to be put in place, instead of what is there if it `replaces` something.
  virtual void begin(Store& fresh, bool replaces) = 0;
  // After begin(), also after one that threw: what is there now is said of it, whether that is the
  // new store or, after a rename that failed, what was there before.
  virtual void end(bool is_placed) = 0;
  // Of a run that died behind the rename: what end() had still to do.
  virtual void settle() = 0;
};

class OutputStage {
 public:
  // Unpublished: what was written stays, named by place().
  virtual ~OutputStage() = default;
  virtual Store& store() = 0;
  // Where the store grows, for messages.
  virtual std::string place() const = 0;
  // What the run notes about itself while it is under way: its plan, its journals (journal.h) in
  // the folder "journal". All of it goes with publish() or abandon().
  virtual Store& records() = 0;
  virtual std::string records_path() const = 0;
  // Everything written so far reaches the disk. Once it has failed it goes on failing, publish()
  // too: what was written since the last success may be lost, although it can still be read.
  virtual void sync() = 0;
  virtual bool may_have_lost() const noexcept = 0;  // sync() has failed
  // If it throws, the old store (or nothing) is at OUT, and the new one still whole at place();
  // way_out() says what to do then.
  // Returns, a sentence each, what could not be tidied up after the new store was in place.
  virtual std::vector<std::string> publish() = 0;
  virtual std::string way_out() const = 0;
  virtual void abandon() = 0;  // removes what was written
};

struct StageOptions {
  bool overwrite = false;
  bool resume = false;  // keep what an unfinished run left
  // One of several workers, in any number of processes, that fill the same store; none of them
  // publishes. The run that does comes alone, after them.
  bool is_worker = false;
  // By which a worker waits for who holds a lock only for the moment of looking; null: the
  // system's.
  const Clock* clock = nullptr;
  std::shared_ptr<Placement> placement = nullptr;  // null: a store of its own
};

// Refuses with Error(conflict) if something stands at `location` and may not be overwritten, or if
// another run is writing to it; a worker only, if that run is no worker. Each worker holds a lock
// of its own in OUT.gridmill/workers/.
std::unique_ptr<OutputStage> open_stage(Files& files, const Location& location,
                                        StageOptions options);

// Whether the run that left `companion` (OUT.gridmill) has published, and died while tidying up.
bool has_published(Files& files, const std::string& companion);

// Whether an unfinished run lies beside it, at work or not.
bool has_run(Files& files, const std::string& path);

// Beside the store, never in it: manifest, run records.
std::unique_ptr<Store> open_companion(Files& files, const Location& location);

}  // namespace gridmill
