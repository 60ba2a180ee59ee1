// SPDX-License-Identifier: Apache-2.0
// Every reason for refusal, word by word, and what must not be refused: RFC 9669 gives a meaning to
// more than the kernel accepts.
#include "program/validate.hpp"

#include "sample_program.hpp"

namespace probity::program {
namespace {

std::string verdict(const View& view) {
  std::vector<std::byte> memory(validate_scratch_bytes(view));
  Arena arena(memory);
  const Expected<void> result = validate(view, arena);
  return result ? "valid" : std::string(result.error().line());
}

std::string verdict(std::string_view text) {
  return verdict(SampleProgram(text).view);
}

TEST(Validate, AllowsWhatTheRfcGivesAMeaning) {
  EXPECT_EQ(verdict("r0 = 1\nexit\n"), "valid");
  EXPECT_EQ(verdict("r0 = 1\nexit\nr0 = 2\nexit\n"), "valid");        // unreachable
  EXPECT_EQ(verdict("r0 = 1\nr0 /= 0\nr0 <<= 70\nexit\n"), "valid");  // by zero, beyond width
  EXPECT_EQ(verdict("l: r0 = 1\ngoto l\n"), "valid");                 // endless
  EXPECT_EQ(verdict("call f\nexit\nf: call f\nexit\n"), "valid");     // recursive
  EXPECT_EQ(verdict("*(u64 *)(r10 - 512) = 1\nr0 = *(u8 *)(r10 - 1)\nexit\n"), "valid");
  EXPECT_EQ(verdict("r0 = *(u8 *)skb[0]\nexit\n"), "valid");
  EXPECT_EQ(verdict("r2 = func f ll\nr0 = 1\ncall bpf_loop\nexit\nf: r0 = 0\nexit\n"), "valid");
  EXPECT_EQ(verdict("lock *(u64 *)(r10 - 8) += r10\nr1 = r10\nexit\n"), "valid");
}

TEST(Validate, Jumps) {
  EXPECT_EQ(verdict("goto +1\nexit\n"),
            "slot 0: ja jumps to slot 2, outside its subprogram's 0..1");
  EXPECT_EQ(verdict("if r1 == 0 goto -3\nexit\n"),
            "slot 0: jeq_imm jumps to slot -2, outside its subprogram's 0..1");
  EXPECT_EQ(verdict("goto +1\nr0 = 1 ll\nexit\n"),
            "slot 0: ja jumps to slot 2, the second slot of an lddw");
  EXPECT_EQ(verdict("call f\ngoto +0\nexit\nf: r0 = 1\nexit\n"), "valid");
  EXPECT_EQ(verdict("call f\ngoto +2\nexit\nf: r0 = 1\nexit\n"),
            "slot 1: ja jumps to slot 4, outside its subprogram's 0..2");
}

TEST(Validate, SubprogramsEndInExitOrJump) {
  EXPECT_EQ(
      verdict("r0 = 1\n"),
      "slot 0: mov64_imm is the last insn of subprogram '', which must end in exit or a jump");
  EXPECT_EQ(verdict("r0 = 1\nmay_goto -2\n"),
            "slot 1: may_goto is the last insn of subprogram '', which must end in exit or a jump");
}

TEST(Validate, UnreachableTailsMayFallOut) {
  EXPECT_EQ(verdict("r0 = 0\nif r0 == 0 goto +0\nexit\nw0 = 1\n"), "valid");
  EXPECT_EQ(verdict("call f\nexit\nw0 = 1\nf: exit\n"), "valid");
  EXPECT_EQ(
      verdict("call f\nexit\nf: goto end\nexit\nend: w0 = 1\n"),
      "slot 4: mov32_imm is the last insn of subprogram '', which must end in exit or a jump");
}

TEST(Validate, FramePointerIsReadOnly) {
  const std::pair<const char*, const char*> writes[] = {
      {"r10 += 1", "add64_imm"},
      {"w10 = (s8)w1", "movsx32_8"},
      {"r10 = be16 r10", "be16"},
      {"r10 = 1 ll", "lddw"},
      {"r10 = *(u8 *)(r1 + 0)", "ldxb"},
      {"r10 = load_acquire((u8 *)(r1 + 0))", "load_acqb"},
      {"r10 = atomic64_xchg((u64 *)(r1 + 0), r10)", "atomic64_xchg"},
  };
  for (const auto& [text, form] : writes) {
    EXPECT_EQ(verdict(std::string(text) + "\nexit\n"),
              "slot 0: " + std::string(form) + " writes r10, the read-only frame pointer");
  }
  EXPECT_EQ(verdict("r0 = atomic64_cmpxchg((u64 *)(r1 + 0), r0, r10)\nexit\n"), "valid");
}

TEST(Validate, StackAccesses) {
  EXPECT_EQ(verdict("*(u64 *)(r10 + 0) = 1\nexit\n"),
            "slot 0: stdw accesses 8 bytes at r10 + 0, outside the stack's -512..-1");
  EXPECT_EQ(verdict("r0 = *(u64 *)(r10 - 4)\nexit\n"),
            "slot 0: ldxdw accesses 8 bytes at r10 + -4, outside the stack's -512..-1");
  EXPECT_EQ(verdict("*(u8 *)(r10 - 513) = r1\nexit\n"),
            "slot 0: stxb accesses 1 bytes at r10 + -513, outside the stack's -512..-1");
}

TEST(Validate, Calls) {
  EXPECT_EQ(verdict("call #5000\nexit\n"), "slot 0: call_helper: helper 5000 is unknown (1..211)");
  EXPECT_EQ(verdict("call #0\nexit\n"), "slot 0: call_helper: helper 0 is unknown (1..211)");
  EXPECT_EQ(verdict("call kfunc#0\nexit\n"),
            "slot 0: call_kfunc: index 0 is beyond the program's 0 externals");
  EXPECT_EQ(
      verdict("callx r1\nexit\n"),
      "slot 0: callx: calls by register are not part of RFC 9669 and the kernel refuses them; "
      "compile so that the call is direct");
  SampleProgram inside("call f\nexit\nf: r0 = 1\nexit\n");
  inside.subprogs = {{"main", 0, 4}};
  inside.view.subprogs = inside.subprogs;
  EXPECT_EQ(verdict(inside.view), "slot 0: call_local names slot 2, where no subprogram starts");
}

std::string chain(int subprogs) {
  std::string text;
  for (int i = 0; i < subprogs; ++i) {
    text += "f" + std::to_string(i) + ": ";
    if (i + 1 < subprogs) text += "call f" + std::to_string(i + 1) + "\n";
    text += "exit\n";
  }
  return text;
}

TEST(Validate, CallsNestEightFrames) {
  EXPECT_EQ(verdict(chain(8)), "valid");
  EXPECT_EQ(verdict(chain(9)), "calls nest 9 frames deep, at most 8");
  const SampleProgram shared("call a\ncall b\nexit\na: call b\nexit\nb: exit\n");
  std::vector<std::byte> memory(1024);
  Arena arena(memory);
  const auto depth = call_depth(shared.view, arena);
  ASSERT_TRUE(depth);
  EXPECT_EQ(depth->frames, 3u);
  EXPECT_FALSE(depth->recursive);
}

TEST(Validate, MapsAndVariables) {
  EXPECT_EQ(verdict("r1 = map[0] ll\nr0 = 1\nexit\n"),
            "slot 0: lddw_map: map index 0 is beyond the program's 0 maps");
  SampleProgram program("r1 = map[0][8] ll\nr0 = 1\nexit\n");
  std::vector<MapDef> maps = {{"m", MapType::array, 4, 8, 1, 0, -1, {}, false}};
  program.view.maps = maps;
  EXPECT_EQ(verdict(program.view),
            "slot 0: lddw_map_value: offset 8 is beyond the 8 bytes of a value of map 'm'");
  maps[0].value_size = 9;
  EXPECT_EQ(verdict(program.view), "valid");
  EXPECT_EQ(verdict("r1 = var[3] ll\nexit\n"),
            "slot 0: lddw_var: index 3 is beyond the program's 0 externals");
}

TEST(Validate, PacketLoadsNeedAPacketBuffer) {
  SampleProgram program("r0 = *(u8 *)skb[0]\nexit\n");
  program.view.type = ProgType::sched_cls;
  EXPECT_EQ(verdict(program.view), "valid");
  program.view.type = ProgType::xdp;
  EXPECT_EQ(verdict(program.view),
            "slot 0: ldabsb: program type xdp has no packet loads "
            "(socket_filter, sched_cls and sched_act have)");
}

TEST(Validate, Shape) {
  View empty;
  EXPECT_EQ(verdict(empty), "program has no insns");
  SampleProgram program("r0 = 1\nexit\n");
  program.subprogs = {{"a", 0, 1}};
  program.view.subprogs = program.subprogs;
  EXPECT_EQ(verdict(program.view), "subprograms cover 1 of 2 slots");
  program.subprogs = {{"a", 0, 1}, {"b", 0, 1}};
  program.view.subprogs = program.subprogs;
  EXPECT_EQ(verdict(program.view), "subprogram 'b' has slots 0+1, but the one before it ends at 1");
  const bpf::Slot bad[] = {{0xff, 0, 0, 0}};
  View undecodable;
  undecodable.slots = bad;
  const Subprog whole[] = {{"a", 0, 1}};
  undecodable.subprogs = whole;
  EXPECT_EQ(verdict(undecodable), "slot 0: unknown opcode 0xff");
}

TEST(FindSubprogs, ReadsCallsAndFunctionAddresses) {
  const SampleProgram program("r2 = func g ll\ncall f\nexit\nf: exit\ng: exit\n");
  ASSERT_EQ(program.subprogs.size(), 3u);
  EXPECT_EQ(program.subprogs[1].first_slot, 4u);
  EXPECT_EQ(program.subprogs[2].first_slot, 5u);
  EXPECT_EQ(program.subprogs[0].slot_count, 4u);
  const bpf::Slot far[] = {{0x85, 0x10, 0, 100}};
  std::vector<std::byte> memory(1024);
  Arena arena(memory);
  const auto refused = find_subprogs(far, arena);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().line(),
            "slot 0: call_local to slot 101, outside the program's 1 slots");
}

}  // namespace
}  // namespace probity::program
