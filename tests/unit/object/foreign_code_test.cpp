// SPDX-License-Identifier: Apache-2.0
// Code of one function in another: what follows it into the other's section, what stays with the
// function that it is of, and what is refused. The code is that of callees in place of their calls,
// so the kernel takes it where it took the calls.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/core.h>
#include <unistd.h>

#include <map>

#include "base/bytes.hpp"
#include "edit_sample.hpp"
#include "object/linked_edit.hpp"
#include "object/written_check.hpp"

namespace probity::object {
namespace {

using bpf::Form;
using bpf::Slot;

constexpr Slot jump(std::size_t off) {
  return {bpf::row(Form::ja).opcode, 0, static_cast<std::int16_t>(off), 0};
}

std::uint32_t subprog_named(const Program& program, std::string_view name) {
  const auto found = std::ranges::find(program.subprogs, name, &program::Subprog::name);
  EXPECT_NE(found, program.subprogs.end()) << name;
  return static_cast<std::uint32_t>(found - program.subprogs.begin());
}

/// A slot of the callee in place of its call: its exits jump behind it.
EditedSlot in_place_of_call(const Program& program, const program::Subprog& callee,
                            std::uint32_t at) {
  if (program.slots[at] != exit_slot) return {program.slots[at], Origin::copied, at};
  return {jump(callee.first_slot + callee.slot_count - at - 1), Origin::replaced, at};
}

/// The new code of a whole program: in the first of `left`, every call of `callee` is the callee's
/// code.
LinkedEdit inlined(const Program& program, std::string_view callee,
                   const std::vector<std::string_view>& left) {
  const program::Subprog& inner = program.subprogs[subprog_named(program, callee)];
  LinkedEdit edit;
  std::vector<std::uint32_t> start_of(program.subprogs.size());
  for (const program::Subprog& subprog : program.subprogs) {
    if (std::ranges::count(left, subprog.name) == 0) continue;
    const std::uint32_t index = subprog_named(program, subprog.name);
    start_of[index] = static_cast<std::uint32_t>(edit.slots.size());
    edit.subprogs.push_back(index);
    edit.subprog_starts.push_back(start_of[index]);
    for (std::uint32_t i = subprog.first_slot; i < subprog.first_slot + subprog.slot_count; ++i) {
      if (subprog.name == left[0] && named_slot(program.slots, i) == inner.first_slot) {
        for (std::uint32_t k = 0; k < inner.slot_count; ++k)
          edit.slots.push_back(in_place_of_call(program, inner, inner.first_slot + k));
      } else {
        edit.slots.push_back({program.slots[i], Origin::copied, i});
      }
    }
  }
  // Calls have the distances of the new code.
  for (std::uint32_t i = 0; i < edit.slots.size(); ++i) {
    EditedSlot& slot = edit.slots[i];
    const auto named = named_slot(program.slots, slot.old_slot);
    if (slot.origin != Origin::copied || !named) continue;
    const auto target = std::ranges::find(program.subprogs, *named, &program::Subprog::first_slot);
    const auto start = start_of[static_cast<std::size_t>(target - program.subprogs.begin())];
    slot.slot.imm = static_cast<std::int32_t>(start) - static_cast<std::int32_t>(i) - 1;
  }
  return edit;
}

/// Why the kernel does not take a program of the object through libbpf; empty when it does.
std::string load_error(const Object& object, const std::string& name) {
  const std::vector<std::uint8_t>& bytes = *object.elf.bytes;
  libbpf_set_print(nullptr);
  bpf_object* const opened = bpf_object__open_mem(bytes.data(), bytes.size(), nullptr);
  if (opened == nullptr) return "libbpf does not open it";
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, opened) {
    bpf_program__set_autoload(program, bpf_program__name(program) == name);
  }
  const int failed = bpf_object__load(opened);
  bpf_object__close(opened);
  return failed == 0 ? "" : fmt::format("libbpf: {}", failed);
}

class ForeignCode : public testing::Test {
 protected:
  void SetUp() override {
    const auto bytes = compile_sample("calls", "-g");
    if (!bytes) GTEST_SKIP() << "no clang with a BPF back end";
    auto object = read(*bytes, "build/calls.o");
    ASSERT_TRUE(object) << object.error().line();
    object_ = *std::move(object);
  }

