#include "gridmill/jobs/append_record.h"

#include <fmt/format.h>

#include <map>

#include "gridmill/array/box_json.h"
#include "gridmill/base/error.h"
#include "gridmill/zarr/documents.h"
#include "gridmill/zarr/edited_store.h"
#include "gridmill/zarr/metadata.h"

namespace gridmill {
namespace {

Json to_json(const AppendRecord& record) {
  Json documents = Json::array(), regions = Json::array();
  for (const DocumentChange& change : record.documents) {
    documents.push_back({{"key", change.key.text()}, {"from", change.from}, {"to", change.to}});
  }
  for (const TouchedRegion& region : record.regions) {
    regions.push_back({{"path", region.path}, {"box", box_to_json(region.box)}});
  }
  return {{"zarr_format", record.zarr_format},
          {"inputs", record.inputs},
          {"replaced", record.replaced},
          {"documents", documents},
          {"regions", regions}};
}

AppendRecord from_json(const Json& json) {
  AppendRecord record;
  record.zarr_format = json.at("zarr_format").get<int>();
  record.inputs = json.at("inputs").get<std::string>();
  record.replaced = json.at("replaced").get<std::string>();
  for (const Json& change : json.at("documents")) {
    record.documents.push_back(
        {Key(change.at("key").get<std::string>()), change.at("from"), change.at("to")});
  }
  for (const Json& region : json.at("regions")) {
    record.regions.push_back({region.at("path").get<std::string>(),
                              box_from_json(region.at("box"), "the box of an append's record")});
  }
  return record;
}

std::optional<AppendRecord> load_record(Store& store) {
  const auto json = read_document(store, Key(kAppendRecordKey));
  if (!json) return std::nullopt;
  try {
    return from_json(*json);
  } catch (const Json::exception&) {
    throw Error(ErrorKind::corrupt,
                fmt::format("{} of {} is no record of an append: look into it, and remove it",
                            kAppendRecordKey, store.describe()));
  }
}

class Settler {
 public:
  Settler(SharedStore& shared, const AppendRecord& record) : shared_(shared), record_(record) {}

  SettledAppend settle() {
    // Without documents there is nothing that tells.
    const bool is_done = !record_.documents.empty() && has_happened();
    if (!is_done) undo();
    shared_.clear_debris();
    for (const TouchedRegion& region : record_.regions) settle_keys(region, is_done);
    for (const DocumentChange& change : record_.documents) shared_.note(change.key);
    shared_.sync();
    shared_.finish();
    std::string said = is_done ? "an append that died when its work was done has been tidied up"
                               : "an append that died has been undone: nobody sees its new times";
    if (!is_done && !record_.replaced.empty()) {
      said += fmt::format(
          "; but the times from {}, which it was replacing, may be old or new: "
          "append them again with --on-overlap replace",
          record_.replaced);
    }
    return {is_done, record_.inputs, std::move(said)};
  }

 private:
  Json stored(const DocumentChange& change) const {
    return read_document(shared_.store(), change.key).value_or(Json());
  }

  // By the document that is stored last.
  bool has_happened() const {
    for (const DocumentChange& change : record_.documents) {
      const Json found = stored(change);
      const bool is_known =
          is_same_document(found, change.from) || is_same_document(found, change.to);
      if (!is_known) throw_changed(change.key);
    }
    return is_same_document(stored(record_.documents.back()), record_.documents.back().to);
  }

  [[noreturn]] void throw_changed(const Key& key) const {
    throw Error(ErrorKind::conflict,
                fmt::format("{} of {} has been changed since an append into it died: see that the "
                            "store is as it shall be (gridmill verify), then remove {}",
                            key.text(), shared_.place(), kAppendRecordKey));
  }

  void undo() {
    for (auto change = record_.documents.rbegin(); change != record_.documents.rend(); ++change) {
      if (is_same_document(stored(*change), change->from)) continue;
      shared_.put(change->key, as_bytes(dump_json(change->from)), Durability::synced);
    }
  }

  ArrayMetadata metadata_of(const Json& document) const {
    return record_.zarr_format == 2 ? array_metadata_from_v2(document, Json::object())
                                    : array_metadata_from_v3(document);
  }

  const DocumentChange* change_of(const std::string& path) const {
    const Key own = Key(path) / (record_.zarr_format == 2 ? ".zarray" : "zarr.json");
    for (const DocumentChange& change : record_.documents) {
      if (change.key.text() == own.text()) return &change;
    }
    return nullptr;
  }

  // Whatever of the region's keys lies behind the array's old end goes, unless it has happened.
  void settle_keys(const TouchedRegion& region, bool is_done) {
    const DocumentChange* change = change_of(region.path);
    const Key at(region.path);
    const auto own = change != nullptr
                         ? std::optional(change->to)
                         : read_document(shared_.store(),
                                         at / (record_.zarr_format == 2 ? ".zarray" : "zarr.json"));
    if (!own) return;
    const ArrayMetadata grown = metadata_of(*own);
    const Box old = whole_box(change != nullptr ? metadata_of(change->from).key_grid().counts()
                                                : grown.key_grid().counts());
    for_each_position(grown.key_grid().touching(region.box), [&](const Index& position) {
      const Key key = at / chunk_key(grown, position);
      const Box one{position, Index::filled(position.rank(), 1)};
      if (is_done || contains(old, one)) {
        shared_.note(key);
      } else {
        shared_.store().remove(key);
      }
    });
  }

  SharedStore& shared_;
  const AppendRecord& record_;
};

}  // namespace

void save_record(Store& store, const AppendRecord& record) {
  store.put(Key(kAppendRecordKey), as_bytes(dump_json(to_json(record), -1)));
}

void forget_record(Store& store) { store.remove(Key(kAppendRecordKey)); }

bool has_record(Store& store) { return store.stat(Key(kAppendRecordKey)).has_value(); }

std::optional<SettledAppend> settle_record(SharedStore& shared) {
  const auto record = load_record(shared.store());
  if (!record) return std::nullopt;
  SettledAppend settled = Settler(shared, *record).settle();
  forget_record(shared.store());
  return settled;
}

void check_unchanged(Store& store, const AppendRecord& record) {
  for (const DocumentChange& change : record.documents) {
    const auto found = read_document(store, change.key);
    if (found && is_same_document(*found, change.from)) continue;
    throw Error(ErrorKind::conflict,
                fmt::format("{} of {} has been changed while times were appended: the append ends "
                            "here; begin it again",
                            change.key.text(), store.describe()));
  }
}

}  // namespace gridmill
