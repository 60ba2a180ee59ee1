// SPDX-License-Identifier: Apache-2.0
// Linking changes slots that carry a relocation or call a function, and no others. So a copied slot
// that linking had changed becomes the file's again, and every other slot stays as it is.
#include "object/linked_edit.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <numeric>
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
      : object_(object),
        program_(program),
        edit_(edit),
        left_(edit.subprogs),
        old_starts_(starts_of(program)) {
    for (const EditedSlot& edited : edit.slots) new_.push_back(edited.slot);
    if (left_.empty()) {
      left_.resize(program.subprogs.size());
      std::iota(left_.begin(), left_.end(), 0);
    }
    for (const std::uint32_t function : program.functions)
      raw_.push_back(raw_slots(object, object.functions[function]));
  }

  Expected<std::vector<FunctionEdit>> run() {
    TRY(check_shape());
    std::vector<FunctionEdit> edits;
    for (std::uint32_t i = 0; i < left_.size(); ++i) {
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
    for (std::size_t i = 0; i < left_.size(); ++i) {
      if (left_[i] >= program_.subprogs.size())
        return bad(
            fmt::format("subprogram {} is not below {}", left_[i], program_.subprogs.size()));
      if (std::ranges::count(left_, left_[i]) != 1)
        return bad(fmt::format("subprogram {} is left twice", left_[i]));
    }
    if (left_.empty() || left_[0] != 0) return bad("the new code is not that of its main function");
    const auto& starts = edit_.subprog_starts;
    if (starts.size() != left_.size() || starts[0] != 0)
      return bad(fmt::format("new code with {} subprograms for {}", starts.size(), left_.size()));
    if (!std::ranges::is_sorted(starts) || starts.back() > new_.size())
      return bad("the new subprograms are not in order");
    return {};
  }

  /// The new code of subprogram left_[index].
  Expected<FunctionEdit> unlink(std::uint32_t index) const {
    const std::uint32_t first = edit_.subprog_starts[index];
    const std::size_t end =
        index + 1 < left_.size() ? edit_.subprog_starts[index + 1] : new_.size();
    FunctionEdit result{program_.functions[left_[index]], {}};
    bool second_half = false;  // of an lddw: bears no meaning of its own
    for (std::uint32_t i = first; i < end; ++i) {
      EditedSlot edited = edit_.slots[i];
      std::optional<OldPlace> old;
      if (edited.origin != Origin::inserted) {
        TRY(old, old_place(i));
      }
      TRY(edited.slot, second_half ? restore_second(i, old) : restore(i, old));
      second_half = !second_half && edited.slot.opcode == bpf::row(bpf::Form::lddw).opcode;
      edited.old_slot = old ? old->slot : 0;
      edited.function.reset();
      if (old && old->subprog != left_[index]) edited.function = program_.functions[old->subprog];
      result.slots.push_back(edited);
    }
    return result;
  }

  struct OldPlace {
    std::uint32_t subprog = 0;
    std::uint32_t slot = 0;  // in it
  };

  Expected<OldPlace> old_place(std::uint32_t i) const {
    const std::uint32_t old_slot = edit_.slots[i].old_slot;
    if (old_slot >= program_.slots.size())
      return bad(fmt::format("new slot {}: old slot {} is not below {}", i, old_slot,
                             program_.slots.size()));
    const std::uint32_t subprog = subprog_of(old_starts_, old_slot);
    return OldPlace{subprog, old_slot - old_starts_[subprog]};
  }

  const Slot& raw_at(OldPlace old) const { return raw_[old.subprog][old.slot]; }

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
  Expected<Slot> restore(std::uint32_t i, std::optional<OldPlace> old) const {
    const EditedSlot& edited = edit_.slots[i];
    const bool copied = edited.origin == Origin::copied;
    if (!copied || !was_linked(edited.old_slot, raw_at(*old))) {
      const auto insn = bpf::decode(new_, i);
      if (insn && needs_relocation(*insn))
        return bad(
            fmt::format("new slot {}: a reference to a map or function that is not a copy "
                        "of an old one",
                        i));
      return edited.slot;
    }
    const Slot& was = program_.slots[edited.old_slot];
    const Slot& raw = raw_at(*old);
    const auto insn = bpf::decode(program_.slots, edited.old_slot);
    const bool names_subprog = insn && program::names_subprog(*insn);
    const bool same_target = names_subprog ? names_same(i) : edited.slot.imm == was.imm;
    const auto regs = restored_registers(edited.slot, was, raw);
    const bool same_opcode = edited.slot.opcode == was.opcode ||
                             (takes_number(edited.slot.opcode) && takes_number(was.opcode));
    if (!same_opcode || edited.slot.off != was.off || !same_target || !regs)
      return bad(fmt::format("new slot {}: copies linked slot {}, a reference, and differs", i,
                             edited.old_slot));
    Slot slot = raw;
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
    const auto subprog = static_cast<std::uint32_t>(found - old_starts_.begin());
    const auto left = std::ranges::find(left_, subprog);
    if (left == left_.end()) return false;
    return edit_.subprog_starts[static_cast<std::size_t>(left - left_.begin())] == new_target;
  }

  /// The second half of a reference holds what linking computed; else it is the new code's.
  Expected<Slot> restore_second(std::uint32_t i, std::optional<OldPlace> old) const {
    const EditedSlot& edited = edit_.slots[i];
    if (edited.origin != Origin::copied || old->slot == 0) return edited.slot;
    if (!was_linked(edited.old_slot - 1, raw_at({old->subprog, old->slot - 1}))) return edited.slot;
    if (edited.slot != program_.slots[edited.old_slot])
      return bad(fmt::format("new slot {}: copies the second half of a reference and differs", i));
    return raw_at(*old);
  }

  const Object& object_;
  const Program& program_;
  const LinkedEdit& edit_;
  std::vector<std::uint32_t> left_;  // old subprograms, by new one
  std::vector<std::uint32_t> old_starts_;
  std::vector<Slot> new_;
  std::vector<std::vector<Slot>> raw_;  // by old subprogram
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