  const Program& program(std::string_view name) const { return **select(object_, name); }
  std::uint32_t function(std::string_view name) const { return function_named(object_, name); }
  std::uint32_t section_of(std::string_view name) const {
    return object_.functions[function(name)].section;
  }

  /// The object with that code; the program's slots are the edit's.
  Object written_linked(const Program& program, const LinkedEdit& linked) const {
    auto edits = unlink_edit(object_, program, linked);
    EXPECT_TRUE(edits) << edits.error().line();
    if (!edits || edits->size() != 1) return {};
    Object again = written(object_, edits->front());
    const auto is = select(again, program.name);
    EXPECT_TRUE(is) << is.error().line();
    if (!is) return {};
    EXPECT_TRUE((*is)->problems.empty());
    EXPECT_EQ((*is)->slots.size(), linked.slots.size());
    for (std::size_t i = 0; i < std::min((*is)->slots.size(), linked.slots.size()); ++i)
      EXPECT_EQ((*is)->slots[i], linked.slots[i].slot) << "slot " << i;
    return again;
  }

  /// Does the kernel take it? Only where it takes the program as it was.
  void expect_loads(const Object& moved, const std::string& name) const {
    if (geteuid() != 0 || !load_error(object_, name).empty())
      GTEST_SKIP() << "the kernel does not take the program as compiled";
    EXPECT_EQ(load_error(moved, name), "");
  }

