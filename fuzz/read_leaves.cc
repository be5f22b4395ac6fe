#include "fuzz/read_leaves.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "fuzz/expect.h"

namespace gridmill::fuzz {
namespace {

// What one input may take: hostile headers declare more leaves, and larger ones, than can be tried.
constexpr int kLeavesInAll = 48, kLeavesOfOne = 8;
constexpr std::int64_t kBudget = 16 << 20;   // bytes for a leaf as it is stored, and for scratch
constexpr std::int64_t kDecoded = 64 << 10;  // bytes of it that are wanted
constexpr std::int64_t kDecoderStates = 1 << 20;

// Of a leaf as much as fits, from its end.
Box wanted_of(Shape shape, std::int64_t element_bytes) {
  Box box = whole_box(shape);
  std::int64_t left = std::max<std::int64_t>(kDecoded / element_bytes, 1);
  for (int d = shape.rank() - 1; d >= 0; --d) {
    const std::int64_t count = std::min(shape[d], left);
    box.begin[d] = shape[d] - count;
    box.shape[d] = count;
    left /= std::max<std::int64_t>(count, 1);
  }
  return box;
}

void read_leaf(const LeafReader& reader, const Index& position, std::int64_t most_stored,
               CodecContext& context) {
  Buffer stored;
  const bool is_there = reader.fetch(position, stored);
  const Box wanted = wanted_of(reader.grid().box_of(position).shape, reader.type().size);
  std::vector<std::byte> values(
      static_cast<std::size_t>(volume(wanted.shape) * reader.type().size));
  const Part part{wanted, view_of(MutableByteView(values), reader.type(), wanted.shape)};
  StringArena strings;
  if (!is_there) return reader.fill(std::span(&part, 1), strings);
  expect(static_cast<std::int64_t>(stored.size()) <= most_stored,
         fmt::format("{}: {} bytes were fetched, the bound is {}", reader.describe(position),
                     stored.size(), most_stored));
  reader.decode(position, stored, std::span(&part, 1), strings, context);
}

void check_scratch(const LeafReader& reader, const CodecContext& context) {
  std::int64_t taken = 0;
  for (const Buffer& each : context.scratch) taken += static_cast<std::int64_t>(each.capacity());
  const auto bound = static_cast<std::int64_t>(
      Buffer::capacity_for(static_cast<std::size_t>(reader.scratch_bound())));
  expect(taken <= bound + kDecoderStates,
         fmt::format("{} bytes of scratch were taken, the bound is {}", taken, bound));
}

void read_some(const LeafReader& reader, std::int64_t most_stored, int& leaves_left) {
  if (reader.stored_bound() > kBudget || reader.scratch_bound() > kBudget) return;
  const std::int64_t leaves = reader.grid().size();
  CodecContext context;
  for (std::int64_t i = 0; i < leaves && i < kLeavesOfOne && leaves_left > 0; ++i, --leaves_left) {
    // The first ones, and the last.
    const Index at = reader.grid().position(i == kLeavesOfOne - 1 ? leaves - 1 : i);
    refusing([&] { read_leaf(reader, at, most_stored, context); });
    check_scratch(reader, context);
  }
}

}  // namespace

void read_leaves(const FormatFile& file) {
  int leaves_left = kLeavesInAll;
  for (const FileGroup& group : file.groups) {
    for (const FileVariable& variable : group.variables) {
      if (leaves_left == 0 || variable.reader == nullptr) continue;
      read_some(*variable.reader, variable.reader->stored_bound(), leaves_left);
    }
  }
}

void read_zarr_leaves(const LeafReader& reader) {
  int leaves_left = kLeavesOfOne;
  read_some(reader, 2 * reader.stored_bound() + (64 << 10), leaves_left);
}

}  // namespace gridmill::fuzz
