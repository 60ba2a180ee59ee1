// SPDX-License-Identifier: Apache-2.0
// The value that a CO-RE record asks for, in the object's own types and in the kernel's: offsets,
// sizes, shifts, existence, type ids, enumerators. All candidates of a kernel must agree; a field
// that no candidate has makes the insn one that must never run. Source: libbpf's relo_core.c.
#pragma once

#include <cstdint>

#include "object/core_access.hpp"

namespace probity::object {

/// How one insn changes.
struct CoreResult {
  std::uint64_t original = 0;  ///< what the compiler wrote, if `check_original`
  std::uint64_t relocated = 0;
  bool check_original = true;
  bool poison = false;              ///< no such thing in the kernel: the insn must be dead
  std::uint32_t original_size = 0;  ///< bytes of the field, for loads and stores; 0: no adjustment
  std::uint32_t relocated_size = 0;
  bool wrong_size = false;  ///< the sizes differ in a way that no load or store can mend
};

/// `candidates` are the kernel's types of that name; those that do not have the place are removed
/// when another one has it, as later records of the same type then ignore them too.
Expected<CoreResult> relocate(const Btf& btf, const CoreRecord& record,
                              std::vector<TypeRef>& candidates);

}  // namespace probity::object
