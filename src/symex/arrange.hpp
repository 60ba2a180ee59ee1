// SPDX-License-Identifier: Apache-2.0
// How an engine is brought to a failure that no model computes: metadata in front of a packet takes
// the headroom, and with as much as a test run accepts bpf_xdp_adjust_head can no longer grow
// (net/bpf/test_run.c, net/core/filter.c of Linux 6.18). The live kernel does it as well.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "symex/finding.hpp"

namespace probity::symex {

/// What a witness says (Witness::helper_results) when a driver had no headroom.
constexpr std::string_view no_headroom = "a driver without headroom for bpf_xdp_adjust_head";

/// Is a want of headroom all that the witness needs beyond its input?
bool needs_crowding(const Witness& witness);

/// What engines of this process are told beyond packet, ctx and maps, one line each: answers of
/// helpers, programs in arrays.
std::vector<std::string> told_lines(const Witness& witness);

/// The most metadata that a test run takes; a multiple of the step. Less leaves room for the moves
/// that came before the one that fails.
constexpr std::uint32_t most_metadata = 216;
constexpr std::uint32_t metadata_step = 4;

/// The witness with `bytes` of zeros as metadata, which needs nothing more then.
Witness crowded(const Witness& witness, std::uint32_t bytes);

}  // namespace probity::symex
