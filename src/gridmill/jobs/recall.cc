#include "gridmill/jobs/recall.h"

#include <set>

#include "gridmill/base/error.h"
#include "gridmill/base/hashing.h"
#include "gridmill/jobs/input_identity.h"

namespace gridmill {
namespace {

// Of a list of inputs, as they were typed and where they are.
CacheName name_of(const std::vector<std::string>& inputs, Files& files) {
  std::string places;
  for (const std::string& input : inputs) {
    places += input + '\n' + absolute_location(input, files) + '\n';
  }
  const std::string first = inputs.empty() ? "" : absolute_location(inputs.front(), files);
  return {first, "", "answers " + to_hex(hash_bytes(as_bytes(places)))};
}

// Of all whose version is asked for before it is taken from the cache.
std::set<std::string> paths_of(const InputCache& cache) {
  const auto values = cache.rests_on();
  std::set<std::string> paths;
  for (const RestsOn& one : values.value_or(std::vector<RestsOn>())) {
    paths.insert(one.key.empty() ? one.source : one.source + "/" + one.key);
  }
  return paths;
}

}  // namespace

Recall::Recall(std::shared_ptr<InputCache> cache, const std::vector<std::string>& inputs,
               Recalling recalling, const Workplace& workplace)
    : cache_(std::move(cache)),
      workplace_(workplace),
      name_(cache_ == nullptr ? CacheName() : name_of(inputs, workplace.files)),
      stopped_from_outside_(workplace.stop, [this] { stop_.request_stop(); }),
      stopped_workplace_{workplace.files, workplace.clock, workplace.console, stop_.get_token()} {
  if (cache_ == nullptr) return;
  FileAnswers answers = recalled(recalling);
  recalls_ = !answers.empty();
  files_ = std::make_shared<RecalledFiles>(workplace.files, std::move(answers), stop_);
  cache_->read_through(files_, recalls_);
}

Recall::~Recall() {
  if (files_ != nullptr && !files_->end_asking()) workplace_.console.note_left_threads();
}

FileAnswers Recall::recalled(Recalling recalling) {
  if (recalling == Recalling::no) return {};
  CacheDirectory& directory = cache_->directory();
  const auto entry = directory.find(CacheKind::chunks, name_);
  Buffer text;
  if (entry == nullptr || !directory.read(CacheKind::chunks, *entry, {}, text)) return {};
  kept_ = as_text(text);
  try {
    return FileAnswers::of(parse_json(kept_));
  } catch (const std::exception&) {
    return {};  // of another version of Gridmill: asked anew, and replaced
  }
}

void Recall::opened() {
  if (files_ == nullptr) return;
  const std::set<std::string> asked = paths_of(*cache_);
  const FileAnswers answers =
      files_->take_noted([&](const std::string& path) { return asked.contains(path); });
  const std::string text = dump_json(answers.to_json(), -1);
  if (answers.empty() || text == kept_) return;
  cache_->directory().keep(CacheKind::chunks, name_, Json::object(), as_bytes(text));
}

void Recall::settle() {
  if (files_ == nullptr) return;
  const std::optional<bool> holds = files_->holds(workplace_.stop);
  if (!holds) throw Error(ErrorKind::cancelled, "interrupted");
  if (!*holds) throw OutdatedRecall();
}

}  // namespace gridmill
