// zarr_target.h: how a dataset will look in Zarr: per variable chunks, codecs, fill value,
// attributes.
//
// The store must read in xarray as the source did: `_FillValue` moves where xarray looks for it
// (v2: the array's fill_value; v3: an attribute in xarray's encoding), packed integers stay packed,
// and a fill value that the source does not declare is never one that masks.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gridmill/dataset/dataset.h"
#include "gridmill/jobs/chunk_wish.h"
#include "gridmill/jobs/per_variable.h"
#include "gridmill/zarr/hierarchy.h"

namespace gridmill {

struct TargetArray {
  const Variable* source = nullptr;
  ArrayMetadata metadata;
  std::string why_chunks;   // a sentence
  bool is_advised = false;  // for an access pattern
};

struct ZarrTarget {
  int zarr_format = 3;
  std::vector<ZarrNode> nodes;  // groups, then arrays in the order of `arrays`
  std::vector<TargetArray> arrays;
  std::vector<std::string> notes;  // what a user should know, e.g. a fill value that can't be kept
};

// The options' texts, each for all variables or, as NAME:TEXT, for one.
struct TargetLayout {
  std::vector<std::string> chunks;
  std::vector<std::string> shards;  // "none", or as shard_stages.h says (shard_layout)
  std::vector<std::string> codec;
  ChunkWish wish = {};
  // Of a template: what fills the variables that have no blocks yet.
  std::optional<FillingFiles> filling = {};
};

// Shapes are the dataset's. Shards of a source whose chunks are kept are kept, too. Throws
// Error(invalid) for what the options ask and the variables can't have; Error(unsupported) for
// types without a Zarr spelling.
ZarrTarget make_target(const Dataset& dataset, int zarr_format, const TargetLayout& layout);

}  // namespace gridmill
