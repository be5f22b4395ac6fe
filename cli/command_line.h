// command_line.h: from the words of the command line to an exit code.
//
// The one border where errors become text: on standard error `gridmill VERB: error: ...`, with
// --json also {"error": {...}} on standard output. Nothing is thrown. Everything that it touches
// comes in by `Surroundings`, so that tests run it inside their own process.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "cli/options.h"
#include "cli/printer.h"
#include "cli/questions.h"
#include "gridmill/jobs/workplace.h"

namespace gridmill::cli {

struct Surroundings {
  Files& files;
  const Clock& clock;
  Environment environment;
  Printer& out;
  Printer& err;
  bool is_terminal = false;          // standard error is one that a moving line suits
  std::function<int()> error_width;  // its columns, now
  int help_width = 100;
  std::stop_token stop;
  // Ends the process at once, with threads stuck in calls that never return; nothing is unwound.
  std::function<void(int)> leave;
  std::function<int()> error_height = [] { return 24; };  // its rows, now
  ReadLine read_line = {};  // what the user types; empty: nobody is there
};

// `words` without the program's name.
int run_command_line(const std::vector<std::string>& words, const Surroundings& surroundings);

}  // namespace gridmill::cli
