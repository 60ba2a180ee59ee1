// SPDX-License-Identifier: Apache-2.0
// See learnt_rules.hpp.
#include "opt/learnt_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <memory>
#include <ranges>

#include "opt/computation.hpp"
#include "opt/rule_match.hpp"
#include "opt/rule_proof.hpp"

namespace probity::opt {
namespace {

/// What a row may have, so that a file cannot ask for endless proofs.
constexpr std::size_t most_insns = 8;
constexpr std::size_t most_letters = 8;
constexpr int most_letters_only_read = 4;  // each way in which they coincide is a case
constexpr std::size_t most_text = 500;
constexpr std::int64_t most_cases = 64;

/// What is wrong with the rule as one of a file; empty: nothing.
std::string objection_to(const Rule& rule) {
  if (rule.pattern.size() > most_insns || rule.replacement.size() > most_insns)
    return fmt::format("more than {} insns", most_insns);
  if (rule.registers.size() > most_letters)
    return fmt::format("more than {} registers", most_letters);
  const auto all = static_cast<LetterSet>((1u << rule.registers.size()) - 1);
  if (std::popcount(static_cast<LetterSet>(all & ~rule.written())) > most_letters_only_read)
    return fmt::format("more than {} registers that are only read", most_letters_only_read);
  for (const auto* insns : {&rule.pattern, &rule.replacement}) {
    const auto computes = [](const InsnTemplate& insn) { return is_computation(insn.shape.form); };
    if (!std::ranges::all_of(*insns, computes))
      return "only computations in registers may be in a file";
  }
  std::int64_t cases = 1;
  for (const Condition& condition : rule.conditions) {
    if (condition.kind != Condition::Kind::each) continue;
    const std::int64_t range = condition.high - condition.low + 1;
    if (condition.low < 0 || range < 1 || range > most_cases) cases = most_cases + 1;
    if (cases <= most_cases) cases *= range;
  }
  if (cases > most_cases) return fmt::format("'each' gives more than {} cases", most_cases);
  return {};
}

std::string text_of(const proof::Verdict& verdict) {
  if (const auto* unknown = std::get_if<proof::Unknown>(&verdict)) return unknown->reason;
  const auto* refuted = std::get_if<proof::Refuted>(&verdict);
  if (refuted == nullptr) return {};
  std::string text = fmt::format("{} differs", refuted->conclusion);
  std::string_view before = " for ";
  for (const auto& [name, value] : refuted->variables) {
    text += fmt::format("{}{} = {:#x}", before, name, static_cast<std::uint64_t>(value));
    before = ", ";
  }
  return text;
}

bool is_legal(const Change& change) {
  return std::ranges::all_of(change.splices, [](const Splice& splice) {
    return std::ranges::all_of(splice.with,
                               [](const Node& node) { return has_legal_immediate(node.insn); });
  });
}

std::vector<Change> propose(const std::vector<Rule>& rules, const Version& version,
                            const Aim& aim) {
  const RuleFinder finder(version, aim);
  std::vector<Change> changes;
  for (std::uint32_t node = 0; node < version.code.size(); ++node) {
    if (!version.facts.reached(node)) continue;
    for (const Rule& rule : rules) {
      const std::optional<Match> match = finder.match(rule, node);
      if (!match) continue;
      Change change = change_of(*match, version.code);
      if (!is_legal(change)) continue;
      changes.push_back(std::move(change));
      break;
    }
  }
  // Changes that reach into each other are for another pass.
  std::uint32_t free = 0;
  std::erase_if(changes, [&free](const Change& change) {
    const auto firsts = change.splices | std::views::transform(&Splice::first);
    const auto [first, last] = std::ranges::minmax(firsts);
    if (first < free) return true;
    free = last + 1;
    return false;
  });
  return changes;
}

}  // namespace

Expected<Rule> prove_row(const LearntRow& row, const proof::Options& options) {
  const auto refused = [&row](const std::string& why) {
    return error(Fault::bad_input, fmt::format("rule '{}': {}", row.name, why));
  };
  if (row.name.empty() ||
      row.name.size() + row.pattern.size() + row.conditions.size() + row.replacement.size() >
          most_text)
    return refused(fmt::format("no name, or more than {} characters", most_text));
  const auto rules = parse_rules(row.row());
  if (!rules) return refused(std::string(rules.error().line()));
  const Rule& rule = rules->front();
  if (const std::string why = objection_to(rule); !why.empty()) return refused(why);
  const proof::Obligation obligation = obligation_of(rule);
  const auto results = proof::discharge({&obligation, 1}, options);
  if (!proof::is_proved(results.front()))
    return refused("not proved: " + text_of(results.front().verdict));
  return rule;
}

Generator learnt_generator(std::vector<Rule> rules) {
  // Matches point to their rule.
  const auto shared = std::make_shared<const std::vector<Rule>>(std::move(rules));
  return {"learnt rules", [shared](const Version& version, const Aim& aim) {
            return propose(*shared, version, aim);
          }};
}

}  // namespace probity::opt
