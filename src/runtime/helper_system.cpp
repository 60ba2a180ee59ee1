// SPDX-License-Identifier: Apache-2.0
// Helpers that ask the system: time, random numbers, CPU, task, routes, memory. Their answers are
// inputs of a run (RunInput::clock_ns, random_seed, surroundings) and are recorded, so that a run
// can be explained.
#include <algorithm>
#include <array>
#include <cstring>

#include "base/bytes.hpp"
#include "domain/concrete.hpp"
#include "runtime/fib_rule.hpp"
#include "runtime/helper_call.hpp"

namespace probity::runtime {
namespace {

HelperFlow ktime_get(HelperCall& call) {
  return call.returns_input(call.session.read_clock_ns());
}

HelperFlow jiffies64(HelperCall& call) {
  constexpr std::uint64_t jiffy_ns = 4'000'000;                   // HZ = 250
  constexpr std::uint64_t at_boot = 0xffff'ffff - 300 * 250 + 1;  // INITIAL_JIFFIES
  return call.returns_input(at_boot + call.session.read_clock_ns() / jiffy_ns);
}

HelperFlow get_prandom_u32(HelperCall& call) {
  return call.returns_input(call.session.next_random());
}

HelperFlow get_smp_processor_id(HelperCall& call) {
  return call.returns_input(call.session.surroundings().cpu);
}

HelperFlow get_numa_node_id(HelperCall& call) {
  return call.returns_input(call.session.surroundings().numa_node);
}

HelperFlow get_current_pid_tgid(HelperCall& call) {
  const Surroundings& here = call.session.surroundings();
  return call.returns_input(std::uint64_t{here.process_id} << 32 | here.thread_id);
}

HelperFlow get_current_uid_gid(HelperCall& call) {
  const Surroundings& here = call.session.surroundings();
  return call.returns_input(std::uint64_t{here.group_id} << 32 | here.user_id);
}

/// The name of the process, padded with zeros and cut to the buffer.
HelperFlow get_current_comm(HelperCall& call) {
  constexpr std::size_t max_name_bytes = 15;  // TASK_COMM_LEN less the zero
  const std::uint64_t size = call.arg32(2);
  std::uint8_t* to = call.memory(1, size, Access::write);
  if (to == nullptr) return HelperFlow::fault;
  const std::string name = call.session.surroundings().command.substr(0, max_name_bytes);
  std::memset(to, 0, size);
  if (size != 0) std::copy_n(name.begin(), std::min<std::size_t>(name.size(), size - 1), to);
  call.record({}, Bytes(name.begin(), name.end()));
  return call.returns(0);
}

/// The task is memory of the kernel: an address that can be passed on, not read.
HelperFlow get_current_task(HelperCall& call) {
  return call.returns_input(runtime::address_of(region::kernel, 0));
}

/// A route that the run's input gives.
HelperFlow take_route(HelperCall& call, const GivenRoute& route, std::uint8_t* params) {
  for (std::uint64_t at = 0; writes_fib_params(route.answer) && at < fib_params_bytes; ++at) {
    if (!is_fib_input_only(at)) params[at] = route.after[at];
  }
  return call.returns(route.answer <= last_fib_answer ? std::int64_t{route.answer}
                                                      : errno_of::no_device);
}

/// A network namespace that does not forward, as the one that test runs are made in.
HelperFlow fib_lookup(HelperCall& call) {
  constexpr std::int64_t forwarding_disabled = 5;  // BPF_FIB_LKUP_RET_FWD_DISABLED
  constexpr std::size_t ifindex_offset = 8;
  const std::uint64_t size = call.arg(3);
  std::uint8_t* params = call.memory(2, size, Access::write);
  if (params == nullptr || !call.require_ctx(1)) return HelperFlow::fault;
  const auto family = Bv<Concrete, 8>::lit(size != 0 ? params[0] : 0);
  const auto refusal = fib_refusal(size, Bv<Concrete, 64>::lit(call.arg(4)), family);
  if (refusal.raw() != 0) return call.returns(static_cast<std::int64_t>(refusal.raw()));
  const std::span<const std::uint8_t> question(params, fib_params_bytes);
  if (const GivenRoute* const route = call.session.given_route(question, call.arg32(4))) {
    return take_route(call, *route, params);
  }
  const auto ifindex = load_le<std::uint32_t>(params + ifindex_offset);
  return call.returns(call.session.has_device(ifindex) ? forwarding_disabled : errno_of::no_device);
}

/// Fails to read at argument 3, where the program has nothing. Below the kernel's half of the
/// address space nothing is readable; the kernel's own memory is not modelled.
HelperFlow fail_to_read(HelperCall& call, std::uint8_t* to, std::uint64_t size) {
  constexpr Address kernel_half = 0xffff'8000'0000'0000;
  const std::uint32_t number = region_of(call.arg(3));
  const bool near_region = number != region::null && number < call.machine.regions.size();
  const bool handle = number >= region::first_map && number <= region::kernel;
  if (near_region || handle || call.arg(3) >= kernel_half) {
    return call.refuse(FaultKind::unsupported, call.arg(3), "memory of the kernel is not modelled");
  }
  std::memset(to, 0, size);
  return call.returns(errno_of::range);
}

/// The program's own memory can be read.
HelperFlow probe_read(HelperCall& call) {
  const std::uint64_t size = call.arg32(2);
  std::uint8_t* to = call.memory(1, size, Access::write);
  if (to == nullptr) return HelperFlow::fault;
  if (size == 0) return call.returns(0);
  const std::uint8_t* from = translate(call.machine.regions.data(), call.machine.regions.size(),
                                       call.arg(3), size, Access::read);
  if (from == nullptr) return fail_to_read(call, to, size);
  std::memmove(to, from, size);
  return call.returns(0);
}

/// The answer is the length with its zero; text that does not fit is cut.
HelperFlow probe_read_str(HelperCall& call) {
  const std::uint64_t size = call.arg32(2);
  std::uint8_t* to = call.memory(1, size, Access::write);
  if (to == nullptr) return HelperFlow::fault;
  if (size == 0) return call.returns(0);
  for (std::uint64_t i = 0; i < size; ++i) {
    const std::uint8_t* from = translate(call.machine.regions.data(), call.machine.regions.size(),
                                         call.arg(3) + i, 1, Access::read);
    if (from == nullptr) return fail_to_read(call, to, size);
    to[i] = *from;
    if (*from == 0) return call.returns(static_cast<std::int64_t>(i + 1));
  }
  to[size - 1] = 0;
  return call.returns(static_cast<std::int64_t>(size));
}

/// A test run's program has no memory of a user at hand.
HelperFlow probe_read_user(HelperCall& call) {
  const std::uint64_t size = call.arg32(2);
  std::uint8_t* to = call.memory(1, size, Access::write);
  if (to == nullptr) return HelperFlow::fault;
  if (size == 0) return call.returns(0);
  std::memset(to, 0, size);
  return call.returns(errno_of::fault);
}

constexpr std::array<HelperModel, 17> models = {{
    {5, any_type, ktime_get},
    {7, any_type, get_prandom_u32},
    {8, any_type, get_smp_processor_id},
    {14, any_type, get_current_pid_tgid},
    {15, any_type, get_current_uid_gid},
    {16, any_type, get_current_comm},
    {35, any_type, get_current_task},
    {42, any_type, get_numa_node_id},
    {69, ctx_types::xdp | ctx_types::tc, fib_lookup},
    {112, any_type, probe_read_user},
    {113, any_type, probe_read},
    {114, any_type, probe_read_user},
    {115, any_type, probe_read_str},
    {118, any_type, jiffies64},
    {125, any_type, ktime_get},
    {160, any_type, ktime_get},
    {208, any_type, ktime_get},
}};

}  // namespace

std::span<const HelperModel> system_helpers() {
  return models;
}

}  // namespace probity::runtime
