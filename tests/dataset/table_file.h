// table_file.h: tables of expected values that lie beside the tests. Compilers may be told to
// shorten __FILE__ to a path relative to the build directory: there the tests must run, as ctest
// does it.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "gridmill/base/text.h"
#include "gridmill/system/files.h"

namespace gridmill::testing {

// The lines of `name` beside `source_file`, without the heading; empty if there is no such file.
inline std::vector<std::string> table_lines(const std::string& source_file,
                                            const std::string& name) {
  const std::unique_ptr<Files> files = posix_files();
  const auto file = files->open(source_file.substr(0, source_file.rfind('/')) + "/" + name);
  if (!file) return {};
  std::string text(static_cast<std::size_t>(file->status().size), ' ');
  file->read_at(0, std::as_writable_bytes(std::span(text)));
  std::vector<std::string> lines = split(text, '\n');
  lines.erase(lines.begin());
  std::erase(lines, "");
  return lines;
}

}  // namespace gridmill::testing
