// SPDX-License-Identifier: Apache-2.0
// The printed SMT-LIB 2 is accepted by z3 and cvc5 and means the term: a solver's values of all
// printed terms are the Evaluator's values, and text grows with the DAG, not with the tree.
#include <gtest/gtest.h>

#include "solver_process.hpp"
#include "term/term.hpp"

namespace probity::term::test {
namespace {

struct Solver {
  const char* program;
  const char* command;
};

class PrintTest : public testing::TestWithParam<Solver> {
 protected:
  void SetUp() override {
    if (!is_installed(GetParam().program))
      GTEST_SKIP() << GetParam().program << " is not installed";
  }
  std::vector<std::string> ask(const Store& store, Id assertion, WithModel with_model) {
    return run_solver(GetParam().command, print_smt2(store, std::span(&assertion, 1), with_model));
  }
};

TEST_P(PrintTest, EveryKindMeansWhatEvaluationSays) {
  constexpr RewriteOptions rules_off{
      .linear_sums = false, .difference_equality = false, .local = false};
  Store store(rules_off);
  const Id x = store.var(16, "x|with \\ odd % characters $3");
  const Id y = store.var(16, "y");
  const Id c = store.var(1, "c");
  Model model;
  model.set(x, 0xbeef);
  model.set(y, 0x0013);
  model.set(c, 1);
  const unsigned widths[] = {16, 1};
  const Function f = store.function("f of x", widths, 8);
  const Id arguments[] = {x, store.bin(Op::ult, y, x)};
  const Value values[] = {0xbeef, 1};
  model.set_apply(f, values, 0x5a);
  std::vector<Id> terms{store.apply(f, arguments),
                        store.not_(x),
                        store.not_(c),
                        store.concat(x, y),
                        store.concat(c, store.eq(x, y)),
                        store.extract(3, 7, x),
                        store.sext(32, x),
                        store.zext(128, x),
                        store.ite(c, x, y),
                        store.ite(store.eq(x, y), c, store.not_(c)),
                        store.ite(store.bin(Op::sle, y, x), x, y)};
  for (unsigned op = 2; op <= static_cast<unsigned>(Op::sle); ++op) {
    terms.push_back(store.bin(static_cast<Op>(op), x, y));
    terms.push_back(store.bin(static_cast<Op>(op), c, store.eq(y, x)));
  }
  Id all = store.true_();
  Evaluator evaluate(store, model);
  for (const Id leaf : {x, y, c})
    all = store.and_(all, store.eq(leaf, store.lit(store.width(leaf), evaluate(leaf))));
  all = store.and_(all, store.eq(terms[0], store.lit(8, 0x5a)));
  Id same = store.true_();
  for (const Id term : terms) {
    same = store.and_(same, store.eq(term, store.lit(store.width(term), evaluate(term))));
  }
  EXPECT_EQ(ask(store, store.and_(all, same), WithModel::no), std::vector<std::string>{"sat"});
  EXPECT_EQ(ask(store, store.and_(all, store.not_(same)), WithModel::no),
            std::vector<std::string>{"unsat"});
}

TEST_P(PrintTest, ModelTermsAreAskedInOrder) {
  Store store;
  const Id x = store.var(8, "x");
  const unsigned widths[] = {8};
  const Function f = store.function("f", widths, 8);
  const Id fx = store.apply(f, std::span(&x, 1));
  const Id query = store.and_(store.eq(x, store.lit(8, 5)), store.eq(fx, store.lit(8, 9)));
  const auto terms = model_terms(store, std::span(&query, 1));
  ASSERT_EQ(terms, (std::vector<Id>{x, fx}));
  std::string text;
  for (const std::string& line : ask(store, query, WithModel::yes)) text += line;
  EXPECT_EQ(text.substr(0, 3), "sat");
  const std::size_t first =
      text.find("00000101") != std::string::npos ? text.find("00000101") : text.find("#x05");
  const std::size_t second =
      text.find("00001001") != std::string::npos ? text.find("00001001") : text.find("#x09");
  ASSERT_NE(first, std::string::npos) << text;
  ASSERT_NE(second, std::string::npos) << text;
  EXPECT_LT(first, second);
}

TEST_P(PrintTest, TextIsLinearInTheDag) {
  Store store;
  Id x = store.var(32, "x");
  const Id y = store.var(32, "y");
  for (unsigned i = 0; i < 300; ++i) {
    x = store.bin(Op::xor_, store.bin(Op::shl, x, y), store.bin(Op::lshr, x, y));
  }
  const Id query = store.eq(x, store.lit(32, 1));
  const std::string text = print_smt2(store, std::span(&query, 1), WithModel::no);
  EXPECT_LT(text.size(), 100 * store.size());
  const Id trivial = store.and_(query, store.eq(y, store.lit(32, 40)));
  EXPECT_EQ(ask(store, trivial, WithModel::no), std::vector<std::string>{"unsat"});
}

INSTANTIATE_TEST_SUITE_P(Solvers, PrintTest,
                         testing::Values(Solver{"z3", "z3 -smt2"},
                                         Solver{"cvc5", "cvc5 --lang=smt2"}),
                         [](const auto& test) { return std::string(test.param.program); });

TEST(Print, OneTermReadsAsALet) {
  Store store;
  const Id x = store.var(8, "x");
  const Id sum = store.bin(Op::add, x, store.lit(8, 3));
  EXPECT_EQ(print(store, sum), "(bvadd |x| (_ bv3 8))");
  const Id below = store.bin(Op::ult, sum, x);
  const std::string name = "$" + std::to_string(sum.index);
  EXPECT_EQ(print(store, below),
            "(let ((" + name + " (bvadd |x| (_ bv3 8)))) (bvult " + name + " |x|))");
  EXPECT_EQ(print(store, x), "|x|");
}

}  // namespace
}  // namespace probity::term::test
