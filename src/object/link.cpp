// SPDX-License-Identifier: Apache-2.0
// Each relocated slot is one of: lddw of a map, of a place in global data, of a function, of an
// extern; a call of a function or of an extern. What cannot be resolved becomes a problem of the
// program and leaves the slot as it was.
#include "object/link.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <unordered_map>

#include "base/bytes.hpp"
#include "object/core.hpp"
#include "object/limits.hpp"
#include "object/map.hpp"
#include "object/printable.hpp"
#include "program/poison.hpp"

namespace probity::object {
namespace {

using bpf::Slot;

constexpr std::uint64_t slot_bytes = sizeof(Slot);
constexpr std::uint8_t call_opcode = bpf::row(bpf::Form::call_local).opcode;
constexpr std::uint8_t lddw_opcode = bpf::row(bpf::Form::lddw).opcode;

constexpr unsigned source_of(bpf::Form form) {
  return static_cast<unsigned>(bpf::row(form).selector_value);
}

void set_source(Slot& slot, bpf::Form form) {
  slot.regs = static_cast<std::uint8_t>(slot.dst() | source_of(form) << 4);
}

/// What the relocations and calls of one object refer to; shared by all its programs.
struct Targets {
  explicit Targets(const Object& object) : maps(object) {
    for (std::uint32_t i = 0; i < object.externs.size(); ++i)
      externs.emplace(object.externs[i].symbol, i);
    for (std::uint32_t i = 0; i < object.map_info.size(); ++i)
      if (object.map_info[i].source == MapSource::kconfig) kconfig = i;
  }
  MapIndex maps;
  std::unordered_map<std::uint32_t, std::uint32_t> externs;  ///< symbol index → Object::externs
  std::uint32_t kconfig = 0;
};

class Linker {
 public:
  Linker(const Object& object, const Targets& targets, const Kernel& kernel)
      : object_(object), targets_(targets), kernel_(kernel) {}

  Program link(std::uint32_t function, std::uint64_t slot_budget) {
    const Function& main = object_.functions[function];
    program_.name = main.name;
    program_.section = object_.elf.sections[main.section].name;
    program_.function = function;
    program_.type = type_of_section(program_.section);
    slot_budget_ = std::min(slot_budget, limits::program_slots);
    place(function);
    while (!frames_.empty()) step();
    apply_core(object_, kernel_, program_);
    return std::move(program_);
  }

 private:
  struct Frame {
    std::uint32_t function;
    std::uint32_t next = 0;  ///< slot within the function
  };

  void problem(std::string_view text) {
    if (program_.problems.size() < limits::problems) program_.problems.push_back(printable(text));
  }

  std::string place_text(const Function& function, std::uint32_t slot) const {
    return fmt::format("{}+{}", function.name, slot);
  }

  /// First slot of `function` in the program, appended now if it is not there yet.
  std::optional<std::uint32_t> place(std::uint32_t index) {
    if (const auto found = placed_.find(index); found != placed_.end()) return found->second;
    const Function& function = object_.functions[index];
    const auto first = static_cast<std::uint32_t>(program_.slots.size());
    if (first + std::uint64_t{function.slot_count} > slot_budget_) {
      problem(fmt::format("{} slots with subprogram {} exceed the limit of {}",
                          first + std::uint64_t{function.slot_count}, function.name, slot_budget_));
      return std::nullopt;
    }
    const std::uint8_t* code =
        object_.elf.sections[function.section].data.data() + function.first_slot * slot_bytes;
    for (std::uint32_t i = 0; i < function.slot_count; ++i)
      program_.slots.push_back(load_le<Slot>(code + i * slot_bytes));
    program_.subprogs.push_back({function.name, first, function.slot_count});
    program_.functions.push_back(index);
    placed_.emplace(index, first);
    frames_.push_back({index});
    add_records(function, first);
    return first;
  }

  template <typename T>
  std::span<const T> records_of(const std::vector<T>& records, const Function& function) const {
    const CodePlace first{function.section, function.first_slot};
    const CodePlace end{function.section, function.first_slot + function.slot_count};
    const auto before = [](const T& record, CodePlace place) { return record.place < place; };
    const auto low = std::lower_bound(records.begin(), records.end(), first, before);
    return {low, std::lower_bound(low, records.end(), end, before)};
  }

  void add_records(const Function& function, std::uint32_t first) {
    for (const LineRecord& line : records_of(object_.ext.lines, function))
      program_.lines.push_back({line.place.slot - function.first_slot + first, line.line,
                                line.column, line.file, line.text});
    for (const CoreRecord& core : records_of(object_.ext.core, function))
      program_.core.push_back({core.place.slot - function.first_slot + first, core, false, false});
  }

