// SPDX-License-Identifier: Apache-2.0
// The calls of insn.hpp: helpers by the C ABI, local calls by our own convention, tail calls. Where
// control is elsewhere, everything that the other side may destroy becomes arbitrary.
#pragma once

#include "theorems/jit/insn.hpp"

namespace probity::theorems {

/// After a call by the C ABI: what the callee may destroy is arbitrary; gives the result.
template <PathDomain D, typename T>
Bv<D, 64> return_from_c(Oracle<D>& oracle, World<D>& world, typename T::template State<D>& machine,
                        std::string_view why) {
  const Bv<D, 64> result = oracle.template value<64>(fmt::format("{} result", why));
  const auto depth = oracle.distance(world.stack(), T::reg(machine, T::stack_pointer));
  if (!depth || (*depth + T::call_pushes) % 16 != 0)
    world.complain("the stack is aligned at a call");
  T::return_from_call(machine);
  for (unsigned r = 0; r < T::register_count; ++r) {
    if (!T::is_caller_saved(r)) continue;
    T::set(machine, r, oracle.template value<64>(fmt::format("scratch {} after {}", r, why)));
  }
  T::set(machine, T::result, result);
  T::renew_flags(machine, oracle, why);
  world.renew_context(why);
  world.forget_stack_below(depth.value_or(0) + T::call_pushes, why);
  return result;
}

template <PathDomain D, typename T>
void InsnTheorem<D, T>::compare_helper(Run<D, T>& run) {
  const B32 id = inputs_.immediates.imm;
  if (decide(id == B32::lit(jit::tail_call_helper))) return compare_tail_call(run);
  source_.assisted = source_.assisted | ~ult(id, B32::lit(jit::helper_limit));
  if (oracle_.leads_to(run.pc, labels_.assist)) return compare_assist(run.pc);
  require("the runtime is asked for help whenever that is due", ~source_.assisted);
  require(
      "the helper is called",
      run.pc == T::aligned(oracle_.entry(name(Object::helpers), shl(zext<64>(id), B64::lit(3)))));
  for (unsigned i = 1; i <= 5; ++i) {
    require("the helper gets its arguments", T::reg(machine_, T::argument(i - 1)) == before_[i]);
  }
  require("the helper gets the context", T::reg(machine_, T::argument(5)) == world_.context());
  require("the context tells which call it is",
          trunc<32>(world_.context_at(jit::context_offset::insn)) == inputs_.insn);
  compare_context();
  compare_events();
  const auto back = oracle_.distance(start_, T::c_return_address(machine_, world_));
  if (!back || *back < 0 || *back > std::ssize(code_)) {
    return world_.complain("the helper returns into the sequence");
  }
  source_.regs[0] = return_from_c<D, T>(oracle_, world_, machine_, "helper");
  if (*back == std::ssize(code_)) return world_.complain("a stop after a helper is seen");
  if (run.from(machine_, static_cast<std::size_t>(*back)) != Exit::left) return;
  const Bool<D> stop = world_.context_at(jit::context_offset::stop) != B64::lit(0);
  if (oracle_.leads_to(run.pc, labels_.leave)) {
    require("the run ends only when the helper stops it", stop);
    require("leave is reached", run.pc == address_of(labels_.leave));
    return require("leave gets the context", T::reg(machine_, T::context) == world_.context());
  }
  require("a stop after a helper is seen", ~stop);
  finish_call(run);
}

template <PathDomain D, typename T>
void InsnTheorem<D, T>::finish_call(Run<D, T>& run) {
  const auto distance = oracle_.distance(start_, run.pc);
  if (!distance || *distance != std::ssize(code_)) {
    world_.complain("control goes on behind the sequence");
  }
  // r1 to r5 are dead after a call.
  for (const unsigned r : {0u, 6u, 7u, 8u, 9u, 10u}) compare_register(r, source_.regs[r]);
  spends_fuel_ = false;
  compare_private(false);
}

template <PathDomain D, typename T>
void InsnTheorem<D, T>::compare_tail_call(Run<D, T>& run) {
  namespace at = jit::context_offset;
  const B32 number = bits<63, 32>(before_[2]) - B32::lit(jit::first_map);
  const B64 index = zext<64>(trunc<32>(before_[3]));
  const B64 count = world_.context_at_entry(at::tail_table_count);
  assume(ult(count, B64::lit(std::uint64_t{1} << 31)));
  const B64 table = shl(zext<64>(number), B64::lit(4));
  const B64 elements = oracle_.entry(name(Object::tail_tables), table);
  const B64 entries = oracle_.entry(name(Object::tail_tables), table + B64::lit(8));
  const B64 target = oracle_.entry("runtime", entries + shl(index, B64::lit(3)));
  tail_calls_ = world_.context_at_entry(at::tail_calls_left);
  const Bool<D> succeeds = ult(zext<64>(number), count) & (trunc<32>(before_[2]) == B32::lit(0)) &
                           ult(index, elements) & (tail_calls_ != B64::lit(0)) &
                           (target != B64::lit(0));
  source_.assisted = ~succeeds;
  if (oracle_.leads_to(run.pc, labels_.assist)) return compare_assist(run.pc);
  require("the runtime is asked for help whenever that is due", succeeds);
  require("the tail call enters its target", run.pc == T::aligned(target));
  tail_call_ = true;
  compare_registers();
  compare_events();
  compare_private(false);
}

template <PathDomain D, typename T>
void InsnTheorem<D, T>::compare_local_call(Run<D, T>& run) {
  require("the call enters its target", run.pc == address_of(labels_.target));
  for (unsigned r = 1; r <= 9; ++r) compare_register(r, before_[r]);
  const std::int64_t stride = case_.options.memory == jit::Memory::checked
                                  ? jit::checked_frame_stride
                                  : jit::unchecked_frame_stride;
  require("the callee has the next frame",
          T::reg(machine_, T::register_of(10)) ==
              before_[10] + B64::lit(static_cast<std::uint64_t>(stride)));
  require("the callee has the context", T::reg(machine_, T::context) == world_.context());
  const B64 frame = frame_;
  if (is_checked()) frame_ = frame + B64::lit(jit::frame_bytes);
  compare_context();
  frame_ = frame;
  const auto depth = oracle_.distance(world_.stack(), T::reg(machine_, T::stack_pointer));
  if (!depth || *depth > 0 || *depth % 16 != 0) {
    return world_.complain("the stack is aligned at a local call");
  }
  const auto back = oracle_.distance(start_, T::body_return_address(machine_, world_));
  if (!back || *back <= 0 || *back > std::ssize(code_)) {
    return world_.complain("the callee returns into the sequence");
  }
  T::set(machine_, T::stack_pointer, T::stack_after_return(T::reg(machine_, T::stack_pointer)));
  for (unsigned r = 0; r < T::register_count; ++r) {
    if (!T::may_body_change(r)) continue;
    T::set(machine_, r, oracle_.template value<64>(fmt::format("scratch {} after callee", r)));
  }
  source_.regs[0] = T::reg(machine_, T::register_of(0));
  T::renew_flags(machine_, oracle_, "callee");
  world_.renew_context("callee");
  world_.forget_stack_below(*depth, "callee");
  if (*back != std::ssize(code_) &&
      run.from(machine_, static_cast<std::size_t>(*back)) != Exit::left) {
    return;
  }
  finish_call(run);
}

}  // namespace probity::theorems
