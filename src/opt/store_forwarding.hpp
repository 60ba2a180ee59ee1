// SPDX-License-Identifier: Apache-2.0
// Store forwarding: a processor hands a load what a store before it left in the store buffer, but
// only when that one store has all bytes of the load. Else the load waits until the stores are in
// the cache: 4 to 6 ns on an x86-64 of 2023, of which what runs meanwhile hides a part.
#pragma once

#include <cstddef>

#include "opt/block_values.hpp"

namespace probity::opt {

/// How many loads of the trace wait for stores: those of the trace before them and, outside the
/// stack, those of the run before, which had the same packet or the same value of a map.
std::size_t waiting_loads(const BlockTrace& trace);

}  // namespace probity::opt
