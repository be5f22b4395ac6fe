// gridmill bench read|subchunks|roundtrip LOC
#include <fmt/format.h>

#include <memory>

#include "cli/rows.h"
#include "cli/verb.h"
#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/jobs/bench_store.h"

namespace gridmill::cli {
namespace {

constexpr const char* kAbout =
    "Measures how fast an array is read here (`read`: all of it into memory; `subchunks`: chunk by "
    "chunk), or written anew (`roundtrip`, into a store beside LOC that is removed afterwards, "
    "with "
    "the layout that --chunks, --shards and --codec ask for). Without an array's name the largest "
    "one of LOC. Says the best and the median of the rounds, and the peak memory of all.";

BenchKind kind_of(const std::string& word) {
  if (word == "read") return BenchKind::read;
  if (word == "subchunks") return BenchKind::subchunks;
  if (word == "roundtrip") return BenchKind::roundtrip;
  throw Error(ErrorKind::invalid,
              fmt::format("bench can't \"{}\"{}: read, subchunks or roundtrip", word,
                          did_you_mean(word, {"read", "subchunks", "roundtrip"})));
}

Option count_row(std::string name, std::string value_name, std::string help, std::string fallback,
                 const std::shared_ptr<int>& target) {
  const auto take = [target, name](const std::string& text) {
    const std::int64_t count = parse_int(text);
    if (count < 1 || count > 100'000) {
      throw Error(ErrorKind::invalid,
                  fmt::format("--{} {}: a number from 1 on is wanted", name, text));
    }
    *target = static_cast<int>(count);
  };
  return parsed_row(std::move(name), std::move(value_name), std::move(help), std::move(fallback),
                    take);
}

int run(BenchOptions options, const Invocation& invocation) {
  options.kind = kind_of(invocation.operands[0]);
  options.location = invocation.operands[1];
  options.resources = invocation.general.resources;
  print_report(invocation, bench_store(options, invocation.workplace), bench_text);
  return 0;
}

}  // namespace

Verb bench_verb() {
  const auto options = std::make_shared<BenchOptions>();
  const auto layout = std::shared_ptr<TargetLayout>(options, &options->layout);
  Verb verb;
  verb.name = "bench";
  verb.summary = "how fast an array is read and written here";
  verb.operands = "read|subchunks|roundtrip LOC";
  verb.least_operands = 2;
  verb.most_operands = 2;
  verb.about = kAbout;
  verb.examples = {
      {"bench read era5.zarr#/t2m", "the whole array into memory"},
      {"bench subchunks era5.zarr --concurrency 4 --repeat 3", "chunk by chunk, four readers"},
      {"bench subchunks era5.zarr --ahead --threads 4", "one reader, four threads ahead of it"},
      {"bench roundtrip era5.zarr --chunks 4MiB --codec zstd:3 --json", "another layout, tried"},
  };
  verb.options = {
      count_row("concurrency", "C", "readers of subchunks", "1",
                member_of(options, &BenchOptions::concurrency)),
      switch_row("ahead", "one reader of subchunks; --threads threads decode ahead of it",
                 member_of(options, &BenchOptions::ahead)),
      count_row("repeat", "R", "rounds", "5", member_of(options, &BenchOptions::repeat)),
      chunks_row(member_of(layout, &TargetLayout::chunks)),
      shards_row(member_of(layout, &TargetLayout::shards)),
      codec_row(member_of(layout, &TargetLayout::codec)),
  };
  verb.run = [options](const Invocation& invocation) { return run(*options, invocation); };
  return verb;
}

}  // namespace gridmill::cli
