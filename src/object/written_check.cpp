// SPDX-License-Identifier: Apache-2.0
// The expected program is computed from the old linked one and the edit alone, without the writer's
// tables: a slot that was copied is the old linked slot, save the distance of what jumps or names a
// subprogram. A slot of a function that the program did not reach is taken from one that did.
#include "object/written_check.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <tuple>
#include <unordered_map>

#include "isa/bpf/codec.hpp"
#include "object/printable.hpp"
#include "program/flow.hpp"

namespace probity::object {
namespace {

using bpf::Slot;

std::unexpected<Diagnostic> differs(std::string_view where, const std::string& what) {
  return error(Fault::bug, fmt::format("written object differs: {}: {}", printable(where), what));
}

using Line = std::tuple<std::uint32_t, std::uint32_t, std::string_view, std::string_view>;
using Core = std::tuple<std::uint32_t, std::uint32_t, std::uint32_t, std::string_view>;

/// A slot of an old linked program.
struct LinkedSlot {
  const Program& program;
  const program::Subprog& subprog;
  std::uint32_t function = 0;
  std::uint32_t slot = 0;

  const Slot& linked() const { return program.slots[slot]; }
};

/// One linked program before and after.
class ProgramCheck {
 public:
  ProgramCheck(const Edit& edit, const Program& was, const Program& is)
      : edit_(edit), was_(was), is_(is) {}

  Expected<void> run() {
    if (is_.name != was_.name || is_.section != was_.section)
      return differs(was_.name,
                     fmt::format("is {} in {}", printable(is_.name), printable(is_.section)));
    TRY(visit());
    if (is_.functions != reached_) return differs(was_.name, "reaches other functions");
    // Slots with a problem may be gone or be there twice.
    if (!had_problems_ && !is_.problems.empty()) return differs(was_.name, is_.problems.front());
    for (std::uint32_t i = 0; i < is_.subprogs.size(); ++i) TRY(check_subprog(i));
    std::ranges::sort(expected_core_);
    std::vector<Core> core;
    core.reserve(is_.core.size());
    for (const CoreRelocation& relocation : is_.core) core.push_back(core_at(relocation));
    std::ranges::sort(core);
    if (core != expected_core_)
      return differs(was_.name, fmt::format("{} CO-RE records, expected {}", core.size(),
                                            expected_core_.size()));
    return {};
  }

 private:
  static Core core_at(const CoreRelocation& relocation) {
    return {relocation.slot, relocation.record.type_id, relocation.record.kind,
            relocation.record.access};
  }

  /// The old slot of an edited one of `function`; nothing when no program reaches its function.
  std::optional<LinkedSlot> old_of(std::uint32_t function, const EditedSlot& edited) const {
    const std::uint32_t from = edited.function.value_or(function);
    const auto in = [&](const Program& program) -> std::optional<LinkedSlot> {
      const auto found = std::ranges::find(program.functions, from);
      if (found == program.functions.end()) return std::nullopt;
      const auto& subprog =
          program.subprogs[static_cast<std::size_t>(found - program.functions.begin())];
      return LinkedSlot{program, subprog, from, subprog.first_slot + edited.old_slot};
    };
    if (const auto here = in(was_)) return here;
    for (const Program& program : edit_.object().programs)
      if (const auto there = in(program)) return there;
    return std::nullopt;
  }

  /// The function that an old linked slot names.
  static std::optional<std::uint32_t> named_by(const LinkedSlot& old) {
    const auto target = named_slot(old.program.slots, old.slot);
    if (!target) return std::nullopt;
    const auto& subprogs = old.program.subprogs;
    const auto named = std::ranges::find(subprogs, *target, &program::Subprog::first_slot);
    if (named == subprogs.end()) return std::nullopt;  // a problem of the program
    return old.program.functions[static_cast<std::size_t>(named - subprogs.begin())];
  }