  /// An edit that puts one insn of `callee` before the code of `caller`.
  FunctionEdit with_slot(std::string_view caller, std::string_view callee,
                         std::uint32_t slot) const {
    FunctionEdit edit = keep_function(object_, function(caller));
    const std::vector<Slot> old = raw_slots(object_, object_.functions[function(callee)]);
    const Slot code = slot < old.size() ? old[slot] : goto_next;
    edit.slots.insert(edit.slots.begin(), {code, Origin::copied, slot, function(callee)});
    if (code.opcode == bpf::row(Form::lddw).opcode)
      edit.slots.insert(edit.slots.begin() + 1,
                        {old[slot + 1], Origin::copied, slot + 1, function(callee)});
    return edit;
  }
  std::uint32_t slot_of(std::string_view name, Form form) const {
    const std::vector<Slot> slots = raw_slots(object_, object_.functions[function(name)]);
    const auto found = std::ranges::find(slots, bpf::row(form).opcode, &Slot::opcode);
    EXPECT_NE(found, slots.end());
    return static_cast<std::uint32_t>(found - slots.begin());
  }
  std::string write_refusal(FunctionEdit function) const {
    Edit edit(object_);
    const auto replaced = edit.replace(std::move(function));
    EXPECT_TRUE(replaced) << replaced.error().line();
    const auto bytes = write(edit);
    if (bytes) return "";
    EXPECT_EQ(bytes.error().fault(), Fault::unsupported);
    return std::string(bytes.error().line());
  }
  Object object_;
};

template <typename T>
std::size_t in_section(const std::vector<T>& records, std::uint32_t section) {
  return static_cast<std::size_t>(std::ranges::count_if(
      records, [&](const T& record) { return record.place.section == section; }));
}

const program::LineInfo* line_at(const Program& program, std::uint32_t slot) {
  const auto behind = std::ranges::upper_bound(program.lines, slot, {}, &program::LineInfo::slot);
  return behind == program.lines.begin() ? nullptr : &*std::prev(behind);
}

/// Every entry that patches .BTF.ext is of the section whose code its record tells of.
void expect_ext_relocations(const Object& object) {
  const Section* ext = object.elf.find_section(".BTF.ext");
  ASSERT_NE(ext, nullptr);
  std::map<std::uint32_t, std::size_t> entries;
  for (const Relocation& relocation : object.elf.relocations_of(object.elf.index_of(*ext)))
    ++entries[object.elf.symbols[relocation.symbol].section];
  for (std::uint32_t i = 1; i < object.elf.sections.size(); ++i)
    EXPECT_EQ(entries[i], in_section(object.ext.functions, i) + in_section(object.ext.lines, i) +
                              in_section(object.ext.core, i))
        << object.elf.sections[i].name;
}

TEST_F(ForeignCode, OfAnotherSectionBringsItsMap) {
  const Program& was = program("twice");
  const Object moved = written_linked(was, inlined(was, "count", {"twice"}));
  // Two calls went, two references to the map came; the callee keeps its own.
  const std::uint32_t xdp = section_of("twice");
  const std::uint32_t text = section_of("count");
  ASSERT_NE(xdp, text);
  EXPECT_EQ(moved.elf.relocations_of(xdp).size(), object_.elf.relocations_of(xdp).size());
  EXPECT_EQ(moved.elf.relocations_of(text).size(), object_.elf.relocations_of(text).size());
  const Program& is = **select(moved, "twice");
  EXPECT_EQ(is.subprogs.size(), 1u);
  const auto references = std::ranges::count_if(is.slots, [](const Slot& slot) {
    return slot.opcode == bpf::row(Form::lddw_map).opcode && slot.src() == 1 && slot.imm == 0;
  });
  EXPECT_EQ(references, 2);
  expect_ext_relocations(moved);
  expect_loads(moved, "twice");
}

TEST_F(ForeignCode, IsInTheOrderOfItsTables) {
  // "deep" is behind "twice", which has relocations of its own.
  FunctionEdit edit = with_slot("deep", "count", slot_of("count", Form::lddw));
  const FunctionEdit record = with_slot("deep", "port", 0);
  edit.slots.insert(edit.slots.begin(), record.slots[0]);
  const Object moved = written(object_, edit);
  const Section* table = moved.elf.find_section(".relxdp");
  ASSERT_NE(table, nullptr);
  std::vector<std::uint64_t> offsets;
  for (std::size_t at = 0; at < table->data.size(); at += 16)
    offsets.push_back(load_le<std::uint64_t>(table->data.data() + at));
  EXPECT_TRUE(std::ranges::is_sorted(offsets));
  // CO-RE records, block by block.
  const std::uint8_t* ext = moved.elf.find_section(".BTF.ext")->data.data();
  const auto word = [&](std::size_t at) { return load_le<std::uint32_t>(ext + at); };
  std::size_t at = word(4) + word(24);
  const std::size_t end = at + word(28);
  const std::size_t size = word(at);
  for (at += 4; at < end;) {
    std::vector<std::uint32_t> insns(word(at + 4));
    at += 8;
    for (std::uint32_t& insn : insns) {
      insn = word(at);
      at += size;
    }
    EXPECT_TRUE(std::ranges::is_sorted(insns));
  }
  EXPECT_EQ(at, end);
}

TEST_F(ForeignCode, OfTheSameSectionBringsItsRecord) {
  const Program& was = program("beside");
  const std::uint32_t text = section_of("next");
  ASSERT_EQ(text, section_of("port"));
  const Object moved = written_linked(was, inlined(was, "port", {"next", "beside"}));
  EXPECT_EQ(in_section(moved.ext.core, text), in_section(object_.ext.core, text) + 1);
  // The callee is still there, as it was.
  const Function& port = moved.functions[function("port")];
  EXPECT_EQ(raw_slots(moved, port), raw_slots(object_, object_.functions[function("port")]));
  EXPECT_EQ((*select(moved, "beside"))->subprogs.size(), 2u);
  expect_ext_relocations(moved);
  expect_loads(moved, "beside");
}

TEST_F(ForeignCode, ACoreRecordGoesIntoABlockOfItsOwn) {
  const Program& was = program("task");
  const std::uint32_t section = section_of("task");
  const std::uint32_t text = section_of("group");
  ASSERT_EQ(in_section(object_.ext.core, section), 0u);
  const Object moved = written_linked(was, inlined(was, "group", {"task"}));
  EXPECT_EQ(in_section(moved.ext.core, section), 1u);
  EXPECT_EQ(in_section(moved.ext.core, text), in_section(object_.ext.core, text));
  EXPECT_EQ((*select(moved, "task"))->core.size(), 1u);
  expect_ext_relocations(moved);
}

TEST_F(ForeignCode, EachSectionHasTheRecordsOfItsCopies) {
  Edit edit(object_);
  for (const std::string_view caller : {"task", "twice"})
    ASSERT_TRUE(edit.replace(with_slot(caller, "group", 0)));
  const auto bytes = write(edit);
  ASSERT_TRUE(bytes) << bytes.error().line();
  const auto moved = read(*bytes, object_.name);
  ASSERT_TRUE(moved) << moved.error().line();
  for (const std::string_view caller : {"task", "twice"}) {
    const std::uint32_t section = section_of(caller);
    EXPECT_EQ(in_section(moved->ext.core, section), in_section(object_.ext.core, section) + 1);
  }
  expect_ext_relocations(*moved);
}

TEST_F(ForeignCode, BearsTheLinesOfItsFunction) {
  const Program& was = program("task");  // starts with the call
  const Program& as_copied = **select(object_, "task");
  const Object moved = written_linked(was, inlined(was, "group", {"task"}));
  const Program& is = **select(moved, "task");
  const auto* first = line_at(is, 0);
  const auto* callee = line_at(as_copied, as_copied.subprogs[1].first_slot);
  ASSERT_TRUE(first != nullptr && callee != nullptr);
  EXPECT_EQ(first->slot, 0u);
  EXPECT_EQ(first->line, callee->line);
  EXPECT_NE(first->line, line_at(as_copied, 0)->line);
  // Behind it, the caller's line again.
  const auto last = static_cast<std::uint32_t>(is.slots.size()) - 1;
  EXPECT_EQ(line_at(is, last)->line,
            line_at(as_copied, as_copied.subprogs[0].slot_count - 1)->line);
}

TEST_F(ForeignCode, ACallByDistanceGetsARelocation) {
  const Program& was = program("deep");
  const std::uint32_t xdp = section_of("deep");
  const LinkedEdit edit = inlined(was, "later", {"deep", "now"});
  const Object moved = written_linked(was, edit);
  EXPECT_EQ(moved.elf.relocations_of(xdp).size(), object_.elf.relocations_of(xdp).size());
  EXPECT_EQ((*select(moved, "deep"))->subprogs.size(), 2u);
  EXPECT_EQ((*select(moved, "deep"))->subprogs[1].name, "now");
  expect_loads(moved, "deep");
}

TEST_F(ForeignCode, FindsFunctionsThatMoved) {
  struct Case {
    std::string_view program, callee, named;
  };
  // A call by its distance, and a callback by the address of its section.
  for (const auto& [name, callee, named] :
       {Case{"beside", "next", "port"}, Case{"rounds", "around", "visit"}}) {
    const Program& was = program(name);
    const auto edits = unlink_edit(object_, was, inlined(was, callee, {name, named}));
    ASSERT_TRUE(edits) << edits.error().line();
    Edit edit(object_);
    for (const FunctionEdit& one : *edits) ASSERT_TRUE(edit.replace(one));
    for (std::uint32_t i = 0; i < object_.functions.size(); ++i) {
      if (object_.functions[i].section != section_of(named)) continue;
      ASSERT_TRUE(edit.replace(with_gotos(object_, i, {0})));
    }
    const auto bytes = write(edit);
    ASSERT_TRUE(bytes) << bytes.error().line();
    const auto again = read(*bytes, "again.o");
    ASSERT_TRUE(again) << again.error().line();
    const Program& is = **select(*again, name);
    ASSERT_EQ(is.subprogs.size(), 2u);
    EXPECT_EQ(is.subprogs[1].name, named);
    EXPECT_EQ(is.slots[is.subprogs[1].first_slot], goto_next);
    expect_loads(*again, std::string(name));
  }
}

TEST_F(ForeignCode, AFunctionWithoutLinesGetsNone) {
  const Program& was = program("bare");
  const std::uint32_t section = section_of("bare");
  ASSERT_EQ(in_section(object_.ext.lines, section), 0u);
  const Object moved = written_linked(was, inlined(was, "now", {"bare"}));
  EXPECT_EQ(in_section(moved.ext.lines, section), 0u);
  expect_loads(moved, "bare");
}

TEST_F(ForeignCode, ANameForItsSectionIsNeeded) {
  EXPECT_NE(write_refusal(with_slot("bare", "group", 0)).find("no string of .BTF is sockops"),
            std::string::npos);
}

TEST_F(ForeignCode, ATableForItsRelocationIsNeeded) {
  const std::string refusal =
      write_refusal(with_slot("unrelated", "count", slot_of("count", Form::lddw)));
  EXPECT_NE(refusal.find("(tc/free): has no relocations, and code with one was copied into it"),
            std::string::npos)
      << refusal;
  const std::string call =
      write_refusal(with_slot("unrelated", "later", slot_of("later", Form::call_local)));
  EXPECT_NE(call.find("(tc/free): has no relocations"), std::string::npos) << call;
}

TEST_F(ForeignCode, OnlyOldSlotsAreTaken) {
  const auto expect_refusal = [&](const FunctionEdit& edit, const std::string& message) {
    const std::string refusal = refusal_of(object_, edit);
    EXPECT_NE(refusal.find(message), std::string::npos) << refusal << "\n  wanted: " << message;
  };
  expect_refusal(with_slot("task", "group", 9),
                 "function task, new slot 0: old slot 9 of function group is not below 2");
  FunctionEdit edit = with_slot("task", "group", 0);
  edit.slots[0].function = 999;
  expect_refusal(edit, "new slot 0: function 999 is not below");
  edit = with_slot("task", "group", 0);
  edit.slots[0].slot.off = 100;
  expect_refusal(edit, "is a copy of old slot 0 of function group, which carries a CO-RE record");
  edit = with_slot("twice", "count", slot_of("count", Form::lddw));
  edit.slots[1].function = function("twice");
  expect_refusal(edit, "of function count, the second half of an insn that carries a relocation");
}

TEST_F(ForeignCode, WhatCannotBeKeptRightIsRefused) {
  const auto expect_refusal = [&](std::string_view caller, std::string_view callee,
                                  const std::string& message) {
    Edit edit(object_);
    const auto replaced = edit.replace(with_slot(caller, callee, 0));
    ASSERT_FALSE(replaced) << caller;
    EXPECT_EQ(replaced.error().fault(), Fault::unsupported);
    EXPECT_EQ(replaced.error().line(), message);
  };
  expect_refusal("twice", "leaves",
                 "function twice, new slot 0: old slot 0 of function leaves jumps out of its "
                 "function");
  expect_refusal("twice", "names",
                 "function twice, new slot 0: old slot 0 of function names names a function of "
                 "section socket by its distance, which cannot be done from section xdp");
  expect_refusal("twice", "lonely",
                 "function twice, new slot 0: is of function lonely, which no program reaches");
}

TEST_F(ForeignCode, IsNotWhereItsFunctionIs) {
  // The copy stands before the function that it is of, and symbols still find that.
  ASSERT_LT(object_.functions[function("now")].first_slot,
            object_.functions[function("group")].first_slot);
  const Object moved = written(object_, with_slot("now", "group", 0));
  const Function& was = object_.functions[function("group")];
  const Function& is = moved.functions[function("group")];
  EXPECT_EQ(is.first_slot, was.first_slot + 1);
  EXPECT_EQ(raw_slots(moved, is), raw_slots(object_, was));
}

TEST_F(ForeignCode, ACallByDistanceStaysOneInItsSection) {
  const std::uint32_t text = section_of("next");
  const std::uint32_t call = slot_of("later", Form::call_local);
  const Object moved = written(object_, with_slot("next", "later", call));
  EXPECT_EQ(moved.elf.relocations_of(text).size(), object_.elf.relocations_of(text).size());
  const Program& is = **select(moved, "beside");
  EXPECT_NE(std::ranges::find(is.subprogs, "now", &program::Subprog::name), is.subprogs.end());
}

TEST_F(ForeignCode, OfTheFunctionItselfIsItsOwn) {
  const std::uint32_t main = function("twice");
  FunctionEdit named = with_gotos(object_, main, {0, 3});
  for (EditedSlot& slot : named.slots) slot.function = main;
  EXPECT_EQ(*written(object_, named).elf.bytes,
            *written(object_, with_gotos(object_, main, {0, 3})).elf.bytes);
}

TEST_F(ForeignCode, JumpsPastItAsPastInsertedCode) {
  FunctionEdit edit = keep_function(object_, function("port"));
  const std::uint32_t at = 3;  // jumped over, to slot 4
  ASSERT_EQ(edit.slots[at - 1].slot.off, 1);
  edit.slots.insert(edit.slots.begin() + at, {zero_r0, Origin::replaced, 4, function("count")});
  const auto moved = retarget_jumps(object_, edit, Landing::on_target);
  ASSERT_TRUE(moved) << moved.error().line();
  EXPECT_EQ(moved->slots[at - 1].slot.off, 2);
}

TEST_F(ForeignCode, WhatIsNotLeftIsNotNamed) {
  const Program& was = program("deep");
  const auto refusal = [&](const LinkedEdit& edit) {
    const auto edits = unlink_edit(object_, was, edit);
    return edits ? std::string() : std::string(edits.error().line());
  };
  LinkedEdit edit = inlined(was, "later", {"deep"});  // calls now
  EXPECT_NE(refusal(edit).find("a reference, and differs"), std::string::npos);
  edit = inlined(was, "later", {"deep", "now"});
  EXPECT_EQ(refusal(edit), "");
  edit.subprogs[1] = 9;
  EXPECT_EQ(refusal(edit), "deep: subprogram 9 is not below 3");
  edit.subprogs[1] = 0;
  EXPECT_EQ(refusal(edit), "deep: subprogram 0 is left twice");
  edit.subprogs = {1, 0};
  EXPECT_EQ(refusal(edit), "deep: the new code is not that of its main function");
}

TEST_F(ForeignCode, ADamagedCopyIsFound) {
  const Program& was = program("twice");
  const auto edits = unlink_edit(object_, was, inlined(was, "count", {"twice"}));
  ASSERT_TRUE(edits) << edits.error().line();
  Edit edit(object_);
  ASSERT_TRUE(edit.replace(edits->front()));
  std::vector<std::uint8_t> bytes = write(edit).value();
  const Object moved = read(bytes, object_.name).value();
  ASSERT_TRUE(check_written(edit, moved));
  // The first entry refers to the map; let it refer to another symbol.
  const std::uint64_t entry = moved.elf.find_section(".relxdp")->offset;
  const auto info = load_le<std::uint64_t>(bytes.data() + entry + 8);
  store_le(bytes.data() + entry + 8, info - (1ull << 32));
  const auto damaged = read(bytes, object_.name);
  EXPECT_TRUE(!damaged || !check_written(edit, *damaged));
}

}  // namespace
}  // namespace probity::object
