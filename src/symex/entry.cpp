// SPDX-License-Identifier: Apache-2.0
// Entry assumptions: which inputs an exploration considers. Expressions become part of the path
// condition; functions run like programs, on the world at entry and before the first stage, which
// then starts from the world as it was. What is wrong with such a function is no finding about a
// program: it makes the verdict unknown, by name.
#include <fmt/format.h>

#include "runtime/ctx.hpp"
#include "symex/explorer.hpp"

namespace probity::symex {

/// The input at entry, for expressions.
class Explorer::EntryInput final : public Input {
 public:
  EntryInput(Explorer& explorer, PathState& state) : explorer_(explorer), state_(state) {}

  Value<64> field(std::string_view name) override {
    const runtime::CtxRow* row = runtime::find_ctx_row(explorer_.entry_type(), name);
    const term::Id value = explorer_.ctx_value(state_, *row);
    return Value<64>::of({explorer_.context_.store.zext(64, value), 0});
  }
  Value<64> length() override { return Value<64>::of({explorer_.length64_, 0}); }
  Value<8> byte(std::uint64_t offset) override {
    const Memory packet(Unknown{explorer_.packet_bytes_});
    return Value<8>::of(
        {packet.initial_byte(explorer_.context_, static_cast<std::int64_t>(offset)), 0});
  }

 private:
  Explorer& explorer_;
  PathState& state_;
};

program::ProgType Explorer::entry_type() const {
  const program::ProgType type = stages_.front().program.type;
  return type == program::ProgType::unspec ? program::ProgType::xdp : type;
}

bool Explorer::in_entry_function(const PathState& state) const {
  return state.entry_functions_run < options_.entry_functions.size();
}

bool Explorer::has_specs(const PathState& state) const {
  return in_entry_function(state) || (options_.specs && stages_[state.stage].specs);
}

/// Continues with the inputs that `condition` leaves; false: there are none.
bool Explorer::consider_only(PathState& state, term::Id condition) {
  const Possibility shown = solver_.possible(state, condition);
  if (shown.answer == Answer::unknown) give_up(state, "an entry assumption: " + shown.reason);
  if (shown.answer == Answer::no) state.fate.exclude();
  if (shown.answer != Answer::yes) return false;
  solver_.assume(state, condition, shown);
  return true;
}

/// The entry function or the first stage that comes next.
void Explorer::begin_next(PathState& state) {
  if (!in_entry_function(state)) {
    begin_stage(state);
    return;
  }
  const auto code = static_cast<std::uint32_t>(stages_.size() + state.entry_functions_run);
  begin_run(state, code, Start::initial);
}

bool Explorer::enter_world(PathState& state) {
  EntryInput input(*this, state);
  for (const Assumption& assumption : options_.assumptions) {
    if (!consider_only(state, holds(assumption, input).raw().term)) return false;
  }
  begin_next(state);
  return true;
}

bool Explorer::leave_entry_function(PathState& state) {
  term::Store& store = context_.store;
  if (!state.specs.demands.empty()) {
    give_up(state, "only assumptions have a meaning here, not what must hold at exit");
    return false;
  }
  const term::Id answer = store.extract(0, 32, as_number(state.regs[0]));
  if (!consider_only(state, store.not_(store.eq(answer, context_.lit(32, 0))))) return false;
  ++state.entry_functions_run;
  state.trail.clear();
  state.free_results.clear();
  begin_next(state);
  return true;
}

}  // namespace probity::symex
