// The layers of the options: who wins, what is refused, and what is said about it.
#include "cli/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/arguments.h"
#include "cli/config_file.h"
#include "cli/rows.h"
#include "cli/values.h"
#include "gridmill/base/error.h"

namespace gridmill::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

template <class Action>
std::string message_of(Action&& action, ErrorKind kind = ErrorKind::invalid) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

struct Settings {
  std::string memory = "unset";
  Values variables{"unset"};
  Values chunks{"unset"};
  Values against{"unset"};
  bool overwrite = false;
};

class OptionsTest : public testing::Test {
 protected:
  OptionsTest() {
    Option chunks = values_row("chunks", OptionKind::repeated, "LAYOUT", "chunk shape", "chosen",
                               member_of(settings_, &Settings::chunks));
    chunks.is_mapping = true;
    options_ = {
        text_row("memory", "SIZE", "budget", "8 GiB", member_of(settings_, &Settings::memory)),
        values_row("variables", OptionKind::list, "NAMES", "which", "all",
                   member_of(settings_, &Settings::variables)),
        chunks,
        values_row("against", OptionKind::many, "SOURCE...", "sources", "none",
                   member_of(settings_, &Settings::against)),
        switch_row("overwrite", "replace", member_of(settings_, &Settings::overwrite))};
  }

  std::vector<Setting> settle_all(const std::vector<std::string>& words,
                                  const std::map<std::string, std::string>& environment = {},
                                  const std::string& yaml = "") {
    const Layer config = config_layer(yaml, "run.yaml", "convert", {{"convert", options_}});
    const auto lookup = [&](const std::string& name) -> std::optional<std::string> {
      const auto found = environment.find(name);
      return found == environment.end() ? std::nullopt : std::optional(found->second);
    };
    return settle(options_, parse_arguments(options_, words).flags,
                  environment_layer(options_, lookup), config, "run.yaml");
  }

  const std::shared_ptr<Settings> settings_ = std::make_shared<Settings>();
  std::vector<Option> options_;
};

TEST_F(OptionsTest, HighestLayerWins) {
  const std::map<std::string, std::string> environment{{"GRIDMILL_MEMORY", "2G"}};
  const std::string yaml = "memory: 1G\n";
  const auto expect = [&](const std::vector<Setting>& settings, const std::string& value,
                          const std::string& where) {
    settings_->memory = "unset";
    apply_settings(settings);
    EXPECT_EQ(settings_->memory, value);
    EXPECT_EQ(settings.front().where, where);
  };
  expect(settle_all({"--memory", "3G"}, environment, yaml), "3G", "--memory");
  expect(settle_all({}, environment, yaml), "2G", "GRIDMILL_MEMORY");
  expect(settle_all({}, {}, yaml), "1G", "memory in run.yaml");
  expect(settle_all({}), "unset", "default");
  expect(settle_all({}, {{"GRIDMILL_MEMORY", ""}}, yaml), "1G", "memory in run.yaml");
}

TEST_F(OptionsTest, SectionWinsOverTopLevel) {
  apply_settings(settle_all({}, {}, "convert: {memory: 5G}\nmemory: 1G\n"));
  EXPECT_EQ(settings_->memory, "5G");
}

TEST_F(OptionsTest, ALayerReplacesAWholeList) {
  apply_settings(settle_all({"--variables", "a"}, {{"GRIDMILL_VARIABLES", "b,c"}}));
  EXPECT_THAT(settings_->variables, ElementsAre("a"));
}

TEST_F(OptionsTest, ListsSplitAtCommasAndRepeatedOptionsDoNot) {
  apply_settings(settle_all({"--variables", "a, b", "--variables=c", "--chunks", "time=24,lat=90",
                             "--chunks", R"([{"id": "zlib", "level": 1}])"}));
  EXPECT_THAT(settings_->variables, ElementsAre("a", "b", "c"));
  EXPECT_THAT(settings_->chunks, ElementsAre("time=24,lat=90", R"([{"id": "zlib", "level": 1}])"));
}

