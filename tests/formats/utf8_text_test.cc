// Oracle: what Python's bytes.decode("utf-8", "replace") gives.
#include "gridmill/formats/utf8_text.h"

#include <gtest/gtest.h>

#include <utility>

namespace gridmill {
namespace {

constexpr const char* kR = "\xef\xbf\xbd";

std::string joined(std::initializer_list<std::string> parts) {
  std::string all;
  for (const std::string& part : parts) all += part;
  return all;
}

TEST(Utf8Text, IsMendedAsPythonDoes) {
  const std::pair<std::string, std::string> cases[] = {
      {"\xb0\x43", joined({kR, "C"})},
      {"\xe2\x82", kR},
      {"\xe2\x82X\xff\xfe", joined({kR, "X", kR, kR})},
      {"\xf0\x9f\x98", kR},
      {"\xc0\x80", joined({kR, kR})},
      {"\xed\xa0\x80", joined({kR, kR, kR})},
      {"\xf4\x90\x80\x80", joined({kR, kR, kR, kR})},
      {"caf\xe9 au lait", joined({"caf", kR, " au lait"})},
  };
  for (const auto& [raw, wanted] : cases) {
    EXPECT_FALSE(is_utf8(raw)) << raw;
    EXPECT_EQ(with_valid_utf8(raw), wanted) << raw;
    EXPECT_TRUE(is_utf8(wanted));
  }
}

TEST(Utf8Text, LeavesUtf8Alone) {
  for (const std::string text : {"", "K", "\xc2\xb0\x43", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
                                 "\xed\x9f\xbf", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(is_utf8(text)) << text;
    EXPECT_EQ(with_valid_utf8(text), text);
  }
}

}  // namespace
}  // namespace gridmill
