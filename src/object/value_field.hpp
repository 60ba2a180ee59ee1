// SPDX-License-Identifier: Apache-2.0
// The parts of a map's value that only helpers touch, found by their type in the BTF of the object:
// the kernel asks for them when it creates the map. Source: btf_find_field() of kernel/bpf/btf.c.
#pragma once

#include <vector>

#include "object/btf.hpp"
#include "program/program.hpp"

namespace probity::object {

/// The locks, timers and work queues in a value of this type, by offset; none for id 0.
std::vector<program::ValueField> value_fields(const Btf& btf, std::uint32_t value_type);

}  // namespace probity::object
