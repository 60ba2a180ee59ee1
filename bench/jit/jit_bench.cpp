// SPDX-License-Identifier: Apache-2.0
// The JIT on nine programs, in one process: run time of unchecked and of memory-checked code as
// ratios to clang -O2 of the same C, and to the kernel's JIT where the kernel accepts the program;
// compile time and bytes per instruction. Each result is compared with the reference before it is
// measured. The last lines are the claims of the README, each beside its limit.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <string>

#include <benchmark/benchmark.h>

#include "base/check.hpp"
#include "jit/guest.hpp"
#include "runtime/kernel_bare.hpp"

namespace probity::bench {
namespace {

constexpr const char* bytecode_of_all = "all";

std::string name_of(const char* what, const Program& program) {
  return std::string(what) + "/" + std::string(program.name);
}

/// A program whose input must be restored before each run says so.
template <typename T>
void measure(benchmark::State& state, const Program& program, Memory& memory, const T& run) {
  const Memory input = make_input();
  memory = input;
  PROBITY_CHECK(run() == program.result);
  const bool writes_input = memory != input;
  for (auto _ : state) {
    if (writes_input) memory = input;
    benchmark::DoNotOptimize(run());
    benchmark::ClobberMemory();
  }
}

void run_native(benchmark::State& state, const Program& program) {
  Memory memory;
  measure(state, program, memory, [&] { return program.native(memory.data(), memory.size()); });
}

void run_jit(benchmark::State& state, const Program& program, const jit::Options& options) {
  Guest guest(program.name, options);
  measure(state, program, guest.memory, [&] { return guest.run(); });
}

/// The kernel measures itself: nanoseconds per run of 20,000.
void run_kernel(benchmark::State& state, const Program& program) {
  const std::vector<bpf::Slot> slots = slots_of(program.name);
  program::View view;
  view.slots = slots;
  auto engine = runtime::load_kernel_bare(view);
  if (!engine) return state.SkipWithError(std::string(engine.error().line()).c_str());
  const Memory input = make_input();
  runtime::RunInput run;
  run.packet.assign(input.begin(), input.end());
  run.raw_memory = true;
  run.repeat = 20'000;
  for (auto _ : state) {
    const auto output = (*engine)->run(run);
    if (!output) return state.SkipWithError(std::string(output.error().line()).c_str());
    PROBITY_CHECK(output->return_value == program.result);
    state.SetIterationTime(output->nanoseconds_per_run / 1e9);
  }
}

/// All nine programs, one behind the other: a large program.
std::vector<bpf::Slot> all_slots() {
  std::vector<bpf::Slot> result;
  for (const Program& program : programs()) {
    const std::vector<bpf::Slot> slots = slots_of(program.name);
    result.insert(result.end(), slots.begin(), slots.end());
  }
  return result;
}

void compile(benchmark::State& state, const std::vector<bpf::Slot>& slots, jit::Memory memory) {
  Compiler compiler(slots, options_of(memory));
  for (auto _ : state) benchmark::DoNotOptimize(compiler.compile());
}

/// Keeps the best time of each benchmark beside printing it.
class Collector : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.error_occurred || run.run_type != Run::RT_Iteration) continue;
      const std::string name = run.run_name.function_name;
      const bool manual = name.starts_with("kernel/");
      const double ns = manual ? run.GetAdjustedRealTime() : run.GetAdjustedCPUTime();
      double& best = nanoseconds_[name];
      best = best == 0 ? ns : std::min(best, ns);
    }
    ConsoleReporter::ReportRuns(runs);
  }
  double of(const std::string& name) const {
    const auto found = nanoseconds_.find(name);
    return found == nanoseconds_.end() ? 0 : found->second;
  }

 private:
  std::map<std::string, double> nanoseconds_;
};

class GeometricMean {
 public:
  void add(double ratio) { log_ += std::log(ratio), ++count_; }
  double value() const { return count_ == 0 ? 0 : std::exp(log_ / count_); }
  int count() const { return count_; }

 private:
  double log_ = 0;
  int count_ = 0;
};

