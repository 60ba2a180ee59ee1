// SPDX-License-Identifier: Apache-2.0
// CaDiCaL's side: a Terminator is the guard on CPU time, a Learner counts conflicts (the library
// has no accessor for them).
#include "solver/sat.hpp"

#include <algorithm>
#include <cadical.hpp>
#include <limits>
#include <mutex>

#include "base/check.hpp"

namespace probity::solver {
namespace {

class TimeGuard final : public CaDiCaL::Terminator {
 public:
  void start(const Deadline& deadline) {
    patience_ = Patience(&deadline);
    fired_ = false;
  }
  void stop() { patience_ = Patience(); }
  bool terminate() override {
    fired_ = patience_.ended();
    return fired_;
  }
  bool fired() const { return fired_; }

 private:
  Patience patience_;
  bool fired_ = false;
};

/// Is told of every learnt clause, i.e. once per conflict, and wants none of them.
class ConflictCounter final : public CaDiCaL::Learner {
 public:
  bool learning(int) override {
    ++count_;
    return false;
  }
  void learn(int) override {}
  std::uint64_t count() const { return count_; }

 private:
  std::uint64_t count_ = 0;
};

/// The library fills a table of its options anew whenever a solver is made, and reads it whenever
/// an option is set: one thread at a time.
std::mutex& making() {
  static std::mutex mutex;
  return mutex;
}

}  // namespace

struct Sat::Data {
  TimeGuard guard;  // the two callbacks outlive the solver that calls them
  ConflictCounter counter;
  CaDiCaL::Solver solver;
  int variables = 0;
};

Sat::Sat(Profile profile) {
  const std::lock_guard lock(making());
  data_ = std::make_unique<Data>();
  CaDiCaL::Solver& solver = data_->solver;
  solver.set("quiet", 1);
  if (profile == Profile::incremental) {
    // Per-call work over all clauses would dominate thousands of small checks.
    for (const char* option : {"lucky", "walk", "elim", "probe", "compact", "condition"}) {
      solver.set(option, 0);
    }
  }
  solver.connect_terminator(&data_->guard);
  solver.connect_learner(&data_->counter);
}

Sat::~Sat() {
  data_->solver.disconnect_terminator();
  data_->solver.disconnect_learner();
}

void Sat::add_clause(std::span<const Lit> clause) {
  for (const Lit literal : clause) {
    PROBITY_ASSERT(literal != 0);
    data_->variables = std::max(data_->variables, std::abs(literal));
    data_->solver.add(literal);
  }
  data_->solver.add(0);
}

void Sat::assume(Lit literal) {
  data_->variables = std::max(data_->variables, std::abs(literal));
  data_->solver.assume(literal);
}

SatResult Sat::solve(std::uint64_t conflict_limit, const Deadline& deadline) {
  constexpr std::uint64_t most = std::numeric_limits<int>::max();
  data_->solver.limit("conflicts", int(std::min(conflict_limit, most)));
  data_->guard.start(deadline);
  const int status = data_->solver.solve();
  data_->guard.stop();
  switch (status) {
    case 10: return SatResult::sat;
    case 20: return SatResult::unsat;
    default: return data_->guard.fired() ? SatResult::time_limit : SatResult::conflict_limit;
  }
}

bool Sat::failed(Lit assumption) const {
  return data_->solver.failed(assumption);
}

bool Sat::value(Lit literal) const {
  if (std::abs(literal) > data_->variables) return literal < 0;
  return data_->solver.val(literal) > 0;
}

Number Sat::value(BitsView bits) const {
  Number number = 0;
  for (std::size_t i = 0; i < bits.size(); ++i) number |= Number(value(bits[i])) << i;
  return number;
}

std::uint64_t Sat::conflicts() const {
  return data_->counter.count();
}

std::string Sat::version() {
  return std::string("cadical ") + CaDiCaL::Solver::version();
}

}  // namespace probity::solver
