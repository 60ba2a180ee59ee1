// SPDX-License-Identifier: Apache-2.0
// Helpers on maps: lookup, update, delete, push, pop, peek, tail_call, redirect_map and spin locks
// (kernel/bpf/helpers.c, net/core/filter.c).
#include <array>

#include <fmt/format.h>

#include "base/bytes.hpp"
#include "domain/concrete.hpp"
#include "runtime/helper_call.hpp"
#include "runtime/redirect_rule.hpp"

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

HelperFlow memory_limit(HelperCall& call, const Map& map) {
  return call.refuse(FaultKind::unsupported, 0,
                     fmt::format("map {}: the map memory limit of {} bytes is reached",
                                 map.definition().name, map_memory_limit_bytes));
}

HelperFlow map_lookup_elem(HelperCall& call) {
  Map* map = call.usable_map(1);
  if (map == nullptr) return HelperFlow::fault;
  const Key key = key_of(call, *map);
  if (key.empty()) return HelperFlow::fault;
  std::uint8_t* value = map->lookup(key);
  if (value == nullptr) {
    if (call.session.map_memory().exhausted()) return memory_limit(call, *map);
    return call.returns(0);
  }
  const program::MapDef& definition = map->definition();
  const bool read_only =
      definition.read_only || (definition.flags & map_flags::read_only_for_program) != 0;
  const Address address =
      call.session.share(call.machine, value, map->value_bytes(), RegionKind::map_value,
                         read_only ? Access::read : Access::write);
  if (address == 0) return HelperFlow::fault;
  return call.returns(static_cast<std::int64_t>(address));
}

HelperFlow map_update_elem(HelperCall& call) {
  Map* map = call.usable_map(1);
  if (map == nullptr || !program_may_write(call, *map)) return HelperFlow::fault;
  const Key key = key_of(call, *map);
  if (key.empty()) return HelperFlow::fault;
  const std::uint8_t* value = call.memory(3, map->value_bytes(), Access::read);
  if (value == nullptr) return HelperFlow::fault;
  const std::int64_t result = map->update(key, {value, map->value_bytes()}, call.arg(4));
  if (result != 0 && call.session.map_memory().exhausted()) return memory_limit(call, *map);
  return call.returns(result);
}

HelperFlow map_delete_elem(HelperCall& call) {
  Map* map = call.usable_map(1);
  if (map == nullptr || !program_may_write(call, *map)) return HelperFlow::fault;
  const Key key = key_of(call, *map);
  if (key.empty()) return HelperFlow::fault;
  return call.returns(map->erase(key));
}

HelperFlow map_push_elem(HelperCall& call) {
  Map* map = call.usable_map(1);
  if (map == nullptr) return HelperFlow::fault;
  const std::uint8_t* value = call.memory(2, map->value_bytes(), Access::read);
  if (value == nullptr) return HelperFlow::fault;
  return call.returns(map->push({value, map->value_bytes()}, call.arg(3)));
}

HelperFlow map_pop_elem(HelperCall& call) {
  Map* map = call.usable_map(1);
  if (map == nullptr) return HelperFlow::fault;
  std::uint8_t* value = call.memory(2, map->value_bytes(), Access::write);
  if (value == nullptr) return HelperFlow::fault;
  return call.returns(map->pop({value, map->value_bytes()}));
}

HelperFlow map_peek_elem(HelperCall& call) {
  Map* map = call.usable_map(1);
  if (map == nullptr) return HelperFlow::fault;
  std::uint8_t* value = call.memory(2, map->value_bytes(), Access::write);
  if (value == nullptr) return HelperFlow::fault;
  return call.returns(map->peek({value, map->value_bytes()}));
}

/// Enters the program that the object put there; an empty element and the call beyond the limit
/// fall through. An element that a user filled is refused rather than ignored.
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
  if (!target.empty()) {
    call.machine.code = target;
    return HelperFlow::tail_call;
  }
  std::array<std::uint8_t, 4> key{};
  store_le(key.data(), index);
  if (map->lookup(key) != nullptr) {
    return call.refuse(FaultKind::unsupported, index,
                       "a prog_array filled at run time is not modelled");
  }
  return HelperFlow::next;
}

HelperFlow redirect_map(HelperCall& call) {
  Map* map = call.usable_map(1);
  if (map == nullptr) return HelperFlow::fault;
  const program::MapType type = map->definition().type;
  const bool devices = type == program::MapType::devmap || type == program::MapType::devmap_hash;
  const std::uint64_t flags = call.arg(3);
  const std::uint32_t index = call.arg32(2);
  std::array<std::uint8_t, 4> key{};
  store_le(key.data(), index);
  const Bool<Concrete> present = Bool<Concrete>::lit(map->lookup(key) != nullptr ? 1 : 0);
  const Bv<Concrete, 64> result =
      map_redirect_answer(devices ? RedirectTargets::devices : RedirectTargets::others,
                          Bv<Concrete, 64>::lit(flags), present);
  if (result.raw() == verdict_of::xdp_redirect) call.record({index, flags}, {});
  return call.returns(static_cast<std::int64_t>(result.raw()));
}

/// One program runs at a time, so a lock is always free; only its place is checked.
HelperFlow spin_lock(HelperCall& call) {
  constexpr std::uint64_t lock_bytes = 4;
  if (call.memory(1, lock_bytes, Access::write) == nullptr) return HelperFlow::fault;
  return call.returns(0);
}

constexpr std::array<HelperModel, 10> models = {{
    {1, any_type, map_lookup_elem},
    {2, any_type, map_update_elem},
    {3, any_type, map_delete_elem},
    {12, any_type, tail_call},
    {51, ctx_types::xdp, redirect_map},
    {87, any_type, map_push_elem},
    {88, any_type, map_pop_elem},
    {89, any_type, map_peek_elem},
    {93, any_type, spin_lock},
    {94, any_type, spin_lock},
}};

}  // namespace

std::span<const HelperModel> map_helpers() {
  return models;
}

}  // namespace probity::runtime
