// SPDX-License-Identifier: Apache-2.0
// See start_terms.hpp.
#include "opt/start_terms.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <bit>

namespace probity::opt {
namespace {

using term::Id;

/// Objects lie farther than 2^40 bytes from the ends of the address space (docs/trusted-base.md).
constexpr std::uint64_t packet_top = 0 - (std::uint64_t{1} << 40);

bool mentions(const term::Store& store, const std::vector<Id>& terms, Id leaf) {
  std::vector<bool> seen(store.size() + 1, false);
  std::vector<Id> pending = terms;
  while (!pending.empty()) {
    const Id top = pending.back();
    pending.pop_back();
    if (seen[top.index]) continue;
    seen[top.index] = true;
    if (top == leaf) return true;
    const auto operands = store.args(top);
    pending.insert(pending.end(), operands.begin(), operands.end());
  }
  return false;
}

const Fact& fact_of(const PointFacts& facts, Holder holder) {
  if (holder < bpf::reg_count) return facts.regs[holder];
  return facts.frame.words[holder - bpf::reg_count];
}

std::string name_of(Holder holder) {
  if (holder < bpf::reg_count) return fmt::format("r{}", holder);
  const auto word = static_cast<std::int64_t>(holder - bpf::reg_count);
  return fmt::format("stack word r10{:+}", 8 * word - static_cast<std::int64_t>(stack_bytes));
}

/// Of two facts about one value the one that says more of its kind, with the bits of both.
Fact joined(const Fact& a, const Fact& b) {
  const auto says_something = [](const Fact& fact) {
    return fact.kind != Kind::any && fact.kind != Kind::nothing && fact.kind != Kind::number;
  };
  Fact result = says_something(a) || (a.kind == Kind::number && !says_something(b)) ? a : b;
  if (const auto both = Abstract::given(Relation::eq, 64, a.bits, b.bits)) result.bits = both->a;
  return result;
}

/// That no outcome was seen but those that are left.
Id claim_of(term::Store& store, const Order& order, Sight sight, Id left, Id right) {
  const bool is_signed = sight == Sight::signed_64 || sight == Sight::signed_32;
  const unsigned outcomes = outcomes_at(order.outcomes, sight);
  std::vector<Id> claims;
  const Op at_most = is_signed ? Op::sle : Op::ule;
  if ((outcomes & is_greater) == 0) claims.push_back(store.bin(at_most, left, right));
  if ((outcomes & is_less) == 0) claims.push_back(store.bin(at_most, right, left));
  if ((outcomes & is_equal) == 0) claims.push_back(store.not_(store.eq(left, right)));
  return store.conjunction(claims);
}

}  // namespace

Id StartTerms::of(const PointFacts& facts, const Equals& equals, Holder holder) {
  const Holder leader = equals.leader(holder);
  if (leader == holder_of(bpf::Reg::r10)) return world_.frame;
  Fact known = fact_of(facts, leader);
  for (std::size_t other = 0; other < holder_count; ++other) {
    const auto it = static_cast<Holder>(other);
    if (it != leader && equals.leader(it) == leader) known = joined(known, fact_of(facts, it));
  }
  return of(known, name_of(leader));
}

Id StartTerms::of(const Fact& fact, const std::string& name) {
  term::Store& store = world_.store;
  const auto at = [&](Id base) {
    return store.bin(Op::add, base,
                     store.lit(64, static_cast<std::uint64_t>(fact.offset.value_or(0))));
  };
  switch (fact.kind) {
    case Kind::stack:
      if (fact.offset) return at(world_.frame);
      break;
    case Kind::packet:
      if (fact.offset) return at(world_.packet);
      if (fact.origin != no_node) return packet_place(fact);
      break;
    case Kind::packet_meta:
      if (fact.offset) return at(world_.metadata);
      break;
    case Kind::ctx:
      if (fact.offset) return at(world_.pointers.var("ctx", Area::ctx));
      break;
    case Kind::packet_end:
      if (fact.offset == 0) return packet_end_;
      break;
    case Kind::number: return number(fact, name);
    case Kind::map:
      if (fact.map != Fact::no_map) {
        return store.var(
            64, fmt::format("address {} {}:0", static_cast<int>(bpf::ImmOp::map), fact.map));
      }
      break;
    case Kind::nothing:
    case Kind::any:
    case Kind::map_value:
    case Kind::map_value_or_null:
    case Kind::other_or_null:
    case Kind::other: break;
  }
  const auto area = area_of(fact.kind);
  if (!area) return store.var(64, name);
  if (fact.origin == no_node || fact.offset.value_or(1) != 0)
    return world_.pointers.var(name, *area);
  return world_.pointers.var(fmt::format("result of insn {}", fact.origin), *area);
}

/// What an insn gave that added something to a packet pointer, and how far beyond.
Id StartTerms::packet_place(const Fact& fact) {
  term::Store& store = world_.store;
  const Id place =
      world_.pointers.var(fmt::format("packet place of insn {}", fact.origin), Area::packet);
  assume_room(place, fact.room);
  return store.bin(Op::add, place, store.lit(64, static_cast<std::uint64_t>(fact.beyond)));
}

void StartTerms::assume_room(Id start, std::int64_t bytes) {
  term::Store& store = world_.store;
  const auto claim = [&](Id a, Id b) { packet_claims_.push_back(store.bin(Op::ule, a, b)); };
  claim(start, store.lit(64, packet_top));
  if (bytes == 0 && start != world_.packet) return;
  const Id sure = store.lit(64, static_cast<std::uint64_t>(bytes));
  claim(store.bin(Op::add, start, sure), packet_end_);
}

Id StartTerms::number(const Fact& fact, const std::string& name) {
  term::Store& store = world_.store;
  const AbstractWord& bits = fact.bits;
  if (const auto constant = fact.constant()) return store.lit(64, *constant);
  const unsigned width =
      bits.high == 0 ? 1 : 64 - static_cast<unsigned>(std::countl_zero(bits.high));
  const Id value = store.zext(64, store.var(width, name));
  const auto assume = [&](Id claim) {
    const bool is_new = std::ranges::find(assumed_, claim) == assumed_.end();
    if (is_new && !store.is_true(claim)) assumed_.push_back(claim);
  };
  if (bits.low != 0) assume(store.bin(Op::ule, store.lit(64, bits.low), value));
  if ((bits.high & (bits.high + 1)) != 0) {
    assume(store.bin(Op::ule, value, store.lit(64, bits.high)));
  }
  if ((bits.zeros & bits.high) != 0 || bits.ones != 0) {
    const Id known = store.lit(64, bits.zeros | bits.ones);
    assume(store.eq(store.and_(value, known), store.lit(64, bits.ones)));
  }
  const auto signed_word = [&](std::int64_t n) {
    return store.lit(64, static_cast<std::uint64_t>(n));
  };
  if (bits.signed_low != INT64_MIN) {
    assume(store.bin(Op::sle, signed_word(bits.signed_low), value));
  }
  if (bits.signed_high != INT64_MAX) {
    assume(store.bin(Op::sle, value, signed_word(bits.signed_high)));
  }
  return value;
}

void StartTerms::assume_packet(const PointFacts& facts) {
  assume_room(world_.packet, facts.packet_bytes);
}

void StartTerms::assume_orders(std::span<const Order> orders, const PointFacts& facts,
                               const Equals& equals) {
  term::Store& store = world_.store;
  for (const Order& order : orders) {
    const Id left = of(facts, equals, order.left), right = of(facts, equals, order.right);
    for (unsigned i = 0; i < sight_count; ++i) {
      const auto sight = static_cast<Sight>(i);
      const bool whole = sight == Sight::unsigned_64 || sight == Sight::signed_64;
      const Id claim = whole ? claim_of(store, order, sight, left, right)
                             : claim_of(store, order, sight, store.extract(0, 32, left),
                                        store.extract(0, 32, right));
      if (!store.is_true(claim)) order_claims_.push_back(claim);
    }
  }
}

void StartTerms::add_what_is_known(std::vector<Id>* query) const {
  if (mentions(world_.store, *query, packet_end_)) {
    query->insert(query->end(), packet_claims_.begin(), packet_claims_.end());
  }
  query->insert(query->end(), assumed_.begin(), assumed_.end());
  query->insert(query->end(), order_claims_.begin(), order_claims_.end());
}

}  // namespace probity::opt
