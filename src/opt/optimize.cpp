// SPDX-License-Identifier: Apache-2.0
// See optimize.hpp. A change that was undone once is not tried again where it was: rule, place and
// new text are its name.
#include "opt/optimize.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <set>
#include <span>

#include "opt/code_text.hpp"

namespace probity::opt {
namespace {

class Optimizer {
 public:
  Optimizer(const Code& code, const program::View& program, const Options& options)
      : options_(options), program_(program), outcome_{code, {}, {}, {code}, 0, 0, 0} {}

  Outcome run() {
    for (unsigned pass = 0; pass < options_.max_passes; ++pass) {
      bool changed = false;
      for (const Generator& generator : options_.generators) {
        if (options_.is_over()) return std::move(outcome_);
        changed = try_generator(generator) || changed;
      }
      if (!changed) break;
    }
    return std::move(outcome_);
  }

 private:
  bool try_generator(const Generator& generator) {
    if (!known_) {
      known_ = Known::of(outcome_.code, program_);
      live_ = Live::of(outcome_.code, known_->facts, program_);
    }
    std::vector<Change> changes =
        generator.propose({outcome_.code, known_->facts, live_, program_}, options_.aim);
    std::erase_if(changes, [&](const Change& change) {
      return is_frozen(change) || refused_.contains(name_of(change));
    });
    std::ranges::sort(changes, {}, [](const Change& c) { return c.splices.front().first; });
    drop_overlapping(&changes);
    bool changed = false;
    while (!changes.empty() && !options_.is_over()) {
      const std::size_t taken = try_some(changes);
      changed = changed || taken > 0;
      if (taken > 0) break;  // what is left counts in old nodes: it is proposed again
    }
    return changed;
  }

  bool is_frozen(const Change& change) const {
    return std::ranges::any_of(change.splices, [&](const Splice& splice) {
      const std::uint32_t subprog =
          outcome_.code.linked_subprog(outcome_.code.subprog_of(splice.first));
      return std::ranges::find(options_.frozen, subprog) != options_.frozen.end();
    });
  }

  /// Why a version may not stay; empty when it may.
  std::string objection_to(const Code& next) {
    const Simulated simulated = simulate(outcome_.code, *known_, next, program_, options_.solver);
    outcome_.obligations += simulated.obligations;
    outcome_.solved += simulated.solved;
    if (simulated.verdict != Simulated::Verdict::proved) {
      return simulated.reason.empty() ? "not proved" : simulated.reason;
    }
    if (!next.slots()) return "a jump no longer fits";
    return options_.objection ? options_.objection(next) : std::string();
  }

  /// Splices of different changes may not interleave on the same nodes.
  static void drop_overlapping(std::vector<Change>* changes) {
    std::set<std::uint32_t> used;
    std::erase_if(*changes, [&](const Change& change) {
      for (const Splice& splice : change.splices) {
        for (std::uint32_t i = 0; i <= splice.count; ++i) {
          const bool in = i < splice.count || splice.count == 0;
          if (in && used.contains(splice.first + i)) return true;
        }
      }
      for (const Splice& splice : change.splices) {
        for (std::uint32_t i = 0; i < std::max(splice.count, 1u); ++i)
          used.insert(splice.first + i);
      }
      return false;
    });
  }

  /// Takes the longest prefix, by halving, that is proved; drops a single one that is not.
  std::size_t try_some(std::vector<Change>& changes) {
    std::size_t count = changes.size();
    while (true) {
      const std::span<const Change> some(changes.data(), count);
      const Code next = outcome_.code.with(joined(some));
      const std::string objection = objection_to(next);
      if (objection.empty()) {
        ++outcome_.proofs;
        for (const Change& change : some) note(change);
        outcome_.code = next;
        known_.reset();
        outcome_.versions.push_back(next);
        return count;
      }
      if (count == 1) {
        refuse(changes.front(), objection);
        changes.erase(changes.begin());
        return 0;
      }
      count = (count + 1) / 2;
    }
  }

  static Change joined(std::span<const Change> changes) {
    Change all;
    for (const Change& change : changes) {
      all.splices.insert(all.splices.end(), change.splices.begin(), change.splices.end());
      if (all.names.empty()) all.names = change.names;
      for (std::size_t node = 0; node < change.names.size(); ++node) {
        if (change.names[node] != own_names) all.names[node] = change.names[node];
      }
    }
    std::ranges::sort(all.splices, {}, &Splice::first);
    return all;
  }

  std::uint32_t old_slot_of(const Change& change) const {
    const std::uint32_t first = change.splices.front().first;
    for (std::uint32_t at = first; at < outcome_.code.size(); ++at) {
      if (outcome_.code[at].origin != object::Origin::inserted) return outcome_.code[at].old_slot;
    }
    return outcome_.code.old_slot_count();
  }

  std::string was(const Change& change) const {
    std::vector<Node> nodes;
    for (const Splice& splice : change.splices) {
      const auto old = outcome_.code.nodes().subspan(splice.first, splice.count);
      nodes.insert(nodes.end(), old.begin(), old.end());
    }
    return kernel_text(nodes);
  }
  static std::string is(const Change& change) {
    std::vector<Node> nodes;
    for (const Splice& splice : change.splices) {
      nodes.insert(nodes.end(), splice.with.begin(), splice.with.end());
    }
    return kernel_text(nodes);
  }
  std::string name_of(const Change& change) const {
    return fmt::format("{}@{}: {} -> {}", change.rule, old_slot_of(change), was(change),
                       is(change));
  }

  void note(const Change& change) {
    outcome_.applied.push_back({change.rule, old_slot_of(change), was(change), is(change)});
  }
  void refuse(const Change& change, const std::string& why) {
    outcome_.undone.push_back({change.rule, old_slot_of(change), why});
    refused_.insert(name_of(change));
  }

  const Options& options_;
  const program::View& program_;
  Outcome outcome_;
  std::optional<Known> known_;  ///< of the code as it is
  Live live_;
  std::set<std::string> refused_;
};

}  // namespace

Outcome optimize(const Code& code, const program::View& program, const Options& options) {
  return Optimizer(code, program, options).run();
}

}  // namespace probity::opt
