#include "gridmill/jobs/recall.h"

#include <set>

#include "gridmill/base/error.h"
#include "gridmill/base/hashing.h"
#include "gridmill/jobs/input_identity.h"

namespace gridmill {
namespace {

// Of a list of inputs, wherever they were typed.
CacheName name_of(const std::vector<std::string>& inputs, Files& files) {
  std::string places;
  for (const std::string& input : inputs) places += absolute_location(input, files) + '\n';
  const std::string first = inputs.empty() ? "" : absolute_location(inputs.front(), files);
  return {first, "", "answers " + to_hex(hash_bytes(as_bytes(places)))};
}

// Of all whose version is asked for before it is taken from the cache.
std::set<std::string> paths_of(const InputCache* inputs) {
  const auto values = inputs == nullptr ? std::nullopt : inputs->rests_on();
  std::set<std::string> paths;
  for (const RestsOn& one : values.value_or(std::vector<RestsOn>())) {
    paths.insert(one.key.empty() ? one.source : one.source + "/" + one.key);
  }
  return paths;
}

}  // namespace

Recall::Recall(std::shared_ptr<CacheDirectory> directory, const std::vector<std::string>& inputs,
               Recalling recalling, const Workplace& workplace)
    : directory_(std::move(directory)),
      name_(directory_ == nullptr ? CacheName() : name_of(inputs, workplace.files)),
      stopped_from_outside_(workplace.stop, [this] { stop_.request_stop(); }),
      stopped_workplace_{workplace.files, workplace.clock, workplace.console, stop_.get_token()},
      files_(workplace.files, recalled(recalling), [this] { stop_.request_stop(); }) {}

FileAnswers Recall::recalled(Recalling recalling) {
  if (directory_ == nullptr || recalling == Recalling::no) return {};
  const auto entry = directory_->find(CacheKind::chunks, name_);
  Buffer text;
  if (entry == nullptr || !directory_->read(CacheKind::chunks, *entry, {}, text)) return {};
  kept_ = as_text(text);
  try {
    return FileAnswers::of(parse_json(kept_));
  } catch (const std::exception&) {
    return {};  // of another version of Gridmill: asked anew, and replaced
  }
}

void Recall::opened(const InputCache* inputs) {
  const std::set<std::string> asked = paths_of(inputs);
  const FileAnswers answers =
      files_.take_noted([&](const std::string& path) { return asked.contains(path); });
  if (directory_ == nullptr || answers.empty()) return;
  const std::string text = dump_json(answers.to_json(), -1);
  if (text != kept_) directory_->keep(CacheKind::chunks, name_, Json::object(), as_bytes(text));
}

void Recall::settle() {
  if (!files_.holds()) throw OutdatedRecall();
}

}  // namespace gridmill
