// SPDX-License-Identifier: Apache-2.0
// Edits: which are refused, with the place and the reason; how jumps are corrected; and edits of
// linked programs.
#include "object/edit.hpp"

#include <fmt/core.h>

#include "edit_sample.hpp"
#include "object/linked_edit.hpp"

namespace probity::object {
namespace {

using bpf::Form;
using bpf::Slot;

constexpr Slot jump_equal(std::int16_t off) {
  return {bpf::row(Form::jeq_imm).opcode, 1, off, 7};
}
constexpr Slot jump(std::int16_t off) {
  return {bpf::row(Form::ja).opcode, 0, off, 0};
}

class EditTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto bytes = compile_sample("firewall", "-g");
    if (!bytes) GTEST_SKIP() << "no clang with a BPF back end";
    auto object = read(*bytes, "build/firewall.o");
    ASSERT_TRUE(object) << object.error().line();
    object_ = *std::move(object);
    main_ = function_named(object_, "firewall");
    tail_ = function_named(object_, "tail");
  }
  std::uint32_t slot_of(std::uint32_t function, Form form) const {
    const std::vector<Slot> slots = raw_slots(object_, object_.functions[function]);
    const auto found = std::ranges::find(slots, bpf::row(form).opcode, &Slot::opcode);
    EXPECT_NE(found, slots.end());
    return static_cast<std::uint32_t>(found - slots.begin());
  }
  void expect_refusal(const FunctionEdit& edit, std::string_view message) const {
    const std::string refusal = refusal_of(object_, edit);
    EXPECT_NE(refusal.find(message), std::string::npos) << refusal << "\n  wanted: " << message;
  }
  Object object_;
  std::uint32_t main_ = 0;
  std::uint32_t tail_ = 0;
};

TEST_F(EditTest, BadCodeIsRefused) {
  expect_refusal({tail_, {}}, "function tail would be empty");
  expect_refusal({tail_, {{{0xff, 0, 0, 0}}}}, "function tail has bad code");
  expect_refusal({tail_, {{jump(5)}, {exit_slot}}},
                 "new slot 0: jumps to 6, where no insn of its 2");
  expect_refusal({tail_, {{jump(-2)}, {exit_slot}}}, "new slot 0: jumps to -1");
  expect_refusal({99, {{exit_slot}}}, "function 99 is not below");
  expect_refusal({tail_, {{exit_slot, Origin::copied, 9999}}}, "old slot 9999 is not below");
}

TEST_F(EditTest, AJumpIntoTheMiddleOfAnInsnIsRefused) {
  const Slot wide = {bpf::row(Form::lddw).opcode, 1, 0, 1};
  expect_refusal({tail_, {{jump(1)}, {wide}, {Slot{}}, {exit_slot}}}, "new slot 0: jumps to 2");
}

TEST_F(EditTest, ASlotWithARelocationStaysWhatItIs) {
  const std::uint32_t at = slot_of(tail_, Form::lddw);
  FunctionEdit edit = keep_function(object_, tail_);
  edit.slots[at].slot.imm = 5;
  expect_refusal(edit, fmt::format("new slot {}: is a copy of old slot {}, which carries a "
                                   "relocation, and differs",
                                   at, at));
  edit = keep_function(object_, tail_);
  edit.slots[at].slot.regs = 4;  // the register is free
  EXPECT_EQ(refusal_of(object_, edit), "");
  edit.slots[at + 1].origin = Origin::inserted;
  expect_refusal(edit, "is not a copy of old slot");
}

TEST_F(EditTest, ANewCallNeedsAnOldOne) {
  const Slot call = {bpf::row(Form::call_local).opcode, 0x10, 0, 3};
  expect_refusal({tail_, {{call}, {exit_slot}}}, "new slot 0: names a function and is not a copy");
}

TEST_F(EditTest, OneFunctionHasOneCode) {
  Edit edit(object_);
  ASSERT_TRUE(edit.replace(with_gotos(object_, tail_, {0})));
  EXPECT_TRUE(edit.replace(with_gotos(object_, tail_, {0})));
  const auto other = edit.replace(with_gotos(object_, tail_, {1}));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().line(), "function tail is edited twice, in different ways");
  EXPECT_FALSE(edit.replace(keep_function(object_, tail_)));
}

