#include "gridmill/jobs/dump_outline.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "gridmill/array/copy.h"
#include "gridmill/base/text.h"

namespace gridmill {
namespace {

constexpr std::int64_t kWholeUpTo = 1000;
constexpr std::int64_t kEdge = 3;

// The positions along one dimension that are shown; -1 stands for those left out.
std::vector<std::int64_t> shown(std::int64_t extent, bool is_whole) {
  std::vector<std::int64_t> positions;
  for (std::int64_t i = 0; i < extent; ++i) {
    if (is_whole || extent <= 2 * kEdge || i < kEdge || i >= extent - kEdge) {
      positions.push_back(i);
    } else if (i == kEdge) {
      positions.push_back(-1);
      i = extent - kEdge - 1;
    }
  }
  return positions;
}

// The texts of the shown elements, by position relative to the region.
class Texts {
 public:
  Texts(const Variable& variable, const Box& region, const Packing& packing,
        const ElementText& element, bool is_whole)
      : variable_(variable), region_(region), packing_(packing), element_(element) {
    Box box = whole_box(region.shape);
    read_corners(box, 0, is_whole);
  }

  const std::string& at(const Index& position) const {
    return texts_.at(ChunkGrid(region_.shape, Index::filled(region_.rank(), 1)).ordinal(position));
  }
  std::size_t widest() const noexcept { return widest_; }

 private:
  void read_corners(Box& box, int d, bool is_whole) {
    if (d == box.rank()) {
      read(box);
      return;
    }
    const std::int64_t extent = region_.shape[d];
    if (is_whole || extent <= 2 * kEdge) {
      read_corners(box, d + 1, is_whole);
      return;
    }
    for (const std::int64_t begin : {std::int64_t{0}, extent - kEdge}) {
      box.begin[d] = begin;
      box.shape[d] = kEdge;
      read_corners(box, d + 1, is_whole);
    }
    box.begin[d] = 0;
    box.shape[d] = extent;
  }

  void read(const Box& box) {
    const Array packed = read_array(variable_, shifted(box, region_.begin));
    Array values(packing_.unpacked, box.shape);
    if (packing_.is_identity()) {
      copy_array(packed.view(), values.view());
    } else {
      unpack(packing_, packed.view(), values.view());
    }
    const ChunkGrid places(region_.shape, Index::filled(region_.rank(), 1));
    const std::byte* at = values.view().data;
    for_each_position(box, [&](const Index& position) {
      Buffer buffer;
      TextBuffer out(buffer);
      element_.put_plain(out, at);
      out.finish();
      at += values.type().size;
      std::string text(as_text(buffer));
      widest_ = std::max(widest_, text.size());
      texts_[places.ordinal(position)] = std::move(text);
    });
  }

  const Variable& variable_;
  const Box& region_;
  const Packing& packing_;
  const ElementText& element_;
  std::map<std::int64_t, std::string> texts_;
  std::size_t widest_ = 0;
};

void put_list(const Texts& texts, const Shape& shape, Index& at, int d, bool is_whole,
              std::string& out) {
  if (d == shape.rank()) {
    out += fmt::format("{:>{}}", texts.at(at), texts.widest());
    return;
  }
  const bool is_last = d + 1 == shape.rank();
  const std::string between =
      is_last ? " "
              : std::string(static_cast<std::size_t>(shape.rank() - d - 1), '\n') +
                    std::string(static_cast<std::size_t>(d) + 1, ' ');
  out += "[";
  bool is_first = true;
  std::size_t column = 0;
  for (const std::int64_t position : shown(shape[d], is_whole)) {
    if (!is_first) out += between;
    if (is_last && !is_first && (column += texts.widest() + 1) > 88) {
      out.back() = '\n';
      out += std::string(static_cast<std::size_t>(d) + 1, ' ');
      column = 0;
    }
    is_first = false;
    if (position < 0) {
      out += "...";
      continue;
    }
    at[d] = position;
    put_list(texts, shape, at, d + 1, is_whole, out);
  }
  out += "]";
}

}  // namespace

std::string outline(const Variable& variable, const Box& region, const Packing& packing,
                    const ElementText& element) {
  std::vector<std::string> extents;
  for (int d = 0; d < region.rank(); ++d) {
    extents.push_back(
        fmt::format("{}: {}", variable.dimensions[static_cast<std::size_t>(d)], region.shape[d]));
  }
  std::string out =
      fmt::format("{} ({}) {}", variable.path(), join(extents, ", "), variable.type.name());
  if (packing.unpacked != packing.packed) out += " read as " + packing.unpacked.name();
  const std::string_view units = variable.attributes.text("units");
  if (!units.empty()) out += fmt::format(", {}", units);
  out += "\n";
  if (region.is_empty()) return out + empty_json(region.shape) + "\n";
  const bool is_whole = volume(region.shape) <= kWholeUpTo;
  const Texts texts(variable, region, packing, element, is_whole);
  Index at = Index::filled(region.rank(), 0);
  put_list(texts, region.shape, at, 0, is_whole, out);
  return out + "\n";
}

}  // namespace gridmill
