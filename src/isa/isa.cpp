// SPDX-License-Identifier: Apache-2.0
// Compiles the headers of this folder alone, so that a missing include shows here, and checks what
// they assume of the host.
#include <bit>

#include "isa/code.hpp"
#include "isa/machine.hpp"

namespace probity::isa {
static_assert(std::endian::native == std::endian::little, "Code<Concrete> stores words as is");
}  // namespace probity::isa
