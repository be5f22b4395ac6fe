// gridmill_bench: the floors of docs/benchmarks.md, and the library beside them. bench/run.py
// drives it.
//
//   read STORE ARRAY ROUNDS                 whole array into one reused buffer, beside its floors
//   classic FILE VARIABLE ROUNDS            uncompressed, likewise, beside memcpy
//   encode STORE ARRAY ROUNDS               every chunk of the array encoded again, in memory
//   convert STORE ARRAY ROUNDS SOURCE OUT   the job `convert` from SOURCE, beside that
//   deflated STORE ARRAY ROUNDS SOURCE OUT  likewise, and what is inflated of SOURCE
//   tasks COUNT ROUNDS                      tasks that do nothing, with and without counting
//   frames STORE ARRAY ROUNDS               its Blosc frames on one thread, beside libblosc
//   stored STORE ROUNDS                     the array at a store's root from its files, likewise
//   round-trip STORE OUT ROUNDS             its keys decoded and encoded again, and no more
//   open STORE ROUNDS                       the store's metadata, and the calls that takes
//   open-sources A B ROUNDS                 stores of two sources (NAME=GLOB), opened and joined
//   chunk-files STORE ARRAY LIST ROUNDS     the chunks in these files, read and decoded (0: once)
//   grib FILE ROUNDS                        opened and decoded on one core, beside ecCodes
//   index FILE VARIABLE                     the places of all chunks of an HDF5 variable, once
//   far-cache STORE FOLDER LATENCY_MS MB/S ROUNDS POINTS   tables behind a long line, by a cache
//   far-open FOLDER LATENCY_MS ROUNDS       all stores of a folder, behind a long line
//
// Prints one JSON object: seconds of every round by side. Exit 1 and the reason if anything is
// wrong.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string_view>

#include "bench/chunk_files.h"
#include "bench/chunks.h"
#include "bench/deflate.h"
#include "bench/far_stores.h"
#include "bench/frames.h"
#include "bench/grib.h"
#include "bench/hdf5_index.h"
#include "bench/opening.h"
#include "bench/read_whole.h"
#include "bench/round_trip.h"
#include "bench/stored.h"
#include "bench/tasks.h"
#include "bench/timing.h"
#include "gridmill/base/error.h"
#include "gridmill/base/json.h"
#include "gridmill/jobs/convert.h"
#include "gridmill/system/cpu.h"

