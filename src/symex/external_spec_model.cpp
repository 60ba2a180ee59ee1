// SPDX-License-Identifier: Apache-2.0
// The calls of include/probity/external_spec.h: a specification outside the program looks at the
// input and leaves things open. Only such a specification may make them.
#include <fmt/format.h>

#include "program/external_spec.hpp"
#include "symex/explorer.hpp"

namespace probity::symex {

bool Explorer::leave_bytes_open(PathState& state) {
  const auto offset = context_.store.literal(as_number(argument(state, 1)));
  const auto size = context_.store.literal(as_number(argument(state, 2)));
  constexpr std::uint64_t limit = 65'536;
  if (!offset || !size || *offset > limit || *size > limit) {
    give_up(state, fmt::format("spec_ignore_packet: offset and length must be constants (limit {})",
                               limit));
    return false;
  }
  state.says.packet_ranges.emplace_back(static_cast<std::uint32_t>(*offset),
                                        static_cast<std::uint32_t>(*size));
  return true;
}

term::Id Explorer::peek(term::Id offset) {
  term::Store& store = context_.store;
  const Memory initial(Unknown{packet_bytes_});
  const auto byte = initial.read(context_, offset, 1);
  PROBITY_CHECK(byte && *byte);
  return store.ite(store.bin(Op::ult, offset, length64_), store.zext(64, (*byte)->term),
                   context_.lit64(-1));
}

bool Explorer::assume_for_spec(PathState& state) {
  const term::Id value = argument(state, 1).term;
  const term::Id holds = context_.store.not_(context_.store.eq(value, context_.lit64(0)));
  const Possibility shown = solver_.possible(state, holds);
  if (shown.answer == Answer::unknown) give_up(state, "spec_assume: " + shown.reason);
  if (shown.answer == Answer::no) state.fate.exclude();
  if (shown.answer != Answer::yes) return false;
  solver_.assume(state, holds, shown);
  return true;
}

bool Explorer::call_external_spec(PathState& state, std::uint32_t helper) {
  using program::ExternalSpecCall;
  const std::string_view name = program::external_spec_name(helper);
  if (!stages_[state.stage].trusted) {
    return violate(state, Property::kernel_contract,
                   fmt::format("{} is for specifications outside the program (--spec)", name));
  }
  term::Id result = context_.lit64(0);
  switch (static_cast<ExternalSpecCall>(helper)) {
    case ExternalSpecCall::any_action: state.says.any_action = true; break;
    case ExternalSpecCall::ignore_packet:
      if (!leave_bytes_open(state)) return false;
      break;
    case ExternalSpecCall::ignore_map: {
      const auto map = map_argument(state, 1, nullptr);
      if (!map) return false;
      state.says.maps.push_back(*map);
      break;
    }
    case ExternalSpecCall::ignore_maps: state.says.every_map = true; break;
    case ExternalSpecCall::ignore_trace: state.says.any_trace = true; break;
    case ExternalSpecCall::ignore_ctx: state.says.any_ctx = true; break;
    case ExternalSpecCall::peek:
      if (!observable(state, argument(state, 1), "the offset of spec_peek")) return false;
      result = peek(argument(state, 1).term);
      break;
    case ExternalSpecCall::packet_length: result = length64_; break;
    case ExternalSpecCall::assume:
      if (!observable(state, argument(state, 1), "spec_assume")) return false;
      if (!assume_for_spec(state)) return false;
      break;
  }
  clobber(state);
  set_result(state, result);
  return true;
}

}  // namespace probity::symex
