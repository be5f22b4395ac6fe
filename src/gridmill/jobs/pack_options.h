// pack_options.h: what the command line says about packing (jobs/pack_choice.h).
#pragma once

#include <string>
#include <vector>

namespace gridmill {

struct PackOptions {
  // Bits, 8, 16 or 32, or "none"; each may be prefixed by "NAME:". Empty: nothing is packed.
  std::vector<std::string> pack;
  std::vector<std::string> range;  // "LEAST:GREATEST" or "scan", each may be prefixed by "NAME:"
  double buffer = 0.01;            // of a scanned range, on each side
  std::string out_of_range = "error";  // "clamp", "mask"
};

}  // namespace gridmill
