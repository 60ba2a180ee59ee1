// SPDX-License-Identifier: Apache-2.0
// The assertions of include/probity/spec.h. They are pure: r0 becomes 0 and r1..r5 may not be used
// afterwards, so a program cannot depend on them.
#include "program/spec_call.hpp"
#include "symex/explorer.hpp"

namespace probity::symex {

bool Explorer::call_spec(PathState& state, std::uint32_t helper) {
  const Word word = argument(state, 1);
  if (!observable(state, word, "a specification")) return false;
  term::Store& store = context_.store;
  const term::Id holds = store.not_(store.eq(word.term, context_.lit64(0)));
  switch (static_cast<program::SpecCall>(helper)) {
    case program::SpecCall::assert_true:
      if (!require(state, Property::assertion, holds, "BPF_ASSERT does not hold")) return false;
      break;
    case program::SpecCall::assume: {
      const Possibility shown = solver_.possible(state, holds);
      if (shown.answer == Answer::unknown) give_up(state, "BPF_ASSUME: " + shown.reason);
      if (shown.answer == Answer::no) state.fate.exclude();
      if (shown.answer != Answer::yes) return false;
      solver_.assume(state, holds, shown);
      break;
    }
    case program::SpecCall::assert_return:
      state.return_demands.push_back({state.slot, store.extract(0, 32, word.term)});
      break;
    case program::SpecCall::probe: give_up(state, "a probe is not part of a program"); return false;
  }
  clobber(state);
  set_result(state, context_.lit64(0));
  return true;
}

}  // namespace probity::symex
