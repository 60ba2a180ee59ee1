// SPDX-License-Identifier: Apache-2.0
// Finds the patterns of rules.def in a program. The insns of a pattern need not stand together nor
// in its order: from the last one, whoever computes what it reads is looked for backward in the
// block, and all of them must be able to move to one place (order.hpp), where the replacement then
// stands. Fields are computed at Concrete, side conditions at Abstract from the facts. Proposals
// that the kernel's verifier is known to refuse are not made: other accesses to ctx, unaligned ones
// to the stack, bytes that nobody accessed, arithmetic on pointers but 64-bit add and sub.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "opt/generator.hpp"
#include "opt/rule.hpp"

namespace probity::opt {

/// Where a rule applies.
struct Match {
  const Rule* rule = nullptr;
  std::vector<std::uint32_t> nodes;                   ///< by insn of the pattern
  std::uint32_t place = 0;                            ///< which of them the replacement stands for
  std::array<std::optional<bpf::Reg>, 11> registers;  ///< by letter
  std::array<std::optional<std::uint64_t>, 26> numbers;  ///< by small letter
  std::uint32_t target = no_node;                        ///< where the jump leads

  bpf::Reg reg(bpf::Reg letter) const { return *registers[static_cast<std::size_t>(letter)]; }
  std::optional<std::uint64_t>& number(char letter) {
    return numbers[static_cast<std::size_t>(letter - 'a')];
  }
  const std::optional<std::uint64_t>& number(char letter) const {
    return numbers[static_cast<std::size_t>(letter - 'a')];
  }
};

/// Looks for rules in one version of a program.
class RuleFinder {
 public:
  RuleFinder(const Version& version, const Aim& aim);
  /// The rule with its pattern's last insn at `node`.
  std::optional<Match> match(const Rule& rule, std::uint32_t node) const;

 private:
  const Version& version_;
  const Aim& aim_;
  std::vector<bool> starts_;
};

/// What it does to the code.
Change change_of(const Match& match, const Code& code);

/// Proposes every rule of the table wherever it applies; of overlapping ones the first in the
/// table's order.
Generator rule_generator();

}  // namespace probity::opt
