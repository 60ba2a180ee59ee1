// SPDX-License-Identifier: Apache-2.0
// Costs of the solver layer: one small query from nothing (a window of six instructions against a
// wrong or equal twin), and one check of a Session while a packet filter with a rule table is
// explored depth first.
#include <benchmark/benchmark.h>

#include <random>
#include <string>

#include "solver/solver.hpp"

namespace {

using namespace probity;
using term::Id;
using term::Store;

const solver::Options builtin{solver::Limits{}, solver::External::none};

/// Six random instructions on three registers, then the same with the last two exchanged.
Id window_query(Store& store, std::mt19937_64& random) {
  constexpr Op ops[] = {Op::add, Op::sub, Op::and_, Op::or_, Op::xor_, Op::mul, Op::lshr, Op::shl};
  struct Insn {
    Op op;
    std::size_t dst, src;
    bool immediate;
    std::uint64_t value;
  };
  std::vector<Insn> code;
  for (int i = 0; i < 6; ++i) {
    const Op op = ops[random() % 8];
    const bool shift = op == Op::lshr || op == Op::shl,
               immediate = shift || op == Op::mul || random() % 2 == 0;
    code.push_back(
        {op, random() % 3, random() % 3, immediate, shift ? random() % 64 : random() % 1000});
  }
  const auto run = [&](const std::vector<Insn>& insns) {
    Id regs[] = {store.var(64, "r0"), store.var(64, "r1"), store.var(64, "r2")};
    for (const Insn& insn : insns) {
      const Id src = insn.immediate ? store.lit(64, insn.value) : regs[insn.src];
      regs[insn.dst] = store.bin(insn.op, regs[insn.dst], src);
    }
    return store.concat(regs[0], regs[1]);
  };
  std::vector<Insn> twin = code;
  std::swap(twin[4], twin[5]);
  return store.not_(store.eq(run(code), run(twin)));
}

void small_query(benchmark::State& state) {
  std::mt19937_64 random(1);
  std::size_t unknown = 0, unsat = 0;
  for (auto _ : state) {
    Store store;
    const Id goal = window_query(store, random);
    const solver::Answer answer = solver::solve(store, std::span(&goal, 1), builtin);
    unknown += answer.status == solver::Status::unknown;
    unsat += answer.status == solver::Status::unsat;
    benchmark::DoNotOptimize(answer);
  }
  state.counters["unknown"] = double(unknown);
  state.counters["unsat"] = benchmark::Counter(double(unsat), benchmark::Counter::kAvgIterations);
}
BENCHMARK(small_query)->Unit(benchmark::kMicrosecond);

/// The same, but what rewriting and guessing cannot answer: only a SAT solver can.
void small_query_by_sat(benchmark::State& state) {
  std::uint64_t i = 0;
  for (auto _ : state) {
    Store store;
    const Id x = store.var(64, "x"), y = store.var(64, "y");
    // The smaller and the larger of two numbers are those two numbers.
    const Id less = store.bin(Op::ult, store.bin(Op::add, x, store.lit(64, ++i)), y);
    const Id both = store.bin(Op::xor_, store.ite(less, x, y), store.ite(less, y, x));
    const Id goal = store.not_(store.eq(both, store.bin(Op::xor_, x, y)));
    benchmark::DoNotOptimize(solver::solve(store, std::span(&goal, 1), builtin));
  }
}
BENCHMARK(small_query_by_sat)->Unit(benchmark::kMicrosecond);

/// A filter: header checks, then rules of masked address, port range and protocol, then a map
/// look-up whose value decides. Every feasible path is walked.
class Filter {
 public:
  Filter(Store& store, unsigned rules) : store_(store), session_(store, builtin), rules_(rules) {
    const unsigned widths[] = {32};
    lookup_ = store.function("lookup", widths, 64);
  }

  std::uint64_t explore() {
    std::vector<Id> path;
    header(path);
    return session_.checks();
  }
  std::uint64_t paths() const { return paths_; }

 private:
  Id byte(unsigned i) { return store_.var(8, "p" + std::to_string(i)); }
  Id word(unsigned i, unsigned bytes) {
    Id value = byte(i);
    for (unsigned k = 1; k < bytes; ++k) value = store_.concat(value, byte(i + k));
    return value;
  }
  template <typename T>
  void fork(std::vector<Id>& path, Id condition, const T& then) {
    for (const bool side : {true, false}) {
      path.push_back(side ? condition : store_.not_(condition));
      if (session_.check(path).status == solver::Status::sat) then(side);
      path.pop_back();
    }
  }
  void header(std::vector<Id>& path) {
    fork(path, store_.eq(word(12, 2), store_.lit(16, 0x0800)), [&](bool ip) {
      if (!ip) return void(++paths_);
      const Id length =
          store_.bin(Op::shl, store_.zext(16, store_.extract(0, 4, byte(14))), store_.lit(16, 2));
      fork(path, store_.bin(Op::ult, length, store_.lit(16, 20)), [&](bool bad) {
        if (bad) return void(++paths_);
        rule(path, 0);
      });
    });
  }
  void rule(std::vector<Id>& path, unsigned i) {
    if (i == rules_) return look_up(path);
    const Id source = store_.and_(word(26, 4), store_.lit(32, 0xffffff00));
    fork(path, store_.eq(source, store_.lit(32, 0x0a000000 + (i / 3 << 8))), [&](bool match) {
      if (!match) return rule(path, i + 1);
      const Id port = word(36, 2);
      fork(path, store_.bin(Op::ult, port, store_.lit(16, 1000 + 50 * i)), [&](bool low) {
        if (low) return void(++paths_);
        rule(path, i + 1);
      });
    });
  }
  void look_up(std::vector<Id>& path) {
    const Id key = store_.bin(Op::xor_, word(26, 4), word(30, 4));
    const Id value = store_.apply(lookup_, std::span(&key, 1));
    fork(path, store_.eq(value, store_.lit(64, 0)), [&](bool missing) {
      if (missing) return void(++paths_);
      const Id count = store_.bin(Op::add, value, store_.zext(64, word(16, 2)));
      fork(path, store_.bin(Op::ult, store_.lit(64, 1'000'000), count), [&](bool) { ++paths_; });
    });
  }

  Store& store_;
  solver::Session session_;
  unsigned rules_;
  term::Function lookup_;
  std::uint64_t paths_ = 0;
};

void session_check(benchmark::State& state) {
  std::uint64_t checks = 0, paths = 0;
  for (auto _ : state) {
    Store store;
    Filter filter(store, unsigned(state.range(0)));
    checks += filter.explore();
    paths += filter.paths();
  }
  state.counters["checks"] = benchmark::Counter(double(checks), benchmark::Counter::kAvgIterations);
  state.counters["paths"] = benchmark::Counter(double(paths), benchmark::Counter::kAvgIterations);
  state.counters["s_per_check"] =
      benchmark::Counter(double(checks), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(session_check)->Arg(10)->Arg(30)->Arg(60)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
