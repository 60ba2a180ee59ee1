// SPDX-License-Identifier: Apache-2.0
// What a helper call does to a path. Helpers whose result depends on the machine (time, random
// numbers, the fib) give a fresh variable, recorded for the witness; a helper that is not modelled
// ends the path with an unknown that names it.
#include <algorithm>

#include <fmt/format.h>

#include "program/helper.hpp"
#include "program/poison.hpp"
#include "program/spec_call.hpp"
#include "runtime/helper_call.hpp"
#include "runtime/redirect_rule.hpp"
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
  bpf_loop = 181,
  xdp_get_buff_len = 188,
  xdp_load_bytes = 189,
  xdp_store_bytes = 190,
};

constexpr std::uint64_t max_buffer_bytes = 4096;

bool is_perf_event_array(program::MapType type) {
  return type == program::MapType::perf_event_array;
}
bool is_program_array(program::MapType type) {
  return type == program::MapType::prog_array;
}
bool is_redirect_map(program::MapType type) {
  return type == program::MapType::devmap || type == program::MapType::devmap_hash ||
         type == program::MapType::cpumap || type == program::MapType::xskmap;
}

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

bool Explorer::call_free_result(PathState& state, std::string_view name, unsigned width) {
  const std::uint32_t number = state.calls_by_helper[std::string(name)]++;
  const term::Id value = context_.store.var(
      width, fmt::format("helper#{}.{}[{}]", stages_[state.stage].identity, name, number));
  clobber(state);
  state.free_results.emplace_back(std::string(name), value);
  set_result(state, context_.store.zext(64, value));
  return true;
}

bool Explorer::call_output(PathState& state, std::uint32_t helper) {
  const bool trace = helper == trace_printk;
  const unsigned buffer = trace ? 1 : 4;
  const auto size = size_argument(state, trace ? 2 : 5);
  if (!size) return false;
  if (*size > 0 && !read_chunks(state, argument(state, buffer), *size)) return false;
  if (!trace) {
    if (!ctx_argument(state, 1)) return false;
    if (!map_argument(state, 2, &is_perf_event_array)) return false;
    if (!observable(state, argument(state, 3), "the output flags")) return false;
  }
  return call_free_result(state, program::find_helper(helper)->name, 64);
}

bool Explorer::call_redirect(PathState& state) {
  const Word flags = argument(state, 2);
  if (!observable(state, flags, "the redirect flags")) return false;
  if (!observable(state, argument(state, 1), "the redirect ifindex")) return false;
  clobber(state);
  const Value<64> bits = Value<64>::of({flags.term, 0});
  const Value<64> answer =
      program_.type == program::ProgType::xdp
          ? runtime::xdp_redirect_answer(bits)
          : runtime::skb_redirect_answer(bits, runtime::redirect_flags::ingress);
  set_result(state, answer.raw().term);
  return true;
}

bool Explorer::call_redirect_map(PathState& state) {
  const auto map = map_argument(state, 1, &is_redirect_map);
  if (!map) return false;
  const Word index = argument(state, 2);
  const Word flags = argument(state, 3);
  if (!observable(state, index, "the redirect index")) return false;
  if (!observable(state, flags, "the redirect flags")) return false;
  const program::MapDef& def = program_.maps[*map];
  const bool device =
      def.type == program::MapType::devmap || def.type == program::MapType::devmap_hash;
  term::Store& store = context_.store;
  clobber(state);
  const std::array<term::Id, 1> key{store.extract(0, 32, index.term)};
  const term::Id in_range = def.type == program::MapType::devmap_hash
                                ? store.true_()
                                : store.bin(Op::ult, key[0], context_.lit(32, def.max_entries));
  const auto targets =
      device ? runtime::RedirectTargets::devices : runtime::RedirectTargets::others;
  std::vector<Alternative> sides;
  for (const Candidate& candidate : candidates(state, *map, key)) {
    const term::Id there = state.maps[*map].slots[candidate.slot].present;
    const Bool<Provenance> present = Bool<Provenance>::of({store.and_(in_range, there), 0});
    const Value<64> bits = Value<64>::of({flags.term, 0});
    const term::Id answer =
        runtime::map_redirect_answer<Provenance>(targets, bits, present).raw().term;
    sides.push_back({candidate.condition, [this, answer](PathState& s) { set_result(s, answer); }});
  }
  return fork(state, std::move(sides));
}

bool Explorer::call_tail(PathState& state) {
  if (!ctx_argument(state, 1)) return false;
  const auto map = map_argument(state, 2, &is_program_array);
  if (!map) return false;
  if (!observable(state, argument(state, 3), "the tail call's index")) return false;
  if (!holds_nothing(state, "a tail call may end the program")) return false;
  if (state.frames.size() > 1) {
    // When the target ends it returns to the caller of this function.
    give_up(state, "a tail call from a local function is not modelled");
    return false;
  }
  // The target is another program: this path ends here when it exists, and goes on when it does
  // not.
  const std::string note =
      fmt::format("slot {}: tail call through {}: targets are checked on their own", state.slot,
                  program_.maps[*map].name);
  bool known = false;
  for (const std::string& other : result_.notes) known = known || other == note;
  if (!known) result_.notes.push_back(note);
  if (!options_.allowed_returns.empty() || !state.specs.demands.empty()) {
    give_up(state, "what a tail call's target returns and leaves is not known");
  }
  if (options_.mode == Mode::safety) {  // the verifier takes the target for one that moves data
    move_packet(state, state.packet.head, state.packet.end, state.packet.meta);
  }
  clobber(state);
  unset(state, 0);
  ++state.slot;
  return true;
}

bool Explorer::call_fib_lookup(PathState& state) {
  if (!ctx_argument(state, 1)) return false;
  const auto size = size_argument(state, 3);
  if (!size) return false;
  const Word params = argument(state, 2);
  if (!read_chunks(state, params, *size)) return false;
  const auto place = access(state, params, *size, Access::write);
  if (!place) return false;
  for (std::uint64_t at = 0; at < *size; ++at) {
    const term::Id offset = context_.store.bin(Op::add, place->offset, context_.lit(64, at));
    write_memory(state, {place->region, place->object, offset}, 1, {context_.fresh(8, "fib"), 0});
  }
  return call_free_result(state, "bpf_fib_lookup", 64);
}

bool Explorer::call_helper(PathState& state, std::uint32_t helper) {
  if (program::is_spec_call(helper)) return call_spec(state, helper);
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
  return rule == Rule::obeyed ? call_model(state, *row) : rule == Rule::again;
}

bool Explorer::call_model(PathState& state, const program::Helper& row) {
  const bool flags_matter =
      row.id == skb_store_bytes || row.id == l3_csum_replace || row.id == l4_csum_replace;
  const bool computed = has_computed_size(state, row) ||
                        (flags_matter && !context_.store.literal(argument(state, 5).term));
  if (computed && options_.mode == Mode::safety) return call_by_kinds(state, row);
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
    case trace_printk:
    case perf_event_output: return call_output(state, row.id);
    case redirect: return call_redirect(state);
    case redirect_map: return call_redirect_map(state);
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
