// versions.h: the compression libraries that the codecs link, for `gridmill --version`.
#pragma once

#include <vector>

#include "gridmill/base/versions.h"

namespace gridmill {

std::vector<LibraryVersion> codec_library_versions();

}  // namespace gridmill
