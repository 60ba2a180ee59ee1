// SPDX-License-Identifier: Apache-2.0
// Frame depth: how far below r10 a subprogram, and whoever it hands a pointer into its frame, can
// get. What lies below is free for the frame of code that is put in place of a call.
#pragma once

#include <cstdint>
#include <optional>

#include "opt/code.hpp"
#include "opt/facts.hpp"

namespace probity::opt {

/// The register that an access to memory is addressed by, of atomics too; nothing of other insns.
std::optional<bpf::Reg> base_register(const bpf::Insn& insn);

/// Bytes, a multiple of 8; nothing when it is not known, and all 512 may be reached. Calls of
/// `but` are left out: where its code gets is asked apart.
std::optional<std::int32_t> frame_depth(const Code& code, const Facts& facts, std::uint32_t subprog,
                                        std::uint32_t but);

}  // namespace probity::opt
