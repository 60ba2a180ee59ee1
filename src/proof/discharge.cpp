// SPDX-License-Identifier: Apache-2.0
// The scheduler: workers take the next obligation by an atomic counter, each with a store of its
// own; results go to fixed places, so their order does not depend on timing. One obligation is
// settled conclusion by conclusion (conclusion.hpp).
#include <algorithm>
#include <array>
#include <charconv>
#include <mutex>
#include <set>
#include <thread>

#include "base/side_by_side.hpp"
#include "proof/cache.hpp"
#include "proof/conclusion.hpp"
#include "proof/proof.hpp"
#include "solver/query.hpp"
#include "solver/stopwatch.hpp"
#include "term/symbolic.hpp"

namespace probity::proof {
namespace {

using solver::Status;
using term::Id;

/// After so many conclusions without an answer, the others of an obligation are left.
constexpr std::size_t max_unknown_conclusions = 2;

/// A counterexample in one line: what it is against, then `name=0x…`.
std::string described(const Refuted& refuted) {
  std::string text = refuted.conclusion.empty() ? "" : "; against: " + refuted.conclusion;
  for (const auto& [name, value] : refuted.variables) {
    std::array<char, 16> digits{};
    const auto end =
        std::to_chars(digits.begin(), digits.end(), static_cast<std::uint64_t>(value), 16).ptr;
    text += "; " + name + "=0x" + std::string(digits.begin(), end);
  }
  return text;
}

/// One obligation on its way to a result.
class Discharge {
 public:
  Discharge(const Obligation& obligation, const Setting& setting)
      : obligation_(obligation), setting_(setting) {
    result_.name = obligation.name;
    result_.provenance = obligation.provenance;
  }

  Result run() {
    const solver::CpuClock clock;
    if (!remembered()) state_and_prove();
    result_.cpu_seconds = clock.seconds();
    return std::move(result_);
  }

 private:
  bool uses_names() const {
    const Options& options = setting_.options;
    return options.cache != nullptr && !options.identity.empty() &&
           options.cross_check == CrossCheck::no;
  }
  Hash128 key() const {
    return obligation_key(obligation_.name, setting_.options.identity, setting_.context);
  }

  bool remembered() {
    if (!uses_names()) return false;
    const std::optional<ProofRecord> record = setting_.options.cache->find_proof(key());
    if (!record) return false;
    result_.effort.conclusions = result_.effort.remembered = record->conclusions;
    result_.verdict = Proved{record->engine, {}};
    result_.from_cache = true;
    return true;
  }

  void state_and_prove() {
    const term::StoreScope scope(store_);
    const Query query = obligation_.build(store_);
    result_.effort.conclusions = query.show.size();
    result_.verdict = Proved{"rewrite", {}};
    const std::vector<Id> assume = solver::conjuncts(store_, query.assume);
    if (std::ranges::any_of(assume, [&](Id part) { return store_.is_false(part); })) {
      result_.effort.by_rewriting = query.show.size();
    } else {
      conclude(query, assume);
    }
    if (setting_.options.cross_check == CrossCheck::yes && engines_.empty()) {
      result_.cross_checked = "rewriting left nothing to ask";
    }
    if (uses_names() && is_proved(result_)) {
      setting_.options.cache->remember_proof(
          key(), {std::get<Proved>(result_.verdict).engine, query.show.size()});
    }
  }

  void conclude(const Query& query, std::span<const Id> assume) {
    Effort& effort = result_.effort;
    Conclusions conclusions(store_, assume, setting_);
    for (std::size_t i = 0; i < query.show.size(); ++i) {
      if (store_.is_true(query.show[i])) {
        ++effort.by_rewriting;
        continue;
      }
      if (refuted_ || unknown_ >= max_unknown_conclusions) {
        ++effort.left;
        continue;
      }
      const std::span<const Id> given =
          i < query.given.size() ? std::span<const Id>(query.given[i]) : std::span<const Id>();
      const Conclusions::Reply reply = conclusions.refute(query.show[i], given);
      ++(reply.shared              ? effort.shared
         : reply.settled.from_disk ? effort.remembered
                                   : effort.solved);
      take(reply, i < query.labels.size() ? query.labels[i] : std::string());
    }
    result_.stats = conclusions.stats();
    result_.from_cache = effort.remembered > 0 && effort.solved == 0;
    if (!engines_.empty() && is_proved(result_)) {
      result_.verdict = Proved{joined(engines_), {}};
    }
    result_.cross_checked = joined(checkers_);
  }

