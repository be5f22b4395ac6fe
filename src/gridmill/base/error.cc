#include "gridmill/base/error.h"

#include <new>

namespace gridmill {

std::string_view to_string(ErrorKind kind) noexcept {
  switch (kind) {
    case ErrorKind::not_found:
      return "not found";
    case ErrorKind::corrupt:
      return "corrupt";
    case ErrorKind::invalid:
      return "invalid";
    case ErrorKind::unsupported:
      return "unsupported";
    case ErrorKind::conflict:
      return "conflict";
    case ErrorKind::out_of_space:
      return "out of space";
    case ErrorKind::out_of_memory:
      return "out of memory";
    case ErrorKind::timeout:
      return "timeout";
    case ErrorKind::unavailable:
      return "unavailable";
    case ErrorKind::denied:
      return "denied";
    case ErrorKind::cancelled:
      return "cancelled";
    case ErrorKind::internal:
      return "internal";
  }
  return "internal";
}

int exit_code(ErrorKind kind) noexcept {
  switch (kind) {
    case ErrorKind::unsupported:
    case ErrorKind::internal:
      return 1;
    case ErrorKind::not_found:
    case ErrorKind::invalid:
      return 2;
    case ErrorKind::corrupt:
      return 3;
    case ErrorKind::out_of_space:
    case ErrorKind::out_of_memory:
    case ErrorKind::timeout:
    case ErrorKind::unavailable:
      return 4;
    case ErrorKind::conflict:
    case ErrorKind::denied:
      return 5;
    case ErrorKind::cancelled:
      return 130;
  }
  return 1;
}

Error::Error(ErrorKind kind, std::string message)
    : kind_(kind),
      retryable_(kind == ErrorKind::timeout || kind == ErrorKind::unavailable),
      message_(std::move(message)) {
  rebuild_text();
}

Error& Error::add_context(std::string context) {
  contexts_.push_back(std::move(context));
  rebuild_text();
  return *this;
}

Error& Error::set_retryable(bool retryable) noexcept {
  retryable_ = retryable;
  return *this;
}

void Error::rebuild_text() {
  text_.clear();
  for (auto context = contexts_.rbegin(); context != contexts_.rend(); ++context) {
    text_ += *context;
    text_ += ": ";
  }
  text_ += message_;
}

Error current_error() {
  try {
    throw;
  } catch (const Error& error) {
    return error;
  } catch (const std::bad_alloc&) {
    return Error(ErrorKind::out_of_memory, "the system has no more memory to give");
  } catch (const std::exception& foreign) {
    return Error(ErrorKind::internal, foreign.what());
  } catch (...) {
    return Error(ErrorKind::internal, "an unknown exception");
  }
}

}  // namespace gridmill
