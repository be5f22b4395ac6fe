// discards.h: what is being removed from a store that others read meanwhile.
//
// A part of it, whatever it holds, is first moved out in one rename, to STORE.gridmill/removed/,
// and deleted there: readers find all of it or nothing. What a run that died has left there is no
// part of the store any more; the next one clears it, as `gridmill cache gc` does. The caller holds
// the store's lock alone. Errors as of files.h.
#pragma once

#include <cstdint>
#include <string>

#include "gridmill/store/key.h"
#include "gridmill/system/files.h"

namespace gridmill {

class Discards {
 public:
  // `path` is the store's, absolute. Makes nothing.
  Discards(Files& files, const std::string& path);

  // What lies there by now.
  std::int64_t bytes() const;
  // Out of the store, on the disk as well, but not deleted yet.
  void take(const Key& key);
  // Deletes what was taken out.
  void clear();

 private:
  Files& files_;
  const std::string path_;
  const std::string place_;
};

}  // namespace gridmill
