// SPDX-License-Identifier: Apache-2.0
// Inputs on which a program and what the optimizer made of it are both run: packets of the usual
// protocols, whole, cut short at every header's edge, and padded up to 1500 bytes; ctx fields with
// values that need 9, 16, 32 and 33 bits; map entries with a pattern in which no two bytes that lie
// close are equal.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "program/program.hpp"
#include "runtime/engine.hpp"

namespace probity::opt {

struct GateInput {
  std::string name;  ///< "ipv4 udp, 60 bytes"
  runtime::RunInput input;
};

/// For programs of this type; each input is one that the kernel's test run takes, too.
std::vector<GateInput> corner_inputs(program::ProgType type);

/// Entries for the maps that a test may fill.
std::vector<runtime::MapContents> corner_maps(std::span<const program::MapDef> maps);

}  // namespace probity::opt
