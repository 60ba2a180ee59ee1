// SPDX-License-Identifier: Apache-2.0
// The interpreter: one handler per row of insn.def, each the semantics text
// bpf::meaning<Concrete>() with its form a compile-time constant. What is written here is only what
// the text leaves to an engine: memory translation, control flow, calls and fuel.
//
// Threaded code: a handler ends in a call of the next op's handler with the same arguments, which
// optimizing compilers turn into a jump (-foptimize-sibling-calls), so the state stays in
// registers. (One function with computed gotos is as fast with clang, but takes g++ 12 five
// minutes.) Builds without that optimization return to a loop.
//
// Fuel: `anchor` is the first op of the straight run being executed; the run's length is charged
// when control leaves it, so counting costs nothing per insn and is exact whenever the program
// stops.
#include "runtime/machine.hpp"

#include "base/check.hpp"
#include "runtime/access_state.hpp"
#include "runtime/handlers.hpp"

namespace probity::runtime {
namespace {

using bpf::Flow;
using bpf::Form;

[[gnu::always_inline]] inline bpf::Immediates<Concrete> immediates_of(const Op* op,
                                                                      bpf::Meaning meaning) {
  const std::int32_t next = meaning == bpf::Meaning::load_imm64 ? op[1].imm : 0;
  return {Bv<Concrete, 16>::lit(static_cast<std::uint16_t>(op->off)),
          Bv<Concrete, 32>::lit(static_cast<std::uint32_t>(op->imm)),
          Bv<Concrete, 32>::lit(static_cast<std::uint32_t>(next))};
}

/// Opens the frame above the current one; false when there is none left.
bool push_frame(Machine& machine, const Op* return_op) {
  if (machine.depth + 1 >= max_frames) {
    machine.raise(FaultKind::call_depth, max_frames, 0);
    return false;
  }
  Frame& frame = machine.frames[machine.depth];
  frame.return_op = return_op;
  frame.code = machine.code;
  for (unsigned i = 0; i < 4; ++i) frame.saved[i] = machine.regs[6 + i];
  ++machine.depth;
  machine.stacks[machine.depth].fill(0);
  machine.may_goto_left[machine.depth] = may_goto_limit;
  machine.regs[10] = address_of(region::first_stack + machine.depth, stack_bytes_per_frame);
  return true;
}

/// Closes the current frame and gives the op to continue at.
const Op* pop_frame(Machine& machine) {
  --machine.depth;
  const Frame& frame = machine.frames[machine.depth];
  for (unsigned i = 0; i < 4; ++i) machine.regs[6 + i] = frame.saved[i];
  machine.regs[10] = address_of(region::first_stack + machine.depth, stack_bytes_per_frame);
  machine.code = frame.code;
  return frame.return_op;
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define PROBITY_INSTRUMENTED 1
#endif
#endif
#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) && !defined(PROBITY_INSTRUMENTED)
constexpr bool tail_calls = true;
#else
constexpr bool tail_calls = false;
#endif

/// Goes on at `op`.
[[gnu::always_inline]] inline RunResult dispatch(const Op* op, Machine* machine,
                                                 const Region* regions, std::uint64_t region_count,
                                                 std::int64_t fuel, const Op* anchor) {
  if constexpr (tail_calls) {
    return op->handler(op, machine, regions, region_count, fuel, anchor);
  } else {
    machine->resume_op = op;
    machine->resume_anchor = anchor;
    machine->fuel_insns = fuel;
    return RunResult::running;
  }
}

/// Ends the run at `op`, which counts as executed.
[[gnu::noinline, gnu::cold]] RunResult stop_at(const Op* op, Machine* machine, std::int64_t fuel,
                                               const Op* anchor) {
  machine->fuel_insns = fuel - (op + 1 - anchor);
  if (machine->fault.slot == unlocated) {
    machine->fault.slot = static_cast<std::uint32_t>(op - machine->code.data());
  }
  return RunResult::fault;
}

/// Ends the run before `op` with an empty budget.
[[gnu::noinline, gnu::cold]] RunResult out_of_fuel(const Op* op, Machine* machine,
                                                   std::int64_t fuel) {
  machine->raise(FaultKind::out_of_fuel, 0, 0);
  return stop_at(op, machine, fuel + 1, op);
}

/// After a jump, call or return: charges nothing, checks the budget, goes on at `op`.
[[gnu::always_inline]] inline RunResult enter(const Op* op, Machine* machine, const Region* regions,
                                              std::uint64_t region_count, std::int64_t fuel) {
  if (fuel < 0) [[unlikely]]
    return out_of_fuel(op, machine, fuel);
  return dispatch(op, machine, regions, region_count, fuel, op);
}

[[gnu::noinline]] RunResult run_helper(const Op* op, Machine* machine, std::int64_t fuel,
                                       const Op* anchor, std::uint32_t helper) {
  machine->fuel_insns = fuel - (op + 1 - anchor);
  machine->environment_slot = static_cast<std::uint32_t>(op - machine->code.data());
  const HelperFlow flow = machine->environment->call_helper(*machine, helper);
  if (flow == HelperFlow::fault) return stop_at(op, machine, machine->fuel_insns + 1, op);
  const Op* next = flow == HelperFlow::tail_call ? machine->code.data() : op + 1;
  return enter(next, machine, machine->regions.data(), machine->regions.size(),
               machine->fuel_insns);
}

[[gnu::noinline]] RunResult run_call(const Op* op, Machine* machine, const Region* regions,
                                     std::uint64_t region_count, std::int64_t fuel,
                                     const Op* anchor) {
  if (!push_frame(*machine, op + 1)) return stop_at(op, machine, fuel, anchor);
  return enter(op + 1 + op->imm, machine, regions, region_count, fuel - (op + 1 - anchor));
}

/// Leaves the frame; the last one of this run ends it.
[[gnu::noinline]] RunResult run_exit(const Op* op, Machine* machine, const Region* regions,
                                     std::uint64_t region_count, std::int64_t fuel,
                                     const Op* anchor) {
  fuel -= op + 1 - anchor;
  if (fuel < 0) [[unlikely]]
    return out_of_fuel(op, machine, fuel);
  if (machine->depth == machine->stop_depth) {
    machine->fuel_insns = fuel;
    return RunResult::returned;
  }
  return enter(pop_frame(*machine), machine, regions, region_count, fuel);
}

/// A failed ld_abs or ld_ind: the whole program ends with r0 = 0.
[[gnu::noinline, gnu::cold]] RunResult end_program(const Op* op, Machine* machine,
                                                   std::int64_t fuel, const Op* anchor) {
  if (machine->stop_depth != 0) {  // inside a callback of a helper
    machine->raise(FaultKind::unsupported, 0, 0);
    return stop_at(op, machine, fuel, anchor);
  }
  machine->fuel_insns = fuel - (op + 1 - anchor);
  return RunResult::returned;
}

/// Executes an insn whose access the region table refused.
template <Form form>
[[gnu::noinline, gnu::cold]] RunResult handle_slow(const Op* op, Machine* machine,
                                                   const Region* regions,
                                                   std::uint64_t region_count, std::int64_t fuel,
                                                   const Op* anchor) {
  execute_refused(*machine, form, op->dst, op->src, immediates_of(op, bpf::row(form).meaning));
  if (machine->fault.kind != FaultKind::none) return stop_at(op, machine, fuel, anchor);
  return dispatch(op + 1, machine, regions, region_count, fuel, anchor);
}

/// After a lddw: resolving an address may have refused, or added regions.
[[gnu::always_inline]] inline RunResult finish_load_imm64(const Op* following, Machine* machine,
                                                          std::int64_t fuel, const Op* anchor) {
  if (machine->fault.kind != FaultKind::none) [[unlikely]] {
    return stop_at(following - 2, machine, fuel, anchor);
  }
  return dispatch(following, machine, machine->regions.data(), machine->regions.size(), fuel,
                  anchor);
}

/// One row of insn.def: its meaning, then where control goes. `next.flow` is known once the text is
/// inlined.
template <Form form>
RunResult handle(const Op* op, Machine* machine, const Region* regions, std::uint64_t region_count,
                 std::int64_t fuel, const Op* anchor) {
  constexpr bpf::Meaning kind = bpf::row(form).meaning;
  FastState state{{*machine}, regions, region_count};
  if constexpr (kind == bpf::Meaning::load_imm64 && form != Form::lddw) {
    machine->environment_slot = static_cast<std::uint32_t>(op - machine->code.data());
  }
  const bpf::Next<Concrete> next =
      bpf::meaning<Concrete>(form, op->dst, op->src, immediates_of(op, kind), state);
  if (state.refused) [[unlikely]] {
    return handle_slow<form>(op, machine, regions, region_count, fuel, anchor);
  }
  state.commit();
  const Op* const following = op + (kind == bpf::Meaning::load_imm64 ? 2 : 1);
  switch (next.flow) {
    case Flow::next:
      if constexpr (kind == bpf::Meaning::load_imm64) {
        return finish_load_imm64(following, machine, fuel + 1, anchor);  // two slots, one insn
      }
      return dispatch(following, machine, regions, region_count, fuel, anchor);
    case Flow::branch:
      if (next.taken.raw() == 0) {
        return dispatch(following, machine, regions, region_count, fuel, anchor);
      }
      [[fallthrough]];
    case Flow::jump:
      return enter(following + static_cast<std::int32_t>(next.target.raw()), machine, regions,
                   region_count, fuel - (following - anchor));
    case Flow::exit_unless:
      if (next.taken.raw() == 0) return end_program(op, machine, fuel, anchor);
      return dispatch(following, machine, regions, region_count, fuel, anchor);
    case Flow::exit: return run_exit(op, machine, regions, region_count, fuel, anchor);
    case Flow::call_local: return run_call(op, machine, regions, region_count, fuel, anchor);
    case Flow::call_helper:
      return run_helper(op, machine, fuel, anchor, static_cast<std::uint32_t>(op->imm));
    case Flow::call_reg:
      return run_helper(op, machine, fuel, anchor,
                        static_cast<std::uint32_t>(machine->regs[static_cast<unsigned>(op->dst)]));
    case Flow::call_kfunc:
      machine->raise(FaultKind::unknown_helper, static_cast<std::uint32_t>(op->imm), 0);
      return stop_at(op, machine, fuel, anchor);
  }
  return RunResult::fault;
}

/// The trap behind the last slot and in the second slot of lddw: nothing is executed here.
RunResult handle_end(const Op* op, Machine* machine, const Region*, std::uint64_t,
                     std::int64_t fuel, const Op* anchor) {
  machine->raise(FaultKind::jump_out_of_range,
                 static_cast<std::uint64_t>(op - machine->code.data()), 0);
  return stop_at(op, machine, fuel + 1, anchor);
}

constexpr Handler handler_table[] = {
#define INSN(form, ...) handle<Form::form>,
#include "isa/bpf/insn.def"
};

RunResult run_from(Machine& machine, const Op* start) {
  RunResult result =
      enter(start, &machine, machine.regions.data(), machine.regions.size(), machine.fuel_insns);
  while (!tail_calls && result == RunResult::running) {
    const Op* op = machine.resume_op;
    result = op->handler(op, &machine, machine.regions.data(), machine.regions.size(),
                         machine.fuel_insns, machine.resume_anchor);
  }
  return result;
}

}  // namespace

Handlers interpreter_handlers() {
  return {handler_table, handle_end};
}

RunResult interpret(Machine& machine) {
  machine.stop_depth = 0;
  return run_from(machine, machine.code.data());
}

RunResult call_back(Machine& machine, std::uint32_t slot) {
  PROBITY_CHECK(slot < machine.code.size());
  if (!push_frame(machine, nullptr)) return RunResult::fault;
  const std::uint32_t outer_stop = machine.stop_depth;
  machine.stop_depth = machine.depth;
  const RunResult result = machine.functions != nullptr
                               ? machine.functions->run_function(machine, slot)
                               : run_from(machine, machine.code.data() + slot);
  machine.stop_depth = outer_stop;
  if (result == RunResult::returned) pop_frame(machine);
  return result;
}

}  // namespace probity::runtime
