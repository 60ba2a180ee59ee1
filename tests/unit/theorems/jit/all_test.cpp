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
  std::string unconfirmed_names;
  const std::vector<proof::Obligation> obligations = jit_obligations(target);
  for (const proof::Result& result : proof::discharge(obligations, options)) {
    EXPECT_TRUE(proof::is_proved(result)) << result.name;
    EXPECT_FALSE(result.our_bug) << result.name;
    if (result.cross_checked.find("not cross-checked") == std::string::npos) continue;
    ++unconfirmed;
    unconfirmed_names += "\n" + result.name + ": " + result.cross_checked;
  }
  // A second solver may run out of time, on divisions above all; it must not on much.
  EXPECT_LE(unconfirmed, obligations.size() / 20) << unconfirmed_names;
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
