#include "gridmill/formats/hdf5_chunk_index.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/base/checked.h"
#include "gridmill/formats/hdf5_index_walk.h"

namespace gridmill {
namespace {

using ChunkIndex = Hdf5Layout::ChunkIndex;

bool is_before(const Hdf5Chunk& a, const Hdf5Chunk& b) noexcept { return a.number < b.number; }

void read_single(Hdf5IndexWalk& walk) {
  const Hdf5Layout& layout = walk.dataset().layout;
  const bool has_filters = !walk.dataset().filters.empty();
  const Index first = Index::filled(walk.grid().shape().rank(), 0);
  // A partial chunk may be left without its filters, and then without a size.
  const std::uint64_t size = layout.single_size != 0 ? layout.single_size : walk.chunk_bytes();
  walk.add(first, layout.index_address, size, has_filters ? layout.single_mask : 0);
}

// All chunks, one behind the other.
void read_implicit(Hdf5IndexWalk& walk) {
  const Hdf5Layout& layout = walk.dataset().layout;
  const Hdf5ArrayOrder order(walk.dataset(), 0);
  const std::int64_t bytes =
      checked_mul(static_cast<std::int64_t>(order.count()),
                  static_cast<std::int64_t>(walk.chunk_bytes()), "the size of all chunks");
  walk.file().check(layout.index_address, static_cast<std::uint64_t>(bytes));
  for (std::uint64_t i = 0; i < order.count(); ++i) {
    walk.add(order.position(i), layout.index_address + i * walk.chunk_bytes(), walk.chunk_bytes(),
             0);
  }
}

}  // namespace

Hdf5ChunkTable::Hdf5ChunkTable(std::vector<Hdf5Chunk> chunks) : chunks_(std::move(chunks)) {
  if (!std::is_sorted(chunks_.begin(), chunks_.end(), is_before)) {
    std::sort(chunks_.begin(), chunks_.end(), is_before);
  }
  const auto twin =
      std::adjacent_find(chunks_.begin(), chunks_.end(),
                         [](const auto& a, const auto& b) { return !is_before(a, b); });
  if (twin == chunks_.end()) return;
  throw Error(ErrorKind::corrupt,
              fmt::format("the chunk index has chunk number {} twice, at addresses {} and {}",
                          twin->number, twin->address, (twin + 1)->address));
}

const Hdf5Chunk* Hdf5ChunkTable::find(std::int64_t number) const noexcept {
  const auto wanted = static_cast<std::uint64_t>(number);
  if (wanted < chunks_.size() && chunks_[wanted].number == wanted) return &chunks_[wanted];
  const auto found =
      std::lower_bound(chunks_.begin(), chunks_.end(), Hdf5Chunk{.number = wanted}, is_before);
  return found != chunks_.end() && found->number == wanted ? &*found : nullptr;
}

Hdf5ChunkTable read_hdf5_chunk_index(const Hdf5Bytes& file, const Hdf5Dataset& dataset) {
  const std::uint64_t address = dataset.layout.index_address;
  if (address == kNoAddress) return {};
  return in_context([&] { return fmt::format("the chunk index at address {}", address); },
                    [&] {
                      Hdf5IndexWalk walk(file, dataset);
                      if (walk.grid().size() == 0) return Hdf5ChunkTable();
                      switch (dataset.layout.index) {
                        case ChunkIndex::btree1:
                          read_btree1(walk);
                          break;
                        case ChunkIndex::single:
                          read_single(walk);
                          break;
                        case ChunkIndex::implicit:
                          read_implicit(walk);
                          break;
                        case ChunkIndex::fixed_array:
                          read_fixed_array(walk);
                          break;
                        case ChunkIndex::extensible_array:
                          read_extensible_array(walk);
                          break;
                        case ChunkIndex::btree2:
                          read_btree2(walk);
                          break;
                      }
                      return walk.take();
                    });
}

}  // namespace gridmill
