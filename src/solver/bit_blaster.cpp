// SPDX-License-Identifier: Apache-2.0
// The encoding proper: an explicit stack instead of recursion, one case per term kind, and a pool
// of literals that every encoded term has its place in.
#include "solver/bit_blaster.hpp"

#include <algorithm>
#include <cstdlib>
#include <ranges>

#include "base/check.hpp"
#include "term/linear_sum.hpp"

namespace probity::solver {
namespace {

using term::Id;
using term::Kind;

/// Products of at most this many partial bits are cheaper as circuits than as lemmas.
constexpr std::size_t small_product_bits = 64;

/// A sum whose parts are all summands of others, as a long checksum's are, must not be written out
/// for each of them. The rewriter's sums have no more.
constexpr unsigned max_opened_sums = term::LinearSum::capacity;

std::size_t varying_bits(BitsView a) {
  return a.size() - leading_zeros(a) -
         std::min<std::size_t>(trailing_zeros(a), a.size() - leading_zeros(a));
}

/// The first of the bits that is no constant, which a slice of a part shares with the whole part.
Lit first_varying(BitsView bits) {
  for (const Lit bit : bits) {
    if (bit != false_lit && bit != -false_lit) return std::abs(bit);
  }
  return 0;
}

}  // namespace

BitBlaster::BitBlaster(const term::Store& store, Gates& gates, Products products)
    : store_(store),
      gates_(gates),
      products_(products),
      abstraction_(gates),
      remainder_sums_(store) {}

bool BitBlaster::encoded(Id a) const {
  return a.index < start_.size() && start_[a.index] != 0;
}

BitsView BitBlaster::bits(Id a) const {
  PROBITY_CHECK(encoded(a));
  return BitsView(pool_).subspan(start_[a.index] - 1, store_.width(a));
}

void BitBlaster::store_bits(Id a, BitsView bits) {
  PROBITY_CHECK(bits.size() == store_.width(a));
  start_[a.index] = std::uint32_t(pool_.size()) + 1;
  pool_.insert(pool_.end(), bits.begin(), bits.end());
}

BitsView BitBlaster::blast(Id root) {
  if (start_.size() <= store_.size()) start_.resize(store_.size() + 1, 0);
  if (!encoded(root)) {
    std::vector<Id> stack{root};
    while (!stack.empty()) {
      if (gates_.exhausted() || patience_.ended()) return {};
      const Id top = stack.back();
      const std::size_t before = stack.size();
      if (!encoded(top)) {
        for (const Id argument : operands(top)) {
          if (!encoded(argument)) stack.push_back(argument);
        }
        if (stack.size() != before) continue;
        store_bits(top, encode(top));
      }
      stack.pop_back();
    }
  }
  if (gates_.exhausted()) return {};
  return bits(root);
}

std::vector<Id> BitBlaster::operands(Id a) {
  const auto args = store_.args(a);
  if (store_.kind(a) != Kind::add) return {args.begin(), args.end()};
  const term::RemainderSum* sum = remainder_sums_.of(a);
  if (sum == nullptr) {
    Sum parts = parts_of(a);
    parts.added.insert(parts.added.end(), parts.taken.begin(), parts.taken.end());
    return parts.added;
  }
  std::vector<Id> result{sum->quotient};
  for (const auto& [atom, coefficient] : sum->rest) result.push_back(atom);
  return result;
}

Bits BitBlaster::encode(Id a) {
  const std::span<const Id> args = store_.args(a);
  const unsigned width = store_.width(a);
  const auto in = [&](std::size_t i) { return bits(args[i]); };
  const auto bitwise = [&](Lit (Gates::*gate)(Lit, Lit)) {
    Bits result(width);
    for (unsigned i = 0; i < width; ++i) result[i] = (gates_.*gate)(in(0)[i], in(1)[i]);
    return result;
  };
  switch (store_.kind(a)) {
    case Kind::lit: return constant_bits(width, *store_.literal(a));
    case Kind::var: return gates_.fresh_bits(width);
    case Kind::apply: return encode_apply(a);
    case Kind::not_: return inverted(in(0));
    case Kind::and_: return bitwise(&Gates::and_);
    case Kind::xor_: return bitwise(&Gates::xor_);
    case Kind::add: {
      const term::RemainderSum* sum = remainder_sums_.of(a);
      return sum ? encode_remainder_sum(*sum, width) : encode_add(a);
    }
    case Kind::mul: return encode_mul(a, args[0], args[1]);
    case Kind::udiv:
    case Kind::urem: return encode_division(a, args[0], args[1]);
    case Kind::shl: return shift(gates_, Op::shl, in(0), in(1));
    case Kind::lshr: return shift(gates_, Op::lshr, in(0), in(1));
    case Kind::ashr: return shift(gates_, Op::ashr, in(0), in(1));
    case Kind::eq: return {equal(gates_, in(0), in(1))};
    case Kind::ult: return {less(gates_, in(0), in(1))};
    case Kind::ite: return mux(gates_, in(0)[0], in(1), in(2));
    case Kind::concat: {
      Bits result(in(1).begin(), in(1).end());
      result.insert(result.end(), in(0).begin(), in(0).end());
      return result;
    }
    case Kind::extract: {
      const BitsView part = in(0).subspan(store_.low(a), width);
      return Bits(part.begin(), part.end());
    }
  }
  PROBITY_UNREACHABLE("a term of unknown kind");
}

BitBlaster::Sum BitBlaster::parts_of(Id a) const {
  Sum sum;
  std::vector<Id> pending{a};
  unsigned opened = 0;
  while (!pending.empty()) {
    const Id top = pending.back();
    pending.pop_back();
    const auto args = store_.args(top);
    const term::Value minus_one = mask<term::Value>(store_.width(top));
    if (const auto value = store_.literal(top)) {
      sum.constant += *value;
    } else if (store_.kind(top) == Kind::add) {
      if (++opened > max_opened_sums) return {{store_.args(a)[0], store_.args(a)[1]}, {}, 0};
      pending.insert(pending.end(), {args[1], args[0]});
    } else if (store_.kind(top) == Kind::mul && store_.literal(args[1]) == minus_one) {
      sum.taken.push_back(args[0]);
    } else {
      sum.added.push_back(top);
    }
  }
  return sum;
}

/// In an order that the bits decide, not the terms: the sum of low slices then is made of the gates
/// of the sum of the wholes.
Bits BitBlaster::encode_add(Id a) {
  const unsigned width = store_.width(a);
  Sum sum = parts_of(a);
  const auto in_order = [&](std::vector<Id>& parts) {
    std::ranges::stable_sort(parts, {}, [&](Id part) { return first_varying(bits(part)); });
  };
  in_order(sum.added);
  in_order(sum.taken);
  const Bits constant = constant_bits(width, sum.constant);
  const bool constant_first = sum.added.empty();
  Bits total = constant;
  if (!constant_first) {
    const BitsView first = bits(sum.added.front());
    total.assign(first.begin(), first.end());
    for (const Id part : sum.added | std::views::drop(1)) {
      total = add(gates_, total, bits(part), false_lit);
    }
  }
  for (const Id part : sum.taken) total = subtract(gates_, total, bits(part));
  return constant_first ? total : add(gates_, total, constant, false_lit);
}

/// The remainder is named by the bits of its division, whose bound search then has at hand. As
/// n - (n / d) * d it would have to be found again through the circuits of n.
Bits BitBlaster::encode_remainder_sum(const term::RemainderSum& sum, unsigned width) {
  const auto args = store_.args(sum.quotient);
  const QuotientRemainder& division = divisions_.at({args[0].index, args[1].index});
  Bits total = add(gates_, division.remainder, constant_bits(width, sum.constant), false_lit);
  for (const auto& [atom, coefficient] : sum.rest) {
    const Bits part = multiply_constant(gates_, bits(atom), coefficient);
    total = add(gates_, total, part, false_lit);
  }
  return total;
}

bool BitBlaster::is_small(BitsView a, BitsView b) const {
  return varying_bits(a) * varying_bits(b) <= small_product_bits;
}

Bits BitBlaster::encode_mul(Id whole, Id a, Id b) {
  if (const auto factor = store_.literal(a)) return multiply_constant(gates_, bits(b), *factor);
  if (const auto factor = store_.literal(b)) return multiply_constant(gates_, bits(a), *factor);
  if (products_ == Products::exact || is_small(bits(a), bits(b))) {
    return multiply(gates_, bits(a), bits(b));
  }
  const std::size_t call = abstraction_.product(bits(a), bits(b));
  call_of_[whole.index] = call;
  return abstraction_.call(call).result;
}

Bits BitBlaster::encode_division(Id whole, Id n, Id d) {
  const bool wants_quotient = store_.kind(whole) == Kind::udiv;
  const auto divisor = store_.literal(d);
  const bool by_constant = divisor && *divisor != 0;
  if (products_ == Products::abstract && !by_constant && !is_small(bits(n), bits(d))) {
    const std::size_t call = abstraction_.division(bits(n), bits(d));
    call_of_[whole.index] = call;
    const Abstraction::Call& division = abstraction_.call(call);
    return wants_quotient ? division.result : division.remainder;
  }
  const auto [slot, is_new] = divisions_.try_emplace({n.index, d.index});
  if (is_new) {
    slot->second = by_constant && products_ == Products::abstract
                       ? divide_constant(gates_, bits(n), *divisor)
                       : divide(gates_, bits(n), bits(d));
  }
  return wants_quotient ? slot->second.quotient : slot->second.remainder;
}

Bits BitBlaster::encode_apply(Id whole) {
  std::vector<Bits> arguments;
  for (const Id argument : store_.args(whole)) {
    arguments.emplace_back(bits(argument).begin(), bits(argument).end());
  }
  const std::size_t call = abstraction_.function(store_.function(whole).index, std::move(arguments),
                                                 store_.width(whole));
  call_of_[whole.index] = call;
  return abstraction_.call(call).result;
}

const BitBlaster::Support& BitBlaster::support(Id root) {
  const auto [slot, is_new] = supports_.try_emplace(root.index);
  Support& support = slot->second;
  if (!is_new) return support;
  if (visited_.size() <= store_.size()) visited_.resize(store_.size() + 1, 0);
  ++visit_;
  std::vector<Id> stack{root};
  visited_[root.index] = visit_;
  while (!stack.empty()) {
    const Id top = stack.back();
    stack.pop_back();
    ++support.terms;
    if (store_.kind(top) == Kind::var && encoded(top)) support.variables.push_back(top);
    if (const auto call = call_of_.find(top.index); call != call_of_.end()) {
      support.calls.push_back(call->second);
    }
    for (const Id argument : store_.args(top)) {
      if (visited_[argument.index] == visit_) continue;
      visited_[argument.index] = visit_;
      stack.push_back(argument);
    }
  }
  std::ranges::sort(support.variables);
  std::ranges::sort(support.calls);
  return support;
}

}  // namespace probity::solver
