// gridmill analyze IN...
#include <fmt/format.h>

#include "cli/questions.h"
#include "cli/rows.h"
#include "cli/verb.h"
#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/jobs/advice_file.h"
#include "gridmill/jobs/analyze.h"
#include "gridmill/jobs/output_file.h"

namespace gridmill::cli {
namespace {

constexpr const char* kAbout =
    "Says which chunks and codecs suit the data, for time series (temporal), for maps (spatial) "
    "and "
    "for both (balanced). Of every variable a sample is read: codecs are tried on it, for bytes "
    "and "
    "rates of one thread, and it is stored in memory in the advised chunks, from which a series, a "
    "map and a single value are read. For the whole array it is computed how many chunks each of "
    "these takes, and about how large it becomes; uncompressed means the bytes of the values as "
    "they are stored, packed ones packed.\n"
    "\n"
    "The codec that is advised is the one with the least work within 5 % of the fewest bytes, so "
    "that advice depends on no clock. -o writes it as a config file for convert, rechunk and "
    "template.";

constexpr const char* kAsAdvised = "as advised";
constexpr const char* kAdviceFile = "advice.yaml";

struct AnalyzeCommand {
  AnalyzeOptions job;
  ChunkWish wish;
  std::string output;
  bool overwrite = false;
  bool interactive = false;
};

Option sample_row(std::shared_ptr<std::int64_t> target) {
  const std::string fallback = format_bytes(static_cast<double>(*target));
  return parsed_row(
      "sample-size", "SIZE", "read so much of each variable; a quarter of --memory at most",
      fallback,
      [target = std::move(target)](const std::string& size) { *target = parse_size(size); });
}

std::vector<Option> rows(const std::shared_ptr<AnalyzeCommand>& command) {
  const std::shared_ptr<AnalyzeOptions> job(command, &command->job);
  Option pattern = access_pattern_row(member_of(command, &AnalyzeCommand::wish));
  pattern.help = "whose advice -o writes, and whose codecs are listed: temporal, spatial, balanced";
  pattern.fallback = job->access_pattern;
  Option interactive =
      switch_row("interactive", "ask for pattern, chunk size, codec and file, and write the file",
                 member_of(command, &AnalyzeCommand::interactive));
  interactive.letter = 'i';
  return {variables_row(member_of(job, &AnalyzeOptions::variables)),
          drop_row(member_of(job, &AnalyzeOptions::drop)),
          std::move(pattern),
          target_chunk_size_row(member_of(command, &AnalyzeCommand::wish)),
          sample_row(member_of(job, &AnalyzeOptions::sample_bytes)),
          output_row("the advice, as a config file", "none",
                     member_of(command, &AnalyzeCommand::output)),
          std::move(interactive),
          overwrite_row(member_of(command, &AnalyzeCommand::overwrite)),
          grib_index_row(member_of(job, &AnalyzeOptions::grib_index)),
          schema_row(member_of(job, &AnalyzeOptions::schema))};
}

void check_output(const AnalyzeCommand& command, const Invocation& invocation) {
  if (command.output.empty()) return;
  check_output_file(invocation.workplace.files, command.output, command.overwrite,
                    command.job.inputs);
}

void write_advice(const AnalyzeCommand& command, const Json& report, const std::string& codec,
                  const Invocation& invocation) {
  check_output(command, invocation);
  save_advice(advice_yaml(report, codec), command.output, invocation.workplace.files);
  invocation.workplace.console.say(
      fmt::format("advice for {} reads: {}", command.job.access_pattern, command.output));
}

void print(const Json& report, const Invocation& invocation) {
  print_report(invocation, report, analyze_text);
}

void run_interactive(AnalyzeCommand& command, const Invocation& invocation) {
  if (invocation.general.dry_run) {
    throw Error(ErrorKind::invalid, "--interactive writes a file: leave out --dry-run");
  }
  Questions questions(invocation.err, invocation.read_line);
  AnalyzeOptions& job = command.job;
  job.access_pattern = questions.ask("Read as temporal, spatial or balanced", job.access_pattern);
  const std::string size = format_bytes(static_cast<double>(job.target_bytes));
  const std::string answer = questions.ask("Bytes of a chunk", size);
  if (answer != size) job.target_bytes = parse_size(answer);
  const Json report = analyze(job, invocation.workplace);
  print(report, invocation);
  const std::string codec = questions.ask("Codec", kAsAdvised);
  command.output =
      questions.ask("Config file", command.output.empty() ? kAdviceFile : command.output);
  write_advice(command, report, codec == kAsAdvised ? "" : codec, invocation);
}

int run(AnalyzeCommand& command, const Invocation& invocation) {
  AnalyzeOptions& job = command.job;
  job.inputs = invocation.operands;
  if (!command.wish.access_pattern.empty()) job.access_pattern = command.wish.access_pattern;
  job.target_bytes = command.wish.target_bytes;
  job.dry_run = invocation.general.dry_run;
  job.grib_index = grib_index_of(job.grib_index, invocation);
  job.resources = invocation.general.resources;
  check_output(command, invocation);
  if (command.interactive) {
    run_interactive(command, invocation);
    return 0;
  }
  const Json report = analyze(job, invocation.workplace);
  if (!command.output.empty() && !job.dry_run) write_advice(command, report, "", invocation);
  print(report, invocation);
  return 0;
}

}  // namespace

Verb analyze_verb() {
  const auto command = std::make_shared<AnalyzeCommand>();
  Verb verb;
  verb.name = "analyze";
  verb.summary = "which chunks and codecs suit the data, measured on a sample";
  verb.operands = "IN...";
  verb.most_operands = -1;
  verb.about = kAbout;
  verb.examples = {
      {"analyze era5.zarr", "advice for each way of reading, for every variable"},
      {"analyze era5_2020-*.nc --variables t2m --access-pattern temporal -o advice.yaml",
       "advice for time series, as a file: convert era5_2020-*.nc OUT.zarr --config advice.yaml"},
      {"analyze era5.zarr --interactive", "the same, asked for step by step"},
      {"analyze era5.zarr --sample-size 256MiB --json", "all figures, of a larger sample"},
      {"analyze era5.zarr --dry-run", "chunks alone; no values are read"},
  };
  verb.options = rows(command);
  verb.run = [command](const Invocation& invocation) { return run(*command, invocation); };
  return verb;
}

}  // namespace gridmill::cli
