#include "cli/zarrio_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <set>

#include "gridmill/base/error.h"
#include "gridmill/base/json.h"
#include "gridmill/base/text.h"

namespace gridmill::cli {
namespace {

constexpr const char* kSections[] = {"chunking",
                                     "compression",
                                     "packing",
                                     "time",
                                     "missing_data",
                                     "datamesh",
                                     "remote_files",
                                     "rolling_archive",
                                     "target_chunk_size_mb",
                                     "retries_on_missing",
                                     "missing_check_vars"};

[[noreturn]] void refuse_at(const YAML::Node& node, const std::string& message) {
  const YAML::Mark mark = node.Mark();
  const std::string line = mark.is_null() ? "" : fmt::format("line {}: ", mark.line + 1);
  throw Error(ErrorKind::invalid, line + message);
}

bool is_given(const YAML::Node& node) { return node.IsDefined() && !node.IsNull(); }

std::string plain(const YAML::Node& node, const std::string& key) {
  if (!node.IsScalar()) refuse_at(node, key + ": needs a plain value");
  return node.Scalar();
}

bool truth(const YAML::Node& node, const std::string& key) {
  bool value = false;
  if (!YAML::convert<bool>::decode(node, value))
    refuse_at(node, key + ": is neither true nor false");
  return value;
}

// 24h, 30min, 7d, P1DT6H, or seconds.
std::string duration(const YAML::Node& node, const std::string& key) {
  const std::string text = plain(node, key);
  const bool is_bare = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || c == '.';
  });
  return is_bare ? text + "s" : text;
}

// What YAML has in quotes is a text, whatever it looks like.
std::string as_json_text(const YAML::Node& node, const std::string& key) {
  if (node.IsSequence()) {
    std::vector<std::string> items;
    for (const YAML::Node& item : node) items.push_back(as_json_text(item, key));
    return "[" + join(items, ",") + "]";
  }
  const std::string text = plain(node, key);
  const bool is_text = node.Tag() == "!" || Json::parse(text, nullptr, false).is_discarded();
  return is_text ? dump_json(Json(text), -1) : text;
}

class Translation {
 public:
  explicit Translation(const YAML::Node& document) : from_(document) {
    made_.document = YAML::Node(YAML::NodeType::Map);
  }

  TranslatedConfig run() {
    std::set<std::string> seen;
    for (const auto& entry : from_) {
      const std::string key = plain(entry.first, "a key");
      if (!seen.insert(key).second) {
        refuse_at(entry.first, fmt::format("{}: stands here a second time", key));
      }
      translate(entry.first, entry.second);
    }
    return std::move(made_);
  }

 private:
  struct Section {
    const char* name;
    void (Translation::*translate)(const YAML::Node&);
  };
  static const Section kTranslated[14];

  void translate(const YAML::Node& name, const YAML::Node& value) {
    const std::string& key = name.Scalar();
    const auto found = std::find_if(std::begin(kTranslated), std::end(kTranslated),
                                    [&](const auto& section) { return key == section.name; });
    if (found == std::end(kTranslated)) {
      made_.document[name] = value;  // one of ours, or refused by whoever reads on
    } else if (is_given(value)) {
      (this->*found->translate)(value);
    }
  }

  // The section is a mapping, and has no other keys.
  static void check_keys(const YAML::Node& section, const std::string& name,
                         std::initializer_list<const char*> known) {
    if (!section.IsMap()) refuse_at(section, name + ": is a section, so a mapping");
    for (const auto& entry : section) {
      const std::string key = plain(entry.first, name);
      const std::vector<std::string> names(known.begin(), known.end());
      if (std::find(names.begin(), names.end(), key) != names.end()) continue;
      refuse_at(entry.first,
                fmt::format("there is no {}.{} in zarrio{}", name, key, did_you_mean(key, names)));
    }
  }

  void note(std::string text) { made_.notes.push_back(std::move(text)); }
  void take(const YAML::Node& section, const char* key, const char* option) {
    if (is_given(section[key])) made_.document[option] = plain(section[key], key);
  }
  void take_for(const char* verb, const YAML::Node& section, const char* key, const char* option) {
    if (is_given(section[key])) made_.document[verb][option] = plain(section[key], key);
  }

  void chunking(const YAML::Node& section) {
    if (!section.IsMap()) refuse_at(section, "chunking: is a section, so a mapping");
    std::vector<std::string> lengths;
    for (const auto& entry : section) {
      if (!is_given(entry.second)) continue;
      const std::string length = plain(entry.second, "chunking");
      lengths.push_back(
          fmt::format("{}={}", plain(entry.first, "chunking"), length == "-1" ? "all" : length));
    }
    if (!lengths.empty()) made_.document["chunks"] = join(lengths, ",");
  }

