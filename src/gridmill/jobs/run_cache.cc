#include "gridmill/jobs/run_cache.h"

#include <fmt/format.h>

#include <array>

#include "gridmill/base/error.h"
#include "gridmill/base/hashing.h"
#include "gridmill/base/version.h"
#include "gridmill/jobs/output_file.h"
#include "gridmill/store/file_store.h"

namespace gridmill {
namespace {

constexpr std::size_t kPiece = std::size_t{1} << 20;

// Of a file that an option names.
std::string content_hash(Files& files, const std::string& path) {
  if (path.empty()) return "";
  const auto file = file_reader(files, files.absolute(path));
  if (file == nullptr) return "absent";
  Hasher hasher;
  Buffer piece(kPiece);
  for (std::int64_t at = 0; at < file->size(); at += static_cast<std::int64_t>(kPiece)) {
    hasher.add(piece.bytes().first(file->read_at(at, piece.bytes())));
  }
  return to_hex(hasher.result());
}

constexpr std::array kWhats{std::pair{RestsOn::What::document, "document"},
                            std::pair{RestsOn::What::names, "names"},
                            std::pair{RestsOn::What::value, "value"}};

const char* text_of(RestsOn::What what) {
  for (const auto& [one, text] : kWhats) {
    if (one == what) return text;
  }
  return "";
}

// Of a word that nobody knows something that never holds.
RestsOn::What what_of(const std::string& word) {
  for (const auto& [one, text] : kWhats) {
    if (text == word) return one;
  }
  return RestsOn::What::names;
}

// [[source, key, version, what], ...]
Json to_json(const std::vector<RestsOn>& all) {
  Json list = Json::array();
  for (const RestsOn& one : all) {
    list.push_back(Json::array({one.source, one.key, one.version, text_of(one.what)}));
  }
  return list;
}

std::vector<RestsOn> rests_on_of(const Json& about) {
  std::vector<RestsOn> all;
  for (const Json& one : json_member(about, "rests_on", "the entry")) {
    all.push_back({one.at(0).get<std::string>(), one.at(1).get<std::string>(),
                   one.at(2).get<std::string>(), what_of(one.at(3).get<std::string>())});
  }
  return all;
}

// What can't be asked now is asked again by the run, which says what is wrong.
bool still_holds(Files& files, const Json& about, CacheTrust trust) {
  const bool trusts = trust == CacheTrust::once_per_store;
  if (!trusts && !about.value("is_complete", false)) return false;
  try {
    return are_unchanged(files, rests_on_of(about), trusts);
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

RunCache::RunCache(const CacheSettings& settings, bool is_dry_run, const Workplace& workplace)
    : workplace_(workplace) {
  if (settings.directory.empty() || is_dry_run) return;
  directory_ =
      std::make_shared<CacheDirectory>(workplace.files, settings.directory, settings.most_bytes);
  inputs_ = std::make_shared<InputCache>(directory_, settings.trust);
}

CacheName RunCache::name_of(const StepRequest& request) {
  Json asked{{"gridmill", kVersion}, {"asked", request.asked}, {"files", Json::array()}};
  for (const std::string& file : request.files) {
    asked["files"].push_back(content_hash(workplace_.files, file));
  }
  return {request.what, to_hex(hash_bytes(as_bytes(dump_json(asked, -1)))), ""};
}

std::optional<Json> RunCache::take(const StepRequest& request, const std::string& output) {
  if (inputs_ == nullptr) return std::nullopt;
  asked_ = name_of(request);
  const auto entry = directory_->find(CacheKind::steps, asked_);
  if (entry == nullptr) return std::nullopt;
  const Json& about = entry->head().about;
  if (!still_holds(workplace_.files, about, inputs_->trust())) return std::nullopt;
  const auto writer = write_file(workplace_.files, output);
  if (!directory_->copy(CacheKind::steps, *entry, *writer)) return std::nullopt;
  (void)writer->commit();
  warn_of(about.value("notes", std::vector<std::string>()), workplace_.console);
  Json report = json_member(about, "report", "the entry");
  report["output"] = output;
  report["from_cache"] = true;
  report["bytes_read"] = 0;
  report["bytes_written"] = entry->head().bytes;
  return report;
}

void RunCache::keep(const StepRequest& request, const std::string& output, const Json& report,
                    const std::vector<std::string>& notes) {
  if (inputs_ == nullptr) return;
  const auto values = inputs_->rests_on();
  if (!values) return;
  const bool is_complete = inputs_->trust() == CacheTrust::every_value;
  try {
    if (name_of(request) != asked_) return;
    directory_->keep_file(CacheKind::steps, asked_,
                          {{"is_complete", is_complete},
                           {"rests_on", to_json(*values)},
                           {"notes", notes},
                           {"report", report}},
                          output);
  } catch (const Error& error) {
    // The output is there and complete: that it could not be read again is not the run's matter.
    workplace_.console.warn(fmt::format("{} is not kept in the cache {}: {}", output,
                                        directory_->path(), error.what()));
  }
}

void RunCache::tell(Json& report) const {
  if (inputs_ == nullptr) return;
  const InputCache::Counts& counts = inputs_->counts;
  report["cache"] = {{"directory", directory_->path()},
                     {"hits", counts.hits.load()},
                     {"misses", counts.misses.load()},
                     {"bytes_from_cache", counts.hit_bytes.load()},
                     {"bytes_fetched", counts.fetched_bytes.load()},
                     {"absent", counts.absent.load()},
                     {"stale", counts.stale.load()},
                     {"versions_asked", counts.asked.load()},
                     {"dropped", directory_->dropped()},
                     {"kept", directory_->kept()},
                     {"evicted", directory_->evicted()}};
  for (const std::string& note : directory_->notes()) workplace_.console.warn(note);
}

}  // namespace gridmill
