#include "cli/rows.h"

#include <fmt/format.h>

#include "cli/values.h"
#include "gridmill/base/error.h"
#include "gridmill/base/text.h"

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

Option parsed_row(std::string name, std::string value_name, std::string help, std::string fallback,
                  std::function<void(const std::string&)> take) {
  Option row;
  row.name = std::move(name);
  row.value_name = std::move(value_name);
  row.help = std::move(help);
  row.fallback = std::move(fallback);
  row.apply = [take = std::move(take)](const Values& values) { take(values.front()); };
  return row;
}

Option text_row(std::string name, std::string value_name, std::string help, std::string fallback,
                std::shared_ptr<std::string> target) {
  return parsed_row(std::move(name), std::move(value_name), std::move(help), std::move(fallback),
                    [target = std::move(target)](const std::string& text) { *target = text; });
}

Option choice_row(std::string name, std::string value_name, std::string help, std::string fallback,
                  Values choices, std::shared_ptr<std::string> target) {
  Option row = text_row(std::move(name), std::move(value_name), std::move(help),
                        std::move(fallback), std::move(target));
  row.choices = std::move(choices);
  return row;
}

Option file_row(std::string name, std::string help, std::string fallback,
                std::shared_ptr<std::string> target) {
  Option row =
      text_row(std::move(name), "FILE", std::move(help), std::move(fallback), std::move(target));
  row.hint = Hint::file;
  return row;
}

Option directory_row(std::string name, std::string help, std::string fallback,
                     std::shared_ptr<std::string> target) {
  Option row =
      text_row(std::move(name), "DIR", std::move(help), std::move(fallback), std::move(target));
  row.hint = Hint::directory;
  return row;
}

