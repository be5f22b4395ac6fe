// analyze.h: `gridmill analyze IN...`: which chunks and codecs suit the data, for each way of
// reading them; measured on a sample of each variable.
//
// What is measured: bytes and rates of codecs on the sample, in the advised chunks as far as the
// sample reaches; the time of a series, a map and a value, read from memory. What is computed for
// the whole array: chunks, how many of them a reading takes, their bytes, and the bytes that the
// array would take at the sample's ratio. Advice depends on values and shapes alone, never on time.
#pragma once

#include <string>
#include <vector>

#include "gridmill/base/json.h"
#include "gridmill/formats/grib_index_use.h"
#include "gridmill/jobs/chunk_wish.h"
#include "gridmill/jobs/workplace.h"

namespace gridmill {

struct AnalyzeOptions {
  std::vector<std::string> inputs;  // several are joined, as by convert
  std::vector<std::string> variables;
  std::vector<std::string> drop;
  std::string access_pattern = "balanced";  // whose advice is written
  std::int64_t target_bytes = kDefaultChunkBytes;
  std::int64_t sample_bytes = std::int64_t{64} << 20;  // of each variable; a quarter of --memory at
                                                       // most
  bool dry_run = false;  // chunks alone: nothing is read but coordinates
  std::string schema;    // a file: what the inputs must be like (schema_gate.h); "": anything
  GribIndexUse grib_index = GribIndexUse::read;
  Resources resources = default_resources();
};

// {"inputs", "access_pattern", "target_chunk_bytes", "sample_bytes",
//  "variables": [{"name", "type", "dimensions", "roles", "shape", "source_chunks",
//    "bytes": uncompressed, as the type is stored, "packed": null or {"type", "unpacked_type",
//    "unpacked_bytes"}, "sample": null or {"begin", "shape", "bytes"},
//    "patterns": {"temporal": {"chunks", "chunk_bytes", "why",
//      "reads": {"series": {"chunks", "bytes"}, ...} of the whole array,
//      and, but in a dry run: "codec", "ratio", "expected_bytes", "sample_chunks",
//      "codecs": [{"codec", "bytes", "ratio", "encode_mb_per_s", "decode_mb_per_s"}],
//      "measured": {"series": {"seconds", "chunks"}, ...} of the sample}, ...}}],
//  "skipped": [{"name", "why"}], "bytes", "expected_bytes": {"temporal", ...}, "notes"}.
// MB are 10^6 bytes, uncompressed. Throws gridmill::Error.
Json analyze(const AnalyzeOptions& options, const Workplace& workplace);
std::string analyze_text(const Json& report);

}  // namespace gridmill
