// SPDX-License-Identifier: Apache-2.0
// Checking and retargeting edits. An edit that names something it cannot keep right is refused
// when it is added, so that the writer only moves things.
#include "object/edit.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "base/bytes.hpp"
#include "base/check.hpp"
#include "isa/bpf/codec.hpp"
#include "object/limits.hpp"
#include "object/printable.hpp"
#include "program/flow.hpp"

namespace probity::object {
namespace {

using bpf::Slot;

constexpr std::uint64_t slot_bytes = sizeof(Slot);

/// A record that fixes the insn at its slot.
enum class Tie : std::uint8_t { none, relocation, core, subprog };

std::string_view describe(Tie tie) {
  switch (tie) {
    case Tie::none: return "nothing";
    case Tie::relocation: return "a relocation";
    case Tie::core: return "a CO-RE record";
    case Tie::subprog: return "the place of a function";
  }
  PROBITY_UNREACHABLE("Tie");
}

std::vector<Slot> new_slots(const FunctionEdit& edit) {
  std::vector<Slot> slots;
  slots.reserve(edit.slots.size());
  for (const EditedSlot& edited : edit.slots) slots.push_back(edited.slot);
  return slots;
}

/// A function before the edit.
struct OldCode {
  std::vector<Slot> slots;
  std::vector<Tie> ties;  // by slot
};

Expected<OldCode> old_code(const Object& object, const Function& function) {
  OldCode code{raw_slots(object, function), {}};
  code.ties.assign(code.slots.size(), Tie::none);
  const std::uint32_t first = function.first_slot;
  for (const CoreRecord& record : object.ext.core) {
    if (record.place.section != function.section || record.place.slot < first) continue;
    if (record.place.slot - first < code.ties.size())
      code.ties[record.place.slot - first] = Tie::core;
  }
  for (const Relocation& relocation : object.elf.relocations_of(function.section)) {
    const std::uint64_t slot = relocation.offset / slot_bytes;
    if (slot >= first && slot - first < code.ties.size()) code.ties[slot - first] = Tie::relocation;
  }
  for (std::size_t at = 0; at < code.slots.size();) {
    const auto insn = bpf::decode(code.slots, at);
    if (!insn)
      return error(Fault::bad_input, fmt::format("function {} cannot be moved: {}",
                                                 printable(function.name), insn.error().line()));
    if (program::names_subprog(*insn) && code.ties[at] == Tie::none) code.ties[at] = Tie::subprog;
    if (insn->slot_count() == 2) code.ties[at + 1] = code.ties[at];
    at += insn->slot_count();
  }
  return code;
}

/// One check of one edit.
class Checker {
 public:
  Checker(const Object& object, const FunctionEdit& edit)
      : object_(object),
        edit_(edit),
        function_(object.functions[edit.function]),
        new_(new_slots(edit)) {}

  Expected<void> run() {
    TRY(check_place());
    if (new_.empty()) return bad("would be empty");
    if (new_.size() > limits::program_slots)
      return error(Fault::limit, fmt::format("{}: {} slots exceed the limit of {}", name(),
                                             new_.size(), limits::program_slots));
    TRY(find_old());
    TRY(find_starts());
    for (std::uint32_t i = 0; i < new_.size(); ++i) TRY(check_slot(i));
    return {};
  }

 private:
  std::string name() const { return printable(function_.name); }

  std::unexpected<Diagnostic> bad(const std::string& what) const {
    return error(Fault::bad_input, fmt::format("function {} {}", name(), what));
  }
  std::unexpected<Diagnostic> bad_slot(std::uint32_t slot, const std::string& what) const {
    return error(Fault::bad_input, fmt::format("function {}, new slot {}: {}", name(), slot, what));
  }
  std::unexpected<Diagnostic> unsupported_slot(std::uint32_t slot, const std::string& what) const {
    return error(Fault::unsupported,
                 fmt::format("function {}, new slot {}: {}", name(), slot, what));
  }

  /// Its slots are its own.
  Expected<void> check_place() const {
    for (const Function& other : object_.functions) {
      if (&other == &function_ || other.section != function_.section) continue;
      if (other.first_slot < function_.first_slot + function_.slot_count &&
          function_.first_slot < other.first_slot + other.slot_count)
        return bad(fmt::format("shares slots with function {}", printable(other.name)));
    }
    return {};
  }

