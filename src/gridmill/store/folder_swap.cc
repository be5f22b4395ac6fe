#include "gridmill/store/folder_swap.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include "gridmill/base/error.h"
#include "gridmill/store/file_store.h"
#include "gridmill/store/store_locks.h"

namespace gridmill {
namespace {

constexpr std::size_t kCopiedAtOnce = std::size_t{1} << 20;

std::string swap_place(const std::string& root) { return companion_path(root) + "/swap"; }

std::string folder_above(const std::string& path) {
  return path.substr(0, std::max<std::size_t>(1, path.rfind('/')));
}

bool is_same_file(const FileStatus& a, const FileStatus& b) {
  return a.inode == b.inode && a.size == b.size && a.modified_ns == b.modified_ns;
}

constexpr std::string_view kNoteEnding = ".json";

std::string name_of_note(int number) { return fmt::format("{}{}", number, kNoteEnding); }

// nullopt: it was never whole, or is none.
std::optional<int> number_of_note(const std::string& name) {
  if (!name.ends_with(kNoteEnding)) return std::nullopt;
  int number = 0;
  const char* last = name.data() + name.size() - kNoteEnding.size();
  const auto [end, error] = std::from_chars(name.data(), last, number);
  if (error != std::errc() || end != last) return std::nullopt;
  return number;
}

Json names_of(std::span<const SeenFile> files) {
  Json names = Json::array();
  for (const SeenFile& file : files) names.push_back(file.name);
  return names;
}

}  // namespace

struct FolderSwap::Noted {
  int number = 0;
  std::string folder;
  std::uint64_t old_inode = 0;
  std::uint64_t new_inode = 0;
  std::set<std::string> known;  // what was in the old folder
  Json goes, stays;
  Json note;
};

FolderSwap::FolderSwap(Files& files, std::string root)
    : files_(files), root_(std::move(root)), place_(swap_place(root_)), notes_(place_ + "/notes") {}

bool FolderSwap::is_pending(Files& files, const std::string& root) {
  return files.status(swap_place(root)).has_value();
}

std::string FolderSwap::at(const std::string& folder) const {
  return folder.empty() ? root_ : fmt::format("{}/{}", root_, folder);
}

std::string FolderSwap::fresh(int number) const { return fmt::format("{}/{}", place_, number); }

bool FolderSwap::has_inode(const std::string& path, std::uint64_t inode) const {
  const auto status = files_.status(path);
  return status && status->is_directory && status->inode == inode;
}

std::uint64_t FolderSwap::inode_of(const std::string& path) const {
  const auto status = files_.status(path);
  if (status && status->is_directory) return status->inode;
  throw Error(ErrorKind::conflict, fmt::format("the folder {} has gone meanwhile", path));
}

std::vector<Json> FolderSwap::settle() {
  std::set<int> numbers;
  for (const DirectoryEntry& entry : files_.list(notes_)) {
    if (const auto number = number_of_note(entry.name)) numbers.insert(*number);
  }
  std::vector<Json> happened;
  for (const int number : numbers) {
    Noted noted = read_note(number);
    mend(noted);
    if (finish(noted)) happened.push_back(std::move(noted.note));
    number_ = number + 1;
  }
  for (const DirectoryEntry& entry : files_.list(place_)) {
    const std::string path = fmt::format("{}/{}", place_, entry.name);
    if (path != notes_) remove_tree(files_, path);
  }
  return happened;
}

std::string FolderSwap::begin() {
  const bool is_first = !files_.status(place_);
  remove_tree(files_, fresh(number_));
  files_.make_directories(fresh(number_));
  if (is_first) {  // without their way there, notes are lost with the power
    files_.sync_directory(folder_above(place_));
    files_.sync_directory(folder_above(folder_above(place_)));
  }
  return fresh(number_);
}

void FolderSwap::replace(const std::string& folder, std::span<const SeenFile> goes,
                         const Json& note) {
  const std::vector<SeenFile> stays = link_rest(folder, goes);
  const std::string successor = fresh(number_);
  files_.sync_directory(successor);
  Noted noted{number_, folder,         inode_of(at(folder)), inode_of(successor),
              {},      names_of(goes), names_of(stays),      note};
  for (const SeenFile& file : goes) noted.known.insert(file.name);
  for (const SeenFile& file : stays) noted.known.insert(file.name);
  check_unchanged(folder, goes);
  check_unchanged(folder, stays);
  write_note(noted);
  files_.exchange(successor, at(folder));
  if (!finish(noted)) {
    throw Error(ErrorKind::conflict,
                fmt::format("somebody else has put another folder at {} meanwhile", at(folder)));
  }
  ++number_;
}

// Links to nowhere have no status, and never change.
std::vector<SeenFile> FolderSwap::link_rest(const std::string& folder,
                                            std::span<const SeenFile> goes) {
  std::set<std::string> leaving;
  for (const SeenFile& file : goes) leaving.insert(file.name);
  std::vector<SeenFile> stays;
  for (const DirectoryEntry& entry : files_.list(at(folder))) {
    if (entry.is_directory || leaving.contains(entry.name)) continue;
    const std::string from = fmt::format("{}/{}", at(folder), entry.name);
    const std::string to = fmt::format("{}/{}", fresh(number_), entry.name);
    stays.push_back({entry.name, files_.status(from).value_or(FileStatus())});
    if (!files_.link(from, to)) copy(from, to);
  }
  return stays;
}

void FolderSwap::copy(const std::string& from, const std::string& to) {
  const auto source = files_.open(from);
  if (source == nullptr) {
    throw Error(ErrorKind::conflict, fmt::format("{} has gone meanwhile", from));
  }
  const auto target = files_.create(to);
  Buffer piece(kCopiedAtOnce);
  const std::int64_t size = source->status().size;
  for (std::int64_t done = 0; done < size;) {
    const auto most = std::min(static_cast<std::int64_t>(piece.size()), size - done);
    const auto want = piece.bytes().first(static_cast<std::size_t>(most));
    if (source->read_at(done, want) != want.size()) {
      throw Error(ErrorKind::conflict, fmt::format("{} has become shorter meanwhile", from));
    }
    target->append(want);
    done += most;
  }
  target->sync();
  target->close();
}

void FolderSwap::check_unchanged(const std::string& folder, std::span<const SeenFile> seen) const {
  for (const SeenFile& file : seen) {
    const std::string path = fmt::format("{}/{}", at(folder), file.name);
    if (is_same_file(files_.status(path).value_or(FileStatus()), file.status)) continue;
    throw Error(ErrorKind::conflict,
                fmt::format("{} has changed or gone while its folder was worked on, which is left "
                            "as it is: the same command begins anew with it",
                            path));
  }
}

void FolderSwap::write_note(const Noted& noted) {
  const Json document{{"folder", noted.folder},       {"old_inode", noted.old_inode},
                      {"new_inode", noted.new_inode}, {"goes", noted.goes},
                      {"stays", noted.stays},         {"note", noted.note}};
  const auto notes = file_store(files_, notes_, Durability::synced);
  (void)notes->put(Key(name_of_note(noted.number)), as_bytes(dump_json(document, -1)));
}

FolderSwap::Noted FolderSwap::read_note(int number) const {
  const std::string name = name_of_note(number);
  const auto notes = file_store(files_, notes_);
  Buffer text;
  if (!notes->get(Key(name), {{}, std::nullopt, kMostDocumentBytes}, text)) {
    throw Error(ErrorKind::conflict, fmt::format("{}/{} has gone meanwhile", notes_, name));
  }
  try {
    const Json document = parse_json(as_text(text));
    Noted noted{number,
                document.at("folder").get<std::string>(),
                document.at("old_inode").get<std::uint64_t>(),
                document.at("new_inode").get<std::uint64_t>(),
                {},
                document.at("goes"),
                document.at("stays"),
                document.at("note")};
    for (const Json* names : {&noted.goes, &noted.stays}) {
      for (const Json& file : *names) noted.known.insert(file.get<std::string>());
    }
    return noted;
  } catch (const Json::exception&) {
    throw Error(ErrorKind::corrupt,
                fmt::format("{}/{} is no note of a folder that was to be replaced: see whether "
                            "the folders below {} are whole, then: rm -r {}",
                            notes_, name, root_, place_));
  }
}

// An exchange by three renames may have ended behind the first or the second of them.
void FolderSwap::mend(const Noted& noted) {
  const std::string place = at(noted.folder);
  const std::string aside = place + std::string(kExchangedEnding);
  if (!has_inode(aside, noted.old_inode)) return;
  if (!files_.status(place)) {
    files_.rename_new(aside, place);
  } else if (has_inode(place, noted.new_inode) && !files_.status(fresh(noted.number))) {
    files_.rename_new(aside, fresh(noted.number));
  }
}

// False: the exchange has not happened.
bool FolderSwap::finish(const Noted& noted) {
  const std::string place = at(noted.folder), old = fresh(noted.number);
  if (!has_inode(place, noted.new_inode)) return false;
  if (!has_inode(old, noted.old_inode)) return true;  // all was done before it went
  files_.sync_directory(folder_above(place));
  files_.sync_directory(place_);
  bool has_moved = false;
  for (const DirectoryEntry& entry : files_.list(old)) {
    if (noted.known.contains(entry.name)) continue;
    files_.rename_new(fmt::format("{}/{}", old, entry.name),
                      fmt::format("{}/{}", place, entry.name));
    has_moved = true;
  }
  if (has_moved) files_.sync_directory(place);
  remove_tree(files_, old);
  return true;
}

void FolderSwap::put(const std::string& name, ByteView content) {
  const auto store = file_store(files_, place_, Durability::synced);
  (void)store->put(Key(name), content);
  files_.rename(fmt::format("{}/{}", place_, name), at(name));
  files_.sync_directory(root_);
}

void FolderSwap::forget() {
  remove_tree(files_, place_);
  number_ = 0;
}

}  // namespace gridmill
