#include "gridmill/zarr/documents.h"

#include <fmt/format.h>

#include "gridmill/base/error.h"
#include "gridmill/base/exact_json.h"

namespace gridmill {

Json consolidated_member(Json metadata) {
  return {{"kind", "inline"}, {"must_understand", false}, {"metadata", std::move(metadata)}};
}

std::optional<Json> read_document(Store& store, const Key& key) {
  Buffer text;
  if (!store.get(key, {{}, {}, kMostDocumentBytes}, text)) return std::nullopt;
  return in_context([&] { return fmt::format("{} of {}", key.text(), store.describe()); },
                    [&] { return parse_exact_json(as_text(text)); });
}

std::string node_path(const std::string& parent, const std::string& name) {
  return parent.empty() ? name : parent + "/" + name;
}

}  // namespace gridmill