  std::uint32_t function_of(const EditedSlot& edited) const {
    return edited.function.value_or(edit_.function);
  }
  const OldCode& old_of(const EditedSlot& edited) const { return old_.at(function_of(edited)); }

  /// The edited function's old code, and that of each function of which there are slots.
  Expected<void> find_old() {
    TRY(OldCode own, old_code(object_, function_));
    old_.emplace(edit_.function, std::move(own));
    for (std::uint32_t i = 0; i < edit_.slots.size(); ++i) {
      const EditedSlot& edited = edit_.slots[i];
      if (edited.origin == Origin::inserted || old_.contains(function_of(edited))) continue;
      if (*edited.function >= object_.functions.size())
        return bad_slot(i, fmt::format("function {} is not below {}", *edited.function,
                                       object_.functions.size()));
      const Function& from = object_.functions[*edited.function];
      if (!is_linked(*edited.function))
        return unsupported_slot(
            i, fmt::format("is of function {}, which no program reaches", printable(from.name)));
      TRY(OldCode other, old_code(object_, from));
      old_.emplace(*edited.function, std::move(other));
    }
    return {};
  }

  bool is_linked(std::uint32_t function) const {
    return std::ranges::any_of(object_.programs, [&](const Program& program) {
      return std::ranges::find(program.functions, function) != program.functions.end();
    });
  }

  Expected<void> find_starts() {
    starts_.assign(new_.size(), false);
    for (std::size_t at = 0; at < new_.size();) {
      const auto insn = bpf::decode(new_, at);
      if (!insn) return bad("has bad code: " + std::string(insn.error().line()));
      starts_[at] = true;
      at += insn->slot_count();
    }
    return {};
  }

  Expected<void> check_slot(std::uint32_t i) const {
    const EditedSlot& edited = edit_.slots[i];
    if (edited.origin != Origin::inserted && edited.old_slot >= old_of(edited).slots.size())
      return bad_slot(i, fmt::format("old slot {}{} is not below {}", edited.old_slot,
                                     of_function(edited), old_of(edited).slots.size()));
    const bool copied = edited.origin == Origin::copied;
    const Tie tie = copied ? old_of(edited).ties[edited.old_slot] : Tie::none;
    if (tie != Tie::none) TRY(check_tied(i, tie));
    if (copied && edited.function) TRY(check_foreign(i, tie));
    if (!starts_[i]) return {};
    const bpf::Insn insn = *bpf::decode(new_, i);
    if (program::names_subprog(insn) && tie == Tie::none)
      return bad_slot(i, "names a function and is not a copy of an old slot that does");
    const program::InsnFlow flow = program::flow_of(insn, i);
    const bool kept =
        copied && leaves_function(edited) && edited.slot == old_of(edited).slots[edited.old_slot];
    if (!flow.jumps || kept) return {};
    if (flow.target < 0 || flow.target >= static_cast<std::int64_t>(new_.size()) ||
        !starts_[static_cast<std::size_t>(flow.target)])
      return bad_slot(i, fmt::format("jumps to {}, where no insn of its {} slots starts",
                                     flow.target, new_.size()));
    return {};
  }

  std::string of_function(const EditedSlot& edited) const {
    if (!edited.function) return "";
    return fmt::format(" of function {}", printable(object_.functions[*edited.function].name));
  }

  /// What a slot of another function may not be.
  Expected<void> check_foreign(std::uint32_t i, Tie tie) const {
    const EditedSlot& edited = edit_.slots[i];
    const Function& from = object_.functions[*edited.function];
    const bool call =
        old_of(edited).slots[edited.old_slot].opcode == bpf::row(bpf::Form::call_local).opcode;
    if (tie == Tie::subprog && !call && from.section != function_.section)
      return unsupported_slot(
          i, fmt::format("old slot {}{} names a function of section {} by its distance, which "
                         "cannot be done from section {}",
                         edited.old_slot, of_function(edited), section_name(from),
                         section_name(function_)));
    if (leaves_function(edited))
      return unsupported_slot(i, fmt::format("old slot {}{} jumps out of its function",
                                             edited.old_slot, of_function(edited)));
    return {};
  }

