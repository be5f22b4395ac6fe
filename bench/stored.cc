#include "bench/stored.h"

#include <zstd.h>

#include <atomic>
#include <cstring>
#include <memory>

#include "bench/read_whole.h"
#include "bench/timing.h"
#include "gridmill/base/error.h"
#include "gridmill/system/cpu.h"
#include "gridmill/zarr/hierarchy.h"

namespace gridmill::bench {
namespace {

constexpr std::size_t kPiece = 256 << 10;  // stays in a core's own cache

using Decoder = std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)>;

// What one thread keeps from chunk to chunk.
struct Worker {
  Buffer file, piece;
  Decoder zstd{ZSTD_createDCtx(), &ZSTD_freeDCtx};
};

// Places a run of a chunk's values, which come in C order, row by row.
class Rows {
 public:
  Rows(const Box& chunk, const MutableArrayView& into)
      : chunk_(chunk),
        into_(into.part(chunk)),
        row_bytes_(static_cast<std::size_t>(chunk.shape[2] * into.type.size)) {}

  std::size_t row_bytes() const { return row_bytes_; }
  void place(const std::byte* rows, std::size_t count) {
    for (; count > 0; --count, rows += row_bytes_, ++row_) {
      const Index at{row_ / chunk_.shape[1], row_ % chunk_.shape[1], 0};
      std::memcpy(into_.at(at), rows, row_bytes_);
    }
  }

 private:
  Box chunk_;
  MutableArrayView into_;
  std::size_t row_bytes_;
  std::int64_t row_ = 0;
};

void place_raw(const ReadableFile& file, Rows rows, Worker& worker) {
  worker.piece.resize(kPiece / rows.row_bytes() * rows.row_bytes());
  std::int64_t at = 0;
  while (const std::size_t got = file.read_at(at, worker.piece.bytes())) {
    rows.place(worker.piece.data(), got / rows.row_bytes());
    at += static_cast<std::int64_t>(got);
  }
}

void place_zstd(ByteView frame, Rows rows, Worker& worker) {
  worker.piece.resize(kPiece);
  ZSTD_DCtx_reset(worker.zstd.get(), ZSTD_reset_session_only);
  ZSTD_inBuffer in{frame.data(), frame.size(), 0};
  std::size_t kept = 0, hint = 1;
  while (hint != 0) {
    ZSTD_outBuffer out{worker.piece.data(), worker.piece.size(), kept};
    hint = ZSTD_decompressStream(worker.zstd.get(), &out, &in);
    if (ZSTD_isError(hint) != 0) throw Error(ErrorKind::corrupt, "zstd can't decode a chunk");
    const std::size_t whole = out.pos / rows.row_bytes();
    rows.place(worker.piece.data(), whole);
    kept = out.pos - whole * rows.row_bytes();
    std::memmove(worker.piece.data(), worker.piece.data() + whole * rows.row_bytes(), kept);
  }
}

void place_shard(const ArrayMetadata& array, const Box& shard, const MutableArrayView& into,
                 Worker& worker) {
  const ChunkGrid inner(shard.shape, array.chunk);
  const ByteView file = worker.file.bytes();
  const std::size_t checksum = array.sharding->index.is_checked ? 4 : 0;
  const auto entries = static_cast<std::size_t>(inner.size()) * 16;
  const std::byte* index = file.data() + file.size() - checksum - entries;
  worker.piece.resize(static_cast<std::size_t>(volume(array.chunk) * array.type.size));
  for (std::int64_t i = 0; i < inner.size(); ++i) {
    const auto offset = load_le<std::uint64_t>(index + 16 * i);
    const auto length = load_le<std::uint64_t>(index + 16 * i + 8);
    const std::size_t got = ZSTD_decompressDCtx(worker.zstd.get(), worker.piece.data(),
                                                worker.piece.size(), file.data() + offset, length);
    if (got != worker.piece.size()) throw Error(ErrorKind::corrupt, "zstd can't decode a chunk");
    Rows rows(shifted(inner.box_of(inner.position(i)), shard.begin), into);
    rows.place(worker.piece.data(), worker.piece.size() / rows.row_bytes());
  }
}

class Floor {
 public:
  Floor(Files& files, std::string store, const ArrayMetadata& array)
      : files_(files),
        store_(std::move(store)),
        array_(array),
        is_raw_(array.codecs.is_uncoded(array.type)),
        workers_(static_cast<std::size_t>(usable_cores())) {}

  void read(const MutableArrayView& into) {
    const ChunkGrid keys = array_.key_grid();
    std::atomic<std::int64_t> next{0};
    on_threads(usable_cores(), [&](int thread) {
      Worker& worker = workers_[static_cast<std::size_t>(thread)];
      for (std::int64_t i = next++; i < keys.size(); i = next++) {
        read_key(keys.position(i), keys.box_of(keys.position(i)), into, worker);
      }
    });
  }

 private:
  void read_key(const Index& position, const Box& box, const MutableArrayView& into,
                Worker& worker) const {
    const auto file = files_.open(store_ + "/" + chunk_key(array_, position));
    if (file == nullptr) throw Error(ErrorKind::not_found, "a chunk is absent");
    if (is_raw_) return place_raw(*file, Rows(box, into), worker);
    worker.file.resize(static_cast<std::size_t>(file->status().size));
    file->read_at(0, worker.file.bytes());
    if (array_.sharding) return place_shard(array_, box, into, worker);
    place_zstd(worker.file, Rows(box, into), worker);
  }

  Files& files_;
  const std::string store_;
  const ArrayMetadata& array_;
  const bool is_raw_;
  std::vector<Worker> workers_;
};

}  // namespace

Json run_stored(Files& files, const Clock& clock, const std::string& store, int rounds) {
  const Location location = parse_location(store);
  const ZarrHierarchy hierarchy = open_hierarchy(*open_store(files, location));
  const ArrayMetadata& array = hierarchy.nodes.at(0).array.value();
  const Dataset dataset = open_dataset(files, location);
  const Variable& variable = dataset.variables.at(0);
  Floor floor(files, store, array);
  Buffer ours(static_cast<std::size_t>(volume(array.shape) * array.type.size)), theirs(ours.size());
  const auto view = [&](Buffer& buffer) {
    return view_of(buffer.bytes(), array.type, array.shape);
  };
  const auto in_new = [&](const auto& read) {
    Buffer fresh(ours.size());
    read(view(fresh));
  };
  const auto own = [&](const MutableArrayView& into) { read_whole(variable, into, clock); };
  const auto least = [&](const MutableArrayView& into) { floor.read(into); };
  std::vector<Side> sides{{[&] { least(view(theirs)); }, {}, {}},
                          {[&] { own(view(ours)); }, {}, {}},
                          {[&] { in_new(least); }, {}, {}},
                          {[&] { in_new(own); }, {}, {}}};
  measure_in_turns(sides, rounds);
  if (std::memcmp(ours.data(), theirs.data(), ours.size()) != 0) {
    throw Error(ErrorKind::internal, "the array read is not what the floor decoded");
  }
  Json result{{"bytes", ours.size()}};
  const char* names[] = {"floor", "read", "floor_new", "read_new"};
  for (std::size_t i = 0; i < sides.size(); ++i) {
    result[names[i]] = sides[i].seconds;
    result[names[i] + std::string("_cpu")] = sides[i].cpu_seconds;
  }
  return result;
}

}  // namespace gridmill::bench
