// SPDX-License-Identifier: Apache-2.0
// What an exhaustive check costs: the example firewall (128 slots, two maps, 19 paths, nothing
// pinned), and the same with every path solved to a packet. Time is CPU time per whole check,
// object reading included.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>

#include "object/object.hpp"
#include "symex/explorer.hpp"

namespace probity {
namespace {

symex::Exploration check_firewall(bool collect_cases) {
  const auto object = object::read_file(BENCH_FIREWALL);
  const auto program = object ? object::select(*object, "") : std::unexpected(object.error());
  if (!program) {
    std::fprintf(stderr, "%.*s\n", static_cast<int>(program.error().line().size()),
                 program.error().line().data());
    std::exit(1);
  }
  const object::Image image = object::make_image(*object, **program);
  symex::Options options;
  options.collect_cases = collect_cases;
  options.allowed_returns = {1, 2};
  symex::Explorer explorer(image.view(), options);
  auto exploration = explorer.explore();
  if (!exploration || !exploration->findings.empty() || !exploration->unknowns.empty()) {
    std::fprintf(stderr, "the firewall is not proved\n");
    std::exit(1);
  }
  return *std::move(exploration);
}

void check(benchmark::State& state) {
  for (auto _ : state) {
    const symex::Exploration exploration = check_firewall(state.range(0) != 0);
    const symex::Statistics& done = exploration.statistics;
    const auto rate = benchmark::Counter::kIsIterationInvariantRate;
    state.counters["paths"] = static_cast<double>(done.paths);
    state.counters["solver_checks"] = static_cast<double>(done.solver_checks);
    state.counters["paths_per_second"] = {static_cast<double>(done.paths), rate};
    state.counters["insns_per_second"] = {static_cast<double>(done.insns), rate};
  }
}
BENCHMARK(check)->ArgName("solve_paths")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace probity

BENCHMARK_MAIN();
