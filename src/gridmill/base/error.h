// error.h: the one exception type of Gridmill.
//
// Every failure that leaves a function is a gridmill::Error: a kind (what sort of thing went
// wrong, which fixes the exit code), a sentence, whether trying again may help, and a chain of
// contexts (file, variable, chunk, region) that grows as the error climbs. Absence is not an error:
// functions that may find nothing return std::optional.
//
// Caught only at borders: task, C ABI, Python, command line. Elsewhere use `in_context`.
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gridmill {

enum class ErrorKind {
  not_found,      // a thing that was named is not there
  corrupt,        // bytes or values contradict their own description, or each other
  invalid,        // the request makes no sense (bad option, impossible plan)
  unsupported,    // a correct request for something this build can't do
  conflict,       // refused: exists already, owned by another, misaligned, changed meanwhile
  out_of_space,   // disk or quota full
  out_of_memory,  // allocation failed or would exceed the budget
  timeout,        // a deadline passed
  unavailable,    // the other side can't serve now
  denied,         // permission, read-only
  cancelled,      // interrupted by the user or drained
  internal,       // our own mistake
};

std::string_view to_string(ErrorKind kind) noexcept;

// The process exit code for a kind, as the command line's conventions have it:
// 1 internal/unsupported, 2 usage, 3 data are bad, 4 may succeed later, 5 refused, 130 interrupted.
int exit_code(ErrorKind kind) noexcept;

class Error : public std::exception {
 public:
  // `message` is one sentence without a full stop; it names values, and the way out if there is
  // one.
  Error(ErrorKind kind, std::string message);

  ErrorKind kind() const noexcept { return kind_; }
  const std::string& message() const noexcept { return message_; }
  // Innermost first: {"chunk c/0/1", "variable t2m", "file a.nc"}.
  const std::vector<std::string>& contexts() const noexcept { return contexts_; }
  bool retryable() const noexcept { return retryable_; }

  Error& add_context(std::string context);
  Error& set_retryable(bool retryable) noexcept;

  // "file a.nc: variable t2m: chunk c/0/1: checksum differs" (outermost first).
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  void rebuild_text();

  ErrorKind kind_;
  bool retryable_;
  std::string message_;
  std::vector<std::string> contexts_;
  std::string text_;
};

// Turns whatever is in flight into an Error; call only inside a catch block. std::bad_alloc becomes
// out_of_memory, any other foreign exception internal.
Error current_error();

// Runs `action`; an error that leaves it gains `describe()` as its next outer context. `describe`
// is called only on failure, so that it may format freely.
template <class Describe, class Action>
decltype(auto) in_context(Describe&& describe, Action&& action) {
  try {
    return std::forward<Action>(action)();
  } catch (...) {
    Error error = current_error();
    error.add_context(std::forward<Describe>(describe)());
    throw error;
  }
}

}  // namespace gridmill
