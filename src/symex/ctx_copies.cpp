// SPDX-License-Identifier: Apache-2.0
// A forward analysis that only adds: slots whose holders grow are looked at again. Memory is one
// cell.
#include "symex/ctx_copies.hpp"

#include <set>

#include "isa/bpf/flow.hpp"
#include "program/register_use.hpp"
#include "symex/flow.hpp"

namespace probity::symex {
namespace {

constexpr std::uint16_t arguments = 0b111110;

constexpr std::uint16_t bit(bpf::Reg reg) {
  return static_cast<std::uint16_t>(1u << static_cast<unsigned>(reg));
}

}  // namespace

CtxCopies::CtxCopies(const program::View& program, std::span<const std::optional<bpf::Insn>> insns)
    : insns_(insns), before_(insns.size() + 1) {
  std::set<std::uint32_t> called{0};
  for (std::uint32_t slot = 0; slot < insns_.size(); ++slot) {
    if (insns_[slot] && insns_[slot]->form == bpf::Form::call_local) called.insert(callee(slot));
  }
  bool stored = false;
  do {
    stored = spilled_;
    reach(0, bit(bpf::Reg::r1));
    // Who calls a callback, and with what, is the helper's matter.
    for (const program::Subprog& function : program.subprogs) {
      if (!called.contains(function.first_slot)) reach(function.first_slot, arguments);
    }
    if (spilled_) {
      for (std::uint32_t slot = 0; slot < insns_.size(); ++slot) pending_.push_back(slot);
    }
    while (!pending_.empty()) {
      const std::uint32_t slot = pending_.back();
      pending_.pop_back();
      if (insns_[slot]) flow_from(slot);
    }
  } while (stored != spilled_);
}

std::uint32_t CtxCopies::callee(std::uint32_t slot) const {
  const bpf::Insn& insn = *insns_[slot];
  return slot + insn.slot_count() + static_cast<std::uint32_t>(*bpf::displacement(insn));
}

void CtxCopies::reach(std::uint32_t slot, std::uint16_t holders) {
  if (slot >= insns_.size() || (holders & ~before_[slot]) == 0) return;
  before_[slot] |= holders;
  pending_.push_back(slot);
}

void CtxCopies::flow_from(std::uint32_t slot) {
  const bpf::Insn& insn = *insns_[slot];
  const std::uint16_t holders = before_[slot];
  if (insn.form == bpf::Form::call_local) reach(callee(slot), holders & arguments);
  const std::uint16_t left = after(insn, holders);
  for (const std::uint32_t next : successors(insns_, slot)) reach(next, left);
}

std::uint16_t CtxCopies::after(const bpf::Insn& insn, std::uint16_t holders) {
  const bpf::Row& row = bpf::row(insn.form);
  const std::uint16_t written = program::register_use(insn).written;
  const bool src = (holders & bit(insn.src)) != 0;
  const bool dst = (holders & bit(insn.dst)) != 0;
  std::uint16_t left = holders & static_cast<std::uint16_t>(~written);
  constexpr unsigned whole = 64;
  if (row.meaning == bpf::Meaning::store_reg && row.width == whole && src) spilled_ = true;
  if (row.meaning == bpf::Meaning::load && row.width == whole && spilled_) left |= bit(insn.dst);
  if (insn.form == bpf::Form::call_local && holders != 0) left |= bit(bpf::Reg::r0);
  if (row.meaning != bpf::Meaning::alu || row.width != whole) return left;
  const bool moves = static_cast<bpf::AluOp>(row.operation) == bpf::AluOp::mov;
  const bool from_register = (program::registers_read(insn) & bit(insn.src)) != 0;
  if (moves && from_register && src) left |= bit(insn.dst);
  if (!moves && dst) moved_ = true;
  return left;
}

}  // namespace probity::symex
