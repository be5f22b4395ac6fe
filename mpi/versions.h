// versions.h: the MPI library, for `gridmill --version`.
#pragma once

#include <vector>

#include "gridmill/base/versions.h"

namespace gridmill::mpi {

std::vector<LibraryVersion> library_versions();

}  // namespace gridmill::mpi
