// Oracle: the tree, written back with every parenthesis.
#include "gridmill/field/feature_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "gridmill/base/error.h"

namespace gridmill {
namespace {

using ::testing::HasSubstr;

std::string written(const Expression& expression) {
  std::string text = expression.text;
  if (expression.kind == ExpressionKind::duration) {
    return std::to_string(expression.duration_us / 1'000'000) + "s";
  }
  if (expression.arguments.empty() && expression.kind != ExpressionKind::call) return text;
  text += "(";
  for (std::size_t i = 0; i < expression.arguments.size(); ++i) {
    if (i > 0) text += " ";
    if (!expression.arguments[i].keyword.empty()) text += expression.arguments[i].keyword + "=";
    text += written(*expression.arguments[i].value);
  }
  return text + ")";
}

std::string tree(const std::string& text) { return written(*parse_feature(text)); }

std::string refusal_of(const std::string& text) {
  try {
    (void)parse_feature(text);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::invalid);
    return error.what();
  }
  ADD_FAILURE() << text << " was read";
  return "";
}

TEST(FeatureText, Precedence) {
  EXPECT_EQ(tree("a + b * c"), "+(a *(b c))");
  EXPECT_EQ(tree("a - b - c"), "-(-(a b) c)");
  EXPECT_EQ(tree("-a ** 2"), "neg(**(a 2))");
  EXPECT_EQ(tree("2 ** -a ** b"), "**(2 neg(**(a b)))");
  EXPECT_EQ(tree("a / b / c"), "/(/(a b) c)");
  EXPECT_EQ(tree("not a < b and c or d"), "or(and(not(<(a b)) c) d)");
  EXPECT_EQ(tree("(a + b) * c"), "*(+(a b) c)");
  EXPECT_EQ(tree("+a != -b"), "!=(a neg(b))");
}

TEST(FeatureText, NamesNumbersDurationsCalls) {
  EXPECT_EQ(tree("\"A/t 2\" / u10"), "/(A/t 2 u10)");
  EXPECT_EQ(tree(R"("a\"b")"), "a\"b");
  EXPECT_EQ(tree("mean(x, 3d)"), "mean(x 259200s)");
  EXPECT_EQ(tree("lag(x, w=90min)"), "lag(x w=5400s)");
  EXPECT_EQ(tree("hour()"), "hour()");
  EXPECT_EQ(tree("quantile(x, .5, w = 1.5h, least=3)"), "quantile(x .5 w=5400s least=3)");
  EXPECT_EQ(parse_feature("1e-3")->number, 1e-3);
  EXPECT_EQ(parse_feature("  a")->column, 3u);
}

TEST(FeatureText, NamesAreCollectedOnce) {
  std::vector<std::string> names;
  const auto expression = parse_feature("a + mean(b, 3) * a - anomaly(c, month, hour) + hour()");
  for (const NameInText& name : names_in(*expression)) names.push_back(name.name);
  EXPECT_EQ(names, (std::vector<std::string>{"a", "b", "c"}));
}

TEST(FeatureText, ErrorsNameTheColumn) {
  EXPECT_THAT(refusal_of("a +"), HasSubstr("column 4: expected a number"));
  EXPECT_THAT(refusal_of("(a + b"), HasSubstr("column 7: expected \")\""));
  EXPECT_THAT(refusal_of("a b"), HasSubstr("column 3: expected an operator"));
  EXPECT_THAT(refusal_of("a < b < c"), HasSubstr("column 7: comparisons don't chain"));
  EXPECT_THAT(refusal_of("10u + v"), HasSubstr("column 1: \"10u\""));
  EXPECT_THAT(refusal_of("a $ b"), HasSubstr("column 3: $ has no meaning"));
  EXPECT_THAT(refusal_of("\"a"), HasSubstr("column 1: this quote is not closed"));
  EXPECT_THAT(refusal_of("f(w=1, 2)"), HasSubstr("column 8: an argument by position"));
  EXPECT_THAT(refusal_of("a = b"), HasSubstr("column 3"));
  EXPECT_THAT(refusal_of("a and"), HasSubstr("column 6"));
  EXPECT_THAT(refusal_of(""), HasSubstr("column 1"));
  EXPECT_THAT(refusal_of("f(a b)"), HasSubstr("column 5: expected \",\" or \")\""));
  EXPECT_THAT(refusal_of("1e999"), HasSubstr("out of range"));
  EXPECT_THAT(refusal_of(std::string("a + \x01")), HasSubstr("byte 0x01"));
}

TEST(FeatureText, HostileTextCostsAnError) {
  const std::size_t many = 4000;
  EXPECT_THAT(refusal_of(std::string(many, '(')), HasSubstr("nested"));
  EXPECT_THAT(refusal_of(std::string(many, '-') + "a"), HasSubstr("nested"));
  std::string sum = "a", powers = "a", nots, calls;
  for (std::size_t i = 0; i < many; ++i) {
    sum += "+a";
    powers += "**a";
    nots += "not ";
    calls += "f(";
  }
  EXPECT_THAT(refusal_of(sum), HasSubstr("nested"));
  EXPECT_THAT(refusal_of(powers), HasSubstr("nested"));
  EXPECT_THAT(refusal_of(nots + "a"), HasSubstr("nested"));
  EXPECT_THAT(refusal_of(calls), HasSubstr("nested"));
  EXPECT_THAT(refusal_of(std::string(kLongestFeature + 1, ' ')), HasSubstr("characters"));
}

// Whatever the text, an error or a tree.
TEST(FeatureText, RandomTextNeverEndsTheProcess) {
  const std::vector<std::string> words{"a", "(",   ")",    ",",  "+", "-",   "**",
                                       "<", "and", "not",  "3h", "1", "\"x", "mean",
                                       "=", " ",   "\xff", "or", "/"};
  std::mt19937 random(5);
  for (int i = 0; i < 5000; ++i) {
    std::string text;
    for (std::size_t n = random() % 12; n > 0; --n) text += words[random() % words.size()];
    try {
      (void)parse_feature(text);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::invalid) << text;
    }
  }
}

}  // namespace
}  // namespace gridmill
