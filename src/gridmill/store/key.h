// key.h: the name of a value in a store: "a/b/c", never a way out of it.
#pragma once

#include <compare>
#include <string>
#include <string_view>

namespace gridmill {

// Segments separated by '/', none empty, "." or "..", no NUL, no leading '/'. Anything else can't
// be constructed: Error(invalid). The empty key names the root, where an interface says so.
class Key {
 public:
  Key() = default;
  explicit Key(std::string_view text);
  const std::string& text() const noexcept { return text_; }
  bool is_root() const noexcept { return text_.empty(); }
  // The key of `name` below this one; `name` may itself have segments.
  Key operator/(std::string_view name) const;
  friend auto operator<=>(const Key&, const Key&) = default;

 private:
  std::string text_;
};

}  // namespace gridmill
