// SPDX-License-Identifier: Apache-2.0
// The texts of insns come from isa/bpf; here numbers become the names that the linked program
// knows.
#include "cli/disassembly.hpp"

#include <array>
#include <cstdio>
#include <optional>

#include "isa/bpf/codec.hpp"
#include "isa/bpf/text_kernel.hpp"
#include "isa/bpf/text_ubpf.hpp"
#include "program/cfg.hpp"
#include "program/helper.hpp"

namespace probity::cli {
namespace {

constexpr std::size_t max_insn_text = 512;

std::string register_name(bpf::Reg reg, TextStyle style) {
  return (style == TextStyle::ubpf ? "%r" : "r") + std::to_string(static_cast<unsigned>(reg));
}

/// `r1 = map[flows] ll`, or nothing when the insn names no map of the program.
std::optional<std::string> map_load_text(const program::View& program, const bpf::Insn& insn,
                                         TextStyle style) {
  const bool value = insn.form == bpf::Form::lddw_map_value;
  if (insn.form != bpf::Form::lddw_map && !value) return std::nullopt;
  const auto index = static_cast<std::uint32_t>(insn.imm);
  if (index >= program.maps.size()) return std::nullopt;
  std::string operand = "map[" + std::string(program.maps[index].name) + "]";
  if (value) operand += "[" + std::to_string(static_cast<std::uint32_t>(insn.next_imm)) + "]";
  const std::string dst = register_name(insn.dst, style);
  return style == TextStyle::ubpf ? "lddw " + dst + ", " + operand : dst + " = " + operand + " ll";
}

/// The name that stands for the displacement or number in imm, or empty.
std::string_view target_name(const program::View& program, const bpf::Insn& insn,
                             std::uint32_t slot) {
  if (insn.form == bpf::Form::call_kfunc) {
    const auto index = static_cast<std::uint32_t>(insn.imm);
    return index < program.externals.size() ? program.externals[index].name : std::string_view();
  }
  if (insn.form != bpf::Form::call_local && insn.form != bpf::Form::lddw_func) return {};
  const std::int64_t target = std::int64_t{slot} + 1 + insn.imm;
  for (const program::Subprog& subprog : program.subprogs) {
    if (subprog.first_slot == target) return subprog.name;
  }
  return {};
}

std::string insn_text(const program::View& program, const bpf::Insn& insn, std::uint32_t slot,
                      TextStyle style) {
  if (std::optional<std::string> text = map_load_text(program, insn, style))
    return *std::move(text);
  const std::string_view target = target_name(program, insn, slot);
  if (insn.form == bpf::Form::call_kfunc && !target.empty()) return "call " + std::string(target);
  std::array<char, max_insn_text> buffer;
  TextSink sink(buffer);
  switch (style) {
    case TextStyle::kernel:
      if (target.empty())
        bpf::print_kernel(insn, program::helper_names(), sink);
      else
        bpf::print_kernel_with_label(insn, program::helper_names(), target, sink);
      break;
    case TextStyle::ubpf:
      if (target.empty())
        bpf::print_ubpf(insn, sink);
      else
        bpf::print_ubpf_with_label(insn, target, sink);
      break;
  }
  return std::string(sink.view());
}

std::string bytes_text(std::span<const bpf::Slot> slots) {
  std::string text;
  for (const bpf::Slot& slot : slots) {
    for (const std::uint8_t byte : bpf::bytes_of(slot)) {
      char digits[4];
      std::snprintf(digits, sizeof digits, "%02x ", byte);
      text += digits;
    }
  }
  return text;
}

std::string source_text(const program::LineInfo& line) {
  const std::size_t first = line.text.find_first_not_of(" \t");
  const std::string_view text =
      first == std::string_view::npos ? std::string_view() : line.text.substr(first);
  return "; " + std::string(text) + " @ " + std::string(line.file) + ":" +
         std::to_string(line.line) + "\n";
}

bool same_source(const program::LineInfo& a, const program::LineInfo& b) {
  return a.line == b.line && a.file == b.file;
}

}  // namespace

ListedInsn list_insn(const program::View& program, std::uint32_t slot, TextStyle style) {
  const Expected<bpf::Insn> insn = bpf::decode(program.slots, slot);
  if (insn) return {slot, insn->slot_count(), insn_text(program, *insn, slot, style)};
  return {slot, 1,
          ".slot " + bytes_text(program.slots.subspan(slot, 1)) + "; " +
              std::string(insn.error().line())};
}

std::vector<ListedInsn> list_insns(const program::View& program, TextStyle style) {
  std::vector<ListedInsn> insns;
  for (std::uint32_t slot = 0; slot < program.slots.size(); slot += insns.back().slot_count) {
    insns.push_back(list_insn(program, slot, style));
  }
  return insns;
}

std::string disassemble(const program::View& program, TextStyle style, InsnBytes bytes) {
  std::string text;
  auto line = program.lines.begin();
  const program::LineInfo* shown = nullptr;
  for (const ListedInsn& insn : list_insns(program, style)) {
    for (const program::Subprog& subprog : program.subprogs) {
      if (subprog.first_slot == insn.slot) text += std::string(subprog.name) + ":\n";
    }
    const program::LineInfo* source = nullptr;
    for (; line != program.lines.end() && line->slot <= insn.slot; ++line) {
      if (line->line != 0) source = &*line;  // line 0: the compiler names none
    }
    if (source != nullptr && (shown == nullptr || !same_source(*source, *shown)))
      text += source_text(*source);
    if (source != nullptr) shown = source;
    char number[16];
    std::snprintf(number, sizeof number, "%6u: ", insn.slot);
    text += number;
    if (bytes == InsnBytes::show)
      text += bytes_text(program.slots.subspan(insn.slot, insn.slot_count)) + " ";
    text += insn.text + "\n";
  }
  return text;
}

Expected<std::string> describe_blocks(const program::View& program) {
  std::vector<std::byte> buffer(
      program::cfg_arena_bytes(program.slots.size(), program.subprogs.size()));
  Arena arena(buffer);
  TRY(const program::Cfg cfg, program::build_cfg(program, arena));
  std::string text;
  for (std::size_t i = 0; i < cfg.blocks.size(); ++i) {
    const program::Block& block = cfg.blocks[i];
    text += "  block " + std::to_string(i) + ": slots " + std::to_string(block.first_slot) + ".." +
            std::to_string(block.end_slot);
    for (const std::uint32_t next : block.successors()) {
      if (next != program::no_block) text += " -> " + std::to_string(next);
    }
    if (block.may_end) text += " -> end";
    if (block.loop_head) text += ", loop head";
    if (!block.reachable) text += ", unreachable";
    text += "\n";
  }
  return text;
}

}  // namespace probity::cli
