// SPDX-License-Identifier: Apache-2.0
// Helpers that ask the system: time, random numbers, CPU, routes, memory. Their answers are inputs
// of a run (RunInput::clock_ns, random_seed) and are recorded, so that a run can be explained.
#include <array>
#include <cstring>

#include "base/bytes.hpp"
#include "runtime/helper_call.hpp"

namespace probity::runtime {
namespace {

HelperFlow input(HelperCall& call, std::uint64_t value) {
  call.record({value}, {});
  return call.returns(static_cast<std::int64_t>(value));
}

HelperFlow ktime_get(HelperCall& call) {
  return input(call, call.session.read_clock_ns());
}

HelperFlow jiffies64(HelperCall& call) {
  constexpr std::uint64_t jiffy_ns = 4'000'000;                   // HZ = 250
  constexpr std::uint64_t at_boot = 0xffff'ffff - 300 * 250 + 1;  // INITIAL_JIFFIES
  return input(call, at_boot + call.session.read_clock_ns() / jiffy_ns);
}

HelperFlow get_prandom_u32(HelperCall& call) {
  return input(call, call.session.next_random());
}

HelperFlow zero(HelperCall& call) {
  return call.returns(0);
}

/// A network namespace that only has lo (ifindex 1) and does not forward, as the one test runs are
/// made in.
HelperFlow fib_lookup(HelperCall& call) {
  constexpr std::uint64_t params_bytes = 64;
  constexpr std::uint64_t known_flags = 0x3f;
  constexpr std::int64_t no_device = -19, no_family = -97, forwarding_disabled = 5;
  constexpr std::uint8_t ipv4 = 2, ipv6 = 10;
  constexpr std::size_t ifindex_offset = 8;
  const std::uint64_t size = call.arg(3);
  const std::uint8_t* params = call.memory(2, size, Access::write);
  if (params == nullptr || !call.require_ctx(1)) return HelperFlow::fault;
  if (size < params_bytes || (call.arg(4) & ~known_flags) != 0)
    return call.returns(errno_of::invalid);
  if (params[0] != ipv4 && params[0] != ipv6) return call.returns(no_family);
  const bool is_lo = load_le<std::uint32_t>(params + ifindex_offset) == 1;
  return call.returns(is_lo ? forwarding_disabled : no_device);
}

/// There is no kernel memory here: what is not the program's own reads as zero, with -EFAULT.
HelperFlow probe_read(HelperCall& call) {
  const std::uint64_t size = call.arg(2);
  std::uint8_t* to = call.memory(1, size, Access::write);
  if (to == nullptr) return HelperFlow::fault;
  const std::uint8_t* from = translate(call.machine.regions.data(), call.machine.regions.size(),
                                       call.arg(3), size, Access::read);
  if (from == nullptr) {
    std::memset(to, 0, size);
    return call.returns(errno_of::fault);
  }
  std::memmove(to, from, size);
  return call.returns(0);
}

constexpr std::array<HelperModel, 11> models = {{
    {4, any_type, probe_read},
    {5, any_type, ktime_get},
    {7, any_type, get_prandom_u32},
    {8, any_type, zero},        // get_smp_processor_id
    {41, ctx_types::tc, zero},  // set_hash_invalid
    {42, any_type, zero},       // get_numa_node_id
    {69, ctx_types::xdp | ctx_types::tc, fib_lookup},
    {113, any_type, probe_read},
    {118, any_type, jiffies64},
    {125, any_type, ktime_get},
    {160, any_type, ktime_get},
}};

}  // namespace

std::span<const HelperModel> system_helpers() {
  return models;
}

}  // namespace probity::runtime