  void compression(const YAML::Node& section) {
    if (section.IsScalar()) {
      made_.document["codec"] = section.Scalar();
      return;
    }
    check_keys(section, "compression", {"method", "cname", "clevel", "shuffle"});
    if (!is_given(section["method"])) return;
    const std::string method = plain(section["method"], "method");
    if (method != "blosc") {  // blosc:zstd:3 says all of it; zstd, none, ...
      made_.document["codec"] = method;
      return;
    }
    made_.document["codec"] = fmt::format(
        "blosc:{}:{}:{}", is_given(section["cname"]) ? plain(section["cname"], "cname") : "zstd",
        is_given(section["clevel"]) ? plain(section["clevel"], "clevel") : "1",
        shuffle(section["shuffle"]));
  }

  static std::string shuffle(const YAML::Node& node) {
    if (!is_given(node)) return "shuffle";
    const std::string text = plain(node, "shuffle");
    if (text == "0" || text == "false") return "noshuffle";
    if (text == "2") return "bitshuffle";
    return text == "1" || text == "-1" || text == "true" ? "shuffle" : text;
  }

  void packing(const YAML::Node& section) {
    check_keys(section, "packing",
               {"enabled", "bits", "manual_ranges", "auto_buffer_factor", "check_range_exceeded",
                "range_exceeded_action", "exclude"});
    if (!is_given(section["enabled"]) || !truth(section["enabled"], "enabled")) return;
    YAML::Node pack(YAML::NodeType::Sequence);
    pack.push_back(is_given(section["bits"]) ? plain(section["bits"], "bits") : "16");
    const YAML::Node exclude = section["exclude"];
    if (exclude.IsDefined() && exclude.IsMap()) refuse_at(exclude, "exclude: is a list of names");
    if (exclude.IsDefined() && exclude.IsScalar()) pack.push_back(exclude.Scalar() + ":none");
    for (const YAML::Node& name : exclude) pack.push_back(plain(name, "exclude") + ":none");
    made_.document["pack"] = pack;
    take(section, "auto_buffer_factor", "pack-buffer");
    manual_ranges(section["manual_ranges"]);
    out_of_range(section);
  }

  void manual_ranges(const YAML::Node& ranges) {
    if (!is_given(ranges)) return;
    if (!ranges.IsMap()) refuse_at(ranges, "manual_ranges: is {variable: {min:, max:}}");
    YAML::Node texts(YAML::NodeType::Sequence);
    for (const auto& entry : ranges) {
      const std::string name = plain(entry.first, "manual_ranges");
      check_keys(entry.second, "manual_ranges." + name, {"min", "max"});
      const YAML::Node least = entry.second["min"], greatest = entry.second["max"];
      if (!is_given(least) || !is_given(greatest)) {
        refuse_at(entry.second, fmt::format("manual_ranges.{}: needs min and max", name));
      }
      texts.push_back(fmt::format("{}:{}:{}", name, plain(least, "min"), plain(greatest, "max")));
    }
    made_.document["pack-range"] = texts;
  }

  // There, values out of range were stored as others; only an error keeps that from happening.
  void out_of_range(const YAML::Node& section) {
    const YAML::Node action = section["range_exceeded_action"];
    const std::string text = is_given(action) ? plain(action, "range_exceeded_action") : "warn";
    const YAML::Node check = section["check_range_exceeded"];
    const bool is_checked = !is_given(check) || truth(check, "check_range_exceeded");
    if (text != "error" && text != "warn" && text != "ignore") {
      refuse_at(action,
                fmt::format("range_exceeded_action: {} is not one of warn, error, ignore", text));
    }
    made_.document["out-of-range"] = "error";
    if (text == "error" && is_checked) return;
    note(
        "packing: values out of range are an error here (zarrio would store others in their "
        "place); --out-of-range clamp or mask takes them, and counts them");
  }

  void time(const YAML::Node& section) {
    check_keys(section, "time", {"dim", "append_dim", "global_start", "global_end", "freq"});
    take_for("template", section, "dim", "dim");
    take_for("template", section, "global_start", "start");
    take_for("template", section, "global_end", "end");
    take_for("template", section, "freq", "freq");
    take_for("append", section, is_given(section["append_dim"]) ? "append_dim" : "dim", "dim");
  }

