// SPDX-License-Identifier: Apache-2.0
// The words of the assembler's language that printer and parser share: conditions and their other
// names, and which immediates are counts.
#pragma once

#include <array>
#include <string_view>

#include "isa/x86/row.hpp"

namespace probity::x86 {

/// By Cond.
inline constexpr std::array<std::string_view, 16> cond_names = {
    "o", "no", "b", "ae", "e", "ne", "be", "a", "s", "ns", "p", "np", "l", "ge", "le", "g"};

struct CondAlias {
  std::string_view alias, name;
};
inline constexpr CondAlias cond_aliases[] = {{"c", "b"},   {"nae", "b"}, {"nb", "ae"}, {"nc", "ae"},
                                             {"z", "e"},   {"nz", "ne"}, {"na", "be"}, {"nbe", "a"},
                                             {"pe", "p"},  {"po", "np"}, {"nge", "l"}, {"nl", "ge"},
                                             {"ng", "le"}, {"nle", "g"}};

/// The mnemonics whose imm8 is a number of bits: printed as an unsigned byte. All other immediates
/// stand for a value of the operand's width, to which they are sign-extended.
constexpr bool imm_is_count(const Row& row) {
  constexpr std::string_view counting[] = {"rol",  "ror",  "shl", "shr", "sar", "shld",
                                           "shrd", "rorx", "bt",  "bts", "btr"};
  for (const std::string_view mnemonic : counting) {
    if (row.mnemonic == mnemonic) return true;
  }
  return false;
}

/// The mnemonic of a row in the text: Intel's, but `movabs` where GNU distinguishes it.
constexpr std::string_view text_mnemonic(const Row& row) {
  return row.mnemonic == "mov" && row.imm_bytes == 8 ? "movabs" : row.mnemonic;
}

/// `jcc` without its `cc`.
constexpr std::string_view without_cond(std::string_view mnemonic) {
  return mnemonic.substr(0, mnemonic.size() - 2);
}

}  // namespace probity::x86
