// SPDX-License-Identifier: Apache-2.0
// The fixed point: blocks wait in the order of their code until the facts at their start change no
// more. What a subprogram returns and with what it is entered are joined over its exits and its
// calls. Bounds that keep growing around a loop are widened after a few rounds, and narrowed at the
// end.
#include "opt/facts.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "opt/fact_rules.hpp"

namespace probity::opt {
namespace {

using bpf::Insn;
using bpf::Meaning;

/// Rounds of a block in which bounds may grow by any step, and then in which they may grow at all.
constexpr unsigned growing_rounds = 3;
constexpr unsigned widening_rounds = 40;
constexpr unsigned narrowing_rounds = 2;

/// What `next` is joined to, so that growing comes to an end.
AbstractWord grown(const AbstractWord& before, const AbstractWord& next, unsigned round) {
  if (before == next || round <= growing_rounds) return next;
  return round <= widening_rounds ? Abstract::widen(64, before, next) : Abstract::any(64);
}

Fact join_pointers(const Fact& a, const Fact& b) {
  Fact result = a;
  result.bits = Abstract::any(64);
  if (a.offset != b.offset) result.offset.reset();
  if (a.map != b.map) result.map = Fact::no_map;
  result.room = std::min(a.room, b.room);
  if (a.origin != b.origin || a.beyond != b.beyond) result.forget_origin();
  return result;
}

/// True when it changed.
bool join_fact(Fact& into, const Fact& from, unsigned round) {
  if (into == from) return false;
  Fact joined = join(into, from);
  joined.bits = grown(into.bits, joined.bits, round);
  if (joined == into) return false;
  into = joined;
  return true;
}

/// Facts of a point, joined in place; true when they changed.
bool join_into(PointFacts& into, const PointFacts& from, unsigned round) {
  if (!from.reached) return false;
  if (!into.reached) {
    into = from;
    return true;
  }
  bool changed = from.packet_bytes < into.packet_bytes;
  into.packet_bytes = std::min(into.packet_bytes, from.packet_bytes);
  for (std::size_t i = 0; i < into.regs.size(); ++i) {
    changed = join_fact(into.regs[i], from.regs[i], round) || changed;
  }
  if (into.frame.words.is_shared_with(from.frame.words)) return changed;
  for (std::size_t i = 0; i < stack_words; ++i) {
    Fact word = into.frame.words[i];
    if (!join_fact(word, from.frame.words[i], round)) continue;
    into.frame.words.set(i, word);
    changed = true;
  }
  return changed;
}

class FixedPoint {
 public:
  FixedPoint(const Code& code, const program::View& program);
  std::vector<PointFacts> run();

 private:
  void note_calls();
  void enter_from_outside();
  void narrow();
  void enter(std::uint32_t node, const PointFacts& facts);
  /// Executes the block; `visit` sees the facts before each node.
  template <typename Visit>
  void walk(std::uint32_t first, Visit visit);
  void leave(std::uint32_t node, const PointFacts& facts);
  void return_from(std::uint32_t subprog, const PointFacts& facts);

  struct Subprog {
    CallSummary summary;
    bool returns = false;
    unsigned rounds = 0;              ///< in which what it returns has grown
    std::set<std::uint32_t> callers;  ///< blocks that wait for what it returns
  };

