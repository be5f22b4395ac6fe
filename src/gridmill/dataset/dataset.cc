#include "gridmill/dataset/dataset.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/base/checked.h"
#include "gridmill/base/text.h"
#include "gridmill/zarr/data_type_names.h"

namespace gridmill {
namespace {

// Strides of `part.shape` inside a C-ordered array that begins at `part.begin` - `origin`.
MutableArrayView window(const MutableArrayView& whole, const Box& part, const Index& origin) {
  return whole.part(shifted(part, origin, -1));
}

// The leaves of one block that touch `wanted` (both in the block's own positions).
void read_block(const LeafReader& reader, const Box& wanted, const MutableArrayView& into,
                StringArena& strings) {
  Buffer stored;
  CodecContext context;
  const ChunkGrid& grid = reader.grid();
  for_each_position(grid.touching(wanted), [&](const Index& position) {
    const Box leaf = grid.box_of(position);
    const Box touched = intersect(leaf, wanted);
    if (touched.is_empty()) return;
    const Part part{shifted(touched, leaf.begin, -1), window(into, touched, wanted.begin)};
    in_context([&] { return reader.describe(position); },
               [&] {
                 if (reader.fetch(position, stored)) {
                   reader.decode(position, stored, {&part, 1}, strings, context);
                 } else {
                   reader.fill({&part, 1}, strings);
                 }
               });
  });
}

void check_region(const Variable& variable, const Box& region) {
  if (region.rank() == variable.shape.rank() && contains(whole_box(variable.shape), region)) return;
  throw Error(ErrorKind::invalid,
              fmt::format("region {} is not inside {} with shape {}", to_string(region),
                          variable.path(), to_string(variable.shape)));
}

Array read_region(const Variable& variable, const Box& region, std::int64_t limit_bytes) {
  check_region(variable, region);
  const std::int64_t bytes = checked_mul(volume(region.shape), variable.type.size, "array size");
  if (bytes > limit_bytes) {
    throw Error(ErrorKind::out_of_memory,
                fmt::format("{} are more than the {} allowed here",
                            format_bytes(static_cast<double>(bytes)),
                            format_bytes(static_cast<double>(limit_bytes))));
  }
  Array array(variable.type, region.shape);
  std::int64_t covered = 0;
  for (const Block& block : variable.blocks) {
    const Box whole{block.offset, block.reader->grid().shape()};
    const Box touched = intersect(whole, region);
    if (touched.is_empty() || region.is_empty()) continue;
    covered += volume(touched.shape);
    read_block(*block.reader, shifted(touched, block.offset, -1),
               window(array.view(), touched, region.begin), array.strings());
  }
  if (covered != volume(region.shape)) {
    throw Error(ErrorKind::internal, fmt::format("the blocks hold {} of {} elements of {}", covered,
                                                 volume(region.shape), to_string(region)));
  }
  return array;
}

}  // namespace

std::string Variable::type_name() const {
  return zarr && zarr->type == type ? spelled_name(type, zarr->document) : type.name();
}

int Variable::dimension_index(std::string_view dimension) const noexcept {
  const auto found = std::find(dimensions.begin(), dimensions.end(), dimension);
  return found == dimensions.end() ? -1 : static_cast<int>(found - dimensions.begin());
}

const Variable* Dataset::find(std::string_view path) const noexcept {
  const auto slash = path.rfind('/');
  const std::string_view group = slash == std::string_view::npos ? "" : path.substr(0, slash);
  const std::string_view name = slash == std::string_view::npos ? path : path.substr(slash + 1);
  for (const Variable& variable : variables) {
    if (variable.name == name && variable.group == group) return &variable;
  }
  return nullptr;
}

const Variable& Dataset::at(std::string_view path) const {
  if (const Variable* variable = find(path)) return *variable;
  throw Error(ErrorKind::not_found, fmt::format("{} has no variable {}{}", location, path,
                                                did_you_mean(path, variable_paths())));
}

std::vector<std::string> Dataset::variable_paths() const {
  std::vector<std::string> paths;
  paths.reserve(variables.size());
  for (const Variable& variable : variables) paths.push_back(variable.path());
  return paths;
}

Array read_array(const Variable& variable, std::int64_t limit_bytes) {
  return read_array(variable, whole_box(variable.shape), limit_bytes);
}

Array read_array(const Variable& variable, const Box& region, std::int64_t limit_bytes) {
  return in_context([&] { return fmt::format("variable {}", variable.path()); },
                    [&] { return read_region(variable, region, limit_bytes); });
}

bool is_group_within(const std::string& group, const std::string& above) {
  return above.empty() || group == above || group.starts_with(above + "/");
}

bool is_dimension_coordinate(const Variable& variable) noexcept {
  return variable.dimensions.size() == 1 && variable.dimensions[0] == variable.name;
}

}  // namespace gridmill
