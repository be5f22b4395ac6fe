#include "gridmill/jobs/zarr_target.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "gridmill/base/base64.h"
#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/codec/short_form.h"
#include "gridmill/engine/layout.h"
#include "gridmill/jobs/shard_stages.h"
#include "gridmill/zarr/fill_json.h"
#include "gridmill/zarr/metadata_checks.h"

namespace gridmill {
namespace {

// `_FillValue` as the element that means "missing"; nullopt if there is none or the type can't hold
// it.
std::optional<FillValue> declared_fill(const Variable& variable, const Json& document) {
  const AttributeValue* attribute = variable.attributes.find("_FillValue");
  if (attribute == nullptr) return std::nullopt;
  Json json = attribute->to_json();
  if (json.is_number_float() && !std::isfinite(json.get<double>())) {
    const double value = json.get<double>();
    json = std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
  }
  if (variable.type.kind == ScalarKind::bytes && json.is_string()) {
    json = base64_encode(as_bytes(json.get_ref<const std::string&>()));
  }
  try {
    return fill_from_json(json, variable.type, document, 3);
  } catch (const Error&) {
    return std::nullopt;
  }
}

// What xarray's FillValueCoder reads back from a v3 attribute.
Json v3_fill_attribute(const AttributeValue& value, DataType type) {
  if (type.is_floating()) {
    const double number = value.as_double().value_or(std::nan(""));
    std::byte bytes[sizeof number];
    store_le(bytes, number);
    return base64_encode(bytes);
  }
  if (type.kind == ScalarKind::bytes) return base64_encode(as_bytes(value.as_text()));
  return value.to_json();
}

class TargetMaker {
 public:
  TargetMaker(const Dataset& dataset, int format, const TargetLayout& layout)
      : dataset_(dataset),
        format_(format),
        wish_(layout.wish),
        filling_(layout.filling),
        chunks_("--chunks", layout.chunks, dataset),
        shards_("--shards", layout.shards, dataset),
        codec_("--codec", layout.codec, dataset) {}

  ZarrTarget make() {
    check_wish(wish_);
    check_dimensions();
    for (const Group& group : dataset_.groups) {
      target_.nodes.push_back({group.path, group.attributes, std::nullopt});
    }
    for (const Variable& variable : dataset_.variables) {
      in_context([&] { return "variable " + variable.path(); }, [&] { add(variable); });
    }
    return std::move(target_);
  }

 private:
  // A dimension that no variable has is a spelling mistake, even if the option is for all.
  void check_dimensions() const {
    const SourceLayout all = all_dimensions();
    ArrayMetadata cube;
    cube.shape = cube.chunk = all.shape;
    for (const Variable& variable : dataset_.variables) {
      const VariableOption chunks = chunks_.for_variable(variable);
      if (!chunks.is_own && !chunks.value.empty()) (void)chosen_chunks(all, chunks.value, true);
      const VariableOption shards = shards_.for_variable(variable);
      const std::string lengths = shard_layout(shards.value).lengths;
      if (shards.is_own || lengths.empty() || lengths == "none") continue;
      (void)chosen_shards(cube, all.dimensions, lengths, true);
    }
  }

  // Of all variables; no more than an array may have.
  SourceLayout all_dimensions() const {
    SourceLayout all;
    for (const Variable& variable : dataset_.variables) {
      for (const std::string& name : variable.dimensions) {
        const bool is_known =
            std::find(all.dimensions.begin(), all.dimensions.end(), name) != all.dimensions.end();
        if (is_known || all.shape.rank() == kMaxRank) continue;
        all.dimensions.push_back(name);
        all.shape.push_back(1);
      }
    }
    return all;
  }

  void add(const Variable& variable) {
    TargetArray array;
    array.source = &variable;
    array.metadata = new_array_metadata(format_, variable.type, variable.shape, variable.shape);
    ArrayMetadata& metadata = array.metadata;
    if (const ZarrOrigin* origin = origin_of(variable)) {
      metadata.type_document =
          document_across(variable.type, origin->document, origin->zarr_format, format_);
    }
    set_chunks(variable, array);
    set_shards(variable, metadata);
    set_fill(variable, metadata);
    set_codecs(variable, metadata);
    check_shards(metadata);
    settle_shards(metadata);
    check_writable(metadata);
    check_codecs_have_fill(metadata);
    set_names(variable, metadata);
    settle_dimensions_attribute(variable, metadata);
    set_keys(variable, metadata);
    target_.nodes.push_back({variable.path(), {}, metadata});
    target_.arrays.push_back(std::move(array));
  }

