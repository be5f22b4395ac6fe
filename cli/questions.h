// questions.h: what a verb asks its user, line by line. End of input is the default.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "cli/printer.h"

namespace gridmill::cli {

// One line of standard input without its end; nullopt: there are no more.
using ReadLine = std::function<std::optional<std::string>()>;

class Questions {
 public:
  // Asks on `printer`, which is standard error: results go to standard output.
  Questions(Printer& printer, ReadLine read_line)
      : printer_(printer), read_line_(std::move(read_line)) {}

  // "Question [default]: ", and the answer without blanks around it; the default for an empty one.
  std::string ask(const std::string& question, const std::string& otherwise);

 private:
  Printer& printer_;
  ReadLine read_line_;
};

}  // namespace gridmill::cli
