// SPDX-License-Identifier: Apache-2.0
// Generators propose changes; nobody trusts them. What they get to look at, and what the optimizer
// is asked for. The driver (optimize.hpp) applies proposals, has each version proved equal to the
// one before it (simulation.hpp), and undoes what is not proved.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "isa/bpf/insn.hpp"
#include "opt/code.hpp"
#include "opt/facts.hpp"
#include "opt/live.hpp"
#include "program/program.hpp"

namespace probity::opt {

enum class Goal : std::uint8_t {
  size,   ///< -Osize: fewest slots, then fewest bytes of the kernel's JIT
  speed,  ///< -Ospeed: least measured time; `lock` forms are never introduced
};

struct Aim {
  Goal goal = Goal::size;
  bpf::Cpu cpu = bpf::Cpu::v3;  ///< insns above this level are not introduced
};

/// One version of a program and what is known of it.
struct Version {
  const Code& code;
  const Facts& facts;
  const Live& live;
  const program::View& program;
};

/// Proposes changes that can be applied together: their splices do not overlap, and none relies on
/// what another one removes.
struct Generator {
  std::string_view name;
  std::function<std::vector<Change>(const Version&, const Aim&)> propose;
};

}  // namespace probity::opt
