#include "gridmill/formats/classic_leaf.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/array/copy.h"
#include "gridmill/formats/leaf_shape.h"

namespace gridmill {
namespace {

// Gaps between records that are read over rather than seeked over: a read call costs as much as
// copying a few KiB.
constexpr std::int64_t kReadOver = 4 << 10;

// How the values of a variable lie in the file, and in what fetch hands out.
struct Layout {
  std::int64_t begin = 0;        // byte of the first value
  std::int64_t row_bytes = 0;    // one step of the first dimension, without what other variables
                                 // have between two records
  std::int64_t file_step = 0;    // from one step to the next, in the file
  std::int64_t stored_step = 0;  // and in `stored`: file_step if gaps are read over
  bool is_gathered() const { return stored_step != file_step; }
};

Layout layout_of(const ClassicHeader& header, const ClassicVariable& variable) {
  Layout layout;
  layout.begin = variable.begin;
  layout.row_bytes = variable.type.size;
  for (int d = 1; d < variable.shape.rank(); ++d) layout.row_bytes *= variable.shape[d];
  layout.file_step = variable.is_record ? header.record_bytes : layout.row_bytes;
  const bool has_wide_gaps = layout.file_step - layout.row_bytes > kReadOver;
  layout.stored_step = has_wide_gaps ? layout.row_bytes : layout.file_step;
  return layout;
}

// Leaves of whole rows count what lies between them, too.
Shape leaf_of(const ClassicVariable& variable, const Layout& layout) {
  Shape leaf = contiguous_leaf(variable.shape, variable.type.size);
  if (layout.stored_step == layout.row_bytes || layout.row_bytes >= kSlabBytes) return leaf;
  leaf[0] = std::min(leaf[0], std::max<std::int64_t>(kSlabBytes / layout.stored_step, 1));
  return leaf;
}

class ClassicLeafReader final : public LeafReader {
 public:
  ClassicLeafReader(std::shared_ptr<const SourceFile> source, const ClassicVariable& variable,
                    const Layout& layout)
      : LeafReader(variable.type, ChunkGrid(variable.shape, leaf_of(variable, layout))),
        source_(std::move(source)),
        name_(variable.name),
        layout_(layout) {}

  std::int64_t stored_bound() const override {
    if (grid().shape().rank() == 0) return type().size;
    Shape largest = grid().chunk();
    for (int d = 0; d < largest.rank(); ++d) {
      largest[d] = std::min(largest[d], std::max<std::int64_t>(grid().shape()[d], 1));
    }
    return stored_bytes(largest);
  }
  std::int64_t scratch_bound() const override { return 0; }

  bool fetch(const Index& position, Buffer& stored) const override {
    in_context([&] { return describe(position); }, [&] { read(grid().box_of(position), stored); });
    return true;
  }

  void decode(const Index& position, ByteView stored, std::span<const Part> parts, StringArena&,
              CodecContext&) const override {
    const Shape shape = grid().box_of(position).shape;
    if (static_cast<std::int64_t>(stored.size()) != stored_bytes(shape)) {
      throw Error(ErrorKind::internal, describe(position) + ": a leaf of the wrong size");
    }
    ArrayView leaf = view_of(stored, type(), shape);
    if (shape.rank() > 0 && shape[0] > 1) leaf.strides[0] = layout_.stored_step;
    for (const Part& part : parts) copy_array(leaf.part(part.box), part.into, true);
  }

  void fill(std::span<const Part>, StringArena&) const override {
    throw Error(ErrorKind::internal, name_ + ": a classic netCDF file lacks no leaf");
  }

  std::optional<LeafLocation> locate(const Index& position) const override {
    const Box box = grid().box_of(position);
    if (layout_.is_gathered() && box.shape[0] > 1) return std::nullopt;
    return LeafLocation{source_->path, "", ByteRange{offset_of(box), stored_bytes(box.shape)}};
  }

  std::string describe(const Index& position) const override {
    return fmt::format("{} of {}, values {}", name_, source_->path,
                       to_string(grid().box_of(position)));
  }

 private:
  std::int64_t row_bytes(const Shape& box) const {
    std::int64_t bytes = type().size;
    for (int d = 1; d < box.rank(); ++d) bytes *= box[d];
    return bytes;
  }

  std::int64_t stored_bytes(const Shape& box) const {
    if (box.rank() == 0) return type().size;
    return (box[0] - 1) * layout_.stored_step + row_bytes(box);
  }

  // Within a row a leaf is cut along leading dimensions only, so it is one run there.
  std::int64_t offset_of(const Box& box) const {
    if (box.shape.rank() == 0) return layout_.begin;
    const Index steps = c_strides(grid().shape(), type().size);
    std::int64_t offset = layout_.begin + box.begin[0] * layout_.file_step;
    for (int d = 1; d < box.shape.rank(); ++d) offset += box.begin[d] * steps[d];
    return offset;
  }

  void read(const Box& box, Buffer& stored) const {
    const std::unique_ptr<ReadableFile> file = source_->open();
    const std::int64_t offset = offset_of(box);
    stored.resize(static_cast<std::size_t>(stored_bytes(box.shape)));
    if (!layout_.is_gathered() || box.shape[0] == 1) {
      return read_run(*file, offset, stored.bytes());
    }
    const auto row = static_cast<std::size_t>(layout_.row_bytes);
    for (std::int64_t i = 0; i < box.shape[0]; ++i) {
      read_run(*file, offset + i * layout_.file_step,
               stored.bytes().subspan(static_cast<std::size_t>(i) * row, row));
    }
  }

  void read_run(const ReadableFile& file, std::int64_t offset, MutableByteView into) const {
    const std::size_t got = file.read_at(offset, into);
    if (got == into.size()) return;
    throw Error(ErrorKind::corrupt,
                fmt::format("the file ends at byte {}, but these values reach to byte {} (the "
                            "variable begins at byte {})",
                            offset + static_cast<std::int64_t>(got),
                            offset + static_cast<std::int64_t>(into.size()), layout_.begin));
  }

  std::shared_ptr<const SourceFile> source_;
  std::string name_;
  Layout layout_;
};

}  // namespace

std::shared_ptr<const LeafReader> classic_leaf_reader(std::shared_ptr<const SourceFile> source,
                                                      const ClassicHeader& header,
                                                      const ClassicVariable& variable) {
  return std::make_shared<ClassicLeafReader>(std::move(source), variable,
                                             layout_of(header, variable));
}

}  // namespace gridmill
