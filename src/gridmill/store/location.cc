#include "gridmill/store/location.h"

#include <fmt/format.h>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/store/file_store.h"
#include "gridmill/store/zip_store.h"

namespace gridmill {
namespace {

// RFC 3986 scheme in lower case, of at least two letters, so that a drive-like "c:" stays a path.
std::string scheme_of(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon < 2) return {};
  std::string scheme = to_lower(text.substr(0, colon));
  const bool letters =
      scheme.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789+-.") == std::string::npos;
  return letters && scheme[0] >= 'a' ? scheme : std::string();
}

bool is_reserved(std::string_view scheme) {
  return scheme == "http" || scheme == "https" || scheme == "s3" || scheme == "gs" ||
         scheme == "zip";
}

// What follows "file:": a path, or "//" host and path, where the host must be this machine.
std::string_view path_of_file_url(std::string_view rest, std::string_view whole) {
  if (!rest.starts_with("//")) return rest;
  rest.remove_prefix(2);
  if (rest.starts_with("localhost/")) rest.remove_prefix(9);
  if (!rest.starts_with('/')) {
    throw Error(ErrorKind::invalid,
                fmt::format("\"{}\" names a host; write file:///path for a local file", whole));
  }
  return rest;
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
  const std::string scheme = scheme_of(rest);
  if (is_reserved(scheme)) {
    throw Error(ErrorKind::unsupported,
                fmt::format("{}: locations are not built in yet: copy {} to a local path first",
                            scheme, text));
  }
  if (scheme == "file") {
    rest = path_of_file_url(rest.substr(5), text);
  } else if (!scheme.empty() && rest.substr(scheme.size()).starts_with("://")) {
    throw Error(ErrorKind::unsupported,
                fmt::format("{}: gridmill knows no scheme \"{}\"", text, scheme));
  }
  while (rest.size() > 1 && rest.ends_with('/')) rest.remove_suffix(1);
  if (rest.empty()) throw Error(ErrorKind::invalid, fmt::format("\"{}\" names no path", text));
  location.path = rest;
  return location;
}

std::unique_ptr<Store> open_store(Files& files, const Location& location, Durability durability) {
  if (is_zip_name(location.path)) {
    const auto status = files.status(location.path);
    if (!status || !status->is_directory) return zip_store(files, files.absolute(location.path));
  }
  return file_store(files, files.absolute(location.path), durability);
}

}  // namespace gridmill
