// SPDX-License-Identifier: Apache-2.0
// Writing a relocated value into the insn that a CO-RE record names: the immediate of an ALU insn
// or an lddw, or the offset (and where pointers and integers changed, the width) of a load or
// store. Source: libbpf's relo_core.c.
#pragma once

#include <span>

#include "object/core_value.hpp"
#include "program/program.hpp"

namespace probity::object {

/// Patches `slots[at]`. The diagnostic says why the insn does not carry such a value.
Expected<void> patch(std::span<bpf::Slot> slots, std::size_t at, const CoreResult& result);

}  // namespace probity::object