TEST_F(OptionsTest, EnvironmentSeparatesRepeatedOptionsBySemicolons) {
  apply_settings(settle_all(
      {}, {{"GRIDMILL_CHUNKS", "time=24,lat=90; t2m:16MiB"}, {"GRIDMILL_TEST_DATA", "/nowhere"}}));
  EXPECT_THAT(settings_->chunks, ElementsAre("time=24,lat=90", "t2m:16MiB"));
}

TEST_F(OptionsTest, ManyWordsFollowOneFlag) {
  const Arguments arguments =
      parse_arguments(options_, {"x.zarr", "--against", "a.nc", "b.nc", "--overwrite"});
  EXPECT_THAT(arguments.operands, ElementsAre("x.zarr"));
  EXPECT_THAT(arguments.flags.at("against"), ElementsAre("a.nc", "b.nc"));
}

TEST_F(OptionsTest, NegativeNumbersAreValues) {
  const Arguments arguments = parse_arguments(options_, {"--chunks", "-33.9,151.2", "x.zarr"});
  EXPECT_THAT(arguments.flags.at("chunks"), ElementsAre("-33.9,151.2"));
  EXPECT_THAT(arguments.operands, ElementsAre("x.zarr"));
}

TEST_F(OptionsTest, AValueThatMayBeLeftOutIsANumber) {
  std::vector<Option> options(1);
  options[0].name = "serve";
  options[0].value_name = "PORT";
  options[0].value_if_bare = "0";
  const auto parsed = [&](const std::vector<std::string>& words) {
    const Arguments arguments = parse_arguments(options, words);
    const auto found = arguments.flags.find("serve");
    return (found == arguments.flags.end() ? "none" : found->second.back()) + " of " +
           std::to_string(arguments.operands.size());
  };
  EXPECT_EQ(parsed({"--serve", "a.nc"}), "0 of 1");
  EXPECT_EQ(parsed({"a.nc", "--serve"}), "0 of 1");
  EXPECT_EQ(parsed({"--serve", "8080", "a.nc"}), "8080 of 1");
  EXPECT_EQ(parsed({"--serve=8080", "80"}), "8080 of 1");
  EXPECT_EQ(parsed({"--serve", "[::1]:80"}), "0 of 1");  // such a value takes an equals sign
  EXPECT_EQ(parsed({"--", "--serve"}), "none of 1");
}

TEST_F(OptionsTest, TwoDashesEndTheOptions) {
  const Arguments arguments = parse_arguments(options_, {"a.nc", "--", "--odd.nc", "-"});
  EXPECT_THAT(arguments.operands, ElementsAre("a.nc", "--odd.nc", "-"));
}

TEST_F(OptionsTest, SwitchesCanBeTurnedOff) {
  settings_->overwrite = true;
  apply_settings(settle_all({"--overwrite=false"}, {}, "overwrite: yes"));
  EXPECT_FALSE(settings_->overwrite);
  apply_settings(settle_all({"--overwrite"}, {{"GRIDMILL_OVERWRITE", "0"}}));
  EXPECT_TRUE(settings_->overwrite);
}

TEST_F(OptionsTest, UnknownOptionNamesTheNearest) {
  EXPECT_THAT(message_of([&] {
                parse_arguments(options_, {"--chunk", "time=24"});
              }),
              HasSubstr("no option --chunk (did you mean --chunks"));
  EXPECT_THAT(message_of([&] { parse_arguments(options_, {"--memroy=1G"}); }),
              HasSubstr("--memory"));
}

TEST_F(OptionsTest, ForgottenValueIsNamed) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"--memory"}, {"--memory", "--overwrite"}, {"--memory=", "x"}}) {
    EXPECT_THAT(message_of([&] { parse_arguments(options_, words); }),
                HasSubstr("--memory needs a value: --memory SIZE"));
  }
}

TEST_F(OptionsTest, ConfigMappingsBecomePairs) {
  apply_settings(settle_all({}, {}, "chunks: {time: 24, lat: 90}\nvariables: [a, b]\n"));
  EXPECT_THAT(settings_->chunks, ElementsAre("time=24,lat=90"));
  EXPECT_THAT(settings_->variables, ElementsAre("a", "b"));
}

