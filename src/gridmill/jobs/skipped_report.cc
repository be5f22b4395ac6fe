#include "gridmill/jobs/skipped_report.h"

#include <fmt/format.h>

#include <map>

#include "gridmill/base/text.h"

namespace gridmill {
namespace {

constexpr std::size_t kTold = 20;

std::string counted_chunks(std::int64_t count) {
  return fmt::format("{} corrupt {}", count, count == 1 ? "chunk" : "chunks");
}

}  // namespace

Json skipped_report(const SkippedLeaves& skipped) {
  Json each = Json::array();
  for (const SkippedLeaf& leaf : skipped.list()) each.push_back(skipped_leaf_to_json(leaf));
  return {{"skipped_chunks", each.size()}, {"skipped", std::move(each)}};
}

std::string skipped_warning(const SkippedLeaves& skipped, const std::string& output) {
  const std::int64_t count = skipped.count();
  if (count == 0) return "";
  return fmt::format("{} of the inputs {} skipped: their values are missing in {}",
                     counted_chunks(count), count == 1 ? "was" : "were", output);
}

std::string skipped_text(const Json& report) {
  if (!report.contains("skipped_chunks")) return "";
  const Json each = report.value("skipped", Json::array());
  if (each.empty()) return "  skipped: no corrupt chunks\n";
  std::string text =
      fmt::format("  skipped: {}, whose values are missing\n", counted_chunks(std::ssize(each)));
  for (std::size_t i = 0; i < each.size() && i < kTold; ++i) {
    text += fmt::format("    {}: {}: {}\n", each[i].value("variable", ""),
                        each[i].value("chunk", ""), each[i].value("why", ""));
  }
  if (each.size() > kTold) {
    text += fmt::format("    and {} more (--json lists all)\n", each.size() - kTold);
  }
  return text;
}

Attributes skipped_attributes(const SkippedLeaves& skipped) {
  std::map<std::string, std::int64_t> counts;
  for (const SkippedLeaf& leaf : skipped.list()) ++counts[leaf.variable];
  Attributes attributes;
  if (counts.empty()) return attributes;
  std::vector<std::string> parts;
  for (const auto& [variable, count] : counts) {
    parts.push_back(fmt::format("{} of {}", count, variable));
  }
  attributes.set(
      kSkippedAttribute,
      AttributeValue::text(fmt::format(
          "corrupt chunks of the inputs, whose values are missing here: {}", join(parts, ", "))));
  return attributes;
}

}  // namespace gridmill
