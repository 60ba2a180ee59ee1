// SPDX-License-Identifier: Apache-2.0
// Theorems as obligations: each register assignment is explored path by path; what remains to be
// shown on a path is "path condition and assumptions imply the goal". Assignments that mean the
// same give the same terms, so one obligation asks few questions. A counterexample is replayed by
// the same theorem in Concrete, on the same registers.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <vector>

#include "proof/proof.hpp"
#include "term/path_explorer.hpp"
#include "theorems/jit/replay.hpp"
#include "theorems/jit/stub.hpp"
#include "theorems/jit/variant.hpp"

namespace probity::theorems {

/// Collects "on this path, the goal" terms, each once. A goal that needs no proof stays as a claim
/// that is true, so that a query's labels tell which goals were reached at all.
class Claims {
 public:
  explicit Claims(term::Store& store) : store_(store) {}

  /// `make` builds a theorem, `prepare` may set it up; both run once per path.
  template <typename Theorem>
  void explore(
      const std::function<Theorem()>& make,
      const std::function<void(Theorem&)>& prepare = [](Theorem&) {}) {
    Goals<SymbolicPath> goals;
    std::vector<term::Id> assumptions;
    const auto body = [&] {
      Theorem theorem = make();
      prepare(theorem);
      theorem.check();
      goals = theorem.goals();
      assumptions.clear();
      for (const auto& a : theorem.assumptions()) assumptions.push_back(a.raw());
    };
    const auto on_path = [&](std::span<const term::Id> condition) {
      add(goals, assumptions, condition);
    };
    const term::Exploration done = term::explore_paths(body, on_path, {}, {1u << 14, 1u << 12});
    if (done == term::Exploration::limit_reached) {
      claims_.insert({{}, store_.var(1, "the limit of paths"), "all paths are explored"});
    }
  }

  proof::Query query() const {
    proof::Query query;
    for (const Claim& claim : claims_) {
      query.show.push_back(claim.shown);
      query.given.push_back(claim.given);
      query.labels.emplace_back(claim.label);
    }
    return query;
  }

 private:
  void add(const Goals<SymbolicPath>& goals, std::span<const term::Id> assumptions,
           std::span<const term::Id> condition) {
    std::vector<term::Id> given(assumptions.begin(), assumptions.end());
    given.insert(given.end(), condition.begin(), condition.end());
    std::ranges::sort(given);
    given.erase(std::unique(given.begin(), given.end()), given.end());
    for (const Goal<SymbolicPath>& goal : goals) {
      const term::Id shown = goal.holds.raw();
      if (store_.is_true(shown) || std::ranges::binary_search(given, shown))
        claims_.insert({{}, store_.true_(), goal.what});
      else
        claims_.insert({given, shown, goal.what});
    }
  }

  struct Claim {
    std::vector<term::Id> given;
    term::Id shown;
    std::string_view label;
    auto operator<=>(const Claim&) const = default;
  };

  term::Store& store_;
  std::set<Claim> claims_;
};

/// What a set of features does not change is not executed again: the same bytes, emitted on the
/// same path under an earlier set, for one register assignment. All paths that begin so were
/// explored then; within one set every path is executed, also those that part only after the
/// emission.
class Emitted {
 public:
  /// Whether this set of features is the first with this code.
  bool is_new(std::span<const Bv<SymbolicPath, 8>> code, const FeatureSet& set) {
    std::vector<term::Id> key;
    for (const auto byte : code) key.push_back(byte.raw());
    key.push_back({});
    const std::span<const term::Id> condition = term::current_path_condition();
    key.insert(key.end(), condition.begin(), condition.end());
    return first_.emplace(std::move(key), set.features).first->second == set.features;
  }

 private:
  std::map<std::vector<term::Id>, std::uint32_t> first_;
};

template <typename T>
void explore_features(Case insn, Claims& claims) {
  Oracle<SymbolicPath> oracle;
  Emitted emitted;
  for (const FeatureSet& set : T::feature_sets) {
    insn.options.features = set.features;
    using Theorem = InsnTheorem<SymbolicPath, T>;
    claims.explore<Theorem>([&] { return Theorem(insn, oracle); },
                            [&](Theorem& theorem) {
                              theorem.is_new = [&](auto code) { return emitted.is_new(code, set); };
                            });
  }
}

template <typename T>
proof::Query build_insn(const Case& insn, term::Store& store) {
  Claims claims(store);
  for (const bpf::Reg dst : dst_registers(insn.form)) {
    for (const bpf::Reg src : src_registers(insn.form)) {
      Case at = insn;
      at.dst = dst;
      at.src = src;
      explore_features<T>(at, claims);
    }
  }
  return claims.query();
}

template <typename T>
proof::Query build_stub(Stub stub, const jit::Options& options, term::Store& store) {
  Claims claims(store);
  Oracle<SymbolicPath> oracle;
  claims.explore<StubTheorem<SymbolicPath, T>>(
      [&] { return StubTheorem<SymbolicPath, T>(stub, options, oracle); });
  return claims.query();
}

template <typename T>
proof::Obligation stub_obligation(Stub stub, std::string_view named, const FeatureSet& set) {
  jit::Options options;
  options.features = set.features;
  proof::Obligation result;
  result.name = fmt::format("jit/{}/{}{}{}", T::name, named, set.name.empty() ? "" : "/", set.name);
  result.provenance = "src/theorems/jit/stub.hpp";
  result.build = [=](term::Store& store) { return build_stub<T>(stub, options, store); };
  result.replay = [=](const term::Store& store, const term::Model& model) {
    return replay_stub<T>(stub, options, store, model);
  };
  return result;
}

template <typename T>
proof::Obligation insn_obligation(const Case& insn, std::string name) {
  proof::Obligation result;
  result.name = std::move(name);
  result.provenance = "src/theorems/jit/insn.hpp";
  result.build = [=](term::Store& store) { return build_insn<T>(insn, store); };
  result.replay = [=](const term::Store& store, const term::Model& model) {
    return replay_insn<T>(insn, store, model);
  };
  return result;
}

template <typename T>
std::vector<proof::Obligation> obligations_of() {
  std::vector<proof::Obligation> result;
  for (const FeatureSet& set : T::feature_sets) {
    result.push_back(stub_obligation<T>(Stub::enter, "enter", set));
    result.push_back(stub_obligation<T>(Stub::leave, "leave", set));
    result.push_back(stub_obligation<T>(Stub::assist, "assist", set));
    if (T::template Translator<SymbolicPath>::loop_alignment > 1) {
      result.push_back(stub_obligation<T>(Stub::pad, "pad", set));
    }
  }
  Case end;
  end.end = true;
  result.push_back(insn_obligation<T>(end, fmt::format("jit/{}/end", T::name)));
  for (std::size_t i = 0; i < bpf::form_count; ++i) {
    const auto form = static_cast<bpf::Form>(i);
    for (const Variant& variant : variants(form, T::upper_halves)) {
      result.push_back(insn_obligation<T>(
          variant.insn, fmt::format("jit/{}/{}{}", T::name, bpf::row(form).name, variant.name)));
    }
  }
  return result;
}

}  // namespace probity::theorems
