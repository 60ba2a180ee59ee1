// SPDX-License-Identifier: Apache-2.0
// Answers before the solver, all together and each alone, on random paths over a few small
// variables and a function, against every assignment. A "no" that is wrong would drop a path
// silently, so deliberate faults in the facts must be found here.
#include <algorithm>
#include <array>
#include <bitset>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "symex/path_solver.hpp"

namespace probity::symex {
namespace {

constexpr unsigned width = 2;
constexpr unsigned values = 1u << width;
constexpr unsigned variables = 3;
constexpr unsigned cases = 1u << (width * (variables + 2));

/// Random conditions over three variables of two bits and a function of one bit.
class World {
 public:
  explicit World(std::uint32_t seed) : random_(seed) {
    const std::array<unsigned, 1> index{1};
    function_ = context_.store.function("f", index, width);
    for (unsigned i = 0; i < variables; ++i) {
      variables_.push_back(context_.store.var(width, std::string("x") + char('0' + i)));
    }
    leaves_ = variables_;
    for (const unsigned at : {0u, 1u}) leaves_.push_back(applied(context_.store.lit(1, at)));
    leaves_.push_back(applied(context_.store.extract(0, 1, variables_[2])));
  }

  Context& context() { return context_; }
  unsigned below(unsigned limit) { return random_() % limit; }

  term::Id condition() {
    term::Store& store = context_.store;
    const term::Id a = word(below(3));
    const term::Id b = below(2) == 0 ? store.lit(width, below(values)) : word(below(2));
    term::Id result = below(3) == 0 ? store.eq(a, b) : store.bin(Op::ult, a, b);
    if (below(3) == 0) result = store.not_(result);
    if (below(4) == 0)
      result = store.and_(result, store.eq(word(1), store.lit(width, below(values))));
    if (below(6) == 0)
      result = store.or_(result, store.eq(word(1), store.lit(width, below(values))));
    return result;
  }

  /// Is there an assignment of all leaves under which every one of `conditions` holds?
  bool satisfiable(std::span<const term::Id> conditions) {
    std::bitset<cases> left;
    left.set();
    for (const term::Id condition : conditions) left &= that_satisfy(condition);
    return left.any();
  }

 private:
  term::Id applied(term::Id argument) {
    const std::array<term::Id, 1> arguments{argument};
    return context_.store.apply(function_, arguments);
  }

  term::Id word(unsigned depth) {
    term::Store& store = context_.store;
    if (depth == 0) return leaves_[below(static_cast<unsigned>(leaves_.size()))];
    const term::Id a = word(depth - 1);
    const term::Id b = below(2) == 0 ? store.lit(width, below(values)) : word(depth - 1);
    switch (below(9)) {
      case 0: return store.bin(Op::add, a, b);
      case 1: return store.bin(Op::and_, a, b);
      case 2: return store.bin(Op::xor_, a, b);
      case 3: return store.bin(Op::mul, a, b);
      case 4: return store.bin(Op::urem, a, b);
      case 5: return store.bin(Op::lshr, a, store.lit(width, below(3)));
      case 6: return store.ite(store.bin(Op::ult, a, store.lit(width, below(values))), b, a);
      case 7: return store.zext(width, store.extract(below(2), 1, a));
      default: return a;
    }
  }

  const std::bitset<cases>& that_satisfy(term::Id condition) {
    const auto [place, is_new] = satisfying_.try_emplace(condition);
    for (unsigned number = 0; is_new && number < cases; ++number) {
      place->second[number] = holds(number, condition);
    }
    return place->second;
  }

  bool holds(unsigned number, term::Id condition) {
    term::Model model;
    const auto digit = [&](unsigned i) { return number >> (i * width) & (values - 1); };
    for (unsigned i = 0; i < variables; ++i) model.set(variables_[i], digit(i));
    for (unsigned at = 0; at < 2; ++at) {
      const std::array<term::Value, 1> argument{at};
      model.set_apply(function_, argument, digit(variables + at));
    }
    const term::ModelAssignment leaves(model);
    return term::SparseEvaluator(context_.store, leaves)(condition) == 1;
  }

