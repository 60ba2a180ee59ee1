// SPDX-License-Identifier: Apache-2.0
// The table says what each helper touches besides the memory it is handed, which the exploration
// notes byte by byte. Numbers are those of enum bpf_func_id.
#include "interact/touch.hpp"

#include <algorithm>
#include <array>

#include "runtime/ctx.hpp"

namespace probity::interact {
namespace {

using program::MapType;
using symex::Effect;
using symex::EffectKind;

enum class Behaviour : std::uint8_t {
  nothing,  ///< asks the machine, or works on memory it is handed
  lookup,
  update,
  remove,
  message,        ///< trace_printk
  map_output,     ///< an event on the map's channel
  packet_output,  ///< the same, and may take bytes of the packet along
  copy_out,       ///< reads packet bytes at r2
  copy_in,        ///< writes packet bytes at r2
  two_bytes,      ///< changes the two packet bytes at r2
  move,           ///< moves the packet's bounds
  length,
  redirect,
  redirect_map,
  clone,  ///< sends a copy of the packet
};

struct HelperBehaviour {
  std::uint32_t helper;
  Behaviour behaviour;
};

// clang-format off
constexpr HelperBehaviour behaviours[] = {
  {1,   Behaviour::lookup},         // map_lookup_elem
  {2,   Behaviour::update},         // map_update_elem
  {3,   Behaviour::remove},         // map_delete_elem
  {5,   Behaviour::nothing},        // ktime_get_ns
  {6,   Behaviour::message},        // trace_printk
  {7,   Behaviour::nothing},        // get_prandom_u32
  {8,   Behaviour::nothing},        // get_smp_processor_id
  {9,   Behaviour::copy_in},        // skb_store_bytes
  {10,  Behaviour::two_bytes},      // l3_csum_replace
  {11,  Behaviour::two_bytes},      // l4_csum_replace
  {13,  Behaviour::clone},          // clone_redirect
  {14,  Behaviour::nothing},        // get_current_pid_tgid
  {15,  Behaviour::nothing},        // get_current_uid_gid
  {16,  Behaviour::nothing},        // get_current_comm
  {23,  Behaviour::redirect},       // redirect
  {25,  Behaviour::packet_output},  // perf_event_output
  {26,  Behaviour::copy_out},       // skb_load_bytes
  {28,  Behaviour::nothing},        // csum_diff
  {42,  Behaviour::nothing},        // get_numa_node_id
  {44,  Behaviour::move},           // xdp_adjust_head
  {46,  Behaviour::nothing},        // get_socket_cookie
  {47,  Behaviour::nothing},        // get_socket_uid
  {51,  Behaviour::redirect_map},   // redirect_map
  {54,  Behaviour::move},           // xdp_adjust_meta
  {65,  Behaviour::move},           // xdp_adjust_tail
  {69,  Behaviour::nothing},        // fib_lookup
  {80,  Behaviour::nothing},        // get_current_cgroup_id
  {93,  Behaviour::nothing},        // spin_lock
  {94,  Behaviour::nothing},        // spin_unlock
  {118, Behaviour::nothing},        // jiffies64
  {122, Behaviour::nothing},        // get_netns_cookie
  {125, Behaviour::nothing},        // ktime_get_boot_ns
  {130, Behaviour::map_output},     // ringbuf_output
  {131, Behaviour::map_output},     // ringbuf_reserve
  {132, Behaviour::nothing},        // ringbuf_submit: noted where it was reserved
  {133, Behaviour::nothing},        // ringbuf_discard
  {155, Behaviour::redirect},       // redirect_peer
  {160, Behaviour::nothing},        // ktime_get_coarse_ns
  {181, Behaviour::nothing},        // loop
  {188, Behaviour::length},         // xdp_get_buff_len
  {189, Behaviour::copy_out},       // xdp_load_bytes
  {190, Behaviour::copy_in},        // xdp_store_bytes
  {208, Behaviour::nothing},        // ktime_get_tai_ns
};
// clang-format on

bool is_lru(MapType type) {
  return type == MapType::lru_hash || type == MapType::lru_percpu_hash;
}
bool is_fixed(MapType type) {
  return type == MapType::array || type == MapType::percpu_array || type == MapType::devmap ||
         type == MapType::cpumap || type == MapType::xskmap;
}

bool is_outer(MapType type) {
  return type == MapType::array_of_maps || type == MapType::hash_of_maps;
}

/// Maps whose entries an exploration tells apart by their keys.
bool has_plain_entries(MapType type) {
  return is_fixed(type) || is_lru(type) || type == MapType::hash || type == MapType::percpu_hash ||
         type == MapType::devmap_hash;
}

class Collector {
 public:
  Collector(const Footprint& footprint, const term::Store& store)
      : footprint_(footprint), store_(store) {}

