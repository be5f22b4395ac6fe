// join_sources.h: the inputs of a join by source, and what their coordinate says of each: what the
// steps of join.cc look at.
#pragma once

#include <string>
#include <vector>

#include "gridmill/dataset/join.h"
#include "gridmill/dataset/join_entries.h"

namespace gridmill {

struct NamedSource {
  std::string name;                 // "": there is one source, without a name
  std::vector<std::size_t> inputs;  // never empty
};

// In the order of their first inputs.
std::vector<NamedSource> sources_of(const std::vector<SourceInput>& inputs);
// "source era5", or "the inputs", for messages.
std::string source_text(const NamedSource& source);

// The inputs' datasets, which must stay where they are.
std::vector<const Dataset*> datasets_of(const std::vector<SourceInput>& inputs);

// Everything that is known once the coordinate of `along` is read. The inputs outlive it.
struct SourcesAlong {
  std::string along;
  const std::vector<SourceInput>& inputs;
  std::vector<NamedSource> sources;
  JoinEntries entries;
  std::vector<SourceEntries> own;  // by source

  const std::string& location(std::size_t input) const { return inputs[input].dataset.location; }
};

// Throws Error(invalid) if an input has no coordinate of that name, or they can't be compared.
SourcesAlong sources_along(const std::vector<SourceInput>& inputs, std::vector<NamedSource> sources,
                           const std::string& along);

// "3 (a.zarr, b.zarr), 17 (b.zarr, c.zarr) and 24 more": as many entries as a message names.
std::string listed_entries(std::vector<std::string> texts);

}  // namespace gridmill
