// SPDX-License-Identifier: Apache-2.0
// See inlining_proof.hpp. Places are worked off from the entries of the subprograms that are left.
// A place is a node of the old version and, in the callee, the call that it was entered by; what
// the old version's registers are then called in the new one goes with the call.
#include "opt/inlining_proof.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <set>

#include "opt/frame_depth.hpp"
#include "opt/live.hpp"
#include "opt/lockstep.hpp"
#include "program/register_use.hpp"

namespace probity::opt {
namespace {

using bpf::Flow;
using bpf::Form;
using bpf::Meaning;
using bpf::Reg;
using term::Id;

constexpr std::size_t no_call = ~std::size_t{0};
constexpr unsigned first_saved = 6;
constexpr unsigned frame_pointer = 10;
constexpr std::int32_t word_bytes = 8;
/// Insns of the new version between two places: a jump for an exit, r10 brought down, registers
/// kept in the frame.
constexpr unsigned most_between = 6;

struct Place {
  std::uint32_t node = 0;  ///< of the old version
  std::size_t call = no_call;
  friend auto operator<=>(const Place&, const Place&) = default;
};

/// Helpers that end the program, or show who called whom.
bool sees_frames(const bpf::Insn& insn) {
  constexpr std::array<std::int32_t, 5> helpers = {12, 27, 67, 141, 173};
  return insn.form == Form::call_helper && std::ranges::find(helpers, insn.imm) != helpers.end();
}

/// Both versions and what is known of them.
struct Both {
  const Code& before;
  const Facts& facts;
  const Inlined& inlined;
  Facts new_facts;
  Live new_live;

  Both(const Code& code, const Facts& known, const Inlined& made, const program::View& program)
      : before(code),
        facts(known),
        inlined(made),
        new_facts(Facts::of(made.code, program)),
        new_live(Live::of(made.code, new_facts, program)) {}

  std::uint32_t first() const { return before.subprog_starts()[inlined.callee]; }
  /// Where the new version is then.
  std::uint32_t node_of(Place place) const {
    if (place.call == no_call) return inlined.place[place.node];
    return inlined.calls[place.call].body[place.node - first()];
  }
  std::size_t call_at(std::uint32_t node) const {
    for (std::size_t i = 0; i < inlined.calls.size(); ++i)
      if (inlined.calls[i].call == node) return i;
    return no_call;
  }
};

/// Does the callee, or code that it calls or hands over, ask who called whom? Without its frame the
/// answer would be another one.
bool shows_frames(const Code& code, std::uint32_t subprog, std::set<std::uint32_t>* seen) {
  if (!seen->insert(subprog).second) return false;
  const std::uint32_t first = code.subprog_starts()[subprog];
  const std::uint32_t end = code.subprog_starts()[subprog + 1];
  return std::ranges::any_of(code.nodes().subspan(first, end - first), [&](const Node& node) {
    if (sees_frames(node.insn)) return true;
    const bool names = node.insn.form == Form::call_local || node.insn.form == Form::lddw_func;
    return names && shows_frames(code, code.subprog_of(node.target), seen);
  });
}

// --- the frames ---

/// What has to hold for the callee's frame to lie in the caller's.
class Frames {
 public:
  explicit Frames(const Both& both) : both_(both) {}

  std::string objection() {
    const auto depth =
        frame_depth(both_.before, both_.facts, both_.inlined.callee, both_.inlined.callee);
    if (!depth) return "it is not known which part of its frame the callee needs";
    for (const InlinedCall& call : both_.inlined.calls) {
      std::string found = objection_to(call, *depth);
      if (!found.empty()) return found;
    }
    return {};
  }