Option output_row(std::string help, std::string fallback, std::shared_ptr<std::string> target) {
  Option row = file_row("output", std::move(help), std::move(fallback), std::move(target));
  row.letter = 'o';
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

Option refused_row(std::string name, std::string value_name, std::string help, std::string why) {
  Option row;
  row.name = name;
  row.kind = value_name.empty() ? OptionKind::flag : OptionKind::value;
  row.value_name = std::move(value_name);
  row.help = std::move(help);
  row.fallback = row.kind == OptionKind::flag ? "false" : "none";
  row.apply = [name = std::move(name), kind = row.kind,
               why = std::move(why)](const Values& values) {
    if (kind == OptionKind::flag && values.front() != "true") return;
    throw Error(ErrorKind::unsupported, fmt::format("--{} {}", name, why));
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

Option way_row(std::shared_ptr<std::string> target) {
  return choice_row("way", "WAY",
                    "of rechunk. direct: without an intermediate array, whatever is read again; "
                    "spill: through one, whatever fits; cheapest: whichever costs less",
                    "cheapest", {"cheapest", "direct", "spill"}, std::move(target));
}

Option grib_index_row(std::shared_ptr<GribIndexUse> target) {
  Option row = parsed_row(
      "grib-index", "USE",
      "of GRIB inputs: read: take the index that an earlier run has kept beside the file "
      "(NAME.gmindex), if it is still that of the file; write: and keep one where there is none; "
      "none: scan the file in any case",
      "read", [target = std::move(target)](const std::string& use) {
        *target = use == "none"    ? GribIndexUse::none
                  : use == "write" ? GribIndexUse::write
                                   : GribIndexUse::read;
      });
  row.choices = {"none", "read", "write"};
  return row;
}

Option schema_row(std::shared_ptr<std::string> target) {
  return file_row("schema",
                  "what the inputs must be like: metadata and coordinates are checked before "
                  "anything is read of them (gridmill schema writes a first one)",
                  "none", std::move(target));
}

Option skip_corrupt_row(std::shared_ptr<bool> target) {
  return switch_row("skip-corrupt",
                    "go on without chunks of the input that are corrupt: their values are missing "
                    "in the output (NaN, or packed the _FillValue), and each is counted and named; "
                    "metadata and coordinates are never skipped",
                    std::move(target));
}

void allow_skipping(bool is_allowed, Resources& resources) {
  if (is_allowed) resources.skipped = std::make_shared<SkippedLeaves>();
  resources.offers_skipping = !is_allowed;
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

Option resume_row(std::shared_ptr<bool> target) {
  return switch_row(
      "resume", "go on with what an interrupted run of the same plan has stored, if there is any",
      std::move(target));
}

Option zarr_format_row(std::shared_ptr<int> target) {
  Option row = parsed_row("zarr-format", "3|2",
                          "version of the Zarr format to write; a group has that of its store", "3",
                          [target = std::move(target)](const std::string& version) {
                            *target = static_cast<int>(parse_int(version));
                          });
  row.choices = {"3", "2"};
  return row;
}

Option chunks_row(std::shared_ptr<Values> target) {
  Option row = values_row("chunks", OptionKind::repeated, "[NAME:]LAYOUT",
                          "chunk shape (time=24,lat=90; lat=all is the whole dimension; all: one "
                          "chunk) or size (16MiB); may be repeated",
                          "chosen per variable, --dry-run says why", std::move(target));
  row.is_mapping = true;
  return row;
}

Option access_pattern_row(const std::shared_ptr<ChunkWish>& target) {
  Option row = text_row(
      "access-pattern", "PATTERN",
      "chunks for how the data will be read: temporal (long in time, small in space), spatial "
      "(whole maps, few times), balanced (between); lengths that --chunks names stay",
      "none: chunks follow the source's", member_of(target, &ChunkWish::access_pattern));
  for (const AccessPattern pattern : kAccessPatterns) row.choices.emplace_back(name_of(pattern));
  return row;
}

Option target_chunk_size_row(std::shared_ptr<ChunkWish> target) {
  return parsed_row("target-chunk-size", "SIZE",
                    "decoded bytes of a chunk, as far as dimensions allow",
                    format_bytes(static_cast<double>(kDefaultChunkBytes)),
                    [target = std::move(target)](const std::string& size) {
                      target->target_bytes = parse_size(size);
                      check_wish(*target);
                    });
}

Option shards_row(std::shared_ptr<Values> target) {
  Option row = values_row("shards", OptionKind::repeated, "[NAME:]LAYOUT",
                          "chunks inside shards of this shape, whole chunks (time=all,lat=90; all: "
                          "one shard; none), and index=start for their index in front; Zarr v3; "
                          "may be repeated",
                          "the source's, if its chunks are kept", std::move(target));
  row.is_mapping = true;
  return row;
}

Option codec_row(std::shared_ptr<Values> target) {
  return values_row("codec", OptionKind::repeated, "[NAME:]CODEC",
                    "blosc:zstd:1:shuffle:512KiB, zstd:3, gzip:5, zlib:1, bz2:9, lz4, lzma:6, "
                    "none, or Zarr codecs as JSON (one, or a list); "
                    "may be repeated",
                    "blosc:zstd:1:shuffle:512KiB", std::move(target));
}

Option out_of_range_row(std::shared_ptr<std::string> target) {
  return choice_row("out-of-range", "WAY",
                    "what becomes of values that packed integers have no code for: error; clamp: "
                    "the nearest code; mask: missing. The last two are counted",
                    "error", {"error", "clamp", "mask"}, std::move(target));
}

std::vector<Option> pack_rows(const std::shared_ptr<PackOptions>& target) {
  return {values_row("pack", OptionKind::repeated, "[NAME:]BITS",
                     "floating-point values as integers of 8, 16 or 32 bits with scale_factor and "
                     "add_offset (NAME:none leaves one out); may be repeated",
                     "nothing", member_of(target, &PackOptions::pack)),
          values_row("pack-range", OptionKind::repeated, "[NAME:]LEAST:GREATEST",
                     "the values that packed integers have codes for, or scan; may be repeated",
                     "valid_range, valid_min and valid_max, else scanned",
                     member_of(target, &PackOptions::range)),
          parsed_row("pack-buffer", "SHARE",
                     "by how much of itself a scanned range is widened on both sides", "0.01",
                     [target](const std::string& share) { target->buffer = parse_double(share); }),
          out_of_range_row(member_of(target, &PackOptions::out_of_range))};
}

Option check_variables_row(std::shared_ptr<Values> target) {
  return values_row("check-vars", OptionKind::list, "NAMES",
                    "read these variables back (names, globs or all) and compare every value with "
                    "what was to be written, before readers see it where that is possible",
                    "none", std::move(target));
}

Option retries_row(std::shared_ptr<int> target) {
  return parsed_row(
      "retries", "N",
      "how often a run is made again whose --check-vars are not what they should be (single reads "
      "and writes are tried four times in any case)",
      "0", [target = std::move(target)](const std::string& text) {
        const std::int64_t retries = parse_int(text);
        if (retries < 0 || retries > 1000) {
          throw Error(ErrorKind::invalid,
                      fmt::format("--retries {} is not between 0 and 1000", retries));
        }
        *target = static_cast<int>(retries);
      });
}

Option attributes_row(std::shared_ptr<Values> target) {
  return values_row("attrs", OptionKind::repeated, "NAME=VALUE",
                    "an attribute of the root group, set or replaced; VALUE is a number, a list or "
                    "true as JSON has them, or a text; may be repeated",
                    "those of IN", std::move(target));
}

std::vector<Option> report_rows(const std::shared_ptr<ReportOptions>& target) {
  Option prices = values_row(
      "prices", OptionKind::list, "NAME=PRICE",
      "the run's cost at these prices: " + join(price_names(), ", ") + "; and currency=NAME",
      "none", member_of(target, &ReportOptions::prices));
  Option tags = values_row("tags", OptionKind::list, "NAME=VALUE",
                           "kept with the run's record, report and metrics", "none",
                           member_of(target, &ReportOptions::tags));
  prices.is_mapping = true;
  tags.is_mapping = true;
  Option serve = text_row(
      "serve", "PORT",
      "serve a page to look at the run in a browser while it goes on, to this machine only: lanes, "
      "memory, rates, queues, what is waited for; without a PORT at one that is free, which is "
      "told",
      "none", member_of(target, &ReportOptions::serve));
  serve.value_if_bare = "0";
  return {file_row("report", "what the run took and what held it back; as JSON if it ends in .json",
                   "none", member_of(target, &ReportOptions::report)),
          file_row("metrics", "the same as OpenMetrics text, for Prometheus", "none",
                   member_of(target, &ReportOptions::metrics)),
          text_row("metrics-port", "[ADDRESS:]PORT",
                   "serve OpenMetrics at /metrics while the run goes on, for this machine only "
                   "unless an address is given; 0: any port, which is told",
                   "none", member_of(target, &ReportOptions::metrics_port)),
          file_row("trace", "what each lane did when, for chrome://tracing or Perfetto", "none",
                   member_of(target, &ReportOptions::trace)),
          switch_row("watch",
                     "show the same on the terminal, redrawn in place (elsewhere: in the lines of "
                     "progress)",
                     member_of(target, &ReportOptions::watch)),
          std::move(serve),
          std::move(prices),
          std::move(tags),
          parsed_row("sample", "SHARE",
                     "run this share of the tasks (0.1) into a store that is thrown away, and say "
                     "what the whole would take: time, memory, bytes, cost",
                     "none",
                     [target](const std::string& share) { target->sample = parse_share(share); })};
}

}  // namespace gridmill::cli
