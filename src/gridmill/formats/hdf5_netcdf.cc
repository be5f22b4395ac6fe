#include "gridmill/formats/hdf5_netcdf.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_map>

#include "gridmill/base/text.h"
#include "gridmill/formats/hdf5_links.h"

namespace gridmill {
namespace {

constexpr int kMostNesting = 128;  // of groups in groups
constexpr int kMaxLinks = 16;      // soft links on the way of one, as HDF5's library has it
constexpr std::string_view kNonCoordinate = "_nc4_non_coord_";
constexpr std::string_view kDimensionOnly = "This is a netCDF dimension but not a netCDF variable.";

// The class must be a text of exactly this form, as HDF5's own library of dimension scales has it.
bool is_scale(const std::vector<Hdf5Attribute>& attributes) {
  constexpr std::string_view kClass{"DIMENSION_SCALE\0", 16};
  const Hdf5Attribute* cls = find_attribute(attributes, "CLASS");
  return cls != nullptr && cls->type.cls == Hdf5Type::Class::text &&
         cls->type.padding == Hdf5Text::null_terminated && as_text(cls->bytes) == kClass;
}

// What is known of a variable beside what stays of it.
struct Pending {
  bool is_scale = false;
  bool has_coordinates = false;  // its dimensions are known by their ids
  // For each dimension the last scale attached to it; nullopt: none is attached to the first.
  std::optional<std::vector<std::uint64_t>> scales;
};

class NetcdfView {
 public:
  NetcdfView(Hdf5Blocks& blocks, Hdf5GlobalHeap& heap, std::uint64_t root)
      : blocks_(blocks), heap_(heap), root_(root) {
    group(read_hdf5_object(blocks_, root), "", std::nullopt, 0);
    result_.is_classic_model =
        find_attribute(result_.groups[0].attributes, "_nc3_strict") != nullptr;
    match(0);
    measure_unlimited();
  }

  Hdf5Netcdf take() { return std::move(result_); }

 private:
  struct ChildGroup {
    std::string path;
    Hdf5Object object;
  };

  void note(std::string text) { result_.notes.push_back(std::move(text)); }

  void group(const Hdf5Object& object, const std::string& path, std::optional<std::size_t> parent,
             int depth) {
    if (depth > kMostNesting) {
      throw Error(ErrorKind::unsupported, fmt::format("groups nested {} deep", depth));
    }
    const std::size_t self = result_.groups.size();
    groups_seen_.insert(object.address);
    result_.groups.emplace_back();
    pending_.emplace_back();
    order_.emplace_back();
    children_.emplace_back();
    result_.groups[self].path = path;
    result_.groups[self].parent = parent;
    result_.groups[self].attributes = read_hdf5_attributes(blocks_, object);
    std::vector<ChildGroup> below;
    for (const Hdf5Link& link : read_hdf5_links(blocks_, object)) {
      const std::string name = path.empty() ? link.name : path + "/" + link.name;
      in_context([&] { return "object " + name; },
                 [&] { follow(link, object, self, name, below); });
    }
    for (const ChildGroup& child : below) {
      if (groups_seen_.contains(child.object.address)) {
        note(fmt::format("group {} is left out: it is another name of a group that is listed",
                         child.path));
        continue;
      }
      children_[self].push_back(result_.groups.size());
      in_context([&] { return "group " + child.path; },
                 [&] { group(child.object, child.path, self, depth + 1); });
    }
  }

  void follow(const Hdf5Link& link, const Hdf5Object& group, std::size_t self,
              const std::string& path, std::vector<ChildGroup>& below) {
    int links_left = kMaxLinks;
    const std::optional<std::uint64_t> address = resolve(link, group.address, links_left);
    if (!address) {
      return note(fmt::format("{} is left out: a link to {}, which {}", path, link.target,
                              links_left < 0
                                  ? fmt::format("leads through more than {} links", kMaxLinks)
                                  : "is not there"));
    }
    Hdf5Object object = read_hdf5_object(blocks_, *address);
    if (object.is_group()) {
      below.push_back({path, std::move(object)});
    } else if (object.is_dataset()) {
      dataset(std::move(object), link.name, self);
    } else if (object.is_type()) {
      const Hdf5Message* type = object.find(Hdf5MessageType::datatype);
      result_.types.emplace_back(link.name, read_hdf5_type(blocks_, *type));
    } else {
      throw Error(ErrorKind::unsupported, "neither a group, a dataset nor a datatype");
    }
  }

