#include "gridmill/dataset/join_alignment.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"

namespace gridmill {
namespace {

std::vector<std::int64_t> common_entries(const std::vector<SourceEntries>& sources) {
  std::vector<std::int64_t> common = sources.front().entries;
  for (const SourceEntries& own : sources) {
    std::vector<std::int64_t> both;
    std::set_intersection(common.begin(), common.end(), own.entries.begin(), own.entries.end(),
                          std::back_inserter(both));
    common = std::move(both);
  }
  return common;
}

// One text for each source that has entries which are not common.
std::vector<std::string> texts_of_others(const SourcesAlong& whole,
                                         const std::vector<std::int64_t>& common) {
  std::vector<std::string> found;
  for (std::size_t s = 0; s < whole.sources.size(); ++s) {
    const std::vector<std::int64_t>& own = whole.own[s].entries;
    if (own.size() == common.size()) continue;
    std::vector<std::string> texts;
    for (const std::int64_t entry : own) {
      if (!std::binary_search(common.begin(), common.end(), entry)) {
        texts.push_back(whole.entries.text(entry));
      }
    }
    found.push_back(fmt::format("{} of {} entries of {} in {} are not in all others: {}",
                                texts.size(), own.size(), whole.along,
                                source_text(whole.sources[s]), listed_entries(texts)));
  }
  return found;
}

}  // namespace

std::vector<std::int64_t> entries_of_all(const SourcesAlong& whole, Alignment wish,
                                         std::vector<std::string>& notes) {
  std::vector<std::int64_t> common = common_entries(whole.own);
  const std::vector<std::string> others = texts_of_others(whole, common);
  if (others.empty()) return common;
  if (wish == Alignment::exact) {
    throw Error(ErrorKind::corrupt, fmt::format("the sources don't have the same {}: {}; --join "
                                                "inner takes what all of them have",
                                                whole.along, join(others, "; ")));
  }
  if (common.empty()) {
    throw Error(ErrorKind::corrupt, fmt::format("the sources have no {} in common", whole.along));
  }
  for (const std::string& text : others) notes.push_back(text + "; they are left out");
  return common;
}

void note_gaps(const JoinEntries& entries, const std::string& along,
               const std::vector<std::int64_t>& wanted, std::vector<std::string>& notes) {
  const std::vector<AxisPlace> times = entries.times(wanted);
  std::vector<AxisPlace> steps;
  for (std::size_t i = 1; i < times.size(); ++i) steps.push_back(times[i] - times[i - 1]);
  if (steps.size() < 3) return;
  std::vector<AxisPlace> sorted = steps;
  std::sort(sorted.begin(), sorted.end());
  const AxisPlace usual = sorted[sorted.size() / 2];
  const auto is_usual = [&](AxisPlace step) {  // months, too
    return step > usual * AxisPlace{0.85} && step < usual * AxisPlace{1.15};
  };
  std::vector<std::string> gaps;
  std::size_t even = 0;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (is_usual(steps[i])) ++even;
    if (steps[i] > usual * AxisPlace{1.5}) {
      gaps.push_back(fmt::format("{} to {}", entries.text(wanted[i]), entries.text(wanted[i + 1])));
    }
  }
  if (gaps.empty() || even * 10 < steps.size() * 8) return;
  notes.push_back(fmt::format("{} has {} gap{}: {}", along, gaps.size(),
                              gaps.size() == 1 ? "" : "s", listed_entries(gaps)));
}

}  // namespace gridmill
