// SPDX-License-Identifier: Apache-2.0
// What a map definition must say before anything computes with it: the checks of map_alloc_check()
// in the kernel, for engines that make maps and for analyses that only reason about them.
#pragma once

#include "base/diagnostic.hpp"
#include "program/program.hpp"

namespace probity::runtime {

/// What kind of thing a map type is.
enum class MapFamily : std::uint8_t {
  array,
  hash,
  lpm,
  slots,  ///< entries stand for kernel objects
  queue,
  outer,         ///< holds other maps
  helpers_only,  ///< reached through helpers of its own
  unmodelled,
  unknown,
};
MapFamily family_of(program::MapType type);
/// Whether bpf_map_lookup_elem, and bpf_map_update_elem and _delete_elem, take maps of this type
/// (check_map_func_compatibility() in the kernel's verifier), as far as the type is modelled.
bool programs_look_up(program::MapType type);
bool programs_update(program::MapType type);

/// Bytes of struct bpf_spin_lock, bpf_timer, bpf_wq.
std::uint32_t value_field_bytes(program::ValueFieldKind kind);

/// Refuses, with the map's name, a type or sizes that no map has.
Expected<void> require_definition(const program::MapDef& definition);

}  // namespace probity::runtime
