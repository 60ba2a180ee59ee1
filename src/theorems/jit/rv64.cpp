// SPDX-License-Identifier: Apache-2.0
// The theorems of RV64: every template of this folder, instantiated for the proof and the replay.
#include "theorems/jit/rv64.hpp"

#include <array>

#include <fmt/format.h>

#include "jit/rv64/translator_impl.hpp"
#include "theorems/jit/obligation.hpp"
#include "theorems/jit/targets.hpp"

namespace probity::theorems {

std::string Rv64::disassemble(std::span<const std::uint8_t> code) {
  std::string text;
  std::vector<Bv<Concrete, 8>> bytes;
  for (const std::uint8_t byte : code) bytes.push_back(Bv<Concrete, 8>::lit(byte));
  for (std::size_t at = 0; at < bytes.size();) {
    const auto insn = decode<Concrete>(std::span(bytes).subspan(at));
    if (!insn) return text + fmt::format("    {:4x}: (undecodable)\n", at);
    std::array<char, 96> line{};
    TextSink sink(line);
    riscv::print(*insn, at, sink);
    text += fmt::format("    {:4x}: {:02x}  {}\n", at,
                        fmt::join(code.subspan(at, insn->length), ""), sink.view());
    at += insn->length;
  }
  return text;
}

std::vector<proof::Obligation> rv64_obligations() {
  return obligations_of<Rv64>();
}

}  // namespace probity::theorems
