#include "gridmill/formats/hdf5_leaf.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>

#include "gridmill/base/checked.h"
#include "gridmill/codec/part_index.h"
#include "gridmill/formats/hdf5_chunk_index.h"
#include "gridmill/formats/hdf5_elements.h"
#include "gridmill/formats/hdf5_filters.h"
#include "gridmill/formats/hdf5_text_leaf.h"
#include "gridmill/formats/leaf_shape.h"

namespace gridmill {
namespace {

constexpr std::int64_t kLargestChunk = std::int64_t{2} << 30;
// Of a text of variable length, so that a leaf of long ones stays within reach.
constexpr int kTextGuess = 1024;

std::int64_t elements_of(const ChunkGrid& grid) {
  std::int64_t elements = 1;
  for (int d = 0; d < grid.shape().rank(); ++d) {
    elements *= std::min(grid.chunk()[d], std::max<std::int64_t>(grid.shape()[d], 1));
  }
  return elements;
}

std::int64_t chunk_bytes(const Hdf5Dataset& dataset) {
  return checked_mul(volume(dataset.layout.chunk), dataset.element_size, "the size of a chunk");
}

// The file as the superblock describes it, opened for one fetch.
class OpenFile {
 public:
  OpenFile(const SourceFile& source, std::uint64_t base) : file_(source.open()), base_(base) {
    const auto size = static_cast<std::uint64_t>(file_->size());
    end_ = size - std::min(base, size);
  }

  void check(std::uint64_t address, std::uint64_t size) const {
    if (address > end_ || size > end_ - address) fail(address, size);
  }

  void read(std::uint64_t address, MutableByteView into) const {
    check(address, into.size());
    const auto offset = static_cast<std::int64_t>(base_ + address);
    if (file_->read_at(offset, into) != into.size()) fail(address, into.size());
  }

 private:
  [[noreturn]] void fail(std::uint64_t address, std::uint64_t size) const {
    throw Error(ErrorKind::corrupt,
                fmt::format("the file ends at address {}, but these {} bytes begin at address {}",
                            end_, size, address));
  }

  std::unique_ptr<ValueReader> file_;
  std::uint64_t base_, end_ = 0;
};

class Hdf5LeafReader : public LeafReader {
 public:
  Hdf5LeafReader(std::shared_ptr<const SourceFile> source, const Hdf5Addressing& addressing,
                 Hdf5Dataset dataset, const Shape& leaf)
      : LeafReader(dataset.type, ChunkGrid(dataset.shape, leaf)),
        source_(std::move(source)),
        addressing_(addressing),
        dataset_(std::move(dataset)),
        elements_(dataset_) {}

  void fill(std::span<const Part> parts, StringArena& strings) const override {
    elements_.fill(parts, strings);
  }

  std::string describe(const Index& position) const override {
    return fmt::format("{} of {}, values {}", dataset_.path, source_->path,
                       to_string(grid().box_of(position)));
  }

 protected:
  const SourceFile& source() const noexcept { return *source_; }
  const Hdf5Addressing& addressing() const noexcept { return addressing_; }
  const Hdf5Dataset& dataset() const noexcept { return dataset_; }
  const Hdf5Elements& elements() const noexcept { return elements_; }

  LeafLocation at(std::uint64_t address, std::uint64_t size) const {
    return {source_->path, "",
            ByteRange{static_cast<std::int64_t>(addressing_.base + address),
                      static_cast<std::int64_t>(size)}};
  }

 private:
  std::shared_ptr<const SourceFile> source_;
  const Hdf5Addressing addressing_;
  const Hdf5Dataset dataset_;
  const Hdf5Elements elements_;
};

// Values that lie in one piece, in the file or in the object header.
class SlabReader final : public Hdf5LeafReader {
 public:
  using Hdf5LeafReader::Hdf5LeafReader;

  std::int64_t stored_bound() const override {
    return elements_of(grid()) * elements().stored_size();
  }
  std::int64_t scratch_bound() const override { return 0; }

  bool fetch(const Index& position, Buffer& stored) const override {
    const auto run = run_of(position);
    if (is_absent()) return false;
    stored.resize(run.size);
    in_context([&] { return describe(position); }, [&] { read(run.first, stored.bytes()); });
    return true;
  }

