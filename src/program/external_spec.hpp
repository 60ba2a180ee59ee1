// SPDX-License-Identifier: Apache-2.0
// The reserved helper numbers and return codes of include/probity/external_spec.h: what a
// specification outside the program calls to look at the input and to leave things open.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace probity::program {

enum class ExternalSpecCall : std::uint32_t {
  any_action = 0x5be00100,  ///< ()
  ignore_packet,            ///< (offset, size)
  ignore_map,               ///< (map)
  ignore_maps,              ///< ()
  ignore_trace,             ///< ()
  ignore_ctx,               ///< ()
  peek,                     ///< (offset): the byte at entry, or -1
  packet_length,            ///< (): at entry
  assume,                   ///< (condition)
};
constexpr std::uint32_t first_external_spec_call = 0x5be00100;
constexpr std::array<std::string_view, 9> external_spec_names = {
    "spec_any_action",  "spec_ignore_packet", "spec_ignore_map",
    "spec_ignore_maps", "spec_ignore_trace",  "spec_ignore_ctx",
    "spec_peek",        "spec_packet_length", "spec_assume"};

constexpr bool is_external_spec_call(std::uint32_t helper) {
  return helper >= first_external_spec_call &&
         helper < first_external_spec_call + external_spec_names.size();
}
constexpr std::string_view external_spec_name(std::uint32_t helper) {
  return external_spec_names[helper - first_external_spec_call];
}

/// Return codes that leave something open: `mark` in the upper half, flags, the expected action as
/// a signed byte.
namespace partial_code {
constexpr std::uint32_t mark = 0x5bec;
constexpr unsigned any_action_bit = 8;
constexpr unsigned any_state_bit = 9;
}  // namespace partial_code

}  // namespace probity::program
