// SPDX-License-Identifier: Apache-2.0
// Whole programs: labels, comments, diagnostics with file, line and column; random programs
// round-trip in both styles; every file of the bpf_conformance corpus assembles and prints back to
// the same slots.
#include "assembler/bpf_text.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "../isa/bpf/sample_insns.hpp"

namespace probity::assembler {
namespace {

using bpf::Slot;

std::vector<Slot> slots_of(std::string_view text, TextStyle style) {
  const auto slots = assemble({"test.s", text}, style);
  EXPECT_TRUE(slots) << slots.error().line();
  return slots ? *slots : std::vector<Slot>();
}

std::string error_of(std::string_view text, TextStyle style) {
  const auto slots = assemble({"test.s", text}, style);
  return slots ? "assembled" : std::string(slots.error().line());
}

program::View view_of(const std::vector<Slot>& slots) {
  program::View view;
  view.slots = slots;
  return view;
}

TEST(BpfText, LabelsCountSlots) {
  const std::vector<Slot> slots = slots_of(R"(
    # r0 counts down
    start: lddw %r1, 0x1122334455667788   ; two slots
    jeq %r0, 0, done                      // forward
    ja32 start
done:
    exit
)",
                                           TextStyle::ubpf);
  const std::vector<Slot> expected = {{0x18, 1, 0, 0x55667788},
                                      {0, 0, 0, 0x11223344},
                                      {0x15, 0, 1, 0},
                                      {0x06, 0, 0, -4},
                                      {0x95, 0, 0, 0}};
  EXPECT_EQ(slots, expected);
}

TEST(BpfText, KernelStyleReadsVerifierLogsAndCalls) {
  const std::vector<Slot> slots = slots_of(R"(
0: (b7) r0 = 1          ; R0_w=1
1: (85) call bpf_ktime_get_ns#5
   call #7 # a comment
   call callee
   r1 = func callee ll
   if r0 s> 4 goto out
out: exit
callee:
   w0 = (s8)w1
   exit
)",
                                           TextStyle::kernel);
  const std::vector<Slot> expected = {
      {0xb7, 0, 0, 1}, {0x85, 0, 0, 5}, {0x85, 0, 0, 7}, {0x85, 0x10, 0, 4}, {0x18, 0x41, 0, 3},
      {0, 0, 0, 0},    {0x65, 0, 0, 4}, {0x95, 0, 0, 0}, {0xbc, 0x10, 8, 0}, {0x95, 0, 0, 0}};
  EXPECT_EQ(slots, expected);
}

TEST(BpfText, ImplicitExitLabelIsTheFirstExit) {
  const std::vector<Slot> slots =
      slots_of("jeq %r0, 1, exit\nexit\nmov %r0, 2\nja exit\nexit\n", TextStyle::ubpf);
  ASSERT_EQ(slots.size(), 5u);
  EXPECT_EQ(slots[0].off, 0);
  EXPECT_EQ(slots[3].off, -3);
}

TEST(BpfText, DiagnosticsNamePlaceValueAndLimit) {
  EXPECT_EQ(error_of("exit\n  ldxb %r0, [%r1+40000]", TextStyle::ubpf),
            "test.s:2:17: error: off 40000 does not fit 16 signed bits (-32768..32767)");
  EXPECT_EQ(error_of("ja nowhere\nexit", TextStyle::ubpf),
            "test.s:1:4: error: label 'nowhere' is not defined");
  EXPECT_EQ(error_of("a: exit\nb: a: exit", TextStyle::kernel),
            "test.s:2:4: error: label 'a' is already defined on line 1");
  EXPECT_EQ(error_of("goto exit\nexit", TextStyle::kernel),
            "test.s:1:6: error: label 'exit' is not defined");
  EXPECT_EQ(error_of("l: r99 = 1", TextStyle::kernel),
            "test.s:1:4: error: register r99 is beyond r10");
  std::string far = "ja far\n";
  for (int i = 0; i < 40000; ++i) far += "mov %r0, 1\n";
  EXPECT_EQ(error_of(far + "far: exit\n", TextStyle::ubpf),
            "test.s:1:4: error: off 40000 to label 'far' does not fit 16 signed bits "
            "(-32768..32767)");
}