  std::string section_name(const Function& function) const {
    return printable(object_.elf.sections[function.section].name);
  }

  Expected<void> check_tied(std::uint32_t i, Tie tie) const {
    const EditedSlot& edited = edit_.slots[i];
    const Slot& was = old_of(edited).slots[edited.old_slot];
    const Slot& is = edited.slot;
    const bool call = bpf::row(bpf::Form::call_local).opcode == was.opcode;
    const bool source_counts = tie != Tie::core || bpf::row(bpf::Form::lddw).opcode == was.opcode;
    // A loader patches the number of any arithmetic, whatever it does with it.
    const bool same_opcode =
        is.opcode == was.opcode ||
        (tie == Tie::core && takes_number(is.opcode) && takes_number(was.opcode));
    const bool same = same_opcode && is.off == was.off && is.imm == was.imm &&
                      (!call || is.regs == was.regs) && (!source_counts || is.src() == was.src());
    if (!same)
      return bad_slot(i, fmt::format("is a copy of old slot {}{}, which carries {}, and differs",
                                     edited.old_slot, of_function(edited), describe(tie)));
    const std::uint32_t next = edited.old_slot + 1;
    if (was.opcode != bpf::row(bpf::Form::lddw).opcode) return {};
    // The decoder saw a second slot behind both.
    const EditedSlot& second = edit_.slots[i + 1];
    if (second.origin != Origin::copied || second.old_slot != next ||
        second.function != edited.function)
      return bad_slot(i + 1, fmt::format("is not a copy of old slot {}{}, the second half of an "
                                         "insn that carries {}",
                                         next, of_function(edited), describe(tie)));
    return {};
  }

  /// Did the old insn jump out of its function? The writer retargets a copy of it.
  bool leaves_function(const EditedSlot& edited) const {
    const std::vector<Slot>& old = old_of(edited).slots;
    const auto insn = bpf::decode(old, edited.old_slot);
    if (!insn) return false;
    const program::InsnFlow flow = program::flow_of(*insn, edited.old_slot);
    const bool outside = flow.target < 0 || flow.target >= static_cast<std::int64_t>(old.size());
    return flow.jumps && outside;
  }

