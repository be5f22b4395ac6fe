#include "gridmill/jobs/table_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "gridmill/base/error.h"

namespace gridmill {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string refusal_of_request(const char* request) {
  try {
    (void)table_request(parse_json(request));
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::invalid);
    return error.what();
  }
  return "";
}

TEST(TableRequest, WordsAreThoseOfExtract) {
  const ExtractOptions options = table_request(parse_json(
      R"({"inputs": ["a", "b"], "points": ["1,2"], "sel": ["time=2001"], "method": "box", "box": "2x4"})"));
  EXPECT_EQ(options.inputs, (std::vector<std::string>{{"a"}, {"b"}}));
  EXPECT_EQ(options.points, std::vector<std::string>(1, "1,2"));
  EXPECT_EQ(options.sel, std::vector<std::string>(1, "time=2001"));
  EXPECT_EQ(options.method.name, "box");
  EXPECT_EQ(options.method.box, "2x4");
  const ExtractOptions joined = table_request(
      parse_json(R"({"sources": ["a=*"], "join": "inner", "segments": ["x=2"], "spread": ["y"]})"));
  EXPECT_EQ(joined.sources, std::vector<std::string>(1, "a=*"));
  EXPECT_EQ(joined.join, "inner");
  EXPECT_EQ(joined.duplicates, "error");
  EXPECT_THAT(refusal_of_request(R"({"inputs": ["a"], "point": ["1,2"]})"),
              AllOf(HasSubstr("\"point\""), HasSubstr("did you mean points?")));
  EXPECT_THAT(refusal_of_request(R"({"inputs": "a"})"), HasSubstr("a list of texts"));
  EXPECT_THAT(refusal_of_request(R"({"inputs": ["a", 1]})"), HasSubstr("a list of texts"));
  EXPECT_THAT(refusal_of_request(R"({"inputs": ["a"], "method": 1})"), HasSubstr("a text"));
  EXPECT_THAT(refusal_of_request(R"({"points": ["1,2"]})"), HasSubstr("no inputs"));
  EXPECT_THAT(refusal_of_request(R"({"inputs": ["a"], "output": "o.csv"})"), HasSubstr("output"));
  EXPECT_THAT(refusal_of_request("[]"), HasSubstr("no JSON object"));
}

}  // namespace
}  // namespace gridmill
