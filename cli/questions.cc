#include "cli/questions.h"

#include <fmt/format.h>

#include "gridmill/base/text.h"

namespace gridmill::cli {

std::string Questions::ask(const std::string& question, const std::string& otherwise) {
  printer_.try_print(fmt::format("{} [{}]: ", question, otherwise));
  const std::optional<std::string> line = read_line_ ? read_line_() : std::nullopt;
  if (!line) printer_.try_print("\n");
  const std::string answer(trim(line.value_or("")));
  return answer.empty() ? otherwise : answer;
}

}  // namespace gridmill::cli
