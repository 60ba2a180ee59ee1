// SPDX-License-Identifier: Apache-2.0
// Loading and running; the prologue is written in the kernel's own text and assembled here, so it
// reads as what it is.
#include "corpus/bare_program.hpp"

#include "assembler/bpf_text.hpp"
#include "program/flow.hpp"
#include "runtime/kernel_bare.hpp"

namespace probity::corpus {
Expected<std::vector<bpf::Slot>> xdp_prologue(std::size_t memory_bytes) {
  const std::string size = std::to_string(memory_bytes);
  const std::string text =
      "r2 = *(u32 *)(r1 + 4)\n"
      "r1 = *(u32 *)(r1 + 0)\n"
      "r3 = r1\n"
      "r3 += " +
      size +
      "\n"
      "if r3 <= r2 goto fits\n"
      "r0 = 0\n"
      "exit\n"
      "fits: r2 = " +
      size + "\n";
  return assembler::assemble({"prologue", text}, assembler::TextStyle::kernel);
}

Expected<std::vector<program::Subprog>> find_subprogs(std::span<const bpf::Slot> slots) {
  constexpr std::size_t bytes_per_slot = 96;
  constexpr std::size_t spare_bytes = 65536;
  std::vector<std::byte> buffer(slots.size() * bytes_per_slot + spare_bytes);
  Arena arena(buffer);
  TRY(const std::span<program::Subprog> found, program::find_subprogs(slots, arena));
  std::vector<program::Subprog> subprogs(found.begin(), found.end());
  for (program::Subprog& subprog : subprogs)
    subprog.name = subprog.first_slot == 0 ? "program" : "subprog";
  return subprogs;
}

Expected<std::unique_ptr<BareProgram>> BareProgram::load(EngineKind kind,
                                                         std::span<const bpf::Slot> slots) {
  std::unique_ptr<BareProgram> program(new BareProgram);
  program->slots_.assign(slots.begin(), slots.end());
  TRY(program->subprogs_, find_subprogs(program->slots_));
  program->view_.name = "program";
  program->view_.license = "GPL";
  program->view_.slots = program->slots_;
  program->view_.subprogs = program->subprogs_;
  if (kind == EngineKind::kernel) {
    TRY(program->engine_, runtime::load_kernel_bare(program->view_));
  } else {
    TRY(program->engine_, runtime::load_engine(kind, program->view_, runtime::InterpLimits{}));
  }
  return program;
}

Expected<runtime::RunOutput> BareProgram::run(std::span<const std::uint8_t> memory) {
  runtime::RunInput input;
  input.packet.assign(memory.begin(), memory.end());
  input.raw_memory = true;
  return engine_->run(input);
}

}  // namespace probity::corpus
