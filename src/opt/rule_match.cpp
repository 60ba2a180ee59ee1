// SPDX-License-Identifier: Apache-2.0
// See rule_match.hpp.
#include "opt/rule_match.hpp"

#include <algorithm>
#include <utility>

#include "base/check.hpp"
#include "isa/bpf/codec_index.hpp"
#include "opt/barrier.hpp"
#include "opt/order.hpp"
#include "opt/rule_conditions.hpp"

namespace probity::opt {
namespace {

using bpf::Meaning;
using bpf::Reg;

/// How far from the pattern's last insn, in insns, the others are looked for.
constexpr std::uint32_t window = 64;

/// `i` or `i + 1`: the letter and what is added.
struct Shifted {
  char letter = 0;
  std::uint64_t by = 0;
};
std::optional<Shifted> as_shifted(const Expression& e) {
  using Op = Expression::Op;
  if (e.op == Op::variable) return Shifted{e.name, 0};
  const bool sum = (e.op == Op::add || e.op == Op::sub) && e.args[0].op == Op::variable &&
                   e.args[1].op == Op::number;
  if (!sum) return std::nullopt;
  return Shifted{e.args[0].name, e.op == Op::add ? e.args[1].number : 0 - e.args[1].number};
}

/// One attempt at one place.
class Search {
 public:
  Search(const Rule& rule, const Version& version, const Aim& aim, const std::vector<bool>& starts)
      : rule_(rule), version_(version), aim_(aim), code_(version.code), starts_(starts) {
    match_.rule = &rule;
    match_.nodes.assign(rule.pattern.size(), no_node);
  }

  std::optional<Match> at(std::uint32_t node) {
    const std::size_t last = rule_.pattern.size() - 1;
    if (code_[node].insn.form != rule_.pattern[last].shape.form) return std::nullopt;
    root_ = node;
    find_block(node);
    return assign(last, node);
  }

 private:
  void find_block(std::uint32_t node) {
    first_ = node;
    while (first_ > 0 && node - first_ < window && !starts_[first_]) --first_;
    end_ = node + 1;
    while (end_ < code_.size() && end_ - node < window && !starts_[end_]) ++end_;
  }

  /// Insn `k` of the pattern is `node`; goes on with the ones before it.
  std::optional<Match> assign(std::size_t k, std::uint32_t node) {
    const Match saved = match_;
    if (unify(rule_.pattern[k], node)) {
      match_.nodes[k] = node;
      if (std::optional<Match> found = k == 0 ? finished() : look_for(k - 1)) return found;
    }
    match_ = saved;
    return std::nullopt;
  }

  std::optional<Match> look_for(std::size_t k) {
    if (const std::optional<std::size_t> consumer = consumer_of(k)) {
      const std::optional<std::uint32_t> node =
          definition_before(match_.nodes[*consumer], *bound(rule_.pattern[k].shape.dst));
      return node ? assign(k, *node) : std::nullopt;
    }
    for (std::uint32_t node = end_; node-- > first_;) {
      if (std::ranges::find(match_.nodes, node) != match_.nodes.end()) continue;
      if (std::optional<Match> found = assign(k, node)) return found;
    }
    return std::nullopt;
  }

  const std::optional<Reg>& bound(Reg letter) const {
    return match_.registers[static_cast<std::size_t>(letter)];
  }

  /// The first later insn of the pattern that reads what insn `k` computes.
  std::optional<std::size_t> consumer_of(std::size_t k) const {
    const LetterSet written = letters_written(rule_.pattern[k]);
    for (std::size_t later = k + 1; written != 0 && later < rule_.pattern.size(); ++later) {
      if ((letters_read(rule_.pattern[later]) & written) != 0) return later;
      if ((letters_written(rule_.pattern[later]) & written) != 0) break;
    }
    return std::nullopt;
  }

