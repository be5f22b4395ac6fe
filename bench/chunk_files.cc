#include "bench/chunk_files.h"

#include <atomic>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/timing.h"
#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/store/location.h"
#include "gridmill/system/cpu.h"
#include "gridmill/zarr/hierarchy.h"

namespace gridmill::bench {
namespace {

// What one thread keeps from chunk to chunk.
struct Worker {
  Buffer file, chunk;
  CodecContext codecs;
};

void load(Files& files, const std::string& path, Buffer& into) {
  const auto file = files.open(path);
  if (file == nullptr) throw Error(ErrorKind::not_found, path + " is absent");
  into.resize(static_cast<std::size_t>(file->status().size));
  if (file->read_at(0, into.bytes()) != into.size()) {
    throw Error(ErrorKind::corrupt, path + " is shorter than it was");
  }
}

std::vector<std::string> lines_of(Files& files, const std::string& path) {
  Buffer text;
  load(files, path, text);
  const auto* const begin = reinterpret_cast<const char*>(text.data());
  std::vector<std::string> lines;
  for (std::string& line : split(std::string_view(begin, text.size()), '\n')) {
    if (!line.empty()) lines.push_back(std::move(line));
  }
  return lines;
}

ArrayMetadata metadata_of(Files& files, const std::string& store, const std::string& array) {
  const auto opened = open_store(files, parse_location(store));
  for (const ZarrNode& node : open_hierarchy(*opened, Key()).nodes) {
    if (node.path != array || !node.array) continue;
    if (node.array->sharding) throw Error(ErrorKind::invalid, array + " is sharded");
    return *node.array;
  }
  throw Error(ErrorKind::not_found, store + " holds no array " + array);
}

class ChunkFiles {
 public:
  ChunkFiles(Files& files, ArrayMetadata array, std::vector<std::string> paths)
      : files_(files), array_(std::move(array)), paths_(std::move(paths)) {}

  std::size_t chunk_bytes() const {
    return static_cast<std::size_t>(volume(array_.chunk) * array_.type.size);
  }
  std::size_t count() const { return paths_.size(); }

  // A worker is a thread.
  void decode(std::vector<Worker>& workers) const {
    std::atomic<std::size_t> next{0};
    on_threads(static_cast<int>(workers.size()), [&](int thread) {
      Worker& worker = workers[static_cast<std::size_t>(thread)];
      for (std::size_t i = next++; i < paths_.size(); i = next++) decode(paths_[i], worker);
    });
  }

 private:
  void decode(const std::string& path, Worker& worker) const {
    load(files_, path, worker.file);
    worker.chunk.resize(chunk_bytes());
    StringArena strings;
    const Part whole{whole_box(array_.chunk),
                     view_of(worker.chunk.bytes(), array_.type, array_.chunk)};
    array_.codecs.decode(worker.file, array_.type, array_.chunk, {&whole, 1}, strings,
                         worker.codecs);
  }

  Files& files_;
  const ArrayMetadata array_;
  const std::vector<std::string> paths_;
};

}  // namespace

Json run_chunk_files(Files& files, const std::string& store, const std::string& array,
                     const std::string& list, int rounds) {
  const ChunkFiles chunks(files, metadata_of(files, store, array), lines_of(files, list));
  std::vector<Worker> all(static_cast<std::size_t>(usable_cores())), one(1);
  if (rounds == 0) {
    const double seconds = seconds_of([&] { chunks.decode(all); });
    return {{"chunks", chunks.count()}, {"decoded", Json::array({seconds})}};
  }
  std::vector<Side> sides{{[&] { chunks.decode(all); }, {}, {}},
                          {[&] { chunks.decode(one); }, {}, {}}};
  measure_in_turns(sides, rounds);
  return {{"chunks", chunks.count()},       {"bytes", chunks.count() * chunks.chunk_bytes()},
          {"decoded", sides[0].seconds},    {"decoded_cpu", sides[0].cpu_seconds},
          {"one_thread", sides[1].seconds}, {"one_thread_cpu", sides[1].cpu_seconds}};
}

}  // namespace gridmill::bench
