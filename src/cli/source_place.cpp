// SPDX-License-Identifier: Apache-2.0
// Tabs are kept in front of the caret, so that it stands under its column whatever their width is.
#include "cli/source_place.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/disassembly.hpp"

namespace probity::cli {
namespace {

constexpr std::size_t gutter_digits = 5;

std::string gutter(std::string_view text) {
  return fmt::format("{:>{}} | ", text, gutter_digits);
}

/// Blanks, with the tabs of `line`, up to `column` (from 1).
std::string caret_indent(std::string_view line, std::uint32_t column) {
  std::string indent;
  const std::size_t length = std::min<std::size_t>(column == 0 ? 0 : column - 1, line.size());
  for (const char c : line.substr(0, length)) {
    const bool continues = (static_cast<unsigned char>(c) & 0xc0) == 0x80;  // of a UTF-8 character
    if (!continues) indent += c == '\t' ? '\t' : ' ';
  }
  return indent;
}

}  // namespace

const program::LineInfo* line_of(const program::View& program, std::uint32_t slot) {
  const program::LineInfo* best = nullptr;
  for (const program::LineInfo& line : program.lines) {
    if (line.slot > slot) break;
    if (line.line != 0) best = &line;
  }
  return best;
}

std::string place_of(const program::View& program, std::uint32_t slot) {
  const program::LineInfo* line = line_of(program, slot);
  if (line == nullptr) return fmt::format("{}, slot {}", program.name, slot);
  if (line->column == 0) return fmt::format("{}:{}", line->file, line->line);
  return fmt::format("{}:{}:{}", line->file, line->line, line->column);
}

std::string_view source_text(const program::View& program, std::uint32_t slot) {
  const program::LineInfo* line = line_of(program, slot);
  if (line == nullptr) return {};
  const std::size_t first = line->text.find_first_not_of(" \t");
  return first == std::string_view::npos ? std::string_view() : line->text.substr(first);
}

std::string source_line(const program::View& program, std::uint32_t slot) {
  const program::LineInfo* line = line_of(program, slot);
  if (line == nullptr) return {};
  return fmt::format("{}:{}: {}", line->file, line->line, source_text(program, slot));
}

std::string diagnostic_text(const program::View& program, std::uint32_t slot,
                            std::string_view severity, std::string_view message) {
  std::string text = fmt::format("{}: {}: {}\n", place_of(program, slot), severity, message);
  const program::LineInfo* line = line_of(program, slot);
  if (line != nullptr && !line->text.empty()) {
    std::string_view source = line->text;
    while (!source.empty() && (source.back() == '\n' || source.back() == '\r')) {
      source.remove_suffix(1);
    }
    text += gutter(fmt::format("{}", line->line)) + std::string(source) + "\n";
    if (line->column != 0) text += gutter("") + caret_indent(source, line->column) + "^\n";
  }
  if (slot >= program.slots.size()) return text;
  const ListedInsn insn = list_insn(program, slot, TextStyle::kernel);
  return text + gutter("") + fmt::format("slot {}: {}\n", slot, insn.text);
}

}  // namespace probity::cli
