// SPDX-License-Identifier: Apache-2.0
// Reader and printer of `.data` files. The reader only cuts the text at `-- name` lines and keeps
// every byte, so that
// `--rebase` can rewrite one section and leave the rest as its author wrote it.
#include "corpus/data_file.hpp"

#include <array>
#include <charconv>

#include "base/check.hpp"

namespace probity::corpus {
namespace {

struct SectionName {
  SectionKind kind;
  std::string_view name;
};
constexpr std::array section_names = {
    SectionName{SectionKind::asm_text, "asm"},
    SectionName{SectionKind::kernel_asm, "kernel-asm"},
    SectionName{SectionKind::raw, "raw"},
    SectionName{SectionKind::mem, "mem"},
    SectionName{SectionKind::result, "result"},
    SectionName{SectionKind::error, "error"},
    SectionName{SectionKind::spec, "spec"},
    SectionName{SectionKind::expect, "expect"},
    SectionName{SectionKind::counterexample, "counterexample"},
    SectionName{SectionKind::target, "target"},
    SectionName{SectionKind::code, "code"},
    SectionName{SectionKind::mutant, "mutant"},
    SectionName{SectionKind::c, "c"},
    SectionName{SectionKind::no_register_offset, "no register offset"},
};
static_assert([] {
  for (std::size_t i = 0; i < section_names.size(); ++i) {
    if (static_cast<std::size_t>(section_names[i].kind) != i) return false;
  }
  return true;
}());

constexpr std::string_view blanks = " \t\r\n\v\f";

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::string_view before_comment(std::string_view line) {
  return line.substr(0, line.find('#'));
}

/// The next line of `rest` with its newline; advances `rest`.
std::string_view take_line(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  const std::string_view line = rest.substr(0, end == std::string_view::npos ? end : end + 1);
  rest.remove_prefix(line.size());
  return line;
}

std::string line_place(std::string_view place, std::uint32_t line) {
  return std::string(place) + ":" + std::to_string(line);
}

std::unexpected<Diagnostic> bad(std::string_view place, std::uint32_t line,
                                const std::string& what) {
  return std::unexpected(Diagnostic(Fault::bad_input, what).at(line_place(place, line)));
}

std::optional<SectionKind> kind_of(std::string_view name) {
  for (const SectionName& row : section_names) {
    if (row.name == name) return row.kind;
  }
  return std::nullopt;
}

/// The name in a line `-- name`, or nothing.
std::optional<std::string_view> header_name(std::string_view line) {
  const std::string_view text = trim(before_comment(line));
  if (!text.starts_with("--")) return std::nullopt;
  return trim(text.substr(2));
}

/// A word of a diagnostic: what the file says, cut to a readable length.
std::string quoted(std::string_view text) {
  constexpr std::size_t shown = 40;
  return "'" + std::string(text.substr(0, shown)) + (text.size() > shown ? "…'" : "'");
}

bool is_legal_notice(std::string_view comment) {
  return comment.find("SPDX-") != std::string_view::npos ||
         comment.find("Copyright") != std::string_view::npos ||
         comment.find("copyright") != std::string_view::npos;
}

}  // namespace

std::string_view name(SectionKind kind) {
  return section_names[static_cast<std::size_t>(kind)].name;
}

const Section* DataFile::find(SectionKind kind) const {
  for (const Section& section : sections) {
    if (section.kind == kind) return &section;
  }
  return nullptr;
}

std::vector<std::string> DataFile::why() const {
  std::vector<std::string> lines;
  std::string_view rest = head;
  while (!rest.empty()) {
    std::string_view line = trim(take_line(rest));
    if (!line.starts_with("#") || is_legal_notice(line)) continue;
    line = trim(line.substr(line.find_first_not_of('#') == std::string_view::npos
                                ? line.size()
                                : line.find_first_not_of('#')));
    if (!line.empty()) lines.emplace_back(line);
  }
  return lines;
}

Expected<DataFile> parse_data_file(std::string_view text, std::string_view place) {
  if (text.size() > max_data_file_bytes) {
    return bad(place, 1,
               "file of " + std::to_string(text.size()) + " bytes is larger than the limit of " +
                   std::to_string(max_data_file_bytes));
  }
  DataFile file;
  file.place = place;
  std::uint32_t number = 0;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    ++number;
    if (const std::optional<std::string_view> section = header_name(line)) {
      const std::optional<SectionKind> kind = kind_of(*section);
      if (!kind) return bad(place, number, "unknown section " + quoted(*section));
      if (file.find(*kind) != nullptr)
        return bad(place, number, "section " + quoted(*section) + " appears twice");
      file.sections.push_back({*kind, number + 1, std::string(line), {}});
      continue;
    }
    if (!file.sections.empty()) {
      file.sections.back().body += line;
      continue;
    }
    if (!trim(before_comment(line)).empty()) {
      return bad(place, number, "text " + quoted(trim(line)) + " before the first section");
    }
    file.head += line;
  }
  if (file.sections.empty()) return bad(place, number, "file has no section");
  return file;
}

std::string print(const DataFile& file) {
  std::string text = file.head;
  for (const Section& section : file.sections) {
    if (!text.empty() && text.back() != '\n') text += '\n';
    text += section.header + section.body;
  }
  return text;
}

std::string without_comments(std::string_view body) {
  std::string text;
  while (!body.empty()) {
    const std::string_view line = take_line(body);
    text += before_comment(line.substr(0, line.find('\n')));
    text += '\n';
  }
  return text;
}

std::string last_line(std::string_view body) {
  std::string_view last;
  while (!body.empty()) {
    const std::string_view line = trim(before_comment(take_line(body)));
    if (!line.empty()) last = line;
  }
  return std::string(last);
}

std::string last_text_line(std::string_view body) {
  std::string_view last;
  while (!body.empty()) {
    const std::string_view line = trim(take_line(body));
    if (!line.empty() && !line.starts_with('#')) last = line;
  }
  return std::string(last);
}

Expected<std::vector<std::uint8_t>> parse_hex_bytes(const Section& section,
                                                    std::string_view place) {
  std::vector<std::uint8_t> bytes;
  std::string_view rest = section.body;
  for (std::uint32_t number = section.line; !rest.empty(); ++number) {
    std::string_view line = trim(before_comment(take_line(rest)));
    while (!line.empty()) {
      const std::string_view word = line.substr(0, line.find_first_of(blanks));
      std::uint8_t byte = 0;
      const auto [end, fault] = std::from_chars(word.data(), word.data() + word.size(), byte, 16);
      if (fault != std::errc{} || end != word.data() + word.size()) {
        return bad(place, number, "word " + quoted(word) + " is not a hex byte (00..ff)");
      }
      bytes.push_back(byte);
      line = trim(line.substr(word.size()));
    }
  }
  return bytes;
}

Expected<std::uint64_t> parse_number(std::string_view text, std::string_view place) {
  std::string_view digits = text;
  const bool negative = digits.starts_with('-');
  if (negative) digits.remove_prefix(1);
  const bool hexadecimal = digits.starts_with("0x") || digits.starts_with("0X");
  if (hexadecimal) digits.remove_prefix(2);
  std::uint64_t value = 0;
  const auto [end, fault] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, hexadecimal ? 16 : 10);
  if (fault != std::errc{} || end != digits.data() + digits.size()) {
    const std::string line =
        quoted(text) + " is not a number of 64 bits (decimal, or hexadecimal after 0x)";
    return std::unexpected(Diagnostic(Fault::bad_input, line).at(place));
  }
  return negative ? 0 - value : value;
}

}  // namespace probity::corpus