TEST_F(OptionsTest, ConfigFilesRefuseWhatNobodyKnows) {
  const auto refused = [&](const std::string& yaml) {
    return message_of([&] { settle_all({}, {}, yaml); });
  };
  EXPECT_THAT(refused("memory: 1G\nchunk: 3\n"), HasSubstr("config file run.yaml: line 2: "));
  EXPECT_THAT(refused("chunk: 3\n"), HasSubstr("did you mean chunks"));
  EXPECT_THAT(refused("convert: {chunk: 3}\n"), HasSubstr("no option chunk of convert"));
  EXPECT_THAT(refused("convrt: {memory: 1G}\n"), HasSubstr("did you mean convert"));
  EXPECT_THAT(refused("memory: 1G\nmemory: 2G\n"), HasSubstr("memory: stands here a second time"));
  EXPECT_THAT(refused("memory: [1G, 2G]\n"), HasSubstr("takes one value"));
  EXPECT_THAT(refused("variables: {a: 1}\n"), HasSubstr("can't be a mapping"));
  EXPECT_THAT(refused("- memory\n"), HasSubstr("a mapping of options to values"));
  EXPECT_THAT(refused("memory: [1G\n"), HasSubstr("not YAML"));
}

TEST_F(OptionsTest, OptionsOfOtherVerbsArePassedOver) {
  const OptionsByVerb verbs{{"convert", options_}, {"info", {options_[0]}}};
  const Layer layer =
      config_layer("chunks: 16MiB\nconvert: {overwrite: true}\n", "f", "info", verbs);
  EXPECT_TRUE(layer.empty());
}

TEST_F(OptionsTest, BadValuesNameWhoGaveThem) {
  options_[0].choices = {"small", "large"};
  EXPECT_THAT(message_of([&] {
                apply_settings(settle_all({"--memory", "smal"}));
              }),
              HasSubstr("--memory: \"smal\" is not one of small, large (did you mean small?)"));
  EXPECT_THAT(message_of([&] {
                apply_settings(settle_all({}, {{"GRIDMILL_OVERWRITE", "maybe"}}));
              }),
              HasSubstr("GRIDMILL_OVERWRITE: \"maybe\" is neither true nor false"));
}

TEST_F(OptionsTest, ShowConfigSaysWhoSetWhat) {
  const std::string table = show_settings(
      settle_all({"--memory", "3G"}, {{"GRIDMILL_OVERWRITE", "1"}}, "variables: [a, b]\n"));
  EXPECT_THAT(table, testing::ContainsRegex("memory +3G +--memory\n"));
  EXPECT_THAT(table, testing::ContainsRegex("overwrite +1 +GRIDMILL_OVERWRITE\n"));
  EXPECT_THAT(table, testing::ContainsRegex("variables +a; b +variables in run.yaml\n"));
  EXPECT_THAT(table, testing::ContainsRegex("chunks +chosen +default\n"));
}

TEST(ValuesTest, Durations) {
  EXPECT_EQ(parse_duration("30s"), 30'000'000'000);
  EXPECT_EQ(parse_duration("10m"), 600'000'000'000);
  EXPECT_EQ(parse_duration("1.5h"), 5'400'000'000'000);
  EXPECT_EQ(parse_duration("250 ms"), 250'000'000);
  EXPECT_EQ(parse_duration("7"), 7'000'000'000);
  EXPECT_EQ(parse_duration("0"), 0);
  for (const char* text : {"", "s", "10x", "-1s", "1.2.3s", "1e30h", "99999999999h"}) {
    EXPECT_THAT(message_of([&] { parse_duration(text); }), HasSubstr("is not a duration"));
  }
}

TEST(ValuesTest, MemoryAndThreads) {
  EXPECT_EQ(parse_memory("64M"), std::int64_t{64} << 20);
  EXPECT_EQ(parse_memory("2GB"), 2'000'000'000);
  for (const char* text : {"0", "1K", "63MiB"}) {
    EXPECT_THAT(message_of([&] { parse_memory(text); }), HasSubstr("give at least 64M"));
  }
  EXPECT_EQ(parse_threads("4"), 4);
  for (const char* text : {"0", "-2", "100000"}) {
    EXPECT_THAT(message_of([&] { parse_threads(text); }), HasSubstr("make no sense"));
  }
}

}  // namespace
}  // namespace gridmill::cli
