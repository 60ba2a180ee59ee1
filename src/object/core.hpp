// SPDX-License-Identifier: Apache-2.0
// CO-RE relocations of a linked program. Some do not depend on the running kernel: ids of local
// types, and fields that are kernel ABI or wire formats (xdp_md, ethhdr, iphdr, …) when the
// object's own definition puts them where the ABI does. All others are resolved in the kernel's
// BTF.
#pragma once

#include "object/object.hpp"

namespace probity::object {

/// True when the value that clang wrote into the slot is right for every kernel.
bool is_settled(const Btf& btf, const CoreRecord& record);

/// Patches the slots of program.core in the order of the object's records; what cannot be applied
/// becomes a problem of the program.
void apply_core(const Object& object, const Kernel& kernel, Program& program);

}  // namespace probity::object