  // nullopt: a soft link to what isn't there, or (links_left < 0) one of too many.
  std::optional<std::uint64_t> resolve(const Hdf5Link& link, std::uint64_t group, int& links_left) {
    if (link.kind == Hdf5Link::Kind::external) {
      throw Error(ErrorKind::unsupported, "a link to another file");
    }
    if (link.kind == Hdf5Link::Kind::hard) return link.address;
    if (--links_left < 0) return std::nullopt;
    blocks_.spend(link.target.size());
    std::uint64_t at = link.target.starts_with('/') ? root_ : group;
    for (const std::string& name : split(link.target, '/')) {
      if (name.empty() || name == ".") continue;
      const ByName& links = links_of(at);
      const auto found = links.find(name);
      if (found == links.end()) return std::nullopt;
      const std::optional<std::uint64_t> next = resolve(found->second, at, links_left);
      if (!next) return std::nullopt;
      at = *next;
    }
    return at;
  }

  // For soft links, of which many may lead through one group. Empty for what is no group.
  using ByName = std::unordered_map<std::string, Hdf5Link>;
  const ByName& links_of(std::uint64_t address) {
    if (const auto known = links_.find(address); known != links_.end()) return known->second;
    ByName& links = links_[address];
    const Hdf5Object object = read_hdf5_object(blocks_, address);
    if (!object.is_group()) return links;
    for (Hdf5Link& link : read_hdf5_links(blocks_, object)) links.emplace(link.name, link);
    return links;
  }

  void dataset(Hdf5Object object, const std::string& name, std::size_t self) {
    Hdf5Variable variable;
    variable.attributes = read_hdf5_attributes(blocks_, object);
    variable.space = parse_hdf5_space(required_message(object, Hdf5MessageType::dataspace).bytes,
                                      blocks_.file());
    variable.type = read_hdf5_type(blocks_, *object.find(Hdf5MessageType::datatype));
    std::erase_if(object.messages,
                  [](const Hdf5Message& m) { return m.type == Hdf5MessageType::attribute; });
    variable.object = std::move(object);
    Pending pending;
    pending.is_scale = variable.space.rank() > 0 && is_scale(variable.attributes);
    std::optional<int> own;
    if (pending.is_scale) {
      own = scale(variable, name, self);
      if (!own) return;
    }
    variable.name = name.size() > kNonCoordinate.size() && name.starts_with(kNonCoordinate)
                        ? name.substr(kNonCoordinate.size())
                        : name;
    variable.dimensions.assign(static_cast<std::size_t>(variable.space.rank()), -1);
    pending.has_coordinates = coordinates(variable);
    if (own && variable.space.rank() == 1) variable.dimensions[0] = *own;
    if (!own && !pending.has_coordinates) pending.scales = attached_scales(variable);
    drop_dimension_attributes(variable);
    result_.groups[self].variables.push_back(std::move(variable));
    pending_[self].push_back(std::move(pending));
  }

  // The dimension that a scale defines; nullopt if it is nothing else than that.
  std::optional<int> scale(const Hdf5Variable& variable, const std::string& name,
                           std::size_t self) {
    Hdf5Dimension dimension;
    const Hdf5Attribute* assigned = find_attribute(variable.attributes, "_Netcdf4Dimid");
    const std::vector<std::int64_t> ids =
        assigned == nullptr ? std::vector<std::int64_t>() : hdf5_integers(*assigned);
    if (!ids.empty() && ids[0] >= 0 && ids[0] < INT32_MAX) {
      dimension.id = static_cast<int>(ids[0]);
      next_id_ = std::max(next_id_, dimension.id + 1);
    }
    dimension.name = name;
    dimension.size = variable.space.shape[0];
    dimension.scale = variable.object.address;
    const int id = add(std::move(dimension), variable.space.max[0] < 0, self);
    const Hdf5Attribute* label = find_attribute(variable.attributes, "NAME");
    const std::vector<std::string> texts =
        label == nullptr ? std::vector<std::string>() : hdf5_texts(*label, heap_);
    const bool is_only = !texts.empty() && texts[0].starts_with(kDimensionOnly);
    if (!is_only) return id;
    // As netCDF-C has it at this moment, which counts where dimensions are invented.
    Hdf5Dimension& added = result_.dimensions.at(id);
    if (added.is_unlimited) added.size = largest_extent(id, self);
    return std::nullopt;
  }

