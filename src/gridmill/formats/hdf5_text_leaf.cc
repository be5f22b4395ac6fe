#include "gridmill/formats/hdf5_text_leaf.h"

#include <algorithm>
#include <mutex>
#include <numeric>
#include <vector>

#include "gridmill/formats/hdf5_global_heap.h"
#include "gridmill/formats/packed_texts.h"

namespace gridmill {
namespace {

// More leaves, or damaged ones, are not measured: no text is longer than the file then.
constexpr std::int64_t kMostMeasured = 1 << 16;
constexpr int kMostDamaged = 64;

// The global heap of a file that is open for one fetch.
class Heap {
 public:
  Heap(const SourceFile& source, const Hdf5Addressing& addressing)
      : file_(source.open(), addressing.base, addressing.offset_size, addressing.length_size),
        blocks_(file_),
        heap_(blocks_, 0) {}

  std::vector<Hdf5HeapReference> parse(ByteView references, std::size_t size) const {
    std::vector<Hdf5HeapReference> parsed;
    parsed.reserve(references.size() / size);
    for (std::size_t at = 0; at < references.size(); at += size) {
      parsed.push_back(heap_.parse(references.subspan(at, size)));
    }
    return parsed;
  }

  // No fetch gives more characters; what claims more is damaged.
  std::uint64_t limit() const noexcept { return blocks_.left(); }
  Bytes text(const Hdf5HeapReference& reference) { return heap_.element(reference, 1); }

  void texts(const std::vector<Hdf5HeapReference>& references, Buffer& packed) {
    std::vector<std::uint64_t> sizes;
    sizes.reserve(references.size());
    for (const Hdf5HeapReference& each : references) {
      sizes.push_back(each.leads_somewhere() ? each.count : 0);
      blocks_.spend(sizes.back());
    }
    make_packed_texts(sizes, packed);
    for (const std::size_t i : by_address(references)) {
      const Bytes found = text(references[i]);
      std::copy(found.begin(), found.end(),
                packed_text(packed.bytes(), references.size(), i).begin());
    }
  }

 private:
  static std::vector<std::size_t> by_address(const std::vector<Hdf5HeapReference>& references) {
    std::vector<std::size_t> order(references.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return references[a].address < references[b].address;
    });
    return order;
  }

  Hdf5Bytes file_;
  Hdf5Blocks blocks_;
  Hdf5GlobalHeap heap_;
};

class TextReader final : public LeafReader {
 public:
  TextReader(std::shared_ptr<const SourceFile> source, const Hdf5Addressing& addressing, Bytes fill,
             std::shared_ptr<const LeafReader> references)
      : LeafReader(types::string, references->grid()),
        source_(std::move(source)),
        addressing_(addressing),
        fill_(std::move(fill)),
        references_(std::move(references)) {}

  // The references as they are stored and as values, what fetch makes of them, and the characters
  // once more: decode copies them to where nobody counts them.
  std::int64_t stored_bound() const override {
    std::int64_t elements = 1;
    for (int d = 0; d < grid().shape().rank(); ++d) {
      elements *= std::min(grid().chunk()[d], std::max<std::int64_t>(grid().shape()[d], 1));
    }
    return references_->stored_bound() + elements * references_->type().size + 8 * (elements + 1) +
           2 * most_characters();
  }
  std::int64_t scratch_bound() const override { return 0; }

  bool fetch(const Index& position, Buffer& stored) const override {
    Bytes references;
    if (!read_references(position, references)) return false;
    in_context([&] { return describe(position); },
               [&] {
                 Heap heap(*source_, addressing_);
                 heap.texts(heap.parse(references, reference_bytes()), stored);
               });
    return true;
  }

  void decode(const Index& position, ByteView stored, std::span<const Part> parts,
              StringArena& strings, CodecContext&) const override {
    place_packed_texts(stored, grid().box_of(position).shape, parts, strings, describe(position));
  }

  void fill(std::span<const Part> parts, StringArena& strings) const override {
    const StringRef text = strings.add(fill_text());
    for (const Part& part : parts) {
      for_each_position(whole_box(part.box.shape), [&](const Index& at) {
        std::memcpy(part.into.at(at), &text, sizeof text);
      });
    }
  }

  std::string describe(const Index& position) const override {
    return references_->describe(position);
  }

 private:
  std::size_t reference_bytes() const { return static_cast<std::size_t>(references_->type().size); }

  bool read_references(const Index& position, Bytes& into) const {
    Buffer encoded;
    if (!references_->fetch(position, encoded)) return false;
    const Shape shape = grid().box_of(position).shape;
    into.resize(static_cast<std::size_t>(volume(shape)) * reference_bytes());
    CodecContext context;
    StringArena none;
    const MutableArrayView view = view_of(MutableByteView(into), references_->type(), shape);
    const Part whole{whole_box(shape), view};
    references_->decode(position, encoded, std::span(&whole, 1), none, context);
    return true;
  }

  // Of all texts of a leaf.
  std::int64_t most_characters() const {
    std::call_once(measured_, [&] { most_characters_ = measure(); });
    return most_characters_;
  }

  std::int64_t measure() const {
    const std::int64_t file_size = source_->identity.size;
    if (grid().size() > kMostMeasured) return file_size;
    const Heap heap(*source_, addressing_);
    std::int64_t most = 0;
    int damaged = 0;
    for (std::int64_t i = 0; i < grid().size(); ++i) {
      try {
        most = std::max(most, characters(heap, grid().position(i)));
      } catch (const Error& error) {
        // Whoever fetches this leaf will hear of it.
        if (error.kind() != ErrorKind::corrupt && error.kind() != ErrorKind::unsupported) throw;
        if (++damaged == kMostDamaged) return file_size;
      }
    }
    return most;
  }

  std::int64_t characters(const Heap& heap, const Index& position) const {
    Bytes references;
    if (!read_references(position, references)) return 0;
    std::uint64_t sum = 0;
    for (const Hdf5HeapReference& each : heap.parse(references, reference_bytes())) {
      if (each.leads_somewhere()) sum += each.count;
    }
    return static_cast<std::int64_t>(std::min(sum, heap.limit()));
  }

  const std::string& fill_text() const {
    std::call_once(once_, [&] {
      if (fill_.empty()) return;
      Heap heap(*source_, addressing_);
      const Bytes text = heap.text(heap.parse(fill_, fill_.size()).at(0));
      fill_text_ = as_text(text).substr(0, as_text(text).find('\0'));
    });
    return fill_text_;
  }

  const std::shared_ptr<const SourceFile> source_;
  const Hdf5Addressing addressing_;
  const Bytes fill_;  // a reference
  const std::shared_ptr<const LeafReader> references_;
  mutable std::once_flag measured_;
  mutable std::int64_t most_characters_ = 0;  // measured_ has been passed
  mutable std::once_flag once_;
  mutable std::string fill_text_;  // once_ has been passed
};

}  // namespace

std::shared_ptr<const LeafReader> hdf5_text_leaf_reader(
    std::shared_ptr<const SourceFile> source, const Hdf5Addressing& addressing,
    const Hdf5Dataset& dataset, std::shared_ptr<const LeafReader> references) {
  return std::make_shared<TextReader>(std::move(source), addressing, dataset.fill,
                                      std::move(references));
}

}  // namespace gridmill