 private:
  std::string objection_to(const InlinedCall& call, std::int32_t depth) const {
    if (depth == 0 && call.saved.empty()) return {};
    const auto above = frame_depth(both_.before, both_.facts, both_.before.subprog_of(call.call),
                                   both_.inlined.callee);
    if (!above || call.frame < *above) return "the caller may reach the callee's frame";
    std::int32_t lowest = call.frame + depth;
    for (const InlinedCall::Saved& saved : call.saved) {
      lowest += word_bytes;
      if (saved.off != -lowest) return "a register is kept where something else may be";
    }
    if (lowest > static_cast<std::int32_t>(stack_bytes))
      return "the callee's frame does not lie in the caller's";
    const Code& code = both_.inlined.code;
    for (const std::uint32_t node : {call.body.front(), both_.inlined.place[call.call + 1]}) {
      if (node >= code.size()) return "a call at the end";
      const StackSet& live = both_.new_live.before(node).stack;
      // What is kept is read when the callee is left.
      const std::size_t first = node == call.body.front() ? stack_bytes - (call.frame + depth) : 0;
      for (std::size_t i = first; i < stack_bytes - static_cast<std::size_t>(call.frame); ++i)
        if (live[i]) return "what is below the caller's frame may be read";
    }
    return objection_to_accesses(call);
  }

  /// The callee may get at the caller's frame by its arguments: what it reaches must be known then.
  std::string objection_to_accesses(const InlinedCall& call) const {
    bool gets_some = false;
    for (unsigned reg = 1; reg <= 5; ++reg)
      gets_some = gets_some || may_reach_stack(both_.facts.before(call.call).regs[reg].kind);
    if (!gets_some) return {};
    for (std::size_t i = 0; i < call.body.size(); ++i) {
      const auto old_node = both_.first() + static_cast<std::uint32_t>(i);
      if (!both_.facts.reached(old_node)) continue;
      const Node& node = both_.before[old_node];
      if (const auto base = base_register(node.insn);
          base && !stays_above(call, i, *base, node.insn.off))
        return "the callee may reach below what the caller needs of its frame";
      if (bpf::row(node.insn.form).meaning == Meaning::load_imm64 && node.target != no_node)
        return "the callee may hand the caller's frame to code that is called back";
      if (bpf::row(node.insn.form).meaning == Meaning::call && !args_stay_above(call, i))
        return "the callee may hand on what is below the caller's part of the frame";
    }
    return {};
  }

  bool stays_above(const InlinedCall& call, std::size_t i, Reg base, std::int64_t off) const {
    const auto old_node = both_.first() + static_cast<std::uint32_t>(i);
    if (base == Reg::r10 || both_.facts.reg(old_node, base).kind == Kind::stack) return true;
    const unsigned renamed = call.registers[static_cast<std::size_t>(base)];
    if (renamed >= bpf::reg_count) return false;
    const Fact& fact = both_.new_facts.before(call.body[i]).regs[renamed];
    if (fact.kind == Kind::stack) return fact.offset && *fact.offset + off >= -call.frame;
    return !may_reach_stack(fact.kind);
  }

  bool args_stay_above(const InlinedCall& call, std::size_t i) const {
    const auto old_node = both_.first() + static_cast<std::uint32_t>(i);
    const bpf::Insn& insn = both_.before[old_node].insn;
    const std::uint16_t read = program::register_use(insn).read;
    for (unsigned reg = 1; reg <= 5; ++reg) {
      const Fact& fact = both_.facts.before(old_node).regs[reg];
      if ((read >> reg & 1) == 0 || !may_reach_stack(fact.kind) || fact.kind == Kind::stack)
        continue;
      // A subprogram may go downwards from what it is given.
      if (insn.form == Form::call_local) return false;
      if (!stays_above(call, i, static_cast<Reg>(reg), 0)) return false;
    }
    return true;
  }

  const Both& both_;
};

// --- one insn after the other ---

/// One insn of the old version, and what the new one does for it.
class Walk {
 public:
  Walk(const Both& both, Place start, InliningProof* proof)
      : both_(both), start_(start), proof_(proof), old_(store_), new_(store_) {}

  /// The places that follow; nothing when something is not proved.
  std::optional<std::vector<Place>> run() {
    ++proof_->places;
    enter();
    if (step()) return std::move(next_);
    if (proof_->objection.empty()) proof_->objection = "the versions do not do the same";
    proof_->objection += fmt::format(" (insn {})", both_.before[start_.node].old_slot);
    return std::nullopt;
  }

