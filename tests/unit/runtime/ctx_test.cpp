// SPDX-License-Identifier: Apache-2.0
// Ctx tables: rows in order and disjoint, and what programs read from an sk_buff on lo.
#include "runtime/ctx.hpp"

#include <gtest/gtest.h>

#include "bare_run.hpp"

namespace probity::runtime {
namespace {

using bpf::Form;
using program::ProgType;

TEST(Ctx, RowsAreSortedAndDisjoint) {
  for (const ProgType type : {ProgType::xdp, ProgType::sched_cls}) {
    std::uint32_t end = 0;
    for (const CtxRow& row : ctx_rows(type)) {
      EXPECT_GE(row.offset, end) << row.name;
      end = row.offset + row.size_bytes;
      EXPECT_LE(end, ctx_bytes);
      EXPECT_EQ(find_ctx_row(type, row.offset, row.size_bytes), &row);
    }
  }
  EXPECT_TRUE(ctx_rows(ProgType::kprobe).empty());
}

std::uint64_t read_field(ProgType type, std::int16_t offset, Form form, const Bytes& packet) {
  BareProgram program = program_of({insn(form, 0, 1, offset, 0), exit_insn()});
  program.type = type;
  RunInput input;
  input.packet = packet;
  const RunOutput output = run(program, input);
  EXPECT_EQ(output.fault.kind, FaultKind::none) << output.fault.text;
  return output.return_value;
}

Bytes ipv4_frame(std::uint8_t first_byte) {
  Bytes packet(60);
  packet[0] = first_byte;
  packet[12] = 0x08;
  return packet;
}

TEST(Ctx, SkbFields) {
  EXPECT_EQ(read_field(ProgType::sched_cls, 0, Form::ldxw, ipv4_frame(2)), 60u);
  EXPECT_EQ(read_field(ProgType::socket_filter, 0, Form::ldxw, ipv4_frame(2)), 46u);
  EXPECT_EQ(read_field(ProgType::sched_cls, 16, Form::ldxw, ipv4_frame(2)), 0x0008u);
  EXPECT_EQ(read_field(ProgType::sched_cls, 4, Form::ldxw, ipv4_frame(2)), 3u);
  EXPECT_EQ(read_field(ProgType::sched_cls, 4, Form::ldxw, ipv4_frame(0)), 0u);
  EXPECT_EQ(read_field(ProgType::sched_cls, 4, Form::ldxw, ipv4_frame(1)), 2u);
  EXPECT_EQ(read_field(ProgType::sched_cls, 40, Form::ldxw, ipv4_frame(2)), 1u);
  EXPECT_EQ(read_field(ProgType::sched_cls, 0, Form::ldxb, ipv4_frame(2)), 60u);
  EXPECT_EQ(read_field(ProgType::sched_cls, 1, Form::ldxb, ipv4_frame(2)), 0u);
}

TEST(Ctx, WritableFieldsHoldWhatIsWritten) {
  BareProgram program =
      program_of({insn(Form::stw, 1, 0, 8, 77), insn(Form::ldxw, 0, 1, 8, 0), exit_insn()});
  program.type = ProgType::sched_cls;
  EXPECT_EQ(run(program).return_value, 77u);
  program.type = ProgType::socket_filter;  // may not write mark
  EXPECT_EQ(run(program).fault.kind, FaultKind::bad_ctx_access);
}

TEST(Ctx, PacketPointersComeFromThirtyTwoBitLoads) {
  // data_end - data
  const BareProgram program =
      program_of({insn(Form::ldxw, 2, 1, 0, 0), insn(Form::ldxw, 0, 1, 4, 0),
                  insn(Form::sub64_reg, 0, 2, 0, 0), exit_insn()});
  EXPECT_EQ(run(program).return_value, 64u);
}

TEST(Ctx, ClassicPacketLoads) {
  BareProgram program = program_of({copy(6, 1), insn(Form::ldabsh, 0, 0, 0, 12), exit_insn()});
  program.type = ProgType::sched_cls;
  RunInput input;
  input.packet = ipv4_frame(2);
  EXPECT_EQ(run(program, input).return_value, 0x0800u);
  program =
      program_of({copy(6, 1), mov(0, 5), insn(Form::ldabsw, 0, 0, 0, 57), mov(0, 9), exit_insn()});
  program.type = ProgType::sched_cls;
  EXPECT_EQ(run(program, input).return_value, 0u);  // outside: the program ends with 0
}

}  // namespace
}  // namespace probity::runtime
