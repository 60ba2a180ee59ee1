// SPDX-License-Identifier: Apache-2.0
// One pass over the slots, backward, for each number of frames that may still be opened.
#include "runtime/call_bound.hpp"

#include <algorithm>
#include <vector>

#include "program/flow.hpp"
#include "runtime/memory.hpp"

namespace probity::runtime {
namespace {

/// The calls from each slot on with a frame more to open than in `deeper`; a jump backward ends a
/// way.
std::vector<std::uint64_t> one_frame_more(std::span<const NumberedInsn> insns,
                                          std::span<const std::uint64_t> deeper) {
  std::vector<std::uint64_t> calls(insns.size() + 1);
  const auto at = [](std::span<const std::uint64_t> counts, std::int64_t slot) {
    return slot >= 0 && static_cast<std::size_t>(slot) < counts.size()
               ? counts[static_cast<std::size_t>(slot)]
               : 0;
  };
  for (std::size_t i = insns.size(); i-- > 0;) {
    if (!insns[i].is_insn) continue;
    const bpf::Insn& insn = insns[i].insn;
    const auto slot = static_cast<std::uint32_t>(i);
    const program::InsnFlow flow = program::flow_of(insn, slot);
    std::uint64_t& most = calls[i];
    if (flow.falls_through) most = at(calls, std::int64_t{slot} + insn.slot_count());
    if (flow.jumps && flow.target > slot) most = std::max(most, at(calls, flow.target));
    if (insn.form == bpf::Form::call_local) {
      most += 1 + at(deeper, program::named_subprog_slot(insn, slot));
    }
    most = std::min(most, call_bound_limit + 1);
  }
  return calls;
}

}  // namespace

std::uint64_t call_bound(std::span<const NumberedInsn> insns) {
  const bool calls_any = std::ranges::any_of(insns, [](const NumberedInsn& one) {
    return one.is_insn && one.insn.form == bpf::Form::call_local;
  });
  if (!calls_any) return 0;
  std::vector<std::uint64_t> calls(insns.size() + 1);
  for (std::size_t frame = 1; frame < max_frames; ++frame) calls = one_frame_more(insns, calls);
  return *std::ranges::max_element(calls);
}

}  // namespace probity::runtime
