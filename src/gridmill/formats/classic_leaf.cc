#include "gridmill/formats/classic_leaf.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/codec/box_stream.h"
#include "gridmill/codec/place.h"
#include "gridmill/formats/leaf_shape.h"

namespace gridmill {
namespace {

// Gaps between records that are read over rather than seeked over: a read call costs as much as
// copying a few KiB.
constexpr std::int64_t kReadOver = 4 << 10;
// Leaves are streamed, so that their size takes no memory; each costs some microseconds by itself.
constexpr std::int64_t kStreamedBytes = 4 << 20;

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

// At most so many bytes of the file, or one row: what lies between rows is counted, too.
Shape run_of(const Shape& shape, DataType type, const Layout& layout, std::int64_t most_bytes) {
  Shape run = run_shape(shape, type.size, most_bytes);
  if (layout.stored_step == layout.row_bytes || layout.row_bytes >= most_bytes) return run;
  run[0] = std::min(run[0], std::max<std::int64_t>(most_bytes / layout.stored_step, 1));
  return run;
}

// A variable's values, by boxes that are runs of the file within a row.
class ClassicValues {
 public:
  ClassicValues(std::shared_ptr<const SourceFile> source, const ClassicVariable& variable,
                const Layout& layout)
      : source_(std::move(source)),
        name_(variable.name),
        type_(variable.type),
        steps_(c_strides(variable.shape, variable.type.size)),
        layout_(layout) {}

  std::int64_t stored_bytes(const Shape& box) const {
    if (box.rank() == 0) return type_.size;
    return (box[0] - 1) * layout_.stored_step + row_bytes(box);
  }

  std::unique_ptr<ValueReader> open() const { return source_->open(); }

  void read(const ValueReader& file, const Box& box, Buffer& stored) const {
    const std::int64_t offset = offset_of(box);
    stored.resize(static_cast<std::size_t>(stored_bytes(box.shape)));
    if (!layout_.is_gathered() || box.shape[0] == 1) return read_run(file, offset, stored.bytes());
    const auto row = static_cast<std::size_t>(row_bytes(box.shape));
    for (std::int64_t i = 0; i < box.shape[0]; ++i) {
      read_run(file, offset + i * layout_.file_step,
               stored.bytes().subspan(static_cast<std::size_t>(i) * row, row));
    }
  }

  ArrayView view(ByteView stored, const Shape& shape) const {
    if (static_cast<std::int64_t>(stored.size()) != stored_bytes(shape)) {
      throw Error(ErrorKind::internal, name_ + ": a leaf of the wrong size");
    }
    ArrayView values = view_of(stored, type_, shape);
    if (shape.rank() > 0 && shape[0] > 1) values.strides[0] = layout_.stored_step;
    return values;
  }

  std::optional<LeafLocation> locate(const Box& box) const {
    if (layout_.is_gathered() && box.shape[0] > 1) return std::nullopt;
    return LeafLocation{source_->path, "", ByteRange{offset_of(box), stored_bytes(box.shape)}};
  }

  std::string describe(const Box& box) const {
    return fmt::format("{} of {}, values {}", name_, source_->path, to_string(box));
  }

 private:
  std::int64_t row_bytes(const Shape& box) const {
    std::int64_t bytes = type_.size;
    for (int d = 1; d < box.rank(); ++d) bytes *= box[d];
    return bytes;
  }

  std::int64_t offset_of(const Box& box) const {
    if (box.shape.rank() == 0) return layout_.begin;
    std::int64_t offset = layout_.begin + box.begin[0] * layout_.file_step;
    for (int d = 1; d < box.shape.rank(); ++d) offset += box.begin[d] * steps_[d];
    return offset;
  }

  void read_run(const ValueReader& file, std::int64_t offset, MutableByteView into) const {
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
  DataType type_;
  Index steps_;
  Layout layout_;
};

class ClassicStream final : public BoxStream {
 public:
  ClassicStream(std::shared_ptr<const ClassicValues> values, const Box& leaf, const Shape& piece,
                std::vector<Part> parts)
      : BoxStream(leaf.shape, piece, std::move(parts), true),
        values_(std::move(values)),
        leaf_(leaf) {}

 private:
  void read_box(const Box& box, Buffer& into) override {
    const Box values = shifted(box, leaf_.begin);
    in_context([&] { return values_->describe(values); },
               [&] {
                 if (file_ == nullptr) file_ = values_->open();
                 values_->read(*file_, values, into);
               });
  }
  ArrayView view(ByteView piece, const Box& box) const override {
    return values_->view(piece, box.shape);
  }

  std::shared_ptr<const ClassicValues> values_;
  Box leaf_;
  std::unique_ptr<ValueReader> file_;
};

class ClassicLeafReader final : public LeafReader {
 public:
  ClassicLeafReader(std::shared_ptr<const ClassicValues> values, const ClassicVariable& variable,
                    const Layout& layout)
      : LeafReader(variable.type, ChunkGrid(variable.shape, run_of(variable.shape, variable.type,
                                                                   layout, kStreamedBytes))),
        values_(std::move(values)),
        piece_(
            run_of(clipped(grid().chunk(), variable.shape), variable.type, layout, kStreamBytes)) {}

  std::int64_t stored_bound() const override {
    return values_->stored_bytes(clipped(grid().chunk(), grid().shape()));
  }
  std::int64_t scratch_bound() const override { return 0; }

  bool fetch(const Index& position, Buffer& stored) const override {
    in_context([&] { return describe(position); },
               [&] { values_->read(*values_->open(), grid().box_of(position), stored); });
    return true;
  }

  std::int64_t stream_bytes() const override { return values_->stored_bytes(piece_); }
  std::unique_ptr<LeafStream> stream(const Index& position,
                                     std::vector<Part> parts) const override {
    const Box leaf = grid().box_of(position);
    return std::make_unique<ClassicStream>(values_, leaf, clipped(piece_, leaf.shape),
                                           std::move(parts));
  }

  void decode(const Index& position, ByteView stored, std::span<const Part> parts, StringArena&,
              CodecContext&) const override {
    const ArrayView leaf = values_->view(stored, grid().box_of(position).shape);
    for (const Part& part : parts) place_elements(leaf.part(part.box), part, true);
  }

  void fill(std::span<const Part>, StringArena&) const override {
    throw Error(ErrorKind::internal, "a classic netCDF file lacks no leaf");
  }

  std::optional<LeafLocation> locate(const Index& position) const override {
    return values_->locate(grid().box_of(position));
  }

  std::string describe(const Index& position) const override {
    return values_->describe(grid().box_of(position));
  }

 private:
  static Shape clipped(Shape shape, const Shape& extents) {
    for (int d = 0; d < shape.rank(); ++d) {
      shape[d] = std::min(shape[d], std::max<std::int64_t>(extents[d], 1));
    }
    return shape;
  }

  std::shared_ptr<const ClassicValues> values_;
  Shape piece_;
};

}  // namespace

std::shared_ptr<const LeafReader> classic_leaf_reader(std::shared_ptr<const SourceFile> source,
                                                      const ClassicHeader& header,
                                                      const ClassicVariable& variable) {
  const Layout layout = layout_of(header, variable);
  return std::make_shared<ClassicLeafReader>(
      std::make_shared<ClassicValues>(std::move(source), variable, layout), variable, layout);
}

}  // namespace gridmill
