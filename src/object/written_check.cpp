// SPDX-License-Identifier: Apache-2.0
// The expected program is computed from the old linked one and the edit alone, without the writer's
// tables: a slot that was copied is the old linked slot, save the distance of what jumps or names a
// subprogram.
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

/// One linked program before and after.
class ProgramCheck {
 public:
  ProgramCheck(const Edit& edit, const Program& was, const Program& is)
      : edit_(edit), was_(was), is_(is) {}

  Expected<void> run() {
    if (is_.name != was_.name || is_.section != was_.section)
      return differs(was_.name,
                     fmt::format("is {} in {}", printable(is_.name), printable(is_.section)));
    visit(0);
    if (is_.functions != reached_) return differs(was_.name, "reaches other functions");
    // Slots with a problem may be gone or be there twice.
    if (was_.problems.empty() && !is_.problems.empty())
      return differs(was_.name, is_.problems.front());
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

  /// The subprogram that an old linked slot names.
  std::optional<std::uint32_t> named_by(std::uint32_t old_slot) const {
    const auto target = named_slot(was_.slots, old_slot);
    if (!target) return std::nullopt;
    const auto named = std::ranges::find(was_.subprogs, *target, &program::Subprog::first_slot);
    if (named == was_.subprogs.end()) return std::nullopt;  // a problem of the program
    return static_cast<std::uint32_t>(named - was_.subprogs.begin());
  }

  /// Collects what is reached now in the linker's order: a callee is finished before its caller.
  void visit(std::uint32_t first) {
    struct Frame {
      std::uint32_t subprog;
      std::uint32_t next = 0;
    };
    std::vector<Frame> frames;
    const auto enter = [&](std::uint32_t subprog) {
      reached_.push_back(was_.functions[subprog]);
      old_subprogs_.push_back(subprog);
      codes_.push_back(code_of(was_.functions[subprog]));
      place_of_[subprog] = static_cast<std::uint32_t>(reached_.size()) - 1;
      frames.push_back({subprog});
    };
    enter(first);
    while (!frames.empty()) {
      const std::uint32_t subprog = frames.back().subprog;
      const FunctionEdit& code = codes_[place_of_.at(subprog)];
      const std::uint32_t at = frames.back().next++;
      if (at >= code.slots.size()) {
        frames.pop_back();
        continue;
      }
      const EditedSlot& slot = code.slots[at];
      if (slot.origin != Origin::copied) continue;
      const auto callee = named_by(was_.subprogs[subprog].first_slot + slot.old_slot);
      if (callee && !place_of_.contains(*callee)) enter(*callee);
    }
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
    const program::Subprog& was = was_.subprogs[old_subprogs_[index]];
    const FunctionEdit& code = codes_[index];
    if (is.slot_count != code.slots.size())
      return differs(was_.name, fmt::format("subprogram {} has {} slots, expected {}",
                                            printable(was.name), is.slot_count, code.slots.size()));
    for (std::uint32_t i = 0; i < is.slot_count; ++i) {
      const std::uint32_t at = is.first_slot + i;
      const EditedSlot& edited = code.slots[i];
      const Slot expected = expected_slot(was, at, edited);
      if (is_.slots[at] != expected)
        return differs_at(
            at, fmt::format("is {}, expected {}", text_of(is_.slots[at]), text_of(expected)));
      if (edited.origin == Origin::inserted) continue;
      const std::uint32_t old_slot = was.first_slot + edited.old_slot;
      const Line line = line_at(was_, was, old_slot);
      // No record says "no line": behind a slot that has one, such a slot has its.
      if (line != Line() && line_at(is_, is, at) != line)
        return differs_at(at, "has another source line");
      if (edited.origin == Origin::copied) expect_core(at, old_slot);
    }
    return {};
  }

  static std::string text_of(const Slot& slot) {
    return fmt::format("{:02x} {:02x} off {} imm {}", slot.opcode, slot.regs, slot.off, slot.imm);
  }

  Slot expected_slot(const program::Subprog& was, std::uint32_t at,
                     const EditedSlot& edited) const {
    if (edited.origin != Origin::copied) return edited.slot;
    const Slot& is = is_.slots[at];
    const std::uint32_t old_slot = was.first_slot + edited.old_slot;
    Slot expected = was_.slots[old_slot];
    const Slot raw = raw_slot(was, edited);
    if (expected == raw) {  // linking had no part in it
      expected = edited.slot;
    } else if (edited.slot.regs != raw.regs) {  // it gave the source of a reference
      expected.regs = static_cast<std::uint8_t>((expected.regs & 0xf0) | edited.slot.dst());
    }
    if (named_slot(was_.slots, old_slot)) {
      const auto named = named_by(old_slot);
      if (!named) return is.opcode == expected.opcode ? is : expected;
      const program::Subprog& target = is_.subprogs[place_of_.at(*named)];
      expected.imm = static_cast<std::int32_t>(std::int64_t{target.first_slot} - at - 1);
      return expected;
    }
    const auto insn = bpf::decode(was_.slots, old_slot);
    if (!insn) return expected;
    const program::InsnFlow flow = program::flow_of(*insn, old_slot);
    const bool inside =
        flow.target >= was.first_slot && flow.target < was.first_slot + was.slot_count;
    if (flow.jumps && !inside) {
      // The linked program has nothing behind such a jump; only the file does.
      expected.off = is.off;
      expected.imm = is.imm;
    }
    const bool named_by_kernel =
        insn->form == bpf::Form::call_kfunc || insn->form == bpf::Form::lddw_var;
    if (named_by_kernel && external(is_, is) == external(was_, expected)) expected.imm = is.imm;
    return expected;
  }

  static std::string_view external(const Program& program, const Slot& call) {
    const auto index = static_cast<std::uint32_t>(call.imm);
    return index < program.externals.size() ? program.externals[index].name : std::string_view();
  }

  Slot raw_slot(const program::Subprog& was, const EditedSlot& edited) const {
    const auto index = static_cast<std::size_t>(&was - was_.subprogs.data());
    const Function& function = edit_.object().functions[was_.functions[index]];
    return bpf::slot_at(edit_.object().elf.sections[function.section].data,
                        function.first_slot + edited.old_slot);
  }

  static Line line_at(const Program& program, const program::Subprog& subprog, std::uint32_t slot) {
    const auto behind = std::ranges::upper_bound(program.lines, slot, {}, &program::LineInfo::slot);
    if (behind == program.lines.begin()) return {};
    const program::LineInfo& line = *std::prev(behind);
    if (line.slot < subprog.first_slot) return {};
    return {line.line, line.column, line.file, line.text};
  }

  void expect_core(std::uint32_t at, std::uint32_t old_slot) {
    for (const CoreRelocation& relocation : was_.core) {
      if (relocation.slot != old_slot) continue;
      Core core = core_at(relocation);
      std::get<0>(core) = at;
      expected_core_.push_back(core);
    }
  }

  const Edit& edit_;
  const Program& was_;
  const Program& is_;
  std::vector<std::uint32_t> reached_;       // functions, in the order of the new subprograms
  std::vector<std::uint32_t> old_subprogs_;  // by new subprogram
  std::vector<FunctionEdit> codes_;          // by new subprogram
  std::unordered_map<std::uint32_t, std::uint32_t> place_of_;  // old subprogram to new
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
