// SPDX-License-Identifier: Apache-2.0
// No theorem holds for nothing: what an obligation assumes can be the case, for each of its
// exits. An assumption that contradicts itself would prove everything.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "solver/solver.hpp"
#include "term/symbolic.hpp"
#include "theorems/jit/jit.hpp"

namespace probity::theorems {
namespace {

constexpr solver::Options own = {.limits = {}, .external = solver::External::none};

/// Each conclusion's label, and whether it can be the case somewhere: rewriting settled it, or its
/// assumptions are satisfiable.
std::map<std::string, bool> reachable(const proof::Obligation& obligation) {
  term::Store store;
  const term::StoreScope scope(store);
  const proof::Query query = obligation.build(store);
  EXPECT_TRUE(query.assume.empty());
  std::map<std::string, bool> result;
  for (std::size_t i = 0; i < query.show.size(); ++i) {
    bool& found = result[query.labels[i]];
    found = found || store.is_true(query.show[i]) ||
            solver::solve(store, query.given[i], own).status == solver::Status::sat;
  }
  return result;
}

void expect_reachable(jit::Target target) {
  const std::vector<proof::Obligation> all = jit_obligations(target);
  constexpr std::size_t step = 23;  // prime to the number of options
  for (std::size_t i = 0; i < all.size(); i += step) {
    if (!all[i].name.starts_with("jit/")) continue;
    bool any = false;
    for (const auto& [label, found] : reachable(all[i])) any = any || found;
    EXPECT_TRUE(any) << all[i].name << " assumes what cannot be";
  }
}

TEST(JitVacuity, OfX86) {
  expect_reachable(jit::Target::x86_64);
}
TEST(JitVacuity, OfRv64) {
  expect_reachable(jit::Target::rv64);
}

/// The exits of one obligation that has all of them.
TEST(JitVacuity, EveryExitOfAHelperCallIsReached) {
  for (const jit::Target target : {jit::Target::x86_64, jit::Target::rv64}) {
    for (const proof::Obligation& obligation : jit_obligations(target)) {
      if (!obligation.name.ends_with("/call_helper")) continue;
      const std::map<std::string, bool> labels = reachable(obligation);
      for (const char* label :
           {"the helper is called", "help is asked for only when that is due",
            "the run ends only when the helper stops it", "a stop after a helper is seen",
            "the tail call enters its target", "one tail call is counted"}) {
        ASSERT_TRUE(labels.contains(label)) << obligation.name << ": " << label;
        EXPECT_TRUE(labels.at(label)) << obligation.name << ": " << label;
      }
    }
  }
}

}  // namespace
}  // namespace probity::theorems
