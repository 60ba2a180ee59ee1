// SPDX-License-Identifier: Apache-2.0
// Pairs of places are worked off from the subprograms' entries. From a pair the old version is
// executed until a place where ways meet, a barrier or an exit; then the new one until the
// corresponding place. A branch of the old version is followed both ways, one of the new version
// the way that the path condition says. Where the two stand is a pair again.
#include "opt/simulation.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <deque>
#include <set>
#include <vector>

#include "opt/barrier.hpp"
#include "opt/cut_points.hpp"
#include "opt/equal_values.hpp"
#include "opt/fact_rules.hpp"
#include "opt/known_orders.hpp"
#include "opt/live.hpp"
#include "opt/path_bounds.hpp"
#include "opt/start_terms.hpp"
#include "opt/symbolic_run.hpp"

namespace probity::opt {
namespace {

using bpf::Meaning;
using term::Id;
using Verdict = Simulated::Verdict;

/// Insns that one version may execute between two places.
constexpr std::uint32_t step_limit = 20'000;
/// Ways from one pair.
constexpr std::uint32_t way_limit = 4'096;
/// Places where ways meet that a walk goes on behind because the versions do not agree there yet.
constexpr std::uint32_t pass_limit = 32;

using Pair = std::pair<std::uint32_t, std::uint32_t>;

/// Both versions with what is known of them.
struct Versions {
  const Code& old_code;
  const Code& new_code;
  const program::View& program;
  const Facts& old_facts;
  const EqualValues& old_equals;
  const KnownOrders& old_orders;
  Facts new_facts;
  Live new_live;
  std::vector<bool> meets;             ///< by old node: several ways lead here
  std::vector<std::uint32_t> slot_at;  ///< by old node: the slot of the first version that is there

  Versions(const Code& before, const Known& known, const Code& after, const program::View& view)
      : old_code(before),
        new_code(after),
        program(view),
        old_facts(known.facts),
        old_equals(known.equals),
        old_orders(known.orders),
        new_facts(Facts::of(after, view)),
        new_live(Live::of(after, new_facts, view)),
        meets(before.size() + 1, false),
        slot_at(before.size() + 1, 0) {
    for (std::uint32_t slot = 0; slot < before.old_slot_count(); ++slot) {
      slot_at[before.place_of(slot)] = slot;
    }
    std::vector<unsigned> ways(before.size() + 1, 0);
    for (std::uint32_t at = 0; at < before.size(); ++at) {
      const Successors to = successors(before, at);
      if (to.next != no_node) ++ways[to.next];
      if (to.taken != no_node) ++ways[to.taken];
    }
    for (std::size_t at = 0; at < ways.size(); ++at) meets[at] = ways[at] > 1;
  }

  /// Where the new version is when the old one is at `node`, where a block starts.
  std::uint32_t place_of(std::uint32_t node) const { return new_code.place_of(slot_at[node]); }

  /// For each register of the new version the old version's that it has to agree with at `node`.
  RegisterNames names_at(std::uint32_t node) const {
    // Who calls a subprogram, and who takes its result, is not renamed with it.
    const bool entry = std::ranges::binary_search(old_code.subprog_starts(), node);
    const RegisterNames& was = old_code.names_at(slot_at[node]);
    const RegisterNames& is = new_code.names_at(slot_at[node]);
    if (entry || was == is) return own_names;
    RegisterNames result{};
    for (std::size_t reg = 0; reg < is.size(); ++reg) {
      result[reg] = bpf::reg_count;
      if (is[reg] >= bpf::reg_count) continue;
      result[reg] = static_cast<std::uint8_t>(std::ranges::find(was, is[reg]) - was.begin());
    }
    return result;
  }
};

std::string offset_name(std::int64_t offset) {
  return fmt::format("stack byte r10{:+}", offset);
}

/// Everything that starts from one pair.
class Walk {
 public:
  Walk(const Versions& versions, Pair start, const solver::Options& options, Simulated* result)
      : v_(versions),
        options_(options),
        result_(result),
        pointers_(store_),
        world_{store_,
               pointers_,
               versions.program,
               pointers_.var("r10", Area::stack),
               pointers_.var("packet", Area::packet),
               pointers_.var("metadata", Area::metadata)},
        starts_(world_),
        cuts_(store_, pointers_),
        start_(start) {}

