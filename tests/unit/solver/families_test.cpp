// SPDX-License-Identifier: Apache-2.0
// The families of queries that decide whether a solver is usable for this project: pair
// multiplication of 32-bit targets, product and quotient congruence, scaled random numbers,
// reordered memory accesses, checksum steps. Each has broken twins that must be refuted by a model.
// Externals are off: the builtin stages must suffice.
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "solver/solver.hpp"

namespace probity::solver {
namespace {

using term::Id;
using term::Store;

struct Family {
  std::string name;
  Status expected;
  std::function<Id(Store&)> negated_goal;  ///< satisfiable if and only if the statement is wrong
};

struct Words {
  Store& s;
  Id operator()(const char* name, unsigned width) const { return s.var(width, name); }
  Id lit(unsigned width, term::Value value) const { return s.lit(width, value); }
  Id bin(Op op, Id a, Id b) const { return s.bin(op, a, b); }
  Id differ(Id a, Id b) const { return s.not_(s.eq(a, b)); }
  Id add(Id a, Id b) const { return s.bin(Op::add, a, b); }
  Id mul(Id a, Id b) const { return s.bin(Op::mul, a, b); }
  Id low(Id a, unsigned width) const { return s.extract(0, width, a); }
  Id high_half(Id a) const { return s.extract(s.width(a) / 2, s.width(a) / 2, a); }
  /// The high word of the full product, as mulhu computes it.
  Id mulhu(Id a, Id b) const {
    const unsigned width = s.width(a);
    return high_half(mul(s.zext(2 * width, a), s.zext(2 * width, b)));
  }
};

/// A 64-bit product by 32-bit halves, as every 32-bit target emits it; `forgotten` drops one cross
/// product.
Id pair_product(Store& s, bool forgotten) {
  const Words w{s};
  const Id a = w("a", 64), b = w("b", 64);
  const Id al = w.low(a, 32), ah = w.high_half(a), bl = w.low(b, 32), bh = w.high_half(b);
  Id high = w.add(w.mulhu(al, bl), w.mul(ah, bl));
  if (!forgotten) high = w.add(w.mul(al, bh), high);
  return w.differ(s.concat(high, w.mul(al, bl)), w.mul(a, b));
}

Id mul_congruence(Store& s, bool broken) {
  const Words w{s};
  const Id x = w("x", 64), y = w("y", 64), z = w("z", 64);
  // x ^ y = (x | y) - (x & y), under a product with z
  const Id sum = s.bin(Op::sub, s.or_(x, y), s.and_(x, broken ? z : y));
  return w.differ(w.mul(s.bin(Op::xor_, x, y), z), w.mul(z, sum));
}

Id mod_index(Store& s, bool broken) {
  const Words w{s};
  const Id h = w("h", 64), n = w("n", 64);
  const Id bad = s.not_(s.bin(Op::ult, s.bin(Op::urem, h, n), n));
  return broken ? bad : s.and_(bad, s.not_(s.eq(n, w.lit(64, 0))));
}

Id reciprocal_scale(Store& s, unsigned shift) {
  const Words w{s};
  const Id r = s.zext(64, w("r", 32)), n = s.zext(64, w("n", 32));
  const Id scaled = s.bin(Op::lshr, w.mul(r, n), w.lit(64, shift));
  return s.and_(s.not_(s.bin(Op::ult, scaled, n)), s.not_(s.eq(n, w.lit(64, 0))));
}

/// BPF div32 through the 128/64 division of x86-64.
Id narrow_division(Store& s, bool broken) {
  const Words w{s};
  const Id a = w("a", 64), b = w("b", 64);
  const Id a32 = w.low(a, 32), b32 = w.low(b, 32);
  const Id zero = s.eq(b32, w.lit(32, 0));
  const Id bpf = s.zext(64, s.ite(zero, w.lit(32, 0), s.bin(Op::udiv, a32, b32)));
  const Id wide =
      s.bin(Op::udiv, s.zext(128, broken ? a : s.zext(64, a32)), s.zext(128, s.zext(64, b32)));
  return w.differ(bpf, s.ite(zero, w.lit(64, 0), w.low(wide, 64)));
}

/// ARM: no remainder instruction, hence a - (a / b) * b.
Id remainder_by_quotient(Store& s, unsigned width, bool broken) {
  const Words w{s};
  const Id a = w("a", width), b = w("b", width);
  const Id product = w.mul(s.bin(Op::udiv, a, b), broken ? a : b);
  const Id zero = s.eq(b, w.lit(width, 0));
  const Id right = s.ite(zero, a, s.bin(Op::urem, a, b));
  return w.differ(right, s.bin(Op::sub, a, product));
}

/// Two 4-byte stores and an 8-byte load through pointers that may overlap, in both orders of the
/// stores.
Id memory_reorder(Store& s, bool check_overlap) {
  const Words w{s};
  const Id p = w("p", 64), q = w("q", 64), r = w("r", 64), v = w("v", 32), u = w("u", 32);
  const unsigned index_width[] = {64};
  const term::Function memory = s.function("memory", index_width, 8);
  const auto at = [&](Id base, unsigned i) { return w.add(base, w.lit(64, i)); };
  const auto load = [&](Id address, std::initializer_list<std::pair<Id, Id>> stores) {
    Id value = s.apply(memory, std::span(&address, 1));
    for (const auto& [base, word] : stores) {
      for (unsigned i = 0; i < 4; ++i) {
        value = s.ite(s.eq(at(base, i), address), s.extract(8 * i, 8, word), value);
      }
    }
    return value;
  };
  Id wrong = s.false_();
  for (unsigned i = 0; i < 8; ++i) {
    wrong =
        s.or_(wrong, w.differ(load(at(r, i), {{p, v}, {q, u}}), load(at(r, i), {{q, u}, {p, v}})));
  }
  if (!check_overlap) return wrong;
  const Id distance = s.bin(Op::sub, p, q);
  const Id apart = s.not_(s.bin(Op::ult, w.add(distance, w.lit(64, 3)), w.lit(64, 7)));
  return s.and_(apart, wrong);
}

/// One step of a checksum: folding k times after the addition is end-around-carry addition to the
/// folded sum.
Id checksum_step(Store& s, bool broken) {
  const Words w{s};
  const auto fold_once = [&](Id x) {
    return w.add(s.and_(x, w.lit(32, 0xffff)), s.bin(Op::lshr, x, w.lit(32, 16)));
  };
  const auto fold = [&](Id x) { return fold_once(fold_once(x)); };
  const Id sum = w("sum", 32), word = s.zext(32, w("word", 16));
  const Id small = s.bin(Op::ult, sum, w.lit(32, 1U << 20));
  const Id stepped = fold_once(w.add(fold(sum), word));
  return s.and_(small, w.differ(fold(w.add(sum, broken ? w.add(word, word) : word)), stepped));
}

Id distributes(Store& s, bool broken) {
  const Words w{s};
  const Id x = w("x", 64), y = w("y", 64), z = w("z", 64);
  return w.differ(w.mul(x, w.add(y, z)), w.add(w.mul(x, y), w.mul(broken ? y : x, z)));
}

Id materialised_immediate(Store& s, bool broken) {
  const Words w{s};
  const Id x = w("x", 64), imm = w("imm", 32);
  const Id upper = s.and_(w.add(imm, w.lit(32, broken ? 0 : 0x800)), w.lit(32, 0xfffff000));
  const Id low = s.sext(64, s.extract(0, 12, imm));
  const Id made = s.sext(64, w.low(w.add(s.sext(64, upper), low), 32));
  return w.differ(w.mul(x, s.sext(64, imm)), w.mul(made, x));
}

const Family families[] = {
    {"pair product", Status::unsat, [](Store& s) { return pair_product(s, false); }},
    {"pair product, one cross product forgotten", Status::sat,
     [](Store& s) { return pair_product(s, true); }},
    {"product congruence", Status::unsat, [](Store& s) { return mul_congruence(s, false); }},
    {"product congruence, wrong operand", Status::sat,
     [](Store& s) { return mul_congruence(s, true); }},
    {"index by remainder", Status::unsat, [](Store& s) { return mod_index(s, false); }},
    {"index by remainder of zero", Status::sat, [](Store& s) { return mod_index(s, true); }},
    {"scaled random number", Status::unsat, [](Store& s) { return reciprocal_scale(s, 32); }},
    {"scaled random number, shifted too little", Status::sat,
     [](Store& s) { return reciprocal_scale(s, 31); }},
    {"narrow division", Status::unsat, [](Store& s) { return narrow_division(s, false); }},
    {"narrow division, dividend not extended", Status::sat,
     [](Store& s) { return narrow_division(s, true); }},
    {"remainder by quotient 32", Status::unsat,
     [](Store& s) { return remainder_by_quotient(s, 32, false); }},
    {"remainder by quotient 64", Status::unsat,
     [](Store& s) { return remainder_by_quotient(s, 64, false); }},
    {"remainder by quotient, wrong factor", Status::sat,
     [](Store& s) { return remainder_by_quotient(s, 32, true); }},
    {"reordered stores that are apart", Status::unsat,
     [](Store& s) { return memory_reorder(s, true); }},
    {"reordered stores that may overlap", Status::sat,
     [](Store& s) { return memory_reorder(s, false); }},
    {"checksum step", Status::unsat, [](Store& s) { return checksum_step(s, false); }},
    {"checksum step, word added twice", Status::sat,
     [](Store& s) { return checksum_step(s, true); }},
    {"product distributes", Status::unsat, [](Store& s) { return distributes(s, false); }},
    {"product distributes, wrong factor", Status::sat,
     [](Store& s) { return distributes(s, true); }},
    {"product by materialised immediate", Status::unsat,
     [](Store& s) { return materialised_immediate(s, false); }},
    {"product by badly rounded immediate", Status::sat,
     [](Store& s) { return materialised_immediate(s, true); }},
};

TEST(Families, BuiltinStagesDecideAll) {
  for (const Family& family : families) {
    Store store;
    const Id goal = family.negated_goal(store);
    const Answer answer = solve(store, std::span(&goal, 1), Options{Limits{}, External::none});
    EXPECT_EQ(answer.status, family.expected) << family.name << ": " << answer.reason;
    RecordProperty(family.name,
                   answer.engine + ", ms " + std::to_string(answer.stats.cpu_seconds * 1e3));
    if (answer.status == Status::sat) {
      EXPECT_EQ(term::Evaluator(store, answer.model)(goal), 1U) << family.name;
    }
  }
}

}  // namespace
}  // namespace probity::solver
