#include "gridmill/jobs/edited_store.h"

#include <utility>

#include "gridmill/zarr/documents.h"

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

EditorsLock::~EditorsLock() {
  if (is_needed_) locks_.leave();
}

EditedManifest::EditedManifest(Store& store, Store& companion)
    : store_(store), companion_(companion), before_(Manifest::load(store, companion)) {}

void EditedManifest::take_away() {
  if (!before_) return;
  companion_.remove(Key(kManifestKey));
  store_.remove(Key(kFreshManifestKey));
}

void EditedManifest::save(const KeysWent& went) {
  if (!before_) return;
  Manifest after;
  for (const auto& [key, entry] : before_->entries()) {
    if (is_metadata(key)) continue;
    if (std::string now = went(key); !now.empty()) after.add({std::move(now), entry});
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
