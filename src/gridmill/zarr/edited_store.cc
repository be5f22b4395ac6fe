#include "gridmill/zarr/edited_store.h"

#include <fmt/format.h>

#include <utility>

#include "gridmill/base/error.h"
#include "gridmill/store/file_store.h"
#include "gridmill/zarr/documents.h"
#include "gridmill/zarr/hierarchy.h"

namespace gridmill {
namespace {

bool is_metadata(const std::string& key) {
  return is_document_name(key.substr(key.rfind('/') + 1));
}

}  // namespace

EditorsLock::EditorsLock(Files& files, const std::string& path, bool is_needed)
    : locks_(files, files.absolute(path)), is_needed_(is_needed) {
  if (is_needed_) locks_.take_alone();
}

EditorsLock::EditorsLock(Files& files, const std::string& path, const Clock& clock,
                         std::int64_t patience_ns)
    : locks_(files, files.absolute(path)), is_needed_(true) {
  constexpr std::int64_t kPause_ns = 50'000'000;
  const std::int64_t give_up_ns = clock.monotonic_ns() + patience_ns;
  while (true) {
    try {
      locks_.take_alone();
      return;
    } catch (const Error& error) {
      locks_.release();
      if (error.kind() != ErrorKind::conflict || clock.monotonic_ns() >= give_up_ns) throw;
    }
    (void)clock.wait(kPause_ns, {});
  }
}

EditorsLock::~EditorsLock() {
  if (is_needed_) locks_.leave();
}

void refuse_inside_of_store(const Location& location, Files& files) {
  const std::string path = files.absolute(location.path);
  for (std::size_t slash = path.rfind('/'); slash != std::string::npos && slash > 0;
       slash = path.rfind('/', slash - 1)) {
    const std::string outer = path.substr(0, slash);
    const auto format = in_context([&] { return "looking for a store around " + path; },
                                   [&] { return zarr_format_at(*file_store(files, outer)); });
    if (!format) continue;
    throw Error(
        ErrorKind::invalid,
        fmt::format("{} is a part of the store {}: write {}#/{}", location.path, outer, outer,
                    path.substr(slash + 1) + (location.node.empty() ? "" : "/" + location.node)));
  }
}

EditedManifest::EditedManifest(Store& store, Store& companion)
    : store_(store), companion_(companion), before_(Manifest::load(store, companion)) {}

void EditedManifest::take_away() {
  if (!before_) return;
  companion_.remove(Key(kManifestKey));
  store_.remove(Key(kFreshManifestKey));
}

void EditedManifest::save(const KeysWent& went, const std::vector<KeyRecord>& came) {
  if (!before_) return;
  Manifest after;
  for (const auto& [key, entry] : before_->entries()) {
    if (is_metadata(key)) continue;
    if (std::string now = went(key); !now.empty()) after.add({std::move(now), entry});
  }
  for (const KeyRecord& record : came) {
    if (!is_metadata(record.key)) after.add(record);
  }
  std::vector<Key> metadata;
  store_.list(Key(), [&](const ListEntry& entry) {
    if (is_metadata(entry.key.text())) metadata.push_back(entry.key);
  });
  Buffer content;
  for (const Key& key : metadata) {
    if (store_.get(key, content)) after.add(record_of(key, content));
  }
  after.save(companion_, kManifestKey);
}

}  // namespace gridmill