  /// Collects what is reached now in the linker's order: a callee is finished before its caller.
  Expected<void> visit() {
    struct Frame {
      std::uint32_t index;  // of reached_
      std::uint32_t next = 0;
    };
    std::vector<Frame> frames;
    const auto enter = [&](std::uint32_t function) {
      const auto index = static_cast<std::uint32_t>(reached_.size());
      place_of_[function] = index;
      reached_.push_back(function);
      codes_.push_back(code_of(function));
      frames.push_back({index});
    };
    enter(was_.function);
    while (!frames.empty()) {
      const std::uint32_t index = frames.back().index;
      const std::uint32_t at = frames.back().next++;
      if (at >= codes_[index].slots.size()) {
        frames.pop_back();
        continue;
      }
      const EditedSlot& slot = codes_[index].slots[at];
      if (slot.origin != Origin::copied) continue;
      const auto old = old_of(reached_[index], slot);
      if (!old) return differs(was_.name, "has code of a function that no program reached");
      had_problems_ |= !old->program.problems.empty();
      const auto callee = named_by(*old);
      if (callee && !place_of_.contains(*callee)) enter(*callee);
    }
    return {};
  }

  FunctionEdit code_of(std::uint32_t function) const {
    const auto found = edit_.functions().find(function);
    return found != edit_.functions().end() ? found->second
                                            : keep_function(edit_.object(), function);
  }

  std::unexpected<Diagnostic> differs_at(std::uint32_t slot, const std::string& what) const {
    return differs(was_.name, fmt::format("slot {}: {}", slot, what));
  }

  /// Subprogram `index` of what was written.
  Expected<void> check_subprog(std::uint32_t index) {
    const program::Subprog& is = is_.subprogs[index];
    const FunctionEdit& code = codes_[index];
    const auto was = *old_of(reached_[index], {{}, Origin::copied, 0});
    if (is.slot_count != code.slots.size())
      return differs(was_.name,
                     fmt::format("subprogram {} has {} slots, expected {}",
                                 printable(was.subprog.name), is.slot_count, code.slots.size()));
    if (has_line(was.program, was.slot, 1) && !has_line(is_, is.first_slot, 1))
      return differs_at(is.first_slot, "has no source line, and starts a function that had one");
    const bool with_lines = has_line(was.program, was.slot, was.subprog.slot_count);
    for (std::uint32_t i = 0; i < is.slot_count; ++i) {
      const std::uint32_t at = is.first_slot + i;
      const EditedSlot& edited = code.slots[i];
      if (edited.origin == Origin::inserted) {
        TRY(check_slot(at, edited.slot));
        continue;
      }
      const auto old = old_of(reached_[index], edited);
      if (!old) return differs_at(at, "is of a function that no program reached");
      TRY(check_slot(at, expected_slot(*old, at, edited)));
      const Line line = line_at(old->program, old->subprog, old->slot);
      // No record says "no line": behind a slot that has one, such a slot has its. A function
      // without lines gets none with code of another.
      const bool wanted = line != Line() && (with_lines || !edited.function);
      if (wanted && line_at(is_, is, at) != line) return differs_at(at, "has another source line");
      if (edited.origin == Origin::copied) expect_core(at, *old);
    }
    return {};
  }

  Expected<void> check_slot(std::uint32_t at, const Slot& expected) const {
    if (is_.slots[at] == expected) return {};
    return differs_at(at,
                      fmt::format("is {}, expected {}", text_of(is_.slots[at]), text_of(expected)));
  }

  static std::string text_of(const Slot& slot) {
    return fmt::format("{:02x} {:02x} off {} imm {}", slot.opcode, slot.regs, slot.off, slot.imm);
  }

  Slot expected_slot(const LinkedSlot& old, std::uint32_t at, const EditedSlot& edited) const {
    if (edited.origin != Origin::copied) return edited.slot;
    const Slot& is = is_.slots[at];
    Slot expected = old.linked();
    const Slot raw = raw_slot(old);
    if (expected == raw) {  // linking had no part in it
      expected = edited.slot;
    } else if (edited.slot.regs != raw.regs) {  // it gave the source of a reference
      expected.regs = static_cast<std::uint8_t>((expected.regs & 0xf0) | edited.slot.dst());
    }
    if (named_slot(old.program.slots, old.slot)) {
      const auto named = named_by(old);
      if (!named) return is.opcode == expected.opcode ? is : expected;
      const program::Subprog& target = is_.subprogs[place_of_.at(*named)];
      expected.imm = static_cast<std::int32_t>(std::int64_t{target.first_slot} - at - 1);
      return expected;
    }
    const auto insn = bpf::decode(old.program.slots, old.slot);
    if (!insn) return expected;
    const program::InsnFlow flow = program::flow_of(*insn, old.slot);
    const bool inside = flow.target >= old.subprog.first_slot &&
                        flow.target < old.subprog.first_slot + old.subprog.slot_count;
    if (flow.jumps && !inside) {
      // The linked program has nothing behind such a jump; only the file does.
      expected.off = is.off;
      expected.imm = is.imm;
    }
    const bool named_by_kernel =
        insn->form == bpf::Form::call_kfunc || insn->form == bpf::Form::lddw_var;
    if (named_by_kernel && external(is_, is) == external(old.program, expected))
      expected.imm = is.imm;
    return expected;
  }