  const Code& code_;
  const program::View& program_;
  std::vector<bool> starts_;
  std::vector<std::uint32_t> block_of_;
  std::vector<PointFacts> entries_;   ///< by block
  std::vector<std::uint32_t> first_;  ///< first node, by block
  std::vector<unsigned> rounds_;
  std::vector<Subprog> subprogs_;
  std::set<std::uint32_t> waiting_;  ///< blocks
  std::vector<PointFacts> narrowed_;
  enum class Phase : std::uint8_t { growing, narrowing, done };
  Phase phase_ = Phase::growing;
};

FixedPoint::FixedPoint(const Code& code, const program::View& program)
    : code_(code), program_(program), starts_(block_starts(code)) {
  for (std::uint32_t node = 0; node < code.size(); ++node) {
    if (starts_[node]) first_.push_back(node);
    block_of_.push_back(static_cast<std::uint32_t>(first_.size()) - 1);
  }
  entries_.resize(first_.size());
  rounds_.resize(first_.size());
  subprogs_.resize(code.subprog_starts().size() - 1);
  note_calls();
}

/// Which subprograms may move the packet, themselves or in what they call.
void FixedPoint::note_calls() {
  std::set<std::pair<std::uint32_t, std::uint32_t>> calls;
  for (Subprog& subprog : subprogs_) subprog.summary.moves_packet = false;
  for (std::uint32_t node = 0; node < code_.size(); ++node) {
    const std::uint32_t caller = code_.subprog_of(node);
    const Insn& insn = code_[node].insn;
    const Meaning meaning = bpf::row(insn.form).meaning;
    if (call_may_move_packet(insn)) subprogs_[caller].summary.moves_packet = true;
    const bool names = meaning == Meaning::call || meaning == Meaning::load_imm64;
    if (!names || code_[node].target == no_node) continue;
    calls.emplace(caller, code_.subprog_of(code_[node].target));
  }
  for (bool changed = true; changed;) {
    changed = false;
    for (const auto& [caller, callee] : calls) {
      bool& moves = subprogs_[caller].summary.moves_packet;
      if (moves || !subprogs_[callee].summary.moves_packet) continue;
      moves = changed = true;
    }
  }
}

void FixedPoint::enter(std::uint32_t node, const PointFacts& facts) {
  if (node >= code_.size()) return;
  const std::uint32_t block = block_of_[node];
  if (phase_ == Phase::done) return;
  if (phase_ == Phase::narrowing) {
    join_into(narrowed_[block], facts, 0);
    return;
  }
  if (!join_into(entries_[block], facts, rounds_[block])) return;
  ++rounds_[block];
  waiting_.insert(block);
}

void FixedPoint::return_from(std::uint32_t subprog, const PointFacts& facts) {
  if (phase_ != Phase::growing) return;
  Subprog& returned = subprogs_[subprog];
  Fact result = facts.regs[0];
  // The frame is gone; nodes of lookups mean something else to the caller. What was never written
  // may not be read there, either.
  if (result.kind == Kind::stack) result = value_of(Kind::any);
  result.forget_origin();
  Fact joined = result;
  if (returned.returns) {
    const Fact& before = returned.summary.result;
    joined = join(before, result);
    joined.bits = grown(before.bits, joined.bits, returned.rounds);
    if (joined == before) return;
  }
  ++returned.rounds;
  returned.summary.result = joined;
  returned.returns = true;
  waiting_.insert(returned.callers.begin(), returned.callers.end());
}

void FixedPoint::leave(std::uint32_t node, const PointFacts& facts) {
  const Meaning meaning = bpf::row(code_[node].insn.form).meaning;
  if (meaning == Meaning::exit) return return_from(code_.subprog_of(node), facts);
  const Successors next = successors(code_, node);
  if (meaning != Meaning::branch) {
    const PointFacts behind = after(code_, node, facts, program_);
    if (next.next != no_node) enter(next.next, behind);
    if (next.taken != no_node) enter(next.taken, behind);
    return;
  }
  if (const auto not_taken = along(code_, node, facts, false)) enter(next.next, *not_taken);
  if (const auto taken = along(code_, node, facts, true)) enter(next.taken, *taken);
}

template <typename Visit>
void FixedPoint::walk(std::uint32_t first, Visit visit) {
  PointFacts facts = entries_[block_of_[first]];
  for (std::uint32_t node = first; node < code_.size(); ++node) {
    visit(node, facts);
    const Node& at = code_[node];
    if (at.insn.form == bpf::Form::call_local && at.target != no_node) {
      Subprog& callee = subprogs_[code_.subprog_of(at.target)];
      callee.callers.insert(block_of_[first]);
      enter(at.target, callee_entry(facts));
      if (!callee.returns) return;
      call_local(facts, callee.summary);
    } else if (!starts_[node + 1]) {
      facts = after(code_, node, std::move(facts), program_);
    }
    if (!starts_[node + 1]) continue;
    if (at.insn.form == bpf::Form::call_local)
      enter(node + 1, facts);
    else
      leave(node, facts);
    return;
  }
}

void FixedPoint::enter_from_outside() {
  enter(0, program_entry(program_));
  for (const Node& node : code_.nodes()) {
    const bool handed = node.insn.form == bpf::Form::lddw_func && node.target != no_node;
    if (handed) enter(node.target, entered_with_anything());
  }
}

/// One more round from what was found, without widening: what holds of all runs still does.
void FixedPoint::narrow() {
  narrowed_.assign(entries_.size(), {});
  phase_ = Phase::narrowing;
  enter_from_outside();
  for (std::uint32_t block = 0; block < first_.size(); ++block) {
    if (entries_[block].reached) walk(first_[block], [](std::uint32_t, const PointFacts&) {});
  }
  entries_.swap(narrowed_);
}

std::vector<PointFacts> FixedPoint::run() {
  enter_from_outside();
  while (!waiting_.empty()) {
    const std::uint32_t block = *waiting_.begin();
    waiting_.erase(waiting_.begin());
    walk(first_[block], [](std::uint32_t, const PointFacts&) {});
  }
  const bool widened =
      std::ranges::any_of(rounds_, [](unsigned rounds) { return rounds > growing_rounds; });
  for (unsigned round = 0; widened && round < narrowing_rounds; ++round) narrow();
  std::vector<PointFacts> points(code_.size());
  phase_ = Phase::done;
  for (std::uint32_t block = 0; block < first_.size(); ++block) {
    if (!entries_[block].reached) continue;
    walk(first_[block],
         [&points](std::uint32_t node, const PointFacts& facts) { points[node] = facts; });
  }
  return points;
}

}  // namespace

StackWords::StackWords(const Fact& fact) {
  static const auto nothing = std::make_shared<std::array<Fact, stack_words>>();
  if (fact == Fact{}) {
    words_ = nothing;
    return;
  }
  words_ = std::make_shared<std::array<Fact, stack_words>>();
  words_->fill(fact);
}

void StackWords::set(std::size_t word, const Fact& fact) {
  if ((*words_)[word] == fact) return;
  if (words_.use_count() != 1) words_ = std::make_shared<std::array<Fact, stack_words>>(*words_);
  (*words_)[word] = fact;
}

std::optional<std::int64_t> Fact::distance() const {
  if (kind != Kind::packet || offset || origin == no_node) return offset;
  return beyond;
}

void Fact::forget_origin() {
  origin = no_node;
  beyond = 0;
  if (!offset) room = 0;
}

std::optional<std::uint64_t> Fact::constant() const {
  return kind == Kind::number ? Abstract::constant(64, bits) : std::nullopt;
}

Fact join(const Fact& a, const Fact& b) {
  if (a == b) return a;
  if (a.kind == Kind::nothing || b.kind == Kind::nothing) return value_of(Kind::nothing);
  if (a.kind == b.kind && is_pointer(a.kind)) return join_pointers(a, b);
  Fact result = value_of(a.kind == b.kind ? a.kind : Kind::any);
  const bool nullable = (a.kind == Kind::map_value && b.kind == Kind::map_value_or_null) ||
                        (b.kind == Kind::map_value && a.kind == Kind::map_value_or_null);
  if (nullable) {
    result = join_pointers(a, b);
    result.kind = Kind::map_value_or_null;
    result.forget_origin();
    return result;
  }
  result.bits = Abstract::join(64, a.bits, b.bits);
  return result;
}

Facts Facts::of(const Code& code, const program::View& program) {
  Facts facts;
  facts.points_ = FixedPoint(code, program).run();
  return facts;
}

}  // namespace probity::opt
