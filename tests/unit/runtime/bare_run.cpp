// SPDX-License-Identifier: Apache-2.0
// See bare_run.hpp.
#include "bare_run.hpp"

#include <gtest/gtest.h>

#include "isa/bpf/codec.hpp"

namespace probity::runtime {

using bpf::Form;
using bpf::Insn;
using bpf::Reg;

Insn insn(Form form, unsigned dst, unsigned src, std::int16_t off, std::int32_t imm) {
  return {form, static_cast<Reg>(dst), static_cast<Reg>(src), off, imm, 0};
}
Insn mov(unsigned dst, std::int32_t imm) {
  return insn(Form::mov64_imm, dst, 0, 0, imm);
}
Insn copy(unsigned dst, unsigned src) {
  return insn(Form::mov64_reg, dst, src, 0, 0);
}
Insn call(std::int32_t helper) {
  return insn(Form::call_helper, 0, 0, 0, helper);
}
Insn exit_insn() {
  return insn(Form::exit, 0, 0, 0, 0);
}
Insn lddw(unsigned dst, std::uint64_t value) {
  Insn result = insn(Form::lddw, dst, 0, 0, static_cast<std::int32_t>(value));
  result.next_imm = static_cast<std::int32_t>(value >> 32);
  return result;
}
Insn lddw_map(unsigned dst, std::int32_t index) {
  return insn(Form::lddw_map, dst, 0, 0, index);
}

BareProgram program_of(std::initializer_list<Insn> insns) {
  BareProgram program;
  for (const Insn& one : insns) {
    const auto slots = bpf::encode(one);
    program.slots.insert(program.slots.end(), slots.begin(), slots.begin() + one.slot_count());
  }
  return program;
}

RunOutput run(const BareProgram& program, const RunInput& input) {
  const program::View view = program.view();
  const auto engine = load_interpreter(view, {1'000'000});
  if (!engine) {
    ADD_FAILURE() << engine.error().line();
    return {};
  }
  const auto output = (*engine)->run(input);
  if (!output) {
    ADD_FAILURE() << output.error().line();
    return {};
  }
  return *output;
}

RunOutput run(const BareProgram& program) {
  RunInput input;
  input.packet.resize(64);
  return run(program, input);
}

RunOutput run_raw(const BareProgram& program) {
  RunInput input;
  input.packet.resize(64);
  input.raw_memory = true;
  return run(program, input);
}

}  // namespace probity::runtime