  std::vector<Touch> collect() {
    for (std::uint32_t i = 0; i < footprint_.effects.size(); ++i) {
      effect_ = i;
      add(footprint_.effects[i]);
    }
    return std::move(touches_);
  }

 private:
  enum class Use : bool { reads, writes };

  Touch& push(Thing thing, Use use) {
    Touch& touch = touches_.emplace_back();
    touch.thing = thing;
    touch.writes = use == Use::writes;
    touch.effect = effect_;
    return touch;
  }
  void push_everything() {
    push(Thing::everything, Use::reads);
    push(Thing::everything, Use::writes);
  }
  void push_range(Thing thing, Use use, const Effect& effect) {
    Touch& touch = push(thing, use);
    touch.offset = effect.offset;
    touch.size_bytes = effect.size_bytes;
  }
  const program::MapDef& map(const Effect& effect) const { return footprint_.maps[effect.map]; }

  Touch& push_entry(Thing thing, Use use, const Effect& effect, std::span<const term::Id> key) {
    Touch& touch = push(thing, use);
    touch.map = map(effect).name;
    if (has_plain_entries(map(effect).type)) touch.key.assign(key.begin(), key.end());
    return touch;
  }

  void add(const Effect& effect) {
    switch (effect.kind) {
      case EffectKind::packet_read: push_range(Thing::packet, Use::reads, effect); return;
      case EffectKind::packet_write: push_range(Thing::packet, Use::writes, effect); return;
      case EffectKind::window_read: push(Thing::bounds, Use::reads); return;
      case EffectKind::value_read:
      case EffectKind::value_write: add_value(effect); return;
      case EffectKind::ctx_read:
      case EffectKind::ctx_write: add_ctx(effect); return;
      case EffectKind::call: add_call(effect); return;
      case EffectKind::branch:
      case EffectKind::finish: return;
    }
  }

  void add_value(const Effect& effect) {
    const Use use = symex::is_write(effect.kind) ? Use::writes : Use::reads;
    const bool known = effect.entry != symex::unnamed_entry;
    const std::span<const term::Id> key =
        known ? std::span<const term::Id>(footprint_.entries[effect.entry].key)
              : std::span<const term::Id>{};
    Touch& touch = push_entry(Thing::value, use, effect, key);
    touch.offset = effect.offset;
    touch.size_bytes = effect.size_bytes;
  }

  void add_ctx(const Effect& effect) {
    const auto offset = store_.literal(effect.offset);
    const auto size = store_.literal(effect.size_bytes);
    if (!offset || !size) return push_everything();
    const auto* row = runtime::find_ctx_row(footprint_.type, static_cast<std::uint32_t>(*offset),
                                            static_cast<unsigned>(*size));
    const bool bounds = row != nullptr && (runtime::is_pointer(row->field) ||
                                           row->field == runtime::CtxField::length);
    if (bounds) {
      push(Thing::bounds, Use::reads);
      return;
    }
    push_range(Thing::ctx, symex::is_write(effect.kind) ? Use::writes : Use::reads, effect);
  }