  void variables(const YAML::Node& section) {
    if (!section.IsMap()) {
      made_.document["variables"] = section;
      return;
    }
    check_keys(section, "variables", {"include", "exclude"});
    if (is_given(section["include"])) made_.document["variables"] = section["include"];
    if (is_given(section["exclude"])) made_.document["drop"] = section["exclude"];
  }

  void missing_data(const YAML::Node& section) {
    check_keys(section, "missing_data", {"retries_on_missing", "missing_check_vars", "check_vars"});
    if (is_given(section["retries_on_missing"])) retries(section["retries_on_missing"]);
    if (is_given(section["missing_check_vars"])) check_vars(section["missing_check_vars"]);
    if (is_given(section["check_vars"])) check_vars(section["check_vars"]);
  }

  // Its retries follow a check of all variables, unless it is told which.
  void retries(const YAML::Node& value) {
    made_.document["retries"] = plain(value, "retries_on_missing");
    const bool is_any = made_.document["retries"].Scalar() != "0";
    if (is_any && !made_.document["check-vars"].IsDefined()) made_.document["check-vars"] = "all";
  }
  void check_vars(const YAML::Node& value) { made_.document["check-vars"] = value; }

  void datamesh(const YAML::Node& section) {
    check_keys(section, "datamesh", {"datasource", "token", "service", "use_zarr_client"});
    if (!is_given(section["datasource"]) && !is_given(section["token"])) return;
    refuse_at(section, "datamesh: Gridmill does not write to Datamesh; leave the section out");
  }

  void remote_files(const YAML::Node& section) {
    check_keys(section, "remote_files", {"engine", "cache_local", "cache_dir"});
    note("remote_files: has no meaning here, formats are found by their content");
  }

  void attributes(const YAML::Node& section) {
    if (!section.IsMap()) refuse_at(section, "attrs: is a section, so a mapping");
    YAML::Node texts(YAML::NodeType::Sequence);
    for (const auto& entry : section) {
      const std::string name = plain(entry.first, "attrs");
      texts.push_back(fmt::format("{}={}", name, as_json_text(entry.second, "attrs." + name)));
    }
    made_.document["attrs"] = texts;
  }

  void target_chunk_size(const YAML::Node& value) {
    made_.document["target-chunk-size"] = plain(value, "target_chunk_size_mb") + "MiB";
  }
  void access_pattern(const YAML::Node& value) {
    made_.document["access-pattern"] = plain(value, "access_pattern");
  }

  void rolling_archive(const YAML::Node& section) {
    check_keys(section, "rolling_archive",
               {"enabled", "retention_window", "time_reference_attr", "auto_cleanup",
                "min_groups_to_keep"});
    if (is_given(section["retention_window"])) {
      made_.document["archive"]["keep"] = duration(section["retention_window"], "retention_window");
    }
    take_for("archive", section, "min_groups_to_keep", "min-groups");
    take_for("archive", section, "time_reference_attr", "time-attribute");
    if (!is_given(section["enabled"]) || !truth(section["enabled"], "enabled")) return;
    note(
        "rolling_archive: old groups are removed by gridmill archive, never by the verb that "
        "writes");
  }

  const YAML::Node from_;
  TranslatedConfig made_;
};

constexpr Translation::Section Translation::kTranslated[] = {
    {"chunking", &Translation::chunking},
    {"compression", &Translation::compression},
    {"packing", &Translation::packing},
    {"time", &Translation::time},
    {"variables", &Translation::variables},
    {"missing_data", &Translation::missing_data},
    {"retries_on_missing", &Translation::retries},
    {"missing_check_vars", &Translation::check_vars},
    {"datamesh", &Translation::datamesh},
    {"remote_files", &Translation::remote_files},
    {"attrs", &Translation::attributes},
    {"target_chunk_size_mb", &Translation::target_chunk_size},
    {"access_pattern", &Translation::access_pattern},
    {"rolling_archive", &Translation::rolling_archive}};

bool has_choice(const YAML::Node& variables) {
  return variables.IsMap() &&
         (variables["include"].IsDefined() || variables["exclude"].IsDefined());
}

}  // namespace

bool is_zarrio_config(const YAML::Node& document) {
  if (!document.IsMap()) return false;
  return std::any_of(document.begin(), document.end(), [](const auto& entry) {
    const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "";
    const bool is_section =
        std::find(std::begin(kSections), std::end(kSections), key) != std::end(kSections);
    return is_section || ((key == "attrs" && entry.second.IsMap()) ||
                          (key == "variables" && has_choice(entry.second)));
  });
}

TranslatedConfig from_zarrio_config(const YAML::Node& document) {
  return Translation(document).run();
}

}  // namespace gridmill::cli
