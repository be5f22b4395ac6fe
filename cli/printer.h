// printer.h: standard output or standard error, as the verbs and the console see it.
//
// When the reader goes away (`gridmill dump X | head`) the next write throws Error(cancelled), so
// that a job stops; the command line sees is_closed() and ends without a word.
#pragma once

#include <functional>
#include <string_view>

#include "gridmill/base/bytes.h"

namespace gridmill::cli {

class Printer {
 public:
  // `write` puts everything out, or returns false when nobody reads any more.
  explicit Printer(std::function<bool(ByteView)> write) : write_(std::move(write)) {}

  void print(ByteView bytes);
  void print(std::string_view text) { print(as_bytes(text)); }
  // For messages: whether anybody reads them doesn't matter. Never throws.
  void try_print(std::string_view text) noexcept;

  bool is_closed() const noexcept { return is_closed_; }
  bool is_used() const noexcept { return is_used_; }

 private:
  std::function<bool(ByteView)> write_;
  bool is_closed_ = false;
  bool is_used_ = false;
};

}  // namespace gridmill::cli
