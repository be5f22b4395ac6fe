#include "gridmill/dataset/versions.h"

namespace gridmill {

// It can't be asked, and its header doesn't say: the number of its file.
std::vector<LibraryVersion> dataset_library_versions() {
  return {{"udunits2", GRIDMILL_UDUNITS_FILE_VERSION}};
}

}  // namespace gridmill