  // A dimension that has no name in a Zarr source has none here: two arrays' first dimensions are
  // not the same because nobody has named them.
  void set_names(const Variable& variable, ArrayMetadata& metadata) {
    metadata.dimension_names = variable.dimensions;
    if (!variable.zarr || variable.zarr->invented.empty()) return;
    const std::set<std::string>& invented = variable.zarr->invented;
    const bool all = invented.size() >= variable.dimensions.size();
    if (format_ == 2 && !all) tell_lost_names(variable);
    if (format_ == 2 || (all && variable.zarr->blank.empty())) {
      metadata.dimension_names.reset();  // v2 names all or none
      return;
    }
    std::vector<std::string>& names = *metadata.dimension_names;
    for (std::size_t d = 0; d < names.size(); ++d) {
      if (!invented.contains(names[d])) continue;
      if (variable.zarr->blank.contains(names[d])) metadata.blank_names.insert(static_cast<int>(d));
      names[d].clear();
    }
  }

  void tell_lost_names(const Variable& variable) {
    std::vector<std::string> lost = variable.dimensions;
    std::erase_if(lost,
                  [&](const std::string& name) { return variable.zarr->invented.contains(name); });
    target_.notes.push_back(
        fmt::format("{}: Zarr v2 names all dimensions or none: {} lost its name, because others "
                    "have none",
                    variable.path(), join(lost, ", ")));
  }

  // v2 says the names in this attribute: it can't say something else as well.
  void settle_dimensions_attribute(const Variable& variable, ArrayMetadata& metadata) {
    if (format_ != 2 || !metadata.dimension_names) return;
    const AttributeValue* said = metadata.attributes.find("_ARRAY_DIMENSIONS");
    if (said == nullptr) return;
    target_.notes.push_back(fmt::format(
        "{}: its attribute _ARRAY_DIMENSIONS {} gives way to the names of its dimensions",
        variable.path(), dump_json(said->to_json(), -1)));
    metadata.attributes.erase("_ARRAY_DIMENSIONS");
  }

  void set_keys(const Variable& variable, ArrayMetadata& metadata) const {
    if (!variable.zarr || variable.zarr->zarr_format != format_) return;
    metadata.chunk_keys = variable.zarr->chunk_keys;
    metadata.separator = variable.zarr->separator;
  }

  void set_chunks(const Variable& variable, TargetArray& array) const {
    const bool is_unwritten = variable.blocks.empty();
    const ChunkChoice choice =
        wished_chunks(dataset_, variable, wish_, chunks_.for_variable(variable),
                      is_unwritten ? filling_ : std::nullopt);
    array.metadata.chunk = choice.chunks;
    array.why_chunks = choice.why;
    array.is_advised = !wish_.access_pattern.empty();
  }

  void set_codecs(const Variable& variable, ArrayMetadata& metadata) const {
    const VariableOption codec = codec_.for_variable(variable);
    const std::optional<NarrowType> narrow = narrow_of(metadata.type_document);
    metadata.codecs = !codec.value.empty()
                          ? parse_codec(codec.value, variable.type, variable.shape.rank(), narrow)
                      : is_read_as_series(variable) ? series_chain(variable.type, narrow)
                                                    : default_chain(variable.type, narrow);
  }

  bool is_read_as_series(const Variable& variable) const {
    return wish_.access_pattern == name_of(AccessPattern::temporal) &&
           !is_dimension_coordinate(variable) &&
           has_reading(Reading::series, variable.shape, axis_roles(dataset_, variable));
  }

