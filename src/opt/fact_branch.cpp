// SPDX-License-Identifier: Apache-2.0
// What is known on either side of a branch: a value that was tested against 0 and is none is a
// pointer; a packet whose end was compared has that many bytes; a number that was compared is
// equal.
#include <algorithm>

#include "isa/bpf/semantics_impl.hpp"
#include "opt/fact_rules.hpp"

namespace probity::opt {
namespace {

using bpf::Insn;
using bpf::JmpOp;
using bpf::Meaning;

/// Offsets of packet pointers that a kernel compares with the end (MAX_PACKET_OFF).
constexpr std::int64_t packet_offset_limit = 0xffff;

struct Sides {
  Fact left;
  Fact right;
};

Sides sides_of(const Insn& insn, const PointFacts& facts) {
  const bool from_register = bpf::row(insn.form).operands == bpf::Operands::dst_src_off;
  const auto imm = static_cast<std::uint64_t>(std::int64_t{insn.imm});
  return {reg_of(facts, insn.dst),
          from_register ? reg_of(facts, insn.src) : number(Abstract::lit(64, imm))};
}

/// The condition's value, if it has only one.
std::optional<bool> decided(const bpf::Row& row, const Sides& sides) {
  using B64 = Bv<Abstract, 64>;
  const auto op = static_cast<JmpOp>(row.operation);
  const B64 left = B64::of(sides.left.bits), right = B64::of(sides.right.bits);
  const Bool<Abstract> taken = row.width == 64
                                   ? bpf::compare(op, left, right)
                                   : bpf::compare(op, trunc<32>(left), trunc<32>(right));
  const auto value = Abstract::constant(1, taken.raw());
  return value ? std::optional(*value != 0) : std::nullopt;
}

/// The comparison that holds on this side, with its operands as they stand.
JmpOp negated(JmpOp op) {
  switch (op) {
    case JmpOp::jeq: return JmpOp::jne;
    case JmpOp::jne: return JmpOp::jeq;
    case JmpOp::jgt: return JmpOp::jle;
    case JmpOp::jle: return JmpOp::jgt;
    case JmpOp::jge: return JmpOp::jlt;
    case JmpOp::jlt: return JmpOp::jge;
    case JmpOp::jsgt: return JmpOp::jsle;
    case JmpOp::jsle: return JmpOp::jsgt;
    case JmpOp::jsge: return JmpOp::jslt;
    case JmpOp::jslt: return JmpOp::jsge;
    case JmpOp::ja:
    case JmpOp::jset: return JmpOp::ja;
  }
  return JmpOp::ja;
}

/// The same comparison with its operands exchanged.
JmpOp exchanged(JmpOp op) {
  switch (op) {
    case JmpOp::jgt: return JmpOp::jlt;
    case JmpOp::jlt: return JmpOp::jgt;
    case JmpOp::jge: return JmpOp::jle;
    case JmpOp::jle: return JmpOp::jge;
    case JmpOp::jsgt: return JmpOp::jslt;
    case JmpOp::jslt: return JmpOp::jsgt;
    case JmpOp::jsge: return JmpOp::jsle;
    case JmpOp::jsle: return JmpOp::jsge;
    case JmpOp::ja:
    case JmpOp::jeq:
    case JmpOp::jne:
    case JmpOp::jset: return op;
  }
  return op;
}

/// `start op end`: a comparison of a packet pointer with the packet's end.
struct BoundsCheck {
  Fact start;
  JmpOp op = JmpOp::ja;
  std::int64_t distance = 0;  ///< of `start`
};

std::optional<BoundsCheck> bounds_check(JmpOp op, const Sides& sides) {
  const bool swapped = sides.left.kind == Kind::packet_end && sides.right.kind == Kind::packet;
  const Fact& start = swapped ? sides.right : sides.left;
  const Fact& end = swapped ? sides.left : sides.right;
  if (start.kind != Kind::packet || end.kind != Kind::packet_end) return std::nullopt;
  const auto distance = start.distance();
  if (!distance || end.offset != 0) return std::nullopt;
  if (*distance < 0 || *distance > packet_offset_limit) return std::nullopt;
  return BoundsCheck{start, swapped ? exchanged(op) : op, *distance};
}

/// What bytes that are made sure of say of another check of them.
std::optional<bool> decided(const BoundsCheck& check) {
  const bool placed = check.start.offset.has_value();
  const bool up_to = (placed || check.start.room > 0) && check.distance <= check.start.room;
  const bool before_end = check.distance < check.start.room;
  switch (check.op) {
    case JmpOp::jgt: return up_to ? std::optional(false) : std::nullopt;
    case JmpOp::jle: return up_to ? std::optional(true) : std::nullopt;
    case JmpOp::jge:
    case JmpOp::jeq: return before_end ? std::optional(false) : std::nullopt;
    case JmpOp::jlt:
    case JmpOp::jne: return before_end ? std::optional(true) : std::nullopt;
    case JmpOp::ja:
    case JmpOp::jset:
    case JmpOp::jsgt:
    case JmpOp::jsge:
    case JmpOp::jslt:
    case JmpOp::jsle: return std::nullopt;
  }
  return std::nullopt;
}

/// Of a check that holds. A kernel learns nothing from an equality.
void learn_packet_bytes(PointFacts& facts, const BoundsCheck& check) {
  std::int64_t known = 0;
  if (check.op == JmpOp::jle || check.op == JmpOp::jeq) known = check.distance;
  if (check.op == JmpOp::jlt) known = check.distance + 1;
  if (known == 0) return;
  const Fact& start = check.start;
  if (start.offset) facts.packet_bytes = std::max(facts.packet_bytes, known);
  if (check.op == JmpOp::jeq) return;
  const auto learn = [&](Fact& fact) {
    if (fact.kind != Kind::packet || fact.offset.has_value() != start.offset.has_value()) return;
    if (!start.offset && fact.origin != start.origin) return;
    fact.room = std::max(fact.room, static_cast<std::int32_t>(known));
  };
  std::ranges::for_each(facts.regs, learn);
  facts.frame.words.update(learn);
}

/// `fact` and all that are the same value.
template <typename Learn>
void learn_of_copies(PointFacts& facts, bpf::Reg reg, Learn learn) {
  const std::uint32_t origin = reg_of(facts, reg).origin;
  learn(reg_of(facts, reg));
  if (origin == no_node) return;
  const auto learn_copy = [&](Fact& fact) {
    if (fact.origin == origin) learn(fact);
  };
  std::ranges::for_each(facts.regs, learn_copy);
  facts.frame.words.update(learn_copy);
}

void learn_null(PointFacts& facts, const Insn& insn, JmpOp holds) {
  if (insn.imm != 0 || bpf::row(insn.form).operands != bpf::Operands::dst_imm_off) return;
  if (!may_be_null(reg_of(facts, insn.dst).kind)) return;
  if (holds == JmpOp::jeq) {
    learn_of_copies(facts, insn.dst, [](Fact& fact) { fact = number(Abstract::lit(64, 0)); });
  }
  if (holds == JmpOp::jne) {
    learn_of_copies(facts, insn.dst, [](Fact& fact) {
      fact.kind = fact.kind == Kind::map_value_or_null ? Kind::map_value : Kind::other;
      fact.forget_origin();
    });
  }
}

struct Compared {
  Relation relation = Relation::eq;
  bool exchanged = false;
};

/// What an operation, or that it does not hold, says of its operands.
std::optional<Compared> compared(JmpOp op, bool holds) {
  switch (op) {
    case JmpOp::jeq: return Compared{holds ? Relation::eq : Relation::ne, false};
    case JmpOp::jne: return Compared{holds ? Relation::ne : Relation::eq, false};
    case JmpOp::jset: return Compared{holds ? Relation::common : Relation::disjoint, false};
    case JmpOp::jlt: return Compared{holds ? Relation::ult : Relation::ule, !holds};
    case JmpOp::jle: return Compared{holds ? Relation::ule : Relation::ult, !holds};
    case JmpOp::jgt: return Compared{holds ? Relation::ult : Relation::ule, holds};
    case JmpOp::jge: return Compared{holds ? Relation::ule : Relation::ult, holds};
    case JmpOp::jslt: return Compared{holds ? Relation::slt : Relation::sle, !holds};
    case JmpOp::jsle: return Compared{holds ? Relation::sle : Relation::slt, !holds};
    case JmpOp::jsgt: return Compared{holds ? Relation::slt : Relation::sle, holds};
    case JmpOp::jsge: return Compared{holds ? Relation::sle : Relation::slt, holds};
    case JmpOp::ja: return std::nullopt;
  }
  return std::nullopt;
}

/// The operands when the comparison holds; nothing when it cannot.
std::optional<AbstractOperands> given(const Compared& compared, unsigned width,
                                      const AbstractWord& a, const AbstractWord& b) {
  if (!compared.exchanged) return Abstract::given(compared.relation, width, a, b);
  const auto swapped = Abstract::given(compared.relation, width, b, a);
  if (!swapped) return std::nullopt;
  return AbstractOperands{swapped->b, swapped->a};
}

std::optional<AbstractOperands> given_at(const bpf::Row& row, const Compared& compared,
                                         const AbstractWord& a, const AbstractWord& b) {
  if (row.width == 64) return given(compared, 64, a, b);
  const auto halves = given(compared, 32, Abstract::extract(0, 32, a), Abstract::extract(0, 32, b));
  if (!halves) return std::nullopt;
  const auto left = Abstract::with_low_half(a, halves->a);
  const auto right = Abstract::with_low_half(b, halves->b);
  if (!left || !right) return std::nullopt;
  return AbstractOperands{*left, *right};
}

/// False when the branch cannot go this way. What is learnt of a register holds of its value only:
/// copies of it are not found.
bool learn_bounds(PointFacts& facts, const Insn& insn, const Sides& sides, bool taken) {
  const bpf::Row& row = bpf::row(insn.form);
  const auto how = compared(static_cast<JmpOp>(row.operation), taken);
  if (!how) return true;
  const auto known = given_at(row, *how, sides.left.bits, sides.right.bits);
  if (!known) return false;
  const auto learn = [&](bpf::Reg reg, const AbstractWord& bits) {
    Fact& fact = reg_of(facts, reg);
    if (fact.kind == Kind::number || fact.kind == Kind::any) fact.bits = bits;
  };
  learn(insn.dst, known->a);
  const bool from_register = row.operands == bpf::Operands::dst_src_off;
  if (from_register && insn.src != insn.dst) learn(insn.src, known->b);
  return true;
}

}  // namespace

std::optional<PointFacts> along(const Code& code, std::uint32_t node, const PointFacts& before,
                                bool taken) {
  const Insn& insn = code[node].insn;
  const bpf::Row& row = bpf::row(insn.form);
  if (row.meaning != Meaning::branch || code[node].patched) return before;
  const Sides sides = sides_of(insn, before);
  if (const auto always = decided(row, sides); always && *always != taken) return std::nullopt;
  const auto op = static_cast<JmpOp>(row.operation);
  const auto check = row.width == 64 ? bounds_check(op, sides) : std::nullopt;
  if (check && decided(*check).value_or(taken) != taken) return std::nullopt;
  const JmpOp holds = taken ? op : negated(op);
  PointFacts result = before;
  if (!learn_bounds(result, insn, sides, taken)) return std::nullopt;
  if (holds == JmpOp::ja || row.width != 64) return result;
  if (const auto holding = bounds_check(holds, sides)) learn_packet_bytes(result, *holding);
  learn_null(result, insn, holds);
  return result;
}

}  // namespace probity::opt