  void add_call(const Effect& effect) {
    const auto known = std::ranges::find(behaviours, effect.helper, &HelperBehaviour::helper);
    if (known == std::end(behaviours)) return push_everything();
    switch (known->behaviour) {
      case Behaviour::nothing: return;
      case Behaviour::lookup:
        // An inner map may be any map of its shape, by whatever name.
        if (is_outer(map(effect).type)) return push_everything();
        push_entry(Thing::presence, Use::reads, effect, effect.key);
        return;
      case Behaviour::update:
      case Behaviour::remove: add_change(effect, known->behaviour); return;
      case Behaviour::message: push(Thing::output, Use::writes).map = "trace_printk"; return;
      case Behaviour::packet_output:
        push(Thing::packet, Use::reads);
        push(Thing::bounds, Use::reads);
        [[fallthrough]];
      case Behaviour::map_output: push(Thing::output, Use::writes).map = map(effect).name; return;
      case Behaviour::copy_out: add_copy(effect, Use::reads); return;
      case Behaviour::copy_in: add_copy(effect, Use::writes); return;
      case Behaviour::two_bytes:
        push(Thing::packet, Use::reads);
        push(Thing::packet, Use::writes);
        push(Thing::bounds, Use::reads);
        return;
      case Behaviour::move:
        push(Thing::packet, Use::writes);
        push(Thing::bounds, Use::reads);
        push(Thing::bounds, Use::writes);
        return;
      case Behaviour::length: push(Thing::bounds, Use::reads); return;
      case Behaviour::redirect: push(Thing::redirect, Use::writes); return;
      case Behaviour::redirect_map:
        push(Thing::redirect, Use::writes);
        push_entry(Thing::presence, Use::reads, effect, effect.key);
        return;
      case Behaviour::clone:
        push(Thing::packet, Use::reads);
        push(Thing::bounds, Use::reads);
        push(Thing::output, Use::writes).map = "clone_redirect";
        return;
    }
  }

  /// An insert or a removal: the entry and the room in the map; an LRU map may drop any other.
  void add_change(const Effect& effect, Behaviour behaviour) {
    const MapType type = map(effect).type;
    const bool drops = is_lru(type) && behaviour == Behaviour::update;
    const auto key = drops ? std::span<const term::Id>{} : std::span<const term::Id>(effect.key);
    push_entry(Thing::presence, Use::reads, effect, key);
    push_entry(Thing::presence, Use::writes, effect, key);
    push_entry(Thing::value, Use::writes, effect, key);
    if (is_fixed(type)) return;
    push(Thing::room, Use::reads).map = map(effect).name;
    push(Thing::room, Use::writes).map = map(effect).name;
  }

  /// r2 is the offset from the packet's start, then comes the size.
  void add_copy(const Effect& effect, Use use) {
    push(Thing::bounds, Use::reads);
    Touch& touch = push(Thing::packet, use);
    if (effect.values.size() < 2) return;
    const auto offset = store_.literal(effect.values[0]);
    if (!offset || !store_.literal(effect.values[1])) return;
    touch.offset = effect.values[0];
    touch.size_bytes = effect.values[1];
  }

  const Footprint& footprint_;
  const term::Store& store_;
  std::uint32_t effect_ = 0;
  std::vector<Touch> touches_;
};

}  // namespace

std::string_view name(Thing thing) {
  switch (thing) {
    case Thing::packet: return "packet bytes";
    case Thing::bounds: return "packet bounds";
    case Thing::presence: return "map entry";
    case Thing::value: return "map value";
    case Thing::room: return "room in a map";
    case Thing::ctx: return "ctx field";
    case Thing::output: return "output";
    case Thing::redirect: return "redirect target";
    case Thing::everything: return "what is not modelled";
  }
  return "thing";
}

std::vector<Touch> touches_of(const Footprint& footprint, const term::Store& store) {
  return Collector(footprint, store).collect();
}

}  // namespace probity::interact
