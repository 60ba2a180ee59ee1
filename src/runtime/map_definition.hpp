// SPDX-License-Identifier: Apache-2.0
// What a map definition must say before anything computes with it: the checks of map_alloc_check()
// in the kernel, for engines that make maps and for analyses that only reason about them.
#pragma once

#include "base/diagnostic.hpp"
#include "program/program.hpp"

namespace probity::runtime {

/// Refuses, with the map's name, a type or sizes that no map has.
Expected<void> require_definition(const program::MapDef& definition);

}  // namespace probity::runtime
