// SPDX-License-Identifier: Apache-2.0
// Text corpora that a person can read: a superset of the `.data` format of uBPF and
// bpf_conformance, so that their suites load unchanged. A file is comment lines that say why the
// test exists, then sections:
//   -- asm        program in uBPF text               -- kernel-asm   program in the kernel's text
//   -- raw        program as one u64 a word          -- mem          memory r1 points at, as hex
//   bytes
//   -- result     r0 after the run                   -- error        exact text of the error
//   -- spec, -- expect, -- counterexample            what the checker should say of the program
//   -- target, -- code, -- mutant                    what a translator should emit, and what must
//   be refuted
//   -- c, -- no register offset                      notes for other tools, ignored
// `#` starts a comment. An unknown or repeated section is an error with its line.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.hpp"

namespace probity::corpus {

enum class SectionKind : std::uint8_t {
  asm_text,
  kernel_asm,
  raw,
  mem,
  result,
  error,
  spec,
  expect,
  counterexample,
  target,
  code,
  mutant,
  c,
  no_register_offset,
};
std::string_view name(SectionKind kind);

struct Section {
  SectionKind kind = SectionKind::c;
  std::uint32_t line = 0;  ///< of the first line of the body, from 1
  std::string header;      ///< the `-- name` line as in the file
  std::string body;        ///< as in the file, comments included
};

struct DataFile {
  std::string place;  ///< the path, for messages
  std::string head;   ///< everything before the first section, as in the file
  std::vector<Section> sections;

  const Section* find(SectionKind kind) const;
  /// The comment lines of the head that are neither a licence nor a copyright: why the test exists.
  std::vector<std::string> why() const;
};

/// No corpus file may be larger.
constexpr std::uint64_t max_data_file_bytes = 4ull << 20;

Expected<DataFile> parse_data_file(std::string_view text, std::string_view place);
/// The file's text again; unchanged sections come out byte for byte.
std::string print(const DataFile& file);

/// `body` without comments, lines kept (so that line numbers stay right).
std::string without_comments(std::string_view body);
/// Last line that is not blank, trimmed and without comment; empty when there is none.
std::string last_line(std::string_view body);

/// The same for free text, where `#` starts a comment only at the start of a line.
std::string last_text_line(std::string_view body);

/// Hex bytes separated by blanks: `0a 0B 0c`.
Expected<std::vector<std::uint8_t>> parse_hex_bytes(const Section& section, std::string_view place);
/// One u64: hexadecimal after 0x, else decimal; a minus sign negates.
Expected<std::uint64_t> parse_number(std::string_view text, std::string_view place);

}  // namespace probity::corpus
