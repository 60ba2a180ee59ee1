// SPDX-License-Identifier: Apache-2.0
// Helpers that change an sk_buff: VLAN tags, room in its headers, its length, protocol, type, hash
// and ECN bits. What they do is skb_rule.hpp and room_rule.hpp; here lie the bytes.
#include <array>

#include "base/bytes.hpp"
#include "domain/concrete.hpp"
#include "runtime/helper_call.hpp"
#include "runtime/room_rule.hpp"

namespace probity::runtime {
namespace {

using B8 = Bv<Concrete, 8>;
using B32 = Bv<Concrete, 32>;
using B64 = Bv<Concrete, 64>;

/// The sk_buff of a run.
class BufferSkb {
 public:
  using Values = Concrete;

  explicit BufferSkb(HelperCall& call) : call_(call) {}

  bool decide(Bool<Concrete> condition) { return condition.raw() != 0; }
  std::optional<std::uint64_t> known(B64 value, std::string_view /*what*/) { return value.raw(); }
  void refuse(std::string_view what) {
    call_.refuse(FaultKind::unsupported, 0, std::string(what) + " is not modelled");
  }
  bool has_memory(std::string_view /*helper*/) { return true; }

  B32 field(SkbField field) { return B32::lit(session().ctx_field(skb_field_name(field))); }
  void set_field(SkbField field, B32 value) {
    session().set_ctx_field(skb_field_name(field), static_cast<std::uint32_t>(value.raw()));
    const bool of_tag = field == SkbField::vlan_proto || field == SkbField::vlan_tci;
    if (of_tag) session().set_vlan_tag(session().vlan_tag());  // vlan_present
  }
  bool hash_is_known() { return session().skb_notes().hash_is_known; }
  void set_hash_known(bool known) { session().skb_notes().hash_is_known = known; }
  /// An input of the run.
  B32 unknown_hash() {
    const std::uint32_t hash = session().next_random();
    call_.record({hash}, {});
    return B32::lit(hash);
  }
  bool is_encapsulated() { return session().skb_notes().is_encapsulated; }
  void set_encapsulated() { session().skb_notes().is_encapsulated = true; }
  void forget_checksum_level() { session().skb_notes().checksum_level.reset(); }

  B64 length() { return B64::lit(packet().length()); }
  B64 linear_bytes() { return B64::lit(packet().data_bytes()); }
  std::uint32_t link_header_bytes() { return packet().link_header_bytes(); }
  std::uint32_t network_offset() { return packet().network_offset(); }
  std::optional<std::uint32_t> transport_offset() { return packet().transport_offset(); }
  void set_network_offset(std::uint32_t offset) { packet().set_network_offset(offset); }
  void set_transport_offset(std::uint32_t offset) { packet().set_transport_offset(offset); }
  B8 byte(std::uint32_t offset) { return at(packet().data(), offset); }
  void set_byte(std::uint32_t offset, B8 value) { put(packet().data(), offset, value); }
  B64 network_bytes() { return B64::lit(packet().network().size()); }
  B8 network_byte(std::uint32_t offset) { return at(packet().network(), offset); }
  void set_network_byte(std::uint32_t offset, B8 value) { put(packet().network(), offset, value); }
  void insert(std::uint32_t offset, std::uint32_t count) { packet().insert(offset, count); }
  void remove(std::uint32_t offset, std::uint32_t count) { packet().remove(offset, count); }
  void grow_head(std::uint32_t count) { packet().grow_head(count); }
  void set_length(B32 bytes) { packet().set_length(static_cast<std::uint32_t>(bytes.raw())); }

  /// Ends the call.
  HelperFlow answer(SkbAnswer<Concrete> answer) {
    if (call_.machine.fault.kind != FaultKind::none) return HelperFlow::fault;
    const auto value = static_cast<std::int64_t>(answer.value.raw());
    if (!answer.moved) return call_.returns(value);
    session().renew_packet_region(call_.machine);
    return call_.machine.fault.kind == FaultKind::none ? call_.returns(value) : HelperFlow::fault;
  }

 private:
  static B8 at(std::span<const std::uint8_t> bytes, std::uint32_t offset) {
    return B8::lit(offset < bytes.size() ? bytes[offset] : 0);
  }
  static void put(std::span<std::uint8_t> bytes, std::uint32_t offset, B8 value) {
    if (offset < bytes.size()) bytes[offset] = static_cast<std::uint8_t>(value.raw());
  }
  Session& session() { return call_.session; }
  PacketBuffer& packet() { return call_.session.packet(); }

  HelperCall& call_;
};
static_assert(SkbKeeper<BufferSkb>);

/// Runs a text with as many of the arguments behind ctx as it takes.
template <typename... Arguments>
HelperFlow run(HelperCall& call, SkbAnswer<Concrete> (*text)(BufferSkb&, Arguments...)) {
  if (!call.require_ctx(1)) return HelperFlow::fault;
  BufferSkb skb(call);
  const auto with = [&]<unsigned... I>(std::integer_sequence<unsigned, I...>) {
    return text(skb, B64::lit(call.arg(2 + I))...);
  };
  return skb.answer(with(std::make_integer_sequence<unsigned, sizeof...(Arguments)>()));
}
template <auto Text>
HelperFlow run_text(HelperCall& call) {
  return run(call, Text);
}

/// Test packets start with no checksum known (CHECKSUM_NONE).
HelperFlow csum_level(HelperCall& call) {
  constexpr std::uint64_t query = 0, increment = 1, decrement = 2, reset = 3;
  constexpr std::uint32_t max_level = 3;  // SKB_MAX_CSUM_LEVEL
  if (!call.require_ctx(1)) return HelperFlow::fault;
  std::optional<std::uint32_t>& level = call.session.skb_notes().checksum_level;
  const std::uint64_t what = call.arg(2);
  if (what > reset) return call.returns(errno_of::invalid);
  if (what == query) return call.returns(level ? std::int64_t{*level} : errno_of::access);
  if (what == increment) level = level ? std::min(*level + 1, max_level) : 0;
  if (what == decrement && level) level = *level == 0 ? std::nullopt : std::optional(*level - 1);
  if (what == reset) level.reset();
  return call.returns(0);
}

constexpr std::uint8_t tc = ctx_types::tc;
constexpr std::uint8_t lwt_xmit = ctx_types::lwt_xmit;
using Skb = BufferSkb;
constexpr std::array<HelperModel, 13> models = {{
    {18, tc, run_text<skb_vlan_push<Skb>>},
    {19, tc, run_text<skb_vlan_pop<Skb>>},
    {31, tc, run_text<skb_change_proto<Skb>>},
    {32, tc, run_text<skb_change_type<Skb>>},
    {34, tc | ctx_types::lwt, run_text<skb_hash<Skb>>},
    {38, tc | lwt_xmit, run_text<skb_change_tail<Skb>>},
    {39, tc | ctx_types::lwt, run_text<skb_pull_data<Skb>>},
    {41, tc | lwt_xmit, run_text<skb_forget_hash<Skb>>},
    {43, tc | lwt_xmit, run_text<skb_change_head<Skb>>},
    {48, tc, run_text<skb_set_hash<Skb>>},
    {50, tc, run_text<skb_adjust_room<Skb>>},
    {97, tc | ctx_types::cgroup, run_text<skb_ecn_set_ce<Skb>>},
    {135, tc | lwt_xmit, csum_level},
}};

}  // namespace

std::span<const HelperModel> skb_helpers() {
  return models;
}

}  // namespace probity::runtime
