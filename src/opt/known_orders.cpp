// SPDX-License-Identifier: Apache-2.0
// See known_orders.hpp. An order is kept as long as each of its two values is in some register or
// word of the frame.
#include "opt/known_orders.hpp"

#include <algorithm>

#include "isa/bpf/semantics_impl.hpp"
#include "opt/block_analysis.hpp"
#include "opt/fact_rules.hpp"
#include "opt/order.hpp"

namespace probity::opt {
namespace {

using bpf::JmpOp;
using bpf::Meaning;
using Orders = std::vector<Order>;

/// Orders that are kept at a node.
constexpr std::size_t order_limit = 8;

constexpr Outcomes placed(unsigned outcomes, Sight sight) {
  return static_cast<Outcomes>(outcomes << (3 * static_cast<unsigned>(sight)));
}
constexpr Outcomes equal_at_every_sight =
    placed(is_equal, Sight::unsigned_64) | placed(is_equal, Sight::signed_64) |
    placed(is_equal, Sight::unsigned_32) | placed(is_equal, Sight::signed_32);

/// A comparison: what it looks at, and with which outcomes it holds.
struct Question {
  Sight sight = Sight::unsigned_64;
  unsigned holds = is_anything;
};

/// As the semantics text compares: a negative number tells whether it sees signs.
std::optional<Question> question(JmpOp op, unsigned width) {
  if (op == JmpOp::ja || op == JmpOp::jset) return std::nullopt;
  const auto holds = [op](std::int64_t a, std::int64_t b) {
    const auto word = [](std::int64_t n) {
      return Bv<Abstract, 64>::lit(static_cast<std::uint64_t>(n));
    };
    return Abstract::constant(1, bpf::compare(op, word(a), word(b)).raw()) == 1;
  };
  const bool sees_signs = holds(-1, 0) != holds(1, 0);
  Question asked{width == 64 ? Sight::unsigned_64 : Sight::unsigned_32, 0};
  if (sees_signs) asked.sight = width == 64 ? Sight::signed_64 : Sight::signed_32;
  if (holds(0, 1)) asked.holds |= is_less;
  if (holds(0, 0)) asked.holds |= is_equal;
  if (holds(1, 0)) asked.holds |= is_greater;
  return asked;
}

Outcomes without_equal(Outcomes outcomes, Sight a, Sight b) {
  return static_cast<Outcomes>(outcomes & ~(placed(is_equal, a) | placed(is_equal, b)));
}

/// What one sight says of the others: equal is equal at each, and words that differ in the lower
/// half differ.
Outcomes closed(Outcomes outcomes) {
  const auto excludes = [&](Sight sight) { return (outcomes_at(outcomes, sight) & is_equal) == 0; };
  const auto only_equal = [&](Sight sight) { return outcomes_at(outcomes, sight) == is_equal; };
  if (only_equal(Sight::unsigned_64) || only_equal(Sight::signed_64)) {
    outcomes &= equal_at_every_sight;
  }
  if (only_equal(Sight::unsigned_32) || only_equal(Sight::signed_32)) {
    outcomes &= static_cast<Outcomes>(equal_at_every_sight | 0x3f);
  }
  if (excludes(Sight::unsigned_32) || excludes(Sight::signed_32)) {
    outcomes = without_equal(outcomes, Sight::unsigned_32, Sight::signed_32);
    outcomes = without_equal(outcomes, Sight::unsigned_64, Sight::signed_64);
  }
  if (excludes(Sight::unsigned_64) || excludes(Sight::signed_64)) {
    outcomes = without_equal(outcomes, Sight::unsigned_64, Sight::signed_64);
  }
  return outcomes;
}

Outcomes exchanged(Outcomes outcomes) {
  constexpr unsigned less = 0x249, greater = less << 2, equal = less << 1;
  return static_cast<Outcomes>((outcomes & less) << 2 | (outcomes & greater) >> 2 |
                               (outcomes & equal));
}

/// What is known of `left` against `right`.
Outcomes outcomes_of(const Orders& orders, const Equals& equals, Holder left, Holder right) {
  if (equals.are_equal(left, right)) return equal_at_every_sight;
  Outcomes known = any_outcome;
  for (const Order& order : orders) {
    if (equals.are_equal(order.left, left) && equals.are_equal(order.right, right)) {
      known &= order.outcomes;
    } else if (equals.are_equal(order.left, right) && equals.are_equal(order.right, left)) {
      known &= exchanged(order.outcomes);
    }
  }
  return closed(known);
}

/// Checks of a packet's end are the facts' business.
bool is_bounds_check(const Node& node, const PointFacts& facts) {
  const Kind left = reg_of(facts, node.insn.dst).kind, right = reg_of(facts, node.insn.src).kind;
  return (left == Kind::packet && right == Kind::packet_end) ||
         (left == Kind::packet_end && right == Kind::packet);
}

void learn(Orders& orders, const Equals& equals, const Node& node, bool taken) {
  const bpf::Row& row = bpf::row(node.insn.form);
  const auto asked = question(static_cast<JmpOp>(row.operation), row.width);
  if (!asked) return;
  const Holder left = holder_of(node.insn.dst), right = holder_of(node.insn.src);
  const unsigned holds = taken ? asked->holds : ~asked->holds & is_anything;
  const Outcomes rest = static_cast<Outcomes>(any_outcome & ~placed(is_anything, asked->sight));
  const Outcomes known = static_cast<Outcomes>(outcomes_of(orders, equals, left, right) &
                                               (rest | placed(holds, asked->sight)));
  std::erase_if(orders, [&](const Order& order) {
    return (order.left == left && order.right == right) ||
           (order.left == right && order.right == left);
  });
  if (orders.size() < order_limit) orders.push_back({left, right, closed(known)});
}

/// What a node leaves as it was.
class Kept {
 public:
  Kept(const Node& node, const PointFacts& facts) : written_(registers_written(node.insn)) {
    switch (bpf::row(node.insn.form).meaning) {
      case Meaning::store_imm:
      case Meaning::store_reg:
      case Meaning::store_release:
      case Meaning::atomic: {
        const Kind base = reg_of(facts, node.insn.dst).kind;
        words_ = is_pointer(base) && !may_reach_stack(base);
        break;
      }
      case Meaning::call:
        words_ = std::none_of(facts.regs.begin() + 1, facts.regs.begin() + 6,
                              [](const Fact& fact) { return may_reach_stack(fact.kind); });
        break;
      case Meaning::alu:
      case Meaning::movsx:
      case Meaning::byte_swap:
      case Meaning::load:
      case Meaning::load_imm64:
      case Meaning::load_acquire:
      case Meaning::load_packet:
      case Meaning::jump:
      case Meaning::may_goto:
      case Meaning::branch:
      case Meaning::exit: break;
    }
  }
  bool keeps(Holder holder) const {
    return holder < bpf::reg_count ? (written_ >> holder & 1) == 0 : words_;
  }
  /// Where the value is afterwards, if it is known to be anywhere.
  std::optional<Holder> place_of(Holder holder, const Equals& before) const {
    if (keeps(holder)) return holder;
    for (std::size_t other = 0; other < holder_count; ++other) {
      const auto it = static_cast<Holder>(other);
      if (before.are_equal(it, holder) && keeps(it)) return it;
    }
    return std::nullopt;
  }

