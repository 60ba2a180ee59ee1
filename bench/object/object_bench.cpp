// SPDX-License-Identifier: Apache-2.0
// What loading costs: from a file on disk to a linked, relocated, validated program. Real objects
// of the corpus (PROBITY_CORPUS): a TC program of Katran's size with 114 CO-RE relocations, an XDP
// program of 10,238 slots, an object of many programs with 490. The kernel's types are read once
// per process; what that costs is a row of its own and not in the others.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "object/object.hpp"
#include "program/validate.hpp"

namespace probity {
namespace {

std::string object_path(const std::string& name) {
  const char* folder = std::getenv("PROBITY_CORPUS");
  return std::string(folder != nullptr ? folder : "../shared/corpus") + "/objects/" + name;
}

/// Slots of the valid program, or why there is none.
Expected<std::size_t> load(const std::string& path, const std::string& selector) {
  TRY(const object::Object object, object::read_file(path));
  TRY(const object::Program* const program, object::select(object, selector));
  const object::Image image = object::make_image(object, *program);
  if (!image.unsupported.empty()) return error(Fault::unsupported, image.unsupported);
  const program::View view = image.view();
  std::vector<std::byte> scratch(program::validate_scratch_bytes(view));
  Arena arena(scratch);
  TRY(program::validate(view, arena));
  return view.slots.size();
}

void load_program(benchmark::State& state, const std::string& name, const std::string& selector) {
  const std::string path = object_path(name);
  const Expected<std::size_t> first = load(path, selector);  // reads the kernel's types
  if (!first) {
    state.SkipWithError(std::string(first.error().line()).c_str());
    return;
  }
  for (auto _ : state) {
    const Expected<std::size_t> slots = load(path, selector);
    benchmark::DoNotOptimize(slots);
  }
  state.counters["slots"] = static_cast<double>(*first);
}

void read_kernel_types(benchmark::State& state) {
  for (auto _ : state) {
    const auto types = object::KernelTypes::read_file("/sys/kernel/btf/vmlinux");
    if (!types) {
      state.SkipWithError(std::string(types.error().line()).c_str());
      return;
    }
    benchmark::DoNotOptimize(types);
  }
}

BENCHMARK_CAPTURE(load_program, katran_size,
                  std::string("netobserv-ebpf-agent__ebpf.bpf_bpfel__13818933.o"),
                  std::string("ingress_flow_parse"))
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(load_program, large_xdp,
                  std::string("ingress-node-firewall__ebpf.bpf_bpfel__895dd89b.o"), std::string())
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(load_program, many_programs,
                  std::string("obi__bpf_tp_debug_x86_bpfel__6808f851.o"),
                  std::string("kprobe_tcp_sendmsg"))
    ->Unit(benchmark::kMillisecond);
BENCHMARK(read_kernel_types)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace probity

BENCHMARK_MAIN();
