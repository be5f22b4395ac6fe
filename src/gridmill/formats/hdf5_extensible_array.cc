// Extensible arrays: the chunks of a dataset with one unlimited dimension ("Disk Format: Level 1G -
// Extensible Array Index").
//
// The first elements stand in the index block, the next ones in data blocks that the index block
// names, all others in data blocks named by secondary blocks. Secondary block u stands for 2^u
// times the elements of the smallest data block, in 2^(u/2) data blocks; the first few are
// dissolved, their data blocks named by the index block itself. Data blocks beyond a size are cut
// into pages with a checksum each, and their secondary block has a bit per page: one never written
// is not to be read.

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "gridmill/base/checked.h"
#include "gridmill/formats/hdf5_index_walk.h"

namespace gridmill {
namespace {

struct ExtensibleArrayHeader {
  int client = 0, element_size = 0, index_bits = 0, page_bits = 0;
  std::uint64_t in_index_block = 0;  // elements
  std::uint64_t smallest = 0;        // elements of the smallest data block
  std::uint64_t least_pointers = 0;  // data blocks that the smallest kept secondary block names
  std::uint64_t index_block = kNoAddress;

  // Data blocks of secondary block u, their elements, and the number of their first element.
  static std::uint64_t data_blocks(int u) { return std::uint64_t{1} << (u / 2); }
  std::uint64_t elements(int u) const { return smallest << ((u + 1) / 2); }
  std::uint64_t first(int u) const {
    return in_index_block + ((std::uint64_t{1} << u) - 1) * smallest;
  }
  int secondary_blocks() const { return 1 + index_bits - std::countr_zero(smallest); }
  int dissolved() const { return 2 * std::countr_zero(least_pointers); }
};

void check(const ExtensibleArrayHeader& header, int version) {
  const bool fits = version == 0 && header.index_bits >= 1 && header.index_bits <= 64 &&
                    std::has_single_bit(header.smallest) && header.least_pointers >= 2 &&
                    std::has_single_bit(header.least_pointers) &&
                    header.secondary_blocks() >= header.dissolved() &&
                    header.secondary_blocks() <= 64;
  if (fits) return;
  throw Error(ErrorKind::corrupt,
              fmt::format("an extensible array of version {} with {} bits, data blocks of {} and "
                          "secondary blocks of {}",
                          version, header.index_bits, header.smallest, header.least_pointers));
}

ExtensibleArrayHeader extensible_array_header(Hdf5IndexWalk& walk) {
  const Hdf5Bytes& file = walk.file();
  const int size = 4 + 8 + 6 * file.length_size() + file.offset_size() + 4;
  const Bytes bytes =
      walk.read(walk.dataset().layout.index_address, static_cast<std::uint64_t>(size));
  check_hdf5_checksum(bytes, "the header of an extensible array");
  Hdf5Cursor cursor(bytes, file);
  cursor.expect("EAHD");
  const int version = cursor.u8();
  ExtensibleArrayHeader header;
  header.client = cursor.u8();
  header.element_size = cursor.u8();
  header.index_bits = cursor.u8();
  header.in_index_block = cursor.u8();
  header.smallest = cursor.u8();
  header.least_pointers = cursor.u8();
  header.page_bits = cursor.u8();
  cursor.skip(6 * static_cast<std::uint64_t>(file.length_size()));
  header.index_block = cursor.offset();
  check(header, version);
  return header;
}

class Blocks {
 public:
  Blocks(Hdf5IndexWalk& walk, const ExtensibleArrayHeader& header)
      : walk_(walk),
        header_(header),
        elements_(header.client, header.element_size, walk.file()),
        order_(walk.dataset(), 1) {}

  void read() {
    const auto offset_size = static_cast<std::uint64_t>(walk_.file().offset_size());
    const std::uint64_t data_blocks = 2 * (header_.least_pointers - 1);
    const int secondary_blocks = header_.secondary_blocks() - header_.dissolved();
    const std::uint64_t pointers = data_blocks + static_cast<std::uint64_t>(secondary_blocks);
    const Bytes bytes =
        walk_.read(header_.index_block, prefix_bytes() + header_.in_index_block * elements_.size() +
                                            pointers * offset_size + kHdf5ChecksumBytes);
    Hdf5Cursor cursor = opened(bytes, "EAIB", "the index block of an extensible array");
    elements_.read(cursor, 0, header_.in_index_block, order_, walk_);
    for (int u = 0; u < header_.dissolved(); ++u) {
      for (std::uint64_t i = 0; i < ExtensibleArrayHeader::data_blocks(u); ++i) {
        add_data_block(u, i, cursor.offset(), {});
      }
    }
    std::vector<Hdf5IndexBlock> blocks;
    for (int u = header_.dissolved(); u < header_.secondary_blocks(); ++u) {
      const std::uint64_t address = cursor.offset();
      if (address == kNoAddress) continue;
      blocks.push_back({address, secondary_bytes(u), static_cast<std::uint64_t>(u)});
    }
    walk_.read_all(std::move(blocks), [&](const Hdf5IndexBlock& block, ByteView secondary) {
      read_secondary(static_cast<int>(block.tag), secondary);
    });
    read_data_blocks();
  }

