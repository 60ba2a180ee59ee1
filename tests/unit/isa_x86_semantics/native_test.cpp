// SPDX-License-Identifier: Apache-2.0
// Every row of insn.def does what the real CPU does, on 50 random states each. The slow suite runs
// the same with many more.
#include <gtest/gtest.h>

#include "native_comparison.hpp"

namespace probity {
namespace {

TEST(NativeRows, MeanWhatTheCpuDoes) {
  std::string skipped;
  for (std::size_t i = 0; i < x86::form_count; ++i) {
    const auto form = static_cast<x86::Form>(i);
    if (const std::string reason = skip_reason(form); !reason.empty()) {
      skipped += std::string(x86::row(form).name) + ": " + reason + "\n";
      continue;
    }
    EXPECT_EQ(difference_from_cpu(form, PROBITY_STATES_PER_ROW, i), "");
  }
  if (!skipped.empty()) GTEST_SKIP() << skipped;
}

}  // namespace
}  // namespace probity
