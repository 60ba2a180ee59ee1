// SPDX-License-Identifier: Apache-2.0
// Which variables and applied functions a set of terms mentions: what a path depends on, and so
// what an engine must be told to follow it.
#pragma once

#include <span>
#include <vector>

#include "term/term.hpp"

namespace probity::symex {

/// The variables and applications below `roots`, each once, in order of their ids.
std::vector<term::Id> leaves_of(const term::Store& store, std::span<const term::Id> roots);

/// The name of a variable, or of the function of an application.
std::string_view leaf_name(const term::Store& store, term::Id leaf);

}  // namespace probity::symex
