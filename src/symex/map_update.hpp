// SPDX-License-Identifier: Apache-2.0
// What the parts of the model of map updates (map_update_model.cpp) hand to each other: the update
// that a program asks for, what its flags say, and where it puts the value.
#pragma once

#include <cstdint>
#include <vector>

#include "term/term.hpp"

namespace probity::symex {

struct MapUpdate {
  std::uint32_t map = 0;
  std::vector<term::Id> key;
  std::vector<term::Id> value;
  term::Id flags;  ///< 64 bits
};

/// When an entry that is there gets a new value.
struct Replacement {
  term::Id condition;
  term::Id locked;
  term::Id memory;  ///< there is memory for the new value
};

enum class InPlace : std::uint8_t { no, yes };
enum class AtFirst : std::uint8_t { absent, present };

}  // namespace probity::symex
