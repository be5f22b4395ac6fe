// versions.h: a library that this build links, as `--version` names it. Each room that links
// libraries lists its own: base here, codec/versions.h, formats/versions.h.
#pragma once

#include <string>
#include <vector>

namespace gridmill {

struct LibraryVersion {
  std::string name;
  std::string version;  // of the library that runs where it can be asked, else of its headers
};

std::vector<LibraryVersion> base_library_versions();

}  // namespace gridmill
