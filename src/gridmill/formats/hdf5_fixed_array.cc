// Fixed arrays: the chunks of a dataset whose dimensions all have limits ("Disk Format: Level 1F -
// Fixed Array Index").
//
// A header names one data block with an element per chunk. Beyond a size the data block is cut into
// pages, each with its checksum, and begins with a bit per page: one that was never written is not
// to be read.

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/base/checked.h"
#include "gridmill/formats/hdf5_index_walk.h"

namespace gridmill {
namespace {

struct FixedArrayHeader {
  int client = 0, element_size = 0, page_bits = 0;
  std::uint64_t elements = 0, data_block = kNoAddress;
};

FixedArrayHeader fixed_array_header(Hdf5IndexWalk& walk) {
  const Hdf5Bytes& file = walk.file();
  const int size = 4 + 4 + file.length_size() + file.offset_size() + 4;
  const Bytes bytes =
      walk.read(walk.dataset().layout.index_address, static_cast<std::uint64_t>(size));
  check_hdf5_checksum(bytes, "the header of a fixed array");
  Hdf5Cursor cursor(bytes, file);
  cursor.expect("FAHD");
  const int version = cursor.u8();
  if (version != 0) {
    throw Error(ErrorKind::corrupt, fmt::format("a fixed array of version {}", version));
  }
  FixedArrayHeader header;
  header.client = cursor.u8();
  header.element_size = cursor.u8();
  header.page_bits = cursor.u8();
  header.elements = cursor.length();
  header.data_block = cursor.offset();
  return header;
}

class DataBlock {
 public:
  DataBlock(Hdf5IndexWalk& walk, const FixedArrayHeader& header)
      : walk_(walk),
        header_(header),
        elements_(header.client, header.element_size, walk.file()),
        order_(walk.dataset(), 0) {}

  void read() {
    // A page of more elements than there can be is no page.
    const bool has_pages =
        header_.page_bits < 63 && header_.elements > (std::uint64_t{1} << header_.page_bits);
    if (has_pages) return read_pages();
    const Bytes block = walk_.read(header_.data_block, size_of(header_.elements, prefix_bytes()));
    Hdf5Cursor cursor = opened(block);
    elements_.read(cursor, 0, header_.elements, order_, walk_);
  }

 private:
  std::uint64_t prefix_bytes() const {
    return 4 + 2 + static_cast<std::uint64_t>(walk_.file().offset_size());
  }

  // Of so many elements with what stands before them and the checksum behind.
  std::uint64_t size_of(std::uint64_t elements, std::uint64_t before) const {
    const std::int64_t bytes =
        checked_mul(static_cast<std::int64_t>(elements),
                    static_cast<std::int64_t>(elements_.size()), "the size of a fixed array");
    return static_cast<std::uint64_t>(bytes) + before + kHdf5ChecksumBytes;
  }

  Hdf5Cursor opened(ByteView block) const {
    check_hdf5_checksum(block, "the data block of a fixed array");
    Hdf5Cursor cursor(block, walk_.file());
    cursor.expect("FADB");
    cursor.skip(prefix_bytes() - 4);
    return cursor;
  }

  void read_pages() {
    const std::uint64_t per_page = std::uint64_t{1} << header_.page_bits;
    const std::uint64_t pages = header_.elements / per_page + (header_.elements % per_page != 0);
    const std::uint64_t bitmap_bytes = pages / 8 + (pages % 8 != 0);
    const std::uint64_t head_bytes = prefix_bytes() + bitmap_bytes + kHdf5ChecksumBytes;
    const Bytes head = walk_.read(header_.data_block, head_bytes);
    const ByteView bitmap = opened(head).take(bitmap_bytes);
    const std::uint64_t page_bytes = size_of(per_page, 0);
    std::vector<Hdf5IndexBlock> blocks;
    for (std::uint64_t page = 0; page < pages; ++page) {
      const auto bits = static_cast<unsigned>(bitmap[page / 8]);
      if ((bits & (0x80U >> (page % 8))) == 0) continue;
      const std::uint64_t count = std::min(per_page, header_.elements - page * per_page);
      const std::uint64_t address = header_.data_block + head_bytes + page * page_bytes;
      const std::uint64_t bytes = size_of(count, 0);
      walk_.file().check(address, bytes);
      walk_.charge(bytes);  // now: the blocks below could be more than the file justifies
      blocks.push_back({address, bytes, page * per_page});
    }
    walk_.read_charged(std::move(blocks), [&](const Hdf5IndexBlock& block, ByteView bytes) {
      check_hdf5_checksum(bytes, fmt::format("the page of a fixed array at {}", block.address));
      Hdf5Cursor cursor(bytes, walk_.file());
      const std::uint64_t count = std::min(per_page, header_.elements - block.tag);
      elements_.read(cursor, block.tag, count, order_, walk_);
    });
  }

  Hdf5IndexWalk& walk_;
  const FixedArrayHeader& header_;
  const Hdf5ArrayElements elements_;
  const Hdf5ArrayOrder order_;
};

}  // namespace

void read_fixed_array(Hdf5IndexWalk& walk) {
  const FixedArrayHeader header = fixed_array_header(walk);
  if (header.data_block == kNoAddress) return;
  DataBlock(walk, header).read();
}

}  // namespace gridmill
