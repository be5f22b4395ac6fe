// stage.h: where a new store is built, out of sight, until it is complete.
//
// On a file system the store grows in `OUT.gridmill/incoming/` beside its final place; publish()
// moves it there in one rename (an exchange if an old store is to be replaced, which is then
// removed). A run that dies leaves only that folder, which the next run clears. Object stores have
// no rename: their stage will write in place and rely on the order that all writers keep anyway:
// data, then metadata, then consolidated metadata.
#pragma once

#include <memory>
#include <string>

#include "gridmill/store/location.h"
#include "gridmill/store/store.h"
#include "gridmill/system/files.h"

namespace gridmill {

class OutputStage {
 public:
  virtual ~OutputStage() =
      default;  // unpublished: what was written stays as debris, named by debris_path()
  virtual Store& store() = 0;
  // Beside the store, never in it: manifest, run records.
  virtual Store& companion() = 0;
  virtual void publish() = 0;
  virtual void abandon() = 0;  // removes what was written
  virtual std::string debris_path() const = 0;
};

// Refuses with Error(conflict) if something stands at `location` and `overwrite` is false.
std::unique_ptr<OutputStage> open_stage(Files& files, const Location& location, bool overwrite,
                                        Durability durability = Durability::ordered);

// The companion of an existing store.
std::unique_ptr<Store> open_companion(Files& files, const Location& location);

}  // namespace gridmill
