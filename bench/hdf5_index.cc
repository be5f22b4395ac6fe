#include "bench/hdf5_index.h"

#include <fmt/format.h>

#include "bench/timing.h"
#include "gridmill/base/error.h"
#include "gridmill/dataset/dataset.h"

namespace gridmill::bench {

Json run_hdf5_index(Files& files, const std::string& path, const std::string& variable) {
  std::int64_t chunks = 0;  // each is a leaf of its own
  const double seconds = seconds_of([&] {
    const Dataset dataset = open_dataset(files, parse_location(path));
    const LeafReader& reader = *dataset.at(variable).blocks[0].reader;
    for (; chunks < reader.grid().size(); ++chunks) {
      if (reader.locate(reader.grid().position(chunks))) continue;
      throw Error(ErrorKind::internal, fmt::format("chunk {} has no place", chunks));
    }
  });
  return {{"seconds", seconds}, {"chunks", chunks}};
}

}  // namespace gridmill::bench
