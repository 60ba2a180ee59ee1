// SPDX-License-Identifier: Apache-2.0
// The explorer visits every feasible path of a function over SymbolicPath once, with the condition
// under which it is taken. The main example is a translator in miniature: add a 32-bit immediate on
// RV64, which has a short form.
#include "term/path_explorer.hpp"

#include <gtest/gtest.h>

#include "domain/concrete.hpp"
#include "term/symbolic.hpp"

namespace probity::term {
namespace {

using Path64 = Bv<SymbolicPath, 64>;
using Path32 = Bv<SymbolicPath, 32>;

Feasible any;

/// Instruction words of `dst += imm` with dst = x5 and a scratch register x6.
template <PathDomain D>
struct Code {
  Bv<D, 32> word[3]{};
  unsigned size = 0;
  void emit(Bv<D, 32> insn) { word[size++] = insn; }
};

template <PathDomain D>
Bv<D, 32> i_type(unsigned opcode, unsigned rd, unsigned rs1, Bv<D, 12> imm) {
  return concat(imm, Bv<D, 20>::lit(rs1 << 15 | rd << 7 | opcode));
}

/// One form when imm fits 12 bits, three instructions otherwise; lui's rounding is skipped when it
/// has no effect.
template <PathDomain D>
Code<D> emit_add64_k(Bv<D, 32> imm) {
  Code<D> code;
  const Bv<D, 12> low = bits<11, 0>(imm);
  if (decide(sext<32>(low) == imm)) {
    code.emit(i_type(0x13, 5, 5, low));
    return code;
  }
  const Bv<D, 20> high = bits<31, 12>(imm + Bv<D, 32>::lit(0x800));
  code.emit(concat(high, Bv<D, 12>::lit(6 << 7 | 0x37)));
  if (decide(low != Bv<D, 12>::lit(0))) code.emit(i_type(0x1b, 6, 6, low));
  code.emit(Bv<D, 32>::lit(6 << 20 | 5 << 15 | 5 << 7 | 0x33));
  return code;
}

/// The value of x5 after the code ran, by a decoder of just these forms.
template <PathDomain D>
Bv<D, 64> run(const Code<D>& code, Bv<D, 64> dst) {
  Bv<D, 64> scratch = Bv<D, 64>::lit(0);
  for (unsigned i = 0; i < code.size; ++i) {
    const Bv<D, 32> insn = code.word[i];
    const Bv<D, 7> opcode = bits<6, 0>(insn);
    const Bv<D, 64> imm = sext<64>(bits<31, 20>(insn));
    const Bv<D, 64> upper = sext<64>(concat(bits<31, 12>(insn), Bv<D, 12>::lit(0)));
    const Bv<D, 64> addiw = sext<64>(trunc<32>(scratch + imm));
    dst = ite(opcode == Bv<D, 7>::lit(0x13), dst + imm, dst);
    dst = ite(opcode == Bv<D, 7>::lit(0x33), dst + scratch, dst);
    scratch = ite(opcode == Bv<D, 7>::lit(0x37), upper,
                  ite(opcode == Bv<D, 7>::lit(0x1b), addiw, scratch));
  }
  return dst;
}

TEST(PathExplorer, AddImmediateHasThreePathsWithTheirConditions) {
  Store store;
  const StoreScope scope(store);
  const Id imm = store.var(32, "imm");
  const Id dst = store.var(64, "dst");
  std::vector<unsigned> sizes;
  std::vector<Id> conditions;
  std::vector<Id> results;
  unsigned size = 0;
  Id result;
  const auto body = [&] {
    const auto code = emit_add64_k<SymbolicPath>(Path32::of(imm));
    size = code.size;
    result = run(code, Path64::of(dst)).raw();
  };
  const auto on_path = [&](std::span<const Id> condition) {
    sizes.push_back(size);
    results.push_back(result);
    conditions.push_back(store.conjunction(condition));
  };
  EXPECT_EQ(explore_paths(body, on_path, any, {}), Exploration::complete);
  EXPECT_EQ(sizes, (std::vector<unsigned>{1, 3, 2}));
  const auto concrete = [](std::uint64_t value) {
    return emit_add64_k<Concrete>(Bv<Concrete, 32>::lit(value)).size;
  };
  for (const std::uint64_t value :
       {0ull, 1ull, 0x7ffull, 0x800ull, 0xfffull, 0x1000ull, 0x7fffffffull, 0x80000000ull,
        0xfffff800ull, 0xfffff7ffull, 0xffffffffull, 0x12345fffull, 0x7ffff800ull}) {
    Model model;
    model.set(imm, value);
    model.set(dst, 0xfedcba9876543210);
    Evaluator evaluate(store, model);
    unsigned taken = 0;
    for (std::size_t i = 0; i < conditions.size(); ++i) {
      if (evaluate(conditions[i]) == 0) continue;
      ++taken;
      EXPECT_EQ(sizes[i], concrete(value)) << value;
      const auto sum = 0xfedcba9876543210ull + static_cast<std::uint64_t>(as_signed(value, 32));
      EXPECT_EQ(evaluate(results[i]), sum) << value;
    }
    EXPECT_EQ(taken, 1u) << "the conditions of the paths are a partition";
  }
}

TEST(PathExplorer, InfeasibleSidesAreNotRun) {
  Store store;
  const StoreScope scope(store);
  const Id x = store.var(64, "x");
  unsigned runs = 0;
  const auto body = [&] {
    ++runs;
    const Path64 value = Path64::of(x);
    if (decide(ult(value, Path64::lit(10))) && decide(ult(value, Path64::lit(20)))) return;
    decide(value == Path64::lit(5));
  };
  const auto count_all = [](std::span<const Id>) {};
  EXPECT_EQ(explore_paths(body, count_all, any, {}), Exploration::complete);
  EXPECT_EQ(runs, 5u) << "without a solver nothing is known to be infeasible";
  runs = 0;
  // Feasible when some value of x among the interesting ones satisfies the condition.
  const Feasible some_value = [&](std::span<const Id> condition) {
    for (const Value value : {0, 5, 10, 15, 20, 25}) {
      Model model;
      model.set(x, value);
      Evaluator evaluate(store, model);
      bool holds = true;
      for (const Id fact : condition) holds = holds && evaluate(fact) != 0;
      if (holds) return true;
    }
    return false;
  };
  EXPECT_EQ(explore_paths(body, count_all, some_value, {}), Exploration::complete);
  EXPECT_EQ(runs, 2u) << "x < 10 implies x < 20, and x >= 10 implies x != 5";
}

TEST(PathExplorer, ConstantAndRepeatedConditionsDoNotFork) {
  Store store;
  const StoreScope scope(store);
  const Path64 x = Path64::of(store.var(64, "x"));
  unsigned runs = 0;
  const auto body = [&] {
    ++runs;
    EXPECT_TRUE(decide(x == x));
    const bool first = decide(ult(x, Path64::lit(7)));
    EXPECT_EQ(decide(ult(x, Path64::lit(7))), first);
    EXPECT_EQ(decide(ule(Path64::lit(7), x)), !first);
  };
  EXPECT_EQ(explore_paths(body, [](std::span<const Id>) {}, any, {}), Exploration::complete);
  EXPECT_EQ(runs, 2u);
}

TEST(PathExplorer, LimitsAreReported) {
  Store store;
  const StoreScope scope(store);
  unsigned paths = 0;
  const auto on_path = [&](std::span<const Id>) { ++paths; };
  const auto endless = [&] {
    for (unsigned i = 0;; ++i) {
      const Path64 x = Path64::of(store.var(64, "x" + std::to_string(i)));
      if (decide(x == Path64::lit(0))) return;
    }
  };
  EXPECT_EQ(explore_paths(endless, on_path, any, {.paths = 100, .decisions = 10}),
            Exploration::limit_reached);
  EXPECT_EQ(paths, 10u) << "the path that forks an eleventh time is not reported";
  const auto wide = [&] {
    for (unsigned i = 0; i < 10; ++i) {
      decide(Path64::of(store.var(64, "y" + std::to_string(i))) == Path64::lit(0));
    }
  };
  paths = 0;
  EXPECT_EQ(explore_paths(wide, on_path, any, {.paths = 100, .decisions = 64}),
            Exploration::limit_reached);
  EXPECT_EQ(paths, 100u);
  paths = 0;
  EXPECT_EQ(explore_paths(wide, on_path, any, {.paths = 1024, .decisions = 64}),
            Exploration::complete);
  EXPECT_EQ(paths, 1024u);
}

TEST(Symbolic, AgreesWithConcreteOnLiterals) {
  Store store;
  const StoreScope scope(store);
  for (const std::uint64_t a : {0x00ull, 0x01ull, 0x7full, 0x80ull, 0xffull}) {
    for (const std::uint64_t b : {0x00ull, 0x03ull, 0x08ull, 0x81ull, 0xffull}) {
      for (unsigned op = 0; op <= static_cast<unsigned>(Op::sle); ++op) {
        const Op which = static_cast<Op>(op);
        const Id left = Symbolic::lit(8, a);
        const Id right = Symbolic::lit(8, b);
        const Id term =
            is_unary(which) ? Symbolic::un(which, 8, left) : Symbolic::bin(which, 8, left, right);
        const std::uint64_t want =
            is_unary(which) ? Concrete::un(which, 8, a) : Concrete::bin(which, 8, a, b);
        EXPECT_EQ(store.literal(term), Value{want}) << smt_name(which) << " " << a << " " << b;
      }
    }
  }
}

TEST(Symbolic, ScopesNest) {
  Store outer;
  Store inner;
  const StoreScope scope(outer);
  EXPECT_EQ(&current_store(), &outer);
  {
    const StoreScope nested(inner);
    EXPECT_EQ(&current_store(), &inner);
  }
  EXPECT_EQ(&current_store(), &outer);
}

}  // namespace
}  // namespace probity::term