  void decode(const Index& position, ByteView stored, std::span<const Part> parts,
              StringArena& strings, CodecContext& context) const override {
    if (stored.size() != run_of(position).size) {
      throw Error(ErrorKind::internal, describe(position) + ": a leaf of the wrong size");
    }
    elements().place({stored, 0}, grid().box_of(position).shape, parts, strings, context);
  }

  std::optional<LeafLocation> locate(const Index& position) const override {
    if (is_absent() || layout().storage == Hdf5Layout::Storage::compact) return std::nullopt;
    const auto [first, size] = run_of(position);
    return at(layout().address + first, size);
  }

 private:
  struct Run {
    std::uint64_t first = 0, size = 0;  // in bytes
  };

  const Hdf5Layout& layout() const noexcept { return dataset().layout; }

  bool is_absent() const noexcept {
    if (layout().storage == Hdf5Layout::Storage::compact) return layout().compact.empty();
    return layout().address == kNoAddress;
  }

  Run run_of(const Index& position) const {
    const Box box = grid().box_of(position);
    const Index steps = c_strides(grid().shape(), elements().stored_size());
    std::int64_t first = 0;
    for (int d = 0; d < box.rank(); ++d) first += box.begin[d] * steps[d];
    return {static_cast<std::uint64_t>(first),
            static_cast<std::uint64_t>(volume(box.shape) * elements().stored_size())};
  }

  void read(std::uint64_t first, MutableByteView into) const {
    const bool is_compact = layout().storage == Hdf5Layout::Storage::compact;
    const std::uint64_t there = is_compact ? layout().compact.size() : layout().size;
    if (first > there || into.size() > there - first) {
      throw Error(ErrorKind::corrupt,
                  fmt::format("only {} bytes are stored, but these values are bytes {} to {}",
                              there, first, first + into.size()));
    }
    if (is_compact) {
      std::copy_n(layout().compact.data() + first, into.size(), into.data());
      return;
    }
    if (layout().address > kNoAddress - first) {
      throw Error(ErrorKind::corrupt,
                  fmt::format("values at address {}, outside the file", layout().address));
    }
    OpenFile(source(), addressing().base).read(layout().address + first, into);
  }
};

class ChunkReader final : public Hdf5LeafReader {
 public:
  ChunkReader(std::shared_ptr<const SourceFile> source, const Hdf5Addressing& addressing,
              Hdf5Dataset dataset, const Shape& leaf)
      : Hdf5LeafReader(std::move(source), addressing, std::move(dataset), leaf),
        chunks_(grid().shape(), this->dataset().layout.chunk),
        chunk_bytes_(chunk_bytes(this->dataset())),
        filters_(this->dataset().filters, this->dataset().element_size) {}

  // What the filters may make of a leaf is several times what they do. Where that is much, the
  // index tells.
  std::int64_t stored_bound() const override {
    constexpr std::int64_t kMuch = std::int64_t{4} << 20;
    const std::int64_t most = chunks_per_leaf() * filters_.stored_limit(chunk_bytes_);
    return most < kMuch ? most : std::min(most, chunks_per_leaf() * largest_stored());
  }

  std::int64_t scratch_bound() const override {
    const bool copies_planes =
        type().is_string() || filters_.may_leave_planes_of_other_than(dataset().element_size);
    return filters_.scratch_size(chunk_bytes_) + elements().scratch_size() +
           (copies_planes ? chunk_bytes_ : 0);
  }

  bool fetch(const Index& position, Buffer& stored) const override {
    return in_context([&] { return describe(position); },
                      [&] {
                        OpenFile file(source(), addressing().base);
                        const std::vector<Stored> pieces = pieces_of(position);
                        if (pieces.empty()) return false;
                        read(file, pieces, stored);
                        return true;
                      });
  }

  void decode(const Index& position, ByteView stored, std::span<const Part> parts,
              StringArena& strings, CodecContext& context) const override {
    if (parts.empty()) return;
    in_context([&] { return describe(position); },
               [&] { decode_leaf(position, stored, parts, strings, context); });
  }

