// SPDX-License-Identifier: Apache-2.0
// One function per target; each is compiled in a file of its own, so that the templates of a target
// are instantiated once.
#pragma once

#include <vector>

#include "proof/proof.hpp"

namespace probity::theorems {

std::vector<proof::Obligation> x86_64_obligations();
std::vector<proof::Obligation> rv64_obligations();

}  // namespace probity::theorems