 private:
  const Node& old_insn() const { return both_.before[start_.node]; }
  const Code& code() const { return both_.inlined.code; }

  bool fail(std::string why) {
    if (proof_->objection.empty()) proof_->objection = std::move(why);
    return false;
  }

  Id var(std::string_view name, unsigned reg) {
    return store_.var(64, fmt::format("{}{}", name, reg));
  }

  /// What a register of the new version has to hold at a place; nothing when that has no name.
  std::optional<Id> wanted(unsigned reg, std::size_t call) const {
    if (call == no_call) return old_.reg_term(reg);
    const RegisterNames& names = both_.inlined.calls[call].registers;
    for (unsigned callees = 0; callees < frame_pointer; ++callees)
      if (names[callees] == reg) return old_.reg_term(callees);
    if (reg >= first_saved) return saved_[reg - first_saved];
    return std::nullopt;
  }

  /// May the new version read the register there, and has the old one a value for it?
  bool counts(unsigned reg, Place place) const {
    const LivePoint& live = both_.new_live.before(both_.node_of(place));
    if ((live.regs >> reg & 1) == 0) return false;
    unsigned old_reg = reg;
    if (place.call != no_call) {
      const RegisterNames& names = both_.inlined.calls[place.call].registers;
      const auto found = std::find(names.begin(), names.begin() + frame_pointer, reg);
      if (found == names.begin() + frame_pointer) return true;
      old_reg = static_cast<unsigned>(found - names.begin());
    }
    return both_.facts.before(place.node).regs[old_reg].kind != Kind::nothing;
  }

  void enter() {
    const Id frame = store_.var(64, "r10");
    for (unsigned reg = 0; reg < frame_pointer; ++reg) old_.set_reg_term(reg, var("r", reg));
    for (unsigned i = 0; i < saved_.size(); ++i) saved_[i] = var("saved r", first_saved + i);
    Id old_frame = frame;
    if (start_.call != no_call) {
      const auto down = static_cast<std::uint64_t>(both_.inlined.calls[start_.call].frame);
      old_frame = store_.bin(Op::sub, frame, store_.lit(64, down));
    }
    old_.set_reg_term(frame_pointer, old_frame);
    for (unsigned reg = 0; reg < frame_pointer; ++reg) {
      const std::optional<Id> value = counts(reg, start_) ? wanted(reg, start_.call) : std::nullopt;
      new_.set_reg_term(reg, value.value_or(var("new r", reg)));
    }
    new_.set_reg_term(frame_pointer, frame);
    at_ = both_.node_of(start_);
  }

  bool step() {
    const Node& node = old_insn();
    const Meaning meaning = bpf::row(node.insn.form).meaning;
    const std::size_t call = start_.call == no_call ? both_.call_at(start_.node) : no_call;
    if (call != no_call) return enter_callee(call);
    if (start_.call != no_call) {
      const bool leaves =
          sees_frames(node.insn) || meaning == Meaning::may_goto || meaning == Meaning::load_packet;
      if (leaves) return fail("an insn that depends on the frame it runs in");
      if (meaning == Meaning::exit) return leave_callee();
    }
    return step_both();
  }

  bool enter_callee(std::size_t call) {
    for (unsigned i = 0; i < saved_.size(); ++i) {
      saved_[i] = old_.reg_term(first_saved + i);
      old_.set_reg_term(first_saved + i, var("undefined r", first_saved + i));
    }
    old_.set_reg_term(0, var("undefined r", 0));
    return arrive({both_.first(), call});
  }

  bool leave_callee() {
    const std::uint32_t behind = both_.inlined.calls[start_.call].call + 1;
    for (unsigned i = 0; i < saved_.size(); ++i) old_.set_reg_term(first_saved + i, saved_[i]);
    for (unsigned reg = 1; reg <= 5; ++reg) old_.set_reg_term(reg, var("undefined r", reg));
    return arrive({behind, no_call});
  }

