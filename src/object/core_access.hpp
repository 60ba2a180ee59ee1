// SPDX-License-Identifier: Apache-2.0
// Where a CO-RE record points: an access string like "0:1:2" spelled out as named members and array
// elements of the object's own type, and the same way found in a type of the kernel, whose members
// may have moved, or into or out of unnamed structs. Source: libbpf's relo_core.c.
#pragma once

#include <optional>
#include <vector>

#include "object/btf_ext.hpp"
#include "object/core_compare.hpp"

namespace probity::object {

/// enum bpf_core_relo_kind.
enum class CoreKind : std::uint32_t {
  field_byte_offset,
  field_byte_size,
  field_exists,
  field_signed,
  field_left_shift,
  field_right_shift,
  type_id_local,
  type_id_target,
  type_exists,
  type_size,
  enum_value_exists,
  enum_value,
  type_matches,
};
constexpr std::uint32_t core_kind_count = 13;

enum class CoreSubject : std::uint8_t { field, type, enumerator };
CoreSubject subject_of(CoreKind kind);

/// One step of an access: a named member, an element of an array, an enumerator.
struct CoreStep {
  std::uint32_t type_id = 0;  ///< the struct, the element, the enumeration
  std::uint32_t index = 0;
  std::string_view name;  ///< empty for elements
};

/// A place in a type: for a field its steps and its first bit; for an enumerator one step; for a
/// type as a whole none.
struct CorePlace {
  TypeRef root;
  std::vector<CoreStep> steps;
  std::uint64_t first_bit = 0;
};

/// The place that a record names in the object's own types.
Expected<CorePlace> parse_access(const Btf& btf, const CoreRecord& record, CoreKind kind);

/// The same place in `target`, or nothing when it has no such member, element or enumerator of a
/// compatible type.
Expected<std::optional<CorePlace>> find_access(const CorePlace& local, TypeRef target,
                                               CoreKind kind);

}  // namespace probity::object
