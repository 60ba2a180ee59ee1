// SPDX-License-Identifier: Apache-2.0
// Undefined symbols of an object and what a kernel gives for them: configuration values, kernel
// variables and kernel functions. What cannot be resolved is a problem of the programs that use it.
#pragma once

#include "object/kernel.hpp"
#include "object/object.hpp"

namespace probity::object {

/// Collects undefined symbols into object.externs, resolves them, and lays out the .kconfig map.
Expected<void> read_externs(Object& object, const Kernel& kernel);

}  // namespace probity::object
