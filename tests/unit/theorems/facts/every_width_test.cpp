// SPDX-License-Identifier: Apache-2.0
// Every obligation about facts is proved, at every width: minutes.
#include <gtest/gtest.h>

#include "theorems/facts/facts.hpp"

namespace probity::theorems {
namespace {

TEST(FactsOfEveryWidth, AreProved) {
  const std::vector<proof::Obligation> obligations = facts_obligations();
  EXPECT_GT(obligations.size(), 200u);
  for (const proof::Result& result : proof::discharge(obligations, {})) {
    EXPECT_TRUE(proof::is_proved(result)) << result.name;
  }
}

}  // namespace
}  // namespace probity::theorems
