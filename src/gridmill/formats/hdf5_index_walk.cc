#include "gridmill/formats/hdf5_index_walk.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "gridmill/base/checked.h"

namespace gridmill {
namespace {

// A gap that is read over rather than left out, and how much one call reads at most (a larger block
// is one call of its own).
constexpr std::uint64_t kReadOver = 16 << 10, kWindow = 1 << 20;

std::uint64_t checked_volume(const Hdf5Dataset& dataset) {
  return static_cast<std::uint64_t>(
      checked_mul(volume(dataset.layout.chunk), dataset.element_size, "the size of a chunk"));
}

}  // namespace

Hdf5IndexWalk::Hdf5IndexWalk(const Hdf5Bytes& file, const Hdf5Dataset& dataset)
    : file_(file),
      dataset_(dataset),
      grid_(dataset.shape, dataset.layout.chunk),
      chunk_bytes_(checked_volume(dataset)) {}

void Hdf5IndexWalk::charge(std::uint64_t bytes) {
  charged_ += std::min(bytes, file_.end() + 1);
  if (charged_ <= file_.end()) return;
  throw Error(ErrorKind::corrupt,
              "the blocks of the chunk index are larger than the file together: some are named "
              "more than once");
}

Bytes Hdf5IndexWalk::read(std::uint64_t address, std::uint64_t size) {
  file_.check(address, size);
  charge(size);
  return file_.read(address, size);
}

void Hdf5IndexWalk::read_all(std::vector<Hdf5IndexBlock> blocks, const Visit& visit) {
  for (const Hdf5IndexBlock& block : blocks) {
    file_.check(block.address, block.size);
    charge(block.size);
  }
  read_merged(blocks, visit);
}

void Hdf5IndexWalk::read_charged(std::vector<Hdf5IndexBlock> blocks, const Visit& visit) {
  for (Hdf5IndexBlock& block : blocks) {
    file_.check(block.address, 0);
    block.size = std::min(block.size, file_.end() - block.address);
  }
  read_merged(blocks, visit);
}

void Hdf5IndexWalk::read_merged(std::vector<Hdf5IndexBlock>& blocks, const Visit& visit) {
  std::sort(blocks.begin(), blocks.end(),
            [](const Hdf5IndexBlock& a, const Hdf5IndexBlock& b) { return a.address < b.address; });
  for (std::size_t i = 0; i < blocks.size();) {
    const std::uint64_t begin = blocks[i].address;
    std::uint64_t end = begin + blocks[i].size;
    std::size_t last = i + 1;
    for (; last < blocks.size(); ++last) {
      const Hdf5IndexBlock& next = blocks[last];
      const std::uint64_t next_end = std::max(end, next.address + next.size);
      if (next.address > end + kReadOver || next_end - begin > kWindow) break;
      end = next_end;
    }
    window_.resize(end - begin);
    const auto offset = static_cast<std::int64_t>(file_.base() + begin);
    if (file_.file().read_at(offset, window_.bytes()) != window_.size()) {
      throw Error(ErrorKind::corrupt,
                  fmt::format("the file ends within the chunk index at address {}", begin));
    }
    for (; i < last; ++i) {
      visit(blocks[i], window_.bytes().subspan(blocks[i].address - begin, blocks[i].size));
    }
  }
}

void Hdf5IndexWalk::add(const Index& position, std::uint64_t address, std::uint64_t size,
                        std::uint32_t skipped) {
  for (int d = 0; d < position.rank(); ++d) {
    if (position[d] < 0 || position[d] >= grid_.counts()[d]) return;
  }
  if (size > std::numeric_limits<std::uint32_t>::max()) {
    throw Error(ErrorKind::corrupt, fmt::format("chunk {} at address {} has {} bytes, it is said",
                                                to_string(position), address, size));
  }
  chunks_.push_back({static_cast<std::uint64_t>(grid_.ordinal(position)), address,
                     static_cast<std::uint32_t>(size), skipped});
}

Hdf5ChunkTable Hdf5IndexWalk::take() { return Hdf5ChunkTable(std::move(chunks_)); }

Hdf5ArrayOrder::Hdf5ArrayOrder(const Hdf5Dataset& dataset, int unlimited) {
  const int rank = dataset.shape.rank();
  const Shape& limits = dataset.max_shape.rank() == rank ? dataset.max_shape : dataset.shape;
  std::vector<int> limited;
  for (int d = 0; d < rank; ++d) (limits[d] < 0 ? dimensions_ : limited).push_back(d);
  if (dimensions_.size() != static_cast<std::size_t>(unlimited)) {
    throw Error(ErrorKind::corrupt,
                fmt::format("a chunk index for {} unlimited dimensions indexes a dataset with {}",
                            unlimited, dimensions_.size()));
  }
  dimensions_.insert(dimensions_.end(), limited.begin(), limited.end());
  below_.resize(dimensions_.size());
  std::int64_t below = 1;
  for (std::size_t i = dimensions_.size(); i-- > 0;) {
    below_[i] = static_cast<std::uint64_t>(below);
    const int d = dimensions_[i];
    if (limits[d] < 0) continue;
    below = checked_mul(below, ceil_div(limits[d], dataset.layout.chunk[d]), "a count of chunks");
  }
  count_ = static_cast<std::uint64_t>(below);
}

Index Hdf5ArrayOrder::position(std::uint64_t element) const {
  Index position = Index::filled(static_cast<int>(dimensions_.size()), 0);
  for (std::size_t i = 0; i < dimensions_.size(); ++i) {
    if (below_[i] == 0) return Index::filled(position.rank(), -1);  // an extent of 0: no chunks
    position[dimensions_[i]] = static_cast<std::int64_t>(element / below_[i]);
    element %= below_[i];
  }
  return position;
}

Hdf5ArrayElements::Hdf5ArrayElements(int client, int element_size, const Hdf5Bytes& file)
    : has_filters_(client == 1), size_(static_cast<std::uint64_t>(element_size)) {
  constexpr int kMaskBytes = 4;
  if (has_filters_) size_bytes_ = element_size - file.offset_size() - kMaskBytes;
  const bool fits = has_filters_ ? size_bytes_ >= 1 && size_bytes_ <= 8
                                 : client == 0 && element_size == file.offset_size();
  if (fits) return;
  throw Error(ErrorKind::corrupt, fmt::format("a chunk index of client {} has elements of {} bytes",
                                              client, element_size));
}

void Hdf5ArrayElements::read(Hdf5Cursor& from, std::uint64_t first, std::uint64_t count,
                             const Hdf5ArrayOrder& order, Hdf5IndexWalk& walk) const {
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t address = from.offset();
    const std::uint64_t size = has_filters_ ? from.uint(size_bytes_) : walk.chunk_bytes();
    const std::uint32_t skipped = has_filters_ ? from.u32() : 0;
    if (address != kNoAddress) walk.add(order.position(first + i), address, size, skipped);
  }
}

}  // namespace gridmill