  /// The pairs that follow, or nothing when something is not proved (result says what).
  std::optional<std::vector<Pair>> run() {
    SymbolicRun before(world_, v_.old_code, start_.first, "old ");
    SymbolicRun after(world_, v_.new_code, start_.second, "new ");
    enter(&before, &after);
    starts_.assume_packet(v_.old_facts.before(start_.first));
    starts_.assume_orders(v_.old_orders.before(start_.first), v_.old_facts.before(start_.first),
                          v_.old_equals.before(start_.first));
    if (!follow_old(std::move(before), std::move(after), {})) return std::nullopt;
    return std::move(next_);
  }

 private:
  using Path = std::vector<Id>;

  bool fail(const SymbolicRun& before, const SymbolicRun& after, Verdict verdict,
            std::string reason) {
    result_->verdict = verdict;
    result_->reason = std::move(reason);
    result_->old_node = before.at();
    result_->new_node = after.at();
    return false;
  }

  /// Code that no input reaches may look like anything.
  bool fail_unless_unreachable(const SymbolicRun& before, const SymbolicRun& after,
                               const Path& path, std::string reason) {
    if (!path.empty() && contradiction(path)) return true;
    return fail(before, after, Verdict::unknown, std::move(reason));
  }

  // --- where a walk starts ---

  void enter(SymbolicRun* before, SymbolicRun* after) {
    const PointFacts& facts = v_.old_facts.before(start_.first);
    const LivePoint& live = v_.new_live.before(start_.second);
    const Equals& equals = v_.old_equals.before(start_.first);
    for (unsigned reg = 0; reg < bpf::reg_count; ++reg) {
      before->set_reg_term(reg, starts_.of(facts, equals, static_cast<Holder>(reg)));
    }
    const RegisterNames names = v_.names_at(start_.first);
    for (unsigned reg = 0; reg < bpf::reg_count; ++reg) {
      const bool shared = (live.regs >> reg & 1) != 0 && names[reg] < bpf::reg_count;
      const Id value =
          shared ? before->reg_term(names[reg]) : store_.var(64, fmt::format("new r{}", reg));
      after->set_reg_term(reg, reg == 10 ? world_.frame : value);
    }
    before->memory().share_stack(std::bitset<stack_bytes>().set());
    after->memory().share_stack(live.stack);
    for (std::size_t word = 0; word < stack_words; ++word) {
      const Fact& fact = facts.frame.words[word];
      const bool known = fact.kind != Kind::any && fact.kind != Kind::nothing;
      if (!known && equals.is_alone(holder_of_word(word))) continue;
      const auto low = static_cast<std::int64_t>(word * 8) - static_cast<std::int64_t>(stack_bytes);
      const Id whole = starts_.of(facts, equals, holder_of_word(word));
      for (unsigned i = 0; i < 8; ++i) {
        const Id byte = store_.extract(8 * i, 8, whole);
        before->memory().set_stack(low + i, byte);
        if (live.stack[word * 8 + i]) after->memory().set_stack(low + i, byte);
      }
    }
  }

  // --- going on ---

  bool at_barrier(const SymbolicRun& run, const Facts& facts) const {
    return is_barrier(run.node(), facts.before(run.at()));
  }
  static bool at_exit(const SymbolicRun& run) {
    return bpf::row(run.node().insn.form).meaning == Meaning::exit;
  }

  /// Where ways meet the versions may agree. Work that was moved across is not done in both: then
  /// the walk goes on behind, for each way apart.
  bool stops_here(SymbolicRun before, SymbolicRun after, const Path& path) {
    const Simulated result = *result_;
    const std::size_t pairs = next_.size();
    if (follow_new(before, after, path)) return true;
    next_.resize(pairs);
    if (passed_ < pass_limit && !gave_up_) {
      result_->verdict = result.verdict;
      result_->reason = result.reason;
    }
    return false;
  }

  bool follow_old(SymbolicRun before, SymbolicRun after, Path path) {
    while (true) {
      const bool moved = before.steps() > 0;
      if (moved && v_.meets[before.at()] && reaches(before, after, path)) {
        if (stops_here(before, after, path)) return true;
        if (passed_ == pass_limit || gave_up_) return false;
        ++passed_;
      }
      if (at_exit(before) || at_barrier(before, v_.old_facts)) {
        return follow_new(before, after, path);
      }
      if (before.steps() > step_limit || ways_ > way_limit) {
        return fail(before, after, Verdict::unknown, "too many ways between two places");
      }
      narrow_operands(&before, store_, path);
      const bpf::Next<Symbolic> next = before.step();
      if (!before.problem().empty()) {
        return fail_unless_unreachable(before, after, path, before.problem());
      }
      cut(&before, [&](Id value, std::uint32_t slot) { return cuts_.cut_old(value, slot); });
      const Successors to = successors(v_.old_code, before.at());
      if (next.flow != bpf::Flow::branch) {
        before.go_to(next.flow == bpf::Flow::jump ? to.taken : to.next);
        continue;
      }
      const Id taken = next.taken.raw();
      auto known = decided(taken, path);
      if (!known) known = foreseen(before, taken, path);
      if (known) {
        before.go_to(*known ? to.taken : to.next);
        continue;
      }
      ++ways_;
      SymbolicRun other = before;
      other.go_to(to.taken);
      Path other_path = path;
      other_path.push_back(taken);
      if (!follow_old(std::move(other), after, std::move(other_path))) return false;
      path.push_back(store_.not_(taken));
      before.go_to(to.next);
    }
  }

