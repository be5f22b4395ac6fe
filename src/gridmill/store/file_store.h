// file_store.h: a directory as a store.
//
// How a put stays atomic: 1. write to a new file `.<name>.<random>.partial` in the target's
// directory, 2. (synced) fdatasync it, 3. close it and heed what close says, 4. rename it over the
// target, 5. (synced) fsync the directory. A crash leaves the old value or the new one, and perhaps
// a
// `.partial` file, which no listing shows and `debris()` finds.
// put_if is atomic against other callers in this process only; between processes it can miss a
// concurrent writer (POSIX has no compare-and-rename), which is why edge chunks will take a lock.
#pragma once

#include <memory>
#include <string>

#include "gridmill/store/store.h"
#include "gridmill/system/files.h"

namespace gridmill {

enum class Reads {
  cached,          // through the page cache
  past_the_cache,  // for values that are large, written past it, and read once
};

// `root` need not exist yet; it is created by the first put. `files` must outlive the store.
// `root` may also be a single file: then only the root key is present (used to read one file).
std::unique_ptr<Store> file_store(Files& files, std::string root,
                                  Durability durability = Durability::ordered,
                                  Reads reads = Reads::cached);

// One file as a value; null: there is none, or a directory. Needs no store, nor `files` any longer.
std::unique_ptr<ValueReader> file_reader(Files& files, const std::string& path);

// Paths of unfinished writes below `root`.
std::vector<std::string> debris(Files& files, const std::string& root);

}  // namespace gridmill
