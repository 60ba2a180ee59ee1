// SPDX-License-Identifier: Apache-2.0
// Layouts: the size is known in advance and filled exactly, jumps are as short as they can be and
// reach what they should, and what is no program is refused with its place.
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "isa/bpf/codec.hpp"
#include "isa/code.hpp"
#include "native_code.hpp"

namespace probity::jit {
namespace {

using bpf::Form;
using bpf::Insn;
using enum bpf::Reg;

const Options plain{Memory::unchecked, Fuel::off, Blinding::off, 0};

bpf::Slot slot_of(const Insn& insn) {
  return bpf::encode(insn)[0];
}
bpf::Slot jump(std::int32_t imm) {
  return slot_of({Form::ja32, r0, r0, 0, imm});
}
/// Three bytes on x86-64: xor r13d, r13d.
const bpf::Slot zero_r7 = slot_of({Form::mov64_imm, r7, r0, 0, 0});
const bpf::Slot exit_slot = slot_of({});
const bpf::Slot add_r0_1 = slot_of({Form::add64_imm, r0, r0, 0, 1});

std::uint32_t size_at(const NativeCode& code, std::size_t slot) {
  return code.image().offsets[slot + 1] - code.image().offsets[slot];
}

std::vector<bpf::Slot> jump_over(std::size_t count) {
  std::vector<bpf::Slot> slots{jump(static_cast<std::int32_t>(count))};
  slots.insert(slots.end(), count, zero_r7);
  slots.push_back(add_r0_1);
  slots.push_back(exit_slot);
  return slots;
}

TEST(JitLayout, AJumpIsShortWhileItReaches) {
  for (std::size_t count = 0; count < 60; ++count) {
    const auto slots = jump_over(count);
    const NativeCode code({Target::x86_64, slots, plain});
    ASSERT_EQ(code.error(), "");
    EXPECT_EQ(size_at(code, 0), count * 3 <= 127 ? 2u : 5u) << count;
    Context context;
    EXPECT_EQ(code.run(context), 1u);
  }
}

TEST(JitLayout, ABackwardJumpIsShortWhileItReaches) {
  for (std::size_t count = 30; count < 60; ++count) {
    std::vector<bpf::Slot> slots(count, zero_r7);
    slots.push_back(add_r0_1);
    const auto back = static_cast<std::int16_t>(-static_cast<int>(count) - 2);
    slots.push_back(slot_of({Form::jlt_imm, r0, r0, back, 9}));
    slots.push_back(exit_slot);
    const NativeCode code({Target::x86_64, slots, plain});
    ASSERT_EQ(code.error(), "");
    const std::uint32_t distance = code.image().offsets[count + 2] - code.image().offsets[0];
    EXPECT_EQ(size_at(code, count + 1), distance <= 128 ? 4u + 2u : 4u + 6u) << count;
    Context context;
    EXPECT_EQ(code.run(context), 9u);
  }
}

/// The way into a loop leads through the padding in front of it, of every length.
TEST(JitLayout, LoopHeadsAreAligned) {
  std::set<std::uint32_t> paddings;
  for (std::size_t count = 0; count < 64; ++count) {
    std::vector<bpf::Slot> slots(count % 16, zero_r7);
    slots.insert(slots.end(), count / 16, slot_of({Form::add64_imm, r2, r0, 0, 1}));
    slots.push_back(slot_of({Form::add64_imm, r1, r0, 0, 1000}));
    const std::size_t head = slots.size();
    slots.push_back(add_r0_1);
    slots.push_back(slot_of({Form::jlt_imm, r0, r0, -2, 5}));
    slots.push_back(slot_of({Form::add64_reg, r0, r1}));
    slots.push_back(exit_slot);
    const NativeCode code({Target::x86_64, slots, plain});
    ASSERT_EQ(code.error(), "");
    EXPECT_EQ(code.image().offsets[head] % 32, 0u);
    paddings.insert(size_at(code, head - 1) - 7);
    Context context;
    EXPECT_EQ(code.run(context), 1005u) << count;
  }
  EXPECT_EQ(paddings.size(), 32u);
}

/// Each jump is just short until the one inside it grows: one more per pass.
TEST(JitLayout, GrowingOneJumpGrowsTheNext) {
  std::vector<bpf::Slot> slots;
  constexpr std::size_t depth = 30;
  // slot i jumps over 41 three-byte insns and depth - i - 1 jumps that follow it
  for (std::size_t i = 0; i < depth; ++i) slots.push_back(jump(45));
  for (std::size_t i = 0; i < 60; ++i) slots.push_back(zero_r7);
  slots.push_back(exit_slot);
  const NativeCode code({Target::x86_64, slots, plain});
  ASSERT_EQ(code.error(), "");
  for (std::size_t i = 0; i < depth; ++i) {
    const std::uint32_t distance = code.image().offsets[i + 46] - code.image().offsets[i + 1];
    EXPECT_EQ(size_at(code, i), distance <= 127 ? 2u : 5u) << i;
  }
}

TEST(JitLayout, JumpsToSlotZeroToThemselvesAndToTheNextInsn) {
  const std::vector<bpf::Slot> slots{add_r0_1, slot_of({Form::jlt_imm, r0, r0, -2, 5}), jump(0),
                                     exit_slot, jump(-1)};
  const NativeCode code({Target::x86_64, slots, plain});
  ASSERT_EQ(code.error(), "");
  Context context;
  EXPECT_EQ(code.run(context), 5u);
  const std::uint32_t self = code.image().offsets[4];
  EXPECT_EQ(code.bytes()[self], 0xeb);
  EXPECT_EQ(code.bytes()[self + 1], 0xfe);
}

TEST(JitLayout, AMillionInstructionsAreJumpedOver) {
  const auto slots = jump_over(1'000'000);
  const NativeCode code({Target::x86_64, slots, plain});
  ASSERT_EQ(code.error(), "");
  Context context;
  EXPECT_EQ(code.run(context), 1u);
}

bpf::Slot random_slot(std::mt19937_64& random, std::size_t at, std::size_t count) {
  const auto target = static_cast<std::int64_t>(random() % count);
  const auto off = static_cast<std::int16_t>(target - static_cast<std::int64_t>(at) - 1);
  const auto imm = static_cast<std::int32_t>(random());
  switch (random() % 4) {
    case 0: return slot_of({Form::jeq_imm, r7, r0, off, imm});
    case 1: return slot_of({Form::ja, r0, r0, off});
    case 2: return slot_of({Form::add64_imm, r3, r0, 0, imm});
    default: return slot_of({Form::ldxw, r3, r6, static_cast<std::int16_t>(imm)});
  }
}

/// Nothing but the image is written, and every jump is long only where it must be.
TEST(JitLayout, TheSizeIsKnownInAdvance) {
  std::mt19937_64 random(7);
  int shrunk = 0;  // jumps that were long until the padding in front of a loop shrank
  for (int round = 0; round < 200; ++round) {
    std::vector<bpf::Slot> slots(1 + random() % 300);
    for (std::size_t i = 0; i < slots.size(); ++i) {
      slots[i] = random_slot(random, i, slots.size());
    }
    const Options options{round % 2 == 0 ? Memory::checked : Memory::unchecked,
                          round % 3 == 0 ? Fuel::off : Fuel::at_back_edges,
                          round % 5 == 0 ? Blinding::on : Blinding::off, 0};
    const Request request{Target::x86_64, slots, options};
    std::vector<std::byte> workspace(workspace_bytes(slots.size()));
    const auto image = layout(request, workspace);
    ASSERT_TRUE(image.has_value()) << image.error().line();
    std::vector<std::uint8_t> code(image->size_bytes + isa::max_sequence_bytes, 0xa5);
    const auto emitted = emit(request, *image, workspace, code);
    ASSERT_TRUE(emitted.has_value()) << emitted.error().line();
    for (std::size_t i = 0; i < slots.size(); ++i) {
      const bool pays_fuel = options.fuel == Fuel::at_back_edges && slots[i].off < 0;
      if (slots[i].opcode != 0x05 || pays_fuel) continue;
      const std::uint32_t here = image->offsets[i];
      const std::int64_t distance =
          std::int64_t{image->offsets[i + 1 + static_cast<std::size_t>(slots[i].off)]} - here - 2;
      const bool reaches = distance >= -128 && distance <= 127;
      EXPECT_EQ(code[here], reaches ? 0xeb : 0xe9);
      shrunk += reaches && image->offsets[i + 1] == here + 5 ? 1 : 0;
    }
    for (std::size_t i = image->size_bytes + 8; i < code.size(); ++i) ASSERT_EQ(code[i], 0xa5);
  }
  EXPECT_GT(shrunk, 0);
}

/// Of a blinded program no immediate appears in the code.
/// The code behind the last slot names that slot, and on RV64 a number above 2047 is longer; what
/// was sized last before it, here the jump at slot 0, must not matter.
TEST(JitLayout, TheEndIsSizedByItsOwnNumber) {
  for (const Target target : {Target::x86_64, Target::rv64}) {
    for (const std::size_t count : {10u, 2040u, 2044u, 2045u, 2046u, 2047u, 6000u}) {
      const auto slots = jump_over(count);
      Request request;
      request.target = target;
      request.slots = slots;
      request.options = plain;
      std::vector<std::byte> workspace(workspace_bytes(slots.size()));
      const auto image = layout(request, workspace);
      ASSERT_TRUE(image) << image.error().line();
      std::vector<std::uint8_t> code(image->size_bytes + isa::max_sequence_bytes);
      const auto emitted = emit(request, *image, workspace, code);
      EXPECT_TRUE(emitted) << slots.size() << " slots: " << emitted.error().line();
    }
  }
}

TEST(JitLayout, BlindedImmediatesDoNotAppear) {
  constexpr std::int32_t marker = 0x1337'beef;
  std::vector<bpf::Slot> slots;
  for (const Form form :
       {Form::add32_imm, Form::sub64_imm, Form::mul32_imm, Form::div64_imm, Form::sdiv32_imm,
        Form::or64_imm, Form::and32_imm, Form::mod32_imm, Form::smod64_imm, Form::xor64_imm,
        Form::mov32_imm, Form::mov64_imm, Form::jeq_imm, Form::jset32_imm, Form::stw, Form::stdw}) {
    slots.push_back(slot_of({form, r1, r0, 0, marker}));
  }
  const auto wide = bpf::encode({Form::lddw, r1, r0, 0, marker, marker});
  slots.insert(slots.end(), wide.begin(), wide.end());
  slots.push_back(exit_slot);
  const auto appearances = [&](Blinding blinding, std::uint64_t seed) {
    const NativeCode code(
        {Target::x86_64, slots, {Memory::unchecked, Fuel::off, blinding, 0}, 0, 0, seed});
    EXPECT_EQ(code.error(), "");
    int count = 0;
    for (std::size_t i = 0; i + 4 <= code.bytes().size(); ++i) {
      std::int32_t word;
      std::memcpy(&word, code.bytes().data() + i, 4);
      count += word == marker ? 1 : 0;
    }
    return count;
  };
  EXPECT_EQ(appearances(Blinding::off, 1), 18);
  EXPECT_EQ(appearances(Blinding::on, 1), 0);
  EXPECT_EQ(appearances(Blinding::on, 2), 0);
}

std::string error_of(const std::vector<bpf::Slot>& slots) {
  return NativeCode({Target::x86_64, slots, plain}).error();
}

TEST(JitLayout, WhatIsNoProgramIsRefused) {
  EXPECT_EQ(error_of({jump(1)}), "slot 0: jump target 2 is outside the program (0..1)");
  EXPECT_EQ(error_of({jump(-2)}), "slot 0: jump target -1 is outside the program (0..1)");
  const auto wide = bpf::encode({Form::lddw, r1, r0, 0, 1, 1});
  EXPECT_EQ(error_of({wide[0], wide[1], jump(-2), exit_slot}),
            "slot 2: jump target 1 is the second slot of the lddw at 0");
  EXPECT_EQ(error_of({{0xff, 0, 0, 0}}), "slot 0: unknown opcode 0xff");
}

TEST(JitLayout, AWorkspaceThatIsTooSmallIsRefused) {
  const std::vector<bpf::Slot> slots{exit_slot};
  std::vector<std::byte> workspace(workspace_bytes(1) - 1);
  const auto image = layout({Target::x86_64, slots, plain}, workspace);
  ASSERT_FALSE(image.has_value());
  EXPECT_EQ(image.error().fault(), Fault::limit);
}

/// An image that no longer fits its layout is a bug that emit() finds.
TEST(JitLayout, EmitChecksTheLayout) {
  const std::vector<bpf::Slot> slots{add_r0_1, exit_slot};
  const Request request{Target::x86_64, slots, plain};
  std::vector<std::byte> workspace(workspace_bytes(slots.size()));
  const auto image = layout(request, workspace);
  ASSERT_TRUE(image.has_value());
  std::vector<std::uint8_t> code(image->size_bytes + isa::max_sequence_bytes);
  const_cast<std::uint32_t&>(image->offsets[1]) -= 1;
  const auto emitted = emit(request, *image, workspace, code);
  ASSERT_FALSE(emitted.has_value());
  EXPECT_EQ(emitted.error().fault(), Fault::bug);
  EXPECT_NE(emitted.error().line().find("slot 0: the code ends at byte"), std::string_view::npos);
}

}  // namespace
}  // namespace probity::jit
