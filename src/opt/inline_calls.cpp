// SPDX-License-Identifier: Apache-2.0
// See inline_calls.hpp. All calls of a subprogram go, or none: then it goes as well, and the others
// keep their order in the linked program.
#include "opt/inline_calls.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "opt/inlining.hpp"
#include "opt/inlining_proof.hpp"
#include "opt/live.hpp"

namespace probity::opt {
namespace {

using bpf::Form;

/// Of a subprogram that is called more than once.
constexpr std::uint32_t most_insns_in_copies = 64;
constexpr std::uint32_t most_slots_added = 512;

/// The share of a callee's runs that each call makes, by the profile that `weights` is.
Weights carried(const Weights& weights, const Code& before, const Inlined& inlined) {
  const Code& after = inlined.code;
  Weights result(after.old_slot_count(), 0.0);
  const auto weight_of = [&](std::uint32_t node) { return weights[before[node].old_slot]; };
  const auto put = [&](std::uint32_t node, double weight) {
    if (node < after.size()) result[after[node].old_slot] = weight;
  };
  const std::uint32_t first = before.subprog_starts()[inlined.callee];
  const double entered = weight_of(first);
  for (std::uint32_t node = 0; node < before.size(); ++node)
    if (inlined.place[node] != no_node) put(inlined.place[node], weight_of(node));
  for (const InlinedCall& call : inlined.calls) {
    const double share = entered > 0 ? weight_of(call.call) / entered : 0;
    const std::uint32_t behind = inlined.place[call.call + 1];
    double weight = weight_of(call.call);
    std::size_t next = 0;
    for (std::uint32_t node = call.body.front(); node < behind; ++node) {
      while (next < call.body.size() && call.body[next] <= node)
        weight = share * weight_of(first + static_cast<std::uint32_t>(next++));
      put(node, weight);
    }
  }
  return result;
}

class Choice {
 public:
  Choice(const program::View& program, const InlineOptions& options, InlineOutcome* outcome)
      : program_(program), options_(options), outcome_(outcome) {}

  void run() {
    // A callee of a callee goes first, so that what is put in place is short.
    while (try_each()) {
    }
  }

 private:
  const Code& code() const { return outcome_->code; }

  bool try_each() {
    const std::size_t count = code().subprog_starts().size() - 1;
    bool has_candidate = false;
    for (std::uint32_t callee = 1; callee < count; ++callee)
      has_candidate = has_candidate || may_go(callee);
    if (!has_candidate) return false;
    const Facts facts = Facts::of(code(), program_);
    const Live live = Live::of(code(), facts, program_);
    for (auto callee = static_cast<std::uint32_t>(count - 1); callee > 0; --callee)
      if (may_go(callee) && try_one({code(), facts, live, program_}, callee)) return true;
    return false;
  }

  const FunctionTraits& traits(std::uint32_t subprog) const {
    return options_.functions[code().linked_subprog(subprog)];
  }
  bool is_frozen(std::uint32_t subprog) const {
    return std::ranges::find(options_.frozen, code().linked_subprog(subprog)) !=
           options_.frozen.end();
  }
  bool was_refused(std::uint32_t subprog) const {
    return std::ranges::find(refused_, code().linked_subprog(subprog)) != refused_.end();
  }

  bool may_go(std::uint32_t callee) const {
    if (!traits(callee).may_go || is_frozen(callee) || was_refused(callee)) return false;
    const std::uint32_t first = code().subprog_starts()[callee];
    const std::uint32_t end = code().subprog_starts()[callee + 1];
    const auto nodes = code().nodes();
    const bool names_functions =
        std::ranges::any_of(nodes.subspan(first, end - first), [&](const Node& node) {
          return node.insn.form == Form::call_local || node.insn.form == Form::lddw_func;
        });
    unsigned calls = 0;
    for (std::uint32_t at = 0; at < code().size(); ++at) {
      const Node& node = nodes[at];
      const bool names = node.insn.form == Form::call_local || node.insn.form == Form::lddw_func;
      if (!names || node.target != first) continue;
      const std::uint32_t caller = code().subprog_of(at);
      const bool stays_in_section =
          !names_functions || traits(caller).section == traits(callee).section;
      if (node.insn.form == Form::lddw_func || is_frozen(caller) || !stays_in_section) return false;
      ++calls;
    }
    return calls == 1 || (calls > 1 && end - first <= most_insns_in_copies &&
                          (calls - 1) * (end - first) <= most_slots_added);
  }

  bool try_one(const Version& version, std::uint32_t callee) {
    const Expected<Inlined> inlined = inline_subprog(version, callee);
    refused_.push_back(code().linked_subprog(callee));
    if (!inlined) return false;
    if (options_.goal == Goal::size && inlined->code.slot_count() >= code().slot_count())
      return false;
    const InliningProof proof = prove_inlining(code(), version.facts, *inlined, program_);
    std::string objection = proof.objection;
    if (objection.empty()) objection = options_.objection(inlined->code);
    for (const InlinedCall& call : inlined->calls) note(call, objection);
    if (!objection.empty()) return false;
    refused_.pop_back();
    outcome_->places += proof.places;
    outcome_->obligations += proof.obligations;
    outcome_->weights = carried(outcome_->weights, code(), *inlined);
    outcome_->code = inlined->code;
    return true;
  }

  void note(const InlinedCall& call, const std::string& objection) {
    const std::uint32_t slot = code().linked_slot(code()[call.call].old_slot);
    const std::string text = fmt::format(
        "call subprogram {}", code().linked_subprog(code().subprog_of(code()[call.call].target)));
    if (objection.empty()) {
      outcome_->applied.push_back(
          {"inline", slot, text, fmt::format("its {} insns", call.body.size())});
    } else {
      outcome_->undone.push_back({"inline", slot, objection});
    }
  }

  const program::View& program_;
  const InlineOptions& options_;
  InlineOutcome* outcome_;
  std::vector<std::uint32_t> refused_;  // by linked subprogram
};

}  // namespace

InlineOutcome inline_calls(const Code& code, const program::View& program,
                           const InlineOptions& options, const Weights& weights) {
  InlineOutcome outcome{code, {}, {}, 0, 0, weights};
  Choice(program, options, &outcome).run();
  return outcome;
}

}  // namespace probity::opt