  std::optional<std::uint32_t> definition_before(std::uint32_t node, Reg reg) const {
    while (node-- > first_) {
      if ((registers_written(code_[node].insn) & register_bit(reg)) == 0) continue;
      const bool taken = std::ranges::find(match_.nodes, node) != match_.nodes.end();
      return taken ? std::nullopt : std::optional(node);
    }
    return std::nullopt;
  }

  bool unify(const InsnTemplate& insn, std::uint32_t node) {
    const Node& actual = code_[node];
    if (actual.insn.form != insn.shape.form || actual.patched ||
        is_barrier(actual, version_.facts.before(node))) {
      return false;
    }
    const bpf::codec_index::Fields fields =
        bpf::codec_index::fields(bpf::row(insn.shape.form).operands);
    if (fields.dst && !bind(insn.shape.dst, actual.insn.dst)) return false;
    if (fields.src && !bind(insn.shape.src, actual.insn.src)) return false;
    if (insn.label != 0) match_.target = actual.target;
    if (insn.off && !solve(*insn.off, as_number(actual.insn.off))) return false;
    if (!insn.imm) return true;
    const bool wide = bpf::row(insn.shape.form).meaning == Meaning::load_imm64;
    return solve(*insn.imm, wide ? actual.insn.imm64() : as_number(actual.insn.imm));
  }
  static std::uint64_t as_number(std::int64_t field) { return static_cast<std::uint64_t>(field); }

  /// Registers that the rule writes are no other letter's.
  bool bind(Reg letter, Reg reg) {
    std::optional<Reg>& mine = match_.registers[static_cast<std::size_t>(letter)];
    if (mine) return *mine == reg;
    const LetterSet written = rule_.written();
    const unsigned index = static_cast<unsigned>(letter);
    if ((written >> index & 1) != 0 && reg == Reg::r10) return false;
    for (unsigned other = 0; other < rule_.registers.size(); ++other) {
      const bool distinct = ((written >> index | written >> other) & 1) != 0;
      if (distinct && match_.registers[other] == reg) return false;
    }
    mine = reg;
    return true;
  }

  /// Finds the letter for which the field has that value; what cannot be solved is looked at when
  /// all letters have values.
  bool solve(const Expression& field, std::uint64_t value) {
    if (const std::optional<std::uint64_t> known = value_in(match_, field)) return *known == value;
    if (const std::optional<Shifted> shifted = as_shifted(field)) {
      match_.number(shifted->letter) = value - shifted->by;
    }
    return true;
  }

  std::optional<Match> finished() {
    for (const std::uint32_t place : places()) {
      Match found = match_;
      found.place = place;
      if (can_gather(place) && conditions_hold(version_, aim_, found) &&
          kernel_takes(version_, aim_, found)) {
        return found;
      }
    }
    return std::nullopt;
  }

  /// Where the replacement may stand: a jump stays; else the last one first.
  std::vector<std::uint32_t> places() const {
    if (rule_.pattern.back().label != 0) return {root_};
    std::vector<std::uint32_t> result = match_.nodes;
    std::ranges::sort(result, std::greater());
    return result;
  }

  bool is_matched(std::uint32_t node) const {
    return std::ranges::find(match_.nodes, node) != match_.nodes.end();
  }

  /// Can all insns of the match move to `place`, and there stand in the pattern's order?
  bool can_gather(std::uint32_t place) const {
    for (std::size_t k = 0; k < match_.nodes.size(); ++k) {
      const std::uint32_t node = match_.nodes[k];
      const auto [low, high] = std::minmax(node, place);
      for (std::uint32_t other = low + 1; other < high; ++other) {
        if (is_matched(other)) continue;
        const bool sinks = node < place;
        const bool may = sinks ? commute(code_, version_.facts, node, other)
                               : commute(code_, version_.facts, other, node);
        if (!may) return false;
      }
      for (std::size_t later = k + 1; later < match_.nodes.size(); ++later) {
        const std::uint32_t second = match_.nodes[later];
        if (second < node && !commute(code_, version_.facts, second, node)) return false;
      }
    }
    return true;
  }

