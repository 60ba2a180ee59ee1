// SPDX-License-Identifier: Apache-2.0
// Helpers on maps: lookup, update, delete, push, pop, peek, tail_call and spin locks
// (kernel/bpf/helpers.c, arraymap.c, hashtab.c).
#include <array>

#include <fmt/format.h>

#include "base/bytes.hpp"
#include "runtime/helper_call.hpp"
#include "runtime/map_definition.hpp"

namespace probity::runtime {
namespace {

/// The key at argument 2, or an empty span after a fault.
Key key_of(HelperCall& call, const Map& map) {
  const std::uint32_t size = map.definition().key_size;
  const std::uint8_t* key = call.memory(2, size, Access::read);
  return key == nullptr ? Key{} : Key{key, size};
}

bool program_may_write(HelperCall& call, const Map& map) {
  const program::MapDef& definition = map.definition();
  if (!definition.read_only && (definition.flags & map_flags::read_only_for_program) == 0)
    return true;
  call.refuse(FaultKind::not_writable, call.arg(1),
              fmt::format("map {} is read-only for programs", definition.name));
  return false;
}

bool program_may_read(HelperCall& call, const Map& map) {
  if ((map.definition().flags & map_flags::write_only_for_program) == 0) return true;
  call.refuse(FaultKind::bad_helper_argument, call.arg(1),
              fmt::format("map {} is write-only for programs", map.definition().name));
  return false;
}

/// The address of a value as the program sees it.
HelperFlow share_value(HelperCall& call, const Map& map, std::uint8_t* value) {
  const program::MapDef& definition = map.definition();
  const bool devices = definition.type == program::MapType::devmap ||
                       definition.type == program::MapType::devmap_hash;
  const bool read_only =
      devices || definition.read_only || (definition.flags & map_flags::read_only_for_program) != 0;
  const Address address =
      call.session.share(call.machine, value, map.value_bytes(), RegionKind::map_value,
                         read_only ? Access::read : Access::write);
  if (address == 0) return HelperFlow::fault;
  return call.returns(static_cast<std::int64_t>(address));
}

HelperFlow map_lookup_elem(HelperCall& call) {
  Map* map = call.map_to_look_up(1);
  if (map == nullptr || !program_may_read(call, *map)) return HelperFlow::fault;
  const Key key = key_of(call, *map);
  if (key.empty()) return HelperFlow::fault;
  std::uint8_t* value = map->lookup(key);
  if (value == nullptr) {
    if (call.session.map_memory().exhausted()) return call.refuse_map_memory(*map);
    return call.returns(0);
  }
  if (map->definition().type == program::MapType::xskmap) {
    return call.refuse(
        FaultKind::unsupported, call.arg(1),
        fmt::format("map {}: the sockets of an xskmap are not modelled", map->definition().name));
  }
  if (family_of(map->definition().type) == MapFamily::outer) {
    const auto inner = load_le<std::uint32_t>(value);
    return call.returns(
        static_cast<std::int64_t>(runtime::address_of(region::first_map + inner, 0)));
  }
  return share_value(call, *map, value);
}

/// Of a per-CPU map only the values of the running CPU are kept.
HelperFlow map_lookup_percpu_elem(HelperCall& call) {
  Map* map = call.map_taken_by(1, [](program::MapType type) {
    return type == program::MapType::percpu_array || type == program::MapType::percpu_hash ||
           type == program::MapType::lru_percpu_hash;
  });
  if (map == nullptr || !program_may_read(call, *map)) return HelperFlow::fault;
  const Key key = key_of(call, *map);
  if (key.empty()) return HelperFlow::fault;
  if (call.arg32(3) != call.session.surroundings().cpu) {
    return call.refuse(FaultKind::unsupported, call.arg(3),
                       fmt::format("map {}: the values of CPU {} are not kept",
                                   map->definition().name, call.arg32(3)));
  }
  std::uint8_t* value = map->lookup(key);
  return value == nullptr ? call.returns(0) : share_value(call, *map, value);
}

/// The value that an update or delete puts away and whose timers end with it, or null.
const std::uint8_t* ending_value(HelperCall& call, Map& map, Key key) {
  const bool in_place = family_of(map.definition().type) == MapFamily::array;
  return call.session.has_timers() && !in_place ? map.lookup(key) : nullptr;
}

HelperFlow map_update_elem(HelperCall& call) {
  Map* map = call.map_to_update(1);
  if (map == nullptr || !program_may_write(call, *map)) return HelperFlow::fault;
  const Key key = key_of(call, *map);
  if (key.empty()) return HelperFlow::fault;
  const std::uint8_t* value = call.memory(3, map->value_bytes(), Access::read);
  if (value == nullptr) return HelperFlow::fault;
  const std::uint8_t* before = ending_value(call, *map, key);
  const std::int64_t result = map->update(key, {value, map->value_bytes()}, call.arg(4));
  if (result == 0 && before != nullptr) call.session.end_timers(before, map->value_bytes());
  if (result != 0 && call.session.map_memory().exhausted()) return call.refuse_map_memory(*map);
  return call.returns(result);
}

HelperFlow map_delete_elem(HelperCall& call) {
  Map* map = call.map_to_update(1);
  if (map == nullptr || !program_may_write(call, *map)) return HelperFlow::fault;
  const Key key = key_of(call, *map);
  if (key.empty()) return HelperFlow::fault;
  const std::uint8_t* before = ending_value(call, *map, key);
  if (before != nullptr) call.session.end_timers(before, map->value_bytes());
  return call.returns(map->erase(key));
}

/// The queue or stack in argument 1, or null after a fault.
Map* queue_of(HelperCall& call) {
  return call.map_taken_by(
      1, [](program::MapType type) { return family_of(type) == MapFamily::queue; });
}

HelperFlow map_push_elem(HelperCall& call) {
  Map* map = queue_of(call);
  if (map == nullptr) return HelperFlow::fault;
  const std::uint8_t* value = call.memory(2, map->value_bytes(), Access::read);
  if (value == nullptr) return HelperFlow::fault;
  return call.returns(map->push({value, map->value_bytes()}, call.arg(3)));
}

HelperFlow map_pop_elem(HelperCall& call) {
  Map* map = queue_of(call);
  if (map == nullptr) return HelperFlow::fault;
  std::uint8_t* value = call.memory(2, map->value_bytes(), Access::write);
  if (value == nullptr) return HelperFlow::fault;
  return call.returns(map->pop({value, map->value_bytes()}));
}

HelperFlow map_peek_elem(HelperCall& call) {
  Map* map = queue_of(call);
  if (map == nullptr) return HelperFlow::fault;
  std::uint8_t* value = call.memory(2, map->value_bytes(), Access::write);
  if (value == nullptr) return HelperFlow::fault;
  return call.returns(map->peek({value, map->value_bytes()}));
}

/// Enters the program that the object or the user put there; an empty element and the call beyond
/// the limit fall through.
HelperFlow tail_call(HelperCall& call) {
  Map* map = call.map(2);
  if (map == nullptr || !call.require_ctx(1)) return HelperFlow::fault;
  if (map->definition().type != program::MapType::prog_array) {
    return call.refuse(FaultKind::bad_helper_argument, call.arg(2),
                       "argument 2 is not a prog_array");
  }
  const std::uint32_t index = call.arg32(3);
  call.record({index}, {});
  const std::span<const Op> target = call.session.enter_tail_target(map->definition().name, index);
  if (target.empty()) return HelperFlow::next;
  if (!call.session.require_nothing_held(call.machine)) return HelperFlow::fault;
  call.machine.code = target;
  return HelperFlow::tail_call;
}

/// One program runs at a time, so a lock is free unless the program itself holds one.
HelperFlow spin_lock(HelperCall& call) {
  constexpr std::uint64_t lock_bytes = 4;
  if (call.memory(1, lock_bytes, Access::write) == nullptr) return HelperFlow::fault;
  Address& held = call.session.held_lock();
  if (held != 0) {
    return call.refuse(FaultKind::bad_helper_argument, call.arg(1),
                       "the program already holds a spin lock");
  }
  held = call.arg(1);
  return call.returns(0);
}

HelperFlow spin_unlock(HelperCall& call) {
  Address& held = call.session.held_lock();
  if (held == 0 || held != call.arg(1)) {
    return call.refuse(FaultKind::bad_helper_argument, call.arg(1),
                       "argument 1 is not the spin lock that the program holds");
  }
  held = 0;
  return call.returns(0);
}

constexpr std::array<HelperModel, 10> models = {{
    {1, any_type, map_lookup_elem},
    {2, any_type, map_update_elem},
    {3, any_type, map_delete_elem},
    {12, any_type, tail_call},
    {87, any_type, map_push_elem},
    {88, any_type, map_pop_elem},
    {89, any_type, map_peek_elem},
    {93, any_type, spin_lock},
    {94, any_type, spin_unlock},
    {195, any_type, map_lookup_percpu_elem},
}};

}  // namespace

std::span<const HelperModel> map_helpers() {
  return models;
}

}  // namespace probity::runtime
