// config_file.h: options out of a YAML file.
//
//   memory: 2GiB            # any option of any verb; verbs that don't have it pass over it
//   convert:                # a section for one verb, which wins over the top level
//     chunks: {time: 24, lat: 90}
//     drop: [time_bnds, crs]
//
// Keys are option names; '_' and '-' are the same. A key that no verb knows is an error, so that a
// slip of the finger does not silently change a result.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cli/options.h"

namespace gridmill::cli {

// All verbs' options, by verb: to tell a key that is wrong from one that is another verb's.
using OptionsByVerb = std::map<std::string, std::vector<Option>>;

// What the YAML `text` of file `path` says to `verb`; zarrio's own files are understood, too
// (zarrio_config.h), and what is to be said about them goes to `notes`. Throws Error(invalid) with
// path and line.
Layer config_layer(std::string_view text, const std::string& path, const std::string& verb,
                   const OptionsByVerb& options, std::vector<std::string>* notes = nullptr);

}  // namespace gridmill::cli