  std::optional<LeafLocation> locate(const Index& position) const override {
    const std::vector<Stored> pieces = pieces_of(position);
    if (chunks_per_leaf() != 1 || pieces.empty()) return std::nullopt;
    return at(pieces[0].chunk->address, pieces[0].chunk->size);
  }

 private:
  // Leaves of tiny chunks have a million of these.
  struct Stored {
    const Hdf5Chunk* chunk = nullptr;  // null: never written
    std::int64_t number = 0;           // in the grid of chunks
  };

  std::int64_t chunks_per_leaf() const {
    std::int64_t count = 1;
    for (int d = 0; d < grid().shape().rank(); ++d) {
      count *= std::min(ceil_div(grid().chunk()[d], chunks_.chunk()[d]),
                        std::max<std::int64_t>(chunks_.counts()[d], 1));
    }
    return count;
  }

  const Hdf5ChunkTable& table() const {
    std::call_once(once_, [&] {
      const Hdf5Bytes file(source().open(), addressing().base, addressing().offset_size,
                           addressing().length_size);
      table_ = read_hdf5_chunk_index(file, dataset());
    });
    return table_;
  }

  std::int64_t largest_stored() const {
    std::call_once(largest_once_, [&] {
      try {
        for (const Hdf5Chunk& chunk : table().chunks()) {
          largest_ = std::max(largest_, static_cast<std::int64_t>(chunk.size));
        }
      } catch (const Error&) {
        largest_ = filters_.stored_limit(chunk_bytes_);  // whoever fetches is told
      }
    });
    return largest_;
  }

  // The chunks of a leaf in C order; nothing if none was ever written.
  std::vector<Stored> pieces_of(const Index& position) const {
    const Hdf5ChunkTable& index = table();
    std::vector<Stored> pieces;
    bool is_absent = true;
    for_each_position(chunks_.touching(grid().box_of(position)), [&](const Index& at) {
      const std::int64_t number = chunks_.ordinal(at);
      pieces.push_back({index.find(number), number});
      is_absent = is_absent && pieces.back().chunk == nullptr;
    });
    if (is_absent) pieces.clear();
    return pieces;
  }

  bool has_filters(const Stored& piece) const {
    if (filters_.empty()) return false;
    if (!dataset().layout.leaves_partial_chunks_unfiltered) return true;
    return chunks_.box_of(chunks_.position(piece.number)).shape == chunks_.chunk();
  }

  std::string name(const Stored& piece) const {
    return fmt::format("chunk {} at address {}", to_string(chunks_.position(piece.number)),
                       piece.chunk->address);
  }

  void check_size(const Stored& piece) const {
    const std::int64_t size = piece.chunk->size;
    const bool fits =
        has_filters(piece) ? size <= filters_.stored_limit(chunk_bytes_) : size == chunk_bytes_;
    if (fits) return;
    throw Error(ErrorKind::corrupt,
                fmt::format("{} is stored in {} bytes, but has {} without filters", name(piece),
                            size, chunk_bytes_));
  }

  // Chunks that follow each other in the file and in the leaf come in one call.
  void read(const OpenFile& file, const std::vector<Stored>& pieces, Buffer& stored) const {
    std::size_t total = 0;
    for (const Stored& piece : pieces) {
      if (piece.chunk == nullptr) continue;
      check_size(piece);
      // Before memory is taken for it.
      in_context([&] { return name(piece); },
                 [&] { file.check(piece.chunk->address, piece.chunk->size); });
      total += piece.chunk->size;
    }
    stored.resize(total);
    MutableByteView left = stored.bytes();
    for (std::size_t i = 0; i < pieces.size();) {
      const Stored& first = pieces[i++];
      if (first.chunk == nullptr) continue;
      std::uint64_t size = first.chunk->size;
      for (; i < pieces.size(); ++i) {
        const Hdf5Chunk* next = pieces[i].chunk;
        if (next == nullptr) continue;
        if (next->address != first.chunk->address + size) break;
        size += next->size;
      }
      in_context([&] { return name(first); },
                 [&] { file.read(first.chunk->address, left.first(size)); });
      left = left.subspan(size);
    }
  }

