// SPDX-License-Identifier: Apache-2.0
// The code is decoded again by the target's decoder, so what is shown is what the bytes say, not
// what the translator meant.
#include "cli/machine_listing.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/bytes.hpp"
#include "base/check.hpp"
#include "base/fixed_text.hpp"
#include "isa/riscv/codec.hpp"
#include "isa/riscv/text.hpp"
#include "isa/x86/decode.hpp"
#include "isa/x86/text.hpp"

namespace probity::cli {
namespace {

constexpr std::size_t max_insn_text = 160;
constexpr std::size_t bytecode_columns = 40;
constexpr std::size_t x86_columns = 30;  // ten bytes; longer instructions push their text

MachineInsn unknown(std::span<const std::uint8_t> bytes, std::uint32_t offset) {
  const std::size_t length = std::min<std::size_t>(bytes.size(), 1);
  return {offset, {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length)}, ".byte"};
}

MachineInsn x86_insn(std::span<const std::uint8_t> bytes, std::uint32_t offset) {
  const auto insn = x86::decode(bytes);
  if (!insn) return unknown(bytes, offset);
  std::array<char, max_insn_text> buffer;
  TextSink text(buffer);
  x86::print(*insn, offset, text);
  const std::span<const std::uint8_t> own = bytes.first(insn->length);
  return {offset, {own.begin(), own.end()}, std::string(text.view())};
}

MachineInsn riscv_insn(std::span<const std::uint8_t> bytes, std::uint32_t offset) {
  std::uint32_t word = 0;
  for (std::size_t i = 0; i < std::min<std::size_t>(4, bytes.size()); ++i) {
    word |= static_cast<std::uint32_t>(bytes[i]) << 8 * i;
  }
  const auto insn = riscv::decode(word);
  if (!insn || insn->length > bytes.size()) return unknown(bytes, offset);
  std::array<char, max_insn_text> buffer;
  TextSink text(buffer);
  riscv::print(*insn, offset, text);
  const std::span<const std::uint8_t> own = bytes.first(insn->length);
  return {offset, {own.begin(), own.end()}, std::string(text.view())};
}

std::vector<MachineInsn> disassemble(jit::Target target, std::span<const std::uint8_t> code,
                                     std::uint32_t from, std::uint32_t to) {
  std::vector<MachineInsn> insns;
  while (from < to) {
    const std::span<const std::uint8_t> rest = code.subspan(from, to - from);
    insns.push_back(target == jit::Target::x86_64 ? x86_insn(rest, from) : riscv_insn(rest, from));
    from += static_cast<std::uint32_t>(insns.back().bytes.size());
  }
  return insns;
}

}  // namespace

std::string_view name(jit::Target target) {
  switch (target) {
    case jit::Target::x86_64: return "x86_64";
    case jit::Target::rv64: return "rv64";
  }
  PROBITY_UNREACHABLE("target");
}

Expected<MachineListing> list_machine_code(const program::View& program, TextStyle style,
                                           const runtime::TranslationOptions& options) {
  const runtime::LinkedProgram linked{&program, {}};
  runtime::Translation translation;
  TRY(translation.make({&linked, 1}, options));
  const runtime::TranslatedProgram& made = translation.programs().front();
  const auto end = static_cast<std::uint32_t>(made.code.size());
  MachineListing listing;
  listing.size_bytes = end;
  std::vector<std::pair<std::uint32_t, MachineBlock>> starts = {
      {made.enter, {"(enter)", 0, false, {}}},
      {made.leave, {"(leave)", 0, false, {}}},
      {made.assist, {"(assist)", 0, false, {}}},
  };
  std::ranges::stable_sort(starts, {}, [](const auto& start) { return start.first; });
  for (const ListedInsn& insn : list_insns(program, style)) {
    starts.push_back({made.offsets[insn.slot], {insn.text, insn.slot, true, {}}});
    ++listing.insn_count;
  }
  const std::uint32_t body_end = made.offsets[program.slots.size()];
  listing.body_bytes = body_end - made.offsets[0] + (end - made.cold);
  starts.push_back({body_end, {"(end)", 0, false, {}}});
  if (made.cold != end) starts.push_back({made.cold, {"(cold parts)", 0, false, {}}});
  for (std::size_t i = 0; i < starts.size(); ++i) {
    const std::uint32_t next = i + 1 < starts.size() ? starts[i + 1].first : end;
    starts[i].second.code = disassemble(options.target, made.code, starts[i].first, next);
    listing.blocks.push_back(std::move(starts[i].second));
  }
  return listing;
}

std::string print(const MachineListing& listing) {
  std::string text;
  for (const MachineBlock& block : listing.blocks) {
    std::string left = block.is_insn ? fmt::format("{:6}: {}", block.slot, block.name) : block.name;
    if (block.code.empty()) text += left + "\n";
    for (const MachineInsn& insn : block.code) {
      const std::string bytes = fmt::format("{:02x}", fmt::join(insn.bytes, " "));
      text += fmt::format("{:{}}  {:6x}: {:{}} {}\n", left, bytecode_columns, insn.offset, bytes,
                          x86_columns, insn.text);
      left.clear();
    }
  }
  return text;
}

}  // namespace probity::cli
