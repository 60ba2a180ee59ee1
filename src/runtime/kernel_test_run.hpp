// SPDX-License-Identifier: Apache-2.0
// What BPF_PROG_TEST_RUN takes, as rules with names: the kernel itself answers only EINVAL. The
// engine asks before it runs, and the corpus checks the rules on every run that was refused.
// Source: net/bpf/test_run.c of Linux 6.18.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "program/program.hpp"

namespace probity::runtime {

/// What BPF_PROG_TEST_RUN builds from data_in for a program of a type.
enum class TestRunKind : std::uint8_t { xdp, skb, flow, none };
TestRunKind test_run_kind(program::ProgType type);

/// Why the kernel does not run a program of this type on these bytes, with value and limit; empty
/// when it does. `packet` begins with its Ethernet header.
std::string test_run_refusal(program::ProgType type, std::span<const std::uint8_t> packet);

}  // namespace probity::runtime