  const Rule& rule_;
  const Version& version_;
  const Aim& aim_;
  const Code& code_;
  const std::vector<bool>& starts_;
  Match match_;
  std::uint32_t root_ = 0;
  std::uint32_t first_ = 0;
  std::uint32_t end_ = 0;
};

bpf::Insn filled(const InsnTemplate& insn, const Match& match) {
  bpf::Insn result = insn.shape;
  const bpf::codec_index::Fields fields =
      bpf::codec_index::fields(bpf::row(insn.shape.form).operands);
  result.dst = fields.dst ? match.reg(insn.shape.dst) : Reg::r0;
  result.src = fields.src ? match.reg(insn.shape.src) : Reg::r0;
  if (insn.off) result.off = static_cast<std::int16_t>(*value_in(match, *insn.off));
  if (insn.imm) {
    const std::uint64_t value = *value_in(match, *insn.imm);
    result.imm = static_cast<std::int32_t>(value);
    if (fields.next_imm) result.next_imm = static_cast<std::int32_t>(value >> 32);
  }
  return result;
}

/// Rules by the form of their pattern's last insn, in the table's order.
std::vector<std::vector<const Rule*>> by_last_form() {
  std::vector<std::vector<const Rule*>> result(bpf::form_count);
  for (const Rule& rule : rules()) {
    result[static_cast<std::size_t>(rule.pattern.back().shape.form)].push_back(&rule);
  }
  return result;
}

/// Changes that keep out of each other's way: from a change's first node to its last one no other
/// has a node.
class Accepted {
 public:
  bool take(const Match& match) {
    const auto [first, last] = std::ranges::minmax(match.nodes);
    const bool free = std::ranges::none_of(
        ranges_, [&](const auto& range) { return first <= range.second && range.first <= last; });
    if (free) ranges_.emplace_back(first, last);
    return free;
  }

 private:
  std::vector<std::pair<std::uint32_t, std::uint32_t>> ranges_;
};

std::vector<Change> propose(const Version& version, const Aim& aim) {
  static const std::vector<std::vector<const Rule*>> index = by_last_form();
  const RuleFinder finder(version, aim);
  Accepted accepted;
  std::vector<Change> changes;
  for (std::uint32_t node = 0; node < version.code.size(); ++node) {
    if (!version.facts.reached(node)) continue;
    for (const Rule* const rule : index[static_cast<std::size_t>(version.code[node].insn.form)]) {
      const std::optional<Match> match = finder.match(*rule, node);
      if (!match || !accepted.take(*match)) continue;
      changes.push_back(change_of(*match, version.code));
      break;
    }
  }
  return changes;
}

}  // namespace

RuleFinder::RuleFinder(const Version& version, const Aim& aim)
    : version_(version), aim_(aim), starts_(block_starts(version.code)) {}

std::optional<Match> RuleFinder::match(const Rule& rule, std::uint32_t node) const {
  return Search(rule, version_, aim_, starts_).at(node);
}

Change change_of(const Match& match, const Code& code) {
  // The replacement's insns stand for the pattern's last ones; of more of them the first are new.
  std::vector<std::uint32_t> sources = match.nodes;
  std::ranges::sort(sources);
  const std::size_t count = match.rule->replacement.size();
  Change change{match.rule->name, {}};
  for (const std::uint32_t node : sources) {
    Splice splice{node, 1, {}};
    for (std::size_t i = 0; node == match.place && i < count; ++i) {
      const InsnTemplate& insn = match.rule->replacement[i];
      const std::size_t from_end = count - i;
      Node fresh = from_end <= sources.size()
                       ? replaced(code[sources[sources.size() - from_end]], filled(insn, match))
                       : inserted(filled(insn, match));
      fresh.target = insn.label != 0 ? match.target : no_node;
      splice.with.push_back(fresh);
    }
    change.splices.push_back(std::move(splice));
  }
  return change;
}

Generator rule_generator() {
  return {"rules", propose};
}

}  // namespace probity::opt