  /// What the insn computed is replaced by what `stand_in` has for it.
  template <typename StandIn>
  static void cut(SymbolicRun* run, const StandIn& stand_in) {
    const Node& node = run->node();
    if (bpf::row(node.insn.form).meaning != Meaning::alu) return;
    const auto reg = static_cast<unsigned>(node.insn.dst);
    run->set_reg_term(reg, stand_in(run->reg_term(reg), node.old_slot));
  }

  /// A loop that came back to where the walk began must have come back in both versions.
  bool stands_at(const SymbolicRun& before, const SymbolicRun& after) const {
    const bool came_back = before.at() == start_.first && before.steps() > 0;
    return after.at() == v_.place_of(before.at()) && !(came_back && after.steps() == 0);
  }

  /// Does the new version get to the old one's place before an exit or a barrier?
  bool reaches(const SymbolicRun& before, SymbolicRun after, const Path& path) {
    while (!stands_at(before, after)) {
      if (at_exit(after) || at_barrier(after, v_.new_facts)) return false;
      if (!advance(&after, path)) return false;
    }
    return true;
  }

  /// One step of the new version, the way that the path condition says.
  bool advance(SymbolicRun* after, const Path& path) {
    if (after->steps() > step_limit) return false;
    narrow_operands(after, store_, path);
    const bpf::Next<Symbolic> next = after->step();
    if (!after->problem().empty()) return false;
    cut(after, [&](Id value, std::uint32_t slot) {
      return cuts_.cut_new(value, slot, starts_.assumed());
    });
    const Successors to = successors(v_.new_code, after->at());
    if (next.flow != bpf::Flow::branch) {
      after->go_to(next.flow == bpf::Flow::jump ? to.taken : to.next);
      return true;
    }
    const auto known = settled(next.taken.raw(), path);
    if (!known) return false;
    after->go_to(*known ? to.taken : to.next);
    return true;
  }

  /// The old version stands at a place where it can stop: takes the new one there and compares.
  bool follow_new(SymbolicRun& before, SymbolicRun& after, const Path& path) {
    const bool exits = at_exit(before);
    const bool bars = !exits && at_barrier(before, v_.old_facts);
    while (true) {
      if (exits && at_exit(after)) return compare(before, after, path, {{0, 0}});
      if (bars && at_barrier(after, v_.new_facts)) break;
      if (!exits && !bars && stands_at(before, after)) {
        next_.push_back({before.at(), after.at()});
        const auto registers = live_pairs(before.at(), after.at());
        if (!registers)
          return fail_unless_unreachable(before, after, path, "a register is not known");
        return compare(before, after, path, *registers);
      }
      if (at_exit(after) || at_barrier(after, v_.new_facts)) {
        return fail_unless_unreachable(before, after, path, "the versions do not do the same here");
      }
      if (!advance(&after, path)) {
        return fail_unless_unreachable(before, after, path,
                                       after.problem().empty()
                                           ? "a branch of the new version is not decided"
                                           : after.problem());
      }
    }
    const auto barrier = same_barrier(v_.old_code, before.at(), v_.new_code, after.at());
    if (!barrier) {
      return fail_unless_unreachable(before, after, path, "another barrier comes first");
    }
    const Successors old_to = successors(v_.old_code, before.at());
    const Successors new_to = successors(v_.new_code, after.at());
    auto registers = barrier->read;
    for (const Pair& to : {Pair{old_to.next, new_to.next}, Pair{old_to.taken, new_to.taken}}) {
      if (to.first == no_node) continue;
      if (!survive(*barrier, to, &registers))
        return fail_unless_unreachable(before, after, path, "a register is lost here");
      next_.push_back(to);
    }
    return compare(before, after, path, registers);
  }

  // --- what must agree ---

  using Registers = std::vector<SharedBarrier::Pair>;

