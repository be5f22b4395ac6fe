// gridmill store ls|mkgroup|mv|rm|consolidate STORE[#/PATH] [PATH]
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "cli/rows.h"
#include "cli/verb.h"
#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/jobs/edit_store.h"

namespace gridmill::cli {
namespace {

constexpr const char* kAbout =
    "The groups and arrays of a Zarr store. `ls` lists them; `mkgroup` makes a group, and those "
    "above it; `mv STORE#/PATH NEWPATH` moves a group or an array with all that lies below; `rm` "
    "removes one (--dry-run says how much); `consolidate` puts all metadata into one document (v3: "
    "inline in the root's zarr.json, v2: .zmetadata), which the other words keep up to date where "
    "it is there. The manifest beside the store follows, so that `verify` still holds.";

struct Word {
  const char* name;
  StoreEdit edit;
  std::size_t operands;  // with the word itself
};
constexpr Word kWords[] = {{"ls", StoreEdit::ls, 2},
                           {"mkgroup", StoreEdit::mkgroup, 2},
                           {"mv", StoreEdit::mv, 3},
                           {"rm", StoreEdit::rm, 2},
                           {"consolidate", StoreEdit::consolidate, 2}};

const Word& word_of(const std::string& name) {
  const Word* found = std::find_if(std::begin(kWords), std::end(kWords),
                                   [&](const Word& word) { return name == word.name; });
  if (found != std::end(kWords)) return *found;
  throw Error(ErrorKind::invalid,
              fmt::format("store can't \"{}\"{}: ls, mkgroup, mv, rm or consolidate", name,
                          did_you_mean(name, {"ls", "mkgroup", "mv", "rm", "consolidate"})));
}

int run(StoreEditOptions options, const Invocation& invocation) {
  refuse_resources(invocation.settings, "store");
  const std::vector<std::string>& words = invocation.operands;
  const Word& word = word_of(words[0]);
  if (words.size() != word.operands) {
    throw Error(ErrorKind::invalid,
                word.operands == 3
                    ? "mv wants two places: gridmill store mv STORE#/PATH NEWPATH"
                    : fmt::format("{} wants one place: gridmill store {} STORE#/PATH", word.name,
                                  word.name));
  }
  options.edit = word.edit;
  options.location = words[1];
  if (words.size() > 2) options.to = words[2].starts_with('/') ? words[2].substr(1) : words[2];
  const bool sets_format = setting_of(invocation.settings, "zarr-format").origin == Origin::flag;
  if (!sets_format || options.edit != StoreEdit::mkgroup) options.zarr_format = 0;
  options.dry_run = invocation.general.dry_run;
  print_report(invocation, edit_store(options, invocation.workplace), store_edit_text);
  return 0;
}

}  // namespace

Verb store_verb() {
  const auto options = std::make_shared<StoreEditOptions>();
  Verb verb;
  verb.name = "store";
  verb.summary = "groups and arrays of a store: list, make, move, remove, consolidate";
  verb.operands = "ls|mkgroup|mv|rm|consolidate STORE[#/PATH] [NEWPATH]";
  verb.least_operands = 2;
  verb.most_operands = 3;
  verb.about = kAbout;
  verb.examples = {
      {"store ls era5.zarr", "its groups and arrays"},
      {"store mkgroup era5.zarr#/daily/surface", "a group, and the one above it"},
      {"store mv era5.zarr#/t2m daily/t2m", "another place in the same store"},
      {"store rm era5.zarr#/tmp --dry-run", "how much would go"},
      {"store consolidate era5.zarr", "all metadata in one document"},
  };
  verb.options = {zarr_format_row(member_of(options, &StoreEditOptions::zarr_format))};
  verb.run = [options](const Invocation& invocation) { return run(*options, invocation); };
  return verb;
}

}  // namespace gridmill::cli