  void decode_leaf(const Index& position, ByteView stored, std::span<const Part> parts,
                   StringArena& strings, CodecContext& context) const {
    const Box leaf = grid().box_of(position);
    PartIndex index(parts, leaf.rank());
    std::vector<Part> mine;
    for (const Stored& piece : pieces_of(position)) {
      const std::size_t size = piece.chunk == nullptr ? 0 : piece.chunk->size;
      if (size > stored.size()) {
        throw Error(ErrorKind::internal, "a leaf of the wrong size");
      }
      const ByteView bytes = stored.first(size);
      stored = stored.subspan(size);
      const Box chunk =
          shifted(chunks_.full_box_of(chunks_.position(piece.number)), leaf.begin, -1);
      mine.clear();
      index.for_each_meeting(
          chunk, [&](std::size_t part) { mine.push_back(part_within(parts[part], chunk)); });
      if (mine.empty()) continue;
      if (piece.chunk == nullptr) {
        elements().fill(mine, strings);
        continue;
      }
      in_context([&] { return name(piece); },
                 [&] { decode_chunk(piece, bytes, mine, strings, context); });
    }
  }

  void decode_chunk(const Stored& piece, ByteView stored, std::span<const Part> parts,
                    StringArena& strings, CodecContext& context) const {
    const Shape& shape = chunks_.chunk();
    Hdf5Content content{stored, 0};
    if (has_filters(piece)) {
      content = filters_.undo(stored, piece.chunk->skipped, chunk_bytes_,
                              elements().direct(shape, parts), context);
    }
    elements().place(content, shape, parts, strings, context);
  }

  const ChunkGrid chunks_;
  const std::int64_t chunk_bytes_;
  const Hdf5Filters filters_;
  mutable std::once_flag once_;
  mutable Hdf5ChunkTable table_;  // once_ has been passed
  mutable std::once_flag largest_once_;
  mutable std::int64_t largest_ = 0;  // largest_once_ has been passed
};

// Leaves are cut as if elements had `leaf_element_bytes`.
std::shared_ptr<const LeafReader> reader_of_elements(std::shared_ptr<const SourceFile> source,
                                                     const Hdf5Addressing& addressing,
                                                     Hdf5Dataset dataset, int leaf_element_bytes) {
  if (dataset.layout.storage != Hdf5Layout::Storage::chunked) {
    const Shape leaf = contiguous_leaf(dataset.shape, leaf_element_bytes);
    return std::make_shared<SlabReader>(std::move(source), addressing, std::move(dataset), leaf);
  }
  const Shape leaf = chunked_leaf(dataset.shape, dataset.layout.chunk, leaf_element_bytes);
  return std::make_shared<ChunkReader>(std::move(source), addressing, std::move(dataset), leaf);
}

}  // namespace

std::optional<std::string> hdf5_obstacle(const Hdf5Dataset& dataset) {
  if (dataset.layout.storage != Hdf5Layout::Storage::chunked) return std::nullopt;
  if (const auto unknown = Hdf5Filters(dataset.filters, dataset.element_size).unknown()) {
    return unknown;
  }
  if (const std::int64_t bytes = chunk_bytes(dataset); bytes > kLargestChunk) {
    return fmt::format("a chunk {} of {} bytes (the limit is 2 GiB)",
                       to_string(dataset.layout.chunk), bytes);
  }
  return std::nullopt;
}

std::shared_ptr<const LeafReader> hdf5_leaf_reader(std::shared_ptr<const SourceFile> source,
                                                   const Hdf5Addressing& addressing,
                                                   Hdf5Dataset dataset) {
  if (dataset.text == Hdf5Text::variable) {
    Hdf5Dataset references = dataset;
    references.type = types::bytes(dataset.element_size);
    references.text = Hdf5Text::none;
    return hdf5_text_leaf_reader(
        source, addressing, dataset,
        reader_of_elements(source, addressing, std::move(references), kTextGuess));
  }
  const int bytes = dataset.element_size;
  return reader_of_elements(std::move(source), addressing, std::move(dataset), bytes);
}

}  // namespace gridmill
