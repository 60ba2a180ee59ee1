// SPDX-License-Identifier: Apache-2.0
// From a linked program to what BPF_PROG_LOAD takes: map slots get file descriptors, callbacks get
// the BTF function records that the verifier asks for, and a refusal becomes the verifier's last
// meaningful line.
#pragma once

#include <string_view>
#include <vector>

#include "program/program.hpp"
#include "runtime/kernel_syscall.hpp"

namespace probity::runtime {

/// Indexes of the maps that the slots name, ascending. Fault::bad_input when one is beyond the
/// table.
Expected<std::vector<std::size_t>> referenced_maps(const program::View& program);

/// The slots with map indexes replaced by descriptors; `map_fds` is indexed like program.maps, -1
/// unused.
std::vector<bpf::Slot> slots_for_kernel(const program::View& program, std::span<const int> map_fds);

/// The last line of a verifier log that says why: not statistics, not blank.
std::string_view verifier_reason(std::string_view log);

/// Loads slots whose maps are already descriptors; kfuncs are looked up in the running kernel.
Expected<Fd> load_into_kernel(const program::View& program, std::span<const bpf::Slot> slots);

}  // namespace probity::runtime
