#include "gridmill/formats/hdf5_fractal_heap.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "gridmill/base/error.h"
#include "gridmill/formats/hdf5_record_tree.h"

namespace gridmill {
namespace {

constexpr std::size_t kBlocksKept = 64;
constexpr int kHugeRecords = 1;
constexpr std::uint64_t kLongestTiny = 16;

int bits_of(std::uint64_t power_of_two) { return std::bit_width(power_of_two) - 1; }

void keep_few(std::map<std::uint64_t, Bytes>& kept) {
  if (kept.size() >= kBlocksKept) kept.clear();
}

}  // namespace

Hdf5FractalHeap::Hdf5FractalHeap(Hdf5Blocks& blocks, std::uint64_t address)
    : blocks_(blocks), address_(address) {
  const Hdf5Bytes& file = blocks.file();
  const auto o = static_cast<std::uint64_t>(file.offset_size());
  const auto l = static_cast<std::uint64_t>(file.length_size());
  const Bytes bytes = blocks.read(address, 26 + 3 * o + 12 * l);
  Hdf5Cursor cursor = blocks.cursor(bytes);
  cursor.expect("FRHP");
  const int version = cursor.u8();
  if (version != 0) {
    throw Error(ErrorKind::unsupported, fmt::format("a fractal heap of version {}", version));
  }
  id_bytes_ = cursor.u16();
  if (cursor.u16() != 0) throw Error(ErrorKind::unsupported, "a compressed fractal heap");
  check_hdf5_checksum(bytes, "a fractal heap's header");
  constexpr std::uint8_t kChecksums = 2;
  has_checksums_ = (cursor.u8() & kChecksums) != 0;
  max_managed_ = cursor.u32();
  cursor.length();  // next huge id
  huge_tree_ = cursor.offset();
  cursor.length();     // free space
  cursor.offset();     // and who manages it
  cursor.skip(8 * l);  // counts and sizes of all kinds
  width_ = cursor.u16();
  start_size_ = cursor.length();
  max_direct_ = cursor.length();
  heap_bits_ = cursor.u16();
  cursor.skip(2);
  root_ = cursor.offset();
  root_rows_ = cursor.u16();
  const bool makes_sense = std::has_single_bit(width_) && std::has_single_bit(start_size_) &&
                           std::has_single_bit(max_direct_) && start_size_ <= max_direct_ &&
                           max_direct_ <= 1U << 31 && max_managed_ > 0 && heap_bits_ > 0 &&
                           heap_bits_ <= 64 && root_rows_ <= 64 && id_bytes_ > 0;
  if (!makes_sense) {
    throw Error(ErrorKind::corrupt,
                fmt::format("fractal heap at address {}: blocks of {} to {} bytes in rows of {}",
                            address, start_size_, max_direct_, width_));
  }
}

Bytes Hdf5FractalHeap::object(ByteView id) {
  return in_context([&] { return fmt::format("fractal heap at address {}", address_); },
                    [&] {
                      if (id.size() < id_bytes_)
                        throw Error(ErrorKind::corrupt, "a heap id is too short");
                      id = id.first(id_bytes_);
                      const auto head = static_cast<unsigned>(id[0]);
                      const unsigned kind = head >> 4 & 3;
                      if (head >> 6 != 0) {
                        throw Error(ErrorKind::unsupported,
                                    fmt::format("heap ids of version {}", head >> 6));
                      }
                      if (kind == 0) return managed(id);
                      if (kind == 1) return huge(id);
                      if (kind == 2) return tiny(id);
                      throw Error(ErrorKind::corrupt, "a heap id of an unknown kind");
                    });
}

void Hdf5FractalHeap::objects(const std::vector<Bytes>& ids,
                              const std::function<void(std::size_t, const Bytes&)>& visit) {
  std::vector<std::pair<std::uint64_t, std::size_t>> order;
  order.reserve(ids.size());
  for (const Bytes& id : ids) {
    // Behind the first byte; of ids of other kinds it means something else, which does no harm.
    const std::size_t count = std::min(id.size(), 1 + static_cast<std::size_t>(offset_bytes()));
    std::uint64_t offset = 0;
    for (std::size_t i = count; i-- > 1;) offset = offset << 8 | static_cast<std::uint64_t>(id[i]);
    order.emplace_back(offset, order.size());
  }
  std::sort(order.begin(), order.end());
  for (const auto& [offset, number] : order) visit(number, object(ids[number]));
}

Bytes Hdf5FractalHeap::managed(ByteView id) {
  const int length_bytes =
      std::min((bits_of(max_direct_) + 7) / 8, bits_of(std::bit_floor(max_managed_)) / 8 + 1);
  Hdf5Cursor cursor = blocks_.cursor(id.subspan(1));
  const std::uint64_t offset = cursor.uint(offset_bytes());
  const std::uint64_t size = cursor.uint(length_bytes);
  const Place place = find(offset);
  const std::uint64_t at = offset - place.start;
  if (size > place.size - at) {
    throw Error(ErrorKind::corrupt,
                fmt::format("{} bytes at {} reach beyond their block", size, offset));
  }
  const Bytes& block = direct_block(place);
  const auto first = block.begin() + static_cast<std::ptrdiff_t>(at);
  blocks_.spend(size);
  return {first, first + static_cast<std::ptrdiff_t>(size)};
}

// Rows 0 and 1 hold blocks of the starting size, each further row blocks of twice the size.
std::uint64_t Hdf5FractalHeap::row_size(std::uint64_t row) const {
  const int shift = bits_of(start_size_) + static_cast<int>(row == 0 ? 0 : row - 1);
  if (shift >= 63) throw Error(ErrorKind::corrupt, "a fractal heap of more than 2^63 bytes");
  return std::uint64_t{1} << shift;
}

Hdf5FractalHeap::Place Hdf5FractalHeap::find(std::uint64_t offset) {
  const auto beyond = [&] {
    return Error(ErrorKind::corrupt, fmt::format("offset {} is not in the heap", offset));
  };
  if (root_rows_ == 0) {
    if (offset >= start_size_) throw beyond();
    return {root_, 0, start_size_};
  }
  std::uint64_t block = root_, start = 0, rows = root_rows_;
  const std::uint64_t first_row = start_size_ * width_;
  while (true) {
    const std::uint64_t in = offset - start;
    const std::uint64_t row =
        in < first_row ? 0
                       : static_cast<std::uint64_t>(bits_of(std::bit_floor(in)) -
                                                    bits_of(std::bit_floor(first_row)) + 1);
    if (row >= rows) throw beyond();
    const std::uint64_t size = row_size(row);
    const std::uint64_t row_start = row == 0 ? 0 : size * width_;
    const std::uint64_t column = (in - row_start) / size;
    const Bytes& table = indirect_block(block, start, rows);
    Hdf5Cursor cursor = blocks_.cursor(table);
    cursor.skip(5 + static_cast<std::uint64_t>(blocks_.file().offset_size() + offset_bytes()));
    cursor.skip((row * width_ + column) * static_cast<std::uint64_t>(blocks_.file().offset_size()));
    const std::uint64_t child = cursor.offset();
    if (child == kNoAddress) throw beyond();
    start += row_start + column * size;
    if (size <= max_direct_) return {child, start, size};
    // A block of that size again has the rows that add up to it; it is smaller than this one.
    const int child_rows = bits_of(size) - bits_of(first_row) + 1;
    if (child_rows < 1 || static_cast<std::uint64_t>(child_rows) >= rows + 64) throw beyond();
    block = child;
    rows = static_cast<std::uint64_t>(child_rows);
  }
}

const Bytes& Hdf5FractalHeap::indirect_block(std::uint64_t address, std::uint64_t start,
                                             std::uint64_t rows) {
  if (const auto known = indirect_.find(address); known != indirect_.end()) return known->second;
  const auto o = static_cast<std::uint64_t>(blocks_.file().offset_size());
  Bytes bytes =
      blocks_.read(address, 9 + o + static_cast<std::uint64_t>(offset_bytes()) + rows * width_ * o);
  Hdf5Cursor cursor = blocks_.cursor(bytes);
  cursor.expect("FHIB");
  check_hdf5_checksum(bytes, fmt::format("the indirect block at address {}", address));
  cursor.skip(1 + o);
  if (cursor.uint(offset_bytes()) != start) {
    throw Error(ErrorKind::corrupt,
                fmt::format("the indirect block at address {} belongs elsewhere", address));
  }
  keep_few(indirect_);
  return indirect_.emplace(address, std::move(bytes)).first->second;
}

const Bytes& Hdf5FractalHeap::direct_block(const Place& place) {
  if (const auto known = direct_.find(place.block); known != direct_.end()) {
    if (known->second.size() == place.size) return known->second;
  }
  Bytes bytes = blocks_.read(place.block, place.size);
  Hdf5Cursor cursor = blocks_.cursor(bytes);
  cursor.expect("FHDB");
  cursor.skip(1);
  cursor.offset();
  if (cursor.uint(offset_bytes()) != place.start) {
    throw Error(ErrorKind::corrupt,
                fmt::format("the direct block at address {} belongs elsewhere", place.block));
  }
  if (has_checksums_) {
    const std::size_t at = cursor.position();
    const std::uint32_t stored = cursor.u32();
    Bytes cleared = bytes;
    std::fill_n(cleared.begin() + static_cast<std::ptrdiff_t>(at), 4, std::byte{0});
    if (!checksums_agree(stored, hdf5_checksum(cleared))) {
      throw Error(ErrorKind::corrupt, fmt::format("the checksum of the direct block at address {} "
                                                  "differs",
                                                  place.block));
    }
  }
  keep_few(direct_);
  return direct_.insert_or_assign(place.block, std::move(bytes)).first->second;
}

Bytes Hdf5FractalHeap::huge(ByteView id) {
  const auto o = static_cast<std::uint64_t>(blocks_.file().offset_size());
  const auto l = static_cast<std::uint64_t>(blocks_.file().length_size());
  Hdf5Cursor cursor = blocks_.cursor(id.subspan(1));
  if (id_bytes_ - 1 >= o + l) {
    const std::uint64_t address = cursor.offset();
    return blocks_.read(address, cursor.length());
  }
  read_huge();
  const std::uint64_t key =
      cursor.uint(static_cast<int>(std::min<std::uint64_t>(id_bytes_ - 1, 8)));
  const auto found = huge_.find(key);
  if (found == huge_.end()) {
    throw Error(ErrorKind::corrupt, fmt::format("there is no huge object {}", key));
  }
  return blocks_.read(found->second.address, found->second.size);
}

void Hdf5FractalHeap::read_huge() {
  if (has_read_huge_) return;
  has_read_huge_ = true;
  for_each_hdf5_record(blocks_, huge_tree_, kHugeRecords, [&](ByteView record) {
    Hdf5Cursor cursor = blocks_.cursor(record);
    Huge huge;
    huge.address = cursor.offset();
    huge.size = cursor.length();
    huge_[cursor.length()] = huge;
  });
}

Bytes Hdf5FractalHeap::tiny(ByteView id) const {
  const bool is_extended = id_bytes_ - 1 > kLongestTiny;
  const auto head = static_cast<std::uint64_t>(id[0]);
  std::uint64_t size = (head & 15) + 1;
  if (is_extended) size = ((head & 15) << 8 | static_cast<std::uint64_t>(id[1])) + 1;
  const ByteView value = id.subspan(is_extended ? 2 : 1);
  if (size > value.size()) throw Error(ErrorKind::corrupt, "a tiny object is larger than its id");
  return {value.begin(), value.begin() + static_cast<std::ptrdiff_t>(size)};
}

}  // namespace gridmill
