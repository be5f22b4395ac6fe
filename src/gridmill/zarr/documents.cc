#include "gridmill/zarr/documents.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

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

namespace {

bool is_optional(const Json& member) {
  return member.is_object() && member.value("must_understand", Json()) == Json(false);
}

}  // namespace

std::vector<std::string> ignored_members(const Json& document) {
  std::vector<std::string> ignored;
  for (const auto& [name, value] : document.items()) {
    if (name != kConsolidated && is_optional(value)) ignored.push_back(name);
  }
  return ignored;
}

void refuse_optional_member(const Json& document, const char* name) {
  const auto member = document.find(name);
  if (member == document.end() || !is_optional(*member)) return;
  throw Error(
      ErrorKind::corrupt,
      fmt::format("{} says \"must_understand\": false, but nothing can be read without it", name));
}

void refuse_unknown_members(const Json& document, std::span<const std::string_view> known) {
  for (const auto& [name, value] : document.items()) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    if (!is_optional(value)) {
      throw Error(ErrorKind::unsupported,
                  fmt::format("the extension \"{}\" must be understood and is not", name));
    }
  }
}

bool is_document_name(std::string_view name) {
  constexpr std::array<std::string_view, 5> kNames{"zarr.json", ".zarray", ".zgroup", ".zattrs",
                                                   ".zmetadata"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

std::string node_path(const std::string& parent, const std::string& name) {
  return parent.empty() ? name : parent + "/" + name;
}

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

}  // namespace gridmill
