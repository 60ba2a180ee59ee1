// SPDX-License-Identifier: Apache-2.0
// The arguments and results of helpers by their kinds in program/helper.def, as the kernel's
// verifier checks them (check_func_arg, check_map_func_compatibility). A helper without a model of
// its own is called by its kinds alone: what it writes, and what it returns, may be anything.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "program/helper.hpp"
#include "symex/explorer.hpp"

namespace probity::symex {
namespace {

using program::ArgKind;
using program::MapType;
using program::ReturnKind;

/// BPF_MAX_VAR_SIZ: the largest buffer of a helper.
constexpr std::uint64_t max_size_bytes = 1u << 29;

constexpr std::size_t max_helpers_of_map = 7;

/// The only helpers that take a map of this type.
struct MapHelpers {
  MapType type;
  std::array<std::uint32_t, max_helpers_of_map> helpers;  ///< 0: none
};

// clang-format off
constexpr MapHelpers map_helpers[] = {
    {MapType::prog_array,            {12}},                       // tail_call
    {MapType::perf_event_array,      {22, 25, 55, 111, 121}},     // perf_event_read and _output …
    {MapType::stack_trace,           {27}},                       // get_stackid
    {MapType::cgroup_array,          {33, 37}},                   // *_under_cgroup
    {MapType::cgroup_storage,        {81}},                       // get_local_storage
    {MapType::percpu_cgroup_storage, {81}},
    {MapType::devmap,                {1, 51}},                    // map_lookup_elem, redirect_map
    {MapType::devmap_hash,           {1, 51}},
    {MapType::cpumap,                {51}},
    {MapType::xskmap,                {1, 51}},
    {MapType::array_of_maps,         {1}},
    {MapType::hash_of_maps,          {1}},
    {MapType::sockmap,               {1, 2, 3, 52, 53, 60, 82}},  // sk_redirect_map …
    {MapType::sockhash,              {1, 2, 3, 70, 71, 72, 82}},
    {MapType::reuseport_sockarray,   {82}},                       // sk_select_reuseport
    {MapType::queue,                 {87, 88, 89}},               // map_push, pop, peek_elem
    {MapType::stack,                 {87, 88, 89}},
    {MapType::bloom_filter,          {87, 89}},
    {MapType::sk_storage,            {107, 108}},                 // sk_storage_get, _delete
    {MapType::ringbuf,               {130, 131, 134, 198}},       // ringbuf_output …
    {MapType::user_ringbuf,          {209}},
};
/// Helpers that take a pointer into the packet (bpf_func_proto::pkt_access).
constexpr std::uint32_t packet_helpers[] = {1, 2, 3, 28, 65, 84, 85, 87, 99, 100, 110, 152};
/// Helpers that acquire what they return, and those that release it.
constexpr std::uint32_t acquiring[] = {84, 85, 99, 131};
constexpr std::uint32_t releasing[] = {86, 132, 133};
/// After these every packet pointer is stale and every packet byte may differ
/// (bpf_helper_changes_pkt_data), as far as they have no model of their own.
constexpr std::uint32_t packet_changers[] = {9, 10, 11, 13, 18, 19, 31, 38, 39, 43, 50, 73, 97, 142, 143, 144};
// clang-format on

bool contains(std::span<const std::uint32_t> list, std::uint32_t helper) {
  return std::ranges::find(list, helper) != list.end();
}

bool takes(MapType type, std::uint32_t helper) {
  constexpr std::array<std::uint32_t, 3> general{1, 2, 3};
  bool elsewhere = false;
  for (const MapHelpers& row : map_helpers) {
    const bool listed = contains(row.helpers, helper);
    if (row.type == type) return listed;
    elsewhere = elsewhere || (listed && !contains(general, helper));
  }
  return !elsewhere;
}

bool may_be_null(ArgKind kind) {
  return kind == ArgKind::ctx_or_null || kind == ArgKind::map_value_or_null ||
         kind == ArgKind::mem_in_or_null || kind == ArgKind::mem_out_or_null ||
         kind == ArgKind::stack_or_null || kind == ArgKind::socket_or_null;
}

bool writes(ArgKind kind) {
  return kind == ArgKind::mem_out || kind == ArgKind::mem_out_or_null ||
         kind == ArgKind::mem_inout || kind == ArgKind::map_value_out;
}

bool reads_buffer(ArgKind kind) {
  return kind == ArgKind::mem_in || kind == ArgKind::mem_in_or_null || kind == ArgKind::mem_inout;
}

}  // namespace

bool Explorer::memory_argument(PathState& state, std::uint32_t helper, unsigned number,
                               term::Id size_bytes, Access access) {
  const Word word = argument(state, number);
  if (kind_of(state, word) == RegionKind::packet && !contains(packet_helpers, helper)) {
    return violate(state, Property::kernel_contract,
                   fmt::format("r{}: this helper takes no pointer into the packet", number));
  }
  return access_range(state, word, size_bytes, access).has_value();
}

bool Explorer::size_pair(PathState& state, std::uint32_t helper, unsigned number, ArgKind memory,
                         ArgKind kind) {
  const Word size = argument(state, number + 1);
  if (size.region != 0) {
    return violate(state, Property::helper_argument,
                   fmt::format("r{} is a pointer, not a size", number + 1));
  }
  const term::Id bytes = context_.store.zext(64, context_.store.extract(0, 32, size.term));
  const term::Id nothing = context_.store.eq(bytes, context_.lit64(0));
  if (kind == ArgKind::const_size &&
      !require(state, Property::helper_argument, context_.store.not_(nothing),
               fmt::format("r{}: a size of 0", number + 1))) {
    return false;
  }
  const term::Id limit = context_.lit(64, max_size_bytes);
  if (!require(state, Property::helper_argument, context_.store.bin(Op::ult, size.term, limit),
               fmt::format("r{}: a size without a bound (limit {} bytes)", number + 1,
                           max_size_bytes))) {
    return false;
  }
  const Word word = argument(state, number);
  const bool null = word.region == 0 && context_.store.literal(word.term) == term::Value{0};
  if (null && (may_be_null(memory) || kind == ArgKind::const_size_or_zero)) {
    return require(state, Property::null_pointer, nothing,
                   fmt::format("r{} is NULL and r{} is not 0", number, number + 1));
  }
  return memory_argument(state, helper, number, bytes,
                         writes(memory) ? Access::write : Access::read);
}

bool Explorer::object_argument(PathState& state, unsigned number, ArgKind kind) {
  const Word word = argument(state, number);
  const RegionKind found = kind_of(state, word);
  const bool at_start = context_.store.literal(word.term) == term::Value{0};
  const bool live = state.regions[word.region].live;
  bool fits = false;
  switch (kind) {
    case ArgKind::ctx:
    case ArgKind::ctx_or_null: fits = found == RegionKind::ctx && at_start; break;
    case ArgKind::socket:
    case ArgKind::socket_or_null: fits = is_socket(found) && at_start && live; break;
    case ArgKind::ringbuf_mem:
      fits = found == RegionKind::ringbuf_record && at_start && live;
      break;
    case ArgKind::func: fits = found == RegionKind::function && at_start; break;
    case ArgKind::stack_or_null: fits = found == RegionKind::stack && live; break;
    case ArgKind::spin_lock:
    case ArgKind::timer: fits = found == RegionKind::map_value && live; break;
    default: break;
  }
  if (fits) return true;
  return violate(state, Property::helper_argument,
                 fmt::format("r{} is not what the helper takes", number));
}

std::optional<std::uint32_t> Explorer::map_before(const PathState& state,
                                                  const program::Helper& row,
                                                  unsigned number) const {
  for (unsigned i = 1; i < number; ++i) {
    if (row.args[i - 1] != ArgKind::const_map) continue;
    return state.regions[argument(state, i).region].index;
  }
  return std::nullopt;
}

/// A key or value of the map in an argument before it.
bool Explorer::entry_argument(PathState& state, const program::Helper& row, unsigned number) {
  const ArgKind kind = row.args[number - 1];
  const auto map = map_before(state, row, number);
  if (!map) return true;
  const program::MapDef& def = program_.maps[*map];
  const std::uint32_t bytes = kind == ArgKind::map_key ? def.key_size : def.value_size;
  if (bytes == 0) {
    return violate(state, Property::kernel_contract,
                   fmt::format("map {} has no keys or values of its own", def.name));
  }
  return memory_argument(state, row.id, number, context_.lit(64, bytes),
                         writes(kind) ? Access::write : Access::read);
}

bool Explorer::check_argument(PathState& state, const program::Helper& row, unsigned number) {
  const ArgKind kind = row.args[number - 1];
  // bpf_trace_printk reads only as many arguments as its format asks for.
  constexpr std::uint32_t trace_printk = 6;
  if (kind == ArgKind::none || (row.id == trace_printk && number > 2)) return true;
  const Word word = argument(state, number);
  if (context_.taint.of(word.term) == Taint::uninitialised) {
    return violate(state, Property::initialised_register,
                   fmt::format("r{} is an argument and was never set", number));
  }
  const bool null = word.region == 0 && context_.store.literal(word.term) == term::Value{0};
  switch (kind) {
    case ArgKind::unknown:
    case ArgKind::none: return true;
    case ArgKind::scalar:
      // The verifier lets root pass an address for a number.
      if (options_.mode == Mode::safety) state.regs[number] = {as_number(word), 0};
      return true;
    case ArgKind::const_size:
    case ArgKind::const_size_or_zero: return true;  // with the memory before it
    case ArgKind::const_alloc_size:
      if (word.region == 0 && context_.store.literal(word.term)) return true;
      return violate(state, Property::helper_argument,
                     fmt::format("r{} is not a known size", number));
    case ArgKind::const_map: {
      const auto map = map_argument(state, number, nullptr);
      if (!map) return false;
      const MapType type = program_.maps[*map].type;
      if (takes(type, row.id)) return true;
      return violate(state, Property::kernel_contract,
                     fmt::format("r{} is map {} of type {}, which this helper does not take",
                                 number, program_.maps[*map].name, program::name(type)));
    }
    case ArgKind::map_key:
    case ArgKind::map_value:
    case ArgKind::map_value_or_null:
    case ArgKind::map_value_out:
      return (null && may_be_null(kind)) || entry_argument(state, row, number);
    case ArgKind::mem_in:
    case ArgKind::mem_in_or_null:
    case ArgKind::mem_out:
    case ArgKind::mem_out_or_null:
    case ArgKind::mem_inout:
      return number == 5 || size_pair(state, row.id, number, kind, row.args[number]);
    case ArgKind::ctx:
    case ArgKind::ctx_or_null:
    case ArgKind::stack_or_null:
    case ArgKind::func:
    case ArgKind::socket:
    case ArgKind::socket_or_null:
    case ArgKind::spin_lock:
    case ArgKind::timer:
    case ArgKind::ringbuf_mem:
      if (null && may_be_null(kind)) return true;
      return object_argument(state, number, kind);
    case ArgKind::const_str:
    case ArgKind::dynptr:
    case ArgKind::dynptr_out: return true;
  }
  return true;
}

Explorer::Rule Explorer::check_arguments(PathState& state, const program::Helper& row) {
  for (unsigned number = 1; number <= row.args.size(); ++number) {
    const ArgKind kind = row.args[number - 1];
    if (kind == ArgKind::none || kind == ArgKind::unknown || kind == ArgKind::scalar) continue;
    const RegionId region = argument(state, number).region;
    if (!state.regions[region].null) continue;
    return tell_null(state, region, [region](PathState& s) { s.regions[region].null = {}; });
  }
  for (unsigned number = 1; number <= row.args.size(); ++number) {
    if (!check_argument(state, row, number)) return Rule::broken;
  }
  return Rule::obeyed;
}

/// A range that a helper fills with what nobody knows.
bool Explorer::overwrite(PathState& state, const program::Helper& row, unsigned number) {
  const Word word = argument(state, number);
  if (word.region == 0) return true;  // NULL and no bytes
  const ArgKind kind = row.args[number - 1];
  std::uint64_t bytes = 0;
  if (kind == ArgKind::map_value_out) {
    const auto map = map_before(state, row, number);
    bytes = map ? program_.maps[*map].value_size : 0;
  } else {
    const term::Id size = argument(state, number + 1).term;
    const term::Value most = context_.intervals(size).high;
    if (!context_.store.literal(size) && options_.mode == Mode::strict) {
      give_up(state, fmt::format("r{}: a buffer of computed size is not modelled", number + 1));
      return false;
    }
    const term::Value room = state.regions[word.region].size_bytes;
    bytes = static_cast<std::uint64_t>(std::min(most, room));
  }
  const Region region = state.regions[word.region];
  if (region.kind == RegionKind::stack && !context_.store.literal(word.term)) {
    give_up(state, fmt::format("r{}: a helper writes at a computed stack offset", number));
    return false;
  }
  const auto at = context_.store.literal(word.term).value_or(0);
  const std::uint64_t start = static_cast<std::uint64_t>(at);
  for (std::uint64_t i = 0; i < bytes && start + i < region.size_bytes; ++i) {
    const term::Id offset = context_.store.bin(Op::add, word.term, context_.lit(64, i));
    write_memory(state, {word.region, region.object, offset}, 1,
                 {context_.fresh(8, arbitrary_prefix), 0});
  }
  return true;
}

void Explorer::forget_packet(PathState& state) {
  const std::array<unsigned, 1> index_width{32};
  const std::string label = fmt::format("{}packet!{}", arbitrary_prefix, ++context_.serial);
  const std::uint32_t object =
      state.objects.add(Memory(Unknown{context_.store.function(label, index_width, 8)}));
  state.packet.object = object;
}

void Explorer::replace_packet(PathState& state) {
  forget_packet(state);
  const term::Id length = context_.store.zext(64, context_.fresh(16, arbitrary_prefix));
  const term::Id zero = context_.lit64(0);
  move_packet(state, zero, length, zero);
}

bool Explorer::set_helper_result(PathState& state, const program::Helper& row,
                                 const std::array<Word, 6>& arguments) {
  Word result;
  const auto null = [&] {
    const term::Id bit = context_.fresh(1, "absent");
    state.free_results.emplace_back(std::string(row.name), bit);
    return bit;
  };
  switch (row.result) {
    case ReturnKind::scalar: return call_free_result(state, row.name, 64);
    case ReturnKind::nothing:
      clobber(state);
      unset(state, 0);
      ++state.slot;
      return true;
    case ReturnKind::map_value:
    case ReturnKind::map_value_or_null: {
      const std::uint32_t map = state.regions[arguments[1].region].index;
      Region region{RegionKind::map_value, 0, program_.maps[map].value_size, map, true, true};
      region.volatile_bytes = true;
      if (row.result == ReturnKind::map_value_or_null) region.null = null();
      result = {context_.lit64(0), state.add_region(region)};
      break;
    }
    case ReturnKind::socket_or_null: {
      constexpr std::uint32_t tcp_sock = 96;
      constexpr std::uint32_t get_listener_sock = 98;
      constexpr std::uint32_t skc_lookup_tcp = 99;
      const RegionKind kind = row.id == tcp_sock         ? RegionKind::tcp_sock
                              : row.id == skc_lookup_tcp ? RegionKind::sock_common
                                                         : RegionKind::sock;
      const bool acquires = contains(acquiring, row.id);
      result = socket_or_null(state, kind, acquires ? Acquired::yes : Acquired::no);
      // A cast lives as long as what it was cast from.
      if (!acquires && row.id != get_listener_sock) {
        state.regions[result.region].reference = state.regions[arguments[1].region].reference;
      }
      break;
    }
    case ReturnKind::ringbuf_mem_or_null: {
      const auto bytes = static_cast<std::uint64_t>(*context_.store.literal(arguments[2].term));
      Region region{RegionKind::ringbuf_record, 0, bytes, 0, true, true};
      region.volatile_bytes = true;
      region.null = null();
      result = acquire(state, region);
      break;
    }
    case ReturnKind::unknown:
    case ReturnKind::dynptr_mem_or_null:
    case ReturnKind::task:
      give_up(state, fmt::format("helper {}#{} is not modelled", row.name, row.id));
      return false;
  }
  clobber(state);
  state.regs[0] = result;
  ++state.slot;
  return true;
}

/// Strict mode: a buffer that a helper reads was written before.
bool Explorer::reads_known_bytes(PathState& state, unsigned number) {
  if (options_.mode == Mode::safety || argument(state, number).region == 0) return true;
  const auto size = size_argument(state, number + 1);
  return size && (*size == 0 || read_chunks(state, argument(state, number), *size));
}

bool Explorer::has_computed_size(const PathState& state, const program::Helper& row) const {
  for (unsigned number = 1; number <= row.args.size(); ++number) {
    const ArgKind kind = row.args[number - 1];
    if (kind != ArgKind::const_size && kind != ArgKind::const_size_or_zero) continue;
    if (!context_.store.literal(argument(state, number).term)) return true;
  }
  return false;
}

/// What a helper without a model of its own is told is an output like any other: two programs get
/// the same answers as long as they say the same.
bool Explorer::note_question(PathState& state, const program::Helper& row) {
  std::vector<term::Id> values;
  std::vector<term::Id> data;
  for (unsigned number = 1; number <= row.args.size(); ++number) {
    const ArgKind kind = row.args[number - 1];
    const Word word = argument(state, number);
    const bool is_number = kind == ArgKind::scalar || kind == ArgKind::const_size ||
                           kind == ArgKind::const_size_or_zero;
    if (is_number && word.region == 0) values.push_back(word.term);
    if (kind == ArgKind::const_map)
      values.push_back(context_.lit(32, state.regions[word.region].index));
    if (!reads_buffer(kind) || word.region == 0) continue;
    const auto bytes = output_bytes(state, number);
    if (!bytes) return false;
    data.insert(data.end(), bytes->begin(), bytes->end());
  }
  if (!values.empty() || !data.empty()) {
    give_away(state, row.id, std::move(values), std::move(data));
  }
  return true;
}

bool Explorer::call_by_kinds(PathState& state, const program::Helper& row) {
  const auto has = [&](ArgKind kind) {
    return std::ranges::find(row.args, kind) != row.args.end();
  };
  if (has(ArgKind::func) || has(ArgKind::dynptr) || has(ArgKind::dynptr_out) ||
      has(ArgKind::spin_lock) || has(ArgKind::timer) || has(ArgKind::const_str)) {
    give_up(state, fmt::format("helper {}#{} is not modelled", row.name, row.id));
    return false;
  }
  if (options_.mode == Mode::strict && !note_question(state, row)) return false;
  for (unsigned number = 1; number <= row.args.size(); ++number) {
    const ArgKind kind = row.args[number - 1];
    if (reads_buffer(kind) && !reads_known_bytes(state, number)) return false;
    if (writes(kind) && !overwrite(state, row, number)) return false;
  }
  if (contains(releasing, row.id) && !release(state, 1)) return false;
  std::array<Word, 6> arguments{};
  for (unsigned i = 1; i < arguments.size(); ++i) arguments[i] = state.regs[i];
  if (contains(packet_changers, row.id)) replace_packet(state);
  return set_helper_result(state, row, arguments);
}

}  // namespace probity::symex
