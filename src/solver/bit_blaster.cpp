// SPDX-License-Identifier: Apache-2.0
// The encoding proper: an explicit stack instead of recursion, one case per term kind, and a pool
// of literals that every encoded term has its place in.
#include "solver/bit_blaster.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace probity::solver {
namespace {

using term::Id;
using term::Kind;

/// Products of at most this many partial bits are cheaper as circuits than as lemmas.
constexpr std::size_t small_product_bits = 64;

std::size_t varying_bits(BitsView a) {
  return a.size() - leading_zeros(a) -
         std::min<std::size_t>(trailing_zeros(a), a.size() - leading_zeros(a));
}

}  // namespace

BitBlaster::BitBlaster(const term::Store& store, Gates& gates, Products products)
    : store_(store), gates_(gates), products_(products), abstraction_(gates) {}

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
        for (const Id argument : store_.args(top)) {
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
    case Kind::add: return encode_add(args[0], args[1]);
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

Bits BitBlaster::encode_add(Id a, Id b) {
  const auto negated = [&](Id x) -> std::optional<Id> {
    if (store_.kind(x) != Kind::mul) return std::nullopt;
    const term::Value minus_one = mask<term::Value>(store_.width(x));
    for (const std::size_t i : {0U, 1U}) {
      if (store_.literal(store_.args(x)[i]) == minus_one) return store_.args(x)[1 - i];
    }
    return std::nullopt;
  };
  if (const auto y = negated(b)) return subtract(gates_, bits(a), bits(*y));
  if (const auto x = negated(a)) return subtract(gates_, bits(b), bits(*x));
  return add(gates_, bits(a), bits(b), false_lit);
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
    if (store_.kind(top) == Kind::var) support.variables.push_back(top);
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
