#include "gridmill/jobs/live_server.h"

#include <gtest/gtest.h>

#include "doubles/assertions.h"
#include "gridmill/jobs/live_page.h"

namespace gridmill {
namespace {

TEST(LiveHistoryTest, ThinsOutAndKeepsOrder) {
  LiveHistory history;
  LiveView view;
  constexpr int kSeconds = 4000;
  for (int second = 0; second < kSeconds; ++second) {
    view.seconds = second;
    view.read_rate = 2.0 * second;
    history.add(view);
    if (second % 97 > 0) continue;
    ASSERT_LT(history.json()["seconds"].size(), LiveHistory::kMost) << second;
  }
  const Json json = history.json();
  const auto seconds = json["seconds"].get<std::vector<double>>();
  const auto read = json["read"].get<std::vector<double>>();
  ASSERT_GT(seconds.size(), LiveHistory::kMost / 2 - 1);
  EXPECT_EQ(seconds.front(), 0);
  const double step = seconds[1] - seconds[0];
  EXPECT_GT(seconds.back(), kSeconds - 1 - step);
  for (std::size_t i = 0; i < seconds.size(); ++i) {
    EXPECT_EQ(seconds[i], static_cast<double>(i) * step);
    EXPECT_EQ(read[i], 2 * seconds[i]);
  }
}

TEST(LocalEndpoints, OtherMachinesMustNotReachThem) {
  EXPECT_EQ(parse_local_endpoint("0").address, "127.0.0.1");
  EXPECT_EQ(parse_local_endpoint("[::1]:8080").port, 8080);
  for (const char* text : {"0.0.0.0:80", "[::]:80", "192.168.1.2:80", "127.0.0.2:80", "x"}) {
    EXPECT_EQ(kind_thrown([&] { (void)parse_local_endpoint(text); }), ErrorKind::invalid) << text;
  }
}

TEST(LivePage, HoldsAllThatItNeeds) {
  const std::string page = live_page();
  EXPECT_EQ(page.find("@STYLE@"), std::string::npos);
  EXPECT_EQ(page.find("@LIBRARY@"), std::string::npos);
  EXPECT_NE(page.find("uPlot"), std::string::npos);
  for (const char* other : {" src=", "href=\"http", "url(", "@import", "import("}) {
    EXPECT_EQ(page.find(other), std::string::npos) << other;
  }
}

}  // namespace
}  // namespace gridmill
