// SPDX-License-Identifier: Apache-2.0
// A row of rules.def, parsed once: both the matcher (rule_match.hpp) and the proof (rule_proof.hpp)
// work on this. Insns are written in the kernel's text. A capital letter is a register (wA: its low
// 32 bits), two different ones may be the same register only if the rule writes neither. A small
// letter or an expression stands for a number. Rows may have parameters: "$w,$n: _,64 w,32 ; $o: |=
// +=" makes one rule for each combination of the alternatives; `_` is the empty text.
// Side conditions, separated by commas:
//   expressions over numbers and registers (their values before the rule);
//   `A is k`        the register holds the constant k, which need not be in the pattern;
//   `each(k, l, h)` some k in l..h for which the others hold: proved for each one;
//   `dead(A)`       nobody reads A afterwards: what the rule leaves in it does not matter;
// and these, which no proof needs, only a kernel or our aims:
//   `kernel(e)` with an expression, `number(A)`, `map_value(P)`, `aligned(P + o, 8)`, `in(-Osize)`,
//   `in(-Ospeed)`, `last(A)`.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.hpp"
#include "isa/bpf/insn.hpp"
#include "opt/rule_expression.hpp"

namespace probity::opt {

/// A row of rules.def as it stands.
struct RuleRow {
  std::string_view name;
  std::string_view parameters;
  std::string_view pattern;
  std::string_view conditions;
  std::string_view replacement;
};
std::span<const RuleRow> rule_rows();

/// An insn with open fields: `shape.dst` and `shape.src` are indices into Rule::registers.
struct InsnTemplate {
  bpf::Insn shape;
  std::optional<Expression> off;  ///< of a memory operand
  std::optional<Expression> imm;
  char label = 0;  ///< where a jump leads; only the last insn jumps
  friend bool operator==(const InsnTemplate&, const InsnTemplate&) = default;
};
/// Bits: the fields of an insn's row that name registers, as indices or as registers.
using LetterSet = std::uint16_t;
LetterSet letters_read(const InsnTemplate& insn);
LetterSet letters_written(const InsnTemplate& insn);

struct Condition {
  enum class Kind : std::uint8_t {
    holds,      ///< `expression` is not 0
    constant,   ///< register `letter` is `expression`, a small letter
    each,       ///< `expression` is that small letter; low..high
    dead,       ///< register `letter`
    last,       ///< the same, but only for the rule to pay
    kernel,     ///< a kernel refuses the replacement where `expression` is 0
    number,     ///< register `letter` is no pointer
    map_value,  ///< register `letter` points into the value of a map
    aligned,    ///< pointer `letter` plus `expression` is a multiple of `low`
    for_size,
    for_speed,
  };
  Kind kind = Kind::holds;
  Expression expression;
  char letter = 0;
  std::int64_t low = 0;
  std::int64_t high = 0;
  std::string text;
};
/// Does the rule's truth depend on it?
bool is_needed_for_proof(const Condition& condition);

struct Rule {
  std::string name;       ///< of the row, with the alternatives in brackets
  std::string registers;  ///< letters; the index is what templates name
  std::string numbers;    ///< small letters
  std::vector<InsnTemplate> pattern;
  std::vector<Condition> conditions;
  std::vector<InsnTemplate> replacement;

  std::uint8_t index_of(char letter) const {
    return static_cast<std::uint8_t>(registers.find(letter));
  }
  /// Registers that pattern or replacement write.
  LetterSet written() const;
  LetterSet dead() const;
};

/// All rules of one row, or what is wrong with it.
Expected<std::vector<Rule>> parse_rules(const RuleRow& row);

/// All rules of the table, in its order; parsed on the first call.
const std::vector<Rule>& rules();

/// Does an insn of this form use all 64 bits of its immediate, so that what does not fit 32 signed
/// ones may not stand there? Others take the low bits.
bool imm_must_fit(bpf::Form form);

}  // namespace probity::opt
