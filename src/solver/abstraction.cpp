// SPDX-License-Identifier: Apache-2.0
// Lemmas and their refinement. The first few calls of a group get congruence eagerly (most queries
// have two products that must agree); beyond that only pairs that a model violates, so a hundred
// calls do not cost thousands of comparisons.
#include "solver/abstraction.hpp"

#include <algorithm>
#include <tuple>

#include "base/check.hpp"

namespace probity::solver {
namespace {

constexpr std::size_t eager_calls = 5;  // per group

std::uint64_t group_of(const Abstraction::Call& call) {
  return (std::uint64_t(call.kind) << 32) | call.function;
}

Lit equal_all(Gates& gates, const std::vector<Bits>& a, const std::vector<Bits>& b) {
  Bits same;
  for (std::size_t i = 0; i < a.size(); ++i) {
    same.push_back(equal(gates, a[i], b[i]));
    if (same.back() == false_lit) return false_lit;
  }
  return gates.all_of(same);
}

/// Operands that cannot overflow: `a` below 2^(w - leading zeros of a), and so for `b`, with both
/// fitting in w.
void add_bounded_product_lemmas(Gates& gates, BitsView a, BitsView b, BitsView r) {
  const std::size_t width = r.size();
  const unsigned free_a = leading_zeros(a), free_b = leading_zeros(b);
  if (free_a + free_b < width) return;
  for (std::size_t i = 2 * width - free_a - free_b; i < width; ++i) gates.clause({-r[i]});
  const Bits zero(width, false_lit);
  const Lit a_is_zero = equal(gates, a, zero), b_is_zero = equal(gates, b, zero);
  gates.clause({b_is_zero, -less(gates, r, a)});
  gates.clause({a_is_zero, -less(gates, r, b)});
  // b < 2^n, hence floor(r / 2^n) < a: this is why a scaled random number stays below its range.
  const auto high = [&](unsigned bits) {
    Bits part(r.begin() + bits, r.end());
    part.resize(width, false_lit);
    return part;
  };
  gates.clause({a_is_zero, less(gates, high(unsigned(width) - free_b), a)});
  gates.clause({b_is_zero, less(gates, high(unsigned(width) - free_a), b)});
}

}  // namespace

void add_product_lemmas(Gates& gates, BitsView a, BitsView b, BitsView r) {
  const std::size_t width = r.size();
  const Bits zero(width, false_lit), minus_one(width, true_lit);
  Bits one = zero;
  one[0] = true_lit;
  gates.clause({-r[0], a[0]});
  gates.clause({-r[0], b[0]});
  gates.clause({r[0], -a[0], -b[0]});
  for (std::size_t i = 0; i < std::min<std::size_t>(width, trailing_zeros(a) + trailing_zeros(b));
       ++i) {
    gates.clause({-r[i]});
  }
  for (const auto& [x, y] : {std::pair{a, b}, std::pair{b, a}}) {
    imply_equal(gates, equal(gates, x, zero), r, zero);
    imply_equal(gates, equal(gates, x, one), r, y);
    const Lit negates = equal(gates, x, minus_one);
    if (negates != false_lit) imply_equal(gates, negates, r, subtract(gates, zero, y));
  }
  add_bounded_product_lemmas(gates, a, b, r);
}

void add_division_lemmas(Gates& gates, BitsView n, BitsView d, BitsView q, BitsView q_times_d,
                         BitsView remainder) {
  const std::size_t width = n.size();
  const Bits zero(width, false_lit), ones(width, true_lit);
  Bits one = zero;
  one[0] = true_lit;
  const Lit by_zero = equal(gates, d, zero);
  gates.clause({by_zero, less(gates, remainder, d)});
  gates.clause({by_zero, -less(gates, n, q_times_d)});
  gates.clause({by_zero, -less(gates, n, q)});
  gates.clause({-less(gates, n, remainder)});
  imply_equal(gates, by_zero, q, ones);
  imply_equal(gates, by_zero, remainder, n);
  imply_equal(gates, equal(gates, d, one), q, n);
  const Lit small = less(gates, n, d);  // implies d != 0
  imply_equal(gates, small, q, zero);
  imply_equal(gates, equal(gates, n, d), remainder, zero);
}

std::size_t Abstraction::insert(Call call) {
  const std::size_t index = calls_.size();
  std::vector<std::size_t>& group = groups_[{group_of(call), call.result.size()}];
  if (group.size() < eager_calls) {
    for (const std::size_t other : group) add_congruence(calls_[other], call);
  }
  group.push_back(index);
  calls_.push_back(std::move(call));
  return index;
}

std::size_t Abstraction::product(BitsView a, BitsView b) {
  std::vector<Bits> arguments{Bits(a.begin(), a.end()), Bits(b.begin(), b.end())};
  if (arguments[1] < arguments[0]) std::swap(arguments[0], arguments[1]);
  const auto [slot, is_new] =
      index_.try_emplace(Key{group_of({CallKind::product, 0, {}, {}, {}}), arguments}, 0);
  if (!is_new) return slot->second;
  Bits result = gates_.fresh_bits(a.size());
  add_product_lemmas(gates_, a, b, result);
  return slot->second = insert({CallKind::product, 0, std::move(arguments), std::move(result), {}});
}

std::size_t Abstraction::division(BitsView n, BitsView d) {
  std::vector<Bits> arguments{Bits(n.begin(), n.end()), Bits(d.begin(), d.end())};
  const auto [slot, is_new] =
      index_.try_emplace(Key{group_of({CallKind::division, 0, {}, {}, {}}), arguments}, 0);
  if (!is_new) return slot->second;
  Bits q = gates_.fresh_bits(n.size());
  const Bits q_times_d = calls_[product(q, d)].result;
  Bits remainder = subtract(gates_, n, q_times_d);
  add_division_lemmas(gates_, n, d, q, q_times_d, remainder);
  return slot->second = insert(
             {CallKind::division, 0, std::move(arguments), std::move(q), std::move(remainder)});
}

std::size_t Abstraction::function(std::uint32_t function, std::vector<Bits> arguments,
                                  std::size_t width) {
  Call call{CallKind::function, function, {}, {}, {}};
  const auto [slot, is_new] = index_.try_emplace(Key{group_of(call), arguments}, 0);
  if (!is_new) return slot->second;
  call.arguments = std::move(arguments);
  call.result = gates_.fresh_bits(width);
  return slot->second = insert(std::move(call));
}

void Abstraction::add_congruence(const Call& a, const Call& b) {
  const auto imply = [&](const std::vector<Bits>& left, const std::vector<Bits>& right) {
    const Lit same = equal_all(gates_, left, right);
    imply_equal(gates_, same, a.result, b.result);
  };
  imply(a.arguments, b.arguments);
  if (a.kind == CallKind::product) imply(a.arguments, {b.arguments[1], b.arguments[0]});
}

std::size_t Abstraction::refine_congruence(const Sat& sat, std::span<const std::size_t> calls) {
  struct Row {
    std::pair<std::uint64_t, std::size_t> group;
    std::vector<Number> arguments;
    std::size_t call;
  };
  std::vector<Row> rows;
  for (const std::size_t index : calls) {
    const Call& call = calls_[index];
    Row row{{group_of(call), call.result.size()}, {}, index};
    for (const Bits& argument : call.arguments) row.arguments.push_back(sat.value(argument));
    if (call.kind == CallKind::product) std::ranges::sort(row.arguments);
    rows.push_back(std::move(row));
  }
  std::ranges::sort(rows, [](const Row& a, const Row& b) {
    return std::tie(a.group, a.arguments, a.call) < std::tie(b.group, b.arguments, b.call);
  });
  std::vector<std::pair<std::size_t, std::size_t>> violated;
  std::size_t first = 0;  // of the run of rows with equal arguments
  for (std::size_t i = 1; i < rows.size(); ++i) {
    if (rows[i].group != rows[first].group || rows[i].arguments != rows[first].arguments) {
      first = i;
      continue;
    }
    const Call& a = calls_[rows[first].call];
    const Call& b = calls_[rows[i].call];
    if (sat.value(a.result) != sat.value(b.result)) {
      violated.emplace_back(rows[first].call, rows[i].call);
    }
  }
  // Only now: the model is gone with the first new clause.
  for (const auto& [a, b] : violated) add_congruence(calls_[a], calls_[b]);
  return violated.size();
}

bool Abstraction::holds(const Sat& sat, const Call& call) const {
  if (call.kind == CallKind::function || call.exact) return true;
  const unsigned width = unsigned(call.result.size());
  const Number a = sat.value(call.arguments[0]), b = sat.value(call.arguments[1]);
  const Number result = sat.value(call.result);
  if (call.kind == CallKind::product) return result == fold<Number>(Op::mul, width, a, b);
  return result == fold<Number>(Op::udiv, width, a, b) &&
         sat.value(call.remainder) == fold<Number>(Op::urem, width, a, b);
}

void Abstraction::make_exact(std::size_t index) {
  Call& call = calls_[index];
  PROBITY_CHECK(!call.exact && call.kind != CallKind::function);
  call.exact = true;
  if (call.kind == CallKind::product) {
    const Bits exact = multiply(gates_, call.arguments[0], call.arguments[1]);
    imply_equal(gates_, true_lit, exact, call.result);
    return;
  }
  const QuotientRemainder exact = divide(gates_, call.arguments[0], call.arguments[1]);
  imply_equal(gates_, true_lit, exact.quotient, call.result);
  imply_equal(gates_, true_lit, exact.remainder, call.remainder);
}

std::size_t Abstraction::refine(const Sat& sat, std::span<const std::size_t> calls) {
  std::vector<std::size_t> violated;
  for (const std::size_t index : calls) {
    if (!holds(sat, calls_[index])) violated.push_back(index);
  }
  const std::size_t added = refine_congruence(sat, calls);
  if (added != 0) return added;
  for (const std::size_t index : violated) make_exact(index);
  return violated.size();
}

}  // namespace probity::solver
