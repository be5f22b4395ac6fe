#include "gridmill/store/key.h"

#include <fmt/format.h>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"

namespace gridmill {

Key::Key(std::string_view text) : text_(text) {
  if (text.empty()) return;
  for (const std::string& segment : split(text, '/')) {
    if (segment.empty() || segment == "." || segment == ".." ||
        segment.find('\0') != std::string::npos) {
      throw Error(ErrorKind::invalid, fmt::format("\"{}\" is not a valid key", text));
    }
  }
}

Key Key::operator/(std::string_view name) const {
  return Key(is_root() ? std::string(name) : text_ + "/" + std::string(name));
}

}  // namespace gridmill
