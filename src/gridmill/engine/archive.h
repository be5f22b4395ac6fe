// archive.h: a Zarr store that a run writes, from the first chunk to its appearance in the world.
//
// It joins the stage in which the store grows (store/stage.h), the sinks of its arrays, the journal
// of what is stored (store/journal.h) and the order that keeps it valid: chunks, arrays' documents,
// groups, consolidated metadata, manifest, rename. A run that is interrupted leaves what it stored,
// and an archive opened with `resume` and the same plan goes on from there.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gridmill/engine/task_log.h"
#include "gridmill/sink/sink.h"
#include "gridmill/store/stage.h"
#include "gridmill/system/clock.h"
#include "gridmill/zarr/hierarchy.h"

namespace gridmill {

struct ArchiveTarget {
  Location location;
  int zarr_format = 3;
  std::vector<ZarrNode> nodes;  // parents before children, [0] is the root group
};

class Archive {
 public:
  virtual ~Archive() = default;

  // The sink of the array node at `path`. It keeps the archive alive.
  virtual std::shared_ptr<Sink> array(const std::string& path) = 0;
  // Where the output grows.
  virtual std::shared_ptr<Store> store() = 0;
  // For the stages that write to the sinks.
  virtual std::shared_ptr<TaskLog> log() = 0;
  // Where intermediate arrays lie until their last reader is done; they go with the run.
  virtual std::shared_ptr<Store> spill() = 0;
  virtual std::shared_ptr<TaskLog> spill_log() = 0;
  // Where state sinks keep their partial states; they go with the run, too.
  virtual std::shared_ptr<Store> states() = 0;
  virtual std::shared_ptr<TaskLog> states_log() = 0;
  // Where workers leave what they did (worker_part.h); it goes with the run, too.
  virtual std::shared_ptr<Store> parts() = 0;
  // Where the run notes what it has skipped (skipped_leaves.h); it goes with the run, too.
  virtual std::shared_ptr<Store> skipped() = 0;
  // More attributes of the root group, or others instead of those that it has: for complete()'s
  // work, when it knows what has become of the values.
  virtual void set_attributes(const Attributes& attributes) = 0;
  // Chunks (present or left out) that an earlier run stored and this one need not.
  virtual std::int64_t resumed() const = 0;

  // Does `work` (running the stages), then completes and publishes the store. Returns, a sentence
  // each, what a user should know all the same. If `work` throws, so does this, with what has
  // become of the output: what can be resumed is kept, anything else removed.
  virtual std::vector<std::string> complete(const std::function<void()>& work) = 0;

  // Of a worker (StageOptions): does a part of the work and brings what was stored, and the journal
  // that says so, to the disk. What fails is for the caller; nothing is removed.
  virtual void contribute(const std::function<void()>& work) = 0;
};

// `plan` says all that decides about the bytes: inputs and their identities, options, versions.
// With options.resume an unfinished run is continued if its plan was the same; Error(conflict)
// names what differs. A worker doesn't read what others have done; the caller hands out the tasks.
// `files` and `clock` must outlive the archive. Throws what open_stage throws.
std::shared_ptr<Archive> open_archive(Files& files, const Clock& clock, ArchiveTarget target,
                                      const StageOptions& options, const Json& plan);

// Removes the intermediate array `key`, which nobody will read any more.
void free_spill(Archive& archive, const Key& key);

// Where `now` differs from `before`, a line each: `inputs[0].size was 100 and is 120`, with the
// file before it (`a.nc: `) where what differs has a "location".
std::vector<std::string> plan_differences(const Json& before, const Json& now, std::size_t most);

}  // namespace gridmill
