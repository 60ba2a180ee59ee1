// SPDX-License-Identifier: Apache-2.0
// bpf_loop: the callback runs as a frame of its own, once for each iteration, on the caller's
// stack if it was handed a pointer there. It ends the loop by returning 1; the verifier allows it 0
// and 1 only. Limits and error numbers are those of kernel/bpf/bpf_iter.c.
#include <fmt/format.h>

#include "runtime/map.hpp"
#include "symex/explorer.hpp"

namespace probity::symex {
namespace {

constexpr std::int64_t invalid = runtime::errno_of::invalid;
constexpr std::int64_t too_big = runtime::errno_of::too_big;
constexpr std::uint64_t max_iterations = 1u << 23;

}  // namespace

bool Explorer::enter_callback(PathState& state, const LoopCallback& callback) {
  if (state.frames.size() >= max_frames) {
    return violate(state, Property::call_depth,
                   fmt::format("call depth {} (limit {})", state.frames.size() + 1, max_frames));
  }
  note_call(state, callback.function);
  push_frame(state, state.slot + 1);
  state.frames.back().first_slot = callback.function;
  state.frames.back().callback = callback;
  clobber(state);
  for (const unsigned i : {0u, 6u, 7u, 8u, 9u}) unset(state, i);
  state.regs[1] = {context_.lit(64, callback.index), 0};
  state.regs[2] = callback.argument;
  state.slot = callback.function;
  return true;
}

bool Explorer::call_loop(PathState& state) {
  term::Store& store = context_.store;
  const term::Id count = store.zext(64, store.extract(0, 32, argument(state, 1).term));
  const term::Id flags = argument(state, 4).term;
  if (!observable(state, argument(state, 1), "the number of iterations")) return false;
  const LoopCallback callback{state.regions[argument(state, 2).region].index, argument(state, 3), 0,
                              count};
  const term::Id none = store.eq(count, context_.lit64(0));
  const term::Id bad_flags = store.not_(store.eq(flags, context_.lit64(0)));
  const term::Id too_many = store.and_(store.not_(bad_flags),
                                       store.bin(Op::ult, context_.lit(64, max_iterations), count));
  const term::Id refused = store.or_(bad_flags, too_many);
  const auto answer = [this](std::int64_t value) {
    return [this, value](PathState& s) {
      clobber(s);
      set_result(s, context_.lit64(value));
    };
  };
  const term::Id runs = store.and_(store.not_(refused), store.not_(none));
  const bool may_run = solver_.possible(state, runs).answer != Answer::no;
  if (may_run && state.frames.size() >= max_frames) {
    return violate(state, Property::call_depth,
                   fmt::format("call depth {} (limit {})", state.frames.size() + 1, max_frames));
  }
  return fork(state, {{runs, [this, callback](PathState& s) { enter_callback(s, callback); }},
                      {store.and_(store.not_(refused), none), answer(0)},
                      {too_many, answer(too_big)},
                      {bad_flags, answer(invalid)}});
}

/// After an iteration: `state` is back in the caller's frame, with the callback's r0.
bool Explorer::leave_callback(PathState& state, const Frame& frame) {
  term::Store& store = context_.store;
  if (!observable(state, state.regs[0], "what a callback returns")) return false;
  const term::Id stop = as_number(state.regs[0]);
  if (!require(state, Property::kernel_contract, store.bin(Op::ule, stop, context_.lit64(1)),
               "a callback returns neither 0 nor 1")) {
    return false;
  }
  LoopCallback next = *frame.callback;
  ++next.index;
  const std::uint32_t call = frame.return_slot - 1;
  if (next.index > options_.unroll) {
    state.slot = call;
    give_up(state,
            fmt::format("termination: bpf_loop ran {} times on one path (limit {}, --unroll)",
                        next.index, options_.unroll));
    return false;
  }
  const term::Id ends = store.or_(store.eq(stop, context_.lit64(1)),
                                  store.bin(Op::ule, next.count, context_.lit(64, next.index)));
  state.slot = call;
  return fork(state, {{ends,
                       [this, next](PathState& s) {
                         clobber(s);
                         set_result(s, context_.lit(64, next.index));
                       }},
                      {store.not_(ends), [this, next](PathState& s) { enter_callback(s, next); }}});
}

}  // namespace probity::symex
