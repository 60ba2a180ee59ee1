// SPDX-License-Identifier: Apache-2.0
// Candidates a second of the search, on one thread: the evaluator alone (an insn on all 64 test
// vectors), the enumeration of short sequences, and the annealing of longer ones. K2's rate is 10
// to 15 thousand proposals a second of CPU time.
#include <benchmark/benchmark.h>

#include "opt/search/anneal.hpp"

namespace {

using namespace probity;
using namespace probity::opt::search;
using bpf::Form;
using bpf::Reg;

/// Two bytes put together, masked, shifted and masked again: nothing shorter than five insns.
Problem problem() {
  Problem problem;
  problem.insns = {
      {Form::lsh64_imm, Reg::r0, Reg::r0, 0, 8, 0},  {Form::or64_reg, Reg::r0, Reg::r1, 0, 0, 0},
      {Form::mul64_imm, Reg::r0, Reg::r0, 0, 37, 0}, {Form::rsh64_imm, Reg::r0, Reg::r0, 0, 5, 0},
      {Form::xor64_reg, Reg::r0, Reg::r1, 0, 0, 0},  {Form::add64_imm, Reg::r0, Reg::r0, 0, 99, 0}};
  problem.inputs = {Width::bits8, Width::bits64};
  problem.input_is_dead = {true, false};
  problem.output = Reg::r0;
  problem.temporaries = 1;
  return problem;
}

void report(benchmark::State& state, std::uint64_t candidates) {
  state.counters["candidates/s"] =
      benchmark::Counter(static_cast<double>(candidates), benchmark::Counter::kIsRate);
}

void evaluate_insn(benchmark::State& state) {
  const Problem task = problem();
  const Judge judge(task, 1, {});
  Lanes lanes = judge.inputs();
  const bpf::Insn insn = task.insns[static_cast<std::size_t>(state.range(0))];
  for (auto step : state) {
    execute(insn, lanes);
    benchmark::DoNotOptimize(lanes.regs[0]);
  }
  report(state, static_cast<std::uint64_t>(state.iterations()));
}
BENCHMARK(evaluate_insn)->DenseRange(0, 4);

/// The same search over and over, each time without what the last one learnt.
template <typename Search>
void search_again(benchmark::State& state, const Search& search) {
  const Problem task = problem();
  const Alphabet alphabet(task, bpf::Cpu::v3);
  std::uint64_t candidates = 0;
  for (auto step : state) {
    Judge judge(task, 1, {});
    Effort effort;
    benchmark::DoNotOptimize(search(task, alphabet, judge, effort));
    candidates += effort.candidates;
  }
  report(state, candidates);
}

void enumeration(benchmark::State& state) {
  search_again(state,
               [](const Problem& task, const Alphabet& alphabet, Judge& judge, Effort& effort) {
                 effort.max_candidates = 2'000'000;
                 return enumerate(task, alphabet, 3, judge, effort);
               });
}
BENCHMARK(enumeration)->Unit(benchmark::kMillisecond);

void annealing(benchmark::State& state) {
  search_again(state,
               [](const Problem& task, const Alphabet& alphabet, Judge& judge, Effort& effort) {
                 return anneal(task, alphabet, {1, 100'000, 20'000}, judge, effort);
               });
}
BENCHMARK(annealing)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