 private:
  // A run of elements: a data block, or a page of one.
  struct Run {
    std::uint64_t first = 0, count = 0;
    bool is_page = false;
  };

  std::uint64_t prefix_bytes() const {
    return 4 + 2 + static_cast<std::uint64_t>(walk_.file().offset_size());
  }
  // Where a block says which elements it holds.
  std::uint64_t place_bytes() const {
    return static_cast<std::uint64_t>((header_.index_bits + 7) / 8);
  }
  std::uint64_t per_page() const {
    return header_.page_bits < 63 ? std::uint64_t{1} << header_.page_bits : ~std::uint64_t{0};
  }
  std::uint64_t pages(int u) const {
    const std::uint64_t elements = header_.elements(u);
    return elements > per_page() ? elements / per_page() : 0;
  }
  // Of the bits of secondary block u: whole bytes per data block.
  std::uint64_t bitmap_bytes(int u) const {
    const std::int64_t per_block = ceil_div(static_cast<std::int64_t>(pages(u)), 8);
    return static_cast<std::uint64_t>(
        checked_mul(static_cast<std::int64_t>(ExtensibleArrayHeader::data_blocks(u)), per_block,
                    "the size of a page bitmap"));
  }
  std::uint64_t secondary_bytes(int u) const {
    const auto offset_size = static_cast<std::uint64_t>(walk_.file().offset_size());
    return prefix_bytes() + place_bytes() + bitmap_bytes(u) +
           ExtensibleArrayHeader::data_blocks(u) * offset_size + kHdf5ChecksumBytes;
  }

  Hdf5Cursor opened(ByteView block, std::string_view signature, std::string_view what) const {
    check_hdf5_checksum(block, what);
    Hdf5Cursor cursor(block, walk_.file());
    cursor.expect(signature);
    cursor.skip(prefix_bytes() - 4);
    return cursor;
  }

  void read_secondary(int u, ByteView bytes) {
    Hdf5Cursor cursor = opened(bytes, "EASB", "a secondary block of an extensible array");
    cursor.skip(place_bytes());
    const ByteView bitmap = cursor.take(bitmap_bytes(u));
    for (std::uint64_t i = 0; i < ExtensibleArrayHeader::data_blocks(u); ++i) {
      add_data_block(u, i, cursor.offset(), bitmap);
    }
  }

  void add_data_block(int u, std::uint64_t i, std::uint64_t address, ByteView bitmap) {
    if (address == kNoAddress) return;
    const std::uint64_t count = header_.elements(u);
    const std::uint64_t first = header_.first(u) + i * count;
    const std::uint64_t head = prefix_bytes() + place_bytes();
    if (bitmap.empty()) {
      return add({first, count, false}, address,
                 head + count * elements_.size() + kHdf5ChecksumBytes);
    }
    const std::uint64_t page_bytes = per_page() * elements_.size() + kHdf5ChecksumBytes;
    for (std::uint64_t page = 0; page < pages(u); ++page) {
      const std::uint64_t bit = i * pages(u) + page;
      if ((static_cast<unsigned>(bitmap[bit / 8]) & (0x80U >> (bit % 8))) == 0) continue;
      const std::uint64_t at = address + head + kHdf5ChecksumBytes + page * page_bytes;
      add({first + page * per_page(), per_page(), true}, at, page_bytes);
    }
  }

  void add(const Run& run, std::uint64_t address, std::uint64_t bytes) {
    walk_.file().check(address, bytes);
    walk_.charge(bytes);  // now: the rows below could be more than the file justifies
    blocks_.push_back({address, bytes, runs_.size()});
    runs_.push_back(run);
  }

  void read_data_blocks() {
    walk_.read_charged(std::move(blocks_), [&](const Hdf5IndexBlock& block, ByteView bytes) {
      const Run& run = runs_[block.tag];
      const auto what = [&] { return fmt::format("the data block at address {}", block.address); };
      in_context(what, [&] {
        if (run.is_page) {
          check_hdf5_checksum(bytes, "a page of an extensible array");
          Hdf5Cursor cursor(bytes, walk_.file());
          return elements_.read(cursor, run.first, run.count, order_, walk_);
        }
        Hdf5Cursor cursor = opened(bytes, "EADB", "a data block of an extensible array");
        cursor.skip(place_bytes());
        elements_.read(cursor, run.first, run.count, order_, walk_);
      });
    });
  }

  Hdf5IndexWalk& walk_;
  const ExtensibleArrayHeader& header_;
  const Hdf5ArrayElements elements_;
  const Hdf5ArrayOrder order_;
  std::vector<Hdf5IndexBlock> blocks_;
  std::vector<Run> runs_;
};

}  // namespace

void read_extensible_array(Hdf5IndexWalk& walk) {
  const ExtensibleArrayHeader header = extensible_array_header(walk);
  if (header.index_block == kNoAddress) return;
  Blocks(walk, header).read();
}

}  // namespace gridmill
