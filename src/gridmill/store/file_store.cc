#include "gridmill/store/file_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <set>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/store/ranges.h"
#include "gridmill/system/random.h"

namespace gridmill {
namespace {

constexpr std::string_view kPartial = ".partial";

bool is_partial(const std::string& name) {
  return name.starts_with('.') && name.ends_with(kPartial);
}

Version version_of(const FileStatus& status) {
  return {fmt::format("{}-{}-{}", status.inode, status.modified_ns, status.size)};
}

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// A file that is replaced stays what it was for who has it open.
class FileReader final : public ValueReader {
 public:
  FileReader(std::unique_ptr<ReadableFile> file, const FileStatus& status)
      : file_(std::move(file)), size_(status.size), version_(version_of(status)) {}
  std::int64_t size() const override { return size_; }
  const Version& version() const override { return version_; }
  std::size_t read_at(std::int64_t offset, MutableByteView into) const override {
    const std::size_t got = file_->read_at(offset, into);
    // Who renames leaves this file as it was; who writes into it doesn't.
    if (version_of(file_->status()) != version_) {
      throw Error(ErrorKind::conflict, "the file changed while it was being read");
    }
    return got;
  }

 private:
  const std::unique_ptr<ReadableFile> file_;
  const std::int64_t size_;
  const Version version_;
};

std::unique_ptr<ValueReader> reader_of(std::unique_ptr<ReadableFile> file) {
  if (file == nullptr) return nullptr;
  const FileStatus status = file->status();
  if (status.is_directory) return nullptr;
  return std::make_unique<FileReader>(std::move(file), status);
}

class FileStore final : public Store {
 public:
  using Store::get;
  using Store::put;

  FileStore(Files& files, std::string root, Durability durability, Reads reads)
      : files_(files), root_(std::move(root)), durability_(durability), reads_(reads) {}

  std::optional<GetResult> get(const Key& key, const GetRequest& request, Buffer& into) override {
    const auto file = open(key);
    if (!file) return std::nullopt;
    const FileStatus status = file->status();
    if (status.is_directory) return std::nullopt;
    const GetResult result{version_of(status), status.size};
    check_version(key, request.if_version, result.version);
    const auto ranges = resolve_ranges(request.ranges, status.size);
    into.resize(total_length(key, ranges, request.most_bytes));
    std::size_t at = 0;
    for (const ByteRange& range : ranges) {
      const auto length = static_cast<std::size_t>(range.length);
      const std::size_t got = file->read_at(range.offset, into.bytes().subspan(at, length));
      if (got != length) {
        throw Error(ErrorKind::corrupt,
                    fmt::format("{}: read {} of {} bytes at offset {}: the file shrank",
                                path_of(key), got, length, range.offset));
      }
      at += length;
    }
    return result;
  }

  std::unique_ptr<ValueReader> reader(const Key& key) override { return reader_of(open(key)); }
  bool has_open_values() const override { return true; }

  std::optional<GetResult> stat(const Key& key) override {
    const auto status = files_.status(path_of(key));
    if (!status || status->is_directory) return std::nullopt;
    return GetResult{version_of(*status), status->size};
  }

  Version put(const Key& key, std::span<const ByteView> pieces) override {
    Writer writer(*this, key);
    for (const ByteView piece : pieces) writer.append(piece);
    return writer.commit();
  }

  Version put_if(const Key& key, ByteView value, const std::optional<Version>& expected) override {
    const std::lock_guard lock(put_if_mutex_);
    const auto found = stat(key);
    if (found.has_value() != expected.has_value() || (found && found->version != *expected)) {
      throw_put_conflict(key);
    }
    Writer writer(*this, key);
    writer.append(value);
    if (expected) return writer.commit();
    try {
      return writer.commit_new();  // atomic between processes too
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::conflict) throw_put_conflict(key);
      throw;
    }
  }

  std::unique_ptr<ValueWriter> writer(const Key& key) override {
    return std::make_unique<Writer>(*this, key);
  }

  void list(const Key& prefix, const std::function<void(const ListEntry&)>& visit) override {
    if (const auto found = stat(prefix)) {
      visit({prefix, found->value_size});
      return;
    }
    list_below(prefix, visit);
  }

  std::vector<std::string> children(const Key& prefix) override {
    std::vector<std::string> names;
    for (const DirectoryEntry& entry : files_.list(path_of(prefix))) {
      if (!is_partial(entry.name)) names.push_back(entry.name);
    }
    return names;
  }

  bool remove(const Key& key) override {
    const auto status = files_.status(path_of(key));
    return status && !status->is_directory && files_.remove_file(path_of(key));
  }

  // With its folders.
  void remove_below(const Key& prefix) override {
    remove_tree(files_, path_of(prefix));
    const std::lock_guard lock(known_mutex_);
    known_directories_.clear();
  }

  // A folder is renamed, whatever it holds.
  void move(const Key& from, const Key& to) override {
    if (files_.status(path_of(to))) {
      throw Error(ErrorKind::conflict, to.text() + " is there already");
    }
    {
      const std::lock_guard lock(known_mutex_);
      make_directories(parent_of(path_of(to)));
      known_directories_.clear();  // some of them go elsewhere
    }
    files_.rename_new(path_of(from), path_of(to));
    if (durability_ == Durability::synced) {
      files_.sync_directory(parent_of(path_of(to)));
      files_.sync_directory(parent_of(path_of(from)));
    }
  }

