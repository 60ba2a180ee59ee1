// SPDX-License-Identifier: Apache-2.0
// See equal_values.hpp.
#include "opt/equal_values.hpp"

#include <algorithm>
#include <optional>

#include "opt/block_analysis.hpp"
#include "opt/fact_rules.hpp"
#include "opt/order.hpp"

namespace probity::opt {
namespace {

using bpf::Form;
using bpf::Meaning;

constexpr std::int64_t word_bytes = 8;
constexpr std::size_t last_argument = 5;

/// The words of the frame that an access of `bytes` at `offset` from r10 touches.
struct Words {
  std::size_t first = 0;
  std::size_t last = 0;  ///< behind them
  bool whole = false;    ///< it is one word, all of it
};

std::optional<Words> words_at(std::int64_t offset, std::int64_t bytes) {
  const std::int64_t start = offset + static_cast<std::int64_t>(stack_bytes);
  if (start < 0 || start + bytes > static_cast<std::int64_t>(stack_bytes)) return std::nullopt;
  return Words{static_cast<std::size_t>(start / word_bytes),
               static_cast<std::size_t>((start + bytes - 1) / word_bytes + 1),
               bytes == word_bytes && start % word_bytes == 0};
}

/// Where in the frame an access through `base` is, if that is known.
std::optional<Words> words_of(const Fact& base, const bpf::Insn& insn) {
  if (base.kind != Kind::stack || !base.offset) return std::nullopt;
  return words_at(*base.offset + insn.off, bpf::row(insn.form).width / 8);
}

void forget_stored(Equals& equals, const Node& node, const Fact& base) {
  if (!may_reach_stack(base.kind) && is_pointer(base.kind)) return;
  const auto words = node.patched ? std::nullopt : words_of(base, node.insn);
  if (!words) return equals.forget_words();
  for (std::size_t word = words->first; word < words->last; ++word) {
    equals.forget(holder_of_word(word));
  }
}

void store(Equals& equals, const Node& node, const PointFacts& facts) {
  const Fact& base = reg_of(facts, node.insn.dst);
  forget_stored(equals, node, base);
  const auto word = frame_word_of(base, node.insn);
  const bool spills = bpf::row(node.insn.form).meaning == Meaning::store_reg && !node.patched;
  if (spills && word) equals.copy(holder_of(node.insn.src), holder_of_word(*word));
}

void load(Equals& equals, const Node& node, const PointFacts& facts) {
  const auto word = frame_word_of(reg_of(facts, node.insn.src), node.insn);
  if (!node.patched && word && node.insn.form == Form::ldxdw)
    return equals.copy(holder_of_word(*word), holder_of(node.insn.dst));
  equals.forget(holder_of(node.insn.dst));
}

void call(Equals& equals, const PointFacts& facts) {
  for (std::size_t reg = 0; reg <= last_argument; ++reg) {
    equals.forget(static_cast<Holder>(reg));
    if (reg > 0 && may_reach_stack(facts.regs[reg].kind)) equals.forget_words();
  }
}

void step(Equals& equals, const Node& node, const PointFacts& facts) {
  const Meaning meaning = bpf::row(node.insn.form).meaning;
  switch (meaning) {
    case Meaning::call: return call(equals, facts);
    case Meaning::load: return load(equals, node, facts);
    case Meaning::store_imm:
    case Meaning::store_reg: return store(equals, node, facts);
    case Meaning::atomic:
    case Meaning::store_release: forget_stored(equals, node, reg_of(facts, node.insn.dst)); break;
    case Meaning::alu:
      if (node.insn.form == Form::mov64_reg && !node.patched)
        return equals.copy(holder_of(node.insn.src), holder_of(node.insn.dst));
      break;
    case Meaning::movsx:
    case Meaning::byte_swap:
    case Meaning::load_imm64:
    case Meaning::load_acquire:
    case Meaning::load_packet:
    case Meaning::jump:
    case Meaning::may_goto:
    case Meaning::branch:
    case Meaning::exit: break;
  }
  const RegisterSet written = registers_written(node.insn);
  for (std::size_t reg = 0; reg < bpf::reg_count; ++reg) {
    if ((written >> reg & 1) != 0) equals.forget(static_cast<Holder>(reg));
  }
}

/// Registers that hold one constant are equal on this way.
void unite_constants(Equals& equals, const PointFacts& facts) {
  for (std::size_t a = 0; a < bpf::reg_count; ++a) {
    const auto value = facts.regs[a].constant();
    if (!value) continue;
    for (std::size_t b = 0; b < a; ++b) {
      if (facts.regs[b].constant() == value)
        equals.unite(static_cast<Holder>(b), static_cast<Holder>(a));
    }
  }
}

struct Analysis {
  const Code& code;
  const Facts& facts;

