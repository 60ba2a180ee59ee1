// SPDX-License-Identifier: Apache-2.0
// Helpers that call back into the program: loop and for_each_map_elem (kernel/bpf/bpf_iter.c,
// helpers.c).
#include <algorithm>
#include <array>

#include "base/bytes.hpp"
#include "runtime/helper_call.hpp"
#include "runtime/map_definition.hpp"

namespace probity::runtime {
namespace {

/// The slot of the subprogram in argument 2, or no_slot after a fault.
constexpr std::uint32_t no_slot = 0xffff'ffff;
std::uint32_t callback_of(HelperCall& call) {
  const std::uint64_t function = call.arg(2);
  if (region_of(function) == region::function && offset_of(function) < call.machine.code.size()) {
    return offset_of(function);
  }
  call.refuse(FaultKind::bad_helper_argument, function,
              "argument 2 is not a function of the program");
  return no_slot;
}

HelperFlow loop(HelperCall& call) {
  constexpr std::uint32_t max_rounds = 8u << 20;  // BPF_MAX_LOOPS
  const std::uint32_t slot = callback_of(call);
  if (slot == no_slot) return HelperFlow::fault;
  if (call.arg(4) != 0) return call.returns(errno_of::invalid);
  // The verifier puts the loop in line: all 64 bits count, and the error number has 32.
  if (call.arg(1) > max_rounds) return call.returns(std::uint32_t{0} - 7);
  const std::uint32_t rounds = call.arg32(1);
  const std::uint64_t context = call.arg(3);
  for (std::uint32_t i = 0; i < rounds; ++i) {
    call.machine.regs[1] = i;
    call.machine.regs[2] = context;
    if (call_back(call.machine, slot) != RunResult::returned) return HelperFlow::fault;
    if (call.machine.regs[0] != 0) return call.returns(i + 1);
  }
  return call.returns(rounds);
}

struct Walk {
  Map& map;
  Address handle;
  std::uint64_t context;
  std::uint32_t slot;
  Bytes& key;           ///< of the entry being visited
  Address key_address;  ///< where callbacks find it
};

/// Calls back for the entry of walk.key; the result goes to r0.
RunResult visit(HelperCall& call, const Walk& walk, std::uint8_t* value) {
  const Address value_address = call.session.share(call.machine, value, walk.map.value_bytes(),
                                                   RegionKind::map_value, Access::write);
  if (value_address == 0) return RunResult::fault;
  call.machine.regs[1] = walk.handle;
  call.machine.regs[2] = walk.key_address;
  call.machine.regs[3] = value_address;
  call.machine.regs[4] = walk.context;
  return call_back(call.machine, walk.slot);
}

/// The map types that have map_for_each_callback.
bool can_be_walked(program::MapType type) {
  using program::MapType;
  return type == MapType::array || type == MapType::percpu_array || type == MapType::hash ||
         type == MapType::percpu_hash || type == MapType::lru_hash ||
         type == MapType::lru_percpu_hash;
}

HelperFlow for_each_map_elem(HelperCall& call) {
  Map* map = call.map_taken_by(1, can_be_walked);
  const std::uint32_t slot = map == nullptr ? no_slot : callback_of(call);
  if (slot == no_slot) return HelperFlow::fault;
  if (call.arg(4) != 0) return call.returns(errno_of::invalid);
  Bytes& key = call.session.scratch();
  key.assign(map->definition().key_size, 0);
  const Address key_address =
      call.session.share(call.machine, key.data(), key.size(), RegionKind::other, Access::read);
  if (key_address == 0) return HelperFlow::fault;
  const Walk walk{*map, call.arg(1), call.arg(3), slot, key, key_address};
  const bool array = family_of(map->definition().type) == MapFamily::array;
  const std::vector<Bytes> keys = map->keys();
  const std::uint64_t count = array ? map->definition().max_entries : keys.size();
  std::int64_t visited = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    if (array)
      store_le(key.data(), static_cast<std::uint32_t>(i));
    else
      std::ranges::copy(keys[i], key.begin());
    std::uint8_t* value = map->lookup(key);
    if (value == nullptr && array) return call.refuse_map_memory(*map);
    if (value == nullptr) continue;  // deleted by an earlier callback
    ++visited;
    if (visit(call, walk, value) != RunResult::returned) return HelperFlow::fault;
    if (call.machine.regs[0] != 0) break;
  }
  return call.returns(visited);
}

constexpr std::array<HelperModel, 2> models = {{
    {164, any_type, for_each_map_elem},
    {181, any_type, loop},
}};

}  // namespace

std::span<const HelperModel> loop_helpers() {
  return models;
}

}  // namespace probity::runtime
