#include "gridmill/field/side.h"

#include <fmt/format.h>

#include "gridmill/base/error.h"
#include "gridmill/base/hashing.h"
#include "gridmill/base/text.h"

namespace gridmill {
namespace {

void read_leaf(const Leaf& leaf, const std::vector<Part>& parts, Array& into,
               CodecContext& context) {
  Buffer stored(static_cast<std::size_t>(leaf.reader->stored_bound()));
  if (leaf.reader->fetch(leaf.position, stored)) {
    leaf.reader->decode(leaf.position, stored, parts, into.strings(), context);
  } else {
    leaf.reader->fill(parts, into.strings());
  }
}

}  // namespace

std::string Side::digest() const {
  const ArrayView view = values.view();
  const std::string content =
      to_hex(hash_bytes(ByteView(view.data, static_cast<std::size_t>(view.byte_size()))));
  return to_hex(
      hash_bytes(as_bytes(view.type.name() + " " + to_string(view.shape) + " " + content)));
}

SidePtr load_side(std::string name, const Source& source, std::int64_t limit_bytes) {
  return in_context(
      [&] { return "side " + name; },
      [&]() -> SidePtr {
        if (source.type().is_string()) {
          throw Error(ErrorKind::unsupported, "a side can't hold texts");
        }
        const std::int64_t bytes =
            checked_mul(volume(source.shape()), source.type().size, "the side's size");
        if (bytes > limit_bytes) {
          throw Error(ErrorKind::out_of_memory,
                      fmt::format("it takes {} and only {} are left for it; give more --memory",
                                  format_bytes(static_cast<double>(bytes)),
                                  format_bytes(static_cast<double>(limit_bytes))));
        }
        auto side = std::make_shared<Side>();
        side->name = std::move(name);
        side->dimensions = source.dimensions();
        side->values = Array(source.type(), source.shape());
        const Box whole = whole_box(source.shape());
        CodecContext context;
        source.leaves(whole, [&](const Leaf& leaf) {
          std::vector<Part> parts;
          source.scatter(leaf, whole, side->values.view(), parts);
          read_leaf(leaf, parts, side->values, context);
        });
        return side;
      });
}

}  // namespace gridmill
