#include "gridmill/jobs/cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "gridmill/base/text.h"
#include "gridmill/store/leftovers.h"
#include "gridmill/system/clock.h"

namespace gridmill {
namespace {

bool is_kept(const Leftover& leftover) {
  return leftover.state == Leftover::State::running ||
         leftover.state == Leftover::State::finished ||
         leftover.state == Leftover::State::unsettled;
}

double bytes_at(const Json& object, const char* name) { return object.value(name, 0.0); }

// What can be done about it.
std::string advice(const Json& place) {
  const std::string state = place.value("state", ""), output = place.value("output", "");
  if (place.value("removed", false)) return "";
  if (state == "running") return "a run is at work here";
  if (state == "finished" && output.find(".gridmill/groups/") != std::string::npos) {
    return "a complete group: the same command puts it in place (convert, rechunk: with --resume)";
  }
  if (state == "finished")
    return fmt::format("a complete store: mv {0}.gridmill/incoming {0}", output);
  if (state == "resumable") return "the same command with --resume goes on";
  if (state == "unsettled") return fmt::format("gridmill table compact {} tidies up", output);
  return "nobody's";
}

}  // namespace

Json look_after_spill(const CacheOptions& options, const Workplace& workplace) {
  Json places = Json::array();
  std::int64_t bytes = 0, removed = 0;
  std::set<std::string> seen;  // folders may lie in one another
  for (const std::string& directory : options.directories) {
    for (const Leftover& leftover : find_leftovers(workplace.files, directory)) {
      if (!seen.insert(workplace.files.absolute(leftover.output)).second) continue;
      bool goes = options.removes && !is_kept(leftover);
      if (goes && !options.dry_run) goes = remove_leftover(workplace.files, leftover);
      const std::int64_t age_ns = workplace.clock.wall_ns() - leftover.modified_ns;
      places.push_back({{"output", leftover.output},
                        {"state", name_of(leftover.state)},
                        {"files", leftover.files},
                        {"bytes", leftover.bytes},
                        {"spill_bytes", leftover.spill_bytes},
                        {"age_seconds", leftover.modified_ns == 0
                                            ? Json()
                                            : Json(seconds_of(std::max<std::int64_t>(0, age_ns)))},
                        {"removed", goes}});
      bytes += leftover.bytes;
      if (goes) removed += leftover.bytes;
    }
  }
  return {{"kind", "spill"},
          {"places", std::move(places)},
          {"bytes", bytes},
          {"removed_bytes", removed}};
}

std::string cache_text(const Json& report, bool removes, bool dry_run) {
  std::string text;
  for (const Json& place : report["places"]) {
    const Json& age = place["age_seconds"];
    text += fmt::format("{:<10} {:>10}  {:>12}  {}\n", place.value("state", ""),
                        format_bytes(bytes_at(place, "bytes")),
                        age.is_number() ? format_duration(age.get<double>()) : "-",
                        place.value("output", "") + ".gridmill");
    const std::string said = advice(place);
    const char* done = dry_run ? "would be removed" : "removed";
    text += fmt::format("           {}\n", place.value("removed", false) ? done : said);
  }
  const std::string count = fmt::format("{} unfinished {}", report["places"].size(),
                                        report["places"].size() == 1 ? "output" : "outputs");
  text += fmt::format("{}, {}", count, format_bytes(bytes_at(report, "bytes")));
  if (removes) {
    text += fmt::format(", {} {}", format_bytes(bytes_at(report, "removed_bytes")),
                        dry_run ? "would be removed" : "removed");
  }
  return text + "\n";
}

}  // namespace gridmill