  std::string describe() const override { return root_; }

 private:
  std::unique_ptr<ReadableFile> open(const Key& key) {
    return reads_ == Reads::cached ? files_.open(path_of(key)) : files_.open_uncached(path_of(key));
  }

  class Writer final : public ValueWriter {
   public:
    Writer(FileStore& store, const Key& key)
        : store_(store), path_(store.path_of(key)), partial_(partial_path(path_)) {
      file_ = store_.create(partial_);
    }

    ~Writer() override {
      if (committed_) return;
      file_.reset();
      try {
        store_.files_.remove_file(partial_);
      } catch (...) {
        // The write has already failed or been given up; its debris is listed by debris().
        return;
      }
    }

    void append(ByteView bytes) override { file_->append(bytes); }

    Version commit() override { return commit_with(&Files::rename); }
    // Error(conflict) if the key has a value by then.
    Version commit_new() { return commit_with(&Files::rename_new); }

   private:
    Version commit_with(void (Files::*rename)(const std::string&, const std::string&)) {
      const bool synced = store_.durability_ == Durability::synced;
      if (synced) file_->sync();
      file_->close();
      const auto status = store_.files_.status(partial_);
      if (!status) throw Error(ErrorKind::unavailable, partial_ + " vanished while being written");
      (store_.files_.*rename)(partial_, path_);
      committed_ = true;
      file_.reset();
      if (synced) store_.files_.sync_directory(parent_of(path_));
      return version_of(*status);
    }

    // Long names are cut, so that every name that the file system takes can be written.
    static std::string partial_path(const std::string& path) {
      const std::string name = path.substr(path.rfind('/') + 1).substr(0, 200);
      return fmt::format("{}/.{}.{}{}", parent_of(path), name, unique_suffix(), kPartial);
    }

    FileStore& store_;
    std::string path_;
    std::string partial_;
    std::unique_ptr<WritableFile> file_;
    bool committed_ = false;
  };

  // A key that looks like an unfinished write would vanish from listings, or show one.
  std::string path_of(const Key& key) const {
    for (const std::string& segment : split(key.text(), '/')) {
      if (is_partial(segment)) {
        throw Error(ErrorKind::invalid, fmt::format("{}: names .*{} are kept for unfinished writes",
                                                    key.text(), kPartial));
      }
    }
    return key.is_root() ? root_ : root_ + "/" + key.text();
  }

  // Directories are remembered, so that a chunk costs one create and not a walk from the root.
  std::unique_ptr<WritableFile> create(const std::string& path) {
    const std::string directory = parent_of(path);
    {
      const std::lock_guard lock(known_mutex_);
      if (!known_directories_.contains(directory)) {
        make_directories(directory);
        known_directories_.insert(directory);
      }
    }
    return files_.create(path);
  }

  // With synced, the entries of new directories must reach the disk as well.
  void make_directories(const std::string& directory) {
    std::vector<std::string> parents_of_new;
    if (durability_ == Durability::synced) {
      for (std::string at = directory; !files_.status(at); at = parent_of(at)) {
        parents_of_new.push_back(parent_of(at));
      }
    }
    files_.make_directories(directory);
    for (const std::string& parent : parents_of_new) files_.sync_directory(parent);
  }

  void list_below(const Key& prefix, const std::function<void(const ListEntry&)>& visit) {
    struct Child {
      Key key;
      FileStatus status;
      // Key order is not name order: "a-b" < "a/b" though "a" < "a-b".
      std::string order() const { return status.is_directory ? key.text() + "/" : key.text(); }
    };
    std::vector<Child> children;
    for (const DirectoryEntry& entry : files_.list(path_of(prefix))) {
      if (is_partial(entry.name)) continue;
      Child child{prefix / entry.name, {.is_directory = true}};
      if (!entry.is_directory) {  // a file, or a link to anything
        const auto status = files_.status(path_of(child.key));
        if (!status) continue;
        child.status = *status;
      }
      children.push_back(std::move(child));
    }
    std::sort(children.begin(), children.end(),
              [](const Child& x, const Child& y) { return x.order() < y.order(); });
    for (const Child& child : children) {
      if (child.status.is_directory) {
        list_below(child.key, visit);
      } else {
        visit({child.key, child.status.size});
      }
    }
  }

  Files& files_;
  const std::string root_;
  const Durability durability_;
  const Reads reads_;
  std::mutex put_if_mutex_;
  std::mutex known_mutex_;
  std::set<std::string> known_directories_;
};

}  // namespace

std::unique_ptr<Store> file_store(Files& files, std::string root, Durability durability,
                                  Reads reads) {
  return std::make_unique<FileStore>(files, std::move(root), durability, reads);
}

std::unique_ptr<ValueReader> file_reader(Files& files, const std::string& path) {
  return reader_of(files.open(path));
}

std::vector<std::string> debris(Files& files, const std::string& root) {
  std::vector<std::string> found;
  for (const DirectoryEntry& entry : files.list(root)) {
    const std::string path = root + "/" + entry.name;
    if (entry.is_directory) {
      for (std::string& deeper : debris(files, path)) found.push_back(std::move(deeper));
    } else if (is_partial(entry.name)) {
      found.push_back(path);
    }
  }
  return found;
}

}  // namespace gridmill
