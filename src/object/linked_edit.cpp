// SPDX-License-Identifier: Apache-2.0
// Linking changes slots that carry a relocation or call a function, and no others. So a copied slot
// that linking had changed becomes the file's again, and every other slot stays as it is.
#include "object/linked_edit.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <optional>

#include "isa/bpf/codec.hpp"
#include "object/printable.hpp"
#include "program/flow.hpp"

namespace probity::object {
namespace {

using bpf::Slot;

std::uint32_t subprog_of(std::span<const std::uint32_t> starts, std::uint32_t slot) {
  const auto behind = std::ranges::upper_bound(starts, slot);
  return static_cast<std::uint32_t>(behind - starts.begin()) - 1;
}

std::vector<std::uint32_t> starts_of(const Program& program) {
  std::vector<std::uint32_t> starts;
  starts.reserve(program.subprogs.size());
  for (const program::Subprog& subprog : program.subprogs) starts.push_back(subprog.first_slot);
  return starts;
}

class Unlinker {
 public:
  Unlinker(const Object& object, const Program& program, const LinkedEdit& edit)
      : object_(object), program_(program), edit_(edit), old_starts_(starts_of(program)) {
    for (const EditedSlot& edited : edit.slots) new_.push_back(edited.slot);
  }

  Expected<std::vector<FunctionEdit>> run() {
    TRY(check_shape());
    std::vector<FunctionEdit> edits;
    for (std::uint32_t i = 0; i < program_.subprogs.size(); ++i) {
      TRY(FunctionEdit edit, unlink(i));
      if (edit != keep_function(object_, edit.function)) edits.push_back(std::move(edit));
    }
    return edits;
  }

 private:
  std::unexpected<Diagnostic> bad(const std::string& what) const {
    return error(Fault::bad_input, fmt::format("{}: {}", printable(program_.name), what));
  }

  Expected<void> check_shape() const {
    if (!edit_.subprogs.empty()) return bad("some subprograms are left out");
    const auto& starts = edit_.subprog_starts;
    if (starts.size() != program_.subprogs.size() || starts.empty() || starts[0] != 0)
      return bad(fmt::format("new code with {} subprograms for {}", starts.size(),
                             program_.subprogs.size()));
    if (!std::ranges::is_sorted(starts) || starts.back() > new_.size())
      return bad("the new subprograms are not in order");
    return {};
  }

  Expected<FunctionEdit> unlink(std::uint32_t subprog) const {
    const program::Subprog& old = program_.subprogs[subprog];
    const std::uint32_t first = edit_.subprog_starts[subprog];
    const std::size_t end =
        subprog + 1 < program_.subprogs.size() ? edit_.subprog_starts[subprog + 1] : new_.size();
    FunctionEdit result{program_.functions[subprog], {}};
    const std::vector<Slot> raw = raw_slots(object_, object_.functions[result.function]);
    bool second_half = false;  // of an lddw: bears no meaning of its own
    for (std::uint32_t i = first; i < end; ++i) {
      EditedSlot edited = edit_.slots[i];
      const bool has_old = edited.origin != Origin::inserted;
      if (has_old &&
          (edited.old_slot < old.first_slot || edited.old_slot >= old.first_slot + old.slot_count))
        return bad(fmt::format("new slot {}: old slot {} is not of subprogram {}", i,
                               edited.old_slot, printable(old.name)));
      const std::optional<std::uint32_t> at =
          has_old ? std::optional(edited.old_slot - old.first_slot) : std::nullopt;
      TRY(edited.slot, second_half ? restore_second(i, at, raw) : restore(i, at, raw));
      second_half = !second_half && edited.slot.opcode == bpf::row(bpf::Form::lddw).opcode;
      edited.old_slot = at.value_or(0);
      result.slots.push_back(edited);
    }
    return result;
  }

  /// True when linking changed the old slot, or left a reference in it.
  bool was_linked(std::uint32_t linked, const Slot& raw) const {
    if (program_.slots[linked] != raw) return true;
    const auto insn = bpf::decode(program_.slots, linked);
    if (!insn) return false;
    return needs_relocation(*insn);
  }

  static bool needs_relocation(const bpf::Insn& insn) {
    return insn.form == bpf::Form::call_local || insn.form == bpf::Form::call_kfunc ||
           (bpf::row(insn.form).meaning == bpf::Meaning::load_imm64 &&
            insn.form != bpf::Form::lddw);
  }

