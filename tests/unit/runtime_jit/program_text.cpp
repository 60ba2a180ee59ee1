// SPDX-License-Identifier: Apache-2.0
// See program_text.hpp.
#include "program_text.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "assembler/bpf_text.hpp"

namespace probity::runtime {
namespace {

RunOutput run(EngineKind kind, const program::View& program, std::uint64_t fuel,
              const RunInput& input) {
  const auto engine = load_engine(kind, program, {fuel});
  if (!engine) {
    ADD_FAILURE() << name(kind) << ": " << engine.error().line();
    return {};
  }
  const auto output = (*engine)->run(input);
  if (!output) {
    ADD_FAILURE() << name(kind) << ": " << output.error().line();
    return {};
  }
  return *output;
}

RunInput counting_input() {
  RunInput input;
  for (unsigned i = 0; i < 64; ++i) input.packet.push_back(static_cast<std::uint8_t>(i));
  return input;
}

}  // namespace

ProgramText::ProgramText(std::string_view text) {
  auto slots = assembler::assemble({"test", text, 1}, assembler::TextStyle::kernel);
  if (slots)
    slots_ = *std::move(slots);
  else
    ADD_FAILURE() << slots.error().line() << "\n" << text;
  view_.name = "test";
  view_.type = program::ProgType::xdp;
  view_.slots = slots_;
}

void ProgramText::add_map(const program::MapDef& map) {
  maps_.push_back(map);
  view_.maps = maps_;
}

program::MapDef map_of(program::MapType type, std::uint32_t value_size, std::uint32_t max_entries) {
  program::MapDef map;
  map.name = "m";
  map.type = type;
  map.key_size = 4;
  map.value_size = value_size;
  map.max_entries = max_entries;
  return map;
}

RunOutput run_bare(EngineKind kind, const program::View& program, std::uint64_t fuel) {
  program::View bare = program;
  bare.type = program::ProgType::unspec;
  RunInput input = counting_input();
  input.raw_memory = true;
  return run(kind, bare, fuel, input);
}

RunOutput run_xdp(EngineKind kind, const program::View& program, std::uint64_t fuel) {
  return run(kind, program, fuel, counting_input());
}

std::vector<EngineKind> translating_engines() {
  std::vector<EngineKind> kinds = {EngineKind::emu_x86_64, EngineKind::emu_rv64};
  if (jit_unavailable_reason().empty()) {
    kinds.insert(kinds.begin(), {EngineKind::jit, EngineKind::jit_blinded});
  }
  return kinds;
}

std::string test_name(EngineKind kind) {
  std::string text(name(kind));
  std::ranges::replace(text, ':', '_');
  return text;
}

}  // namespace probity::runtime
