// SPDX-License-Identifier: Apache-2.0
// Writing edited objects back: what follows moved code, what stays, and that each promise is one
// the check after writing would find broken.
#include "object/write.hpp"

#include <bpf/libbpf.h>
#include <fmt/core.h>

#include <map>

#include "base/bytes.hpp"
#include "edit_sample.hpp"
#include "object/written_check.hpp"

namespace probity::object {
namespace {

using bpf::Form;
using bpf::Slot;

class Written : public testing::Test {
 protected:
  void load(std::string_view name, std::string_view flags) {
    const auto bytes = compile_sample(name, flags);
    if (!bytes) GTEST_SKIP() << "no clang with a BPF back end";
    auto object = read(*bytes, fmt::format("build/{}.o", name));
    ASSERT_TRUE(object) << object.error().line();
    object_ = *std::move(object);
  }
  std::uint32_t function(std::string_view name) const { return function_named(object_, name); }
  std::vector<Slot> code(std::string_view name) const {
    return raw_slots(object_, object_.functions[function(name)]);
  }
  /// First slot of the function that is of this form.
  std::uint32_t slot_of(std::string_view name, Form form) const {
    const std::vector<Slot> slots = code(name);
    const auto found = std::ranges::find(slots, bpf::row(form).opcode, &Slot::opcode);
    EXPECT_NE(found, slots.end());
    return static_cast<std::uint32_t>(found - slots.begin());
  }
  Object object_;
};

class WrittenFirewall : public Written {
 protected:
  void SetUp() override { load("firewall", "-g"); }
};

const Symbol& symbol_named(const Object& object, std::string_view name) {
  const auto found = std::ranges::find(object.elf.symbols, name, &Symbol::name);
  EXPECT_NE(found, object.elf.symbols.end()) << name;
  return *found;
}

std::size_t relocations_in(const Object& object, std::uint32_t function) {
  const Function& code = object.functions[function];
  return static_cast<std::size_t>(std::ranges::count_if(
      object.elf.relocations_of(code.section), [&](const Relocation& relocation) {
        const std::uint64_t slot = relocation.offset / 8;
        return slot >= code.first_slot && slot < code.first_slot + code.slot_count;
      }));
}

std::size_t core_records_in(const Object& object, std::uint32_t function) {
  const Function& code = object.functions[function];
  return static_cast<std::size_t>(
      std::ranges::count_if(object.ext.core, [&](const CoreRecord& record) {
        return record.place.section == code.section && record.place.slot >= code.first_slot &&
               record.place.slot < code.first_slot + code.slot_count;
      }));
}

/// What libbpf finds: slots by program name; nothing when it does not open the object.
std::map<std::string, std::size_t> libbpf_programs(const Object& object) {
  std::map<std::string, std::size_t> sizes;
  const std::vector<std::uint8_t>& bytes = *object.elf.bytes;
  bpf_object* const opened = bpf_object__open_mem(bytes.data(), bytes.size(), nullptr);
  if (opened == nullptr) return sizes;
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, opened) {
    sizes[bpf_program__name(program)] = bpf_program__insn_cnt(program);
  }
  bpf_object__close(opened);
  return sizes;
}

TEST_F(WrittenFirewall, WithoutAChangeHasTheBytesThatWereRead) {
  Edit edit(object_);
  for (std::uint32_t i = 0; i < object_.functions.size(); ++i)
    ASSERT_TRUE(edit.replace(keep_function(object_, i)));
  const auto bytes = write(edit);
  ASSERT_TRUE(bytes) << bytes.error().line();
  EXPECT_EQ(*bytes, *object_.elf.bytes);
}

TEST_F(WrittenFirewall, InsertingAndRemovingGivesTheFirstBytes) {
  const std::uint32_t main = function("firewall");
  const Object longer = written(object_, with_gotos(object_, main, {0, 3, 9}));
  ASSERT_GT(longer.elf.bytes->size(), object_.elf.bytes->size());
  FunctionEdit shorter = keep_function(longer, main);
  std::erase_if(shorter.slots, [](const EditedSlot& slot) { return slot.slot == goto_next; });
  const auto moved = retarget_jumps(longer, shorter, Landing::on_inserted);
  ASSERT_TRUE(moved) << moved.error().line();
  EXPECT_EQ(*written(longer, *moved).elf.bytes, *object_.elf.bytes);
}

TEST_F(WrittenFirewall, SymbolsFollowTheirFunction) {
  const Symbol first = symbol_named(object_, "tail");
  const Symbol second = symbol_named(object_, "firewall");
  ASSERT_LT(first.value, second.value);
  const Object moved = written(object_, with_gotos(object_, function("tail"), {0, 1}));
  EXPECT_EQ(symbol_named(moved, "tail").value, first.value);
  EXPECT_EQ(symbol_named(moved, "tail").size, first.size + 16);
  EXPECT_EQ(symbol_named(moved, "firewall").value, second.value + 16);
  EXPECT_EQ(symbol_named(moved, "firewall").size, second.size);
}

TEST_F(WrittenFirewall, ACallThatIsGoneLeavesItsCalleeOut) {
  const std::uint32_t ingress = function("ingress");
  const Object alone = written(object_, {ingress, {{zero_r0}, {exit_slot}}});
  EXPECT_EQ((*select(object_, "ingress"))->subprogs.size(), 2u);
  EXPECT_EQ((*select(alone, "ingress"))->subprogs.size(), 1u);
  const auto sizes = libbpf_programs(alone);  // its section's relocations are an empty table now
  EXPECT_EQ(sizes.at("ingress"), 2u);
}

TEST_F(WrittenFirewall, MovedSubprogramsAreStillCalledAndPassedAsCallbacks) {
  // .text holds the subprograms; all of them move, the last by most.
  std::map<std::string_view, std::size_t> sizes;
  Edit edit(object_);
  for (std::uint32_t i = 0; i < object_.functions.size(); ++i) {
    if (object_.elf.sections[object_.functions[i].section].name != ".text") continue;
    ASSERT_TRUE(edit.replace(with_gotos(object_, i, {0})));
    sizes[object_.functions[i].name] = object_.functions[i].slot_count + 1;
  }
  ASSERT_GE(sizes.size(), 3u);
  const auto bytes = write(edit);
  ASSERT_TRUE(bytes) << bytes.error().line();
  const auto moved = read(*bytes, "moved.o");
  ASSERT_TRUE(moved) << moved.error().line();
  const auto program = select(*moved, "firewall");
  ASSERT_TRUE(program) << program.error().line();
  EXPECT_TRUE((*program)->problems.empty());
  for (std::size_t i = 1; i < (*program)->subprogs.size(); ++i) {
    const program::Subprog& subprog = (*program)->subprogs[i];
    EXPECT_EQ(subprog.slot_count, sizes[subprog.name]) << subprog.name;
    EXPECT_EQ((*program)->slots[subprog.first_slot], goto_next) << subprog.name;
  }
}

TEST_F(WrittenFirewall, SameLengthChangesTheCodeAndNothingElse) {
  FunctionEdit edit = keep_function(object_, function("ingress"));
  const std::uint32_t at = 0;  // the constant for mix()
  ASSERT_NE(edit.slots[at].slot, goto_next);
  edit.slots[at] = {goto_next, Origin::replaced, at};
  const Object changed = written(object_, edit);
  const Function& place = object_.functions[edit.function];
  const std::uint64_t first =
      object_.elf.sections[place.section].offset + (place.first_slot + at) * 8;
  ASSERT_EQ(changed.elf.bytes->size(), object_.elf.bytes->size());
  std::vector<std::uint8_t> expected = *object_.elf.bytes;
  store_le(expected.data() + first, goto_next);
  EXPECT_EQ(*changed.elf.bytes, expected);
}

TEST_F(WrittenFirewall, ADeletedSlotTakesItsRelocationWithIt) {
  const std::uint32_t tail = function("tail");
  const std::size_t before = relocations_in(object_, tail);
  ASSERT_GE(before, 1u);
  const Object empty = written(object_, {tail, {{zero_r0}, {exit_slot}}});
  EXPECT_EQ(relocations_in(empty, tail), 0u);
  EXPECT_EQ(empty.elf.relocations.size() + before,
            object_.elf.relocations.size() - (object_.ext.lines.size() - empty.ext.lines.size()));
  EXPECT_TRUE(select(empty, "tail").value()->problems.empty());
}

TEST_F(WrittenFirewall, ACopiedSlotTakesItsRelocationAlong) {
  const std::uint32_t tail = function("tail");
  const std::uint32_t at = slot_of("tail", Form::lddw);
  FunctionEdit edit{tail, {}};
  for (const EditedSlot& slot : keep_function(object_, tail).slots) {
    if (slot.old_slot == at) {  // once more, into another register
      edit.slots.push_back(slot);
      edit.slots.back().slot.regs = 3;
      edit.slots.push_back({Slot{}, Origin::copied, at + 1});
    }
    edit.slots.push_back(slot);
  }
  const auto moved = retarget_jumps(object_, edit, Landing::on_inserted);
  ASSERT_TRUE(moved) << moved.error().line();
  const Object twice = written(object_, *moved);
  EXPECT_EQ(relocations_in(twice, tail), relocations_in(object_, tail) + 1);
  const Program& program = **select(twice, "tail");
  EXPECT_EQ(program.slots[at].src(), 1u);
  EXPECT_EQ(program.slots[at].dst(), 3u);
  EXPECT_EQ(program.slots[at].imm, program.slots[at + 2].imm);
}

TEST_F(WrittenFirewall, LinesStartTheirFunctionAndHoldUntilTheNext) {
  const std::uint32_t main = function("firewall");
  const Function& code = object_.functions[main];
  const auto line_at = [](const Object& object, CodePlace place) -> const LineRecord* {
    const auto found = std::ranges::find(object.ext.lines, place, &LineRecord::place);
    return found != object.ext.lines.end() ? &*found : nullptr;
  };
  const LineRecord* first = line_at(object_, {code.section, code.first_slot});
  ASSERT_NE(first, nullptr);
  const Object moved = written(object_, with_gotos(object_, main, {0}));
  const LineRecord* still = line_at(moved, {code.section, code.first_slot});
  ASSERT_NE(still, nullptr);
  EXPECT_EQ(still->line, first->line);
  EXPECT_EQ(moved.ext.lines.size(), object_.ext.lines.size());
  EXPECT_EQ(moved.ext.functions.size(), object_.ext.functions.size());
}

TEST_F(WrittenFirewall, ASlotThatLeavesItsNeighboursKeepsItsLine) {
  // Behind the last exit, the first insn once more: it has the function's first line.
  const std::uint32_t main = function("firewall");
  FunctionEdit edit = keep_function(object_, main);
  const auto last = static_cast<std::uint32_t>(edit.slots.size()) - 1;
  ASSERT_EQ(edit.slots[last].slot, exit_slot);
  edit.slots.push_back(edit.slots[0]);
  edit.slots.push_back({exit_slot});
  const Object moved = written(object_, edit);
  const auto line_at = [&](const Object& object, std::uint32_t slot) {
    const Function& code = object.functions[main];
    const auto found = std::ranges::find(
        object.ext.lines, CodePlace{code.section, code.first_slot + slot}, &LineRecord::place);
    return found != object.ext.lines.end() ? found->line : 0;
  };
  EXPECT_NE(line_at(object_, 0), 0u);
  EXPECT_EQ(line_at(moved, last + 1), line_at(object_, 0));
  EXPECT_EQ(moved.ext.lines.size(), object_.ext.lines.size() + 1);
}

TEST_F(WrittenFirewall, FrameTablesGiveTheNewLengths) {
  const Section* frames = object_.elf.find_section(".debug_frame");
  ASSERT_NE(frames, nullptr);
  const std::uint32_t main = function("firewall");
  const Object moved = written(object_, with_gotos(object_, main, {0, 1, 2}));
  std::size_t checked = 0;
  for (const Relocation& relocation :
       moved.elf.relocations_of(moved.elf.index_of(*moved.elf.find_section(".debug_frame")))) {
    const Symbol& symbol = moved.elf.symbols[relocation.symbol];
    if (!moved.elf.sections[symbol.section].executable()) continue;
    const std::uint8_t* at =
        moved.elf.find_section(".debug_frame")->data.data() + relocation.offset;
    const auto start = static_cast<std::uint32_t>(load_le<std::uint64_t>(at) / 8);
    const auto index = moved.function_at({symbol.section, start});
    ASSERT_TRUE(index) << start;
    EXPECT_EQ(load_le<std::uint64_t>(at + 8), moved.functions[*index].slot_count * 8u);
    ++checked;
  }
  EXPECT_EQ(checked, object_.functions.size());
}

TEST_F(WrittenFirewall, LibbpfOpensIt) {
  Edit edit(object_);
  for (std::uint32_t i = 0; i < object_.functions.size(); ++i)
    ASSERT_TRUE(edit.replace(with_gotos(object_, i, {0, 1})));
  const auto bytes = write(edit);
  ASSERT_TRUE(bytes) << bytes.error().line();
  const auto moved = read(*bytes, "moved.o");
  ASSERT_TRUE(moved) << moved.error().line();
  const auto sizes = libbpf_programs(*moved);
  for (const std::string name : {"firewall", "tail", "ingress"})
    EXPECT_EQ(sizes.at(name), object_.functions[function(name)].slot_count + 2) << name;
}

class WrittenCore : public Written {
 protected:
  void SetUp() override { load("core", "-g"); }
};

TEST_F(WrittenCore, RecordsFollowTheirSlot) {
  const std::uint32_t partial = function("partial");
  ASSERT_EQ(core_records_in(object_, partial), 2u);
  const Object moved = written(object_, with_gotos(object_, partial, {0, 1, 2}));
  EXPECT_EQ(core_records_in(moved, partial), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    const Program& was = **select(object_, "partial");
    const Program& is = **select(moved, "partial");
    EXPECT_EQ(is.slots[is.core[i].slot], was.slots[was.core[i].slot]);
  }
}

TEST_F(WrittenCore, RecordsGoWithTheirSlot) {
  const std::uint32_t kernel = function("kernel");
  const Object empty = written(object_, {kernel, {{zero_r0}, {exit_slot}}});
  EXPECT_EQ(core_records_in(empty, kernel), 0u);
  EXPECT_EQ(empty.ext.core.size() + 1, object_.ext.core.size());
  EXPECT_TRUE(select(empty, "kernel").value()->problems.empty());
}

TEST_F(WrittenCore, TheLastRecordTakesItsTableAlong) {
  Edit edit(object_);
  for (std::uint32_t i = 0; i < object_.functions.size(); ++i)
    ASSERT_TRUE(edit.replace({i, {{zero_r0}, {exit_slot}}}));
  const auto bytes = write(edit);
  ASSERT_TRUE(bytes) << bytes.error().line();
  const auto empty = read(*bytes, "empty.o");
  ASSERT_TRUE(empty) << empty.error().line();
  EXPECT_TRUE(empty->notes.empty());
  EXPECT_TRUE(empty->ext.core.empty());
  EXPECT_EQ(empty->ext.functions.size(), object_.ext.functions.size());
  EXPECT_EQ(libbpf_programs(*empty).size(), 3u);
}

TEST_F(WrittenCore, ReplacedSlotsHaveTheLineAndNotTheRecord) {
  const std::uint32_t kernel = function("kernel");
  const std::uint32_t at = (*select(object_, "kernel"))->core[0].slot;
  FunctionEdit edit = keep_function(object_, kernel);
  edit.slots[at] = {zero_r0, Origin::replaced, at};
  const Object changed = written(object_, edit);
  EXPECT_EQ(core_records_in(changed, kernel), 0u);
  EXPECT_EQ(changed.ext.lines.size(), object_.ext.lines.size());
}

/// What was written, damaged at one place: the check must say so.
class Damage : public WrittenFirewall {
 protected:
  void SetUp() override {
    WrittenFirewall::SetUp();
    if (IsSkipped()) return;
    edit_.emplace(object_);
    for (const std::string_view name : {"firewall", "mix"})
      ASSERT_TRUE(edit_->replace(with_gotos(object_, function(name), {0, 1})));
    auto bytes = write(*edit_);
    ASSERT_TRUE(bytes) << bytes.error().line();
    bytes_ = *std::move(bytes);
    moved_ = read(bytes_, object_.name).value();
    ASSERT_TRUE(check_written(*edit_, moved_));
  }
  std::uint64_t offset_of(std::string_view section) const {
    const Section* found = moved_.elf.find_section(section);
    EXPECT_NE(found, nullptr) << section;
    return found == nullptr ? 0 : found->offset;
  }
  template <typename T>
  std::string verdict_with(std::uint64_t offset, T value) {
    std::vector<std::uint8_t> damaged = bytes_;
    store_le(damaged.data() + offset, value);
    const auto object = read(damaged, object_.name);
    if (!object) return std::string(object.error().line());
    const auto same = check_written(*edit_, *object);
    return same ? "" : std::string(same.error().line());
  }
  std::optional<Edit> edit_;
  std::vector<std::uint8_t> bytes_;
  Object moved_;
};

TEST_F(Damage, OfCodeIsFound) {
  const std::uint64_t at = offset_of("xdp") + 8;
  EXPECT_NE(verdict_with(at, exit_slot), "");
}

TEST_F(Damage, OfARelocationIsFound) {
  const std::uint64_t first = offset_of(".relxdp");
  const auto place = load_le<std::uint64_t>(bytes_.data() + first);
  EXPECT_NE(verdict_with(first, place + 8), "");
}

TEST_F(Damage, OfASymbolIsFound) {
  const std::uint64_t table = offset_of(".symtab");
  std::size_t found = 0;
  for (std::size_t i = 1; i < moved_.elf.symbols.size(); ++i) {
    const Symbol& symbol = moved_.elf.symbols[i];
    if (symbol.type != SymbolType::function || symbol.size < 16) continue;
    const std::uint64_t at = table + i * 24;
    EXPECT_NE(verdict_with(at + 8, symbol.value + 8), "") << symbol.name;
    EXPECT_NE(verdict_with(at + 16, symbol.size - 8), "") << symbol.name;
    ++found;
  }
  EXPECT_GE(found, 4u);
}

TEST_F(Damage, OfALineRecordIsFound) {
  // The second line record of the first block: header, function table, then the line table.
  const std::uint64_t ext = offset_of(".BTF.ext");
  const auto header = load_le<std::uint32_t>(bytes_.data() + ext + 4);
  const auto lines = load_le<std::uint32_t>(bytes_.data() + ext + 16);
  const std::uint64_t second = ext + header + lines + 4 + 8 + 16;
  const auto place = load_le<std::uint32_t>(bytes_.data() + second);
  EXPECT_NE(verdict_with(second, place + 8), "");
}

TEST_F(Damage, OfACallOperandIsFound) {
  // A call of another function of .text names it by its distance from the section's start.
  const std::vector<Slot> slots = raw_slots(moved_, moved_.functions[function("account")]);
  const auto found = std::ranges::find(slots, bpf::row(Form::call_local).opcode, &Slot::opcode);
  ASSERT_NE(found, slots.end());
  const Function& account = moved_.functions[function("account")];
  const std::uint64_t at =
      offset_of(".text") +
      (account.first_slot + static_cast<std::uint64_t>(found - slots.begin())) * 8;
  EXPECT_NE(verdict_with(at + 4, found->imm + 1), "");
}

}  // namespace
}  // namespace probity::object