namespace gridmill::bench {
namespace {

std::vector<CodecContext> make_contexts(int threads) {
  return std::vector<CodecContext>(static_cast<std::size_t>(threads));
}

// Element for element what the floor decoded; the floor's chunks are whole maps or padded at the
// end.
void check_same(const StoredArray& array, Buffer& chunks, const MutableArrayView& read) {
  const ChunkGrid grid = array.metadata.grid();
  for (std::int64_t i = 0; i < grid.size(); ++i) {
    const Box box = grid.box_of(grid.position(i));
    const ArrayView floor = view_of(ByteView(chunk_of(array, chunks, static_cast<std::size_t>(i))),
                                    array.metadata.type, array.metadata.chunk)
                                .part(whole_box(box.shape));
    const ArrayView own = read.part(box);
    for_each_position(whole_box(box.shape), [&](const Index& at) {
      if (std::memcmp(floor.at(at), own.at(at), static_cast<std::size_t>(floor.type.size)) != 0) {
        throw Error(ErrorKind::internal, "the array read is not what the floor decoded");
      }
    });
  }
}

Json run_read(Files& files, const Clock& clock, const std::string& store, const std::string& name,
              int rounds) {
  const StoredArray array = load_frames(files, store, name);
  const int threads = usable_cores();
  auto contexts = make_contexts(threads);
  Buffer chunks(array.count() * array.chunk_bytes());
  const Shape& shape = array.variable.shape;
  Buffer whole(static_cast<std::size_t>(volume(shape) * array.metadata.type.size));
  const MutableArrayView into = view_of(whole.bytes(), array.metadata.type, shape);
  std::vector<Side> sides{
      {[&] { decode_all(array, chunks, contexts); }, {}, {}},
      {[&] { decode_all_libblosc(array, chunks, threads); }, {}, {}},
      {[&] { read_whole(array.variable, into, clock); }, {}, {}},
      {[&] { read_whole(array.variable, into, clock, std::make_shared<RunRecorder>(clock)); },
       {},
       {}},
  };
  measure_in_turns(sides, rounds);
  check_same(array, chunks, into);
  return {{"bytes", whole.size()},
          {"chunks", array.count()},
          {"threads", threads},
          {"floor_own", sides[0].seconds},
          {"floor_libblosc", sides[1].seconds},
          {"read", sides[2].seconds},
          {"counted", sides[3].seconds},
          {"floor_own_cpu", sides[0].cpu_seconds},
          {"floor_libblosc_cpu", sides[1].cpu_seconds},
          {"read_cpu", sides[2].cpu_seconds},
          {"counted_cpu", sides[3].cpu_seconds}};
}

// As it stands in the file: one run of big-endian values.
Buffer raw_values(Files& files, const Variable& variable) {
  const LeafReader& reader = *variable.blocks[0].reader;
  const auto location = reader.locate(reader.grid().position(0));
  Buffer raw(static_cast<std::size_t>(volume(variable.shape) * variable.type.size));
  const auto file = files.open(location.value().store);
  if (file->read_at(location->range->offset, raw.bytes()) != raw.size()) {
    throw Error(ErrorKind::corrupt, "the file is too short");
  }
  return raw;
}

void copy_on(int threads, const Buffer& from, Buffer& into) {
  const std::size_t each = from.size() / static_cast<std::size_t>(threads) + 1;
  on_threads(threads, [&](int thread) {
    const std::size_t begin = std::min(from.size(), each * static_cast<std::size_t>(thread));
    std::memcpy(into.data() + begin, from.data() + begin, std::min(each, from.size() - begin));
  });
}

// The floor copies the same bytes in memory, on as many threads, and turns none.
Json run_classic(Files& files, const Clock& clock, const std::string& path, const std::string& name,
                 int rounds) {
  const Dataset dataset = open_dataset(files, parse_location(path));
  const Variable& variable = dataset.at(name);
  const Buffer raw = raw_values(files, variable);
  Buffer copy(raw.size()), whole(raw.size());
  const MutableArrayView into = view_of(whole.bytes(), variable.type, variable.shape);
  std::vector<Side> sides{{[&] { copy_on(usable_cores(), raw, copy); }, {}, {}},
                          {[&] { read_whole(variable, into, clock); }, {}, {}}};
  measure_in_turns(sides, rounds);
  const auto size = static_cast<std::size_t>(variable.type.size);
  for (std::size_t at = 0; at < copy.size(); at += size) {
    std::reverse(copy.data() + at, copy.data() + at + size);
  }
  if (std::memcmp(copy.data(), whole.data(), copy.size()) != 0) {
    throw Error(ErrorKind::internal, "what was read is not what stands in the file");
  }
  return {{"bytes", whole.size()},
          {"memcpy", sides[0].seconds},
          {"memcpy_cpu", sides[0].cpu_seconds},
          {"read", sides[1].seconds},
          {"read_cpu", sides[1].cpu_seconds}};
}

Json run_encode(Files& files, const std::string& store, const std::string& name, int rounds) {
  const StoredArray array = load_frames(files, store, name);
  auto contexts = make_contexts(usable_cores());
  std::vector<Buffer> out(contexts.size());
  Buffer chunks(array.count() * array.chunk_bytes());
  decode_all(array, chunks, contexts);
  std::vector<Side> sides{{[&] { encode_all(array, chunks, contexts, out); }, {}, {}}};
  measure_in_turns(sides, rounds);
  return {{"bytes", chunks.size()},
          {"chunks", array.count()},
          {"encode", sides[0].seconds},
          {"encode_cpu", sides[0].cpu_seconds}};
}

class SilentConsole final : public Console {
 public:
  void say(const std::string&) override {}
  void warn(const std::string&) override {}
  void begin(const std::string&, const Progress&) override {}
  void done() override {}
};

// Both sides keep their buffers from round to round. Removing the last round's store is not
// measured. What is deflated is inflated by the floor, too.
Json run_convert(Files& files, const Clock& clock, const std::string& store,
                 const std::string& name, int rounds, const std::string& source,
                 const std::string& out, bool is_deflated) {
  const StoredArray array = load_frames(files, store, name);
  auto contexts = make_contexts(usable_cores());
  std::vector<Buffer> encoded(contexts.size());
  Buffer chunks(array.count() * array.chunk_bytes());
  decode_all(array, chunks, contexts);
  SilentConsole console;
  const Workplace workplace{files, clock, console, {}};
  ConvertOptions options;
  options.inputs = {source};
  options.resources = default_resources();
  int round = 0;
  std::vector<Side> sides{{[&] { encode_all(array, chunks, contexts, encoded); }, {}, {}},
                          {[&] {
                             options.output = fmt::format("{}.{}.zarr", out, round++);
                             convert(options, workplace);
                           },
                           {},
                           {}}};
  DeflatedChunks deflated;
  std::vector<Buffer> inflated;
  if (is_deflated) {
    deflated = load_deflated(source, name);
    sides.push_back({[&] { inflate_all(deflated, usable_cores(), inflated); }, {}, {}});
  }
  measure_in_turns(sides, rounds);
  Json result{{"bytes", chunks.size()},      {"chunks", array.count()},
              {"encode", sides[0].seconds},  {"encode_cpu", sides[0].cpu_seconds},
              {"convert", sides[1].seconds}, {"convert_cpu", sides[1].cpu_seconds}};
  if (is_deflated) {
    result["inflate"] = sides[2].seconds;
    result["inflate_cpu"] = sides[2].cpu_seconds;
  }
  return result;
}

struct Verb {
  const char* name;
  const char* words;
  int count;
  Json (*run)(Files& files, const Clock& clock, char** words);
};

constexpr Verb kVerbs[] = {
    {"read", "STORE ARRAY ROUNDS", 3,
     [](Files& files, const Clock& clock, char** words) {
       return run_read(files, clock, words[0], words[1], std::atoi(words[2]));
     }},
    {"classic", "FILE VARIABLE ROUNDS", 3,
     [](Files& files, const Clock& clock, char** words) {
       return run_classic(files, clock, words[0], words[1], std::atoi(words[2]));
     }},
    {"encode", "STORE ARRAY ROUNDS", 3,
     [](Files& files, const Clock&, char** words) {
       return run_encode(files, words[0], words[1], std::atoi(words[2]));
     }},
    {"convert", "STORE ARRAY ROUNDS SOURCE OUT", 5,
     [](Files& files, const Clock& clock, char** words) {
       return run_convert(files, clock, words[0], words[1], std::atoi(words[2]), words[3], words[4],
                          false);
     }},
    {"deflated", "STORE ARRAY ROUNDS SOURCE OUT", 5,
     [](Files& files, const Clock& clock, char** words) {
       return run_convert(files, clock, words[0], words[1], std::atoi(words[2]), words[3], words[4],
                          true);
     }},
    {"tasks", "COUNT ROUNDS", 2,
     [](Files&, const Clock& clock, char** words) {
       return run_tasks(clock, std::atoll(words[0]), std::atoi(words[1]));
     }},
    {"frames", "STORE ARRAY ROUNDS", 3,
     [](Files& files, const Clock&, char** words) {
       return run_frames(files, words[0], words[1], std::atoi(words[2]));
     }},
    {"stored", "STORE ROUNDS", 2,
     [](Files& files, const Clock& clock, char** words) {
       return run_stored(files, clock, words[0], std::atoi(words[1]));
     }},
    {"round-trip", "STORE OUT ROUNDS", 3,
     [](Files& files, const Clock&, char** words) {
       return run_round_trip(files, words[0], words[1], std::atoi(words[2]));
     }},
    {"open", "STORE ROUNDS", 2,
     [](Files& files, const Clock&, char** words) {
       return run_opening(files, words[0], std::atoi(words[1]));
     }},
    {"open-sources", "A B ROUNDS", 3,
     [](Files& files, const Clock&, char** words) {
       return run_opening_sources(files, words[0], words[1], std::atoi(words[2]));
     }},
    {"chunk-files", "STORE ARRAY LIST ROUNDS", 4,
     [](Files& files, const Clock&, char** words) {
       return run_chunk_files(files, words[0], words[1], words[2], std::atoi(words[3]));
     }},
    {"grib", "FILE ROUNDS", 2,
     [](Files& files, const Clock&, char** words) {
       return run_grib(files, words[0], std::atoi(words[1]));
     }},
    {"index", "FILE VARIABLE", 2,
     [](Files& files, const Clock&, char** words) {
       return run_hdf5_index(files, words[0], words[1]);
     }},
    {"far-cache", "STORE FOLDER LATENCY_MS MB/S ROUNDS POINTS", 6,
     [](Files& files, const Clock& clock, char** words) {
       return run_far_cache(files, clock, words[0], words[1], std::atoi(words[2]),
                            std::atoi(words[3]), std::atoi(words[4]), words[5]);
     }},
    {"far-open", "FOLDER LATENCY_MS ROUNDS", 3,
     [](Files& files, const Clock& clock, char** words) {
       return run_far_opening(files, clock, words[0], std::atoi(words[1]), std::atoi(words[2]));
     }},
};

int run(int count, char** words) {
  const std::string_view asked = count > 1 ? words[1] : "";
  for (const Verb& verb : kVerbs) {
    if (verb.name != asked || verb.count != count - 2) continue;
    const auto files = posix_files();
    fmt::print("{}\n", dump_json(verb.run(*files, *system_clock(), words + 2), -1));
    return 0;
  }
  fmt::print(stderr, "usage:\n");
  for (const Verb& verb : kVerbs) {
    fmt::print(stderr, "  gridmill_bench {} {}\n", verb.name, verb.words);
  }
  return 2;
}

}  // namespace
}  // namespace gridmill::bench

int main(int count, char** words) {
  try {
    return gridmill::bench::run(count, words);
  } catch (const std::exception& error) {
    fmt::print(stderr, "gridmill_bench: {}\n", error.what());
    return 1;
  }
}
