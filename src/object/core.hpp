// SPDX-License-Identifier: Apache-2.0
// CO-RE relocations whose value does not depend on the running kernel: ids of local types, and
// fields that are kernel ABI or wire formats (xdp_md, ethhdr, iphdr, …) when the object's own
// definition puts them where the ABI does. All others need the kernel's own BTF, which this reader
// does not have.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "object/object.hpp"

namespace probity::object {

/// True when the value that clang wrote into the slot is right for every kernel.
bool is_settled(const Btf& btf, const CoreRecord& record);

/// One line about the relocations that are not applied, or nothing when all are.
std::optional<std::string> describe_unapplied(std::span<const CoreRelocation> relocations);

}  // namespace probity::object