  Equals in_both(const Equals& a, const Equals& b) const { return Equals::in_both(a, b); }
  void step(Equals& equals, std::uint32_t node) const {
    opt::step(equals, code[node], facts.before(node));
  }
  Equals along(Equals equals, std::uint32_t node, bool taken) const {
    if (bpf::row(code[node].insn.form).meaning == Meaning::branch) {
      const auto there = opt::along(code, node, facts.before(node), taken);
      if (there) unite_constants(equals, *there);
      return equals;
    }
    // Constants, but for what the last insn of the block writes.
    PointFacts behind = facts.before(node);
    const RegisterSet written = registers_written(code[node].insn);
    for (std::size_t reg = 0; reg < bpf::reg_count; ++reg) {
      if ((written >> reg & 1) != 0) behind.regs[reg] = Fact{};
    }
    unite_constants(equals, behind);
    return equals;
  }
};

}  // namespace

std::optional<std::size_t> frame_word_of(const Fact& base, const bpf::Insn& insn) {
  const auto words = words_of(base, insn);
  if (!words || !words->whole) return std::nullopt;
  return words->first;
}

Equals::Equals() {
  for (std::size_t holder = 0; holder < holder_count; ++holder) {
    leader_[holder] = static_cast<Holder>(holder);
  }
}

bool Equals::is_alone(Holder holder) const {
  return std::ranges::count(leader_, leader_[holder]) == 1;
}

void Equals::copy(Holder from, Holder to) {
  if (are_equal(from, to)) return;
  forget(to);
  leader_[to] = leader_[from];
}

void Equals::forget(Holder holder) {
  // Its copies are equal to one another still: the first of them stands for them now.
  std::optional<Holder> first;
  for (std::size_t other = 0; other < holder_count; ++other) {
    if (other == holder || leader_[other] != holder) continue;
    if (!first) first = static_cast<Holder>(other);
    leader_[other] = *first;
  }
  leader_[holder] = holder;
}

void Equals::forget_words() {
  for (std::size_t word = 0; word < stack_words; ++word) forget(holder_of_word(word));
}

void Equals::unite(Holder a, Holder b) {
  const Holder stays = leader_[a], goes = leader_[b];
  for (Holder& leader : leader_) {
    if (leader == goes) leader = stays;
  }
}

Equals Equals::in_both(const Equals& a, const Equals& b) {
  Equals result;
  for (std::size_t holder = 0; holder < holder_count; ++holder) {
    const auto it = static_cast<Holder>(holder);
    // Of those that are equal to it on both ways: one that leads on either, else the first.
    std::optional<Holder> leads;
    for (std::size_t other = 0; other < holder_count; ++other) {
      const auto candidate = static_cast<Holder>(other);
      if (!a.are_equal(it, candidate) || !b.are_equal(it, candidate)) continue;
      const bool is_leader = a.leader(it) == candidate;
      if (!leads || is_leader) leads = candidate;
      if (is_leader) break;
    }
    result.leader_[holder] = leads.value_or(it);
  }
  return result;
}

EqualValues EqualValues::of(const Code& code, const Facts& facts) {
  EqualValues result;
  const Analysis analysis{code, facts};
  result.points_ = BlockAnalysis<Equals, Analysis>(code, facts, analysis).run();
  return result;
}

}  // namespace probity::opt
