// plan_document.h: what a job that writes a Zarr store notes about itself, and asks of the place
// that it writes to.
#pragma once

#include <string>
#include <vector>

#include "gridmill/jobs/convert_input.h"
#include "gridmill/jobs/zarr_target.h"

namespace gridmill {

// All that decides about the bytes of the output: versions, inputs and their identities, regions
// and the arrays' documents. Memory and threads don't.
Json plan_document(const std::string& verb, const std::vector<std::string>& inputs,
                   const ConvertInput& input, const ZarrTarget& target, Files& files);

// Error(conflict) if something stands at `output` and may not be replaced: --overwrite replaces
// stores and files, never a directory of something else.
void check_output(const std::string& output, bool overwrite, Files& files);

}  // namespace gridmill
