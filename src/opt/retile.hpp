// SPDX-License-Identifier: Apache-2.0
// Byte-lane retiling: in straight code, where each byte that is stored or computed comes from is
// known, so the loads and stores that move it there can be chosen anew, as wide and as few as
// possible. One change for each region that gets cheaper. Not trusted: see generator.hpp.
#pragma once

#include "opt/generator.hpp"

namespace probity::opt {

Generator retile_generator();

}  // namespace probity::opt
