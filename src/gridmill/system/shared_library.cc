#include "gridmill/system/shared_library.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>

#include "gridmill/base/error.h"

namespace gridmill {
namespace {

// Of the file that holds this code: the program, or the library of the C interface. What the
// program calls itself (argv[0]) anybody may choose.
std::string find_own_folder() {
  Dl_info about{};
  const bool is_known = dladdr(reinterpret_cast<const void*>(&find_own_folder), &about) != 0;
  const std::string name = is_known && about.dli_fname != nullptr ? about.dli_fname : "";
  const bool is_library = name.find(".so") != std::string::npos;
  char path[PATH_MAX];
  if (realpath(is_library ? name.c_str() : "/proc/self/exe", path) == nullptr) {
    throw Error(ErrorKind::internal, "the program doesn't know where it lies");
  }
  const std::string found = path;
  return found.substr(0, found.rfind('/'));
}

// Asked of the loader once: it answers nobody while it is loading something.
const std::string& own_folder() {
  static const std::string kFolder = find_own_folder();
  return kFolder;
}

std::string last_reason() {
  const char* reason = dlerror();
  return reason == nullptr ? "no reason is given" : reason;
}

}  // namespace

bool is_beside_program(const std::string& file) {
  return access((own_folder() + "/" + file).c_str(), F_OK) == 0;
}

void* symbol_beside_program(const std::string& file, const std::string& symbol) {
  if (!is_beside_program(file)) return nullptr;
  const std::string path = own_folder() + "/" + file;
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    throw Error(ErrorKind::unsupported, fmt::format("{} can't be loaded: {}", path, last_reason()));
  }
  void* address = dlsym(library, symbol.c_str());
  if (address == nullptr) {
    throw Error(ErrorKind::unsupported,
                fmt::format("{} is no part of this program: {}", path, last_reason()));
  }
  return address;
}

}  // namespace gridmill