  void take(const Conclusions::Reply& reply, const std::string& label) {
    const Settled& settled = reply.settled;
    result_.our_bug |= settled.our_bug;
    engines_.insert(settled.engine);
    if (!settled.cross_checked.empty()) checkers_.insert(settled.cross_checked);
    switch (settled.status) {
      case Status::unsat: return;
      case Status::sat: return refute(reply, label);
      case Status::unknown:
        if (unknown_++ == 0) {
          result_.verdict = Unknown{label.empty() ? settled.reason : label + ": " + settled.reason};
        }
        return;
    }
  }

  void refute(const Conclusions::Reply& reply, const std::string& label) {
    refuted_ = true;
    Refuted refuted;
    refuted.conclusion = label;
    refuted.engine = reply.settled.engine;
    for (const auto& [variable, value] : reply.model.variables()) {
      refuted.variables.emplace_back(store_.name(variable), value);
    }
    if (obligation_.replay) {
      ReplayResult replay = obligation_.replay(store_, reply.model);
      if (replay.reproduced == Reproduced::no) {
        result_.our_bug = true;
        result_.verdict = Unknown{"counterexample does not replay (our bug): " + replay.text +
                                  described(refuted)};
        return;
      }
      refuted.replay = std::move(replay.text);
    }
    result_.verdict = std::move(refuted);
  }

  static std::string joined(const std::set<std::string>& words) {
    std::string text;
    for (const std::string& each : words) text += (text.empty() ? "" : ", ") + each;
    return text;
  }

  const Obligation& obligation_;
  const Setting& setting_;
  term::Store store_;
  Result result_;
  std::set<std::string> engines_;
  std::set<std::string> checkers_;
  std::size_t unknown_ = 0;
  bool refuted_ = false;
};

/// Names that more than one obligation bears.
std::set<std::string_view> ambiguous_names(std::span<const Obligation> obligations) {
  std::set<std::string_view> seen, ambiguous;
  for (const Obligation& obligation : obligations) {
    if (!seen.insert(obligation.name).second) ambiguous.insert(obligation.name);
  }
  return ambiguous;
}

Result ambiguous(const Obligation& obligation) {
  Result result;
  result.name = obligation.name;
  result.provenance = obligation.provenance;
  result.verdict = Unknown{"another obligation has the same name (our bug)"};
  result.our_bug = true;
  return result;
}

}  // namespace

std::vector<Result> discharge(std::span<const Obligation> obligations, const Options& options) {
  const std::string context =
      options.cache != nullptr ? cache_context(options.solver) : std::string();
  const std::set<std::string_view> twice = ambiguous_names(obligations);
  Memo memo;
  const Setting setting{options, context, memo};
  std::vector<Result> results(obligations.size());
  std::size_t done = 0;  // guarded by `progress`
  std::mutex progress;
  const auto work = [&](std::size_t i) {
    results[i] = twice.contains(obligations[i].name) ? ambiguous(obligations[i])
                                                     : Discharge(obligations[i], setting).run();
    const std::lock_guard lock(progress);
    ++done;
    if (options.on_progress) options.on_progress(done, obligations.size(), results[i]);
  };
  const std::size_t wanted =
      options.workers != 0 ? options.workers : std::max(1U, std::thread::hardware_concurrency());
  side_by_side(wanted, obligations.size(), work);
  if (options.cache != nullptr) options.cache->flush();
  return results;
}

}  // namespace probity::proof
