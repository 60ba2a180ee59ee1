// SPDX-License-Identifier: Apache-2.0
// Every theorem about the JIT, from nothing: no cache, no second solver to lean on; and all of them
// once more with a second solver's word for each query.
#include <gtest/gtest.h>

#include "theorems/jit/jit.hpp"

namespace probity::theorems {
namespace {

void expect_all_proved(jit::Target target, proof::CrossCheck cross_check) {
  proof::Options options;
  options.solver.external = solver::External::none;
  options.cross_check = cross_check;
  std::size_t unconfirmed = 0;
  for (const proof::Result& result : proof::discharge(jit_obligations(target), options)) {
    EXPECT_TRUE(proof::is_proved(result)) << result.name;
    EXPECT_FALSE(result.our_bug) << result.name;
    if (result.cross_checked.find("not cross-checked") == std::string::npos) continue;
    ++unconfirmed;
    ADD_FAILURE() << result.name << ": " << result.cross_checked;
  }
  EXPECT_EQ(unconfirmed, 0U);
}

TEST(JitAll, OfX86AreProved) {
  expect_all_proved(jit::Target::x86_64, proof::CrossCheck::no);
}
TEST(JitAll, OfRv64AreProved) {
  expect_all_proved(jit::Target::rv64, proof::CrossCheck::no);
}
TEST(JitAll, OfX86AreConfirmed) {
  if (solver::available_external().empty()) GTEST_SKIP() << "neither cvc5 nor z3 is on PATH";
  expect_all_proved(jit::Target::x86_64, proof::CrossCheck::yes);
}
TEST(JitAll, OfRv64AreConfirmed) {
  if (solver::available_external().empty()) GTEST_SKIP() << "neither cvc5 nor z3 is on PATH";
  expect_all_proved(jit::Target::rv64, proof::CrossCheck::yes);
}

}  // namespace
}  // namespace probity::theorems
