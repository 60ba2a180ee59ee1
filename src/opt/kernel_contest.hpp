// SPDX-License-Identifier: Apache-2.0
// A contest of two versions of a program on the live kernel: which one is faster? Where in memory
// the kernel puts code decides up to a fifth of the time of a short loop, and two equal programs
// that always lie in the same places differ by up to 4 %. So both are loaded anew several times, in
// turned order and with programs of other lengths between them, and the mean counts.
#pragma once

#include <cstdint>
#include <span>

#include "opt/kernel_gate.hpp"

namespace probity::opt {

/// One version: its slots, and the gate with its maps.
struct Contestant {
  const KernelGate& gate;
  std::span<const bpf::Slot> slots;
};

/// Nanoseconds of one run, the mean over `loads` loads and the packets; of each load the least of
/// `rounds` calls.
Expected<TimedPair> contest(const Contestant& before, const Contestant& after,
                            std::span<const Packet> packets, std::uint32_t rounds,
                            std::uint32_t loads);

}  // namespace probity::opt
