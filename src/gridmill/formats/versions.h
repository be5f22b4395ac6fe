// versions.h: the libraries that read other people's formats, for `gridmill --version`.
#pragma once

#include <vector>

#include "gridmill/base/versions.h"

namespace gridmill {

std::vector<LibraryVersion> format_library_versions();

}  // namespace gridmill
