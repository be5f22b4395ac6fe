#include "cli/report_text.h"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <vector>

#include "gridmill/base/text.h"
#include "gridmill/jobs/skipped_report.h"

namespace gridmill::cli {
namespace {

std::optional<double> number_at(const Json& report, const char* name) {
  const auto found = report.find(name);
  if (found == report.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

std::string text_at(const Json& report, const char* name) {
  const auto found = report.find(name);
  if (found == report.end() || found->is_null()) return "";
  return found->is_string() ? found->get<std::string>() : dump_json(*found, -1);
}

// [12, 90, 180] -> "12 x 90 x 180"
std::string extents_at(const Json& variable, const char* name) {
  const auto found = variable.find(name);
  if (found == variable.end() || !found->is_array()) return text_at(variable, name);
  if (found->empty()) return "one value";
  std::vector<std::string> extents;
  for (const Json& extent : *found) extents.push_back(dump_json(extent, -1));
  return join(extents, " x ");
}

std::string counted(std::int64_t n, const char* one, const char* many) {
  return fmt::format("{} {}", format_count(n), n == 1 ? one : many);
}

std::string variable_text(const Json& variable) {
  std::string text =
      fmt::format("  {}: {}", text_at(variable, "name"), extents_at(variable, "shape"));
  const std::string chunks = extents_at(variable, "chunks");
  const std::string codec = text_at(variable, "codec");
  const std::string why = text_at(variable, "why");
  const auto amplification = number_at(variable, "read_amplification");
  if (!chunks.empty()) text += ", chunks " + chunks;
  const std::string shards = extents_at(variable, "shards");
  if (!shards.empty()) text += " in shards " + shards;
  if (!codec.empty()) text += ", " + codec;
  text += "\n";
  if (!why.empty()) text += "      " + why + "\n";
  const std::string advice = text_at(variable, "advice");
  if (!advice.empty() && advice != why) text += "      chunks " + advice + "\n";
  if (amplification && *amplification > 1.005) {
    text += fmt::format("      source bytes are decoded {:.2f} times\n", *amplification);
  }
  return text;
}

// "t: out of range: 12 values below and 3 above were clamped"
std::string outside_text(const Json& states) {
  std::string text;
  for (const auto& [name, state] : states.items()) {
    const std::string way = text_at(state, "out_of_range");
    if (way.empty()) continue;
    text += fmt::format("  {}: {} below and {} above were {}\n", name,
                        counted(state.value("below", std::int64_t{0}), "value", "values"),
                        format_count(state.value("above", std::int64_t{0})),
                        way == "clamp" ? "clamped" : "masked");
  }
  return text;
}

// "read 1.5 GiB, wrote 300 MiB (ratio 5.1) in 3.2 s, peak memory 240 MiB"
// What a cache has spared, and what it has not.
std::string cache_line(const Json& report) {
  if (report.value("from_cache", false)) {
    return "  the result was in the cache, and its sources are what they were\n";
  }
  const auto found = report.find("cache");
  if (found == report.end()) return "";
  const auto count = [&](const char* name) {
    return static_cast<std::int64_t>(number_at(*found, name).value_or(0));
  };
  std::string text = fmt::format(
      "  cache: {} from it ({}), {} fetched ({})", counted(count("hits"), "value", "values"),
      format_bytes(json_number(*found, "bytes_from_cache")), format_count(count("misses")),
      format_bytes(json_number(*found, "bytes_fetched")));
  if (count("dropped") > 0) {
    text += fmt::format("; {} bad, and removed",
                        counted(count("dropped"), "entry was", "entries were"));
  }
  return text + "\n";
}

std::string figures_text(const Json& report) {
  std::vector<std::string> parts;
  const auto bytes = [&](const char* name, const char* words) {
    if (const auto figure = number_at(report, name)) {
      parts.push_back(fmt::format("{} {}", words, format_bytes(*figure)));
    }
  };
  bytes("bytes_read", "read");
  bytes("bytes_written", "wrote");
  if (const auto ratio = number_at(report, "ratio"); ratio && !parts.empty()) {
    parts.back() += fmt::format(" (ratio {:.3g})", *ratio);
  }
  if (const auto seconds = number_at(report, "seconds")) {
    parts.push_back("took " + format_duration(*seconds));
  }
  bytes("peak_memory", "peak memory");
  std::string text = outside_text(report.value("states", Json::object()));
  if (!parts.empty()) text += "  " + join(parts, ", ") + "\n";
  const std::string bottleneck = text_at(report, "bottleneck");
  if (!bottleneck.empty()) text += "  " + bottleneck + "\n";
  for (const Json& skew : report.value("skew", Json::array())) {
    text += "  " + skew.get<std::string>() + "\n";
  }
  return text;
}

std::string point_text(const Json& point) {
  const auto degrees = [&](const char* name) {
    const auto value = number_at(point, name);
    return value ? fmt::format("{:g}", *value) : "?";
  };
  std::string text =
      fmt::format("  {}: {},{}", text_at(point, "name"), degrees("lat"), degrees("lon"));
  if (const auto cells = number_at(point, "cells")) {
    return text + fmt::format(" from {:.0f} grid cell{}\n", *cells, *cells == 1 ? "" : "s");
  }
  if (point.contains("grid_lat")) {
    text += fmt::format(" -> grid cell {},{}", degrees("grid_lat"), degrees("grid_lon"));
  }
  if (const auto distance = number_at(point, "distance_km")) {
    text += fmt::format(", {:.1f} km away", *distance);
  }
  return text + "\n";
}

// "reads 41 of 1,308 chunks (23.3 MiB as decoded)"
std::string chunks_line(const Json& report) {
  const auto touched = number_at(report, "chunks_read"), total = number_at(report, "chunks_total");
  if (!touched || !total) return "";
  return fmt::format("  reads {} of {} ({} as decoded)\n",
                     format_count(static_cast<std::int64_t>(*touched)),
                     counted(static_cast<std::int64_t>(*total), "chunk", "chunks"),
                     format_bytes(number_at(report, "source_bytes").value_or(0)));
}

// "the whole would take about 41 s, read 1.2 GiB, write 300 MiB, peak memory 240 MiB"
std::string estimate_text(const Json& report) {
  const Json sample = report.value("sample", Json::object());
  const Json whole = report.value("estimate", Json::object());
  std::string text = fmt::format(
      "a sample of {} of {} tasks was run, and thrown away\n  the whole would take about {} "
      "(CPU {}), read {}, write {}, peak memory {}",
      format_count(sample.value("tasks", std::int64_t{0})),
      format_count(sample.value("of", std::int64_t{0})),
      format_duration(number_at(whole, "seconds").value_or(0)),
      format_duration(number_at(whole, "cpu_seconds").value_or(0)),
      format_bytes(number_at(whole, "bytes_read").value_or(0)),
      format_bytes(number_at(whole, "bytes_written").value_or(0)),
      format_bytes(number_at(whole, "peak_memory").value_or(0)));
  if (whole.contains("cost")) {
    text += fmt::format(", cost {:.4g} {}", number_at(whole["cost"], "total").value_or(0),
                        text_at(whole["cost"], "currency"));
  }
  const std::string bottleneck = text_at(report, "bottleneck");
  return text + "\n" + (bottleneck.empty() ? "" : "  " + bottleneck + "\n");
}

// "t: 3 chunks, 1 of them shared with what lies beside"
std::string parts_text(const Json& report) {
  std::string text;
  for (const Json& variable : report.value("variables", Json::array())) {
    const auto merged = variable.value("merged_chunks", std::int64_t{0});
    text += fmt::format("  {}: {}{}\n", text_at(variable, "name"),
                        counted(variable.value("chunks", std::int64_t{0}), "chunk", "chunks"),
                        merged == 0 ? ""
                                    : fmt::format(", {} of them shared with what lies beside",
                                                  format_count(merged)));
  }
  return text;
}

}  // namespace

std::string convert_text(const Json& report, bool dry_run) {
  if (report.contains("estimate")) return estimate_text(report);
  const Json variables = report.value("variables", Json::array());
  const std::string count =
      counted(static_cast<std::int64_t>(variables.size()), "variable", "variables");
  if (!dry_run)
    return fmt::format("{}: {}\n", text_at(report, "output"), count) + figures_text(report) +
           skipped_text(report);
  std::string text = fmt::format("would write {} to {}\n", count, text_at(report, "output"));
  for (const Json& variable : variables) text += variable_text(variable);
  return text;
}

std::string template_text(const Json& report, bool dry_run) {
  const Json axis = report.value("axis", Json::object());
  return convert_text(report, dry_run) +
         fmt::format("  {}: {}, from {} to {} in steps of {}\n", text_at(axis, "dimension"),
                     counted(axis.value("size", std::int64_t{0}), "time", "times"),
                     text_at(axis, "from"), text_at(axis, "to"), text_at(axis, "step"));
}

std::string region_text(const Json& report, bool dry_run) {
  std::string text = dry_run ? fmt::format("would write into {}\n", text_at(report, "output"))
                             : text_at(report, "output") + "\n";
  std::vector<std::string> region;
  const Json ranges = report.value("region", Json::object());
  for (const auto& [name, range] : ranges.items()) {
    region.push_back(
        fmt::format("{}={}:{}", name, range[0].get<std::int64_t>(), range[1].get<std::int64_t>()));
  }
  text += fmt::format("  region {}\n", join(region, ",")) + parts_text(report);
  return dry_run ? text : text + figures_text(report);
}

std::string append_text(const Json& report, bool dry_run) {
  const std::string output = text_at(report, "output");
  std::string text = dry_run ? fmt::format("would append to {}\n", output) : output + "\n";
  for (const char* what : {"appended", "replaced", "kept"}) {
    const auto count = report.value(what, std::int64_t{0});
    if (count == 0 && what != std::string_view("appended")) continue;
    std::vector<std::string> spans;
    for (const Json& span : report.value(fmt::format("{}_times", what), Json::array())) {
      spans.push_back(
          fmt::format("{} to {}", span[0].get<std::string>(), span[1].get<std::string>()));
    }
    text += fmt::format("  {} {}{}\n", counted(count, "time", "times"), what,
                        spans.empty() ? "" : ": " + join(spans, ", "));
  }
  text += report.contains("rewritten") ? "  the archive is written anew, in its own layout\n"
                                       : parts_text(report);
  return dry_run ? text : text + figures_text(report);
}

std::string synth_text(const Json& report, bool dry_run) {
  std::string text = convert_text(report, dry_run);
  std::map<std::string, std::int64_t> counts;
  for (const Json& defect : report.value("planted", Json::array())) {
    ++counts[text_at(defect, "kind")];
  }
  std::vector<std::string> parts;
  for (const auto& [kind, count] : counts) parts.push_back(fmt::format("{} x {}", count, kind));
  if (parts.empty()) return text;
  const std::string record = text_at(report, "record");
  return text + fmt::format("  planted: {}{}\n", join(parts, ", "),
                            record.empty() ? "" : ", as " + record + " says");
}

std::string extract_text(const Json& report, bool dry_run) {
  const auto rows = number_at(report, "rows");
  const std::string count =
      rows ? counted(static_cast<std::int64_t>(*rows), "row", "rows") : "a table";
  const std::string output = text_at(report, "output");
  std::string text = dry_run ? fmt::format("would write {} to {}\n", count, output)
                             : fmt::format("{}: {}\n", output, count);
  if (const auto partitions = number_at(report, "partitions")) {
    text += "  " + counted(static_cast<std::int64_t>(*partitions), "partition", "partitions");
    const auto parts = number_at(report, "parts");
    if (parts) text += " in " + counted(static_cast<std::int64_t>(*parts), "file", "files");
    text += "\n";
  }
  for (const Json& point : report.value("points", Json::array())) text += point_text(point);
  if (dry_run) text += chunks_line(report);
  const auto amplification = number_at(report, "read_amplification");
  if (amplification && *amplification > 1.005) {
    text += fmt::format("  chunks are decoded {:.2f} times: more --memory would spare that\n",
                        *amplification);
  }
  if (!dry_run) text += figures_text(report) + cache_line(report) + skipped_text(report);
  const std::string plot = text_at(report, "plot");
  if (!plot.empty() && !dry_run) text += fmt::format("  plot: {}\n", plot);
  return text;
}

}  // namespace gridmill::cli
