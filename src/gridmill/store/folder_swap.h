// folder_swap.h: folders of a directory that are replaced by others while people read them.
//
// A folder's successor is filled out of sight, in ROOT.gridmill/swap/N, and comes to its place in
// one step: whoever lists the folder finds all of its old files or all of the new ones, never some
// of both. What is about to happen is noted before, so that a run that dies anywhere is settled by
// the next one:
//
//   1. begin(): swap/N is made, for the N-th folder. The caller puts the new files there, on the
//      disk.
//   2. replace(): each file of the folder that isn't to go gets a second name in swap/N, or is
//      copied where the file system has none; then swap/N is brought to the disk.
//   3. The folder is looked at again. What has changed or gone meanwhile ends it here.
//   4. swap/notes/N.json is written, and brought to the disk: the folder, who it is (its inode) and
//      who swap/N is, the names that go and those that stay, and a note of the caller's.
//   5. swap/N and the folder are exchanged, and that is brought to the disk.
//   6. In swap/N lies the old folder now. What came to it behind step 3 is moved to the new one (as
//      are folders in it, which can't have two names); then it is deleted.
//   7. forget(): the caller has drawn its conclusions (a record of its own), the notes go.
//
// Before step 5 the old folder is whole and in its place, from then on the new one. settle() tells
// by the inodes which it is (an inode that is free is taken again, hence the N), and does step 6,
// or removes what the steps before have left. Where an exchange takes three renames (files.h), the
// folder isn't there between the first two of them, and lies beside its place with another name;
// settle() undoes or finishes such an exchange.
//
// The caller holds the root's lock alone. Errors as of files.h.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "gridmill/base/bytes.h"
#include "gridmill/base/json.h"
#include "gridmill/system/files.h"

namespace gridmill {

// A file of a folder, as it was when it was looked at.
struct SeenFile {
  std::string name;
  FileStatus status;
};

class FolderSwap {
 public:
  // `root`: absolute. Makes nothing; `files` must outlive this.
  FolderSwap(Files& files, std::string root);

  // Whether there is anything to settle or to forget.
  static bool is_pending(Files& files, const std::string& root);

  // First of all, of runs that died: the notes of the exchanges that have happened, in their order.
  // They stay until forget(). Throws Error(corrupt) for notes that can't be read.
  std::vector<Json> settle();

  // Steps 1 and 2 to 6. begin() returns swap/N. `folder` is its path below the root, "" for the
  // root itself. Throws Error(conflict) if the folder has changed since `goes` was seen, or changes
  // now: then it stays as it is.
  std::string begin();
  void replace(const std::string& folder, std::span<const SeenFile> goes, const Json& note);

  // A file of the root itself, in one step and on the disk; nothing is left of a run that dies.
  void put(const std::string& name, ByteView content);

  // Step 7.
  void forget();

 private:
  struct Noted;

  std::string at(const std::string& folder) const;
  std::string fresh(int number) const;
  bool has_inode(const std::string& path, std::uint64_t inode) const;
  std::uint64_t inode_of(const std::string& path) const;
  std::vector<SeenFile> link_rest(const std::string& folder, std::span<const SeenFile> goes);
  void check_unchanged(const std::string& folder, std::span<const SeenFile> seen) const;
  void copy(const std::string& from, const std::string& to);
  void write_note(const Noted& noted);
  Noted read_note(int number) const;
  void mend(const Noted& noted);
  bool finish(const Noted& noted);

  Files& files_;
  const std::string root_;
  const std::string place_;
  const std::string notes_;
  int number_ = 0;  // of the folder that is next, or worked on
};

}  // namespace gridmill
