// output_file.h: one file that a job writes: refused or promised at the start, visible only when
// whole.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gridmill/store/location.h"
#include "gridmill/store/store.h"

namespace gridmill {

// Throws Error(invalid) for "-", which would be the name of a file.
void refuse_standard_output(const std::string& path);

// Throws Error(invalid) if `path` is no name for a file; Error(conflict) if `path` is a directory,
// exists and `overwrite` is false, or is or lies in one of `inputs` (locations); Error(not_found)
// if its directory is missing. Call it before any work.
void check_output_file(Files& files, const std::string& path, bool overwrite,
                       const std::vector<std::string>& inputs);

// The writer keeps its store alive; commit() makes the file appear in one step. `files` must
// outlive it.
std::unique_ptr<ValueWriter> write_file(Files& files, const std::string& path);
// All of it, at once.
void write_text_file(Files& files, const std::string& path, const std::string& text);

}  // namespace gridmill
