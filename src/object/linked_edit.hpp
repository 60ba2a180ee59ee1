// SPDX-License-Identifier: Apache-2.0
// From a linked program back to the functions of its object: an optimizer works on linked slots,
// where maps are indexes and calls are distances; the file has relocations instead.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/diagnostic.hpp"
#include "object/edit.hpp"

namespace probity::object {

/// A slot of a function of the object.
struct FunctionPlace {
  std::uint32_t function = 0;  ///< index into Object::functions
  std::uint32_t slot = 0;      ///< in the function
  friend bool operator==(const FunctionPlace&, const FunctionPlace&) = default;
};

/// Where slot `slot` of a linked program comes from; `slot` must be below its number of slots.
FunctionPlace place_in_object(const Program& program, std::uint32_t slot);

/// New code of a linked program: its subprograms in the same order; `old_slot` of each slot counts
/// linked slots, of any subprogram. A copied slot that names a map, global data, an extern or a
/// function must be what linking made of it (registers aside); it gets back what the file has.
struct LinkedEdit {
  std::vector<EditedSlot> slots;
  std::vector<std::uint32_t> subprog_starts;  ///< first slot of each subprogram that is left
  /// Indexes of Program::subprogs that are left, ascending from 0, by entry of subprog_starts;
  /// empty: all of them. One that is not left is no longer called; its function stays as it was.
  std::vector<std::uint32_t> subprogs = {};
};

/// One edit for each function that differs, for Edit::replace. A new slot that would need a
/// relocation of its own is refused by name, and so is the name of a subprogram that is not left.
Expected<std::vector<FunctionEdit>> unlink_edit(const Object& object, const Program& program,
                                                const LinkedEdit& edit);

}  // namespace probity::object
