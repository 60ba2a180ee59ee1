// SPDX-License-Identifier: Apache-2.0
// Numbers become the names that the program knows: maps, helpers, subprograms, kfuncs; source lines
// come in between.
#include "cli/disassembly.hpp"

#include <gtest/gtest.h>

#include <array>

namespace probity::cli {
namespace {

struct Sample {
  std::vector<bpf::Slot> slots;
  std::array<program::Subprog, 2> subprogs = {program::Subprog{"main", 0, 7},
                                              program::Subprog{"leaf", 7, 2}};
  std::array<program::MapDef, 2> maps;
  std::array<program::External, 1> externals = {program::External{"bpf_ksym", false}};
  std::array<program::LineInfo, 3> lines = {program::LineInfo{0, 3, 1, "a.c", "\tlookup(&flows);"},
                                            program::LineInfo{3, 3, 9, "a.c", "\tlookup(&flows);"},
                                            program::LineInfo{5, 4, 1, "a.c", "leaf();"}};

  Sample() {
    maps[0].name = "flows";
    maps[1].name = ".rodata";
    slots = {{0x18, 0x11, 0, 0}, {0, 0, 0, 0},        // r1 = map[flows] ll
             {0x85, 0x00, 0, 1},                      // call bpf_map_lookup_elem
             {0x18, 0x21, 0, 1}, {0, 0, 0, 8},        // r1 = map[.rodata][8] ll
             {0x85, 0x10, 0, 1},                      // call leaf
             {0x95, 0x00, 0, 0}, {0x85, 0x20, 0, 0},  // call bpf_ksym
             {0xff, 0x00, 0, 0}};                     // no insn
  }
  program::View view() const {
    program::View view;
    view.slots = slots;
    view.subprogs = subprogs;
    view.maps = maps;
    view.externals = externals;
    view.lines = lines;
    return view;
  }
};

TEST(Disassembly, NamesAndSourceLines) {
  const Sample sample;
  const std::string text = disassemble(sample.view(), TextStyle::kernel, InsnBytes::hide);
  const std::string expected =
      "main:\n"
      "; lookup(&flows); @ a.c:3\n"
      "     0: r1 = map[flows] ll\n"
      "     2: call bpf_map_lookup_elem#1\n"
      "     3: r1 = map[.rodata][8] ll\n"
      "; leaf(); @ a.c:4\n"
      "     5: call leaf\n"
      "     6: exit\n"
      "leaf:\n"
      "     7: call bpf_ksym\n"
      "     8: .slot ff 00 00 00 00 00 00 00 ; ";
  EXPECT_EQ(text.substr(0, expected.size()), expected);
}

TEST(Disassembly, BytesCoverBothSlotsOfLddw) {
  const Sample sample;
  const std::string text = disassemble(sample.view(), TextStyle::ubpf, InsnBytes::show);
  EXPECT_NE(
      text.find(
          "     3: 18 21 00 00 01 00 00 00 00 00 00 00 08 00 00 00  lddw %r1, map[.rodata][8]\n"),
      std::string::npos)
      << text;
}

TEST(Disassembly, EverySlotIsListedOnce) {
  const Sample sample;
  std::uint32_t next = 0;
  for (const ListedInsn& insn : list_insns(sample.view(), TextStyle::kernel)) {
    EXPECT_EQ(insn.slot, next);
    next += insn.slot_count;
  }
  EXPECT_EQ(next, sample.slots.size());
}

}  // namespace
}  // namespace probity::cli
