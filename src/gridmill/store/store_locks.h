// store_locks.h: who may write a store at the same time.
//
// Whoever replaces or rearranges a store comes alone and holds OUT.gridmill/lock; workers, any
// number of them, each hold a lock of their own in OUT.gridmill/workers/. Of two that come at once
// at least one sees the other. Locks go with their process, in whatever way it ends.
#pragma once

#include <memory>
#include <string>

#include "gridmill/system/clock.h"
#include "gridmill/system/files.h"

namespace gridmill {

// The folder beside the store at `path`.
std::string companion_path(const std::string& path);

class StoreLocks {
 public:
  // `path` is the store's, absolute; its companion folder exists. Nothing is locked yet.
  StoreLocks(Files& files, std::string path);

  // Error(conflict) if anybody else is writing.
  void take_alone();
  // Error(conflict) if somebody who came alone is writing; who only looks is waited for, by
  // `clock`.
  void join(const Clock& clock);
  void release() { lock_.reset(); }
  // For after the work: an empty folder of workers goes.
  void tidy();
  // Released and tidied; the companion folder goes, too, if nothing was put there.
  void leave() noexcept;

 private:
  std::string common() const;
  std::string workers() const;
  template <class Path>
  std::unique_ptr<FileLock> lock_soon(const Clock& clock, Path&& path);
  std::unique_ptr<FileLock> lock_at(const std::string& path);
  bool is_held(const std::string& path) const;
  [[noreturn]] void refuse(const std::string& who) const;

  Files& files_;
  const std::string path_;
  std::unique_ptr<FileLock> lock_;
};

}  // namespace gridmill
