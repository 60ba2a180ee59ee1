// SPDX-License-Identifier: Apache-2.0
// See spec_text.hpp. A statement that goes on in the next source line ends in "…".
#include "symex/spec_text.hpp"

#include "isa/bpf/codec.hpp"
#include "symex/finding.hpp"

namespace probity::symex {
namespace {

/// `text` from `start` to the parenthesis that closes the first one.
std::string call_text(std::string_view text, std::size_t start) {
  int depth = 0;
  for (std::size_t i = start; i < text.size(); ++i) {
    if (text[i] == '(') ++depth;
    if (text[i] == ')' && --depth == 0) return std::string(text.substr(start, i + 1 - start));
    if (text[i] == ';' && depth == 0) return std::string(text.substr(start, i - start));
  }
  return std::string(text.substr(start)) + " …";
}

bool is_name(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

}  // namespace

const program::LineInfo* line_of(const program::View& program, std::uint32_t slot) {
  const program::LineInfo* best = nullptr;
  for (const program::LineInfo& line : program.lines) {
    if (line.slot <= slot) best = &line;
  }
  return best;
}

std::string spec_text(const program::View& program, std::uint32_t slot, program::SpecCall call) {
  const std::string macro(program::name(call));
  const program::LineInfo* line = line_of(program, slot);
  if (line == nullptr) return macro;
  const std::string_view text = line->text;
  // The macro itself, else the nearest one of the header before the column, else any.
  for (std::size_t at = text.find(macro); at != std::string_view::npos;
       at = text.find(macro, at + 1)) {
    const std::size_t end = at + macro.size();
    if (end >= text.size() || !is_name(text[end])) return call_text(text, at);
  }
  const std::size_t first = text.find("BPF_");
  return first == std::string_view::npos ? macro : call_text(text, first);
}

std::string_view name(SpecStatement::Status status) {
  switch (status) {
    case SpecStatement::Status::proved: return "proved";
    case SpecStatement::Status::refuted: return "refuted";
    case SpecStatement::Status::unknown: return "unknown";
    case SpecStatement::Status::vacuous: return "vacuous";
    case SpecStatement::Status::assumed: return "assumed";
    case SpecStatement::Status::by_compiler: return "by-compiler";
  }
  return "?";
}

bool decided_by_compiler(const program::View& program, std::uint32_t slot) {
  // Straight back to the insn that sets r1; a jump into the way there, or any insn between that is
  // more than a load of another register, leaves it undecided.
  for (std::uint32_t at = slot; at-- > 0;) {
    const auto insn = bpf::decode(program.slots, at);
    if (!insn) return false;
    const bpf::Row& row = bpf::row(insn->form);
    const bool moves = row.meaning == bpf::Meaning::alu &&
                       static_cast<bpf::AluOp>(row.operation) == bpf::AluOp::mov;
    if (!moves) return false;
    if (insn->dst != bpf::Reg::r1) continue;
    if (row.operands != bpf::Operands::dst_imm || insn->imm == 0) return false;
    for (std::uint32_t from = 0; from < program.slots.size(); ++from) {
      const auto other = bpf::decode(program.slots, from);
      if (!other) continue;
      const bpf::Meaning meaning = bpf::row(other->form).meaning;
      if (meaning != bpf::Meaning::branch && meaning != bpf::Meaning::jump) continue;
      const bool wide = bpf::row(other->form).operands == bpf::Operands::imm;
      const std::int64_t target = std::int64_t{from} + 1 + (wide ? other->imm : other->off);
      if (target > at && target <= slot) return false;
    }
    return true;
  }
  return false;
}

}  // namespace probity::symex
