// recall.h: inputs that were opened before with a cache are opened again without waiting for an
// answer: what was asked of them then is answered as it was (store/recalled_files.h), and the work
// goes on with what the cache holds while all of it is asked anew, at once. One request's time
// passes beside the work instead of some requests' before it.
//
// Nothing is published before all answers are there. If one of them differs, the work stops where
// it is, and the job begins once more, recalling nothing:
//
//   try { return job(Recalling::yes); } catch (const OutdatedRecall&) { return job(Recalling::no);
//   }
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "gridmill/jobs/workplace.h"
#include "gridmill/store/input_cache.h"
#include "gridmill/store/recalled_files.h"

namespace gridmill {

enum class Recalling { yes, no };

// Not an Error: nothing has failed.
class OutdatedRecall final : public std::exception {};

class Recall {
 public:
  // `cache` null: nothing is recalled, and nothing is kept for the next time. `workplace` must
  // outlive it. `inputs`: all locations that will be opened.
  Recall(std::shared_ptr<InputCache> cache, const std::vector<std::string>& inputs,
         Recalling recalling, const Workplace& workplace);
  // Tells the console of threads that a side which never answers holds.
  ~Recall();
  Recall(const Recall&) = delete;
  Recall& operator=(const Recall&) = delete;

  // For opening the inputs, and for nothing else.
  Files& files() noexcept { return files_ == nullptr ? workplace_.files : *files_; }
  // Where the work on them happens: it is stopped as soon as an answer turns out to be outdated.
  const Workplace& workplace() const noexcept { return stopped_workplace_; }
  // Whether there is anything to wait for.
  bool recalls() const noexcept { return recalls_; }

  // Does `work`. What it throws may come of outdated answers: then OutdatedRecall is thrown
  // instead.
  template <class Work>
  decltype(auto) during(Work&& work) {
    try {
      return std::forward<Work>(work)();
    } catch (...) {
      if (!workplace_.stop.stop_requested()) settle();
      throw;
    }
  }
  // All inputs are open through files(): what the next time will ask is kept.
  void opened();
  // Waits for the answers. Throws OutdatedRecall if one of them differs, Error(cancelled) when the
  // workplace's stop is requested.
  void settle();

 private:
  FileAnswers recalled(Recalling recalling);

  const std::shared_ptr<InputCache> cache_;
  const Workplace& workplace_;
  const CacheName name_;
  std::string kept_;  // the answers, as they lie in the cache
  bool recalls_ = false;
  std::stop_source stop_;
  const std::stop_callback<std::function<void()>> stopped_from_outside_;
  const Workplace stopped_workplace_;
  std::shared_ptr<RecalledFiles> files_;  // also held by the cache, as stores read through it
};

}  // namespace gridmill
