// SPDX-License-Identifier: Apache-2.0
// The engines of this repository built for a RISC-V machine. Each line of standard input is a run,
//   ENGINE [low] bare|xdp|socket_filter SLOTS MEMORY
// (both in hex, `-` for none), and is answered by a line `R0 MEMORY`, or `error: TEXT`; `low` asks
// for the low half of r0. The test beside it runs this on qemu-riscv64, so that the RV64
// translator's code, its way in and out and the C ABI towards helpers are judged by a machine that
// is not ours.
#include <cstdio>
#include <cstring>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "program/program.hpp"
#include "runtime/engine.hpp"

namespace {

using namespace probity;

std::vector<std::uint8_t> bytes_of(const std::string& text) {
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(std::stoul(text.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

std::string hex_of(const std::vector<std::uint8_t>& bytes) {
  std::string text = bytes.empty() ? "-" : "";
  for (const std::uint8_t byte : bytes) {
    char digits[4];
    std::snprintf(digits, sizeof digits, "%02x", byte);
    text += digits;
  }
  return text;
}

program::ProgType type_named(const std::string& name) {
  if (name == "xdp") return program::ProgType::xdp;
  if (name == "socket_filter") return program::ProgType::socket_filter;
  return program::ProgType::unspec;
}

Expected<runtime::RunOutput> run(const std::string& line) {
  std::istringstream words(line);
  std::string engine_name;
  std::string type;
  std::string slots_text;
  std::string memory;
  words >> engine_name >> type;
  const bool low = type == "low";
  if (low) words >> type;
  words >> slots_text >> memory;
  TRY(const runtime::EngineKind kind, runtime::engine_named(engine_name, "runner"));
  const std::vector<std::uint8_t> bytes = bytes_of(slots_text);
  std::vector<bpf::Slot> slots(bytes.size() / sizeof(bpf::Slot));
  std::memcpy(slots.data(), bytes.data(), slots.size() * sizeof(bpf::Slot));
  program::View view;
  view.name = "program";
  view.type = type_named(type);
  view.slots = slots;
  TRY(const std::unique_ptr<runtime::Engine> engine,
      runtime::load_engine(kind, view, runtime::InterpLimits{}));
  runtime::RunInput input;
  input.packet = bytes_of(memory);
  input.raw_memory = type == "bare";
  TRY(runtime::RunOutput output, engine->run(input));
  if (low) output.return_value = static_cast<std::uint32_t>(output.return_value);
  return output;
}

}  // namespace

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    const Expected<runtime::RunOutput> output = run(line);
    if (!output) {
      std::printf("error: %s\n", std::string(output.error().line()).c_str());
    } else if (output->fault.kind != runtime::FaultKind::none) {
      std::printf("error: %s\n", output->fault.text.c_str());
    } else {
      std::printf("0x%llx %s\n", static_cast<unsigned long long>(output->return_value),
                  hex_of(output->packet).c_str());
    }
  }
  return 0;
}
