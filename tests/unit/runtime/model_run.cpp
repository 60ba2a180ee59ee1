// SPDX-License-Identifier: Apache-2.0
// See model_run.hpp.
#include "model_run.hpp"

#include <gtest/gtest.h>

#include "assembler/bpf_text.hpp"

namespace probity::runtime {

Bytes model_packet() {
  Bytes packet(60);
  packet[0] = 2;
  packet[12] = 0x08;
  packet[14] = 0x45;
  return packet;
}

namespace {

RunOutput run_on(EngineKind kind, std::string_view text, std::span<const program::MapDef> maps,
                 program::ProgType type, RunInput input) {
  const auto slots = assembler::assemble({"test", text, 1}, assembler::TextStyle::kernel);
  if (!slots) {
    ADD_FAILURE() << slots.error().line();
    return {};
  }
  program::View view;
  view.name = "test";
  view.type = type;
  view.slots = *slots;
  view.maps = maps;
  const auto engine = load_engine(kind, view, {});
  if (!engine) {
    ADD_FAILURE() << engine.error().line();
    return {};
  }
  if (input.packet.empty()) input.packet = model_packet();
  const auto output = (*engine)->run(input);
  if (!output) {
    ADD_FAILURE() << output.error().line();
    return {};
  }
  return *output;
}

}  // namespace

RunOutput run_text(std::string_view text, std::span<const program::MapDef> maps) {
  return run_on(EngineKind::interp, text, maps, program::ProgType::xdp, {});
}

RunOutput run_text_on(EngineKind engine, std::string_view text,
                      std::span<const program::MapDef> maps) {
  return run_on(engine, text, maps, program::ProgType::xdp, {});
}

RunOutput run_text(std::string_view text, std::span<const program::MapDef> maps,
                   program::ProgType type, RunInput input) {
  return run_on(EngineKind::interp, text, maps, type, std::move(input));
}

}  // namespace probity::runtime
