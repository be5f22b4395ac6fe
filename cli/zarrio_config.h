// zarrio_config.h: config files of zarrio 0.1, said in options of ours.
//
// All its sections and keys are known: what means the same here is taken over, what would change
// values in silence there (range_exceeded_action warn or ignore: values wrap) is stricter here and
// noted, what has no counterpart is noted or refused by name, and a key that zarrio doesn't have
// either is an error with its line. docs/migrating_from_zarrio.md has the table.
#pragma once

#include <yaml-cpp/yaml.h>

#include <string>
#include <vector>

namespace gridmill::cli {

// Whether a mapping has a section that only zarrio's files have.
bool is_zarrio_config(const YAML::Node& document);

struct TranslatedConfig {
  YAML::Node document;  // as config_file.h describes it
  std::vector<std::string> notes;
};

// Throws Error(invalid) with the line for what can't be taken over.
TranslatedConfig from_zarrio_config(const YAML::Node& document);

}  // namespace gridmill::cli
