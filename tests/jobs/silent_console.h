// silent_console.h: nobody listens.
#pragma once

#include "gridmill/jobs/workplace.h"

namespace gridmill {

class SilentConsole final : public Console {
 public:
  void say(const std::string&) override {}
  void warn(const std::string&) override {}
  void begin(const std::string&, const Progress&) override {}
  void done() override {}
};

}  // namespace gridmill