TEST_F(EditTest, JumpsGoWhereTheirTargetIs) {
  FunctionEdit edit{tail_,
                    {{jump_equal(2), Origin::replaced, 0},  // to old slot 3
                     {zero_r0, Origin::replaced, 1},
                     {goto_next},
                     {zero_r0, Origin::replaced, 3},
                     {exit_slot, Origin::replaced, 4}}};
  auto landed = retarget_jumps(object_, edit, Landing::on_inserted);
  ASSERT_TRUE(landed) << landed.error().line();
  EXPECT_EQ(landed->slots[0].slot.off, 1);
  landed = retarget_jumps(object_, edit, Landing::on_target);
  ASSERT_TRUE(landed) << landed.error().line();
  EXPECT_EQ(landed->slots[0].slot.off, 2);
  edit.slots[0].slot = jump_equal(1);  // to old slot 2, which is gone
  landed = retarget_jumps(object_, edit, Landing::on_target);
  ASSERT_TRUE(landed) << landed.error().line();
  EXPECT_EQ(landed->slots[0].slot.off, 2);
}

TEST_F(EditTest, AJumpThatBecomesTooLongIsRefused) {
  FunctionEdit edit{tail_, {{jump_equal(0), Origin::replaced, 0}}};
  edit.slots.resize(40000, {goto_next});
  edit.slots.push_back({exit_slot, Origin::replaced, 1});
  const auto moved = retarget_jumps(object_, edit, Landing::on_target);
  ASSERT_FALSE(moved);
  EXPECT_EQ(moved.error().line(),
            "function tail, new slot 0: jump to 40000 does not fit its field");
}

class LinkedEditTest : public EditTest {
 protected:
  const Program& program(std::string_view name) const { return **select(object_, name); }

  static LinkedEdit keep(const Program& program) {
    LinkedEdit edit;
    for (std::uint32_t i = 0; i < program.slots.size(); ++i)
      edit.slots.push_back({program.slots[i], Origin::copied, i});
    for (const program::Subprog& subprog : program.subprogs)
      edit.subprog_starts.push_back(subprog.first_slot);
    return edit;
  }
  std::string refusal(const Program& program, const LinkedEdit& edit) const {
    const auto edits = unlink_edit(object_, program, edit);
    return edits ? "" : std::string(edits.error().line());
  }
};

TEST_F(LinkedEditTest, PlacesLeadBackToTheFile) {
  for (const Program& program : object_.programs)
    for (std::uint32_t i = 0; i < program.slots.size(); ++i) {
      const FunctionPlace place = place_in_object(program, i);
      const Function& function = object_.functions[place.function];
      ASSERT_LT(place.slot, function.slot_count);
      EXPECT_EQ(raw_slots(object_, function)[place.slot].opcode, program.slots[i].opcode);
    }
}

TEST_F(LinkedEditTest, WithoutAChangeThereIsNoEdit) {
  for (const Program& program : object_.programs) {
    const auto edits = unlink_edit(object_, program, keep(program));
    ASSERT_TRUE(edits) << edits.error().line();
    EXPECT_TRUE(edits->empty()) << program.name;
  }
}

/// The program with a `goto +0` at the start of each subprogram, as an optimizer would have it.
LinkedEdit with_gotos_linked(const Program& program, LinkedEdit edit) {
  LinkedEdit moved;
  for (std::size_t i = 0; i < edit.slots.size(); ++i) {
    if (std::ranges::count(edit.subprog_starts, i) != 0) {
      moved.subprog_starts.push_back(static_cast<std::uint32_t>(moved.slots.size()));
      moved.slots.push_back({goto_next});
    }
    moved.slots.push_back(edit.slots[i]);
  }
  // Calls and callbacks have the distances of the new code.
  for (std::uint32_t i = 0; i < moved.slots.size(); ++i) {
    EditedSlot& slot = moved.slots[i];
    const bool names =
        (slot.slot.opcode == bpf::row(Form::call_local).opcode && slot.slot.src() == 1) ||
        (slot.slot.opcode == bpf::row(Form::lddw_func).opcode && slot.slot.src() == 4);
    if (!names || slot.origin == Origin::inserted) continue;
    const std::uint32_t target = slot.old_slot + 1 + static_cast<std::uint32_t>(slot.slot.imm);
    const auto named = std::ranges::find(program.subprogs, target, &program::Subprog::first_slot);
    const auto start =
        moved.subprog_starts[static_cast<std::size_t>(named - program.subprogs.begin())];
    slot.slot.imm = static_cast<std::int32_t>(start) - static_cast<std::int32_t>(i) - 1;
  }
  return moved;
}