  /// What the new version may still read there, and what it has to be equal to.
  std::optional<Registers> live_pairs(std::uint32_t old_node, std::uint32_t new_node) const {
    const RegisterNames names = v_.names_at(old_node);
    const LivePoint& live = v_.new_live.before(new_node);
    Registers result;
    for (unsigned reg = 0; reg < 10; ++reg) {
      if ((live.regs >> reg & 1) == 0) continue;
      if (names[reg] >= bpf::reg_count) return std::nullopt;
      result.push_back({names[reg], reg});
    }
    return result;
  }

  /// Adds the registers that must be equal before a barrier so that they are behind it, at `to`.
  bool survive(const SharedBarrier& barrier, Pair to, Registers* registers) const {
    const auto wanted = live_pairs(to.first, to.second);
    if (!wanted) return false;
    for (const SharedBarrier::Pair pair : *wanted) {
      const bool old_written = (barrier.old_written >> pair.before & 1) != 0;
      const bool new_written = (barrier.new_written >> pair.after & 1) != 0;
      const bool is_result =
          std::ranges::any_of(barrier.results, [&](const SharedBarrier::Pair& result) {
            return result.before == pair.before && result.after == pair.after;
          });
      if ((old_written || new_written) && !is_result) return false;
      if (!old_written && !new_written) registers->push_back(pair);
    }
    return true;
  }

  bool compare(const SymbolicRun& before, const SymbolicRun& after, const Path& path,
               const Registers& registers) {
    ++result_->pairs;
    // What a loader cannot patch may not be executed, so the new version needs the old one's word.
    for (const std::uint32_t slot : after.patched()) {
      if (std::ranges::find(before.patched(), slot) == before.patched().end())
        return fail_unless_unreachable(before, after, path, "a patched insn is executed elsewhere");
    }
    std::vector<Id> show;
    std::vector<std::string> labels;
    const auto same = [&](Id a, Id b, const auto& label) {
      ++result_->obligations;
      if (a == b) return;
      const Id equal = store_.eq(a, b);
      if (store_.is_true(equal)) return;
      show.push_back(equal);
      labels.push_back(label());
    };
    for (const auto [old_reg, new_reg] : registers) {
      same(before.reg_term(old_reg), after.reg_term(new_reg),
           [&] { return fmt::format("r{}", new_reg); });
    }
    const LivePoint& live = v_.new_live.before(after.at());
    for (std::size_t i = 0; i < stack_bytes; ++i) {
      if (!live.stack[i]) continue;
      const auto offset = static_cast<std::int64_t>(i) - static_cast<std::int64_t>(stack_bytes);
      if (before.memory().is_shared_still(offset) && after.memory().is_shared_still(offset)) {
        ++result_->obligations;
        continue;
      }
      same(before.memory().stack(offset), after.memory().stack(offset),
           [&] { return offset_name(offset); });
    }
    for (std::size_t area = 0; area < area_count; ++area) {
      if (!same_segments(before.memory(), after.memory(), static_cast<Area>(area), same)) {
        return fail_unless_unreachable(before, after, path, "memory is written in another order");
      }
    }
    const auto& old_ctx = before.memory().ctx_stores();
    const auto& new_ctx = after.memory().ctx_stores();
    if (old_ctx.size() != new_ctx.size()) {
      return fail_unless_unreachable(before, after, path, "ctx is written another number of times");
    }
    for (std::size_t i = 0; i < old_ctx.size(); ++i) {
      if (old_ctx[i].offset != new_ctx[i].offset || old_ctx[i].bytes != new_ctx[i].bytes) {
        return fail_unless_unreachable(before, after, path, "other bytes of ctx are written");
      }
      same(old_ctx[i].value, new_ctx[i].value,
           [&] { return fmt::format("ctx[{}]", old_ctx[i].offset); });
    }
    return prove(before, after, path, show, labels);
  }

  template <typename Same>
  bool same_segments(const Memory& before, const Memory& after, Area area, const Same& same) {
    const auto& a = before.segments(area);
    const auto& b = after.segments(area);
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (a[i].base != b[i].base) return false;
      std::set<std::int64_t> offsets;
      for (const auto& [offset, byte] : a[i].bytes) offsets.insert(offset);
      for (const auto& [offset, byte] : b[i].bytes) offsets.insert(offset);
      for (const std::int64_t offset : offsets) {
        same(before.byte_of(area, i, offset), after.byte_of(area, i, offset),
             [&] { return fmt::format("memory byte {:+}", offset); });
      }
    }
    return true;
  }

