// general_options.h: the options that every verb has.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/options.h"
#include "gridmill/jobs/workplace.h"

namespace gridmill::cli {

enum class LogFormat { automatic, text, json };

struct GeneralOptions {
  bool help = false;
  bool show_config = false;
  bool dry_run = false;
  bool json = false;
  std::string config;  // path, "": none
  LogFormat log = LogFormat::automatic;
  Resources resources = default_resources();
};

// The rows write into `general`, which they keep alive.
std::vector<Option> general_options(const std::shared_ptr<GeneralOptions>& general);

}  // namespace gridmill::cli
