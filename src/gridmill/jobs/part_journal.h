// part_journal.h: what a run of a partitioned table has stored, so that the next one need not do it
// again: parts in the output, and runs of rows that wait for theirs.
//
// store/journal.h with two kinds of places: "part 3 0 5000" (the first part of partition 3, of 5000
// rows) and "spill". What is noted counts if it is there, in the size that was noted.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gridmill/sink/part_writer.h"
#include "gridmill/sink/row_spill.h"
#include "gridmill/store/journal.h"
#include "gridmill/store/stage.h"
#include "gridmill/system/clock.h"

namespace gridmill {

// Parts by partition and number.
using StoredParts = std::map<std::int64_t, std::map<std::int64_t, TablePart>>;

class PartJournal {
 public:
  // Takes up what an earlier run of the same `plan` has left, if `resume`; else begins anew. Throws
  // Error(conflict) naming what differs if that run's plan was another. What lies there without a
  // plan is nobody's, and would be published with the table: it is removed. All must outlive this.
  PartJournal(Files& files, const Clock& clock, OutputStage& stage, Store& spill, const Json& plan,
              bool resume, const std::string& output);

  const StoredParts& parts() const noexcept { return parts_; }
  // One behind the other from row 0 on, without a gap.
  std::vector<SpilledRun> runs() const;
  bool has_earlier_work() const noexcept { return has_earlier_work_; }
  bool holds_anything() const noexcept { return !parts_.empty() || !spilled_.empty(); }

  void note(const TablePart& part);
  void note(const SpilledRun& run, const KeyRecord& record);
  // Everything that is noted reaches the disk.
  void sync();
  // After a sync that has failed: it could not be noted that what was written may be lost.
  bool is_loss_unnoted() const noexcept { return is_loss_unnoted_; }

 private:
  // False: the earlier run has left no plan.
  bool has_plan(const Json& plan, const std::string& output);
  void clear(Store& spill);
  void adopt(const Journaled& journaled, Store& spill);
  void sync_now_and_then();

  const Clock& clock_;
  OutputStage& stage_;
  std::optional<JournalWriter> journal_;
  StoredParts parts_;
  std::map<std::int64_t, std::int64_t> spilled_;  // first row: the farthest end
  bool has_earlier_work_ = false;
  bool is_loss_unnoted_ = false;
  std::int64_t last_sync_ns_ = 0;
};

}  // namespace gridmill
