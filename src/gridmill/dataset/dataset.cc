#include "gridmill/dataset/dataset.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/base/checked.h"
#include "gridmill/base/text.h"
#include "gridmill/system/at_once.h"
#include "gridmill/zarr/data_type_names.h"

namespace gridmill {
namespace {

// Strides of `part.shape` inside a C-ordered array that begins at `part.begin` - `origin`.
MutableArrayView window(const MutableArrayView& whole, const Box& part, const Index& origin) {
  return whole.part(shifted(part, origin, -1));
}

// Requests of a reader under way at once, and what they may bring before the first is decoded: a
// coordinate in hundreds of chunks far away takes hundreds of waits otherwise.
constexpr std::size_t kRequests = 16;
constexpr std::int64_t kFetchedBytes = std::int64_t{16} << 20;
constexpr std::int64_t kMostLeaves = 1024;

// The leaves of one block that touch `wanted` (both in the block's own positions).
class BlockRead {
 public:
  BlockRead(const LeafReader& reader, const Box& wanted, const MutableArrayView& into,
            StringArena& strings, LeafRequests requests)
      : reader_(reader),
        wanted_(wanted),
        into_(into),
        strings_(strings),
        most_(requests == LeafRequests::one_by_one ? 1 : leaves_at_once(reader)) {}

  void run() {
    for_each_position(reader_.grid().touching(wanted_), [&](const Index& position) {
      if (touched(position).is_empty()) return;
      leaves_.push_back(position);
      if (static_cast<std::int64_t>(leaves_.size()) == most_) read_leaves();
    });
    read_leaves();
  }

 private:
  // By what leaves are decoded: to know what they are stored as, their store would be listed.
  static std::int64_t leaves_at_once(const LeafReader& reader) {
    if (reader.type() == types::string) return kRequests;  // of any length
    const std::int64_t bytes = volume(reader.grid().chunk()) * reader.type().size;
    return std::clamp<std::int64_t>(kFetchedBytes / std::max<std::int64_t>(1, bytes), 1,
                                    kMostLeaves);
  }

  Box touched(const Index& position) const {
    return intersect(reader_.grid().box_of(position), wanted_);
  }

  // Fetched together, decoded in their order.
  void read_leaves() {
    stored_.resize(std::max(stored_.size(), leaves_.size()));
    is_there_.resize(stored_.size());
    const auto fetch = [&](std::size_t i) {
      in_context([&] { return reader_.describe(leaves_[i]); },
                 [&] { is_there_[i] = reader_.fetch(leaves_[i], stored_[i]) ? 1 : 0; });
    };
    for_each_at_once(leaves_.size(), fetch, kRequests);
    for (std::size_t i = 0; i < leaves_.size(); ++i) {
      in_context([&] { return reader_.describe(leaves_[i]); }, [&] { place(i); });
    }
    leaves_.clear();
  }

  void place(std::size_t i) {
    const Box leaf = reader_.grid().box_of(leaves_[i]);
    const Box box = intersect(leaf, wanted_);
    const Part part{shifted(box, leaf.begin, -1), window(into_, box, wanted_.begin)};
    if (is_there_[i] != 0) {
      reader_.decode(leaves_[i], stored_[i], {&part, 1}, strings_, context_);
    } else {
      reader_.fill({&part, 1}, strings_);
    }
  }

  const LeafReader& reader_;
  const Box wanted_;
  const MutableArrayView into_;
  StringArena& strings_;
  const std::int64_t most_;
  CodecContext context_;
  std::vector<Index> leaves_;  // to be read next
  std::vector<Buffer> stored_;
  std::vector<char> is_there_;
};

void check_region(const Variable& variable, const Box& region) {
  if (region.rank() == variable.shape.rank() && contains(whole_box(variable.shape), region)) return;
  throw Error(ErrorKind::invalid,
              fmt::format("region {} is not inside {} with shape {}", to_string(region),
                          variable.path(), to_string(variable.shape)));
}

Array read_region(const Variable& variable, const Box& region, std::int64_t limit_bytes,
                  LeafRequests requests) {
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
    BlockRead(*block.reader, shifted(touched, block.offset, -1),
              window(array.view(), touched, region.begin), array.strings(), requests)
        .run();
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

Array read_array(const Variable& variable, const Box& region, std::int64_t limit_bytes,
                 LeafRequests requests) {
  return in_context([&] { return fmt::format("variable {}", variable.path()); },
                    [&] { return read_region(variable, region, limit_bytes, requests); });
}

bool is_group_within(const std::string& group, const std::string& above) {
  return above.empty() || group == above || group.starts_with(above + "/");
}

bool is_dimension_coordinate(const Variable& variable) noexcept {
  return variable.dimensions.size() == 1 && variable.dimensions[0] == variable.name;
}

}  // namespace gridmill
