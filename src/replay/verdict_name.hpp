// SPDX-License-Identifier: Apache-2.0
// What a return value means to the kernel that called the program: XDP actions, TC actions, and so
// on. Source: linux/bpf.h, linux/pkt_cls.h.
#pragma once

#include <cstdint>
#include <string>

#include "program/program.hpp"

namespace probity::replay {

/// E.g. "XDP_PASS", "TC_ACT_SHOT"; empty when the type or the value has no name.
std::string_view verdict_name(program::ProgType type, std::uint32_t return_value);

/// "XDP_PASS (2)", or only the number.
std::string verdict_text(program::ProgType type, std::uint32_t return_value);

}  // namespace probity::replay