  /// Handles the next call or lddw of the innermost function; a new callee is finished before its
  /// caller.
  void step() {
    Frame& frame = frames_.back();
    const Function& function = object_.functions[frame.function];
    const std::uint32_t first = placed_.at(frame.function);
    while (frame.next < function.slot_count) {
      const std::uint32_t at = frame.next;
      const std::uint8_t opcode = program_.slots[first + at].opcode;
      const std::uint32_t slots = opcode == lddw_opcode ? 2 : 1;
      frame.next += slots;
      const std::size_t depth = frames_.size();
      fix(function, first, at);
      if (frames_.size() != depth) return;  // `frame` moved; a callee comes first
    }
    frames_.pop_back();
  }

  const Relocation* relocation_at(const Function& function, std::uint32_t at) const {
    const std::uint64_t offset = (std::uint64_t{function.first_slot} + at) * slot_bytes;
    const auto all = object_.elf.relocations_of(function.section);
    const auto found = std::ranges::lower_bound(all, offset, {}, &Relocation::offset);
    return found != all.end() && found->offset < offset + slot_bytes ? &*found : nullptr;
  }

  void fix(const Function& function, std::uint32_t first, std::uint32_t at) {
    const Slot slot = program_.slots[first + at];
    const Relocation* relocation = relocation_at(function, at);
    const bool call = slot.opcode == call_opcode;
    if (relocation == nullptr) {
      if (call && slot.src() == source_of(bpf::Form::call_local))
        fix_relative_call(function, first, at);
      return;
    }
    if (slot.opcode == lddw_opcode && at + 1 < function.slot_count)
      return fix_lddw(function, first, at, *relocation);
    if (call) return fix_call(function, first, at, *relocation);
    problem(
        fmt::format("{}: relocation against {} on opcode 0x{:02x}, which is neither call nor lddw",
                    place_text(function, at), object_.elf.symbols[relocation->symbol].name,
                    unsigned{slot.opcode}));
  }

  /// A call inside its section that the assembler resolved.
  void fix_relative_call(const Function& function, std::uint32_t first, std::uint32_t at) {
    const std::int64_t target =
        std::int64_t{function.first_slot} + at + program_.slots[first + at].imm + 1;
    point_to(function, first, at, function.section, target);
  }

  void fix_call(const Function& function, std::uint32_t first, std::uint32_t at,
                const Relocation& relocation) {
    const Symbol& symbol = object_.elf.symbols[relocation.symbol];
    if (!symbol.defined) return fix_extern_call(function, first, at, relocation.symbol);
    const std::int64_t base =
        static_cast<std::int64_t>((symbol.value + relocation.addend) / slot_bytes);
    set_source(program_.slots[first + at], bpf::Form::call_local);
    point_to(function, first, at, symbol.section, base + program_.slots[first + at].imm + 1);
  }

  void fix_lddw(const Function& function, std::uint32_t first, std::uint32_t at,
                const Relocation& relocation) {
    const Symbol& symbol = object_.elf.symbols[relocation.symbol];
    Slot& slot = program_.slots[first + at];
    const std::uint64_t in_place = static_cast<std::uint64_t>(std::int64_t{slot.imm});
    std::uint64_t offset = symbol.value + static_cast<std::uint64_t>(relocation.addend) + in_place;
    if (!symbol.defined) return fix_extern(function, first, at, relocation.symbol);
    const Section& section = object_.elf.sections[symbol.section];
    if (section.executable()) {
      set_source(slot, bpf::Form::lddw_func);
      return point_to(function, first, at, symbol.section,
                      static_cast<std::int64_t>(offset / slot_bytes));
    }
    const bool data = is_data_section(section);
    if (!data &&
        symbol.type != SymbolType::section)  // gas repeats the value in place, libbpf ignores it
      offset = symbol.value + static_cast<std::uint64_t>(relocation.addend);
    const auto map = targets_.maps.containing(symbol.section, offset);
    if (data && !map) {  // one past the end, or an empty section
      const auto whole = targets_.maps.containing(symbol.section, 0);
      if (whole && offset <= section.size) return use_map_value(slot, first + at, *whole, offset);
    }
    if (!map || (!data && object_.map_info[*map].offset != offset))
      return problem(fmt::format("{}: {} at {}+{} is neither a map nor global data",
                                 place_text(function, at), symbol.name, section.name, offset));
    if (data) return use_map_value(slot, first + at, *map, offset);
    set_source(slot, bpf::Form::lddw_map);
    slot.imm = static_cast<std::int32_t>(*map);
    program_.slots[first + at + 1].imm = 0;
  }

  void use_map_value(Slot& slot, std::uint32_t at, std::uint32_t map, std::uint64_t offset) {
    set_source(slot, bpf::Form::lddw_map_value);
    slot.imm = static_cast<std::int32_t>(map);
    program_.slots[at + 1].imm = static_cast<std::int32_t>(offset);
  }

