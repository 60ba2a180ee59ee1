// SPDX-License-Identifier: Apache-2.0
// Timer helpers (kernel/bpf/helpers.c): init, set_callback, start, cancel. A timer in a map value
// is set and started like the kernel's; that it was is recorded. It does not fire within a run.
#include <array>

#include "runtime/helper_call.hpp"

namespace probity::runtime {
namespace {

constexpr std::uint64_t timer_bytes = 16;  // struct bpf_timer

HelperFlow timer_init(HelperCall& call) {
  constexpr std::uint64_t real_time = 0, monotonic = 1, boot_time = 7;
  const std::uint8_t* place = call.memory(1, timer_bytes, Access::write);
  if (place == nullptr || call.map(2) == nullptr) return HelperFlow::fault;
  const std::uint64_t clock = call.arg(3);
  if (clock != real_time && clock != monotonic && clock != boot_time)
    return call.returns(errno_of::invalid);
  if (call.session.find_timer(place) != nullptr) return call.returns(errno_of::busy);
  call.session.make_timer(place);
  call.record({clock}, {});
  return call.returns(0);
}

HelperFlow timer_set_callback(HelperCall& call) {
  const std::uint8_t* place = call.memory(1, timer_bytes, Access::write);
  if (place == nullptr) return HelperFlow::fault;
  const Address function = call.arg(2);
  if (region_of(function) != region::function || offset_of(function) >= call.machine.code.size()) {
    return call.refuse(FaultKind::bad_helper_argument, function,
                       "argument 2 is not a function of the program");
  }
  Timer* timer = call.session.find_timer(place);
  if (timer == nullptr) return call.returns(errno_of::invalid);
  timer->callback = offset_of(function);
  call.record({offset_of(function)}, {});
  return call.returns(0);
}

HelperFlow timer_start(HelperCall& call) {
  constexpr std::uint64_t known_flags = 3;  // BPF_F_TIMER_ABS, BPF_F_TIMER_CPU_PIN
  const std::uint8_t* place = call.memory(1, timer_bytes, Access::write);
  if (place == nullptr) return HelperFlow::fault;
  Timer* timer = call.session.find_timer(place);
  const bool ready = timer != nullptr && timer->callback;
  if ((call.arg(3) & ~known_flags) != 0 || !ready) return call.returns(errno_of::invalid);
  timer->is_started = true;
  call.record({call.arg(2), call.arg(3)}, {});
  return call.returns(0);
}

/// 1 when the timer was running; it forgets its callback.
HelperFlow timer_cancel(HelperCall& call) {
  const std::uint8_t* place = call.memory(1, timer_bytes, Access::write);
  if (place == nullptr) return HelperFlow::fault;
  Timer* timer = call.session.find_timer(place);
  if (timer == nullptr) return call.returns(errno_of::invalid);
  const bool was_started = timer->is_started;
  *timer = {};
  call.record({std::uint64_t{was_started}}, {});
  return call.returns(was_started ? 1 : 0);
}

constexpr std::array<HelperModel, 4> models = {{
    {169, any_type, timer_init},
    {170, any_type, timer_set_callback},
    {171, any_type, timer_start},
    {172, any_type, timer_cancel},
}};

}  // namespace

std::span<const HelperModel> timer_helpers() {
  return models;
}

}  // namespace probity::runtime
