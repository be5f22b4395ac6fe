#include "gridmill/jobs/edit_store.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/array/box_json.h"
#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/store/stage.h"
#include "gridmill/store/zip_store.h"
#include "gridmill/zarr/edit_hierarchy.h"
#include "gridmill/zarr/edited_store.h"
#include "gridmill/zarr/hierarchy.h"

namespace gridmill {
namespace {

bool is_below(const std::string& key, const std::string& path) {
  return key == path || key.starts_with(path + "/");
}

Json listed(const ZarrHierarchy& hierarchy, const std::string& below) {
  Json nodes = Json::array();
  for (const ZarrNode& node : hierarchy.nodes) {
    if (!below.empty() && !is_below(node.path, below)) continue;
    Json row{{"path", "/" + node.path}, {"kind", node.is_group() ? "group" : "array"}};
    if (node.array) {
      row["type"] = node.array->type.name();
      row["shape"] = index_to_json(node.array->shape);
      row["chunks"] = index_to_json(node.array->chunk);
      if (node.array->is_rectilinear()) row["chunk_grid"] = "rectilinear";
    } else if (node.unreadable) {
      row["shape"] = index_to_json(node.unreadable->shape);
      row["unreadable"] = node.unreadable->reason;
    }
    nodes.push_back(std::move(row));
  }
  if (nodes.empty()) {
    throw Error(ErrorKind::not_found, fmt::format("there is no group or array {}", below));
  }
  return nodes;
}

void count_below(Store& store, const Key& path, Json& report) {
  std::int64_t keys = 0, bytes = 0;
  store.list(path, [&](const ListEntry& entry) {
    ++keys;
    bytes += entry.size;
  });
  report["keys"] = keys;
  report["bytes"] = bytes;
}

void edit(const StoreEditOptions& options, const Key& path, HierarchyEditor& editor) {
  switch (options.edit) {
    case StoreEdit::mkgroup:
      return editor.make_group(path);
    case StoreEdit::mv:
      return editor.move(path, Key(options.to));
    case StoreEdit::rm:
      return editor.remove(path);
    default:
      return editor.consolidate();
  }
}

KeysWent where_keys_went(const StoreEditOptions& options, const std::string& path) {
  return [&options, path](const std::string& key) {
    const bool concerns = is_below(key, path);
    if (concerns && options.edit == StoreEdit::rm) return std::string();
    if (concerns && options.edit == StoreEdit::mv) return options.to + key.substr(path.size());
    return key;
  };
}

const char* name_of(StoreEdit edit) {
  constexpr const char* kNames[] = {"ls", "mkgroup", "mv", "rm", "consolidate"};
  return kNames[static_cast<int>(edit)];
}

}  // namespace

Json edit_store(const StoreEditOptions& options, const Workplace& workplace) {
  const Location location = parse_location(options.location);
  const bool changes = options.edit != StoreEdit::ls;
  if (changes && is_zip_name(location.path)) {
    throw Error(ErrorKind::unsupported,
                fmt::format("{}: a zip file is written once, as a whole: convert it into a folder",
                            location.path));
  }
  const auto store = open_store(workplace.files, location, Durability::synced);
  Json report{{"edit", name_of(options.edit)}, {"location", location.text()}};
  if (!changes) {
    const ZarrHierarchy hierarchy = open_hierarchy(*store);
    report["zarr_format"] = hierarchy.zarr_format;
    report["is_consolidated"] = hierarchy.is_consolidated;
    report["nodes"] = listed(hierarchy, location.node);
    return report;
  }
  if (options.edit != StoreEdit::mkgroup && !zarr_format_at(*store)) {
    throw Error(ErrorKind::not_found, fmt::format("there is no Zarr store at {}", location.path));
  }
  const EditorsLock alone(workplace.files, location.path, !options.dry_run);
  const Key path(location.node);
  const auto companion = open_companion(workplace.files, location);
  EditedManifest manifest(*store, *companion);
  HierarchyEditor editor(*store, options.zarr_format, [&] {
    if (!options.dry_run) manifest.take_away();
    return !options.dry_run;
  });
  if (options.edit == StoreEdit::mv) report["to"] = options.to;
  if (options.edit == StoreEdit::mv || options.edit == StoreEdit::rm) {
    count_below(*store, path, report);
  }
  edit(options, path, editor);
  if (!options.dry_run) manifest.save(where_keys_went(options, path.text()));
  report["zarr_format"] = editor.zarr_format();
  report["is_consolidated"] = editor.is_consolidated();
  report["dry_run"] = options.dry_run;
  return report;
}

std::string store_edit_text(const Json& report) {
  const std::string edit = report["edit"].get<std::string>();
  const std::string where = report["location"].get<std::string>();
  if (edit == "ls") {
    std::string text;
    for (const Json& node : report["nodes"]) {
      text +=
          fmt::format("{:<6} {}", node["kind"].get<std::string>(), node["path"].get<std::string>());
      if (node.contains("type")) {
        text += fmt::format("  {} {}", node["type"].get<std::string>(), node["shape"].dump());
      }
      text += node.contains("unreadable")
                  ? fmt::format("  can't be read: {}\n", node["unreadable"].get<std::string>())
                  : "\n";
    }
    return text;
  }
  const char* would = report["dry_run"].get<bool>() ? "would be " : "";
  const std::string amount =
      report.contains("keys")
          ? fmt::format(" ({} keys, {})", format_count(report["keys"].get<std::int64_t>()),
                        format_bytes(report["bytes"].get<double>()))
          : "";
  if (edit == "mkgroup") return fmt::format("{}: {}made, a group\n", where, would);
  if (edit == "rm") return fmt::format("{}: {}removed{}\n", where, would, amount);
  if (edit == "mv") {
    return fmt::format("{}: {}moved to {}{}\n", where, would, report["to"].get<std::string>(),
                       amount);
  }
  return fmt::format("{}: all metadata {}in one document\n", where, would);
}

}  // namespace gridmill