  std::int64_t largest_extent(int id, std::size_t group) const {
    std::int64_t largest = 0;
    for (const Hdf5Variable& variable : result_.groups[group].variables) {
      for (std::size_t d = 0; d < variable.dimensions.size(); ++d) {
        if (variable.dimensions[d] == id) largest = std::max(largest, variable.space.shape[d]);
      }
    }
    return largest;
  }

  // A length of 0 is taken for unlimited, as netCDF-C does.
  int add(Hdf5Dimension dimension, bool is_unlimited, std::size_t self) {
    if (dimension.id < 0) dimension.id = next_id_++;
    dimension.is_unlimited = is_unlimited || dimension.size == 0;
    dimension.group = self;
    const int id = dimension.id;
    if (const auto known = result_.dimensions.find(id); known != result_.dimensions.end()) {
      throw Error(ErrorKind::unsupported, fmt::format("dimensions {} and {} have one id, {}",
                                                      known->second.name, dimension.name, id));
    }
    order_[self].push_back(id);
    if (dimension.scale != kNoAddress) by_scale_[dimension.scale].push_back(id);
    result_.dimensions.emplace(id, std::move(dimension));
    return id;
  }

  bool coordinates(Hdf5Variable& variable) const {
    const Hdf5Attribute* hidden = find_attribute(variable.attributes, "_Netcdf4Coordinates");
    if (hidden == nullptr) return false;
    const std::vector<std::int64_t> ids = hdf5_integers(*hidden);
    if (ids.size() != variable.dimensions.size()) {
      throw Error(ErrorKind::corrupt,
                  fmt::format("_Netcdf4Coordinates has {} dimensions, the dataset {}", ids.size(),
                              variable.dimensions.size()));
    }
    for (std::size_t d = 0; d < ids.size(); ++d) variable.dimensions[d] = static_cast<int>(ids[d]);
    return true;
  }

  std::optional<std::vector<std::uint64_t>> attached_scales(const Hdf5Variable& variable) {
    using Class = Hdf5Type::Class;
    const Hdf5Attribute* list = find_attribute(variable.attributes, "DIMENSION_LIST");
    const std::size_t rank = variable.dimensions.size();
    if (list == nullptr || list->type.cls != Class::variable_length ||
        list->type.parts[0].cls != Class::reference ||
        list->bytes.size() / list->type.size < rank) {
      return std::nullopt;
    }
    const std::uint64_t unit = list->type.parts[0].size;
    std::vector<std::uint64_t> scales(rank, kNoAddress);
    for (std::size_t d = 0; d < rank; ++d) {
      const Bytes references =
          heap_.element(ByteView(list->bytes).subspan(d * list->type.size, list->type.size), unit);
      if (references.size() < unit) continue;
      Hdf5Cursor last = blocks_.cursor(ByteView(references).last(unit));
      scales[d] = last.offset();
    }
    if (rank == 0 || scales[0] == kNoAddress) return std::nullopt;
    return scales;
  }

  // They can be large, and have said what they had to say.
  static void drop_dimension_attributes(Hdf5Variable& variable) {
    std::erase_if(variable.attributes, [](const Hdf5Attribute& a) {
      return a.name == "DIMENSION_LIST" || a.name == "REFERENCE_LIST";
    });
  }

  // The dimensions of a group by size and by whether they are unlimited, in the order of reading.
  using Alike = std::map<std::pair<std::int64_t, bool>, std::vector<int>>;

  void match(std::size_t self) {
    for (const std::size_t child : children_[self]) match(child);
    Alike alike;
    for (const int id : order_[self]) register_alike(id, alike);
    std::vector<Hdf5Variable>& variables = result_.groups[self].variables;
    for (std::size_t v = 0; v < variables.size(); ++v) {
      const Pending& pending = pending_[self][v];
      if (pending.scales) match_scales(variables[v], *pending.scales, self);
      // Also what a list of scales left open.
      if (!pending.has_coordinates) invent(variables[v], self, alike);
      check_dimensions(variables[v]);
    }
  }

  void register_alike(int id, Alike& alike) const {
    const Hdf5Dimension& dimension = result_.dimensions.at(id);
    alike[{dimension.size, dimension.is_unlimited}].push_back(id);
  }

