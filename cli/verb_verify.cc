// gridmill verify STORE [--against SOURCE...]
#include <fmt/format.h>

#include "cli/rows.h"
#include "cli/verb.h"
#include "gridmill/base/text.h"
#include "gridmill/jobs/verify.h"

namespace gridmill::cli {
namespace {

constexpr int kDataAreBad = 3;

constexpr const char* kAbout =
    "Checks that a store is whole: every chunk of the manifest is there with the hash that it had "
    "when it was written, decodes, and has the right size; coordinates are unique and monotonic. "
    "With "
    "--against also that values, attributes and times equal those of the sources. Everything that "
    "is "
    "wrong is listed, and what can't be proved is said. With --variables only these, and the "
    "coordinates that they need, are looked at, on both sides; the report says so.";

Option against_row(const std::shared_ptr<VerifyOptions>& options) {
  Option row =
      values_row("against", OptionKind::many, "SOURCE...",
                 "compare with what the store was made from; several sources are joined as "
                 "convert joins them",
                 "nothing", member_of(options, &VerifyOptions::against));
  row.hint = Hint::file;
  return row;
}

Option clamped_row(const std::shared_ptr<VerifyOptions>& options) {
  return choice_row("out-of-range", "WAY",
                    "what became of values that a packed store has no code for: mask: missing; "
                    "clamp: the nearest code",
                    "mask", {"mask", "clamp", "error"},
                    member_of(options, &VerifyOptions::out_of_range));
}

int run(VerifyOptions& options, const Invocation& invocation) {
  options.store = invocation.operands.front();
  options.resources = invocation.general.resources;
  if (invocation.general.dry_run) {
    const std::string sources =
        options.against.empty() ? "" : " against " + join(options.against, ", ");
    invocation.out.print(fmt::format("would verify {}{}\n", options.store, sources));
    return 0;
  }
  const Json report = verify(options, invocation.workplace);
  print_report(invocation, report, verify_text);
  return report.at("ok").get<bool>() ? 0 : kDataAreBad;
}

}  // namespace

Verb verify_verb() {
  const auto options = std::make_shared<VerifyOptions>();
  Verb verb;
  verb.name = "verify";
  verb.summary = "is a store whole, and does it equal its source?";
  verb.operands = "STORE";
  verb.about = kAbout;
  verb.examples = {
      {"verify coads.zarr", "presence, hashes, sizes and coordinates"},
      {"verify coads.zarr --against coads_climatology.cdf", "and every value"},
      {"verify era5.zarr --against era5_2020-*.grib --variables t2m,tp", "two variables only"},
  };
  verb.options = {
      against_row(options),
      variables_row(member_of(options, &VerifyOptions::variables)),
      drop_row(member_of(options, &VerifyOptions::drop)),
      clamped_row(options),
      grib_index_row(member_of(options, &VerifyOptions::grib_index)),
  };
  verb.run = [options](const Invocation& invocation) { return run(*options, invocation); };
  return verb;
}

}  // namespace gridmill::cli
