// SPDX-License-Identifier: Apache-2.0
// Linking: a program function plus every subprogram it reaches becomes one run of slots with all
// relocations applied. The order is libbpf's (depth first, at the first call), so slot numbers
// agree with what the kernel reports.
#pragma once

#include "object/object.hpp"

namespace probity::object {

/// Links every function with is_program set into object.programs.
Expected<void> link_programs(Object& object, const Kernel& kernel);

}  // namespace probity::object
