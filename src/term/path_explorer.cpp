// SPDX-License-Identifier: Apache-2.0
// Depth-first re-execution: a run replays the decisions of its prefix, then decides for itself and
// leaves the other side of every fork as a prefix for later. Hash-consing makes the replayed
// conditions the same terms again.
#include "term/path_explorer.hpp"

#include <optional>
#include <vector>

#include "base/check.hpp"
#include "term/symbolic.hpp"

namespace probity::term {
namespace {

/// Thrown out of a body that forks more often than allowed; nothing else can leave a loop over
/// decide().
struct DecisionLimitReached {};

class Explorer {
 public:
  Explorer(Store& store, const Feasible& feasible, PathLimits limits)
      : store_(store), feasible_(feasible), limits_(limits) {}

  void start(std::vector<bool> prefix) {
    decisions_ = std::move(prefix);
    position_ = 0;
    condition_.clear();
  }
  std::span<const Id> condition() const { return condition_; }
  std::vector<std::vector<bool>>& queue() { return queue_; }

  bool decide(Id condition) {
    PROBITY_CHECK(store_.width(condition) == 1);
    if (const auto value = store_.literal(condition)) return *value != 0;
    const Id negated = store_.not_(condition);
    for (const Id known : condition_) {
      if (known == condition) return true;
      if (known == negated) return false;
    }
    if (position_ == decisions_.size()) decisions_.push_back(choose(condition, negated));
    const bool taken = decisions_[position_++];
    condition_.push_back(taken ? condition : negated);
    return taken;
  }

 private:
  /// The side a new decision takes; queues the other one when both are possible.
  bool choose(Id condition, Id negated) {
    if (position_ >= limits_.decisions) throw DecisionLimitReached{};
    if (!possible(condition)) return false;
    if (!possible(negated)) return true;
    std::vector<bool> other = decisions_;
    other.push_back(false);
    queue_.push_back(std::move(other));
    return true;
  }

  bool possible(Id condition) {
    if (!feasible_) return true;
    condition_.push_back(condition);
    const bool answer = feasible_(condition_);
    condition_.pop_back();
    return answer;
  }

  Store& store_;
  const Feasible& feasible_;
  PathLimits limits_;
  std::vector<bool> decisions_;
  std::size_t position_ = 0;
  std::vector<Id> condition_;
  std::vector<std::vector<bool>> queue_;
};

thread_local Explorer* current = nullptr;

class ExplorerScope {
 public:
  explicit ExplorerScope(Explorer& explorer) : previous_(current) { current = &explorer; }
  ~ExplorerScope() { current = previous_; }
  ExplorerScope(const ExplorerScope&) = delete;
  ExplorerScope& operator=(const ExplorerScope&) = delete;

 private:
  Explorer* previous_;
};

/// False when the decision limit stopped the run.
bool run_once(Explorer& explorer, const std::function<void()>& body) {
  const ExplorerScope scope(explorer);
  try {
    body();
  } catch (const DecisionLimitReached&) {
    return false;
  }
  return true;
}

}  // namespace

bool SymbolicPath::decide(Word condition) {
  if (current == nullptr) {
    const auto value = current_store().literal(condition);
    PROBITY_CHECK(value && "decide() on a symbolic condition outside explore_paths()");
    return *value != 0;
  }
  return current->decide(condition);
}

std::span<const Id> current_path_condition() {
  return current == nullptr ? std::span<const Id>() : current->condition();
}

Exploration explore_paths(const std::function<void()>& body,
                          const std::function<void(std::span<const Id> path_condition)>& on_path,
                          const Feasible& feasible, PathLimits limits) {
  Explorer explorer(current_store(), feasible, limits);
  explorer.queue().push_back({});
  Exploration result = Exploration::complete;
  for (std::size_t runs = 0; !explorer.queue().empty(); ++runs) {
    if (runs == limits.paths) return Exploration::limit_reached;
    std::vector<bool> prefix = std::move(explorer.queue().back());
    explorer.queue().pop_back();
    explorer.start(std::move(prefix));
    if (run_once(explorer, body)) {
      on_path(explorer.condition());
    } else {
      result = Exploration::limit_reached;
    }
  }
  return result;
}

}  // namespace probity::term
