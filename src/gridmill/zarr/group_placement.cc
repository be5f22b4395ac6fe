#include "gridmill/zarr/group_placement.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "gridmill/base/error.h"
#include "gridmill/base/hashing.h"
#include "gridmill/store/file_store.h"
#include "gridmill/store/manifest.h"
#include "gridmill/store/store_locks.h"
#include "gridmill/zarr/documents.h"
#include "gridmill/zarr/edit_hierarchy.h"
#include "gridmill/zarr/edited_store.h"
#include "gridmill/zarr/hierarchy.h"

namespace gridmill {
namespace {

constexpr std::int64_t kPatience_ns = 30'000'000'000;

// One name for a path: what separates groups may not separate folders. File systems allow 255
// bytes, of which others add some.
std::string as_one_name(const std::string& path) {
  constexpr std::size_t kLongestName = 200;
  if (path.size() > kLongestName / 3) return to_hex(hash_bytes(as_bytes(path)));
  std::string name;
  for (const char c : path) {
    if (c == '/') {
      name += "%2F";
    } else if (c == '%') {
      name += "%25";
    } else {
      name += c;
    }
  }
  return name;
}

std::string home_of(Files& files, const Location& location) {
  return fmt::format("{}/groups/{}", companion_path(files.absolute(location.path)),
                     as_one_name(location.node));
}

class GroupPlacement final : public Placement {
 public:
  GroupPlacement(Files& files, const Clock& clock, const Location& location, int zarr_format)
      : files_(files),
        clock_(clock),
        store_path_(files.absolute(location.path)),
        group_(location.node),
        home_(home_of(files, location)),
        path_(store_path_ + "/" + location.node),
        name_(location.text()),
        location_(location),
        zarr_format_(zarr_format) {}

  const std::string& home() const override { return home_; }
  const std::string& path() const override { return path_; }
  const std::string& name() const override { return name_; }

  bool begin(Store& fresh, bool overwrite) override {
    auto editing = std::make_unique<Editing>(*this);
    refuse_unsettled_append(*editing->store, location_);
    HierarchyEditor editor(*editing->store, zarr_format_);
    editor.check_room_for_group(Key(group_));
    const bool replaces = editor.node_at(group_).has_value();
    if (replaces && !overwrite) {
      throw Error(ErrorKind::conflict,
                  fmt::format("{} appeared while it was being written", location_.text()));
    }
    editing->came = records_of(fresh);
    editing_ = std::move(editing);
    editing_->manifest->take_away();
    editor.unlist({group_});  // also what is left of one that somebody has just deleted
    editor.make_parents(Key(group_));
    // A store that is made with its first group is consolidated, as all that we write.
    if (editing_->is_new) editor.consolidate();
    return replaces;
  }

  void end(bool is_placed) override {
    if (!editing_) return;
    const auto editing = std::move(editing_);
    say_what_is_there(*editing, is_placed);
  }

  // The group's own manifest goes last: without it all was done.
  void settle() override {
    Editing editing(*this);
    const Key fresh = Key(group_) / kFreshManifestKey;
    if (!editing.store->stat(fresh)) return;
    editing.came = records_of(*file_store(files_, path_));
    editing.manifest->take_away();
    say_what_is_there(editing, true);
  }

 private:
  // The store is locked as long as this is there.
  struct Editing {
    explicit Editing(const GroupPlacement& of)
        : alone(of.files_, of.store_path_, of.clock_, kPatience_ns),
          store(file_store(of.files_, of.store_path_, Durability::synced)),
          companion(file_store(of.files_, companion_path(of.store_path_))),
          manifest(std::make_unique<EditedManifest>(*store, *companion)),
          is_new(!zarr_format_at(*store)) {
      if (is_new) manifest->begin();
    }
    const EditorsLock alone;
    const std::unique_ptr<Store> store, companion;
    const std::unique_ptr<EditedManifest> manifest;
    const bool is_new;
    std::vector<KeyRecord> came;  // what the group's own manifest knows
  };

  void say_what_is_there(Editing& editing, bool is_placed) const {
    HierarchyEditor(*editing.store, zarr_format_).list({group_});
    if (!is_placed) editing.came.clear();
    editing.manifest->save(
        [&](const std::string& key) { return is_placed && is_within(key) ? std::string() : key; },
        editing.came, documents_above());
    if (is_placed) editing.store->remove(Key(group_) / kFreshManifestKey);
  }

  std::vector<Key> documents_above() const {
    std::vector<Key> keys;
    for (std::string above = group_; !above.empty();) {
      above = parent_of(above);
      for (const char* name : {"zarr.json", ".zgroup", ".zattrs", ".zmetadata"}) {
        keys.push_back(Key(above) / name);
      }
    }
    return keys;
  }

  bool is_within(const std::string& key) const { return key.starts_with(group_ + "/"); }

  // The manifest that a store brings along: it goes into that of the store around it.
  std::vector<KeyRecord> records_of(Store& group) const {
    std::vector<KeyRecord> records;
    const auto manifest = Manifest::load(group, group);
    if (!manifest) return records;
    for (const auto& [key, entry] : manifest->entries()) {
      records.push_back({group_ + "/" + key, entry});
    }
    return records;
  }

  Files& files_;
  const Clock& clock_;
  const std::string store_path_;
  const std::string group_;
  const std::string home_;
  const std::string path_;
  const std::string name_;
  const Location location_;
  const int zarr_format_;
  std::unique_ptr<Editing> editing_;
};

}  // namespace

std::shared_ptr<Placement> group_placement(Files& files, const Clock& clock,
                                           const Location& location, int zarr_format) {
  return std::make_shared<GroupPlacement>(files, clock, location, zarr_format);
}

void check_group_output(Files& files, const Location& location, int zarr_format, bool overwrite) {
  const auto store = file_store(files, files.absolute(location.path));
  refuse_unsettled_append(*store, location);
  HierarchyEditor editor(*store, zarr_format);
  editor.check_room_for_group(Key(location.node));
  const bool is_there = editor.node_at(location.node).has_value();
  if (!is_there && files.status(files.absolute(location.path) + "/" + location.node)) {
    throw Error(ErrorKind::conflict,
                fmt::format("{} is there, and is no group: move it away, or give another name",
                            location.text()));
  }
  if (!is_there || overwrite || has_run(files, home_of(files, location))) return;
  throw Error(
      ErrorKind::conflict,
      fmt::format("{} exists; give --overwrite to replace it, or another name", location.text()));
}

int zarr_format_around(Files& files, const Location& location) {
  return zarr_format_at(*file_store(files, files.absolute(location.path))).value_or(0);
}

}  // namespace gridmill
