#include "gridmill/store/location.h"

#include <fmt/format.h>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/store/file_store.h"

namespace gridmill {
namespace {

// RFC 3986 scheme of at least two letters, so that a drive-like "c:" stays a path.
std::string_view scheme_of(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon < 2) return {};
  const std::string_view scheme = text.substr(0, colon);
  const bool letters = scheme.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789+-.") ==
                       std::string_view::npos;
  return letters ? scheme : std::string_view{};
}

bool is_reserved(std::string_view scheme) {
  return scheme == "http" || scheme == "https" || scheme == "s3" || scheme == "gs" ||
         scheme == "zip";
}

}  // namespace

Location parse_location(std::string_view text) {
  Location location;
  std::string_view rest = text;
  const std::size_t fragment = rest.find("#/");
  if (fragment != std::string_view::npos) {
    location.node = Key(trim(rest.substr(fragment + 2))).text();
    rest = rest.substr(0, fragment);
  }
  const std::string_view scheme = scheme_of(rest);
  if (is_reserved(scheme)) {
    throw Error(ErrorKind::unsupported,
                fmt::format("{}: locations are not built in yet: copy {} to a local path first",
                            scheme, text));
  }
  if (scheme == "file") {
    rest.remove_prefix(5);
    if (rest.starts_with("//")) rest.remove_prefix(2);
  }
  while (rest.size() > 1 && rest.ends_with('/')) rest.remove_suffix(1);
  if (rest.empty()) throw Error(ErrorKind::invalid, fmt::format("\"{}\" names no path", text));
  location.path = rest;
  return location;
}

std::unique_ptr<Store> open_store(Files& files, const Location& location, Durability durability) {
  return file_store(files, files.absolute(location.path), durability);
}

}  // namespace gridmill
