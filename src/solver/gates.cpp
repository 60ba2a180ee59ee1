// SPDX-License-Identifier: Apache-2.0
// Gate encodings. Every gate first folds constants and equal or opposite inputs, then normalises
// signs and order so that equivalent calls meet in one table entry; tests check each clause set
// exhaustively.
#include "solver/gates.hpp"

#include <algorithm>
#include <utility>

namespace probity::solver {
namespace {

std::size_t hash(Lit a, Lit b, Lit c) {
  std::uint64_t h = (std::uint64_t(std::uint32_t(a)) << 32) | std::uint32_t(b);
  h = (h ^ (std::uint64_t(std::uint32_t(c)) * 0x9e3779b97f4a7c15ULL)) * 0xff51afd7ed558ccdULL;
  return std::size_t(h ^ (h >> 31));
}

}  // namespace

void Gates::Table::grow() {
  std::vector<Gate> old = std::move(slots);
  slots.assign(old.empty() ? 256 : old.size() * 2, Gate{});
  const std::size_t limit = slots.size() - 1;
  for (const Gate& gate : old) {
    if (gate.output == 0) continue;
    std::size_t i = hash(gate.a, gate.b, gate.c) & limit;
    while (slots[i].output != 0) i = (i + 1) & limit;
    slots[i] = gate;
  }
}

Gates::Gate& Gates::Table::find(Lit a, Lit b, Lit c) {
  if (used * 2 >= slots.size()) grow();
  const std::size_t limit = slots.size() - 1;
  std::size_t i = hash(a, b, c) & limit;
  while (slots[i].output != 0 && (slots[i].a != a || slots[i].b != b || slots[i].c != c)) {
    i = (i + 1) & limit;
  }
  if (slots[i].output == 0) {
    slots[i] = Gate{a, b, c, 0};
    ++used;
  }
  return slots[i];
}

Gates::Gates(ClauseSink& sink, std::uint64_t clause_limit, Mutation mutation)
    : sink_(sink), clause_limit_(clause_limit), mutation_(mutation) {
  clause({true_lit});
}

Lit Gates::fresh() {
  return ++variables_;
}

Bits Gates::fresh_bits(std::size_t width) {
  Bits bits(width);
  for (Lit& bit : bits) bit = fresh();
  return bits;
}

void Gates::clause(std::initializer_list<Lit> literals) {
  clause(std::span(literals.begin(), literals.size()));
}

void Gates::clause(std::span<const Lit> literals) {
  if (exhausted()) return;
  ++clauses_;
  sink_.add_clause(literals);
}

Lit Gates::and_(Lit a, Lit b) {
  if (a == false_lit || b == false_lit || a == -b) return false_lit;
  if (a == true_lit || a == b) return b;
  if (b == true_lit) return a;
  if (a > b) std::swap(a, b);
  Gate& gate = ands_.find(a, b, 0);
  if (gate.output != 0) return gate.output;
  const Lit out = gate.output = fresh();
  clause({-out, a});
  if (mutation_ != Mutation::weak_and) clause({-out, b});
  clause({out, -a, -b});
  return out;
}

Lit Gates::xor_(Lit a, Lit b) {
  if (a == true_lit) return -b;
  if (a == false_lit) return b;
  if (b == true_lit) return -a;
  if (b == false_lit) return a;
  if (a == b) return false_lit;
  if (a == -b) return true_lit;
  const Lit sign = (a < 0) == (b < 0) ? 1 : -1;
  a = std::abs(a);
  b = std::abs(b);
  if (a > b) std::swap(a, b);
  Gate& gate = xors_.find(a, b, 0);
  if (gate.output != 0) return sign * gate.output;
  const Lit out = gate.output = fresh();
  clause({-out, a, b});
  clause({-out, -a, -b});
  clause({out, -a, b});
  clause({out, a, -b});
  return sign * out;
}

Lit Gates::mux(Lit condition, Lit then, Lit otherwise) {
  if (condition == true_lit) return then;
  if (condition == false_lit) return otherwise;
  if (then == otherwise) return then;
  if (condition < 0) {
    condition = -condition;
    std::swap(then, otherwise);
  }
  if (then == true_lit || then == condition) return or_(condition, otherwise);
  if (then == false_lit || then == -condition) return and_(-condition, otherwise);
  if (otherwise == true_lit || otherwise == -condition) return or_(-condition, then);
  if (otherwise == false_lit || otherwise == condition) return and_(condition, then);
  if (then == -otherwise) return -xor_(condition, then);
  const Lit sign = otherwise < 0 ? -1 : 1;
  then *= sign;
  otherwise *= sign;
  if (mutation_ == Mutation::swapped_mux) std::swap(then, otherwise);
  Gate& gate = muxes_.find(condition, then, otherwise);
  if (gate.output != 0) return sign * gate.output;
  const Lit out = gate.output = fresh();
  clause({-out, -condition, then});
  clause({out, -condition, -then});
  clause({-out, condition, otherwise});
  clause({out, condition, -otherwise});
  clause({-out, then, otherwise});  // the last two are implied; they help propagation
  clause({out, -then, -otherwise});
  return sign * out;
}

Lit Gates::majority(Lit a, Lit b, Lit c) {
  std::array<Lit, 3> in{a, b, c};
  std::ranges::sort(in);
  for (std::size_t i = 0; i < 3; ++i) {
    const Lit x = in[i], y = in[(i + 1) % 3], z = in[(i + 2) % 3];
    if (x == true_lit) return or_(y, z);
    if (x == false_lit) return and_(y, z);
    if (x == y) return x;
    if (x == -y) return z;
  }
  Lit sign = 1;
  if (in[1] < 0) {  // at least two negative inputs: majority is self-dual
    sign = -1;
    for (Lit& lit : in) lit = -lit;
    std::ranges::sort(in);
  }
  Gate& gate = majorities_.find(in[0], in[1], in[2]);
  if (gate.output != 0) return sign * gate.output;
  const Lit out = gate.output = fresh();
  clause({out, -in[0], -in[1]});
  clause({out, -in[0], -in[2]});
  clause({out, -in[1], -in[2]});
  clause({-out, in[0], in[1]});
  clause({-out, in[0], in[2]});
  clause({-out, in[1], in[2]});
  return sign * out;
}

Lit Gates::all_of(BitsView literals) {
  if (literals.empty()) return true_lit;
  Bits level(literals.begin(), literals.end());
  while (level.size() > 1) {
    std::size_t next = 0;
    for (std::size_t i = 0; i + 1 < level.size(); i += 2) {
      level[next++] = and_(level[i], level[i + 1]);
    }
    if (level.size() % 2 == 1) level[next++] = level.back();
    level.resize(next);
  }
  return level[0];
}

}  // namespace probity::solver
