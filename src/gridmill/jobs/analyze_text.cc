#include <fmt/format.h>

#include "gridmill/base/text.h"
#include "gridmill/jobs/analyze.h"

namespace gridmill {
namespace {

std::string bytes_text(const Json& bytes) { return format_bytes(bytes.get<double>()); }

std::string extents_text(const Json& extents) {
  std::vector<std::string> parts;
  for (const Json& extent : extents) parts.push_back(std::to_string(extent.get<std::int64_t>()));
  return join(parts, " x ");
}

std::string heading(const Json& variable) {
  std::vector<std::string> dimensions;
  for (std::size_t d = 0; d < variable["dimensions"].size(); ++d) {
    const auto name = variable["dimensions"][d].get<std::string>();
    const auto role = variable["roles"][d].get<std::string>();
    dimensions.push_back(role == name ? name : fmt::format("{} ({})", name, role));
  }
  std::string text = fmt::format(
      "{}: {} {}, {} uncompressed\n  dimensions {}\n", variable["name"].get<std::string>(),
      variable["type"].get<std::string>(), extents_text(variable["shape"]),
      bytes_text(variable["bytes"]), join(dimensions, ", "));
  if (!variable["packed"].is_null()) {
    text += fmt::format("  packed: {} unpacked, as {}\n",
                        bytes_text(variable["packed"]["unpacked_bytes"]),
                        variable["packed"]["unpacked_type"].get<std::string>());
  }
  if (!variable["sample"].is_null()) {
    text +=
        fmt::format("  measured on a sample of {}: {}\n", bytes_text(variable["sample"]["bytes"]),
                    extents_text(variable["sample"]["shape"]));
  }
  return text;
}

std::string reads_text(const Json& reads) {
  std::vector<std::string> parts;
  for (const char* name : {"series", "map", "point"}) {
    if (!reads.contains(name)) continue;
    const Json& read = reads[name];
    const auto chunks = read["chunks"].get<std::int64_t>();
    const std::string what = read.contains("bytes")
                                 ? bytes_text(read["bytes"])
                                 : fmt::format("{:.3g} ms", read["seconds"].get<double>() * 1e3);
    parts.push_back(fmt::format("{} {} ({} {})", name, what, format_count(chunks),
                                chunks == 1 ? "chunk" : "chunks"));
  }
  return join(parts, ", ");
}

std::string pattern_text(const std::string& name, const Json& advice) {
  std::string text = fmt::format("  {:<9} {} = {}", name, extents_text(advice["chunks"]),
                                 bytes_text(advice["chunk_bytes"]));
  if (advice.contains("codec")) {
    text += fmt::format(", {}: ratio {:.3g}, {} in all", advice["codec"].get<std::string>(),
                        advice["ratio"].get<double>(), bytes_text(advice["expected_bytes"]));
  }
  text += fmt::format("\n            decodes: {}\n", reads_text(advice["reads"]));
  if (advice.contains("measured")) {
    text += fmt::format("            in the sample: {}\n", reads_text(advice["measured"]));
  }
  return text;
}

std::string codecs_text(const Json& advice) {
  if (!advice.contains("codecs")) return "";
  std::string text = fmt::format("  in chunks of {}, one thread:\n    {:<28} {:>6} {:>12} {:>12}\n",
                                 extents_text(advice["sample_chunks"]), "codec", "ratio",
                                 "encode MB/s", "decode MB/s");
  for (const Json& trial : advice["codecs"]) {
    text +=
        fmt::format("    {:<28} {:>6.3g} {:>12.0f} {:>12.0f}\n", trial["codec"].get<std::string>(),
                    trial["ratio"].get<double>(), trial["encode_mb_per_s"].get<double>(),
                    trial["decode_mb_per_s"].get<double>());
  }
  return text;
}

}  // namespace

std::string analyze_text(const Json& report) {
  const auto pattern = report["access_pattern"].get<std::string>();
  std::string text;
  for (const Json& variable : report["variables"]) {
    text += heading(variable);
    for (const char* name : {"temporal", "spatial", "balanced"}) {
      text += pattern_text(name, variable["patterns"][name]);
    }
    text += codecs_text(variable["patterns"][pattern]);
  }
  text += fmt::format("{} in all, uncompressed", bytes_text(report["bytes"]));
  if (!report["expected_bytes"].is_null()) {
    text += fmt::format("; about {} as advised for {} reads",
                        bytes_text(report["expected_bytes"][pattern]), pattern);
  }
  return text + "\n";
}

}  // namespace gridmill