  void fix_extern(const Function& function, std::uint32_t first, std::uint32_t at,
                  std::uint32_t symbol) {
    const auto found = targets_.externs.find(symbol);
    if (found == targets_.externs.end())
      return problem(fmt::format("{}: lddw of symbol {} ({}), which no section holds",
                                 place_text(function, at), symbol,
                                 object_.elf.symbols[symbol].name));
    const Extern& external = object_.externs[found->second];
    if (!is_usable(external))
      problem(fmt::format("{}: extern {} {}", place_text(function, at), external.name,
                          why_unusable(external)));
    Slot& slot = program_.slots[first + at];
    if (external.kind == ExternKind::kconfig)
      return use_map_value(slot, first + at, targets_.kconfig, external.kconfig_offset);
    const bool typed = external.kind == ExternKind::function || external.type_id != 0;
    if (external.resolved && typed) {
      set_source(slot, bpf::Form::lddw_var);
      slot.imm = external_index(external.name, external.weak);
      program_.slots[first + at + 1].imm = 0;
      return;
    }
    set_source(slot, bpf::Form::lddw);  // an unresolved weak extern has address 0
    slot.imm = static_cast<std::int32_t>(external.address);
    program_.slots[first + at + 1].imm = static_cast<std::int32_t>(external.address >> 32);
  }

  /// A weak kfunc that the kernel lacks must not be reached.
  void fix_extern_call(const Function& function, std::uint32_t first, std::uint32_t at,
                       std::uint32_t symbol) {
    const Symbol& target = object_.elf.symbols[symbol];
    const auto found = targets_.externs.find(symbol);
    const Extern* external =
        found != targets_.externs.end() ? &object_.externs[found->second] : nullptr;
    const bool weak = target.binding == SymbolBinding::weak;
    Slot& slot = program_.slots[first + at];
    const bool known = external != nullptr && external->problem.empty();
    if (known && weak && !external->resolved && external->kind == ExternKind::function) {
      slot = program::poisoned_call(program::poisoned_kfunc_base + external->number);
      return;
    }
    set_source(slot, bpf::Form::call_kfunc);
    slot.off = 0;
    const std::size_t before = program_.externals.size();
    slot.imm = external_index(target.name, weak);
    if (program_.externals.size() == before) return;  // said at its first call
    if (external == nullptr || !is_usable(*external))
      problem(fmt::format("{}: calls {}, which {}", place_text(function, at), target.name,
                          external == nullptr ? "no section holds" : why_unusable(*external)));
  }

  static bool is_usable(const Extern& external) {
    return external.resolved || (external.weak && external.problem.empty());
  }

  static std::string_view why_unusable(const Extern& external) {
    if (!external.problem.empty()) return external.problem;
    return external.kind == ExternKind::undeclared
               ? "only a running kernel or another object can give"
               : "is not in the kernel";
  }

  /// Makes the slot refer to the function at `target` of `section`, which joins the program.
  void point_to(const Function& function, std::uint32_t first, std::uint32_t at,
                std::uint32_t section, std::int64_t target) {
    const auto callee = target < 0 || target > UINT32_MAX
                            ? std::nullopt
                            : object_.function_at({section, static_cast<std::uint32_t>(target)});
    if (!callee)
      return problem(fmt::format("{}: no function starts at slot {} of section {}",
                                 place_text(function, at), target,
                                 object_.elf.sections[section].name));
    const auto placed = place(*callee);
    if (!placed) return;
    Slot& slot = program_.slots[first + at];
    slot.imm = static_cast<std::int32_t>(std::int64_t{*placed} - (std::int64_t{first} + at + 1));
    if (slot.opcode == lddw_opcode) program_.slots[first + at + 1].imm = 0;
  }

  std::int32_t external_index(std::string_view name, bool weak) {
    const auto next = static_cast<std::int32_t>(program_.externals.size());
    const auto [entry, added] = externals_.try_emplace(name, next);
    if (added) program_.externals.push_back({name, weak});
    return entry->second;
  }

  const Object& object_;
  const Targets& targets_;
  const Kernel& kernel_;
  Program program_;
  std::uint64_t slot_budget_ = 0;
  std::unordered_map<std::uint32_t, std::uint32_t> placed_;
  std::unordered_map<std::string_view, std::int32_t> externals_;
  std::vector<Frame> frames_;
};

}  // namespace

Expected<void> link_programs(Object& object, const Kernel& kernel) {
  const Targets targets(object);
  std::uint64_t total = 0;
  for (std::uint32_t i = 0; i < object.functions.size(); ++i) {
    if (!object.functions[i].is_program) continue;
    Program program = Linker(object, targets, kernel).link(i, limits::linked_slots - total);
    total += program.slots.size();
    if (total >= limits::linked_slots)
      return error(Fault::limit, fmt::format("linked programs reach the limit of {} slots",
                                             limits::linked_slots));
    object.programs.push_back(std::move(program));
  }
  return {};
}

}  // namespace probity::object