TEST(BpfText, ControlCharactersAndGarbageAreRefused) {
  for (const char* text :
       {"\x01", "\"", "add", "lock", "lock fetch", "call", "r0", "r0 =", "*(", "if", "%", "[",
        "0:", "::", "r0 = *(u9 *)(r1 + 0)", "lddw %r1, map[", ":"}) {
    const bool harmless = std::string_view(text) == "0:";
    EXPECT_TRUE(harmless || error_of(text, TextStyle::kernel) != "assembled") << text;
    EXPECT_NE(error_of(text, TextStyle::ubpf), "assembled") << text;
  }
}

TEST(BpfText, SubprogramNamesAreLabels) {
  const std::vector<Slot> slots =
      slots_of("call local f\nexit\nf: mov %r0, 1\nexit", TextStyle::ubpf);
  const program::Subprog subprogs[] = {{"main", 0, 2}, {"add_one", 2, 2}};
  program::View view = view_of(slots);
  view.subprogs = subprogs;
  const auto kernel = print_program(view, TextStyle::kernel, Labels::shown);
  ASSERT_TRUE(kernel);
  EXPECT_EQ(*kernel, "main:\n  call add_one\n  exit\nadd_one:\n  r0 = 1\n  exit\n");
  EXPECT_EQ(slots_of(*kernel, TextStyle::kernel), slots);
  const auto plain = print_program(view, TextStyle::ubpf, Labels::none);
  ASSERT_TRUE(plain);
  EXPECT_EQ(*plain, "call local +1\nexit\nmov %r0, 1\nexit\n");
}

TEST(BpfText, RandomProgramsRoundTripInAllStyles) {
  bpf::SampleInsns samples;
  std::mt19937 random(7);
  for (int n = 0; n < 200; ++n) {
    std::vector<Slot> slots;
    for (int i = 0; i < 40; ++i) {
      bpf::Insn insn = samples.next(static_cast<bpf::Form>(random() % bpf::form_count));
      insn.off = static_cast<std::int16_t>(insn.off % 32);
      const auto encoded = bpf::encode(insn);
      slots.insert(slots.end(), encoded.begin(), encoded.begin() + insn.slot_count());
    }
    for (const TextStyle style : {TextStyle::kernel, TextStyle::ubpf}) {
      for (const Labels labels : {Labels::none, Labels::shown}) {
        const auto text = print_program(view_of(slots), style, labels);
        ASSERT_TRUE(text) << text.error().line();
        ASSERT_EQ(slots_of(*text, style), slots) << *text;
      }
    }
  }
}

std::filesystem::path corpus() {
  const char* folder = std::getenv("PROBITY_CORPUS");
  return folder != nullptr ? folder : "../shared/corpus";
}

/// The `-- asm` section of a .data file and the number of its first line.
std::pair<std::string, std::uint32_t> asm_section(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::string line;
  std::string text;
  std::uint32_t number = 0;
  std::uint32_t first = 0;
  while (std::getline(in, line)) {
    ++number;
    const bool header = line.starts_with("-- ");
    if (header && line.starts_with("-- asm"))
      first = number + 1;
    else if (header && first != 0)
      break;
    else if (first != 0)
      text += line + "\n";
  }
  return {text, first};
}

TEST(BpfText, EveryConformanceFileAssembles) {
  const std::filesystem::path folder = corpus() / "bpf_conformance" / "tests";
  if (!std::filesystem::is_directory(folder)) GTEST_SKIP() << "no corpus at " << folder;
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".data") continue;
    const auto [text, first] = asm_section(entry.path());
    const auto slots = assemble({entry.path().filename().c_str(), text, first}, TextStyle::ubpf);
    ASSERT_TRUE(slots) << slots.error().line();
    EXPECT_FALSE(slots->empty()) << entry.path();
    ++count;
    for (const TextStyle style : {TextStyle::kernel, TextStyle::ubpf}) {
      const auto printed = print_program(view_of(*slots), style, Labels::shown);
      ASSERT_TRUE(printed) << entry.path() << ": " << printed.error().line();
      EXPECT_EQ(slots_of(*printed, style), *slots) << entry.path() << "\n" << *printed;
    }
  }
  EXPECT_EQ(count, 313u);
}

}  // namespace
}  // namespace probity::assembler
