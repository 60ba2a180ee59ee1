// SPDX-License-Identifier: Apache-2.0
// When CO-RE takes a type of the object and a type of the kernel for "the same": three relations
// of growing strictness. Kinds and shapes only (types), kinds and names (fields), or members and
// sizes too (matches). Source: libbpf's relo_core.c.
#pragma once

#include "base/diagnostic.hpp"
#include "object/kernel_types.hpp"

namespace probity::object {

/// The type behind typedefs and modifiers; null when there is none.
struct ResolvedType {
  const btf_type* type = nullptr;
  std::uint32_t id = 0;
};
ResolvedType resolve(TypeRef type);

/// Same essential name; two types without one agree too.
bool have_same_name(std::string_view a, std::string_view b);

/// May one be relocated to the other as a whole? Names of the roots are the caller's business.
Expected<bool> are_types_compatible(TypeRef local, TypeRef target);
/// May a field of one type be read as a field of the other?
Expected<bool> are_fields_compatible(TypeRef local, TypeRef target);
/// Is everything that `local` says true of `target`? (bpf_core_type_matches)
Expected<bool> does_type_match(TypeRef local, TypeRef target);

}  // namespace probity::object
