#include "gridmill/store/stage.h"

#include <fmt/format.h>

#include <atomic>
#include <charconv>
#include <mutex>

#include "gridmill/base/error.h"
#include "gridmill/store/file_store.h"
#include "gridmill/store/manifest.h"
#include "gridmill/store/store_locks.h"
#include "gridmill/store/zip_store.h"

namespace gridmill {
namespace {

// In the run's records: the folder that is about to be published, by its inode, which a rename
// keeps.
constexpr std::string_view kPublishing = "publishing";

std::optional<std::uint64_t> about_to_be_published(Files& files, const std::string& run) {
  const auto file = files.open(fmt::format("{}/{}", run, kPublishing));
  if (file == nullptr) return std::nullopt;
  std::string text(20, '\0');
  text.resize(file->read_at(0, std::as_writable_bytes(std::span(text))));
  std::uint64_t inode = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), inode);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return inode;
}

bool is_at(Files& files, const std::string& path, std::uint64_t inode) {
  const auto status = files.status(path);
  return status && status->inode == inode;
}

class FileStage final : public OutputStage {
 public:
  // `path`: the store's own, or its placement's home.
  FileStage(Files& files, const std::string& path, StageOptions options)
      : files_(files),
        placement_(std::move(options.placement)),
        path_(placement_ ? placement_->path() : path),
        companion_(companion_path(path)),
        incoming_(companion_ + "/incoming"),
        packed_(companion_ + "/packed.zip"),
        run_(companion_ + "/run"),
        overwrite_(options.overwrite),
        locks_(files, path) {
    files_.make_directories(companion_);
    if (options.is_worker) {
      locks_.join(options.clock != nullptr ? *options.clock : *system_clock());
    } else {
      locks_.take_alone();
    }
    settle_publishing(options.is_worker);
    if (placement_ && !overwrite_ && files_.status(path_)) {
      release();
      refuse_existing();
    }
    if (!options.resume) clear();
    try {
      files_.make_directories(incoming_);
      files_.make_directories(run_);
      disk_ = files_.disk(incoming_);
      // What a killed run was about to write would be published with the rest.
      if (!options.is_worker) {
        for (const std::string& half : debris(files_, incoming_)) files_.remove_file(half);
      }
    } catch (const Error&) {
      if (!options.resume) abandon_quietly();
      throw;
    }
    store_ = file_store(files_, incoming_);
    records_ = file_store(files_, run_);
  }

  Store& store() override { return *store_; }
  std::string place() const override { return incoming_; }
  Store& records() override { return *records_; }
  std::string records_path() const override { return run_; }

  void sync() override {
    const std::lock_guard lock(sync_mutex_);
    if (may_have_lost_) {
      throw Error(ErrorKind::unavailable,
                  fmt::format("the disk under {} has lost what was written to it", incoming_));
    }
    try {
      disk_->sync();
    } catch (...) {
      may_have_lost_ = true;
      throw;
    }
  }
  bool may_have_lost() const noexcept override { return may_have_lost_; }

  std::vector<std::string> publish() override {
    if (is_zip()) pack();
    const std::string& fresh = is_zip() ? packed_ : incoming_;
    if (const auto status = files_.status(fresh)) {
      (void)records_->put(Key(kPublishing), as_bytes(std::to_string(status->inode)));
    }
    sync();
    if (placement_) {
      place_within(fresh);
    } else {
      place(fresh);
    }
    // The new store is in place; `fresh` holds the old one, if any. Nothing fails any more.
    std::vector<std::string> notes;
    const auto tidy = [&](const std::string& what, const auto& action) {
      try {
        action();
      } catch (const Error& error) {
        notes.push_back(fmt::format("{} ({})", what, error.message()));
      }
    };
    if (!placement_) {
      tidy("the new name could not be brought to the disk: a loss of power may undo it",
           [&] { files_.sync_directory(parent()); });
      tidy(fmt::format("the manifest stays inside the store, as {}", kFreshManifestKey),
           [&] { move_manifest(); });
    }
    // In this order: the records tell what `incoming_` is.
    tidy(fmt::format("the replaced store could not be removed: rm -r {} {}", fresh, run_),
         [&] { clear(); });
    release();
    return notes;
  }

  std::string way_out() const override {
    if (!placement_) return fmt::format("the finished store is kept: mv {} {}", incoming_, path_);
    const auto inode = about_to_be_published(files_, run_);
    return !inode || !is_at(files_, path_, *inode)
               ? "the finished group is kept: the same command with --resume puts it in place"
               : "the group is in place: the same command completes the store's own documents";
  }

  void abandon() override {
    clear();
    release();
  }

 private:
  void place(const std::string& fresh) {
    const auto old = files_.status(path_);
    if (old && !overwrite_) {
      throw Error(ErrorKind::conflict,
                  fmt::format("{} appeared while the new store was being written", path_));
    }
    if (old) {
      files_.exchange(fresh, path_);
    } else {
      files_.rename_new(fresh, path_);
    }
  }

