#include "gridmill/jobs/advice_file.h"

#include <fmt/format.h>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/codec/short_form.h"
#include "gridmill/jobs/output_file.h"

namespace gridmill {
namespace {

// A JSON string is a quoted string of YAML, too.
std::string list_item(const std::string& text) {
  return fmt::format("  - {}\n", dump_json(Json(text), -1));
}

// What --chunks and --codec would read otherwise.
void check_name(const std::string& name) {
  if (name.find_first_of(":,=*?[") == std::string::npos) return;
  throw Error(ErrorKind::unsupported,
              fmt::format("advice for {} can't be written as options, which give these signs a "
                          "meaning of their own: choose other --variables, or take --json",
                          name));
}

std::string chunks_of(const Json& variable, const Json& advice) {
  std::vector<std::string> lengths;
  check_name(variable["name"].get<std::string>());
  for (std::size_t d = 0; d < variable["dimensions"].size(); ++d) {
    check_name(variable["dimensions"][d].get<std::string>());
    lengths.push_back(fmt::format("{}={}", variable["dimensions"][d].get<std::string>(),
                                  advice["chunks"][d].get<std::int64_t>()));
  }
  return variable["name"].get<std::string>() + ":" + join(lengths, ",");
}

std::string codec_of(const Json& variable, const Json& advice, const std::string& codec) {
  const auto name = variable["name"].get<std::string>();
  if (codec.empty() && !advice.contains("codec")) {
    throw Error(ErrorKind::invalid,
                "a dry run tries no codecs: no advice to write; leave out --dry-run");
  }
  if (!codec.empty()) {
    const DataType type = data_type_from_name(variable["type"].get<std::string>());
    (void)parse_codec(codec, type, static_cast<int>(variable["shape"].size()));
  }
  return name + ":" + (codec.empty() ? advice["codec"].get<std::string>() : codec);
}

}  // namespace

std::string advice_yaml(const Json& report, const std::string& codec) {
  const auto pattern = report["access_pattern"].get<std::string>();
  std::string chunks = "chunks:\n", codecs = "codec:\n";
  for (const Json& variable : report["variables"]) {
    const Json& advice = variable["patterns"][pattern];
    chunks += list_item(chunks_of(variable, advice));
    codecs += list_item(codec_of(variable, advice, codec));
  }
  return fmt::format(
             "# Chunks and codecs for {} reads, as gridmill analyze advises them:\n"
             "#   gridmill convert IN... OUT.zarr --config THIS_FILE\n",
             pattern) +
         chunks + codecs;
}

void save_advice(const std::string& yaml, const std::string& path, Files& files) {
  const auto file = write_file(files, path);
  file->append(as_bytes(yaml));
  (void)file->commit();
}

}  // namespace gridmill