  bool step_both() {
    const Node& old_node = old_insn();
    const Node& new_node = code()[at_];
    if (old_node.patched || new_node.patched) {
      const bool same = code().source_of(new_node) == both_.before.source_of(old_node);
      if (!same || old_node.patched != new_node.patched) return fail("another patched insn");
    }
    const auto was = old_.step(both_.before, start_.node, start_.node);
    const auto is = new_.step(code(), at_, start_.node);
    if (was.flow != is.flow || old_.effects() != new_.effects()) return false;
    proof_->obligations += 1 + old_.effects().size();
    switch (was.flow) {
      case Flow::next: return go(start_.node + 1, at_ + 1);
      case Flow::jump: return go(old_node.target, new_node.target);
      case Flow::branch:
        return was.taken.raw() == is.taken.raw() && go(start_.node + 1, at_ + 1) &&
               go(old_node.target, new_node.target);
      case Flow::exit_unless:
        return was.taken.raw() == is.taken.raw() && go(start_.node + 1, at_ + 1);
      case Flow::call_helper:
      case Flow::call_kfunc:
      case Flow::call_reg:
        if (was.target.raw() != is.target.raw() || old_node.insn != new_node.insn) return false;
        return call_both();
      case Flow::call_local:
        if (both_.before.linked_subprog(both_.before.subprog_of(old_node.target)) !=
            code().linked_subprog(code().subprog_of(new_node.target)))
          return false;
        return call_both();
      case Flow::exit: return start_.call == no_call && same_result();
    }
    return false;
  }

  /// A subprogram may leave nothing in r0.
  bool same_result() const {
    return old_.reg_term(0) == new_.reg_term(0) ||
           both_.facts.before(start_.node).regs[0].kind == Kind::nothing;
  }

  bool call_both() {
    const std::uint16_t read = program::register_use(old_insn().insn).read;
    for (unsigned reg = 0; reg < frame_pointer; ++reg) {
      const bool has = both_.facts.before(start_.node).regs[reg].kind != Kind::nothing;
      if ((read >> reg & 1) != 0 && has && old_.reg_term(reg) != new_.reg_term(reg))
        return fail("a call gets another argument");
    }
    for (unsigned reg = 0; reg <= 5; ++reg) {
      const Id result = var("left by the call in r", reg);
      old_.set_reg_term(reg, result);
      new_.set_reg_term(reg, reg == 0 ? result : var("lost r", reg));
    }
    return go(start_.node + 1, at_ + 1);
  }

  bool go(std::uint32_t old_node, std::uint32_t new_node) {
    const std::uint32_t here = at_;
    at_ = new_node;
    const bool arrived = arrive({old_node, start_.call});
    at_ = here;
    return arrived;
  }

  /// The old version is at `place`: the new one goes there, and what it has is compared.
  bool arrive(Place place) {
    if (place.node >= both_.before.size()) return fail("control leaves the code");
    const std::uint32_t target = both_.node_of(place);
    if (target >= code().size()) return fail("a place that is not there");
    const Lockstep as_it_is = new_;
    const std::uint32_t here = at_;
    for (unsigned steps = 0; at_ != target; ++steps) {
      if (steps == most_between || at_ >= code().size())
        return fail("the places do not correspond");
      if (keeps(place) || restores(place)) {
        ++at_;
        continue;
      }
      const Node& node = code()[at_];
      const auto next = new_.step(code(), at_, start_.node);
      const bool silent = new_.effects() == as_it_is.effects() && !node.patched;
      if (!silent || (next.flow != Flow::next && next.flow != Flow::jump))
        return fail("the new version does more");
      at_ = next.flow == Flow::jump ? node.target : at_ + 1;
    }
    if (kept_ != (enters(place) ? both_.inlined.calls[place.call].saved.size() : 0))
      return fail("a register is not kept");
    kept_ = 0;
    for (unsigned reg = 0; reg < frame_pointer; ++reg) {
      if (!counts(reg, place)) continue;
      ++proof_->obligations;
      const std::optional<Id> value = wanted(reg, place.call);
      if (!value || *value != new_.reg_term(reg)) return fail(fmt::format("r{} may differ", reg));
    }
    new_ = as_it_is;
    at_ = here;
    next_.push_back(place);
    return true;
  }

