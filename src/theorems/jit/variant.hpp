// SPDX-License-Identifier: Apache-2.0
// Which cases there are: for each form the choices that make a difference to its translation, and
// the registers that its operands may be.
#pragma once

#include <string>
#include <vector>

#include "theorems/jit/insn.hpp"

namespace probity::theorems {

/// A case with any registers, and the part of its obligation's name behind the form's.
struct Variant {
  Case insn;
  std::string name;
};

/// An optional feature of the target's machine, or a set of them.
struct FeatureSet {
  std::string_view name;  ///< empty: none
  std::uint32_t features = 0;
};

/// All variants of one form, each for every set of features. `upper_halves`: the target cares about
/// dead upper halves.
enum class UpperHalves : std::uint8_t { ignored, elided };
std::vector<Variant> variants(bpf::Form form, UpperHalves upper_halves);

/// The registers a validated program may have there: r10 is never written.
std::vector<bpf::Reg> dst_registers(bpf::Form form);
std::vector<bpf::Reg> src_registers(bpf::Form form);

bool names_dst(bpf::Form form);
bool names_src(bpf::Form form);

}  // namespace probity::theorems