  const Object& object_;
  const FunctionEdit& edit_;
  const Function& function_;
  std::vector<Slot> new_;
  std::map<std::uint32_t, OldCode> old_;  // by function
  std::vector<bool> starts_;
};

/// The same edit with one way to say where a slot is from.
FunctionEdit normal(FunctionEdit edit) {
  for (EditedSlot& slot : edit.slots)
    if (slot.origin == Origin::inserted || slot.function == edit.function) slot.function.reset();
  return edit;
}

/// Does the slot stand for one of the function's own?
bool has_own_old(const EditedSlot& edited) {
  return edited.origin != Origin::inserted && !edited.function;
}

/// New places of old slots, as jumps see them.
std::vector<std::int64_t> landing_places(const FunctionEdit& edit, std::size_t old_count,
                                         Landing landing) {
  constexpr std::int64_t none = -1;
  std::vector<std::int64_t> places(old_count + 1, none);
  places[old_count] = static_cast<std::int64_t>(edit.slots.size());
  std::int64_t inserted_from = none;
  for (std::size_t i = 0; i < edit.slots.size(); ++i) {
    const auto here = static_cast<std::int64_t>(i);
    if (!has_own_old(edit.slots[i])) {
      if (inserted_from == none) inserted_from = here;
      continue;
    }
    std::int64_t& place = places[edit.slots[i].old_slot];
    const bool early = landing == Landing::on_inserted && inserted_from != none;
    if (place == none) place = early ? inserted_from : here;
    inserted_from = none;
  }
  for (std::size_t i = old_count; i-- > 0;)
    if (places[i] == none) places[i] = places[i + 1];
  return places;
}

/// The slot with its jump going from `at` to `target`; nothing when the field is too small.
std::optional<Slot> with_target(Slot slot, bpf::Form form, std::int64_t at, std::int64_t target) {
  const std::int64_t distance = target - at - 1;
  if (form == bpf::Form::ja32) {
    if (distance != static_cast<std::int32_t>(distance)) return std::nullopt;
    slot.imm = static_cast<std::int32_t>(distance);
    return slot;
  }
  if (distance != static_cast<std::int16_t>(distance)) return std::nullopt;
  slot.off = static_cast<std::int16_t>(distance);
  return slot;
}

}  // namespace

bool takes_number(std::uint8_t opcode) {
  const auto form = bpf::find_form(Slot{opcode, 0, 0, 0});
  return form && bpf::row(*form).meaning == bpf::Meaning::alu &&
         bpf::row(*form).operands == bpf::Operands::dst_imm;
}

std::vector<bpf::Slot> raw_slots(const Object& object, const Function& function) {
  const std::span code = object.elf.sections[function.section].data;
  std::vector<Slot> slots(function.slot_count);
  for (std::size_t i = 0; i < slots.size(); ++i)
    slots[i] = bpf::slot_at(code, function.first_slot + i);
  return slots;
}

std::optional<std::int64_t> named_slot(std::span<const Slot> slots, std::uint32_t at) {
  const auto form = bpf::find_form(slots[at]);
  if (form != bpf::Form::call_local && form != bpf::Form::lddw_func) return std::nullopt;
  return std::int64_t{at} + 1 + slots[at].imm;
}

FunctionEdit keep_function(const Object& object, std::uint32_t function) {
  FunctionEdit edit{function, {}};
  for (const Slot& slot : raw_slots(object, object.functions[function]))
    edit.slots.push_back({slot, Origin::copied, static_cast<std::uint32_t>(edit.slots.size())});
  return edit;
}

Expected<FunctionEdit> retarget_jumps(const Object& object, FunctionEdit edit, Landing landing) {
  edit = normal(std::move(edit));
  const Function& function = object.functions[edit.function];
  const std::vector<Slot> slots = new_slots(edit);
  for (const EditedSlot& edited : edit.slots)
    if (has_own_old(edited) && edited.old_slot >= function.slot_count)
      return error(Fault::bad_input,
                   fmt::format("function {}: old slot {} is not below {}", printable(function.name),
                               edited.old_slot, function.slot_count));
  const auto places = landing_places(edit, function.slot_count, landing);
  for (std::size_t i = 0; i < slots.size();) {
    const auto decoded = bpf::decode(slots, i);
    if (!decoded)
      return error(Fault::bad_input, fmt::format("function {} cannot be moved: {}",
                                                 printable(function.name), decoded.error().line()));
    const bpf::Insn& insn = *decoded;
    EditedSlot& edited = edit.slots[i];
    const program::InsnFlow flow = program::flow_of(insn, edited.old_slot);
    const bool inside = flow.target >= 0 && flow.target < std::int64_t{function.slot_count};
    if (flow.jumps && has_own_old(edited) && inside) {
      const std::int64_t target = places[static_cast<std::size_t>(flow.target)];
      const auto moved = with_target(edited.slot, insn.form, static_cast<std::int64_t>(i), target);
      if (!moved)
        return error(Fault::bad_input,
                     fmt::format("function {}, new slot {}: jump to {} does not fit its field",
                                 printable(function.name), i, target));
      edited.slot = *moved;
    }
    i += insn.slot_count();
  }
  return edit;
}

Edit Edit::of(const Object& object) const {
  Edit edit(object);
  edit.functions_ = functions_;
  return edit;
}

Expected<void> Edit::replace(FunctionEdit edit) {
  if (edit.function >= object_->functions.size())
    return error(Fault::bad_input, fmt::format("function {} is not below {}", edit.function,
                                               object_->functions.size()));
  edit = normal(std::move(edit));
  if (edit == keep_function(*object_, edit.function)) {
    if (!functions_.contains(edit.function)) return {};
  } else {
    TRY(Checker(*object_, edit).run());
  }
  const auto [entry, added] = functions_.try_emplace(edit.function, edit);
  if (!added && entry->second != edit)
    return error(Fault::bad_input, fmt::format("function {} is edited twice, in different ways",
                                               printable(object_->functions[edit.function].name)));
  return {};
}

}  // namespace probity::object
