// SPDX-License-Identifier: Apache-2.0
// The wrapper for the kernel is written in the kernel's own text and assembled here, so it reads as
// what it is.
#include "corpus/bare_program.hpp"

#include <algorithm>

#include "assembler/bpf_text.hpp"
#include "base/check.hpp"
#include "program/flow.hpp"

namespace probity::corpus {
namespace {

constexpr std::string_view result_map = "result";
constexpr std::size_t ethernet_header_bytes = 14;  // the kernel's test run refuses shorter packets

Expected<std::vector<bpf::Slot>> wrapper_slots(std::size_t memory_bytes) {
  TRY(std::vector<bpf::Slot> slots, xdp_prologue(memory_bytes));
  constexpr std::string_view rest = R"(
    call program
    r6 = r0
    *(u32 *)(r10 - 4) = 0
    r2 = r10
    r2 += -4
    r1 = map[0] ll
    call #1
    if r0 == 0 goto done
    *(u64 *)(r0 + 0) = r6
done:
    r0 = 2
    exit
program:
)";
  TRY(const std::vector<bpf::Slot> tail,
      assembler::assemble({"wrapper", rest}, assembler::TextStyle::kernel));
  slots.insert(slots.end(), tail.begin(), tail.end());
  return slots;
}

}  // namespace

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
                                                         std::span<const bpf::Slot> slots,
                                                         std::size_t memory_bytes) {
  std::unique_ptr<BareProgram> program(new BareProgram);
  program->kind_ = kind;
  program->slots_.assign(slots.begin(), slots.end());
  switch (kind) {
    case EngineKind::interp: TRY(program->load_interp()); return program;
    case EngineKind::kernel: TRY(program->load_kernel(memory_bytes)); return program;
  }
  PROBITY_UNREACHABLE("engine");
}

Expected<void> BareProgram::load_interp() {
  TRY(subprogs_, find_subprogs(slots_));
  view_.name = "program";
  view_.license = "GPL";
  view_.slots = slots_;
  view_.subprogs = subprogs_;
  TRY(engine_, runtime::load_interpreter(view_, runtime::InterpLimits{}));
  return {};
}

Expected<void> BareProgram::load_kernel(std::size_t memory_bytes) {
  TRY(std::vector<bpf::Slot> whole, wrapper_slots(memory_bytes));
  whole.insert(whole.end(), slots_.begin(), slots_.end());
  slots_ = std::move(whole);
  TRY(subprogs_, find_subprogs(slots_));
  program::MapDef& map = maps_.emplace_back();
  map.name = result_map;
  map.type = program::MapType::array;
  map.key_size = 4;
  map.value_size = 8;
  map.max_entries = 1;
  view_.name = "program";
  view_.type = program::ProgType::xdp;
  view_.license = "GPL";
  view_.slots = slots_;
  view_.subprogs = subprogs_;
  view_.maps = maps_;
  TRY(engine_, runtime::load_kernel(view_));
  return {};
}

Expected<runtime::RunOutput> BareProgram::run(std::span<const std::uint8_t> memory) {
  runtime::RunInput input;
  input.packet.assign(memory.begin(), memory.end());
  if (kind_ == EngineKind::interp) {
    input.raw_memory = true;
    return engine_->run(input);
  }
  input.packet.resize(std::max(memory.size(), ethernet_header_bytes));
  TRY(runtime::RunOutput output, engine_->run(input));
  TRY(const runtime::MapContents contents, engine_->read_map(result_map));
  if (contents.entries.size() != 1 || contents.entries.front().value.size() != 8) {
    return error(Fault::bug, "kernel: the result map does not hold one value of 8 bytes");
  }
  output.return_value = 0;
  for (std::size_t i = 8; i-- > 0;) {
    output.return_value = output.return_value << 8 | contents.entries.front().value[i];
  }
  output.packet.resize(std::min(output.packet.size(), memory.size()));
  return output;
}

}  // namespace probity::corpus
