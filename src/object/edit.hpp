// SPDX-License-Identifier: Apache-2.0
// New code for functions of an object, before it is written back (write.hpp). Each new slot says
// what it has to do with an old one, because that decides where relocations, CO-RE records and
// source lines go: they follow slots that are copied, and are dropped with slots that are not. Slot
// numbers count from the function's first slot.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "base/diagnostic.hpp"
#include "object/object.hpp"

namespace probity::object {

enum class Origin : std::uint8_t {
  inserted,  ///< has no old slot; bears the line of the slot before it
  /// Is the old insn. Where it carries a record it may have other registers, and arithmetic with a
  /// number that CO-RE patches may be other such arithmetic.
  copied,
  replaced,  ///< stands for the old insn: bears its line, but no relocation and no CO-RE record
};

struct EditedSlot {
  bpf::Slot slot;
  Origin origin = Origin::inserted;
  std::uint32_t old_slot = 0;  ///< counted in its function; unused when inserted
  /// Index into Object::functions, where old_slot is of another function than the one edited: code
  /// of a callee in place of its call. In a LinkedEdit old_slot alone says so.
  std::optional<std::uint32_t> function = {};
  friend bool operator==(const EditedSlot&, const EditedSlot&) = default;
};

/// Is it arithmetic with an immediate, which is where a CO-RE record's number goes?
bool takes_number(std::uint8_t opcode);

/// All of a function's new code. Jumps have the displacements of the new code, save those that
/// leave the function: they, calls of subprograms, and slots with a relocation are copied as they
/// were, and the writer adjusts them.
struct FunctionEdit {
  std::uint32_t function = 0;  ///< index into Object::functions
  std::vector<EditedSlot> slots;
  friend bool operator==(const FunctionEdit&, const FunctionEdit&) = default;
};

/// The slots of a function as the file has them, before linking.
std::vector<bpf::Slot> raw_slots(const Object& object, const Function& function);

/// The slot that a call or callback at slot `at` names by its distance; nothing for other insns.
/// Only opcode and source decide, as in linking: fields that must be zero are validation's
/// business.
std::optional<std::int64_t> named_slot(std::span<const bpf::Slot> slots, std::uint32_t at);

/// The function as it is: every slot copied.
FunctionEdit keep_function(const Object& object, std::uint32_t function);

/// Where a jump goes when new slots stand before its target.
enum class Landing : std::uint8_t {
  on_inserted,  ///< to the first of the inserted slots right before the target
  on_target,    ///< past them
};

/// Corrects the jumps of code whose slots were only rearranged: a copied or replaced jump comes
/// with a displacement that counts from its old slot in old slots, and gets the one that leads to
/// where the old target is now; the target of a deleted slot is the next one that is left. Inserted
/// jumps stay; slots of other functions count as inserted. A displacement that does not fit is bad
/// input, by name.
Expected<FunctionEdit> retarget_jumps(const Object& object, FunctionEdit edit, Landing landing);

/// The edits of one object. Each is checked when it is added: slots decode, jumps land on insns of
/// the function, and a slot that carries a relocation or a CO-RE record is still the same insn.
/// Copies of another function's jumps have the displacements of the new code.
class Edit {
 public:
  explicit Edit(const Object& object) : object_(&object) {}

  /// A second edit of a function must be the same as the first: a function that several programs
  /// share has one code.
  Expected<void> replace(FunctionEdit edit);

  /// The same edits of another reading of the same bytes, which must outlive the result.
  Edit of(const Object& object) const;

  const Object& object() const { return *object_; }
  const std::map<std::uint32_t, FunctionEdit>& functions() const { return functions_; }

 private:
  const Object* object_;
  std::map<std::uint32_t, FunctionEdit> functions_;  // those that differ from what the file has
};

}  // namespace probity::object