  void match_scales(Hdf5Variable& variable, const std::vector<std::uint64_t>& scales,
                    std::size_t self) const {
    for (std::size_t d = 0; d < scales.size(); ++d) {
      const auto known = by_scale_.find(scales[d]);
      if (known != by_scale_.end()) variable.dimensions[d] = nearest(known->second, self);
    }
  }

  // Of the dimensions that one scale defines (it may have several names), that of this group or the
  // nearest above; -1: there is none.
  int nearest(const std::vector<int>& ids, std::size_t self) const {
    for (std::optional<std::size_t> at = self; at; at = result_.groups[*at].parent) {
      const auto found = std::find_if(
          ids.begin(), ids.end(), [&](int id) { return result_.dimensions.at(id).group == *at; });
      if (found != ids.end()) return *found;
    }
    return -1;
  }

  // Whether `group` is `ancestor` or lies below it.
  bool is_within(std::size_t group, std::size_t ancestor) const {
    std::optional<std::size_t> at = group;
    while (at && *at != ancestor) at = result_.groups[*at].parent;
    return at.has_value();
  }

  void invent(Hdf5Variable& variable, std::size_t self, Alike& alike) {
    for (std::size_t d = 0; d < variable.dimensions.size(); ++d) {
      if (variable.dimensions[d] >= 0) continue;
      const bool is_unlimited = variable.space.max[d] < 0;
      const std::int64_t size = variable.space.shape[d];
      int id = unused(alike[{size, is_unlimited}], variable.dimensions, d);
      if (id < 0) {
        Hdf5Dimension dimension;
        dimension.name = fmt::format("phony_dim_{}", next_id_);
        dimension.size = size;
        id = add(std::move(dimension), is_unlimited, self);
        register_alike(id, alike);
      }
      variable.dimensions[d] = id;
    }
  }

  // The first that is none of the first `d` dimensions of a variable; -1: all are.
  static int unused(const std::vector<int>& ids, const std::vector<int>& of_variable,
                    std::size_t d) {
    const auto end = of_variable.begin() + static_cast<std::ptrdiff_t>(d);
    for (const int id : ids) {
      if (std::find(of_variable.begin(), end, id) == end) return id;
    }
    return -1;
  }

  void check_dimensions(const Hdf5Variable& variable) const {
    for (const int id : variable.dimensions) {
      if (result_.dimensions.contains(id)) continue;
      throw Error(ErrorKind::corrupt, fmt::format("variable {} has dimension {}, which isn't there",
                                                  variable.name, id));
    }
  }

  // An unlimited dimension is as long as the longest variable that uses it in its group or below.
  void measure_unlimited() {
    for (auto& [id, dimension] : result_.dimensions) {
      if (dimension.is_unlimited) dimension.size = 0;
    }
    for (std::size_t g = 0; g < result_.groups.size(); ++g) {
      for (const Hdf5Variable& variable : result_.groups[g].variables) {
        for (std::size_t d = 0; d < variable.dimensions.size(); ++d) {
          Hdf5Dimension& dimension = result_.dimensions.at(variable.dimensions[d]);
          if (!dimension.is_unlimited || !is_within(g, dimension.group)) continue;
          dimension.size = std::max(dimension.size, variable.space.shape[d]);
        }
      }
    }
  }

  Hdf5Blocks& blocks_;
  Hdf5GlobalHeap& heap_;
  std::uint64_t root_;
  Hdf5Netcdf result_;
  int next_id_ = 0;
  std::vector<std::vector<Pending>> pending_;  // beside the variables of each group
  std::vector<std::vector<int>> order_;        // ids of each group's dimensions, as they were read
  std::map<std::uint64_t, std::vector<int>> by_scale_;
  std::vector<std::vector<std::size_t>> children_;
  std::set<std::uint64_t> groups_seen_;
  std::map<std::uint64_t, ByName> links_;  // of groups on the way of a soft link
};

}  // namespace

const std::string* Hdf5Netcdf::name_of(const Hdf5Type& type) const {
  for (const auto& [name, known] : types) {
    if (same_in_memory(known, type)) return &name;
  }
  return nullptr;
}

Hdf5Netcdf read_hdf5_netcdf(Hdf5Blocks& blocks, Hdf5GlobalHeap& heap, std::uint64_t root) {
  return NetcdfView(blocks, heap, root).take();
}

}  // namespace gridmill
