// SPDX-License-Identifier: Apache-2.0
// Loads, retiled: where a register's value is what one load gives (or one load and a byte swap),
// however it was put together by loads, shifts and masks, that load takes its place.
#pragma once

#include "opt/retile_region.hpp"

namespace probity::opt {

/// Improves one value, if it can.
bool retile_loads(RetileRegion& region);

}  // namespace probity::opt
