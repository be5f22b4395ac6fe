// versions.h: the libraries that say what attributes mean, for `gridmill --version`.
#pragma once

#include <vector>

#include "gridmill/base/versions.h"

namespace gridmill {

std::vector<LibraryVersion> dataset_library_versions();

}  // namespace gridmill