  /// The file's slot for new slot `i`, which is the first or only one of its insn.
  Expected<Slot> restore(std::uint32_t i, std::optional<std::uint32_t> at,
                         const std::vector<Slot>& raw) const {
    const EditedSlot& edited = edit_.slots[i];
    const bool copied = edited.origin == Origin::copied;
    if (!copied || !was_linked(edited.old_slot, raw[*at])) {
      const auto insn = bpf::decode(new_, i);
      if (insn && needs_relocation(*insn))
        return bad(
            fmt::format("new slot {}: a reference to a map or function that is not a copy "
                        "of an old one",
                        i));
      return edited.slot;
    }
    const Slot& was = program_.slots[edited.old_slot];
    const auto insn = bpf::decode(program_.slots, edited.old_slot);
    const bool names_subprog = insn && program::names_subprog(*insn);
    const bool same_target = names_subprog ? names_same(i) : edited.slot.imm == was.imm;
    const auto regs = restored_registers(edited.slot, was, raw[*at]);
    const bool same_opcode = edited.slot.opcode == was.opcode ||
                             (takes_number(edited.slot.opcode) && takes_number(was.opcode));
    if (!same_opcode || edited.slot.off != was.off || !same_target || !regs)
      return bad(fmt::format("new slot {}: copies linked slot {}, a reference, and differs", i,
                             edited.old_slot));
    Slot slot = raw[*at];
    if (edited.slot.opcode != was.opcode) slot.opcode = edited.slot.opcode;
    slot.regs = *regs;
    return slot;
  }

  /// The registers of a slot that linking changed from `raw` to `was`, and the new code to `is`;
  /// nothing when they cannot be changed.
  static std::optional<std::uint8_t> restored_registers(const Slot& is, const Slot& was,
                                                        const Slot& raw) {
    if (is.regs == was.regs) return raw.regs;
    if (was.opcode != raw.opcode || was.opcode == bpf::row(bpf::Form::call_local).opcode)
      return std::nullopt;
    if (was.opcode != bpf::row(bpf::Form::lddw).opcode) return is.regs;  // a field of CO-RE
    if (is.src() != was.src()) return std::nullopt;
    return static_cast<std::uint8_t>((raw.regs & 0xf0) | is.dst());
  }

  /// Both name the same subprogram, each at its own distance.
  bool names_same(std::uint32_t i) const {
    const auto is = bpf::decode(new_, i);
    const auto was = bpf::decode(program_.slots, edit_.slots[i].old_slot);
    if (!is || !was || !program::names_subprog(*is) || !program::names_subprog(*was)) return false;
    const std::int64_t new_target = program::named_subprog_slot(*is, i);
    const std::int64_t old_target = program::named_subprog_slot(*was, edit_.slots[i].old_slot);
    const auto found = std::ranges::find(old_starts_, old_target);
    if (found == old_starts_.end()) return false;
    const auto subprog = static_cast<std::size_t>(found - old_starts_.begin());
    return edit_.subprog_starts[subprog] == new_target;
  }

  /// The second half of a reference holds what linking computed; else it is the new code's.
  Expected<Slot> restore_second(std::uint32_t i, std::optional<std::uint32_t> at,
                                const std::vector<Slot>& raw) const {
    const EditedSlot& edited = edit_.slots[i];
    if (edited.origin != Origin::copied || *at == 0) return edited.slot;
    if (!was_linked(edited.old_slot - 1, raw[*at - 1])) return edited.slot;
    if (edited.slot != program_.slots[edited.old_slot])
      return bad(fmt::format("new slot {}: copies the second half of a reference and differs", i));
    return raw[*at];
  }

  const Object& object_;
  const Program& program_;
  const LinkedEdit& edit_;
  std::vector<std::uint32_t> old_starts_;
  std::vector<Slot> new_;
};

}  // namespace

FunctionPlace place_in_object(const Program& program, std::uint32_t slot) {
  const std::uint32_t subprog = subprog_of(starts_of(program), slot);
  return {program.functions[subprog], slot - program.subprogs[subprog].first_slot};
}

Expected<std::vector<FunctionEdit>> unlink_edit(const Object& object, const Program& program,
                                                const LinkedEdit& edit) {
  return Unlinker(object, program, edit).run();
}

}  // namespace probity::object
