// SPDX-License-Identifier: Apache-2.0
// Every obligation of the Abstract domain is proved.
#include "theorems/facts/facts.hpp"

#include <gtest/gtest.h>

namespace probity::theorems {
namespace {

TEST(Facts, EveryTransferFunctionIsProved) {
  const proof::Options options;
  for (const proof::Result& result : proof::discharge(facts_obligations(), options)) {
    EXPECT_TRUE(proof::is_proved(result)) << result.name;
  }
}

}  // namespace
}  // namespace probity::theorems
