// SPDX-License-Identifier: Apache-2.0
// discharge(): verdicts, their order, what happens to unknowns, wrong models, disagreeing engines
// and counterexamples that do not replay. Fake engines play the parts that real ones must never
// play.
#include <gtest/gtest.h>

#include <set>

#include "proof/proof.hpp"

namespace probity::proof {
namespace {

using solver::Answer;
using solver::Status;
using term::Id;
using term::Store;

Options builtin_only() {
  Options options;
  options.solver.external = solver::External::none;
  return options;
}

/// x + k - k = x for a number of its own, or a wrong twin that forgets to subtract.
Obligation sum(unsigned k, bool wrong) {
  return {"sum " + std::to_string(k),
          "discharge_test.cpp",
          [k, wrong](Store& s) {
            const Id x = s.var(32, "x"), y = s.var(32, "y");
            const Id there = s.bin(Op::mul, s.bin(Op::add, x, s.lit(32, k)), y);
            const Id back = s.bin(Op::sub, there, s.bin(Op::mul, y, s.lit(32, wrong ? k + 1 : k)));
            return Query{{s.not_(s.eq(y, s.lit(32, 0)))}, {s.eq(back, s.bin(Op::mul, x, y))}};
          },
          {}};
}

AskEngine always(Status status, std::string reason = {}) {
  return [=](Store&, std::span<const Id>, const solver::Options&) {
    Answer answer;
    answer.status = status;
    answer.reason = reason;
    answer.engine = "fake";
    return answer;
  };
}

template <typename T>
const T& as(const Result& result) {
  static const T none{};
  const T* value = std::get_if<T>(&result.verdict);
  EXPECT_NE(value, nullptr) << result.name << " has another verdict";
  return value == nullptr ? none : *value;
}

TEST(Discharge, ProvesAndRefutesInOrder) {
  std::vector<Obligation> obligations;
  for (unsigned k = 1; k <= 40; ++k) obligations.push_back(sum(k, k % 3 == 0));
  Options options = builtin_only();
  options.workers = 4;
  std::size_t calls = 0, last = 0;
  std::set<std::string> seen;
  options.on_progress = [&](std::size_t done, std::size_t all, const Result& result) {
    ++calls;
    EXPECT_EQ(all, 40U);
    EXPECT_EQ(done, last + 1);
    last = done;
    seen.insert(result.name);
  };
  const std::vector<Result> results = discharge(obligations, options);
  ASSERT_EQ(results.size(), 40U);
  for (unsigned k = 1; k <= 40; ++k) {
    const Result& result = results[k - 1];
    EXPECT_EQ(result.name, "sum " + std::to_string(k));
    EXPECT_EQ(is_proved(result), k % 3 != 0) << result.name;
    EXPECT_FALSE(result.our_bug);
    if (k % 3 == 0) {
      EXPECT_FALSE(as<Refuted>(result).variables.empty());
    }
  }
  EXPECT_EQ(calls, 40U);
  EXPECT_EQ(seen.size(), 40U);
}

TEST(Discharge, ContradictoryAssumptionsProveAnything) {
  const Obligation obligation{
      "vacuous",
      "",
      [](Store& s) { return Query{{s.false_()}, {s.eq(s.var(8, "x"), s.lit(8, 1))}}; },
      {}};
  EXPECT_TRUE(is_proved(discharge(std::span(&obligation, 1), builtin_only())[0]));
}

TEST(Discharge, NothingToShowIsProved) {
  const Obligation obligation{"empty", "", [](Store& s) { return Query{{s.var(1, "b")}, {}}; }, {}};
  EXPECT_TRUE(is_proved(discharge(std::span(&obligation, 1), builtin_only())[0]));
}

TEST(Discharge, UnknownKeepsItsReason) {
  Options options = builtin_only();
  options.engine = always(Status::unknown, "conflict limit 7");
  const Obligation obligation = sum(1, false);
  const Result result = discharge(std::span(&obligation, 1), options)[0];
  EXPECT_EQ(as<Unknown>(result).reason, "conflict limit 7");
  EXPECT_FALSE(result.our_bug);
}

TEST(Discharge, AWrongModelIsOurBug) {
  Options options = builtin_only();
  options.engine = always(Status::sat);  // an empty model: y is 0, against the assumption
  const Obligation obligation = sum(1, true);
  const Result result = discharge(std::span(&obligation, 1), options)[0];
  EXPECT_EQ(as<Unknown>(result).reason, "model of fake does not satisfy the query");
  EXPECT_TRUE(result.our_bug);
}

TEST(Discharge, DisagreementIsUnknownAndOurBug) {
  Options options = builtin_only();
  options.cross_check = CrossCheck::yes;
  options.second_engine = always(Status::sat);
  const Obligation obligation = sum(5, false);
  const Result result = discharge(std::span(&obligation, 1), options)[0];
  EXPECT_TRUE(as<Unknown>(result).reason.starts_with("engines disagree: "))
      << as<Unknown>(result).reason;
  EXPECT_TRUE(result.our_bug);
}

TEST(Discharge, AgreementIsNamed) {
  Options options = builtin_only();
  options.cross_check = CrossCheck::yes;
  options.second_engine = always(Status::unsat);
  const Obligation obligation = sum(5, false);
  Result result = discharge(std::span(&obligation, 1), options)[0];
  EXPECT_TRUE(is_proved(result));
  EXPECT_EQ(result.cross_checked, "fake");
  options.second_engine = always(Status::unknown, "asleep");
  result = discharge(std::span(&obligation, 1), options)[0];
  EXPECT_TRUE(is_proved(result));
  EXPECT_EQ(result.cross_checked, "not cross-checked: fake: asleep");
}

TEST(Discharge, CrossChecksWithARealSecondEngine) {
  if (solver::available_external().empty()) GTEST_SKIP() << "neither cvc5 nor z3 is on PATH";
  Options options;
  options.cross_check = CrossCheck::yes;
  const Obligation obligation{"carry",
                              "",
                              [](Store& s) {
                                const Id x = s.var(16, "x"), y = s.var(16, "y");
                                const Id less = s.bin(Op::ult, s.bin(Op::add, x, y), x);
                                const Id carry =
                                    s.extract(16, 1, s.bin(Op::add, s.zext(17, x), s.zext(17, y)));
                                return Query{{}, {s.eq(less, carry)}};
                              },
                              {}};
  const Result result = discharge(std::span(&obligation, 1), options)[0];
  EXPECT_TRUE(is_proved(result));
  EXPECT_TRUE(result.cross_checked == "z3" || result.cross_checked == "cvc5")
      << result.cross_checked;
}

TEST(Discharge, CounterexamplesAreReplayed) {
  Obligation obligation = sum(3, true);
  obligation.replay = [](const Store&, const term::Model&) {
    return ReplayResult{Reproduced::yes, "r0 = 4"};
  };
  Result result = discharge(std::span(&obligation, 1), builtin_only())[0];
  EXPECT_EQ(as<Refuted>(result).replay, "r0 = 4");
  obligation.replay = [](const Store&, const term::Model&) {
    return ReplayResult{Reproduced::no, "both return 4"};
  };
  result = discharge(std::span(&obligation, 1), builtin_only())[0];
  EXPECT_TRUE(as<Unknown>(result).reason.starts_with(
      "counterexample does not replay (our bug): both return 4; x=0x"))
      << as<Unknown>(result).reason;
  EXPECT_TRUE(result.our_bug);
}

}  // namespace
}  // namespace probity::proof
