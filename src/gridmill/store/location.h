// location.h: what a user types to name data: URL[#/group/array].
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "gridmill/store/store.h"
#include "gridmill/system/files.h"

namespace gridmill {

// Plain paths and file: URLs. http, https, s3, gs and zip are reserved: Error(unsupported) names
// them.
struct Location {
  std::string path;  // as typed, without scheme and fragment, no trailing '/'
  std::string node;  // "group/array" inside, "" for the root
  std::string text() const { return node.empty() ? path : path + "#/" + node; }
};

// Throws Error(invalid) for an empty path, Error(unsupported) for a scheme that is not built in.
// "file:a" and "file:///a" are paths; a '#' belongs to the fragment only when followed by '/'.
Location parse_location(std::string_view text);

// The store at a location's path (its node is the caller's): a directory, or a zip file, which must
// be called .zip.
std::unique_ptr<Store> open_store(Files& files, const Location& location,
                                  Durability durability = Durability::ordered);

}  // namespace gridmill
