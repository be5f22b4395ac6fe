#include "gridmill/jobs/append_rewrite.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <set>

namespace gridmill {
namespace {

// What the pieces hold, time by time: its number, and whether it is the new files'.
std::vector<std::pair<std::int64_t, bool>> held(const std::vector<TimePiece>& pieces,
                                                const std::vector<std::int64_t>& archive,
                                                const std::vector<std::int64_t>& added) {
  std::vector<std::pair<std::int64_t, bool>> times;
  for (const TimePiece& piece : pieces) {
    for (std::int64_t i = piece.range.begin; i < piece.range.end; ++i) {
      const auto at = static_cast<std::size_t>(i);
      times.emplace_back(piece.is_new ? added[at] : archive[at], piece.is_new);
    }
  }
  return times;
}

TEST(PiecesInOrder, BeforeBetweenAndBehind) {
  const std::vector<std::int64_t> archive{10, 20, 30}, added{5, 10, 12, 14, 40};
  const TimeMerge merge = merge_times(archive, added);
  const std::vector<TimePiece> kept = pieces_in_order(merge, 3, false);
  const std::vector<TimePiece> wanted{
      {true, {0, 1}}, {false, {0, 1}}, {true, {2, 4}}, {false, {1, 3}}, {true, {4, 5}}};
  EXPECT_EQ(kept, wanted);
  EXPECT_EQ(held(pieces_in_order(merge, 3, true), archive, added)[1],
            std::pair(std::int64_t{10}, true));
}

// Oracle: a map from times to who has them, written in the order that the rule says.
RC_GTEST_PROP(PiecesInOrder, HoldEveryTimeOnceInOrder, ()) {
  const auto few =
      rc::gen::container<std::set<std::int64_t>>(rc::gen::inRange<std::int64_t>(0, 40));
  const std::set<std::int64_t> a = *few, b = *few;
  const std::vector<std::int64_t> archive(a.begin(), a.end()), added(b.begin(), b.end());
  const bool replaces = *rc::gen::arbitrary<bool>();
  std::map<std::int64_t, bool> wanted;
  for (const std::int64_t time : replaces ? archive : added) wanted[time] = !replaces;
  for (const std::int64_t time : replaces ? added : archive) wanted[time] = replaces;
  const auto pieces = pieces_in_order(merge_times(archive, added),
                                      static_cast<std::int64_t>(archive.size()), replaces);
  const std::vector<std::pair<std::int64_t, bool>> expected(wanted.begin(), wanted.end());
  RC_ASSERT(held(pieces, archive, added) == expected);
}

}  // namespace
}  // namespace gridmill