  void set_shards(const Variable& variable, ArrayMetadata& metadata) const {
    const VariableOption option = shards_.for_variable(variable);
    if (option.value == "none") return;
    const ShardLayout layout = shard_layout(option.value);
    const bool keeps = variable.shards && variable.chunks == metadata.chunk && format_ == 3;
    if (layout.lengths.empty() && !keeps) return;
    if (format_ == 2) {
      throw Error(ErrorKind::invalid, "--shards: Zarr v2 has no shards; give --zarr-format 3");
    }
    Sharding sharding;
    sharding.shard = layout.lengths.empty() ? *variable.shards
                                            : chosen_shards(metadata, variable.dimensions,
                                                            layout.lengths, option.is_own);
    sharding.index.is_at_end = layout.is_index_at_end.value_or(!variable.has_index_in_front);
    metadata.sharding = sharding;
    check_layout(metadata);
  }

  // Of the codecs: what is wrong is the request.
  void check_shards(const ArrayMetadata& metadata) const {
    if (metadata.codecs.sharding() == nullptr) return;
    if (format_ == 2) (void)metadata.codecs.sharding()->to_v2();
    try {
      metadata.codecs.check_form(metadata.type, metadata.chunk);
    } catch (const Error& error) {
      throw Error(ErrorKind::invalid, std::string("--codec: ") + error.what());
    }
  }

  // What is wrong is the request here, too.
  void check_codecs_have_fill(const ArrayMetadata& metadata) const {
    try {
      check_fill(metadata);
    } catch (const Error& error) {
      throw Error(ErrorKind::invalid,
                  fmt::format("--codec: {}; scalar_map can give it a place", error.message()));
    }
  }

  void set_fill(const Variable& variable, ArrayMetadata& metadata) {
    metadata.attributes = variable.attributes;
    const AttributeValue* declared = variable.attributes.find("_FillValue");
    const std::optional<FillValue> fill = declared_fill(variable, metadata.type_document);
    if (fill) {
      metadata.fill = *fill;
    } else {
      metadata.fill = undeclared_fill(variable);
    }
    if (declared == nullptr) return;
    if (fill && format_ == 2) {
      // xarray takes v2's fill_value for _FillValue.
      metadata.attributes.erase("_FillValue");
      return;
    }
    if (fill) {
      metadata.attributes.set(
          "_FillValue", AttributeValue::from_json(v3_fill_attribute(*declared, variable.type)));
      return;
    }
    metadata.attributes.erase("_FillValue");
    target_.notes.push_back(fmt::format(
        "{}: _FillValue {} is not a value of type {}: left out (no value could ever equal it, "
        "and readers would warn)",
        variable.path(), dump_json(declared->to_json(), -1), variable.type.name()));
  }

  // Zarr's own words about the variable, if it still has the type that they are about.
  static const ZarrOrigin* origin_of(const Variable& variable) {
    return variable.zarr && variable.zarr->type == variable.type ? &*variable.zarr : nullptr;
  }

  // What absent chunks hold is kept, but from v3 to v2: of v2, xarray would take any fill value for
  // _FillValue, that of a text too.
  FillValue undeclared_fill(const Variable& variable) const {
    const ZarrOrigin* origin = origin_of(variable);
    const bool is_kept = origin != nullptr && (format_ == 3 || origin->zarr_format == 2);
    if (!is_kept || origin->fill.is_null()) {
      return format_ == 2 ? FillValue::null(variable.type) : FillValue::zero(variable.type);
    }
    return fill_from_json(origin->fill, variable.type, origin->document, origin->zarr_format);
  }

  const Dataset& dataset_;
  int format_;
  ChunkWish wish_;
  std::optional<FillingFiles> filling_;
  VariableOptions chunks_;
  VariableOptions shards_;
  VariableOptions codec_;
  ZarrTarget target_;
};

}  // namespace

ZarrTarget make_target(const Dataset& dataset, int zarr_format, const TargetLayout& layout) {
  if (zarr_format != 2 && zarr_format != 3) {
    throw Error(ErrorKind::invalid,
                fmt::format("--zarr-format {} is not one of 2 and 3", zarr_format));
  }
  ZarrTarget target = TargetMaker(dataset, zarr_format, layout).make();
  target.zarr_format = zarr_format;
  return target;
}

}  // namespace gridmill