  std::mt19937 random_;
  Context context_;
  term::Function function_;
  std::vector<term::Id> variables_;
  std::vector<term::Id> leaves_;
  std::map<term::Id, std::bitset<cases>> satisfying_;
};

struct Tally {
  QuestionCounts counts;
  int wrong = 0;
  int no = 0;
};

/// One exploration: paths grow, fork and are left for earlier ones. Counts wrong answers.
void explore(World& world, const Shortcuts& shortcuts, Tally& tally) {
  solver::Options options;
  options.external = solver::External::none;
  Context& context = world.context();
  PathSolver solver(context, context.store.var(16, "packet.length"), options, shortcuts);
  PathState root;
  root.valuation = std::make_shared<Valuation>(context.store, term::Model());
  std::vector<PathState> open{root};
  constexpr int steps = 24;
  for (int step = 0; step < steps; ++step) {
    PathState state = open[world.below(static_cast<unsigned>(open.size()))];
    const term::Id next = world.condition();
    std::vector<term::Id> all = state.condition;
    all.push_back(next);
    const Possibility shown = solver.possible(state, next);
    if ((shown.answer == Answer::yes) != world.satisfiable(all)) ++tally.wrong;
    if (shown.answer == Answer::no) ++tally.no;
    if (shown.answer != Answer::yes) continue;
    const auto holds = [&](term::Id a) { return shown.valuation->holds(a); };
    if (!std::ranges::all_of(all, holds)) ++tally.wrong;
    solver.assume(state, next, shown);
    open.push_back(state);
  }
  const QuestionCounts& counts = solver.counts();
  tally.counts.facts += counts.facts;
  tally.counts.contradiction += counts.contradiction;
  tally.counts.model += counts.model;
  tally.counts.repair += counts.repair;
  tally.counts.solver += counts.solver;
}

Tally explore_all(const Shortcuts& shortcuts, std::uint32_t worlds) {
  Tally tally;
  for (std::uint32_t seed = 0; seed < worlds; ++seed) {
    World world(seed);
    explore(world, shortcuts, tally);
  }
  return tally;
}

constexpr std::uint32_t worlds = 25;

TEST(Shortcuts, AllTogetherAgreeWithEnumeration) {
  const Tally tally = explore_all({}, worlds);
  EXPECT_EQ(tally.wrong, 0);
  EXPECT_GT(tally.no, 100);
  EXPECT_GT(tally.counts.facts, 20u);
  EXPECT_GT(tally.counts.model, 5u);
  EXPECT_GT(tally.counts.repair, 20u);
  EXPECT_GT(tally.counts.solver, 5u);
}

TEST(Shortcuts, EachAloneAgreesWithEnumeration) {
  const Shortcuts none{false, false, false, false};
  EXPECT_EQ(explore_all(none, worlds).wrong, 0);
  Shortcuts one = none;
  one.facts = true;
  EXPECT_EQ(explore_all(one, worlds).wrong, 0);
  one = none;
  one.slices = true;
  EXPECT_EQ(explore_all(one, worlds).wrong, 0);
  one = none;
  one.memory = true;
  EXPECT_EQ(explore_all(one, worlds).wrong, 0);
  one = none;
  one.repair = true;
  EXPECT_EQ(explore_all(one, worlds).wrong, 0);
}

TEST(Shortcuts, FaultsAreFound) {
  for (const FactsMutation mutation :
       {FactsMutation::keeps_facts, FactsMutation::narrow_slice, FactsMutation::forgets_anywhere,
        FactsMutation::tight_bound}) {
    Shortcuts shortcuts;
    shortcuts.mutation = mutation;
    EXPECT_GT(explore_all(shortcuts, worlds).wrong, 0) << static_cast<int>(mutation);
  }
}

TEST(Shortcuts, ContradictionsAreRemembered) {
  Context context;
  term::Store& store = context.store;
  solver::Options options;
  options.external = solver::External::none;
  Shortcuts shortcuts{false, true, true, false};
  PathSolver solver(context, store.var(16, "packet.length"), options, shortcuts);
  const term::Id x = store.var(8, "x");
  const term::Id y = store.var(8, "y");
  PathState state;
  term::Model model;
  model.set(x, 3);
  state.valuation = std::make_shared<Valuation>(store, std::move(model));
  state.condition = {store.eq(store.bin(Op::mul, x, y), store.lit(8, 0)),
                     store.eq(x, store.lit(8, 3))};
  const term::Id odd = store.eq(store.extract(0, 1, y), store.lit(1, 1));
  EXPECT_EQ(solver.possible(state, odd).answer, Answer::no);
  EXPECT_EQ(solver.checks(), 1u);
  state.condition.push_back(store.bin(Op::ult, y, store.lit(8, 200)));
  EXPECT_EQ(solver.possible(state, odd).answer, Answer::no);
  EXPECT_EQ(solver.checks(), 1u);
  EXPECT_EQ(solver.counts().contradiction, 1u);
  state.condition.erase(state.condition.begin());
  EXPECT_EQ(solver.possible(state, odd).answer, Answer::yes);
}

}  // namespace
}  // namespace probity::symex