  bool prove(const SymbolicRun& before, const SymbolicRun& after, const Path& path,
             const std::vector<Id>& show, const std::vector<std::string>& labels) {
    if (show.empty()) return true;
    ++result_->solved;
    std::vector<Id> query = path;
    query.push_back(store_.not_(store_.conjunction(show)));
    const solver::Answer answer = solve(std::move(query));
    if (answer.status == solver::Status::unsat) return true;
    if (answer.status == solver::Status::unknown) {
      gave_up_ = true;
      return fail(before, after, Verdict::unknown, labels[0] + ": " + answer.reason);
    }
    term::Evaluator value(store_, answer.model);
    for (std::size_t i = 0; i < show.size(); ++i) {
      if (value(show[i]) == 0) {
        return fail(before, after, Verdict::different, labels[i] + " may differ");
      }
    }
    return fail(before, after, Verdict::different, labels[0] + " may differ");
  }

  // --- conditions ---

  /// By the path condition as it stands, without a solver.
  std::optional<bool> decided(Id condition, const Path& path) {
    if (store_.is_true(condition)) return true;
    if (store_.is_false(condition)) return false;
    const Id negation = store_.not_(condition);
    for (const Id part : path) {
      if (part == condition) return true;
      if (part == negation) return false;
    }
    return std::nullopt;
  }

  /// Of a branch that goes one way by the facts: these give the hint only, the path condition must
  /// say so.
  std::optional<bool> foreseen(const SymbolicRun& before, Id taken, Path path) {
    const PointFacts& facts = v_.old_facts.before(before.at());
    const auto ordered = v_.old_orders.decided(v_.old_code, before.at(), v_.old_equals);
    for (const bool way : {false, true}) {
      const bool open = ordered.value_or(way) == way;
      if (open && along(v_.old_code, before.at(), facts, way)) continue;
      ++result_->solved;
      path.push_back(way ? taken : store_.not_(taken));
      return contradiction(path) ? std::optional(!way) : std::nullopt;
    }
    return std::nullopt;
  }

  std::optional<bool> settled(Id condition, const Path& path) {
    if (const auto known = decided(condition, path)) return known;
    ++result_->solved;
    Path with = path;
    with.push_back(store_.not_(condition));
    if (contradiction(with)) return true;
    with.back() = condition;
    if (contradiction(with)) return false;
    return std::nullopt;
  }

  bool contradiction(const Path& path) { return solve(path).status == solver::Status::unsat; }

  /// What cut variables stand for is told only when it is needed.
  solver::Answer solve(std::vector<Id> query) {
    starts_.add_what_is_known(&query);
    const std::vector<Id> definitions = cuts_.definitions(query);
    const solver::Answer answer = solver::solve(store_, query, options_);
    if (answer.status == solver::Status::unsat || definitions.empty()) return answer;
    query.insert(query.end(), definitions.begin(), definitions.end());
    return solver::solve(store_, query, options_);
  }

  const Versions& v_;
  const solver::Options& options_;
  Simulated* result_;
  term::Store store_;
  Pointers pointers_;
  SymbolicWorld world_;
  StartTerms starts_;
  CutPoints cuts_;
  Pair start_;
  std::vector<Pair> next_;
  bool gave_up_ = false;  ///< the solver did: what comes later is no easier
  std::uint32_t ways_ = 0;
  std::uint32_t passed_ = 0;  ///< places where ways meet and the versions did not agree
};

}  // namespace

Known Known::of(const Code& code, const program::View& program) {
  Known known;
  known.facts = Facts::of(code, program);
  known.equals = EqualValues::of(code, known.facts);
  known.orders = KnownOrders::of(code, known.facts, known.equals);
  return known;
}

Simulated simulate(const Code& before, const Code& after, const program::View& program,
                   const solver::Options& options) {
  return simulate(before, Known::of(before, program), after, program, options);
}

Simulated simulate(const Code& before, const Known& known, const Code& after,
                   const program::View& program, const solver::Options& options) {
  Simulated result;
  const Versions versions(before, known, after, program);
  std::deque<Pair> work;
  std::set<Pair> seen;
  const auto add = [&](Pair pair) {
    if (seen.insert(pair).second) work.push_back(pair);
  };
  for (std::size_t i = 0; i + 1 < before.subprog_starts().size(); ++i) {
    add({before.subprog_starts()[i], after.subprog_starts()[i]});
  }
  while (!work.empty()) {
    const Pair pair = work.front();
    work.pop_front();
    const auto next = Walk(versions, pair, options, &result).run();
    if (!next) return result;
    for (const Pair& each : *next) add(each);
  }
  result.verdict = Verdict::proved;
  return result;
}

}  // namespace probity::opt
