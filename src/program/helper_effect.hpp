// SPDX-License-Identifier: Apache-2.0
// What helpers do beside their arguments and result (bpf_helper_changes_pkt_data in
// net/core/filter.c of Linux 6.18; the protos of kernel/bpf/helpers.c and
// kernel/trace/bpf_trace.c). Who is not modelled may do everything.
#pragma once

#include <cstdint>

namespace probity::program {

/// May packet pointers be wrong afterwards?
bool may_move_packet(std::uint32_t helper);

/// May it read memory through pointers that lie in the memory of an argument?
bool may_follow_pointers(std::uint32_t helper);

/// Does it run a function of the program that it is given?
bool may_call_back(std::uint32_t helper);

}  // namespace probity::program