  // Whatever fails, the store around it says what is there.
  void place_within(const std::string& fresh) {
    const auto old = files_.status(path_);
    if (old && !overwrite_) refuse_existing();
    const auto status = files_.status(fresh);
    try {
      placement_->begin(*store_, old.has_value());
      place(fresh);
      files_.sync_directory(parent());
    } catch (const Error&) {
      end_quietly(status->inode);
      throw;
    }
    placement_->end(true);
  }

  void end_quietly(std::uint64_t inode) {
    try {
      placement_->end(is_at(files_, path_, inode));
    } catch (const Error&) {
      return;  // the error that led here is the one to tell
    }
  }

  [[noreturn]] void refuse_existing() {
    throw Error(ErrorKind::conflict,
                has_settled_
                    ? fmt::format("an earlier run had put {} in place, and died: it is complete "
                                  "now; to write it anew, give --overwrite",
                                  placement_->name())
                    : fmt::format("{} exists; give --overwrite to replace it, or another name",
                                  placement_->name()));
  }

  // An earlier run may have died between its rename and the removal of what it replaced.
  void settle_publishing(bool is_worker) {
    const auto inode = about_to_be_published(files_, run_);
    if (!inode || is_at(files_, incoming_, *inode) || is_at(files_, packed_, *inode)) return;
    if (!is_zip() && files_.status(incoming_) && !is_at(files_, path_, *inode)) {
      throw Error(ErrorKind::conflict,
                  fmt::format("an earlier run was cut short while it put its store at {}: neither "
                              "that nor {} is what it wrote; keep what you need of both, then: rm "
                              "-r {} {}",
                              path_, incoming_, incoming_, run_));
    }
    if (is_worker) {
      throw Error(ErrorKind::conflict,
                  fmt::format("an earlier run has published {}, and was cut short while it tidied "
                              "up: rm -r {} {}",
                              path_, incoming_, run_));
    }
    if (is_at(files_, path_, *inode)) {
      if (placement_) {
        placement_->settle();
      } else {
        move_manifest();
      }
      has_settled_ = true;
    }
    clear();
  }

  void abandon_quietly() {
    try {
      FileStage::abandon();
    } catch (const Error&) {
      return;  // the error that led here is the one to tell
    }
  }

  bool is_zip() const { return is_zip_name(path_); }

  // The manifest can't come with the store here: it is put beside it next. Until then there is
  // none, rather than another store's.
  void pack() {
    files_.remove_file(packed_);
    pack_zip(*store_, files_, packed_, {Key(kFreshManifestKey)});
    files_.remove_file(fmt::format("{}/{}", companion_, kManifestKey));
  }

  void clear() {
    remove_tree(files_, incoming_);
    remove_tree(files_, packed_);
    remove_tree(files_, run_);
  }

  std::string parent() const { return path_.substr(0, path_.rfind('/') + 1); }

  // It came with the store, so that a crash can't part them.
  void move_manifest() {
    const std::string fresh = fmt::format("{}/{}", is_zip() ? incoming_ : path_, kFreshManifestKey);
    const std::string kept = fmt::format("{}/{}", companion_, kManifestKey);
    if (files_.status(fresh)) {
      files_.rename(fresh, kept);
    } else {
      files_.remove_file(kept);  // the replaced store's
    }
  }

  // What fails here is of no interest to the user: an empty folder stays, or the next run is
  // already at work in it.
  void release() {
    try {
      locks_.tidy();
      const bool is_empty = files_.list(companion_).size() == 1;  // the lock itself
      locks_.release();
      if (is_empty) files_.remove_directory(companion_);
    } catch (const Error&) {
      locks_.release();
    }
  }

  Files& files_;
  const std::shared_ptr<Placement> placement_;
  const std::string path_;
  const std::string companion_;
  const std::string incoming_;
  const std::string packed_;  // OUT as a zip file, made of `incoming_` when that is complete
  const std::string run_;
  const bool overwrite_;
  bool has_settled_ = false;
  StoreLocks locks_;
  std::unique_ptr<Disk> disk_;
  std::mutex sync_mutex_;
  std::atomic<bool> may_have_lost_{false};
  std::unique_ptr<Store> store_;
  std::unique_ptr<Store> records_;
};

}  // namespace

std::unique_ptr<OutputStage> open_stage(Files& files, const Location& location,
                                        StageOptions options) {
  if (options.placement) {
    const std::string home = options.placement->home();
    return std::make_unique<FileStage>(files, home, std::move(options));
  }
  const std::string path = files.absolute(location.path);
  if (files.status(path) && !options.overwrite) {
    throw Error(
        ErrorKind::conflict,
        fmt::format("{} exists; give --overwrite to replace it, or another name", location.path));
  }
  return std::make_unique<FileStage>(files, path, std::move(options));
}

bool has_published(Files& files, const std::string& companion) {
  const auto inode = about_to_be_published(files, companion + "/run");
  return inode &&
         is_at(files, companion.substr(0, companion.size() - companion_path("").size()), *inode);
}

bool has_run(Files& files, const std::string& path) {
  return files.status(companion_path(path) + "/run").has_value();
}

std::unique_ptr<Store> open_companion(Files& files, const Location& location) {
  return file_store(files, companion_path(files.absolute(location.path)));
}

}  // namespace gridmill
