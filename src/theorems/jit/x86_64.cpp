// SPDX-License-Identifier: Apache-2.0
// The theorems of x86-64: every template of this folder, instantiated for the proof and the replay.
#include "theorems/jit/x86_64.hpp"

#include <array>

#include <fmt/format.h>

#include "jit/x86_64/translator_impl.hpp"
#include "theorems/jit/obligation.hpp"
#include "theorems/jit/targets.hpp"

namespace probity::theorems {

std::string X86_64::disassemble(std::span<const std::uint8_t> code) {
  std::string text;
  std::vector<Bv<Concrete, 8>> bytes;
  for (const std::uint8_t byte : code) bytes.push_back(Bv<Concrete, 8>::lit(byte));
  for (std::size_t at = 0; at < bytes.size();) {
    const auto insn = x86::decode<Concrete>(std::span(bytes).subspan(at));
    if (!insn) return text + fmt::format("    {:4x}: (undecodable)\n", at);
    std::array<char, x86::max_text_bytes> line{};
    TextSink sink(line);
    x86::print(*insn, at, sink);
    text += fmt::format("    {:4x}: {:02x}  {}\n", at,
                        fmt::join(code.subspan(at, insn->length), ""), sink.view());
    at += insn->length;
  }
  return text;
}

std::vector<proof::Obligation> x86_64_obligations() {
  return obligations_of<X86_64>();
}

}  // namespace probity::theorems
