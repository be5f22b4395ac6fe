#include "gridmill/formats/hdf5_global_heap.h"

#include <fmt/format.h>

#include "gridmill/base/error.h"

namespace gridmill {
Hdf5HeapReference Hdf5GlobalHeap::parse(ByteView reference) const {
  Hdf5Cursor cursor = blocks_.cursor(reference);
  Hdf5HeapReference parsed;
  parsed.count = cursor.u32();
  parsed.address = cursor.offset();
  parsed.index = cursor.u32();
  return parsed;
}

Bytes Hdf5GlobalHeap::element(const Hdf5HeapReference& reference, std::uint64_t unit) {
  if (!reference.leads_somewhere()) return {};
  const auto [count, address, index] = reference;
  const Collection& from = collection(address);
  const auto item = from.items.find(index);
  if (item == from.items.end() || item->second.size / unit < count) {
    throw Error(ErrorKind::corrupt,
                fmt::format("global heap at address {}: there is no object {} of {} bytes", address,
                            index, count * unit));
  }
  blocks_.spend(count * unit);
  const auto first = from.bytes.begin() + static_cast<std::ptrdiff_t>(item->second.begin);
  return {first, first + static_cast<std::ptrdiff_t>(count * unit)};
}

const Hdf5GlobalHeap::Collection& Hdf5GlobalHeap::collection(std::uint64_t address) {
  if (const auto known = kept_.find(address); known != kept_.end()) return known->second;
  Collection found = in_context([&] { return fmt::format("global heap at address {}", address); },
                                [&] { return read(address); });
  // Whatever is next to come: the collections that are asked for again lie close together.
  if (kept_bytes_ + found.bytes.size() > most_kept_) {
    kept_.clear();
    kept_bytes_ = 0;
  }
  kept_bytes_ += found.bytes.size();
  return kept_.emplace(address, std::move(found)).first->second;
}

Hdf5GlobalHeap::Collection Hdf5GlobalHeap::read(std::uint64_t address) {
  const auto length_bytes = static_cast<std::uint64_t>(blocks_.file().length_size());
  const Bytes head = blocks_.read(address, 8 + length_bytes);
  Hdf5Cursor header = blocks_.cursor(head);
  header.expect("GCOL");
  if (const int version = header.u8(); version != 1) {
    throw Error(ErrorKind::unsupported, fmt::format("a global heap of version {}", version));
  }
  header.skip(3);
  Collection found;
  found.bytes = blocks_.read(address, header.length());
  Hdf5Cursor cursor = blocks_.cursor(found.bytes);
  cursor.skip(8 + length_bytes);
  while (cursor.left() >= 8 + length_bytes) {
    const std::uint32_t index = cursor.u16();
    cursor.skip(6);
    const std::uint64_t size = cursor.length();
    if (index == 0) break;  // what is free reaches to the end
    found.items[index] = {cursor.position(), size};
    cursor.skip(size);
    cursor.skip(std::min<std::uint64_t>((8 - size % 8) % 8, cursor.left()));
  }
  return found;
}

}  // namespace gridmill
