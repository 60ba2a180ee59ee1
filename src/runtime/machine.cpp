// SPDX-License-Identifier: Apache-2.0
// Preparation of a run and the classification of refused accesses.
#include "runtime/machine.hpp"

#include "base/check.hpp"

namespace probity::runtime {

std::string_view name(FaultKind kind) {
  switch (kind) {
    case FaultKind::none: return "none";
    case FaultKind::out_of_bounds: return "out of bounds";
    case FaultKind::null_pointer: return "null pointer";
    case FaultKind::not_writable: return "not writable";
    case FaultKind::misaligned_atomic: return "misaligned atomic";
    case FaultKind::unknown_instruction: return "unknown instruction";
    case FaultKind::unknown_helper: return "unknown helper";
    case FaultKind::bad_helper_argument: return "bad helper argument";
    case FaultKind::bad_ctx_access: return "bad ctx access";
    case FaultKind::call_depth: return "call depth";
    case FaultKind::out_of_fuel: return "out of fuel";
    case FaultKind::jump_out_of_range: return "jump out of range";
    case FaultKind::resource_leak: return "resource leak";
    case FaultKind::unsupported: return "unsupported";
  }
  return "unknown";
}

void prepare(Machine& machine, std::uint64_t r1, std::uint64_t r2, std::uint64_t fuel_insns) {
  PROBITY_CHECK(machine.regions.size() >= region::first_free);
  machine.regs.fill(0);
  machine.regs[1] = r1;
  machine.regs[2] = r2;
  machine.regs[10] = address_of(region::first_stack, stack_bytes_per_frame);
  machine.fuel_insns = static_cast<std::int64_t>(fuel_insns < 1ull << 62 ? fuel_insns : 1ull << 62);
  machine.fault = {};
  machine.depth = 0;
  machine.may_goto_left[0] = may_goto_limit;
  machine.stacks[0].fill(0);
  for (std::size_t i = 0; i < max_frames; ++i) {
    machine.regions[region::first_stack + i] =
        make_region(RegionKind::stack, machine.stacks[i], Access::write);
  }
}

void raise_access_fault(Machine& machine, Address address, std::uint64_t size, Access access) {
  const std::uint32_t number = region_of(address);
  if (number == region::null) {
    machine.raise(FaultKind::null_pointer, address, size);
  } else if (number == region::ctx) {
    machine.raise(FaultKind::bad_ctx_access, address, size);
  } else if (access == Access::write && number < machine.regions.size() &&
             offset_of(address) + size <= machine.regions[number].readable_bytes()) {
    machine.raise(FaultKind::not_writable, address, size);
  } else {
    machine.raise(FaultKind::out_of_bounds, address, size);
  }
}

}  // namespace probity::runtime
