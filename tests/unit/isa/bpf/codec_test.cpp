// SPDX-License-Identifier: Apache-2.0
// The codec: every form round-trips, every one of the 256 opcode bytes with every selector decodes
// to exactly the row that names it or is refused, and every reserved field is checked.
#include "isa/bpf/codec.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sample_insns.hpp"

namespace probity::bpf {
namespace {

std::string line_of(const Expected<Insn>& insn) {
  return insn ? "decoded" : std::string(insn.error().line());
}

TEST(Codec, EveryFormRoundTrips) {
  SampleInsns samples;
  for (std::size_t i = 0; i < form_count; ++i) {
    for (int n = 0; n < 200; ++n) {
      const Insn insn = samples.next(static_cast<Form>(i));
      const std::array<Slot, 2> slots = encode(insn);
      const Expected<Insn> decoded = decode(std::span(slots).first(insn.slot_count()), 0);
      ASSERT_TRUE(decoded) << rows[i].name << ": " << line_of(decoded);
      EXPECT_EQ(*decoded, insn) << rows[i].name;
    }
  }
}

/// The row that the RFC's tables give for a slot, searched without the codec's index.
std::optional<Form> expected_form(const Slot& slot) {
  std::optional<Form> found;
  for (std::size_t i = 0; i < form_count; ++i) {
    const Row& r = rows[i];
    if (r.opcode != slot.opcode) continue;
    if (r.selector == Selector::src && slot.src() != static_cast<unsigned>(r.selector_value))
      continue;
    if (r.selector == Selector::off && slot.off != r.selector_value) continue;
    if (r.selector == Selector::imm && slot.imm != r.selector_value) continue;
    EXPECT_FALSE(found) << "two rows for one slot: " << r.name;
    found = static_cast<Form>(i);
  }
  return found;
}

TEST(Codec, EveryOpcodeAndSelectorIsItsRowOrRefused) {
  unsigned decoded_count = 0;
  for (unsigned opcode = 0; opcode < 256; ++opcode) {
    for (unsigned src = 0; src < 16; ++src) {
      for (const int off : {0, 1, 2, 8, 16, 32, 64, -1}) {
        for (const std::int32_t imm :
             {0,    1,    8,    16,   32,   64,   0x40,  0x41,  0x50,  0x51,
              0xa0, 0xa1, 0xe0, 0xe1, 0xf0, 0xf1, 0x100, 0x110, 0x101, -1}) {
          const Slot slot{static_cast<std::uint8_t>(opcode), static_cast<std::uint8_t>(src << 4),
                          static_cast<std::int16_t>(off), imm};
          const std::vector<Slot> slots = {slot, Slot{}};
          const Expected<Insn> insn = decode(slots, 0);
          const std::optional<Form> form = expected_form(slot);
          EXPECT_EQ(find_form(slot), form);
          if (!form) {
            EXPECT_FALSE(insn) << "opcode " << opcode;
            continue;
          }
          if (!insn) continue;  // a reserved field; see ReservedFieldsMustBeZero
          ++decoded_count;
          EXPECT_EQ(insn->form, *form);
          const bool old_callx = *form == Form::callx && imm != 0;
          if (!old_callx) {
            EXPECT_EQ(encode(*insn)[0], slot) << row(*form).name;
          }
        }
      }
    }
  }
  EXPECT_GT(decoded_count, form_count);
}

TEST(Codec, ReservedFieldsMustBeZero) {
  SampleInsns samples;
  for (std::size_t i = 0; i < form_count; ++i) {
    const Insn insn = samples.next(static_cast<Form>(i));
    const std::array<Slot, 2> slots = encode(insn);
    for (int field = 0; field < 7; ++field) {
      std::array<Slot, 2> changed = slots;
      if (field == 0) changed[0].regs ^= 1;
      if (field == 1) changed[0].regs ^= 0x10;
      if (field == 2) changed[0].off = static_cast<std::int16_t>(changed[0].off ^ 0x4000);
      if (field == 3) changed[0].imm ^= 0x40000000;
      if (field == 4) changed[1].opcode = 7;
      if (field == 5) changed[1].regs = 1;
      if (field == 6) changed[1].off = 1;
      if (field >= 4 && insn.slot_count() == 1) continue;
      const Expected<Insn> decoded = decode(changed, 0);
      // Either refused, or the field is an operand: then it must survive.
      const bool survives = decoded && encode(*decoded) == changed;
      EXPECT_TRUE(!decoded || survives) << rows[i].name << " field " << field;
      EXPECT_TRUE(!decoded || field < 4) << rows[i].name << " field " << field;
    }
  }
}

TEST(Codec, MessagesNameSlotValueAndLimit) {
  const auto refused = [](Slot slot) { return line_of(decode(std::span(&slot, 1), 0)); };
  EXPECT_EQ(refused({0x07, 0x0b, 0, 1}), "slot 0: add64_imm: dst r11 is beyond r10");
  EXPECT_EQ(refused({0x0f, 0xf0, 0, 0}), "slot 0: add64_reg: src r15 is beyond r10");
  EXPECT_EQ(refused({0xff, 0, 0, 0}), "slot 0: unknown opcode 0xff");
  EXPECT_EQ(refused({0x07, 0, 3, 1}), "slot 0: add64_imm: reserved field off is 3, must be 0");
  EXPECT_EQ(refused({0x37, 0, 2, 1}), "slot 0: opcode 0x37 has no form with off 2 (only 0, 1)");
  EXPECT_EQ(refused({0x18, 0, 0, 1}),
            "slot 0: lddw takes 2 slots, but the program ends after slot 0");
  EXPECT_EQ(line_of(decode({}, 0)), "slot 0: beyond the program's 0 slots");
}

TEST(Codec, OldCallxKeepsItsRegisterInImm) {
  const Slot slot{0x8d, 0, 0, 3};
  const Expected<Insn> insn = decode(std::span(&slot, 1), 0);
  ASSERT_TRUE(insn) << line_of(insn);
  EXPECT_EQ(insn->dst, Reg::r3);
  EXPECT_EQ(encode(*insn)[0], (Slot{0x8d, 3, 0, 0}));
}

TEST(Codec, BytesAreLittleEndian) {
  const Slot slot{0x07, 0x21, 0x0403, 0x08070605};
  const std::array<std::uint8_t, 8> bytes = bytes_of(slot);
  EXPECT_EQ(bytes, (std::array<std::uint8_t, 8>{0x07, 0x21, 3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(slot_at(bytes, 0), slot);

  alignas(16) std::array<std::byte, 64> memory;
  Arena arena(memory);
  const auto slots = slots_from_bytes(bytes, arena);
  ASSERT_TRUE(slots);
  EXPECT_EQ((*slots)[0], slot);
  const auto short_one = slots_from_bytes(std::span(bytes).first(7), arena);
  ASSERT_FALSE(short_one);
  EXPECT_EQ(short_one.error().line(), "program of 7 bytes is not a multiple of 8");
}

}  // namespace
}  // namespace probity::bpf
