#include "gridmill/store/journal.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/base/error.h"
#include "gridmill/base/json.h"
#include "gridmill/system/process.h"
#include "gridmill/system/random.h"

namespace gridmill {
namespace {

Json to_json(const KeyRecord& record) {
  if (!record.entry) return Json::array({record.key});
  return Json::array({record.key, record.entry->size, to_hex(record.entry->hash)});
}

KeyRecord record_from(const Json& json) {
  if (json.size() == 1) return {json.at(0).get<std::string>(), std::nullopt};
  return {
      json.at(0).get<std::string>(),
      ManifestEntry{json.at(1).get<std::int64_t>(), hash_from_hex(json.at(2).get<std::string>())}};
}

std::string read_text(Files& files, const std::string& path) {
  const auto file = files.open(path);
  if (file == nullptr) return "";
  std::string text(static_cast<std::size_t>(file->status().size), '\0');
  text.resize(file->read_at(0, std::as_writable_bytes(std::span(text))));
  return text;
}

// The whole lines of a journal that count.
class Reading {
 public:
  Reading(std::string_view text, std::string_view plan) {
    while (true) {
      const std::size_t end = text.find('\n');
      if (end == std::string_view::npos) break;  // torn: its write never returned
      take(parse_json(text.substr(0, end)), plan);
      text.remove_prefix(end + 1);
    }
    if (boot_ != "boot " + boot_id()) lines_.resize(synced_);
  }

  void add_to(Journaled& all) const {
    for (const Json& line : lines_) {
      auto& keys = all[line.at("in").get<std::string>()];
      for (const Json& key : line.at("keys")) {
        KeyRecord record = record_from(key);
        keys[std::move(record.key)] = record.entry;
      }
    }
  }

 private:
  void take(Json line, std::string_view plan) {
    if (boot_.empty()) {
      if (line.at("plan").get<std::string>() != plan) {
        throw Error(ErrorKind::conflict, "it belongs to another plan");
      }
      boot_ = "boot " + line.at("boot").get<std::string>();
    } else if (is_lost_) {
      return;  // what other lanes noted meanwhile was not confirmed either
    } else if (line.contains("synced")) {
      synced_ = std::min(line.at("synced").get<std::size_t>(), lines_.size());
    } else if (line.contains("lost")) {
      lines_.resize(synced_);
      is_lost_ = true;
    } else {
      lines_.push_back(std::move(line));
    }
  }

  std::string boot_;
  std::vector<Json> lines_;
  std::size_t synced_ = 0;
  bool is_lost_ = false;
};

void read_journal(Files& files, const std::string& path, const std::string& plan, Journaled& all) {
  try {
    Reading(read_text(files, path), plan).add_to(all);
  } catch (const Json::exception&) {
    throw Error(ErrorKind::corrupt, "a line of the journal is not what a journal holds");
  }
}

}  // namespace

JournalWriter::JournalWriter(Files& files, const std::string& directory, const std::string& plan)
    : files_(files),
      path_(fmt::format("{}/{}.jsonl", directory, unique_suffix())),
      file_(files.create(path_)) {
  append({{"gridmill_journal", 1}, {"plan", plan}, {"boot", boot_id()}});
}

void JournalWriter::append(const Json& line) {
  file_->append(as_bytes(dump_json(line, -1) + "\n"));
}

void JournalWriter::add(std::string_view place, std::span<const KeyRecord> records) {
  Json keys = Json::array();
  for (const KeyRecord& record : records) keys.push_back(to_json(record));
  const std::lock_guard lock(mutex_);
  append({{"in", place}, {"keys", std::move(keys)}});
  ++lines_;
}

std::int64_t JournalWriter::lines() const {
  const std::lock_guard lock(mutex_);
  return lines_;
}

void JournalWriter::note_synced(std::int64_t lines) {
  const std::lock_guard lock(mutex_);
  append({{"synced", lines}});
  file_->sync();
}

void JournalWriter::note_lost() {
  const std::lock_guard lock(mutex_);
  try {
    append({{"lost", true}});
    file_->sync();
  } catch (const Error&) {
    files_.remove_file(path_);
  }
}

Journaled read_journals(Files& files, const std::string& directory, const std::string& plan) {
  Journaled all;
  for (const DirectoryEntry& entry : files.list(directory)) {
    const std::string path = directory + "/" + entry.name;
    in_context([&] { return "journal " + path; }, [&] { read_journal(files, path, plan, all); });
  }
  return all;
}

}  // namespace gridmill