TEST_F(LinkedEditTest, LinkedCodeGoesBackIntoItsFunctions) {
  const Program& was = program("firewall");
  const LinkedEdit linked = with_gotos_linked(was, keep(was));
  const auto edits = unlink_edit(object_, was, linked);
  ASSERT_TRUE(edits) << edits.error().line();
  ASSERT_EQ(edits->size(), was.subprogs.size());
  Edit edit(object_);
  for (const FunctionEdit& function : *edits) {
    const auto replaced = edit.replace(function);
    ASSERT_TRUE(replaced) << replaced.error().line();
  }
  const auto bytes = write(edit);
  ASSERT_TRUE(bytes) << bytes.error().line();
  const auto again = read(*bytes, "again.o");
  ASSERT_TRUE(again) << again.error().line();
  const Program& is = **select(*again, "firewall");
  ASSERT_EQ(is.slots.size(), linked.slots.size());
  for (std::size_t i = 0; i < is.slots.size(); ++i)
    EXPECT_EQ(is.slots[i], linked.slots[i].slot) << "slot " << i;
}

TEST_F(LinkedEditTest, ASharedSubprogramIsEditedOnce) {
  // "mix" is called from the firewall's account() and from ingress.
  const Program& main = program("firewall");
  const Program& other = program("ingress");
  Edit edit(object_);
  const auto moved = unlink_edit(object_, main, with_gotos_linked(main, keep(main)));
  ASSERT_TRUE(moved) << moved.error().line();
  for (const FunctionEdit& function : *moved) ASSERT_TRUE(edit.replace(function));
  LinkedEdit different = keep(other);
  different.slots.back() = {exit_slot, Origin::inserted, 0};
  different.slots.push_back(
      {exit_slot, Origin::copied, static_cast<std::uint32_t>(other.slots.size()) - 1});
  const auto edits = unlink_edit(object_, other, different);
  ASSERT_TRUE(edits) << edits.error().line();
  ASSERT_EQ(edits->size(), 1u);
  EXPECT_EQ(object_.functions[edits->front().function].name, "mix");
  const auto conflict = edit.replace(edits->front());
  ASSERT_FALSE(conflict);
  EXPECT_EQ(conflict.error().line(), "function mix is edited twice, in different ways");
}

TEST_F(LinkedEditTest, ReferencesMustBeCopies) {
  const Program& main = program("firewall");
  const auto first_map = static_cast<std::uint32_t>(
      std::ranges::find(main.slots, bpf::row(Form::lddw_map).opcode, &Slot::opcode) -
      main.slots.begin());
  LinkedEdit edit = keep(main);
  edit.slots[first_map].slot.imm += 1;  // another map
  EXPECT_EQ(refusal(main, edit),
            fmt::format("firewall: new slot {}: copies linked slot {}, a reference, and differs",
                        first_map, first_map));
  edit = keep(main);
  edit.slots[first_map].origin = Origin::inserted;
  EXPECT_EQ(refusal(main, edit),
            fmt::format("firewall: new slot {}: a reference to a map or function that is not a "
                        "copy of an old one",
                        first_map));
  edit = keep(main);
  edit.subprog_starts.pop_back();
  EXPECT_NE(refusal(main, edit), "");
  edit = keep(main);
  edit.slots[0].old_slot = static_cast<std::uint32_t>(main.slots.size());
  EXPECT_EQ(refusal(main, edit),
            fmt::format("firewall: new slot 0: old slot {0} is not below {0}", main.slots.size()));
}

}  // namespace
}  // namespace probity::object
