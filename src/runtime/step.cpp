// SPDX-License-Identifier: Apache-2.0
// execute_one: a single instruction on the States of the interpreter, with the form known only at
// run time. It is what translated code asks for where an access, a call or an address needs more
// than it has.
#include "base/check.hpp"
#include "runtime/access_state.hpp"

namespace probity::runtime {
namespace {

using bpf::Flow;

Step fault_at(Machine& machine, std::uint32_t slot) {
  if (machine.fault.slot == unlocated) machine.fault.slot = slot;
  return {StepEnd::fault, slot};
}

Step refuse(Machine& machine, std::uint32_t slot, FaultKind kind, std::uint64_t value) {
  machine.raise(kind, value, 0);
  return fault_at(machine, slot);
}

Step call_helper(Machine& machine, std::uint32_t helper, std::uint32_t slot) {
  switch (machine.environment->call_helper(machine, helper)) {
    case HelperFlow::next: return {StepEnd::slot, slot + 1};
    case HelperFlow::tail_call: return {StepEnd::tail_call, 0};
    case HelperFlow::fault: return fault_at(machine, slot);
  }
  PROBITY_UNREACHABLE("helper flow");
}

/// Where control goes after the insn at `slot`.
Step follow(Machine& machine, const bpf::Insn& insn, std::uint32_t slot,
            const bpf::Next<Concrete>& next) {
  const std::uint32_t following = slot + insn.slot_count();
  const std::uint32_t target = following + static_cast<std::uint32_t>(next.target.raw());
  switch (next.flow) {
    case Flow::next: return {StepEnd::slot, following};
    case Flow::jump: return {StepEnd::slot, target};
    case Flow::branch: return {StepEnd::slot, next.taken.raw() != 0 ? target : following};
    case Flow::call_helper: return call_helper(machine, static_cast<std::uint32_t>(insn.imm), slot);
    case Flow::call_reg:
      return call_helper(
          machine, static_cast<std::uint32_t>(machine.regs[static_cast<unsigned>(insn.dst)]), slot);
    case Flow::call_local: return refuse(machine, slot, FaultKind::call_depth, max_frames);
    case Flow::call_kfunc:
      return refuse(machine, slot, FaultKind::unknown_helper, static_cast<std::uint32_t>(insn.imm));
    case Flow::exit: return {StepEnd::returned, slot};
    case Flow::exit_unless:
      if (next.taken.raw() != 0) return {StepEnd::slot, following};
      // The whole program ends, which a callback of a helper cannot do.
      if (machine.stop_depth != 0) return refuse(machine, slot, FaultKind::unsupported, 0);
      return {StepEnd::returned, slot};
  }
  PROBITY_UNREACHABLE("flow");
}

}  // namespace

Step execute_one(Machine& machine, const bpf::Insn& insn, std::uint32_t slot) {
  machine.environment_slot = slot;
  const bpf::Immediates<Concrete> immediates = bpf::immediates<Concrete>(insn);
  FastState state{{machine}, machine.regions.data(), machine.regions.size()};
  const bpf::Next<Concrete> next =
      bpf::meaning<Concrete>(insn.form, insn.dst, insn.src, immediates, state);
  if (state.refused)
    execute_refused(machine, insn.form, insn.dst, insn.src, immediates);
  else
    state.commit();
  if (machine.fault.kind != FaultKind::none) return fault_at(machine, slot);
  return follow(machine, insn, slot, next);
}

}  // namespace probity::runtime
