// SPDX-License-Identifier: Apache-2.0
// Sockets: struct bpf_sock and struct bpf_tcp_sock as programs see them, and what is acquired and
// must be given back, locks included (where in a map value a lock lies is not asked). The fields
// may change at any time, so a read gives any value. Offsets and sizes are those of <linux/bpf.h>;
// who may read them is bpf_sock_is_valid_access, bpf_sock_common_is_valid_access and
// bpf_tcp_sock_is_valid_access of net/core/filter.c.
#include <algorithm>

#include <fmt/format.h>

#include "symex/explorer.hpp"

namespace probity::symex {
namespace {

struct SocketField {
  std::uint16_t offset;
  std::uint16_t size_bytes;
  std::uint16_t least_bytes;  ///< narrowest load
  bool common;                ///< of every socket, not only of full ones
};

// clang-format off
constexpr SocketField sock_fields[] = {
    {0,  4,  4, true},   // bound_dev_if
    {4,  4,  1, true},   // family
    {8,  4,  1, false},  // type
    {12, 4,  1, false},  // protocol
    {16, 4,  4, false},  // mark
    {20, 4,  4, false},  // priority
    {24, 4,  1, true},   // src_ip4
    {28, 16, 1, true},   // src_ip6
    {44, 4,  4, true},   // src_port
    {48, 2,  1, true},   // dst_port
    {52, 4,  1, true},   // dst_ip4
    {56, 16, 1, true},   // dst_ip6
    {72, 4,  1, true},   // state
    {76, 4,  1, false},  // rx_queue_mapping
};
// clang-format on

constexpr std::uint64_t tcp_sock_bytes = 120;            // sizeof(struct bpf_tcp_sock)
constexpr std::uint64_t tcp_bytes_received_at = 72 - 8;  // the first of its two 64-bit fields

bool is_field(RegionKind kind, std::uint64_t offset, unsigned size_bytes) {
  if (offset % size_bytes != 0) return false;
  if (kind == RegionKind::tcp_sock) {
    const bool wide = offset == tcp_bytes_received_at || offset == tcp_bytes_received_at + 8;
    return offset + size_bytes <= tcp_sock_bytes && size_bytes == (wide ? 8u : 4u);
  }
  // dst_port may still be read as the four bytes that it once was.
  if (offset == 48 && size_bytes == 4) return true;
  return std::ranges::any_of(sock_fields, [&](const SocketField& field) {
    const bool inside = offset >= field.offset &&
                        offset + size_bytes <= std::uint64_t{field.offset} + field.size_bytes;
    const bool whole = size_bytes >= field.least_bytes && size_bytes <= 4;
    return inside && whole && (field.common || kind == RegionKind::sock);
  });
}

}  // namespace

bool Explorer::load_socket(PathState& state, Word address, unsigned size_bytes, Word& value) {
  const Region& region = state.regions[address.region];
  if (!region.live) return violate(state, Property::stale_pointer, "a socket after its release");
  const auto offset = context_.store.literal(address.term);
  if (!offset || !is_field(region.kind, static_cast<std::uint64_t>(*offset), size_bytes)) {
    return violate(state, Property::not_a_pointer,
                   fmt::format("{} bytes of a socket that are no field of it", size_bytes));
  }
  // Another program that asks for the same gets the same.
  const std::string field =
      fmt::format("field.{}.{}", static_cast<std::uint64_t>(*offset), size_bytes);
  const std::string label =
      fmt::format("{}{}", arbitrary_prefix, occurrence(state, "socket", field));
  value = {context_.store.var(size_bytes * 8, label), 0};
  return true;
}

Word Explorer::socket_or_null(PathState& state, RegionKind kind, Acquired acquired) {
  Region region{kind, 0, 0, 0, false, true};
  region.null = answer(state, "socket.absent", 1);
  state.free_results.emplace_back("a socket", region.null);
  if (acquired == Acquired::yes) return acquire(state, region);
  return {context_.lit64(0), state.add_region(region)};
}

Word Explorer::acquire(PathState& state, Region region) {
  region.reference = ++state.references_made;
  const RegionId id = state.add_region(region);
  state.references.push_back({region.reference, id, state.slot});
  return {context_.lit64(0), id};
}

bool Explorer::release(PathState& state, unsigned number) {
  const std::uint32_t reference = state.regions[argument(state, number).region].reference;
  const auto held = std::ranges::find(state.references, reference, &Reference::number);
  if (reference == 0 || held == state.references.end()) {
    return violate(state, Property::references,
                   fmt::format("r{} is not held, so it cannot be released", number));
  }
  state.references.erase(held);
  for (Region& region : state.regions) {
    if (region.reference == reference) region.live = false;
  }
  return true;
}

bool Explorer::call_spin_lock(PathState& state) {
  constexpr std::uint64_t lock_bytes = 4;  // struct bpf_spin_lock
  if (state.lock) return violate(state, Property::references, "a second lock is taken");
  if (!access(state, argument(state, 1), lock_bytes, Access::write)) return false;
  state.lock = argument(state, 1);
  clobber(state);
  unset(state, 0);
  ++state.slot;
  return true;
}

bool Explorer::call_spin_unlock(PathState& state) {
  if (state.lock != argument(state, 1)) {
    return violate(state, Property::references, "a lock is given back that is not held");
  }
  state.lock.reset();
  clobber(state);
  unset(state, 0);
  ++state.slot;
  return true;
}

bool Explorer::holds_nothing(PathState& state, std::string_view what) {
  if (state.lock) return violate(state, Property::references, fmt::format("{} under a lock", what));
  if (state.references.empty()) return true;
  return violate(
      state, Property::references,
      fmt::format("{} while what slot {} acquired is held", what, state.references.front().slot));
}

}  // namespace probity::symex
