// SPDX-License-Identifier: Apache-2.0
// Helpers on sockets and cgroups (net/core/filter.c, kernel/bpf/cgroup.c,
// net/core/bpf_sk_storage.c). The packet's socket is the one a test run makes: closed, of no type.
// No other socket exists, so a lookup finds none.
#include <array>
#include <cstring>

#include <fmt/format.h>

#include "base/bytes.hpp"
#include "runtime/helper_call.hpp"

namespace probity::runtime {
namespace {

/// False after a fault: argument 1 is not the packet's socket.
bool require_socket(HelperCall& call, unsigned index) {
  if (call.session.is_socket(call.arg(index))) return true;
  call.refuse(FaultKind::bad_helper_argument, call.arg(index),
              fmt::format("argument {} is not a socket", index));
  return false;
}

HelperFlow sk_fullsock(HelperCall& call) {
  if (!require_socket(call, 1)) return HelperFlow::fault;
  return call.returns(static_cast<std::int64_t>(call.arg(1)));
}

/// tcp_sock, get_listener_sock: the packet's socket is neither.
HelperFlow no_such_socket(HelperCall& call) {
  return require_socket(call, 1) ? call.returns(0) : HelperFlow::fault;
}

/// sk_lookup_tcp, sk_lookup_udp, skc_lookup_tcp in a namespace without sockets.
HelperFlow sk_lookup(HelperCall& call) {
  const std::uint64_t size = call.arg(3);
  const std::uint8_t* tuple = call.memory(2, size, Access::read);
  if (tuple == nullptr || !call.require_ctx(1)) return HelperFlow::fault;
  call.record({call.arg(4), call.arg(5)}, Bytes(tuple, tuple + size));
  return call.returns(0);
}

HelperFlow sk_release(HelperCall& call) {
  return call.refuse(FaultKind::bad_helper_argument, call.arg(1),
                     "argument 1 is not a socket that a lookup gave");
}

HelperFlow get_socket_cookie(HelperCall& call) {
  if (!call.require_ctx(1)) return HelperFlow::fault;
  return call.returns_input(call.session.surroundings().socket_cookie);
}

HelperFlow get_netns_cookie(HelperCall& call) {
  if (call.arg(1) != 0 && !call.require_ctx(1)) return HelperFlow::fault;
  return call.returns_input(call.session.surroundings().netns_cookie);
}

/// get_socket_uid, get_cgroup_classid, get_route_realm: a test packet's are 0.
HelperFlow zero_of_packet(HelperCall& call) {
  return call.require_ctx(1) ? call.returns(0) : HelperFlow::fault;
}

HelperFlow skb_cgroup_id(HelperCall& call) {
  if (!call.require_ctx(1)) return HelperFlow::fault;
  return call.returns_input(call.session.surroundings().cgroup_id);
}

HelperFlow get_current_cgroup_id(HelperCall& call) {
  return call.returns_input(call.session.surroundings().cgroup_id);
}

/// Whether a cgroup contains the packet's socket (helper 33, argument 1 the ctx) or the task.
HelperFlow under_cgroup(HelperCall& call, unsigned map_argument) {
  constexpr std::int64_t again = -11;
  Map* map = call.map(map_argument);
  if (map == nullptr) return HelperFlow::fault;
  if (map->definition().type != program::MapType::cgroup_array) {
    return call.refuse(FaultKind::bad_helper_argument, call.arg(map_argument),
                       fmt::format("argument {} is not a cgroup_array", map_argument));
  }
  const std::uint32_t index = call.arg32(map_argument + 1);
  if (index >= map->definition().max_entries) return call.returns(errno_of::too_big);
  std::array<std::uint8_t, 4> key{};
  store_le(key.data(), index);
  if (map->lookup(key) == nullptr) return call.returns(again);
  return call.refuse(
      FaultKind::unsupported, index,
      fmt::format("map {}: what a cgroup contains is not modelled", map->definition().name));
}

HelperFlow skb_under_cgroup(HelperCall& call) {
  return call.require_ctx(1) ? under_cgroup(call, 2) : HelperFlow::fault;
}

HelperFlow share_storage(HelperCall& call, Bytes& storage) {
  const Address address = call.session.share(call.machine, storage.data(), storage.size(),
                                             RegionKind::map_value, Access::write);
  if (address == 0) return HelperFlow::fault;
  return call.returns(static_cast<std::int64_t>(address));
}

/// The program's storage in its cgroup, which a test run makes afresh.
HelperFlow get_local_storage(HelperCall& call) {
  Map* map = call.map(1);
  if (map == nullptr) return HelperFlow::fault;
  const program::MapType type = map->definition().type;
  const bool fits =
      type == program::MapType::cgroup_storage || type == program::MapType::percpu_cgroup_storage;
  if (!fits || call.arg(2) != 0) {
    return call.refuse(FaultKind::bad_helper_argument, call.arg(fits ? 2 : 1),
                       fits ? "argument 2 must be 0" : "argument 1 is not a cgroup storage");
  }
  return share_storage(call, call.session.make_storage(call.arg(1), map->definition().value_size));
}

/// The map of a socket storage helper, or null after a fault.
Map* socket_storage_of(HelperCall& call) {
  Map* map = call.map(1);
  if (map == nullptr || !require_socket(call, 2)) return nullptr;
  if (map->definition().type == program::MapType::sk_storage) return map;
  call.refuse(FaultKind::bad_helper_argument, call.arg(1), "argument 1 is not an sk_storage");
  return nullptr;
}

HelperFlow sk_storage_get(HelperCall& call) {
  constexpr std::uint64_t create = 1;  // BPF_SK_STORAGE_GET_F_CREATE
  const Map* map = socket_storage_of(call);
  if (map == nullptr) return HelperFlow::fault;
  if (call.arg(4) > create) return call.returns(0);
  Bytes* storage = call.session.find_storage(call.arg(1));
  if (storage != nullptr) return share_storage(call, *storage);
  if (call.arg(4) != create) return call.returns(0);
  const std::uint32_t size = map->definition().value_size;
  const std::uint8_t* initial = nullptr;
  if (call.arg(3) != 0) {
    initial = call.memory(3, size, Access::read);
    if (initial == nullptr) return HelperFlow::fault;
  }
  Bytes& made = call.session.make_storage(call.arg(1), size);
  if (initial != nullptr) std::memcpy(made.data(), initial, size);
  return share_storage(call, made);
}

HelperFlow sk_storage_delete(HelperCall& call) {
  if (socket_storage_of(call) == nullptr) return HelperFlow::fault;
  if (call.session.find_storage(call.arg(1)) == nullptr) return call.returns(errno_of::noent);
  call.session.drop_storage(call.machine, call.arg(1));
  return call.returns(0);
}

constexpr std::uint8_t tc_cgroup = ctx_types::tc | ctx_types::cgroup;
constexpr std::uint8_t lookups = tc_cgroup | ctx_types::xdp;
constexpr std::uint8_t tc_lwt = ctx_types::tc | ctx_types::lwt;
constexpr std::uint8_t filters = tc_cgroup | ctx_types::socket;
constexpr std::array<HelperModel, 19> models = {{
    {17, tc_lwt | ctx_types::cgroup, zero_of_packet},  // get_cgroup_classid
    {24, tc_lwt, zero_of_packet},                      // get_route_realm
    {33, tc_lwt, skb_under_cgroup},
    {46, filters, get_socket_cookie},
    {47, filters, zero_of_packet},  // get_socket_uid
    {79, tc_cgroup, skb_cgroup_id},
    {80, any_type, get_current_cgroup_id},
    {81, ctx_types::cgroup, get_local_storage},
    {84, lookups, sk_lookup},
    {85, lookups, sk_lookup},
    {86, lookups, sk_release},
    {95, tc_cgroup, sk_fullsock},
    {96, tc_cgroup, no_such_socket},
    {98, tc_cgroup, no_such_socket},
    {99, lookups, sk_lookup},
    {107, tc_cgroup, sk_storage_get},
    {108, tc_cgroup, sk_storage_delete},
    {122, filters, get_netns_cookie},
    {151, ctx_types::tc, zero_of_packet},  // skb_cgroup_classid
}};

}  // namespace

std::span<const HelperModel> socket_helpers() {
  return models;
}

}  // namespace probity::runtime
