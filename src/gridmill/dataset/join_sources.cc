#include "gridmill/dataset/join_sources.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/dataset/coordinates.h"

namespace gridmill {
namespace {

constexpr std::size_t kListedEntries = 12;  // by a message

[[noreturn]] void throw_no_coordinate(const std::vector<SourceInput>& inputs,
                                      const std::string& along) {
  for (const SourceInput& input : inputs) {
    const Variable* found = input.dataset.find(along);
    if (found != nullptr && is_dimension_coordinate(*found)) continue;
    std::vector<std::string> names;
    for (const Variable& variable : input.dataset.variables) {
      if (is_dimension_coordinate(variable)) names.push_back(variable.path());
    }
    throw Error(
        ErrorKind::invalid,
        fmt::format("the inputs can't be joined along {}: {} has no coordinate of that name "
                    "in its root{}",
                    along, input.dataset.location, did_you_mean(along, names)));
  }
  throw Error(ErrorKind::invalid,
              fmt::format("the inputs can't be joined along {}: its values must be numbers in all "
                          "of them, or texts, without any missing, and times of one calendar",
                          along));
}

}  // namespace

std::vector<NamedSource> sources_of(const std::vector<SourceInput>& inputs) {
  std::vector<NamedSource> sources;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const auto known = std::find_if(sources.begin(), sources.end(), [&](const NamedSource& source) {
      return source.name == inputs[i].source;
    });
    if (known == sources.end()) {
      sources.push_back({inputs[i].source, {i}});
    } else {
      known->inputs.push_back(i);
    }
  }
  return sources;
}

std::string source_text(const NamedSource& source) {
  return source.name.empty() ? "the inputs" : "source " + source.name;
}

std::vector<const Dataset*> datasets_of(const std::vector<SourceInput>& inputs) {
  std::vector<const Dataset*> datasets;
  for (const SourceInput& input : inputs) datasets.push_back(&input.dataset);
  return datasets;
}

SourcesAlong sources_along(const std::vector<SourceInput>& inputs, std::vector<NamedSource> sources,
                           const std::string& along) {
  auto entries = JoinEntries::read(datasets_of(inputs), along);
  if (!entries) throw_no_coordinate(inputs, along);
  std::vector<SourceEntries> own;
  for (const NamedSource& source : sources) {
    own.push_back(entries_of_source(*entries, source.inputs));
  }
  return {along, inputs, std::move(sources), *std::move(entries), std::move(own)};
}

std::string listed_entries(std::vector<std::string> texts) {
  if (texts.size() <= kListedEntries) return join(texts, ", ");
  const std::size_t more = texts.size() - kListedEntries;
  texts.resize(kListedEntries);
  return fmt::format("{} and {} more", join(texts, ", "), more);
}

}  // namespace gridmill
