// SPDX-License-Identifier: Apache-2.0
// The native benchmark programs compute what the reference interpreter computed from the bytecode:
// a ratio between two engines means nothing unless both do the same work.
#include <gtest/gtest.h>

#include "native/programs.hpp"

namespace probity::bench {
namespace {

TEST(NativePrograms, give_the_results_of_the_bytecode) {
  ASSERT_EQ(programs().size(), 9u);
  for (const Program& program : programs()) {
    std::array<std::uint8_t, input_bytes> input = make_input();
    EXPECT_EQ(program.native(input.data(), input.size()), program.result) << program.name;
    EXPECT_EQ(input, make_input()) << program.name << " wrote to its input";
  }
}

}  // namespace
}  // namespace probity::bench
