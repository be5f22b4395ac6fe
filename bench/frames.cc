#include "bench/frames.h"

#include <blosc.h>

#include <cstring>
#include <span>

#include "bench/chunks.h"
#include "bench/timing.h"
#include "gridmill/base/error.h"

namespace gridmill::bench {
namespace {

constexpr int kValues = 24;  // of each frame, far from each other

class Frames {
 public:
  explicit Frames(const StoredArray& array)
      : array_(array), own_(array.chunk_bytes()), theirs_(array.chunk_bytes()) {}

  void check() {
    for (std::size_t i = 0; i < array_.count(); ++i) {
      decode_own(i);
      decode_libblosc(i);
      bool same = std::memcmp(own_.data(), theirs_.data(), own_.size()) == 0;
      for (int n = 0; n < kValues; ++n) {
        const std::size_t at = byte_of(place(i, n));
        same = same && std::memcmp(value_own(i, n), theirs_.data() + at, size()) == 0 &&
               std::memcmp(value_libblosc(i, n), theirs_.data() + at, size()) == 0;
      }
      values_own(i);
      for (int n = 0; n < kValues; ++n) {
        const std::size_t at = byte_of(place(i, n));
        same = same && std::memcmp(value_of(n).data(), theirs_.data() + at, size()) == 0;
      }
      series_own(i);
      for (std::int64_t n = 0; n < shape()[0]; ++n) {
        Index at = series(i).begin;
        at[0] = n;
        const std::byte* own = series_.data() + static_cast<std::size_t>(n) * size();
        same = same && std::memcmp(own, theirs_.data() + byte_of(at), size()) == 0;
      }
      if (!same) throw Error(ErrorKind::internal, "our decoder and libblosc give other values");
    }
  }

  void decode_own(std::size_t i) {
    decode({whole_box(shape()), view_of(own_.bytes(), type(), shape())}, i);
  }

  void decode_libblosc(std::size_t i) {
    const int got =
        blosc_decompress_ctx(array_.frames[i].data(), theirs_.data(), theirs_.size(), 1);
    if (got != static_cast<int>(theirs_.size())) {
      throw Error(ErrorKind::corrupt, "libblosc can't decode a frame");
    }
  }

  const std::byte* value_own(std::size_t i, int n) {
    const Shape one = Shape::filled(shape().rank(), 1);
    decode({{place(i, n), one}, view_of(value_of(0), type(), one)}, i);
    return value_;
  }

  // All of a frame's values by one call, as a reader of several places asks for them.
  void values_own(std::size_t i) {
    const Shape one = Shape::filled(shape().rank(), 1);
    parts_.clear();
    for (int n = 0; n < kValues; ++n) {
      parts_.push_back({{place(i, n), one}, view_of(value_of(n), type(), one)});
    }
    decode(parts_, i);
  }

  // One place of every map of a frame, as a reader of series asks for it.
  void series_own(std::size_t i) {
    const Box box = series(i);
    series_.resize(static_cast<std::size_t>(volume(box.shape)) * size());
    decode({box, view_of(series_.bytes(), type(), box.shape)}, i);
  }

  const std::byte* value_libblosc(std::size_t i, int n) {
    const auto at = static_cast<int>(byte_of(place(i, n)) / size());
    if (blosc_getitem(array_.frames[i].data(), at, 1, value_) < 0) {
      throw Error(ErrorKind::corrupt, "libblosc can't decode a value");
    }
    return value_;
  }

 private:
  const Shape& shape() const { return array_.metadata.chunk; }
  DataType type() const { return array_.metadata.type; }
  std::size_t size() const { return static_cast<std::size_t>(type().size); }

  MutableByteView value_of(int n) {
    return MutableByteView(value_).subspan(static_cast<std::size_t>(n) * size(), size());
  }

  void decode(const Part& part, std::size_t i) { decode(std::span(&part, 1), i); }
  void decode(std::span<const Part> parts, std::size_t i) {
    array_.metadata.codecs.decode(array_.frames[i], type(), shape(), parts, strings_, context_);
  }

  // A step that shares no factor with the frame's elements would do; a large prime nearly always.
  Index place(std::size_t i, int n) const {
    const std::int64_t step = 7'368'787;
    const ChunkGrid elements(shape(), Index::filled(shape().rank(), 1));
    const auto number = static_cast<std::int64_t>(i) * kValues + n + 1;
    return elements.position(number * step % elements.size());
  }

  Box series(std::size_t i) const {
    Box box{place(i, 0), Shape::filled(shape().rank(), 1)};
    box.begin[0] = 0;
    box.shape[0] = shape()[0];
    return box;
  }

  std::size_t byte_of(const Index& place) const {
    const Index strides = c_strides(shape(), type().size);
    std::int64_t at = 0;
    for (int d = 0; d < place.rank(); ++d) at += place[d] * strides[d];
    return static_cast<std::size_t>(at);
  }

  const StoredArray& array_;
  Buffer own_, theirs_, series_;
  std::byte value_[16 * kValues] = {};
  std::vector<Part> parts_;
  StringArena strings_;
  CodecContext context_;
};

}  // namespace

Json run_frames(Files& files, const std::string& store, const std::string& name, int rounds) {
  const StoredArray array = load_frames(files, store, name);
  if (array.metadata.type.size > 16 || !array.metadata.codecs.has_pieces(array.metadata.type)) {
    throw Error(ErrorKind::invalid, name + " has no Blosc frames of numbers");
  }
  Frames frames(array);
  frames.check();
  const auto all = [&](const auto& decode) {
    return [&, decode] {
      for (std::size_t i = 0; i < array.count(); ++i) decode(i);
    };
  };
  const auto values = [&](const auto& decode) {
    return all([decode](std::size_t i) {
      for (int n = 0; n < kValues; ++n) decode(i, n);
    });
  };
  const char* names[] = {"whole", "libblosc", "values", "series", "value", "libblosc_value"};
  constexpr std::size_t kOneByOne = 4;  // from here on the values are asked for one by one
  std::vector<Side> sides{
      {all([&](std::size_t i) { frames.decode_own(i); }), {}, {}},
      {all([&](std::size_t i) { frames.decode_libblosc(i); }), {}, {}},
      {all([&](std::size_t i) { frames.values_own(i); }), {}, {}},
      {all([&](std::size_t i) { frames.series_own(i); }), {}, {}},
      {values([&](std::size_t i, int n) { (void)frames.value_own(i, n); }), {}, {}},
      {values([&](std::size_t i, int n) { (void)frames.value_libblosc(i, n); }), {}, {}}};
  measure_in_turns(sides, rounds);
  Json result{
      {"frames", array.count()}, {"frame_bytes", array.chunk_bytes()}, {"of_each", kValues}};
  for (std::size_t i = 0; i < sides.size(); ++i) {
    const double times = i < kOneByOne ? 1 : kValues;
    for (auto* measured : {&sides[i].seconds, &sides[i].cpu_seconds}) {
      for (double& seconds : *measured) seconds /= times;
    }
    result[names[i]] = sides[i].seconds;
    result[names[i] + std::string("_cpu")] = sides[i].cpu_seconds;
  }
  return result;
}

}  // namespace gridmill::bench