  // --- registers that the new version keeps in its frame while it is in the callee ---

  bool enters(Place place) const { return start_.call == no_call && place.call != no_call; }
  bool leaves(Place place) const { return start_.call != no_call && place.call == no_call; }

  /// Is the new version at the store of the next register that the call it enters has to keep?
  bool keeps(Place place) {
    if (!enters(place)) return false;
    const auto& saved = both_.inlined.calls[place.call].saved;
    if (kept_ == saved.size()) return false;
    const auto [reg, off] = saved[kept_];
    const bpf::Insn store{
        .form = Form::stxdw, .dst = Reg::r10, .src = static_cast<Reg>(reg), .off = off};
    if (code()[at_].insn != store || new_.reg_term(reg) != saved_[reg - first_saved]) return false;
    ++kept_;
    return true;
  }

  /// Is it at a load of one, of the call that it leaves? Nothing wrote there since (Frames).
  bool restores(Place place) {
    if (!leaves(place)) return false;
    for (const auto [reg, off] : both_.inlined.calls[start_.call].saved) {
      const bpf::Insn load{
          .form = Form::ldxdw, .dst = static_cast<Reg>(reg), .src = Reg::r10, .off = off};
      if (code()[at_].insn != load) continue;
      new_.set_reg_term(reg, saved_[reg - first_saved]);
      return true;
    }
    return false;
  }

  const Both& both_;
  Place start_;
  InliningProof* proof_;
  term::Store store_;
  Lockstep old_;
  Lockstep new_;
  std::array<Id, frame_pointer - first_saved> saved_{};  // the caller's r6 to r9
  std::uint32_t at_ = 0;                                 // of the new version
  std::size_t kept_ = 0;                                 // of the registers to keep
  std::vector<Place> next_;
};

/// Each subprogram that is left, and no other, is where the old one's was.
std::string entries_objection(const Both& both, std::deque<Place>* work) {
  const auto old_starts = both.before.subprog_starts();
  const Code& code = both.inlined.code;
  std::uint32_t next = 0;
  for (std::uint32_t i = 0; i + 1 < old_starts.size(); ++i) {
    if (i == both.inlined.callee) continue;
    const bool same = next + 1 < code.subprog_starts().size() &&
                      code.linked_subprog(next) == both.before.linked_subprog(i) &&
                      code.subprog_starts()[next] == both.inlined.place[old_starts[i]];
    if (!same) return "a subprogram is elsewhere";
    work->push_back({old_starts[i], no_call});
    ++next;
  }
  return next + 1 == code.subprog_starts().size() ? std::string() : "more subprograms than before";
}

}  // namespace

InliningProof prove_inlining(const Code& before, const Facts& facts, const Inlined& inlined,
                             const program::View& program) {
  InliningProof proof;
  const Both both(before, facts, inlined, program);
  std::set<std::uint32_t> looked_at;
  if (shows_frames(before, inlined.callee, &looked_at)) {
    proof.objection = "the callee ends the program, or shows who called whom";
    return proof;
  }
  proof.objection = Frames(both).objection();
  std::deque<Place> work;
  if (proof.objection.empty()) proof.objection = entries_objection(both, &work);
  std::set<Place> seen(work.begin(), work.end());
  while (proof.objection.empty() && !work.empty()) {
    const Place place = work.front();
    work.pop_front();
    if (!facts.reached(place.node)) continue;
    const auto next = Walk(both, place, &proof).run();
    if (!next) break;
    for (const Place& each : *next)
      if (seen.insert(each).second) work.push_back(each);
  }
  return proof;
}

}  // namespace probity::opt
