// table_sources.h: the inputs of a table: which there are, by source, and how they are joined
// (dataset/join.h).
#pragma once

#include "gridmill/dataset/dataset.h"
#include "gridmill/dataset/selection.h"
#include "gridmill/jobs/extract.h"

namespace gridmill {

// "NAME=GLOB" of --source become inputs and input_sources, in the order of the options and, in
// each, of the names of the files; a glob has * ? and [abc], [0-9], [!abc] in any part of
// the path. Nothing is left of options.sources. Throws Error(invalid) for what is not NAME=GLOB,
// for a name that a group can't have, and for sources beside other inputs; Error(not_found) for a
// glob that finds nothing.
void expand_sources(ExtractOptions& options, Files& files);

// Opened at once, with `cache` (null: none), and joined, as far as they are `asked` for. Throws
// what opening and joining throw; Error(invalid) for words that --duplicates and --join don't know.
Dataset open_table_inputs(const ExtractOptions& options, Files& files,
                          const std::shared_ptr<InputCache>& cache, AskedVariables asked = {});

}  // namespace gridmill