 private:
  RegisterSet written_;
  bool words_ = true;
};

void step(Orders& orders, const Node& node, const PointFacts& facts, const Equals& equals) {
  if (orders.empty()) return;
  const Kept kept(node, facts);
  std::erase_if(orders, [&](Order& order) {
    const auto left = kept.place_of(order.left, equals);
    const auto right = kept.place_of(order.right, equals);
    if (!left || !right) return true;
    order.left = *left;
    order.right = *right;
    return false;
  });
}

/// What holds on both ways.
Orders in_both(const Orders& a, const Orders& b) {
  Orders result;
  for (const Order& order : a) {
    const auto other = std::ranges::find_if(b, [&](const Order& candidate) {
      return candidate.left == order.left && candidate.right == order.right;
    });
    if (other == b.end()) continue;
    const auto either = static_cast<Outcomes>(order.outcomes | other->outcomes);
    if (either != any_outcome) result.push_back({order.left, order.right, either});
  }
  return result;
}

struct Analysis {
  const Code& code;
  const Facts& facts;
  const EqualValues& equals;

  Orders in_both(const Orders& a, const Orders& b) const { return opt::in_both(a, b); }
  void step(Orders& orders, std::uint32_t node) const {
    opt::step(orders, code[node], facts.before(node), equals.before(node));
  }
  Orders along(Orders orders, std::uint32_t node, bool taken) const {
    const bool learns =
        compares_registers(code[node]) && !is_bounds_check(code[node], facts.before(node));
    if (learns) learn(orders, equals.before(node), code[node], taken);
    return orders;
  }
};

}  // namespace

bool compares_registers(const Node& node) {
  const bpf::Row& row = bpf::row(node.insn.form);
  return row.meaning == Meaning::branch && row.operands == bpf::Operands::dst_src_off &&
         !node.patched && node.insn.dst != node.insn.src;
}

KnownOrders KnownOrders::of(const Code& code, const Facts& facts, const EqualValues& equals) {
  KnownOrders result;
  result.points_.resize(code.size());
  if (std::ranges::none_of(code.nodes(), compares_registers)) return result;
  const Analysis analysis{code, facts, equals};
  result.points_ = BlockAnalysis<Orders, Analysis>(code, facts, analysis).run();
  return result;
}

std::optional<bool> KnownOrders::decided(const Code& code, std::uint32_t branch,
                                         const EqualValues& equals) const {
  const Node& node = code[branch];
  if (!compares_registers(node)) return std::nullopt;
  const bpf::Row& row = bpf::row(node.insn.form);
  const auto asked = question(static_cast<JmpOp>(row.operation), row.width);
  if (!asked) return std::nullopt;
  const Outcomes known = outcomes_of(points_[branch], equals.before(branch),
                                     holder_of(node.insn.dst), holder_of(node.insn.src));
  const unsigned left = outcomes_at(known, asked->sight);
  if (left == 0) return std::nullopt;  // no way leads here
  if ((left & ~asked->holds) == 0) return true;
  if ((left & asked->holds) == 0) return false;
  return std::nullopt;
}

}  // namespace probity::opt
