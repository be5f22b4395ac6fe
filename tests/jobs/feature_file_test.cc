// Oracle: the files written out by hand.
#include "gridmill/jobs/feature_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gridmill/base/error.h"

namespace gridmill {
namespace {

using ::testing::HasSubstr;

std::string yaml_refusal(const std::string& yaml) {
  try {
    (void)features_from_yaml(yaml, "f.yaml");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::invalid);
    return error.what();
  }
  ADD_FAILURE() << yaml << " was taken";
  return "";
}

TEST(FeatureFile, MappingsAndListsInTheirOrder) {
  const auto mapping = features_from_yaml(
      "wind: hypot(u, v)\n"
      "heat:\n  expr: mean(t, 3d)\n  units: K\n  description: three days\n",
      "f.yaml");
  ASSERT_EQ(mapping.size(), 2u);
  EXPECT_EQ(mapping[0].name, "wind");
  EXPECT_EQ(mapping[0].expression, "hypot(u, v)");
  EXPECT_EQ(mapping[1].units, "K");
  EXPECT_EQ(mapping[1].description, "three days");
  EXPECT_EQ(mapping[1].origin, "line 2 of f.yaml");
  const auto list = features_from_yaml("- {name: b, expr: t}\n- name: a\n  expr: u\n", "f.yaml");
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0].name, "b");
  EXPECT_EQ(list[1].expression, "u");
}

TEST(FeatureFile, MistakesNameTheirLine) {
  EXPECT_THAT(yaml_refusal("a:\n  expr: t\n  unit: K\n"),
              HasSubstr("line 3: a feature has no unit"));
  EXPECT_THAT(yaml_refusal("a:\n  expr: t\n  expr: u\n"), HasSubstr("line 3: expr stands"));
  EXPECT_THAT(yaml_refusal("a:\n  units: K\n"), HasSubstr("line 1: a has no expr"));
  EXPECT_THAT(yaml_refusal("- expr: t\n"), HasSubstr("line 1: a feature has no name"));
  EXPECT_THAT(yaml_refusal("a: [1]\n"), HasSubstr("line 1"));
  EXPECT_THAT(yaml_refusal("a: {expr: t\nb: u\n"), HasSubstr("not YAML"));
  EXPECT_THAT(yaml_refusal("t + u"), HasSubstr("a mapping or a list"));
  EXPECT_THAT(yaml_refusal("[]"), HasSubstr("no features"));
}

TEST(FeatureFile, NamesAreDistinct) {
  auto features = features_from_yaml("a: t\nb: u\n", "f.yaml");
  EXPECT_NO_THROW(check_distinct(features));
  features.push_back(parse_feature_option("a = t == u"));
  EXPECT_EQ(features.back().expression, "t == u");
  EXPECT_THROW(check_distinct(features), Error);
  EXPECT_THROW((void)parse_feature_option("hypot(u, v)"), Error);
  EXPECT_THROW((void)parse_feature_option("=t"), Error);
}

}  // namespace
}  // namespace gridmill
