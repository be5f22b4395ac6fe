// shared_library.h: parts of the program that are loaded when they are wanted: what they link costs
// nobody else a start.
//
// They lie beside the program (or beside the library that holds this code), and nowhere else: what
// is on a search path could be anybody's. Loaded once, and kept until the end.
#pragma once

#include <string>

namespace gridmill {

// Whether `file` ("libgridmill_parquet.so") is there. Loads nothing.
bool is_beside_program(const std::string& file);

// The address of `symbol` in `file`; null if there is no such file. Throws Error(unsupported), with
// the system's reason, for one that can't be loaded or lacks it.
void* symbol_beside_program(const std::string& file, const std::string& symbol);

}  // namespace gridmill
