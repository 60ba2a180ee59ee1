// SPDX-License-Identifier: Apache-2.0
// See kernel_gate.hpp.
#include "opt/kernel_gate.hpp"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>

#include "runtime/kernel_load.hpp"

namespace probity::opt {
namespace {

/// A measurement of about this long is not lost in the cost of the system call, and seldom
/// interrupted.
constexpr double wanted_run_ns = 2e6;
constexpr std::uint32_t least_repeat = 50;
constexpr std::uint32_t most_repeat = 200'000;

Expected<KernelProgram> described(runtime::Fd fd) {
  bpf_prog_info info{};
  bpf_attr attr{};
  attr.info.bpf_fd = static_cast<std::uint32_t>(fd.get());
  attr.info.info_len = sizeof info;
  attr.info.info = runtime::attr_pointer(&info);
  const int status = runtime::bpf_call(BPF_OBJ_GET_INFO_BY_FD, attr);
  if (status < 0) {
    return error(Fault::system, fmt::format("the kernel does not describe a loaded program: {}",
                                            runtime::errno_text(-status)));
  }
  return KernelProgram{std::move(fd), info.jited_prog_len, info.verified_insns};
}

/// What this thread has used of its CPU: others that run meanwhile do not count.
double thread_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return 1e9 * static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec);
}

/// Mean of `repeat` runs in a row on CPU 0.
Expected<double> time_run(const KernelProgram& program, std::span<const std::uint8_t> packet,
                          std::uint32_t repeat) {
  constexpr std::size_t output_slack_bytes = 4096;
  std::vector<std::uint8_t> out(packet.size() + output_slack_bytes);
  bpf_attr attr{};
  attr.test.prog_fd = static_cast<std::uint32_t>(program.fd.get());
  attr.test.data_in = runtime::attr_pointer(packet.data());
  attr.test.data_size_in = static_cast<std::uint32_t>(packet.size());
  attr.test.data_out = runtime::attr_pointer(out.data());
  attr.test.data_size_out = static_cast<std::uint32_t>(out.size());
  attr.test.repeat = repeat;
  TRY([[maybe_unused]] const runtime::PinnedToCpu0 pinned, runtime::PinnedToCpu0::pin());
  const double start = thread_ns();
  const int status = runtime::bpf_call(BPF_PROG_TEST_RUN, attr);
  const double elapsed = thread_ns() - start;
  if (status < 0) {
    return error(Fault::system, fmt::format("BPF_PROG_TEST_RUN of {} bytes: {}", packet.size(),
                                            runtime::errno_text(-status)));
  }
  return elapsed / std::max<std::uint32_t>(repeat, 1);
}

}  // namespace

Expected<KernelGate> KernelGate::create(const program::View& program) {
  TRY(runtime::NetworkSandbox network, runtime::NetworkSandbox::create());
  KernelGate gate(program, std::move(network));
  TRY([[maybe_unused]] const runtime::NetworkSandbox::Inside inside, gate.network_.enter());
  TRY(const std::vector<std::size_t> used, runtime::referenced_maps(program));
  gate.map_fds_.assign(program.maps.size(), -1);
  for (const std::size_t index : used) {
    TRY(runtime::KernelMap map, runtime::create_kernel_map(program.maps, index, {}));
    gate.map_fds_[index] = map.fd.get();
    gate.maps_.push_back(std::move(map));
  }
  return gate;
}

Expected<KernelProgram> KernelGate::load(std::span<const bpf::Slot> slots) const {
  program::View version = program_;
  version.slots = slots;
  TRY([[maybe_unused]] const runtime::NetworkSandbox::Inside inside, network_.enter());
  TRY(runtime::Fd fd,
      runtime::load_into_kernel(version, runtime::slots_for_kernel(version, map_fds_)));
  return described(std::move(fd));
}

Expected<TimedPair> KernelGate::time(const KernelProgram& before, const KernelProgram& after,
                                     std::span<const std::uint8_t> packet,
                                     std::uint32_t rounds) const {
  TRY([[maybe_unused]] const runtime::NetworkSandbox::Inside inside, network_.enter());
  std::uint32_t repeat = least_repeat;
  for (; repeat < most_repeat; repeat *= 4) {
    TRY(const double old_ns, time_run(before, packet, repeat));
    TRY(const double new_ns, time_run(after, packet, repeat));
    if (std::max(old_ns, new_ns) * repeat >= wanted_run_ns) break;
  }
  TimedPair least{1e300, 1e300};
  for (std::uint32_t round = 0; round < rounds; ++round) {
    TRY(const double old_ns, time_run(before, packet, repeat));
    TRY(const double new_ns, time_run(after, packet, repeat));
    least.before_ns = std::min(least.before_ns, old_ns);
    least.after_ns = std::min(least.after_ns, new_ns);
  }
  return least;
}

}  // namespace probity::opt
