// SPDX-License-Identifier: Apache-2.0
// See kernel_contest.hpp.
#include "opt/kernel_contest.hpp"

#include <vector>

#include "isa/bpf/codec.hpp"

namespace probity::opt {
namespace {

/// Takes up room, another amount each time: what is loaded behind it lies elsewhere.
std::vector<bpf::Slot> filler(std::uint32_t number) {
  constexpr std::uint32_t step = 97;
  constexpr std::uint32_t most = 409;
  const auto slot = [](const bpf::Insn& insn) { return bpf::encode(insn)[0]; };
  std::vector<bpf::Slot> slots(number * step % most + 1,
                               slot({.form = bpf::Form::mov64_imm, .dst = bpf::Reg::r0}));
  slots.push_back(slot({.form = bpf::Form::exit}));
  return slots;
}

Expected<TimedPair> time_one_load(const Contestant& before, const Contestant& after,
                                  std::span<const Packet> packets, std::uint32_t rounds,
                                  std::uint32_t load) {
  const bool turned = load % 2 != 0;  // who is loaded first
  const Contestant& early = turned ? after : before;
  const Contestant& late = turned ? before : after;
  TRY(const KernelProgram room, before.gate.load(filler(2 * load)));
  TRY(const KernelProgram one, early.gate.load(early.slots));
  TRY(const KernelProgram more_room, before.gate.load(filler(2 * load + 1)));
  TRY(const KernelProgram other, late.gate.load(late.slots));
  return before.gate.time(turned ? other : one, turned ? one : other, packets, rounds);
}

}  // namespace

Expected<TimedPair> contest(const Contestant& before, const Contestant& after,
                            std::span<const Packet> packets, std::uint32_t rounds,
                            std::uint32_t loads) {
  TimedPair mean;
  for (std::uint32_t load = 0; load < loads; ++load) {
    TRY(const TimedPair timed, time_one_load(before, after, packets, rounds, load));
    mean.before_ns += timed.before_ns / loads;
    mean.after_ns += timed.after_ns / loads;
    mean.empty_ns += timed.empty_ns / loads;
  }
  return mean;
}

}  // namespace probity::opt
