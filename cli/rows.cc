#include "cli/rows.h"

#include <fmt/format.h>

#include "gridmill/base/error.h"

namespace gridmill::cli {

Option switch_row(std::string name, std::string help, std::shared_ptr<bool> target) {
  Option row;
  row.name = std::move(name);
  row.kind = OptionKind::flag;
  row.help = std::move(help);
  row.fallback = "false";
  row.apply = [target = std::move(target)](const Values& values) {
    *target = values.front() == "true";
  };
  return row;
}

Option text_row(std::string name, std::string value_name, std::string help, std::string fallback,
                std::shared_ptr<std::string> target) {
  Option row;
  row.name = std::move(name);
  row.value_name = std::move(value_name);
  row.help = std::move(help);
  row.fallback = std::move(fallback);
  row.apply = [target = std::move(target)](const Values& values) { *target = values.front(); };
  return row;
}

Option values_row(std::string name, OptionKind kind, std::string value_name, std::string help,
                  std::string fallback, std::shared_ptr<Values> target) {
  Option row;
  row.name = std::move(name);
  row.kind = kind;
  row.value_name = std::move(value_name);
  row.help = std::move(help);
  row.fallback = std::move(fallback);
  row.apply = [target = std::move(target)](const Values& values) { *target = values; };
  return row;
}

Option refused_row(std::string name, std::string value_name, std::string help) {
  Option row;
  row.name = name;
  row.kind = value_name.empty() ? OptionKind::flag : OptionKind::value;
  row.value_name = std::move(value_name);
  row.help = std::move(help);
  row.fallback = row.kind == OptionKind::flag ? "false" : "none";
  row.apply = [name = std::move(name), kind = row.kind](const Values& values) {
    if (kind == OptionKind::flag && values.front() != "true") return;
    throw Error(ErrorKind::unsupported,
                fmt::format("--{} comes with a later version; it is not in this one", name));
  };
  return row;
}

Option variables_row(std::shared_ptr<Values> target) {
  return values_row("variables", OptionKind::list, "NAMES",
                    "only these variables: names or globs, separated by commas", "all",
                    std::move(target));
}

Option drop_row(std::shared_ptr<Values> target) {
  return values_row("drop", OptionKind::list, "NAMES",
                    "all variables but these: names or globs, separated by commas", "none",
                    std::move(target));
}

Option region_row(std::shared_ptr<Values> target) {
  Option row = values_row("region", OptionKind::list, "DIM=A:B",
                          "only this range of indices, from 0, B not included", "everything",
                          std::move(target));
  row.is_mapping = true;
  return row;
}

Option sel_row(std::shared_ptr<Values> target) {
  Option row = values_row("sel", OptionKind::list, "DIM=A:B",
                          "only this range of coordinate values, ends included: lat=30:60, "
                          "time=2020-01:2020-03",
                          "everything", std::move(target));
  row.is_mapping = true;
  return row;
}

Option overwrite_row(std::shared_ptr<bool> target) {
  return switch_row(
      "overwrite", "replace what is at the output; it stays readable until the new one is complete",
      std::move(target));
}

}  // namespace gridmill::cli
