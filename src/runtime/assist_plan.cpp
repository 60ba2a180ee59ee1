// SPDX-License-Identifier: Apache-2.0
// Liveness of r1 to r5, backward over the slots until nothing changes. A function's exit passes on
// what is read behind any local call: an over-approximation, as is everything here that is not
// known; it only costs speed.
#include "runtime/assist_plan.hpp"

#include "isa/bpf/codec.hpp"
#include "program/flow.hpp"
#include "program/helper.hpp"
#include "program/spec_call.hpp"
#include "runtime/helper_call.hpp"

namespace probity::runtime {
namespace {

using bpf::Form;
using bpf::Insn;
using bpf::Meaning;
using Mask = std::uint8_t;  // bit n is register n

constexpr Mask arguments = 0b111110;

constexpr Mask bit(bpf::Reg reg) {
  const auto number = static_cast<unsigned>(reg);
  return number >= 1 && number <= 5 ? static_cast<Mask>(1u << number) : Mask{0};
}

/// Registers that a helper reads; all five of one that is not modelled.
Mask helper_reads(std::uint32_t id) {
  const program::Helper* helper = program::find_helper(id);
  if (helper == nullptr || !helper->is_modelled()) return arguments;
  Mask reads = 0;
  for (unsigned i = 0; i < helper->args.size(); ++i) {
    if (helper->args[i] != program::ArgKind::none) reads |= static_cast<Mask>(2u << i);
  }
  return reads;
}

/// Registers that any other insn reads.
Mask plain_reads(const Insn& insn) {
  switch (bpf::row(insn.form).meaning) {
    case Meaning::jump:
    case Meaning::may_goto:
    case Meaning::exit:
    case Meaning::load_imm64: return 0;
    case Meaning::alu: {
      const bpf::Row& row = bpf::row(insn.form);
      const bool move = static_cast<bpf::AluOp>(row.operation) == bpf::AluOp::mov;
      const bool has_src = row.operands == bpf::Operands::dst_src;
      return (move ? 0 : bit(insn.dst)) | (has_src ? bit(insn.src) : 0);
    }
    case Meaning::movsx:
    case Meaning::load:
    case Meaning::load_acquire:
    case Meaning::load_packet: return bit(insn.src);
    case Meaning::byte_swap:
    case Meaning::store_imm: return bit(insn.dst);
    case Meaning::branch:
    case Meaning::call:
    case Meaning::store_reg:
    case Meaning::atomic:
    case Meaning::store_release: return bit(insn.dst) | bit(insn.src);
  }
  return arguments;
}

/// Liveness in one program.
class Liveness {
 public:
  explicit Liveness(std::span<const bpf::Slot> slots) : slots_(slots), live_(slots.size() + 1) {}

  /// Iterates to the fixpoint. `tail` is what any tail target reads of its caller's registers.
  Expected<void> run(Mask tail) {
    for (changed_ = true; changed_;) {
      changed_ = false;
      for (std::size_t slot = slots_.size(); slot-- > 0;) {
        const Expected<Insn> insn = bpf::decode(slots_, slot);
        if (!insn) continue;  // the second slot of lddw; everything else was decoded before
        const Mask now = before(*insn, static_cast<std::uint32_t>(slot), tail);
        changed_ = changed_ || now != live_[slot];
        live_[slot] = now;
      }
    }
    return {};
  }

  /// Read at or behind `slot` before being written.
  Mask at(std::size_t slot) const { return slot < live_.size() ? live_[slot] : Mask{0}; }

 private:
  Mask before(const Insn& insn, std::uint32_t slot, Mask tail) {
    const program::InsnFlow flow = program::flow_of(insn, slot);
    Mask after = flow.falls_through ? at(slot + insn.slot_count()) : Mask{0};
    if (flow.jumps) after |= at(static_cast<std::size_t>(flow.target));
    switch (insn.form) {
      case Form::exit: return behind_calls_;
      case Form::call_local:
        changed_ = changed_ || (behind_calls_ | after) != behind_calls_;
        behind_calls_ |= after;
        return at(static_cast<std::size_t>(program::named_subprog_slot(insn, slot)));
      case Form::call_helper: {
        constexpr std::uint32_t tail_call = 12;
        const auto id = static_cast<std::uint32_t>(insn.imm);
        // What is read behind it makes the runtime execute it, which keeps the registers.
        return after | helper_reads(id) | (id == tail_call ? tail : Mask{0});
      }
      case Form::callx: return arguments;
      default: break;
    }
    const std::optional<bpf::Reg> written = program::written_register(insn);
    if (written) after &= static_cast<Mask>(~bit(*written));
    return after | plain_reads(insn);
  }

  std::span<const bpf::Slot> slots_;
  std::vector<Mask> live_;
  Mask behind_calls_ = 0;
  bool changed_ = false;
};

bool is_left_to_runtime(const Insn& insn, Mask live_after) {
  if (insn.form != Form::call_helper) return false;
  const auto id = static_cast<std::uint32_t>(insn.imm);
  return id > max_helper_id || calls_back(id) || live_after != 0;
}

}  // namespace

Expected<std::vector<std::vector<std::uint8_t>>> plan_assists(
    std::span<const LinkedProgram> programs) {
  std::vector<Liveness> liveness;
  for (const LinkedProgram& program : programs) {
    liveness.emplace_back(program.view->slots);
  }
  // What one program reads on entry another one must keep, and the other way round.
  Mask entry = 0;
  for (Mask before = 1; before != entry;) {
    before = entry;
    for (Liveness& one : liveness) {
      TRY(one.run(before));
      entry |= one.at(0);
    }
  }
  std::vector<std::vector<std::uint8_t>> plans;
  for (std::size_t i = 0; i < programs.size(); ++i) {
    const std::span<const bpf::Slot> slots = programs[i].view->slots;
    std::vector<std::uint8_t>& plan = plans.emplace_back(slots.size());
    for (std::size_t slot = 0; slot < slots.size();) {
      TRY(const Insn insn, bpf::decode(slots, slot));
      plan[slot] = is_left_to_runtime(insn, liveness[i].at(slot + 1)) ? 1 : 0;
      slot += insn.slot_count();
    }
  }
  return plans;
}

}  // namespace probity::runtime
