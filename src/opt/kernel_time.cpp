// SPDX-License-Identifier: Apache-2.0
// How long runs take on the live kernel. A system call that asks for N runs takes a + N * b, and a
// is large: of XDP programs the kernel changes its dispatcher and waits for all CPUs. So two calls,
// with few and with many runs, give b. See kernel_gate.hpp.
#include <fmt/format.h>
#include <time.h>

#include <algorithm>

#include "isa/bpf/codec.hpp"
#include "opt/kernel_gate.hpp"
#include "runtime/kernel_load.hpp"

namespace probity::opt {
namespace {

/// Runs of about this long in a row are not lost in the cost of the system call, and seldom
/// interrupted.
constexpr double wanted_run_ns = 2.5e6;
constexpr std::uint32_t few_runs = 2;
constexpr std::uint32_t first_repeat = 4000;
constexpr std::uint32_t least_repeat = 52;
constexpr int first_calls = 3;
constexpr std::uint32_t rounds_for_empty = 3;
constexpr double least_run_ns = 5;

/// What this thread has used of its CPU: others that run meanwhile do not count.
double thread_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return 1e9 * static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec);
}

/// Of one call with `repeat` runs in a row, on CPU 0.
Expected<double> time_call(const KernelProgram& program, Packet packet, std::uint32_t repeat) {
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
  return elapsed;
}

/// One program on one packet.
class Timed {
 public:
  Timed(const KernelProgram& program, Packet packet) : program_(&program), packet_(packet) {}

  /// `few_ns`: what a call with few runs takes. Finds how many runs last long enough.
  Expected<void> begin(double few_ns) {
    TRY(const double some, time_call(*program_, packet_, first_repeat));
    // Where few runs took long by chance, the difference is too small, and runs would be too many.
    constexpr double surely_runs = 0.1;
    const double ns =
        std::max({(some - few_ns) / first_repeat, surely_runs * some / first_repeat, least_run_ns});
    repeat_ = static_cast<std::uint32_t>(std::max<double>(wanted_run_ns / ns, least_repeat));
    return {};
  }

  Expected<void> round() {
    TRY(const double ns, time_call(*program_, packet_, repeat_));
    least_ = std::min(least_, ns);
    return {};
  }

  /// Another program, as often on the same packet.
  Timed with(const KernelProgram& program) const {
    Timed other = *this;
    other.program_ = &program;
    return other;
  }

  double ns(double few_ns) const { return std::max(least_ - few_ns, 0.0) / (repeat_ - few_runs); }

 private:
  const KernelProgram* program_;
  Packet packet_;
  std::uint32_t repeat_ = 0;
  double least_ = 1e300;
};

/// Both versions on one packet, as often.
struct Contest {
  Timed before;
  Timed after;
};

std::vector<bpf::Slot> empty_program() {
  std::vector<bpf::Slot> slots;
  for (const bpf::Insn& insn :
       {bpf::Insn{bpf::Form::mov64_imm, bpf::Reg::r0}, bpf::Insn{bpf::Form::exit}}) {
    slots.push_back(bpf::encode(insn)[0]);
  }
  return slots;
}

}  // namespace

Expected<TimedPair> KernelGate::time(const KernelProgram& before, const KernelProgram& after,
                                     std::span<const Packet> packets, std::uint32_t rounds) const {
  TRY([[maybe_unused]] const runtime::NetworkSandbox::Inside inside, network_.enter());
  program::View alone;
  alone.name = "empty";
  alone.section = program_.section;
  alone.type = program_.type;
  alone.license = program_.license;
  const std::vector<bpf::Slot> slots = empty_program();
  alone.slots = slots;
  TRY(runtime::Fd fd, runtime::load_into_kernel(alone, slots));
  const KernelProgram empty{std::move(fd)};
  double few = 1e300;
  for (int i = 0; i < first_calls; ++i) {
    TRY(const double again, time_call(empty, packets.front(), few_runs));
    few = std::min(few, again);
  }
  std::vector<Contest> contests;
  Timed nothing(empty, packets.front());
  TRY(nothing.begin(few));
  for (const Packet packet : packets) {
    Timed timed(before, packet);
    TRY(timed.begin(few));
    contests.push_back({timed, timed.with(after)});
  }
  for (std::uint32_t round = 0; round < rounds; ++round) {
    // Each call of another program waits some 20 ms for all CPUs: no more of them than are needed.
    if (round % rounds_for_empty == 0) TRY(nothing.round());
    for (Contest& contest : contests) {
      TRY(contest.before.round());
      TRY(contest.after.round());
    }
  }
  TimedPair mean;
  mean.empty_ns = nothing.ns(few);
  const auto share = 1.0 / static_cast<double>(packets.size());
  for (const Contest& contest : contests) {
    mean.before_ns += share * contest.before.ns(few);
    mean.after_ns += share * contest.after.ns(few);
  }
  return mean;
}

}  // namespace probity::opt
