#include "gridmill/zarr/group_placement.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "gridmill/base/error.h"
#include "gridmill/store/file_store.h"
#include "gridmill/store/manifest.h"
#include "gridmill/store/store_locks.h"
#include "gridmill/zarr/edit_hierarchy.h"
#include "gridmill/zarr/edited_store.h"
#include "gridmill/zarr/hierarchy.h"

namespace gridmill {
namespace {

constexpr std::int64_t kPatience_ns = 30'000'000'000;

// One name for a path: what separates groups may not separate folders.
std::string as_one_name(const std::string& path) {
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
        zarr_format_(zarr_format) {}

  const std::string& home() const override { return home_; }
  const std::string& path() const override { return path_; }
  const std::string& name() const override { return name_; }

  void begin(Store& fresh, bool replaces) override {
    auto editing = std::make_unique<Editing>(*this);
    HierarchyEditor editor(*editing->store, zarr_format_);
    editor.check_room_for_group(Key(group_));
    if (replaces && !editor.node_at(group_)) {
      throw Error(ErrorKind::conflict,
                  fmt::format("{} is no group: what lies there would be lost", name_));
    }
    editing->chunks = take_manifest(fresh);
    editing_ = std::move(editing);
    editing_->manifest->take_away();
    if (replaces) editor.unlist({group_});
    editing_->first = editor.make_parents(Key(group_));
  }

  void end(bool is_placed) override {
    if (!editing_) return;
    const auto editing = std::move(editing_);
    HierarchyEditor editor(*editing->store, zarr_format_);
    // A store that is made with its first group is consolidated, as all that we write.
    if (editing->is_new) {
      editor.consolidate();
    } else {
      editor.list({editing->first});
    }
    if (!is_placed) editing->chunks.clear();
    editing->manifest->save(
        [&](const std::string& key) { return is_placed && is_within(key) ? std::string() : key; },
        editing->chunks);
  }

  // Which of the groups above are new nobody knows any more: those that are listed stay as they
  // are. The manifest is gone.
  void settle() override {
    const Editing editing(*this);
    HierarchyEditor(*editing.store, zarr_format_).list({group_.substr(0, group_.find('/'))});
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
    std::string first;  // what is to be listed
    std::vector<KeyRecord> chunks;
  };

  bool is_within(const std::string& key) const { return key.starts_with(group_ + "/"); }

  // It has no place within a store; what it knows goes into the store's own.
  std::vector<KeyRecord> take_manifest(Store& fresh) const {
    const auto manifest = Manifest::load(fresh, fresh);
    std::vector<KeyRecord> records;
    if (manifest) {
      for (const auto& [key, entry] : manifest->entries()) {
        records.push_back({group_ + "/" + key, entry});
      }
    }
    fresh.remove(Key(kFreshManifestKey));
    return records;
  }

  Files& files_;
  const Clock& clock_;
  const std::string store_path_;
  const std::string group_;
  const std::string home_;
  const std::string path_;
  const std::string name_;
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
  HierarchyEditor editor(*store, zarr_format);
  const Key group(location.node);
  editor.check_room_for_group(group);
  if (!editor.node_at(location.node)) {
    if (store->children(group).empty()) return;
    throw Error(ErrorKind::conflict,
                fmt::format("{} is there, and is no group: move it away, or give another name",
                            location.text()));
  }
  if (overwrite || has_run(files, home_of(files, location))) return;
  throw Error(
      ErrorKind::conflict,
      fmt::format("{} exists; give --overwrite to replace it, or another name", location.text()));
}

int zarr_format_around(Files& files, const Location& location) {
  return zarr_format_at(*file_store(files, files.absolute(location.path))).value_or(0);
}

}  // namespace gridmill
