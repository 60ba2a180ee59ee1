// SPDX-License-Identifier: Apache-2.0
// What a helper call does to a path. Helpers whose result depends on the machine (time, random
// numbers, the fib) give a fresh variable, recorded for the witness; a helper that is not modelled
// ends the path with an unknown that names it.
#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "program/external_spec.hpp"
#include "program/helper.hpp"
#include "program/poison.hpp"
#include "program/spec_call.hpp"
#include "runtime/helper_call.hpp"
#include "symex/explorer.hpp"

namespace probity::symex {
namespace {

// enum bpf_func_id.
enum Helper : std::uint32_t {
  map_lookup_elem = 1,
  map_update_elem = 2,
  map_delete_elem = 3,
  trace_printk = 6,
  get_prandom_u32 = 7,
  get_smp_processor_id = 8,
  skb_store_bytes = 9,
  l3_csum_replace = 10,
  l4_csum_replace = 11,
  tail_call = 12,
  redirect = 23,
  perf_event_output = 25,
  skb_load_bytes = 26,
  csum_diff = 28,
  get_hash_recalc = 34,
  xdp_adjust_head = 44,
  redirect_map = 51,
  xdp_adjust_meta = 54,
  xdp_adjust_tail = 65,
  fib_lookup = 69,
  get_local_storage = 81,
  spin_lock = 93,
  spin_unlock = 94,
  ringbuf_output = 130,
  ringbuf_reserve = 131,
  ringbuf_submit = 132,
  ringbuf_discard = 133,
  redirect_neigh = 152,
  redirect_peer = 155,
  bpf_loop = 181,
  xdp_get_buff_len = 188,
  xdp_load_bytes = 189,
  xdp_store_bytes = 190,
};

constexpr std::uint64_t max_buffer_bytes = 4096;

std::string helper_name(std::uint32_t helper) {
  const program::Helper* found = program::find_helper(helper);
  return found == nullptr ? fmt::format("#{}", helper) : fmt::format("{}#{}", found->name, helper);
}

/// Is there a model of the helper, but for programs of other types only?
bool is_for_other_types(std::uint32_t helper, program::ProgType type) {
  using program::ProgType;
  constexpr ProgType modelled[] = {ProgType::xdp, ProgType::sched_cls, ProgType::cgroup_skb,
                                   ProgType::socket_filter};
  if (runtime::find_helper_model(helper, type) != nullptr) return false;
  return std::ranges::any_of(modelled, [helper](ProgType other) {
    return runtime::find_helper_model(helper, other) != nullptr;
  });
}

}  // namespace

void Explorer::clobber(PathState& state) {
  for (unsigned i = 1; i <= 5; ++i) unset(state, i);
}

void Explorer::unset(PathState& state, unsigned reg) {
  state.regs[reg] = {TaintIndex::uninitialised(context_.store, reg, ++context_.serial), 0};
}

void Explorer::set_result(PathState& state, term::Id value) {
  state.regs[0] = {value, 0};
  ++state.slot;
}

std::optional<std::uint64_t> Explorer::size_argument(PathState& state, unsigned number) {
  const auto size = context_.store.literal(as_number(argument(state, number)));
  if (size && *size <= max_buffer_bytes) return static_cast<std::uint64_t>(*size);
  if (size) {
    give_up(state, fmt::format("r{}: a buffer of {} bytes is not modelled (limit {})", number,
                               static_cast<std::uint64_t>(*size), max_buffer_bytes));
  } else {
    give_up(state, fmt::format("r{}: a buffer of computed size is not modelled", number));
  }
  return std::nullopt;
}

bool Explorer::ctx_argument(PathState& state, unsigned number) {
  const Word word = argument(state, number);
  if (word.region == state.ctx && context_.store.literal(word.term) == term::Value{0}) return true;
  return violate(state, Property::helper_argument, fmt::format("r{} is not ctx", number));
}

std::string Explorer::occurrence(PathState& state, std::string_view kind, std::string_view what) {
  return fmt::format("{}#{}.{}", kind, stages_[state.stage].identity,
                     numbered(state, std::string(what)));
}

term::Id Explorer::answer(PathState& state, std::string_view name, unsigned width) {
  return context_.store.var(width, occurrence(state, "helper", name));
}

term::Id Explorer::choice(PathState& state, std::string_view what) {
  return context_.store.var(1, occurrence(state, choice_prefix, what));
}

term::Id Explorer::answer_to(PathState& state, std::string_view name, unsigned width,
                             std::span<const term::Id> question) {
  if (question.empty()) return answer(state, name, width);
  std::vector<unsigned> widths;
  for (const term::Id argument : question) widths.push_back(context_.store.width(argument));
  const std::string label =
      fmt::format("{}/{}", occurrence(state, "helper", name), fmt::join(widths, "."));
  return context_.store.apply(context_.store.function(label, widths, width), question);
}

bool Explorer::call_free_result(PathState& state, std::string_view name, unsigned width) {
  const term::Id value = answer(state, name, width);
  clobber(state);
  state.free_results.emplace_back(std::string(name), value);
  set_result(state, context_.store.zext(64, value));
  return true;
}

bool Explorer::call_helper(PathState& state, std::uint32_t helper) {
  if (program::is_spec_call(helper)) return call_spec(state, helper);
  if (program::is_external_spec_call(helper)) return call_external_spec(state, helper);
  if (program::is_poisoned_call(helper)) {
    return violate(state, Property::kernel_contract,
                   "needs a field, type or function that this kernel does not have");
  }
  const program::Helper* row = program::find_helper(helper);
  if (row == nullptr || !row->is_modelled()) {
    give_up(state, fmt::format("helper {} is not modelled", helper_name(helper)));
    return false;
  }
  if (state.lock && helper != spin_unlock) {
    return violate(state, Property::kernel_contract, "a helper is called under a lock");
  }
  if (is_for_other_types(helper, program_.type)) {
    return violate(state, Property::kernel_contract,
                   fmt::format("programs of type {} may not call {}", program::name(program_.type),
                               helper_name(helper)));
  }
  const Rule rule = check_arguments(state, *row);
  if (rule != Rule::obeyed) return rule == Rule::again;
  note_call(state, *row);
  return call_model(state, *row);
}

bool Explorer::call_model(PathState& state, const program::Helper& row) {
  const bool flags_matter =
      row.id == skb_store_bytes || row.id == l3_csum_replace || row.id == l4_csum_replace;
  const bool computed = has_computed_size(state, row) ||
                        (flags_matter && !context_.store.literal(argument(state, 5).term));
  if (computed && options_.mode == Mode::safety) return call_by_kinds(state, row);
  if (const auto done = call_skb_model(state, row.id)) return *done;
  switch (row.id) {
    case get_local_storage:
      if (context_.store.literal(argument(state, 2).term) != term::Value{0}) {
        return violate(state, Property::kernel_contract, "r2: these flags must be 0");
      }
      return call_by_kinds(state, row);
    case spin_lock: return call_spin_lock(state);
    case spin_unlock: return call_spin_unlock(state);
    case bpf_loop: return call_loop(state);
    case map_lookup_elem: return call_map_lookup(state);
    case map_update_elem: return call_map_update(state);
    case map_delete_elem: return call_map_delete(state);
    case get_prandom_u32:
    case get_smp_processor_id:
    case get_hash_recalc: return call_free_result(state, row.name, 32);
    case trace_printk: return call_trace_printk(state);
    case perf_event_output: return call_perf_event_output(state);
    case ringbuf_output: return call_ringbuf_output(state);
    case ringbuf_reserve: return call_ringbuf_reserve(state);
    case ringbuf_submit:
    case ringbuf_discard: return call_ringbuf_end(state, row.id);
    case redirect: return call_redirect(state);
    case redirect_map: return call_redirect_map(state);
    case redirect_neigh: return call_redirect_neigh(state);
    case redirect_peer: return call_redirect_peer(state);
    case tail_call: return call_tail(state);
    case fib_lookup: return call_fib_lookup(state);
    case csum_diff: return call_csum_diff(state);
    case l3_csum_replace:
    case l4_csum_replace: return call_csum_replace(state, row.id);
    case xdp_adjust_head: return call_adjust_head(state);
    case xdp_adjust_meta: return call_adjust_meta(state);
    case xdp_adjust_tail: return call_adjust_tail(state);
    case xdp_get_buff_len: {
      const term::Id length = packet_length(state);
      clobber(state);
      set_result(state, length);
      return true;
    }
    case skb_load_bytes:
    case xdp_load_bytes: return call_load_bytes(state);
    case skb_store_bytes:
    case xdp_store_bytes: return call_store_bytes(state);
    default: return call_by_kinds(state, row);
  }
}

}  // namespace probity::symex
