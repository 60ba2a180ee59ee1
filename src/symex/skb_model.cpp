// SPDX-License-Identifier: Apache-2.0
// Helpers that change an sk_buff's length, headers, VLAN tag, protocol, type and hash, in strict
// mode: bytes move as in runtime/helper_skb.cpp, and what is asked of lengths is the text of
// runtime/packet_bounds.hpp. Sizes and flags that the program computes are left to the call by
// kinds. Each question that a path has not settled forks it before anything changes, and the call
// starts again (tell()). Assumed: the packet is linear.
#include <algorithm>

#include <fmt/format.h>

#include "runtime/ctx.hpp"
#include "runtime/map.hpp"
#include "runtime/packet_bounds.hpp"
#include "symex/explorer.hpp"

namespace probity::symex {
namespace {

// enum bpf_func_id.
enum SkbHelper : std::uint32_t {
  clone_redirect = 13,
  skb_vlan_push = 18,
  skb_vlan_pop = 19,
  skb_change_proto = 31,
  skb_change_type = 32,
  get_hash_recalc = 34,
  skb_change_tail = 38,
  skb_pull_data = 39,
  set_hash_invalid = 41,
  skb_change_head = 43,
  set_hash = 48,
  skb_adjust_room = 50,
};

constexpr std::int64_t no_memory = runtime::errno_of::nomem;
constexpr std::int64_t bad_address = runtime::errno_of::fault;
constexpr std::int64_t invalid = runtime::errno_of::invalid;
constexpr std::int64_t in_progress_already = -114;
constexpr std::int64_t not_supported = -524;

// Ethernet types as __sk_buff shows them.
constexpr std::uint64_t type_ipv4 = 0x0008, type_ipv6 = 0xdd86;
constexpr std::uint64_t type_vlan = 0x0081, type_service_vlan = 0xa888;
constexpr std::uint32_t ipv4_bytes = 20, ipv6_bytes = 40, tag_bytes = 4, tag_offset = 12;

// Offsets in struct __sk_buff.
constexpr std::uint32_t at_pkt_type = 4, at_protocol = 16, at_vlan_tci = 24, at_vlan_proto = 28;
constexpr std::uint32_t at_hash = 68;

/// BPF_F_ADJ_ROOM_*.
namespace room {
constexpr std::uint64_t fixed_gso = 1, encap_ipv4 = 2, encap_ipv6 = 4, encap_gre = 8;
constexpr std::uint64_t encap_udp = 16, no_csum_reset = 32, encap_ethernet = 64;
constexpr std::uint64_t decap_ipv4 = 128, decap_ipv6 = 256;
constexpr unsigned inner_link_shift = 56;
constexpr std::uint64_t known = 0x1ff | 0xffull << inner_link_shift;
constexpr std::uint64_t encap_network = encap_ipv4 | encap_ipv6;
constexpr std::uint64_t decap_network = decap_ipv4 | decap_ipv6;
constexpr std::uint64_t shrinking = fixed_gso | decap_network | no_csum_reset;
constexpr std::uint32_t max_delta = 0xfff;
constexpr std::uint64_t behind_network = 0, behind_link = 1;  // modes
}  // namespace room

bool has(std::uint64_t flags, std::uint64_t wanted) {
  return (flags & wanted) == wanted;
}

/// What bpf_skb_net_grow checks of an encapsulation of an IP packet, 0 when it is one.
std::int64_t encapsulation_answer(bool already, std::uint32_t more, std::uint64_t flags) {
  constexpr std::uint64_t ethernet_bytes = 14;
  const std::uint64_t inner_link = flags >> room::inner_link_shift;
  if (has(flags, room::encap_network)) return invalid;
  if (has(flags, room::encap_gre | room::encap_udp)) return invalid;
  if (has(flags, room::encap_ethernet) && inner_link < ethernet_bytes) return invalid;
  if (already) return in_progress_already;
  return inner_link > more ? invalid : 0;
}

}  // namespace

/// Which side of `condition` the path is on. When it may be on both it forks, and the insn starts
/// again on either side.
Told Explorer::tell(PathState& state, term::Id condition) {
  term::Store& store = context_.store;
  const term::Id otherwise = store.not_(condition);
  const Possibility yes = solver_.possible(state, condition);
  const Possibility no = solver_.possible(state, otherwise);
  for (const Possibility& one : {yes, no}) {
    if (one.answer == Answer::unknown) give_up(state, "helper: " + one.reason);
  }
  if (yes.answer != Answer::yes || no.answer != Answer::yes) {
    return {true, yes.answer == Answer::yes, true};
  }
  const auto stay = [](PathState&) {};
  return {false, false, fork(state, {{condition, stay}, {otherwise, stay}})};
}

term::Id Explorer::skb_field(PathState& state, std::uint32_t offset) {
  const auto written = state.ctx_written.find(offset);
  if (written != state.ctx_written.end()) return written->second.term;
  return first_value(*runtime::find_ctx_row(program_.type, offset, 4));
}

void Explorer::set_skb_field(PathState& state, std::uint32_t offset, term::Id value) {
  state.ctx_written[offset] = {context_.store.zext(32, value), 0};
}

term::Id Explorer::packet_byte(PathState& state, std::int64_t offset) {
  const term::Id at = context_.store.bin(Op::add, state.packet.head, context_.lit64(offset));
  const auto byte = state.objects.at(state.packet.object).read(context_, at, 1);
  return byte && *byte ? as_number(**byte) : context_.lit(8, 0);
}

/// The first `kept` bytes of the packet move by `count` towards the front, or back; what opens
/// between them and the rest is zero.
void Explorer::shift_front(PathState& state, std::uint32_t kept, std::int64_t count) {
  std::vector<term::Id> front;
  for (std::int64_t i = 0; i < kept; ++i) front.push_back(packet_byte(state, i));
  const term::Id zero = context_.lit(8, 0);
  for (std::int64_t i = 0; i < count; ++i) front.push_back(zero);
  const term::Id head = context_.store.bin(Op::sub, state.packet.head, context_.lit64(count));
  Memory& memory = state.objects.writable(state.packet.object);
  for (std::size_t i = 0; i < front.size(); ++i) {
    const term::Id at = context_.store.bin(Op::add, head, context_.lit(64, i));
    memory.write(context_, at, 1, {front[i], 0});
  }
  move_packet(state, head, state.packet.end, head);
}

/// The k-th time that memory is asked for: is there none?
Told Explorer::tell_memory(PathState& state, std::string_view helper) {
  const std::string what = fmt::format("{}.no_memory", helper);
  const term::Id none = choice(state, what);
  --state.calls_by_helper[what];
  const Told told = tell(state, none);
  if (told.known) ++state.calls_by_helper[what];
  return told;
}

bool Explorer::skb_done(PathState& state, std::int64_t result) {
  clobber(state);
  set_result(state, context_.lit64(result));
  return true;
}

bool Explorer::skb_moved(PathState& state) {
  move_packet(state, state.packet.head, state.packet.end, state.packet.meta);
  return skb_done(state, 0);
}

bool Explorer::call_skb_pull_data(PathState& state) {
  const term::Id wanted =
      context_.store.zext(64, context_.store.extract(0, 32, argument(state, 2).term));
  if (!observable(state, argument(state, 2), "the length")) return false;
  const Told inside = tell(state, context_.store.bin(Op::ule, wanted, packet_length(state)));
  if (!inside.known) return inside.goes_on;
  return inside.value ? skb_moved(state) : skb_done(state, no_memory);
}

bool Explorer::call_skb_change_type(PathState& state) {
  term::Store& store = context_.store;
  if (!observable(state, argument(state, 2), "the packet type")) return false;
  const term::Id wanted = store.extract(0, 32, argument(state, 2).term);
  const term::Id last = context_.lit(32, 3);  // PACKET_OTHERHOST
  const term::Id now = skb_field(state, at_pkt_type);
  const Told fits =
      tell(state, store.and_(store.bin(Op::ule, now, last), store.bin(Op::ule, wanted, last)));
  if (!fits.known) return fits.goes_on;
  if (!fits.value) return skb_done(state, invalid);
  set_skb_field(state, at_pkt_type, wanted);
  return skb_done(state, 0);
}

/// No value: the hash is unknown from now on.
bool Explorer::call_set_hash(PathState& state, std::optional<term::Id> value) {
  set_skb_field(state, at_hash, value.value_or(context_.lit(32, 0)));
  state.skb.hash_is_known = value.has_value();
  return skb_done(state, 0);
}

bool Explorer::call_get_hash_recalc(PathState& state) {
  if (state.skb.hash_is_known) {
    const term::Id hash = skb_field(state, at_hash);
    clobber(state);
    set_result(state, context_.store.zext(64, hash));
    return true;
  }
  if (!call_free_result(state, "get_hash_recalc", 32)) return false;
  set_skb_field(state, at_hash, context_.store.extract(0, 32, state.regs[0].term));
  state.skb.hash_is_known = true;
  return true;
}

bool Explorer::call_skb_change_tail(PathState& state) {
  constexpr std::uint64_t max_zeroed = 512;
  term::Store& store = context_.store;
  for (const unsigned number : {2u, 3u}) {
    if (!observable(state, argument(state, number), "the new length")) return false;
  }
  const term::Id wanted = store.extract(0, 32, argument(state, 2).term);
  const std::uint32_t least = state.skb.transport.value_or(state.skb.network);
  const Value<64> answer = runtime::skb_tail_answer(
      Value<32>::of({wanted, 0}), Value<32>::lit(least), Value<64>::of(argument(state, 3)));
  const Told refused = tell(state, store.not_(store.eq(answer.raw().term, context_.lit64(0))));
  if (!refused.known) return refused.goes_on;
  if (refused.value) return skb_done(state, invalid);
  if (state.skb.is_encapsulated) return skb_done(state, not_supported);
  const Told memory = tell_memory(state, "skb_change_tail");
  if (!memory.known) return memory.goes_on;
  if (memory.value) return skb_done(state, no_memory);
  const term::Id length = store.zext(64, wanted);
  const term::Id old_end = state.packet.end;
  const term::Id end = store.bin(Op::add, state.packet.head, length);
  const bool grows = solver_.possible(state, store.bin(Op::slt, old_end, end)).answer != Answer::no;
  const auto literal = store.literal(length);
  if (grows && (!literal || *literal > max_zeroed)) {
    give_up(state, fmt::format("bpf_skb_change_tail that grows to a computed length, or to more "
                               "than {} bytes, is not modelled",
                               max_zeroed));
    return false;
  }
  const term::Id old_length = packet_length(state);
  for (std::uint64_t i = 0; grows && i < static_cast<std::uint64_t>(*literal); ++i) {
    const term::Id kept = store.bin(Op::ult, context_.lit(64, i), old_length);
    const term::Id byte =
        store.ite(kept, packet_byte(state, static_cast<std::int64_t>(i)), context_.lit(8, 0));
    const term::Id at = store.bin(Op::add, state.packet.head, context_.lit(64, i));
    state.objects.writable(state.packet.object).write(context_, at, 1, {byte, 0});
  }
  move_packet(state, state.packet.head, end, state.packet.meta);
  return skb_done(state, 0);
}

bool Explorer::call_skb_change_head(PathState& state) {
  constexpr std::uint64_t max_room = 512;
  term::Store& store = context_.store;
  const auto more = store.literal(store.extract(0, 32, argument(state, 2).term));
  if (!more || *more > max_room) {
    give_up(state, fmt::format("bpf_skb_change_head by a computed length, or by more than {} "
                               "bytes, is not modelled",
                               max_room));
    return false;
  }
  if (!observable(state, argument(state, 3), "the flags")) return false;
  const Value<32> length = Value<32>::of({store.extract(0, 32, packet_length(state)), 0});
  const Value<64> answer = runtime::skb_head_answer(
      length, Value<32>::lit(static_cast<std::uint64_t>(*more)), Value<64>::of(argument(state, 3)));
  const Told refused = tell(state, store.not_(store.eq(answer.raw().term, context_.lit64(0))));
  if (!refused.known) return refused.goes_on;
  if (refused.value) return skb_done(state, invalid);
  const Told memory = tell_memory(state, "skb_change_head");
  if (!memory.known) return memory.goes_on;
  if (memory.value) return skb_done(state, no_memory);
  const auto by = static_cast<std::uint32_t>(*more);
  shift_front(state, 0, by);
  state.skb.network += by;
  if (state.skb.transport) *state.skb.transport += by;
  return skb_done(state, 0);
}

bool Explorer::call_skb_change_proto(PathState& state) {
  constexpr std::uint32_t longer = ipv6_bytes - ipv4_bytes;
  term::Store& store = context_.store;
  const auto wanted = store.literal(store.extract(0, 16, argument(state, 2).term));
  const auto flags = store.literal(argument(state, 3).term);
  if (!wanted || !flags) {
    give_up(state, "bpf_skb_change_proto with a computed protocol or flags is not modelled");
    return false;
  }
  if (*flags != 0) return skb_done(state, invalid);
  const bool to_ipv6 = *wanted == type_ipv6;
  if (!to_ipv6 && *wanted != type_ipv4) return skb_done(state, not_supported);
  const std::uint64_t from = to_ipv6 ? type_ipv4 : type_ipv6;
  const Told fits = tell(
      state, store.eq(store.extract(0, 16, skb_field(state, at_protocol)), context_.lit(16, from)));
  if (!fits.known) return fits.goes_on;
  if (!fits.value) return skb_done(state, not_supported);
  const std::uint32_t needed = state.skb.network + (to_ipv6 ? 0 : longer);
  const Told shorter =
      tell(state, store.bin(Op::ult, packet_length(state), context_.lit(64, needed)));
  if (!shorter.known) return shorter.goes_on;
  const Told memory = tell_memory(state, "skb_change_proto");
  if (!memory.known) return memory.goes_on;
  if (shorter.value || memory.value) return skb_done(state, no_memory);
  const std::int64_t by = to_ipv6 ? longer : -std::int64_t{longer};
  shift_front(state, state.skb.network, by);
  set_skb_field(state, at_protocol, context_.lit(32, static_cast<std::uint64_t>(*wanted)));
  set_skb_field(state, at_hash, context_.lit(32, 0));
  state.skb.hash_is_known = false;
  return skb_done(state, 0);
}

bool Explorer::call_skb_vlan_push(PathState& state) {
  term::Store& store = context_.store;
  for (const unsigned number : {2u, 3u}) {
    if (!observable(state, argument(state, number), "the VLAN tag")) return false;
  }
  const Told beside = tell(state, vlan_present(state));
  if (!beside.known) return beside.goes_on;
  const Told memory = tell_memory(state, "skb_vlan_push");
  if (!memory.known) return memory.goes_on;
  if (memory.value) return skb_done(state, no_memory);
  const term::Id wanted = store.extract(0, 16, argument(state, 2).term);
  const term::Id tci = store.extract(0, 16, argument(state, 3).term);
  if (beside.value) {
    const term::Id type = store.extract(0, 16, skb_field(state, at_vlan_proto));
    const term::Id old = store.extract(0, 16, skb_field(state, at_vlan_tci));
    shift_front(state, tag_offset, tag_bytes);
    const term::Id at = store.bin(Op::add, state.packet.head, context_.lit(64, tag_offset));
    const term::Id swapped = store.concat(store.extract(0, 8, old), store.extract(8, 8, old));
    state.objects.writable(state.packet.object)
        .write(context_, at, tag_bytes, {store.concat(swapped, type), 0});
    set_skb_field(state, at_protocol, type);
  }
  const term::Id known = is_vlan(wanted);
  set_skb_field(state, at_vlan_proto, store.ite(known, wanted, context_.lit(16, type_vlan)));
  set_skb_field(state, at_vlan_tci, tci);
  return skb_moved(state);
}

term::Id Explorer::is_vlan(term::Id type) {
  term::Store& store = context_.store;
  const term::Id low = store.extract(0, 16, type);
  return store.or_(store.eq(low, context_.lit(16, type_vlan)),
                   store.eq(low, context_.lit(16, type_service_vlan)));
}

term::Id Explorer::vlan_present(PathState& state) {
  term::Store& store = context_.store;
  const term::Id tag =
      store.bin(Op::or_, skb_field(state, at_vlan_tci), skb_field(state, at_vlan_proto));
  return store.not_(store.eq(tag, context_.lit(32, 0)));
}

/// Takes the tag out of the packet, which is long enough for one.
VlanTag Explorer::take_tag(PathState& state) {
  term::Store& store = context_.store;
  const auto pair = [&](std::int64_t at) {
    return store.concat(packet_byte(state, at + 1), packet_byte(state, at));
  };
  const VlanTag tag{store.extract(0, 16, skb_field(state, at_protocol)),
                    store.concat(packet_byte(state, 14), packet_byte(state, 15))};
  // vlan_set_encap_proto(): lengths below 0x0600 are not types.
  const term::Id is_type = store.bin(Op::ule, context_.lit(8, 6), packet_byte(state, 16));
  const term::Id longer = store.bin(Op::ule, context_.lit64(20), packet_length(state));
  const term::Id ones = store.eq(pair(18), context_.lit(16, 0xffff));
  const term::Id length_type =
      store.ite(store.and_(longer, ones), context_.lit(16, 0x0100), context_.lit(16, 0x0400));
  const term::Id type = store.ite(is_type, pair(16), length_type);
  shift_front(state, tag_offset, -std::int64_t{tag_bytes});
  set_skb_field(state, at_protocol, type);
  return tag;
}

bool Explorer::call_skb_vlan_pop(PathState& state) {
  constexpr std::int64_t tagged_bytes = 18;
  term::Store& store = context_.store;
  const Told beside = tell(state, vlan_present(state));
  if (!beside.known) return beside.goes_on;
  const Told outer = tell(state, is_vlan(skb_field(state, at_protocol)));
  if (!outer.known) return outer.goes_on;
  if (!outer.value && !beside.value) return skb_done(state, 0);
  if (outer.value) {
    const Told longer =
        tell(state, store.bin(Op::ule, context_.lit64(tagged_bytes), packet_length(state)));
    if (!longer.known) return longer.goes_on;
    if (!longer.value) return skb_done(state, no_memory);
  }
  if (beside.value) {
    VlanTag tag{context_.lit(16, 0), context_.lit(16, 0)};
    if (outer.value) tag = take_tag(state);
    set_skb_field(state, at_vlan_proto, tag.protocol);
    set_skb_field(state, at_vlan_tci, tag.tci);
    return skb_moved(state);
  }
  // A second tag behind the first one goes beside the packet.
  const term::Id behind = store.concat(packet_byte(state, 17), packet_byte(state, 16));
  const Told inner = tell(state, is_vlan(behind));
  if (!inner.known) return inner.goes_on;
  if (inner.value) {
    const Told longer =
        tell(state, store.bin(Op::ule, context_.lit64(tagged_bytes + 4), packet_length(state)));
    if (!longer.known) return longer.goes_on;
    take_tag(state);
    if (!longer.value) return skb_done(state, no_memory);
    const VlanTag tag = take_tag(state);
    set_skb_field(state, at_vlan_proto, tag.protocol);
    set_skb_field(state, at_vlan_tci, tag.tci);
    return skb_moved(state);
  }
  take_tag(state);
  return skb_moved(state);
}

bool Explorer::call_clone_redirect(PathState& state) {
  for (const unsigned number : {2u, 3u}) {
    if (!observable(state, argument(state, number), "the redirect")) return false;
  }
  std::vector<term::Id> values{context_.store.extract(0, 32, argument(state, 2).term),
                               argument(state, 3).term};
  std::vector<term::Id> data;
  const term::Id whole = context_.lit(64, ~std::uint64_t{0});
  if (!append_packet(state, whole, values, data)) return false;
  give_away(state, clone_redirect, std::move(values), std::move(data));
  move_packet(state, state.packet.head, state.packet.end, state.packet.meta);
  return call_free_result(state, "clone_redirect", 64);
}

bool Explorer::call_skb_adjust_room(PathState& state) {
  term::Store& store = context_.store;
  const auto delta = store.literal(store.extract(0, 32, argument(state, 2).term));
  const auto mode = store.literal(store.extract(0, 32, argument(state, 3).term));
  const auto given = store.literal(argument(state, 4).term);
  if (!delta || !mode || !given) {
    give_up(state, "bpf_skb_adjust_room with computed arguments is not modelled");
    return false;
  }
  const auto flags = static_cast<std::uint64_t>(*given);
  const auto by = static_cast<std::int32_t>(static_cast<std::uint32_t>(*delta));
  const std::uint32_t size =
      by < 0 ? 0 - static_cast<std::uint32_t>(by) : static_cast<std::uint32_t>(by);
  if ((flags & ~room::known) != 0) return skb_done(state, invalid);
  if (size > room::max_delta) return skb_done(state, bad_address);
  const term::Id protocol = store.extract(0, 16, skb_field(state, at_protocol));
  const Told ipv4 = tell(state, store.eq(protocol, context_.lit(16, type_ipv4)));
  if (!ipv4.known) return ipv4.goes_on;
  const Told ipv6 = tell(state, store.eq(protocol, context_.lit(16, type_ipv6)));
  if (!ipv6.known) return ipv6.goes_on;
  if (!ipv4.value && !ipv6.value) return skb_done(state, not_supported);
  if (*mode != room::behind_network && *mode != room::behind_link) {
    return skb_done(state, not_supported);
  }
  const std::uint32_t network = ipv4.value ? ipv4_bytes : ipv6_bytes;
  return adjust_room(state, {by, size, flags, network,
                             state.skb.network + (*mode == room::behind_network ? network : 0)});
}

bool Explorer::adjust_room(PathState& state, const RoomChange& change) {
  term::Store& store = context_.store;
  const bool shrinks = change.by < 0;
  std::uint32_t least = change.network_bytes;
  if ((change.flags & room::decap_network) != 0) {
    if (!shrinks || has(change.flags, room::decap_network)) return skb_done(state, invalid);
    least = has(change.flags, room::decap_ipv4) ? ipv4_bytes : ipv6_bytes;
  }
  const auto shorter_than = [&](std::uint64_t bytes) {
    return store.bin(Op::ult, packet_length(state), context_.lit(64, bytes));
  };
  const std::uint64_t needed = std::uint64_t{state.skb.network} + change.size + least;
  const std::uint64_t most = runtime::packet_limits::skb_max_bytes - change.size;
  const term::Id unfit = shrinks ? shorter_than(needed)
                                 : store.bin(Op::ult, context_.lit(64, most), packet_length(state));
  const Told refused = tell(state, unfit);
  if (!refused.known) return refused.goes_on;
  if (refused.value) return skb_done(state, not_supported);
  return shrinks ? shrink_room(state, change) : grow_room(state, change);
}

bool Explorer::shrink_room(PathState& state, const RoomChange& change) {
  term::Store& store = context_.store;
  if ((change.flags & ~room::shrinking) != 0) return skb_done(state, invalid);
  const term::Id all = context_.lit(64, std::uint64_t{change.at} + change.size);
  const Told shorter = tell(state, store.bin(Op::ult, packet_length(state), all));
  if (!shorter.known) return shorter.goes_on;
  const Told memory = tell_memory(state, "skb_adjust_room");
  if (!memory.known) return memory.goes_on;
  if (shorter.value || memory.value) return skb_done(state, no_memory);
  shift_front(state, change.at, change.by < 0 ? -std::int64_t{change.size} : 0);
  if (has(change.flags, room::decap_ipv6)) {
    set_skb_field(state, at_protocol, context_.lit(32, type_ipv6));
  }
  if (has(change.flags, room::decap_ipv4)) {
    set_skb_field(state, at_protocol, context_.lit(32, type_ipv4));
  }
  return skb_done(state, 0);
}

bool Explorer::grow_room(PathState& state, const RoomChange& change) {
  const bool encapsulates = (change.flags & room::encap_network) != 0;
  if (encapsulates) {
    const std::int64_t answer =
        encapsulation_answer(state.skb.is_encapsulated, change.size, change.flags);
    if (answer != 0) return skb_done(state, answer);
  }
  const term::Id at = context_.lit(64, change.at);
  const Told shorter = tell(state, context_.store.bin(Op::ult, packet_length(state), at));
  if (!shorter.known) return shorter.goes_on;
  if (shorter.value) {
    give_up(state, "bpf_skb_adjust_room behind the end of the packet is not modelled");
    return false;
  }
  const Told memory = tell_memory(state, "skb_adjust_room");
  if (!memory.known) return memory.goes_on;
  if (memory.value) return skb_done(state, no_memory);
  shift_front(state, change.at, change.size);
  if (!encapsulates) return skb_done(state, 0);
  state.skb.is_encapsulated = true;
  const bool to_ipv6 = has(change.flags, room::encap_ipv6);
  if ((change.flags & (room::encap_gre | room::encap_udp)) != 0) {
    state.skb.transport = state.skb.network + (to_ipv6 ? ipv6_bytes : ipv4_bytes);
  }
  set_skb_field(state, at_protocol, context_.lit(32, to_ipv6 ? type_ipv6 : type_ipv4));
  return skb_done(state, 0);
}

/// The call of a helper of this file; nothing: it is another one, or the mode leaves it to the call
/// by kinds.
std::optional<bool> Explorer::call_skb_model(PathState& state, std::uint32_t helper) {
  const bool tc = runtime::ctx_type_bit(program_.type) == runtime::ctx_types::tc;
  if (options_.mode == Mode::safety || !tc) return std::nullopt;
  switch (helper) {
    case clone_redirect: return call_clone_redirect(state);
    case skb_vlan_push: return call_skb_vlan_push(state);
    case skb_vlan_pop: return call_skb_vlan_pop(state);
    case skb_change_proto: return call_skb_change_proto(state);
    case skb_change_type: return call_skb_change_type(state);
    case get_hash_recalc: return call_get_hash_recalc(state);
    case skb_change_tail: return call_skb_change_tail(state);
    case skb_pull_data: return call_skb_pull_data(state);
    case set_hash_invalid: return call_set_hash(state, std::nullopt);
    case skb_change_head: return call_skb_change_head(state);
    case set_hash:
      if (!observable(state, argument(state, 2), "the hash")) return false;
      return call_set_hash(state, context_.store.extract(0, 32, argument(state, 2).term));
    case skb_adjust_room: return call_skb_adjust_room(state);
    default: return std::nullopt;
  }
}

}  // namespace probity::symex
