#include "mpi/versions.h"

#include <mpi.h>

#include <string_view>

namespace gridmill::mpi {

// "Open MPI v4.1.4, package: Debian OpenMPI, ident: 4.1.4, ...". May be asked before MPI_Init.
std::vector<LibraryVersion> library_versions() {
  char text[MPI_MAX_LIBRARY_VERSION_STRING] = {};
  int length = 0;
  MPI_Get_library_version(text, &length);
  const std::string_view all(text, static_cast<std::size_t>(length));
  const std::string_view head = all.substr(0, all.find(','));
  const std::size_t blank = head.find(" v");
  if (blank == std::string_view::npos) return {{"MPI", std::string(head)}};
  return {{std::string(head.substr(0, blank)), std::string(head.substr(blank + 2))}};
}

}  // namespace gridmill::mpi
