// listed_nodes.h: which nodes a consolidated document says there are: a group's .zmetadata (v2) or
// its zarr.json (v3). Paths are below that group. All else in the document stays as it is. Pure
// functions; true: the document has changed.
#pragma once

#include <map>
#include <string>

#include "gridmill/base/json.h"

namespace gridmill {

// The node, and all that lies below it.
bool forget_node(Json& document, int zarr_format, const std::string& path);

// Whether a consolidated document names the node itself.
bool lists_node(Json& document, int zarr_format, const std::string& path);

// `documents`: the node's own by file name. A document that isn't consolidated stays so.
bool add_node(Json& document, int zarr_format, const std::string& path,
              const std::map<std::string, Json>& documents);

}  // namespace gridmill