void print_run_times(const Collector& collector) {
  GeometricMean unchecked, checked, kernel, fueled;
  std::printf("\n%-10s %10s %10s %10s %10s %10s\n", "program", "native ns", "unchecked", "checked",
              "+ fuel", "kernel");
  for (const Program& program : programs()) {
    const double native = collector.of(name_of("native", program));
    if (native <= 0) continue;
    const auto ratio = [&](const char* what, GeometricMean& mean) {
      const double ns = collector.of(name_of(what, program));
      if (ns > 0) mean.add(ns / native);
      return ns / native;
    };
    const double u = ratio("unchecked", unchecked);
    const double c = ratio("checked", checked);
    const double f = ratio("fuel", fueled);
    const double k = ratio("kernel", kernel);
    std::printf("%-10s %10.1f %9.2fx %9.2fx %9.2fx ", std::string(program.name).c_str(), native, u,
                c, f);
    if (k > 0)
      std::printf("%9.2fx\n", k);
    else
      std::printf("%10s\n", "refused");
  }
  std::printf("jit geomean unchecked %.2fx native (limit 1.50, goal 1.30)\n", unchecked.value());
  std::printf("jit geomean checked %.2fx native (limit 1.90, goal 1.50)\n", checked.value());
  std::printf("jit geomean checked, with fuel %.2fx native\n", fueled.value());
  if (kernel.count() == 0) return;
  GeometricMean against;
  for (const Program& program : programs()) {
    const double ours = collector.of(name_of("unchecked", program));
    const double theirs = collector.of(name_of("kernel", program));
    if (ours > 0 && theirs > 0) against.add(ours / theirs);
  }
  std::printf("kernel jit on the %d programs it accepts: ours %.2fx its time\n", against.count(),
              against.value());
}

void print_compile_times(const Collector& collector) {
  const std::vector<bpf::Slot> slots = all_slots();
  const double fixed = collector.of("compile/exit");
  for (const jit::Memory memory : {jit::Memory::unchecked, jit::Memory::checked}) {
    const bool checked = memory == jit::Memory::checked;
    const double total =
        collector.of(std::string(checked ? "compile_checked/" : "compile/") + bytecode_of_all);
    if (total <= 0 || fixed <= 0) continue;
    const std::uint32_t bytes = Compiler(slots, options_of(memory)).compile();
    const std::uint32_t stubs = Compiler({bpf::Slot{0x95, 0, 0, 0}}, options_of(memory)).compile();
    const auto insns = static_cast<double>(slots.size());
    std::printf(
        "%s: compile %.1f ns/insn + %.2f us (limit 60 + 2, goal 40 + 1), %.2f bytes/insn%s\n",
        checked ? "checked" : "unchecked", (total - fixed) / insns, fixed / 1000,
        (bytes - stubs) / insns, checked ? "" : " (limit 4.5)");
  }
}

void register_runs() {
  jit::Options with_fuel = options_of(jit::Memory::checked);
  with_fuel.fuel = jit::Fuel::at_back_edges;
  const bool kernel = runtime::kernel_unavailable_reason().empty();
  for (const Program& program : programs()) {
    const auto add = [&](const char* what, auto run) {
      return benchmark::RegisterBenchmark(name_of(what, program).c_str(), run);
    };
    add("native", [&program](benchmark::State& state) { run_native(state, program); });
    add("unchecked", [&program](benchmark::State& state) {
      run_jit(state, program, options_of(jit::Memory::unchecked));
    });
    add("checked", [&program](benchmark::State& state) {
      run_jit(state, program, options_of(jit::Memory::checked));
    });
    add("fuel",
        [&program, with_fuel](benchmark::State& state) { run_jit(state, program, with_fuel); });
    if (kernel) {
      add("kernel", [&program](benchmark::State& state) { run_kernel(state, program); })
          ->UseManualTime()
          ->Iterations(2)
          ->Repetitions(1);
    }
  }
}

void register_compilations() {
  const auto add = [](const std::string& name, const std::vector<bpf::Slot>& slots,
                      jit::Memory memory) {
    benchmark::RegisterBenchmark(
        name.c_str(), [slots, memory](benchmark::State& state) { compile(state, slots, memory); });
  };
  for (const Program& program : programs()) {
    add(name_of("compile", program), slots_of(program.name), jit::Memory::unchecked);
  }
  add("compile/exit", {bpf::Slot{0x95, 0, 0, 0}}, jit::Memory::unchecked);
  add(std::string("compile/") + bytecode_of_all, all_slots(), jit::Memory::unchecked);
  add(std::string("compile_checked/") + bytecode_of_all, all_slots(), jit::Memory::checked);
}

}  // namespace
}  // namespace probity::bench

int main(int argc, char** argv) {
  using namespace probity::bench;
  register_runs();
  register_compilations();
  benchmark::Initialize(&argc, argv);
  Collector collector;
  benchmark::RunSpecifiedBenchmarks(&collector);
  print_run_times(collector);
  print_compile_times(collector);
  return 0;
}
