// SPDX-License-Identifier: Apache-2.0
// Every path that begins must end with a verdict; one that nobody told anything shows in the sum.
#include "symex/fate.hpp"

#include <gtest/gtest.h>

namespace probity::symex {
namespace {

TEST(Fate, AForkIsAPathMoreAndEachCountsOnce) {
  PathCounts counts;
  {
    Fate first(counts);
    Fate second = first;  // a fork
    first.finish();
    second.finish();
    second.refute();
    Fate moved = std::move(second);  // the same path
    EXPECT_EQ(moved.verdict(), PathVerdict::refuted);
    EXPECT_FALSE(adds_up(counts)) << "two paths have not ended";
  }
  EXPECT_EQ(counts.begun, 2u);
  EXPECT_EQ(counts.of(PathVerdict::proved), 1u);
  EXPECT_EQ(counts.of(PathVerdict::refuted), 1u);
  EXPECT_TRUE(adds_up(counts));
}

TEST(Fate, APathThatNobodyToldAnythingWasDropped) {
  PathCounts counts;
  {
    const Fate silent(counts);
  }
  EXPECT_EQ(counts.of(PathVerdict::dropped), 1u);
  EXPECT_FALSE(adds_up(counts));
}

TEST(Fate, RefutationOutweighsDoubtAndDoubtTheEnd) {
  PathCounts counts;
  {
    Fate doubtful(counts);
    doubtful.finish();
    doubtful.doubt("the first reason");
    doubtful.doubt("the second");
    Fate broken(counts);
    broken.doubt("whatever");
    broken.refute();
    Fate outside(counts);
    outside.exclude();
  }
  EXPECT_EQ(counts.of(PathVerdict::unknown), 1u);
  EXPECT_EQ(counts.of(PathVerdict::refuted), 1u);
  EXPECT_EQ(counts.of(PathVerdict::excluded), 1u);
  const std::map<std::string, std::uint64_t> causes = {{"the first reason", 1}};
  EXPECT_EQ(counts.causes, causes);
  EXPECT_TRUE(adds_up(counts));
}

TEST(Fate, AMergedPathHandsItsDoubtsOn) {
  PathCounts counts;
  {
    Fate survivor(counts);
    survivor.finish();
    Fate gone(counts);
    gone.doubt("a helper");
    gone.merge_into(survivor);
    EXPECT_EQ(survivor.verdict(), PathVerdict::unknown);
  }
  EXPECT_EQ(counts.of(PathVerdict::merged), 1u);
  EXPECT_EQ(counts.of(PathVerdict::unknown), 1u);
  EXPECT_TRUE(adds_up(counts));
}

}  // namespace
}  // namespace probity::symex
