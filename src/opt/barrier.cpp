// SPDX-License-Identifier: Apache-2.0
// See barrier.hpp.
#include "opt/barrier.hpp"

namespace probity::opt {
namespace {

using bpf::Meaning;

bool is_known_place(const Fact& base) {
  switch (base.kind) {
    case Kind::stack: return base.offset.has_value();
    case Kind::ctx: return base.offset.has_value();
    case Kind::packet:
    case Kind::packet_meta:
    case Kind::map_value:
    case Kind::other: return true;
    case Kind::nothing:
    case Kind::any:
    case Kind::number:
    case Kind::packet_end:
    case Kind::map:
    case Kind::map_value_or_null:
    case Kind::other_or_null: return false;
  }
  return false;
}

}  // namespace

bool is_barrier(const Node& node, const PointFacts& before) {
  if (node.patched) return true;
  const auto fact = [&](bpf::Reg reg) { return before.regs[static_cast<std::size_t>(reg)]; };
  const bpf::Row& row = bpf::row(node.insn.form);
  switch (row.meaning) {
    case Meaning::call:
    case Meaning::load_packet:
    case Meaning::may_goto:
    case Meaning::load_acquire:
    case Meaning::store_release: return true;
    case Meaning::atomic:
      return static_cast<bpf::AtomicOp>(row.operation) >= bpf::AtomicOp::fetch_add ||
             !is_known_place(fact(node.insn.dst));
    case Meaning::load: return !is_known_place(fact(node.insn.src));
    case Meaning::store_imm:
    case Meaning::store_reg: return !is_known_place(fact(node.insn.dst));
    case Meaning::alu:
    case Meaning::movsx:
    case Meaning::byte_swap:
    case Meaning::jump:
    case Meaning::branch:
    case Meaning::exit:
    case Meaning::load_imm64: return false;
  }
  return true;
}

bool same_barrier(const Code& before, std::uint32_t old_node, const Code& after,
                  std::uint32_t new_node) {
  const Node& a = before[old_node];
  const Node& b = after[new_node];
  if (b.origin == object::Origin::inserted || a.old_slot != b.old_slot) return false;
  if ((a.target == no_node) != (b.target == no_node)) return false;
  if (a.target != no_node && before.subprog_of(a.target) != after.subprog_of(b.target))
    return false;
  bpf::Insn same = b.insn;
  if (a.target != no_node) {
    same.imm = a.insn.imm;  // displacements say nothing
    same.off = a.insn.off;
  }
  return a.insn == same;
}

}  // namespace probity::opt
