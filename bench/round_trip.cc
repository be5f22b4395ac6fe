#include "bench/round_trip.h"

#include <fmt/format.h>

#include <atomic>
#include <cstring>
#include <exception>
#include <functional>

#include "bench/timing.h"
#include "gridmill/base/error.h"
#include "gridmill/store/location.h"
#include "gridmill/system/cpu.h"
#include "gridmill/zarr/hierarchy.h"
#include "gridmill/zarr/key_encoder.h"

namespace gridmill::bench {
namespace {

// What one thread keeps from key to key.
struct Hands {
  Buffer stored, values, encoded;
  CodecContext context;
  StringArena strings;
};

class RoundTrip {
 public:
  RoundTrip(Files& files, std::string store, ArrayMetadata array)
      : files_(files),
        store_(std::move(store)),
        array_(std::move(array)),
        encoder_(array_),
        keys_(array_.key_grid()),
        hands_(static_cast<std::size_t>(usable_cores())) {
    for (std::int64_t i = 0; i < keys_.size(); ++i) {
      stored_.emplace_back();
      read(i, stored_.back());
    }
  }

  std::int64_t keys() const { return keys_.size(); }

  void by_codecs() {
    for_each_key([&](std::int64_t i, Hands& hands) {
      decode(stored_[static_cast<std::size_t>(i)].bytes(), hands.values, hands);
      encode(hands);
    });
  }

  void by_files(const std::string& out) {
    files_.make_directories(out);
    const auto disk = files_.disk(out);
    for_each_key([&](std::int64_t i, Hands& hands) {
      read(i, hands.stored);
      decode(hands.stored.bytes(), hands.values, hands);
      encode(hands);
      const auto file = files_.create(fmt::format("{}/{}", out, i));
      file->append(hands.encoded.bytes());
      file->close();
    });
    disk->sync();
  }

  void check() {
    for_each_key([&](std::int64_t i, Hands& hands) {
      decode(stored_[static_cast<std::size_t>(i)].bytes(), hands.values, hands);
      encode(hands);
      Buffer again;
      decode(hands.encoded.bytes(), again, hands);
      if (std::memcmp(again.data(), hands.values.data(), again.size()) != 0) {
        throw Error(ErrorKind::internal,
                    fmt::format("{}: key {} is encoded to other values", store_, i));
      }
    });
  }

 private:
  // `work` may throw; what it threw last is thrown when all threads have ended.
  void for_each_key(const std::function<void(std::int64_t, Hands&)>& work) {
    std::atomic<std::int64_t> next{0};
    std::vector<std::exception_ptr> failed(hands_.size());
    on_threads(static_cast<int>(hands_.size()), [&](int thread) {
      const auto t = static_cast<std::size_t>(thread);
      try {
        for (std::int64_t i = next++; i < keys_.size(); i = next++) work(i, hands_[t]);
      } catch (...) {
        failed[t] = std::current_exception();
      }
    });
    for (const std::exception_ptr& failure : failed) {
      if (failure) std::rethrow_exception(failure);
    }
  }

  void read(std::int64_t i, Buffer& stored) const {
    const std::string path = store_ + "/" + chunk_key(array_, keys_.position(i));
    const auto file = files_.open(path);
    if (file == nullptr) throw Error(ErrorKind::not_found, path + " is absent");
    stored.resize(static_cast<std::size_t>(file->status().size));
    file->read_at(0, stored.bytes());
  }

  void decode(ByteView stored, Buffer& values, Hands& hands) const {
    values.resize(static_cast<std::size_t>(volume(array_.unit()) * array_.type.size));
    const MutableArrayView unit = view_of(values.bytes(), array_.type, array_.unit());
    if (!array_.sharding) return decode_chunk(stored, unit, hands);
    const ChunkGrid chunks(array_.unit(), array_.chunk);
    const ShardIndexForm& form = array_.sharding->index;
    const auto index = static_cast<std::size_t>(form.bytes(chunks.size()));
    const auto ranges = shard_ranges(form.is_at_end ? stored.last(index) : stored.first(index),
                                     form, static_cast<std::int64_t>(stored.size()));
    for (std::int64_t c = 0; c < chunks.size(); ++c) {
      const ByteRange& range = ranges[static_cast<std::size_t>(c)];
      if (range.length < 0) throw Error(ErrorKind::not_found, "a chunk of a shard is absent");
      decode_chunk(stored.subspan(static_cast<std::size_t>(range.offset),
                                  static_cast<std::size_t>(range.length)),
                   unit.part(chunks.box_of(chunks.position(c))), hands);
    }
  }

  void decode_chunk(ByteView stored, const MutableArrayView& into, Hands& hands) const {
    const Part whole{whole_box(array_.chunk), into};
    array_.codecs.decode(stored, array_.type, array_.chunk, {&whole, 1}, hands.strings,
                         hands.context);
  }

  void encode(Hands& hands) const {
    encoder_.encode(view_of(ByteView(hands.values.bytes()), array_.type, array_.unit()),
                    hands.encoded, hands.context);
  }

  Files& files_;
  const std::string store_;
  const ArrayMetadata array_;
  const KeyEncoder encoder_;
  const ChunkGrid keys_;
  std::vector<Buffer> stored_;
  std::vector<Hands> hands_;
};

}  // namespace

Json run_round_trip(Files& files, const std::string& store, const std::string& out, int rounds) {
  const auto opened = open_store(files, parse_location(store));
  RoundTrip trip(files, store, open_hierarchy(*opened).nodes.at(0).array.value());
  trip.check();
  int round = 0;
  std::vector<Side> sides{{[&] { trip.by_codecs(); }, {}, {}},
                          {[&] { trip.by_files(fmt::format("{}.{}", out, round++)); }, {}, {}}};
  measure_in_turns(sides, rounds);
  return {{"keys", trip.keys()},
          {"codecs", sides[0].seconds},
          {"codecs_cpu", sides[0].cpu_seconds},
          {"files", sides[1].seconds},
          {"files_cpu", sides[1].cpu_seconds}};
}

}  // namespace gridmill::bench
