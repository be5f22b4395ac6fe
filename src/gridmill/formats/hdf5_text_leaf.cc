#include "gridmill/formats/hdf5_text_leaf.h"

#include <algorithm>
#include <mutex>
#include <vector>

#include "gridmill/formats/hdf5_global_heap.h"
#include "gridmill/formats/packed_texts.h"

namespace gridmill {
namespace {

// The characters of a text are not known before it is read; credit assumes this many.
constexpr std::int64_t kTextGuess = 128;

// The global heap of a file that is open for one fetch.
class Heap {
 public:
  Heap(const SourceFile& source, const Hdf5Addressing& addressing)
      : file_(source.open(), addressing.base, addressing.offset_size, addressing.length_size),
        blocks_(file_),
        heap_(blocks_) {}

  // As C knows it: up to the first NUL.
  std::string text(ByteView reference) {
    const Bytes bytes = heap_.element(reference, 1);
    const std::string_view text = as_text(bytes);
    return std::string(text.substr(0, text.find('\0')));
  }

 private:
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

  std::int64_t stored_bound() const override {
    std::int64_t elements = 1;
    for (int d = 0; d < grid().shape().rank(); ++d) {
      elements *= std::min(grid().chunk()[d], std::max<std::int64_t>(grid().shape()[d], 1));
    }
    return elements * kTextGuess + references_->stored_bound();
  }
  std::int64_t scratch_bound() const override { return 0; }

  bool fetch(const Index& position, Buffer& stored) const override {
    Buffer encoded;
    if (!references_->fetch(position, encoded)) return false;
    const Shape shape = grid().box_of(position).shape;
    const auto size = static_cast<std::size_t>(references_->type().size);
    Bytes references(static_cast<std::size_t>(volume(shape)) * size);
    decode_references(position, encoded, shape, references);
    in_context([&] { return describe(position); },
               [&] {
                 Heap heap(*source_, addressing_);
                 std::vector<std::string> texts;
                 texts.reserve(references.size() / size);
                 for (std::size_t at = 0; at < references.size(); at += size) {
                   texts.push_back(heap.text(ByteView(references).subspan(at, size)));
                 }
                 pack_texts(texts, stored);
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
  void decode_references(const Index& position, ByteView encoded, const Shape& shape,
                         Bytes& into) const {
    CodecContext context;
    StringArena none;
    const MutableArrayView view = view_of(MutableByteView(into), references_->type(), shape);
    const Part whole{whole_box(shape), view};
    references_->decode(position, encoded, std::span(&whole, 1), none, context);
  }

  const std::string& fill_text() const {
    std::call_once(once_, [&] {
      if (!fill_.empty()) fill_text_ = Heap(*source_, addressing_).text(fill_);
    });
    return fill_text_;
  }

  const std::shared_ptr<const SourceFile> source_;
  const Hdf5Addressing addressing_;
  const Bytes fill_;  // a reference
  const std::shared_ptr<const LeafReader> references_;
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
