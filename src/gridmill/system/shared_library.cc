#include "gridmill/system/shared_library.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <unistd.h>

#include "gridmill/base/error.h"

namespace gridmill {
namespace {

// Of the file that holds this code: the program, or the library of the C interface.
std::string own_folder() {
  Dl_info about{};
  if (dladdr(reinterpret_cast<const void*>(&own_folder), &about) == 0 || !about.dli_fname) {
    throw Error(ErrorKind::internal, "the program doesn't know where it lies");
  }
  std::string path = about.dli_fname;
  if (!path.starts_with('/') || path.find('/') == std::string::npos) {
    std::string link(4096, '\0');  // of a program that was found on PATH its name alone is known
    const auto length = readlink("/proc/self/exe", link.data(), link.size());
    if (length > 0) path = link.substr(0, static_cast<std::size_t>(length));
  }
  return path.substr(0, path.rfind('/'));
}

std::string last_reason() {
  const char* reason = dlerror();
  return reason == nullptr ? "no reason is given" : reason;
}

}  // namespace

void* symbol_beside_program(const std::string& file, const std::string& symbol) {
  const std::string path = own_folder() + "/" + file;
  if (access(path.c_str(), F_OK) != 0) return nullptr;
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
