// SPDX-License-Identifier: Apache-2.0
// See barrier.hpp.
#include "opt/barrier.hpp"

#include "isa/bpf/codec_index.hpp"
#include "isa/bpf/flow.hpp"
#include "program/register_use.hpp"

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

bool reads_what_it_writes(const bpf::Row& row) {
  if (row.meaning == Meaning::byte_swap) return true;
  return row.meaning == Meaning::alu && static_cast<bpf::AluOp>(row.operation) != bpf::AluOp::mov;
}

SharedBarrier of_named_registers(const bpf::Insn& a, const bpf::Insn& b) {
  SharedBarrier result;
  const auto pair = [](bpf::Reg x, bpf::Reg y) {
    return SharedBarrier::Pair{static_cast<unsigned>(x), static_cast<unsigned>(y)};
  };
  const bpf::codec_index::Fields fields = bpf::codec_index::fields(bpf::row(a.form).operands);
  const bpf::Written written = bpf::written_field(a.form);
  const bool reads_dst = written != bpf::Written::dst || reads_what_it_writes(bpf::row(a.form));
  if (fields.dst && reads_dst) result.read.push_back(pair(a.dst, b.dst));
  if (fields.src) result.read.push_back(pair(a.src, b.src));
  if (written == bpf::Written::dst) result.results.push_back(pair(a.dst, b.dst));
  if (written == bpf::Written::src) result.results.push_back(pair(a.src, b.src));
  result.old_written = program::register_use(a).written;
  result.new_written = program::register_use(b).written;
  return result;
}

SharedBarrier of_own_registers(const bpf::Insn& insn) {
  SharedBarrier result;
  const program::RegisterUse use = program::register_use(insn);
  result.old_written = result.new_written = use.written;
  for (unsigned reg = 0; reg < bpf::reg_count; ++reg) {
    if ((use.read >> reg & 1) != 0) result.read.push_back({reg, reg});
    if ((use.written >> reg & 1) != 0) result.results.push_back({reg, reg});
  }
  return result;
}

}  // namespace

bool has_patched_number(const Node& node) {
  const bpf::Row& row = bpf::row(node.insn.form);
  return node.patched && row.meaning == Meaning::alu && row.operands == bpf::Operands::dst_imm;
}

bool only_named_registers(const bpf::Insn& insn) {
  const bpf::Row& row = bpf::row(insn.form);
  switch (row.meaning) {
    case Meaning::load:
    case Meaning::load_acquire:
    case Meaning::store_imm:
    case Meaning::store_reg:
    case Meaning::store_release:
    case Meaning::alu:
    case Meaning::movsx:
    case Meaning::byte_swap:
    case Meaning::branch:
    case Meaning::load_imm64: return true;
    case Meaning::atomic:
      return static_cast<bpf::AtomicOp>(row.operation) != bpf::AtomicOp::cmpxchg;
    case Meaning::jump:
    case Meaning::may_goto:
    case Meaning::call:
    case Meaning::exit:
    case Meaning::load_packet: return false;
  }
  return false;
}

bool is_barrier(const Node& node, const PointFacts& before) {
  if (node.patched) return !has_patched_number(node);
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

std::optional<SharedBarrier> same_barrier(const Code& before, std::uint32_t old_node,
                                          const Code& after, std::uint32_t new_node) {
  const Node& a = before[old_node];
  const Node& b = after[new_node];
  if (b.origin == object::Origin::inserted || a.old_slot != b.old_slot) return std::nullopt;
  if ((a.target == no_node) != (b.target == no_node)) return std::nullopt;
  if (a.target != no_node && before.subprog_of(a.target) != after.subprog_of(b.target))
    return std::nullopt;
  bpf::Insn same = b.insn;
  if (a.target != no_node) {
    same.imm = a.insn.imm;  // displacements say nothing
    same.off = a.insn.off;
  }
  const bool renamable = only_named_registers(a.insn);
  if (renamable) {
    same.dst = a.insn.dst;
    same.src = a.insn.src;
  }
  if (a.insn != same) return std::nullopt;
  return renamable ? of_named_registers(a.insn, b.insn) : of_own_registers(b.insn);
}

}  // namespace probity::opt
