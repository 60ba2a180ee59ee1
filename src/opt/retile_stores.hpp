// SPDX-License-Identifier: Apache-2.0
// Stores, retiled: the bytes that a group of stores leaves behind are known as terms
// (block_values), so is what registers, immediates and loads can supply; the cheapest cover of the
// live ones (retile_cover) takes the place of the group. Copies, swaps, 'low byte; shift; next
// byte' pairs and constant initialisation are all instances.
#pragma once

#include "opt/retile_region.hpp"

namespace probity::opt {

/// Improves one group of stores, if it can.
bool retile_stores(RetileRegion& region);

/// Turns all stores of one register constant into stores of immediates, where that spares the
/// register.
bool store_immediates(RetileRegion& region);

}  // namespace probity::opt