  static std::string_view external(const Program& program, const Slot& call) {
    const auto index = static_cast<std::uint32_t>(call.imm);
    return index < program.externals.size() ? program.externals[index].name : std::string_view();
  }

  Slot raw_slot(const LinkedSlot& old) const {
    const Function& function = edit_.object().functions[old.function];
    return bpf::slot_at(edit_.object().elf.sections[function.section].data,
                        function.first_slot + old.slot - old.subprog.first_slot);
  }

  /// Does one of `count` slots from `slot` have a record of its own?
  static bool has_line(const Program& program, std::uint32_t slot, std::uint32_t count) {
    const auto found = std::ranges::lower_bound(program.lines, slot, {}, &program::LineInfo::slot);
    return found != program.lines.end() && found->slot < slot + count;
  }

  static Line line_at(const Program& program, const program::Subprog& subprog, std::uint32_t slot) {
    const auto behind = std::ranges::upper_bound(program.lines, slot, {}, &program::LineInfo::slot);
    if (behind == program.lines.begin()) return {};
    const program::LineInfo& line = *std::prev(behind);
    if (line.slot < subprog.first_slot) return {};
    return {line.line, line.column, line.file, line.text};
  }

  void expect_core(std::uint32_t at, const LinkedSlot& old) {
    for (const CoreRelocation& relocation : old.program.core) {
      if (relocation.slot != old.slot) continue;
      Core core = core_at(relocation);
      std::get<0>(core) = at;
      expected_core_.push_back(core);
    }
  }

  const Edit& edit_;
  const Program& was_;
  const Program& is_;
  std::vector<std::uint32_t> reached_;          // functions, in the order of the new subprograms
  std::vector<FunctionEdit> codes_;             // by new subprogram
  bool had_problems_ = !was_.problems.empty();  // or a program of which it has code had
  std::unordered_map<std::uint32_t, std::uint32_t> place_of_;  // function to new subprogram
  std::vector<Core> expected_core_;
};

Expected<void> check_functions(const Edit& edit, const Object& is) {
  const Object& was = edit.object();
  if (is.functions.size() != was.functions.size())
    return differs(was.name, fmt::format("{} functions, expected {}", is.functions.size(),
                                         was.functions.size()));
  for (std::uint32_t i = 0; i < was.functions.size(); ++i) {
    const auto found = edit.functions().find(i);
    const std::size_t count =
        found != edit.functions().end() ? found->second.slots.size() : was.functions[i].slot_count;
    if (is.functions[i].name != was.functions[i].name ||
        is.functions[i].section != was.functions[i].section || is.functions[i].slot_count != count)
      return differs(was.functions[i].name, fmt::format("is {} with {} slots, expected {}",
                                                        printable(is.functions[i].name),
                                                        is.functions[i].slot_count, count));
  }
  return {};
}

Expected<void> check_maps(const Object& was, const Object& is) {
  const auto same = [](const MapSlot& a, const MapSlot& b) {
    return a.index == b.index && a.kind == b.kind && a.target == b.target;
  };
  if (is.maps.size() != was.maps.size())
    return differs(was.name, fmt::format("{} maps, expected {}", is.maps.size(), was.maps.size()));
  for (std::size_t i = 0; i < was.maps.size(); ++i) {
    if (is.maps[i].name != was.maps[i].name || is.maps[i].type != was.maps[i].type ||
        !std::ranges::equal(is.map_info[i].initial_slots, was.map_info[i].initial_slots, same))
      return differs(was.maps[i].name, "is another map");
  }
  return {};
}

}  // namespace

Expected<void> check_written(const Edit& edit, const Object& written) {
  const Object& was = edit.object();
  TRY(check_functions(edit, written));
  TRY(check_maps(was, written));
  if (written.programs.size() != was.programs.size())
    return differs(was.name, fmt::format("{} programs, expected {}", written.programs.size(),
                                         was.programs.size()));
  for (std::size_t i = 0; i < was.programs.size(); ++i)
    TRY(ProgramCheck(edit, was.programs[i], written.programs[i]).run());
  return {};
}

}  // namespace probity::object
