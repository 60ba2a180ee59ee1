// SPDX-License-Identifier: Apache-2.0
// `prove` on obligations of our own: selection, the summary and its exit status, what a refutation
// shows, and what a bug of ours does to the answer.
#include <gtest/gtest.h>

#include "cli/prove_report.hpp"

namespace probity::cli {
namespace {

using proof::Obligation;
using proof::Query;
using term::Id;
using term::Store;

/// x & mask <= limit, for all x of 16 bits.
Obligation masked(std::string name, unsigned mask, unsigned limit) {
  return {std::move(name),
          "prove_test.cpp",
          [=](Store& s) {
            const Id part = s.bin(Op::and_, s.var(16, "x"), s.lit(16, mask));
            return Query{{}, {s.bin(Op::ule, part, s.lit(16, limit))}, {"the masked part"}};
          },
          {}};
}

struct Told {
  Expected<Outcome> outcome = Outcome::bug;
  report::Document document{"prove"};
  std::string text() const { return render_text(document, report::Color::no); }
};

Told tell(std::vector<Obligation> obligations, ProveRequest request) {
  Told told;
  request.title = "samples";
  request.use_cache = false;
  request.conflicts = 10'000;
  told.outcome = prove(std::move(obligations), request, told.document);
  return told;
}

std::uint64_t counted(const Told& told, report::Tally tally) {
  return told.document.counted(tally);
}

TEST(Prove, AllProvedIsZero) {
  const Told told = tell({masked("a", 15, 15), masked("b", 7, 7)}, {});
  ASSERT_TRUE(told.outcome);
  EXPECT_EQ(*told.outcome, Outcome::holds);
  EXPECT_EQ(counted(told, report::Tally::proved), 2U);
  EXPECT_NE(told.text().find("proved: all 2"), std::string::npos) << told.text();
}

TEST(Prove, ARefutationShowsItsCounterexample) {
  const Told told = tell({masked("a", 15, 15), masked("b", 16, 15)}, {});
  EXPECT_EQ(*told.outcome, Outcome::refuted);
  EXPECT_EQ(counted(told, report::Tally::proved), 1U);
  EXPECT_EQ(counted(told, report::Tally::refuted), 1U);
  const std::string text = told.text();
  EXPECT_NE(text.find("refuted: b (prove_test.cpp): the masked part"), std::string::npos) << text;
  EXPECT_NE(text.find("x = 0x"), std::string::npos) << text;
  EXPECT_EQ(text.find("proved: all"), std::string::npos) << text;
}

TEST(Prove, AReplayIsShownInsteadOfVariables) {
  Obligation obligation = masked("b", 16, 15);
  obligation.replay = [](const Store&, const term::Model&) {
    return proof::ReplayResult{proof::Reproduced::yes, "r0 = 16, not 0"};
  };
  const std::string text = tell({obligation}, {}).text();
  EXPECT_NE(text.find("r0 = 16, not 0"), std::string::npos) << text;
}

TEST(Prove, ACounterexampleThatDoesNotReplayIsOurBug) {
  Obligation obligation = masked("b", 16, 15);
  obligation.replay = [](const Store&, const term::Model&) {
    return proof::ReplayResult{proof::Reproduced::no, "both agree"};
  };
  const Told told = tell({obligation}, {});
  EXPECT_EQ(*told.outcome, Outcome::bug);
  EXPECT_EQ(counted(told, report::Tally::unknown), 1U);
}

TEST(Prove, OnlySelectsByGlob) {
  ProveRequest request;
  request.only = "jit/*/add*";
  const Told told = tell(
      {masked("jit/rv64/add64", 1, 1), masked("jit/rv64/sub", 16, 15), masked("isa/add", 16, 15)},
      request);
  EXPECT_EQ(*told.outcome, Outcome::holds);
  EXPECT_EQ(counted(told, report::Tally::proved), 1U);
  EXPECT_EQ(*told.document.details().find("stated")->get<std::uint64_t>(), 3U);
  EXPECT_EQ(*told.document.details().find("selected")->get<std::uint64_t>(), 1U);
}

TEST(Prove, AGlobThatMatchesNothingIsBadInput) {
  ProveRequest request;
  request.only = "nothing*";
  const Told told = tell({masked("a", 1, 1)}, request);
  ASSERT_FALSE(told.outcome);
  EXPECT_EQ(told.outcome.error().fault(), Fault::bad_input);
  EXPECT_NE(told.outcome.error().line().find("matches none of 1 names"), std::string_view::npos);
}

TEST(Prove, ListProvesNothing) {
  ProveRequest request;
  request.list = true;
  Obligation obligation = masked("never stated", 1, 1);
  obligation.build = [](Store&) -> Query {
    ADD_FAILURE() << "stated";
    return {};
  };
  const Told told = tell({obligation}, request);
  EXPECT_EQ(*told.outcome, Outcome::holds);
  EXPECT_NE(told.text().find("never stated\n"), std::string::npos);
}

TEST(Prove, AnUnknownIsStatusTwoWithItsReason) {
  ProveRequest request;
  const Obligation hard{
      "factors",
      "prove_test.cpp",
      [](Store& s) {
        const Id a = s.var(40, "a"), b = s.var(40, "b");
        const Id product = s.bin(Op::mul, s.zext(80, a), s.zext(80, b));
        const Id one = s.lit(40, 1);
        // A product of two primes of 40 bits.
        const Id n = s.lit(80, (term::Value{1099511627689} * 1099511627563));
        return Query{{s.bin(Op::ult, one, a), s.bin(Op::ult, one, b), s.bin(Op::ult, a, b)},
                     {s.not_(s.eq(product, n))}};
      },
      {}};
  Told told;
  request.title = "samples";
  request.use_cache = false;
  request.conflicts = 0;
  request.use_external = false;
  told.outcome = prove({hard}, request, told.document);
  EXPECT_EQ(*told.outcome, Outcome::unknown);
  EXPECT_NE(told.text().find("unknown: factors"), std::string::npos) << told.text();
}

TEST(Prove, BadSubjectsAndTargetsAreNamed) {
  const auto run = [](std::vector<std::string_view> words) {
    return run_command(words, report::Color::no);
  };
  const Printed subject = run({"prove", "everything"});
  EXPECT_EQ(subject.status, 4);
  EXPECT_NE(subject.err.find("no subject is named 'everything'"), std::string::npos);
  const Printed target = run({"prove", "jit", "--target", "vax", "--list"});
  EXPECT_EQ(target.status, 4);
  EXPECT_NE(target.err.find("no target is named 'vax'"), std::string::npos);
  EXPECT_EQ(run({"prove"}).status, 4);
}

TEST(Prove, JsonHasSummaryAndDetails) {
  const std::vector<std::string_view> words = {
      "prove", "jit", "--only", "lemma/division/by-zero*", "--no-cache", "--json"};
  const Printed printed = run_command(words, report::Color::no);
  EXPECT_EQ(printed.status, 0) << printed.err;
  for (const char* part : {"\"proved\": 1", "\"refuted\": 0", "\"unknown\": 0", "\"skipped\": 0",
                           "\"verdict\": \"proved\"", "\"conclusions\""}) {
    EXPECT_NE(printed.out.find(part), std::string::npos) << part << " in " << printed.out;
  }
}

}  // namespace
}  // namespace probity::cli
