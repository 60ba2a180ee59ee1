// SPDX-License-Identifier: Apache-2.0
// A sample of the JIT's theorems, proved without a cache and confirmed by a second solver; all of
// them in theorems_jit_all.
#include <gtest/gtest.h>

#include "theorems/jit/jit.hpp"

namespace probity::theorems {
namespace {

/// Every n-th obligation; 41 is prime to the number of options, so each kind of option comes up.
constexpr std::size_t step = 31;

void expect_proved(jit::Target target, proof::CrossCheck cross_check) {
  std::vector<proof::Obligation> sample;
  const std::vector<proof::Obligation> all = jit_obligations(target);
  for (std::size_t i = 0; i < all.size(); i += step) sample.push_back(all[i]);
  ASSERT_GE(sample.size(), 15U);
  proof::Options options;
  options.solver.external = solver::External::none;
  options.cross_check = cross_check;
  std::string unconfirmed;
  std::size_t unconfirmed_count = 0;
  for (const proof::Result& result : proof::discharge(sample, options)) {
    EXPECT_TRUE(proof::is_proved(result)) << result.name;
    EXPECT_FALSE(result.our_bug) << result.name;
    if (result.cross_checked.find("not cross-checked") == std::string::npos) continue;
    ++unconfirmed_count;
    unconfirmed += "\n" + result.name + ": " + result.cross_checked;
  }
  // A second solver may run out of time, on divisions above all; it must not on much.
  EXPECT_LE(unconfirmed_count, sample.size() / 10) << unconfirmed;
}

TEST(JitSample, OfX86IsProved) {
  expect_proved(jit::Target::x86_64, proof::CrossCheck::no);
}
TEST(JitSample, OfRv64IsProved) {
  expect_proved(jit::Target::rv64, proof::CrossCheck::no);
}
TEST(JitSample, OfX86IsConfirmed) {
  if (solver::available_external().empty()) GTEST_SKIP() << "neither cvc5 nor z3 is on PATH";
  expect_proved(jit::Target::x86_64, proof::CrossCheck::yes);
}
TEST(JitSample, OfRv64IsConfirmed) {
  if (solver::available_external().empty()) GTEST_SKIP() << "neither cvc5 nor z3 is on PATH";
  expect_proved(jit::Target::rv64, proof::CrossCheck::yes);
}

}  // namespace
}  // namespace probity::theorems
