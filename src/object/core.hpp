// SPDX-License-Identifier: Apache-2.0
// CO-RE relocations whose value does not depend on the running kernel: ids of local types, and
// fields of types that are kernel ABI or wire formats (xdp_md, ethhdr, iphdr, …), whose layout is
// the compiled one. All others need the kernel's own BTF, which this reader does not have.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "object/object.hpp"

namespace probity::object {

/// Marks what is settled; answers one line about the rest, or nothing when nothing is left.
std::optional<std::string> apply_core(std::span<CoreRelocation> relocations);

}  // namespace probity::object
