// SPDX-License-Identifier: Apache-2.0
// The interpreter on nine programs, every access checked: ns per executed insn, and how often
// slower than clang -O2 of the same C in the same run. Each program's result and insn count are
// compared with the reference before it is measured. The last line is the claim of the README.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "base/check.hpp"
#include "native/programs.hpp"
#include "runtime/machine.hpp"

namespace probity::bench {
namespace {

using namespace probity::runtime;

constexpr std::uint64_t fuel_insns = 1u << 30;
using Memory = std::array<std::uint8_t, input_bytes>;

/// One program, ready to run on a memory of its own.
struct Guest {
  std::vector<bpf::Slot> slots;
  std::vector<Op> op_memory;
  std::vector<Region> regions = std::vector<Region>(region::first_free);
  Memory memory{};
  Machine machine;

  void load(std::string_view name) {
    std::ifstream in(std::string(BENCH_BYTECODE_FOLDER "/") + std::string(name) + ".bin",
                     std::ios::binary);
    const std::vector<char> bytes{std::istreambuf_iterator<char>(in), {}};
    slots.resize(bytes.size() / sizeof(bpf::Slot));
    if (!slots.empty()) std::memcpy(slots.data(), bytes.data(), slots.size() * sizeof(bpf::Slot));
    op_memory.resize(slots.size() + 1);
    Arena arena(std::as_writable_bytes(std::span(op_memory)));
    const auto code = predecode(slots, arena);
    PROBITY_CHECK(code.has_value());
    machine.code = *code;
    machine.regions = regions;
    regions[region::packet] = make_region(RegionKind::packet, memory, Access::write);
  }

  RunResult run() {
    prepare(machine, address_of(region::packet, 0), input_bytes, fuel_insns);
    return interpret(machine);
  }
};

/// The reference result and count, or the measurement would be of something else.
void require_reference(const Program& program, Guest& guest) {
  guest.memory = make_input();
  PROBITY_CHECK(guest.run() == RunResult::returned);
  PROBITY_CHECK(guest.machine.regs[0] == program.result);
  PROBITY_CHECK(fuel_insns - static_cast<std::uint64_t>(guest.machine.fuel_insns) ==
                program.executed_v3);
}

void run_interp(benchmark::State& state, const Program& program) {
  Guest guest;
  guest.load(program.name);
  require_reference(program, guest);
  const Memory input = make_input();
  const bool writes_input = guest.memory != input;  // only then must it be restored
  guest.memory = input;
  for (auto _ : state) {
    if (writes_input) guest.memory = input;
    benchmark::DoNotOptimize(guest.run());
  }
}

void run_native(benchmark::State& state, const Program& program) {
  const Memory input = make_input();
  Memory memory = input;
  PROBITY_CHECK(program.native(memory.data(), memory.size()) == program.result);
  const bool writes_input = memory != input;
  for (auto _ : state) {
    if (writes_input) memory = input;
    benchmark::DoNotOptimize(program.native(memory.data(), memory.size()));
    benchmark::ClobberMemory();
  }
}

/// Keeps the CPU time of each run beside printing it.
class Collector : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      const double ns = run.GetAdjustedCPUTime();
      double& best = nanoseconds_[run.benchmark_name()];
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

void print_summary(const Collector& collector) {
  double log_insn = 0;
  double log_ratio = 0;
  std::size_t count = 0;
  for (const Program& program : programs()) {
    const double interp = collector.of("interp/" + std::string(program.name));
    const double native = collector.of("native/" + std::string(program.name));
    if (interp <= 0 || native <= 0) continue;
    const double per_insn = interp / static_cast<double>(program.executed_v3);
    std::printf("%-10s %6.2f ns/insn %8.2fx native\n", std::string(program.name).c_str(), per_insn,
                interp / native);
    log_insn += std::log(per_insn);
    log_ratio += std::log(interp / native);
    ++count;
  }
  if (count == 0) return;
  const auto n = static_cast<double>(count);
  std::printf("interp geomean %.2f ns/insn, %.2fx native\n", std::exp(log_insn / n),
              std::exp(log_ratio / n));
}

}  // namespace
}  // namespace probity::bench

int main(int argc, char** argv) {
  using namespace probity::bench;
  for (const Program& program : programs()) {
    const std::string name(program.name);
    benchmark::RegisterBenchmark(("interp/" + name).c_str(), [&program](benchmark::State& state) {
      run_interp(state, program);
    });
    benchmark::RegisterBenchmark(("native/" + name).c_str(), [&program](benchmark::State& state) {
      run_native(state, program);
    });
  }
  benchmark::Initialize(&argc, argv);
  Collector collector;
  benchmark::RunSpecifiedBenchmarks(&collector);
  print_summary(collector);
  return 0;
}
