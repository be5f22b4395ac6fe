#include "gridmill/store/stage.h"

#include <fmt/format.h>

#include "gridmill/base/error.h"
#include "gridmill/store/file_store.h"

namespace gridmill {
namespace {

std::string companion_path(const std::string& path) { return path + ".gridmill"; }

class FileStage final : public OutputStage {
 public:
  FileStage(Files& files, std::string path, bool overwrite, Durability durability)
      : files_(files),
        path_(std::move(path)),
        incoming_(companion_path(path_) + "/incoming"),
        overwrite_(overwrite),
        durability_(durability) {
    remove_tree(files_, incoming_);
    files_.make_directories(incoming_);
    store_ = file_store(files_, incoming_, durability);
    companion_ = file_store(files_, companion_path(path_), durability);
  }

  Store& store() override { return *store_; }
  Store& companion() override { return *companion_; }
  std::string debris_path() const override { return incoming_; }

  void publish() override {
    const auto old = files_.status(path_);
    if (old && !overwrite_) {
      throw Error(ErrorKind::conflict,
                  fmt::format("{} appeared while the new store was being written; the new one is "
                              "kept in {}",
                              path_, incoming_));
    }
    if (old) {
      files_.exchange(incoming_, path_);
    } else {
      files_.rename_new(incoming_, path_);
    }
    if (durability_ == Durability::synced) {
      files_.sync_directory(path_.substr(0, path_.rfind('/') + 1));
    }
    // From here on the new store is in place; `incoming_` holds the old one, if any.
    if (old && old->is_directory) remove_tree(files_, incoming_);
    if (old && !old->is_directory) files_.remove_file(incoming_);
  }

  void abandon() override {
    remove_tree(files_, incoming_);
    if (files_.list(companion_path(path_)).empty()) {
      files_.remove_directory(companion_path(path_));
    }
  }

 private:
  Files& files_;
  const std::string path_;
  const std::string incoming_;
  const bool overwrite_;
  const Durability durability_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Store> companion_;
};

}  // namespace

std::unique_ptr<OutputStage> open_stage(Files& files, const Location& location, bool overwrite,
                                        Durability durability) {
  const std::string path = files.absolute(location.path);
  if (files.status(path) && !overwrite) {
    throw Error(
        ErrorKind::conflict,
        fmt::format("{} exists; give --overwrite to replace it, or another name", location.path));
  }
  return std::make_unique<FileStage>(files, path, overwrite, durability);
}

std::unique_ptr<Store> open_companion(Files& files, const Location& location) {
  return file_store(files, companion_path(files.absolute(location.path)));
}

}  // namespace gridmill
