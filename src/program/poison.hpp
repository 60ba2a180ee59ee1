// SPDX-License-Identifier: Apache-2.0
// Calls that must never run. Where a kernel lacks what an insn needs (a relocated field, a weak
// kfunc), libbpf replaces the insn by a call of a helper that does not exist: the program asked
// first whether it is there, so the kernel's verifier finds the insn dead, or refuses the program.
// We keep the same numbers: valid to hold, an error to reach.
#pragma once

#include <cstdint>

#include "isa/bpf/insn.hpp"

namespace probity::program {

/// A CO-RE relocation that found nothing: "bad relo" in digits.
constexpr std::uint32_t poisoned_relocation = 0xbad2310;
/// A call of a weak kfunc that is absent: this plus libbpf's number of the extern.
constexpr std::uint32_t poisoned_kfunc_base = 2'002'000'000;
constexpr std::uint32_t poisoned_kfunc_limit = 1'000'000;

constexpr bool is_poisoned_call(std::uint32_t helper) {
  return helper == poisoned_relocation ||
         (helper >= poisoned_kfunc_base && helper - poisoned_kfunc_base < poisoned_kfunc_limit);
}

constexpr bpf::Slot poisoned_call(std::uint32_t helper) {
  return {bpf::row(bpf::Form::call_helper).opcode, 0, 0, static_cast<std::int32_t>(helper)};
}

}  // namespace probity::program
