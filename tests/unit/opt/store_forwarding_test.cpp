// SPDX-License-Identifier: Apache-2.0
// Loads that wait for stores, in straight code on the packet (r1, of a test run) and on the frame.
#include "opt/store_forwarding.hpp"

#include <gtest/gtest.h>

#include "code_sample.hpp"

namespace probity::opt {
namespace {

struct Row {
  const char* name;
  const char* code;  ///< behind the loads of the packet's pointers; r6 is the packet
  std::size_t waiting;
};

const Row rows[] = {
    {"nothing_stored", "r0 = *(u64 *)(r6 + 0)\n", 0},
    {"as_wide", "*(u32 *)(r6 + 0) = r2\nr0 = *(u32 *)(r6 + 0)\n", 0},
    {"a_part_of_a_store", "*(u64 *)(r6 + 0) = r2\nr0 = *(u16 *)(r6 + 2)\n", 0},
    {"of_two_stores", "*(u32 *)(r6 + 0) = r2\n*(u32 *)(r6 + 4) = r2\nr0 = *(u64 *)(r6 + 0)\n", 1},
    {"more_than_was_stored", "*(u32 *)(r6 + 0) = r2\nr0 = *(u64 *)(r6 + 0)\n", 1},
    {"beside_a_store", "*(u32 *)(r6 + 0) = r2\nr0 = *(u32 *)(r6 + 4)\n", 0},
    {"the_last_store_counts",
     "*(u32 *)(r6 + 0) = r2\n*(u64 *)(r6 + 0) = r2\nr0 = *(u64 *)(r6 + 0)\n", 0},
    {"of_the_run_before", "r0 = *(u64 *)(r6 + 0)\n*(u32 *)(r6 + 4) = r2\n", 1},
    {"of_the_run_before_as_wide", "r0 = *(u32 *)(r6 + 4)\n*(u32 *)(r6 + 4) = r2\n", 0},
    {"of_this_run_rather", "*(u64 *)(r6 + 0) = r2\nr0 = *(u64 *)(r6 + 0)\n*(u32 *)(r6 + 4) = r2\n",
     0},
    {"on_the_frame", "*(u32 *)(r10 - 8) = r2\n*(u32 *)(r10 - 4) = r2\nr0 = *(u64 *)(r10 - 8)\n", 1},
    {"a_frame_is_new", "*(u64 *)(r10 - 8) = r2\nr0 = *(u64 *)(r10 - 8)\n*(u32 *)(r10 - 4) = r2\n",
     0},
    {"each_load_counts", "r0 = *(u64 *)(r6 + 0)\nr3 = *(u64 *)(r6 + 2)\n*(u16 *)(r6 + 2) = r2\n",
     2},
};

class StoreForwardingTest : public testing::TestWithParam<Row> {};

TEST_P(StoreForwardingTest, CountsLoadsThatWait) {
  const std::string begin =
      "r6 = *(u32 *)(r1 + 0)\nr2 = *(u32 *)(r1 + 4)\nr3 = r6\nr3 += 32\nif r3 > r2 goto out\n";
  const std::string text = begin + GetParam().code + "out:\nr0 = 2\nexit\n";
  const sample::Sample sample(text);
  const Facts facts = Facts::of(sample.code(), sample.view());
  const Live live = Live::of(sample.code(), facts, sample.view());
  const std::uint32_t first = 5;
  const Version version{sample.code(), facts, live, sample.view()};
  BlockValues values(version, first);
  const std::uint32_t behind = sample.code().size() - 2;
  const BlockTrace trace = values.trace(sample.code().nodes().subspan(first, behind - first));
  ASSERT_TRUE(trace.complete);
  EXPECT_EQ(waiting_loads(trace), GetParam().waiting);
}

INSTANTIATE_TEST_SUITE_P(Traces, StoreForwardingTest, testing::ValuesIn(rows),
                         [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace probity::opt
