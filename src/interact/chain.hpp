// SPDX-License-Identifier: Apache-2.0
// Chain: when does the next program on a hook run, and what is the verdict of all? `pass`: the next
// one runs only if this one lets the packet go on (XDP_PASS, as libxdp's dispatcher has it by
// default; for classifiers TC_ACT_UNSPEC, TC_ACT_OK, TC_ACT_PIPE), and the verdict is that of the
// last one that ran. `all`: each one runs whatever the others say, and the strongest verdict
// counts, whoever gave it: a number that is no verdict or XDP_ABORTED, then DROP, TX, REDIRECT,
// PASS; for classifiers any other number, then SHOT, STOLEN and its kin, REDIRECT, RECLASSIFY, and
// those that go on.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "program/program.hpp"
#include "term/term.hpp"

namespace probity::interact {

enum class Chain : std::uint8_t { pass, all };

/// The return values after which the next program of a chain runs.
std::vector<std::uint32_t> passing(program::ProgType type);
bool passes(program::ProgType type, std::uint32_t action);
/// One bit: is the 32-bit `action` one of them?
term::Id passes(term::Store& store, program::ProgType type, term::Id action);

/// Does a packet with this verdict go on somewhere, so that someone sees its bytes? Not after
/// XDP_DROP, XDP_ABORTED and numbers without a name, and not after TC_ACT_SHOT.
bool keeps_packet(program::ProgType type, std::uint32_t action);
term::Id keeps_packet(term::Store& store, program::ProgType type, term::Id action);

/// Of two verdicts the one that counts when all programs run.
std::uint32_t stronger(program::ProgType type, std::uint32_t a, std::uint32_t b);
term::Id stronger(term::Store& store, program::ProgType type, term::Id a, term::Id b);

/// The return values that have a name.
std::vector<std::uint32_t> named_actions(program::ProgType type);
/// "XDP_DROP", "TC_ACT_SHOT", or the number.
std::string action_name(program::ProgType type, std::uint32_t action);

}  // namespace probity::interact
