// SPDX-License-Identifier: Apache-2.0
// struct xdp_md and struct __sk_buff as programs see them. data, data_end and data_meta are packet
// pointers; every other field that has no fixed value is one variable, the same at each read.
// Offsets must be constant, as the kernel demands. Assumed: the packet is linear (data_end - data
// is its length) and has no metadata at entry.
#include <array>

#include <fmt/format.h>

#include "symex/explorer.hpp"

namespace probity::symex {
namespace {

enum class FieldKind : std::uint8_t { data, data_end, data_meta, length, variable, ifindex };

struct Field {
  std::uint16_t offset;
  std::uint16_t size_bytes;
  FieldKind kind;
  bool writable;
  std::string_view name;
};

// struct xdp_md, <linux/bpf.h>.
constexpr std::array<Field, 5> xdp_fields = {{
    {0, 4, FieldKind::data, false, "data"},
    {4, 4, FieldKind::data_end, false, "data_end"},
    {8, 4, FieldKind::data_meta, false, "data_meta"},
    {12, 4, FieldKind::ifindex, false, "ingress_ifindex"},
    {16, 4, FieldKind::variable, false, "rx_queue_index"},
}};

// struct __sk_buff, <linux/bpf.h>: what sched_cls and sched_act may touch.
constexpr std::array<Field, 24> skb_fields = {{
    {0, 4, FieldKind::length, false, "len"},
    {4, 4, FieldKind::variable, false, "pkt_type"},
    {8, 4, FieldKind::variable, true, "mark"},
    {12, 4, FieldKind::variable, true, "queue_mapping"},
    {16, 4, FieldKind::variable, false, "protocol"},
    {20, 4, FieldKind::variable, false, "vlan_present"},
    {24, 4, FieldKind::variable, false, "vlan_tci"},
    {28, 4, FieldKind::variable, false, "vlan_proto"},
    {32, 4, FieldKind::variable, true, "priority"},
    {36, 4, FieldKind::ifindex, false, "ingress_ifindex"},
    {40, 4, FieldKind::ifindex, false, "ifindex"},
    {44, 4, FieldKind::variable, true, "tc_index"},
    {48, 4, FieldKind::variable, true, "cb[0]"},
    {52, 4, FieldKind::variable, true, "cb[1]"},
    {56, 4, FieldKind::variable, true, "cb[2]"},
    {60, 4, FieldKind::variable, true, "cb[3]"},
    {64, 4, FieldKind::variable, true, "cb[4]"},
    {68, 4, FieldKind::variable, false, "hash"},
    {72, 4, FieldKind::variable, true, "tc_classid"},
    {76, 4, FieldKind::data, false, "data"},
    {80, 4, FieldKind::data_end, false, "data_end"},
    {140, 4, FieldKind::data_meta, false, "data_meta"},
    {152, 8, FieldKind::variable, true, "tstamp"},
    {160, 4, FieldKind::variable, false, "wire_len"},
}};

std::span<const Field> fields_of(program::ProgType type) {
  if (type == program::ProgType::xdp || type == program::ProgType::unspec) return xdp_fields;
  return skb_fields;
}

const Field* find_field(program::ProgType type, std::uint64_t offset, unsigned size_bytes) {
  for (const Field& field : fields_of(type)) {
    if (offset >= field.offset &&
        offset + size_bytes <= field.offset + std::uint64_t{field.size_bytes}) {
      return &field;
    }
  }
  return nullptr;
}

}  // namespace

void Explorer::make_ctx(PathState& state) {
  const std::uint32_t object = state.objects.add(Memory(Unknown{packet_bytes_}));
  const RegionId packet = state.add_region({RegionKind::packet, object, 0, 0, true, true});
  const term::Id zero = context_.lit64(0);
  state.packet = {packet, object, zero, length64_, zero};
  state.ctx = state.add_region({RegionKind::ctx, 0, 0, 0, true, true});
  state.regs[1] = {zero, state.ctx};
}

term::Id Explorer::packet_length(const PathState& state) {
  return context_.store.bin(Op::sub, state.packet.end, state.packet.head);
}

bool Explorer::load_ctx(PathState& state, Word address, unsigned size_bytes, Word& value) {
  const auto offset = context_.store.literal(address.term);
  if (!offset) return violate(state, Property::ctx_access, "ctx is read at a computed offset");
  const Field* field = find_field(program_.type, static_cast<std::uint64_t>(*offset), size_bytes);
  if (field == nullptr) {
    return violate(state, Property::ctx_access,
                   fmt::format("{} bytes at ctx offset {}: no such field", size_bytes,
                               static_cast<std::int64_t>(static_cast<std::uint64_t>(*offset))));
  }
  const RegionId packet = state.packet.region;
  Word whole;
  switch (field->kind) {
    case FieldKind::data: whole = {state.packet.head, packet}; break;
    case FieldKind::data_end: whole = {state.packet.end, packet}; break;
    case FieldKind::data_meta: whole = {state.packet.meta, packet}; break;
    case FieldKind::length: whole = {context_.store.extract(0, 32, packet_length(state)), 0}; break;
    case FieldKind::ifindex:
    case FieldKind::variable: {
      const auto written = state.ctx_written.find(field->offset);
      if (written != state.ctx_written.end()) {
        whole = written->second;
        break;
      }
      whole = {context_.store.var(field->size_bytes * 8u, fmt::format("ctx.{}", field->name)), 0};
      break;
    }
  }
  if (whole.region != 0) {
    if (size_bytes != 4)
      return violate(state, Property::ctx_access, "a packet pointer is loaded in parts");
    value = whole;
    return true;
  }
  if (field->kind == FieldKind::ifindex) {
    // Devices are numbered from 1 up, as a signed 32-bit number.
    term::Store& store = context_.store;
    const term::Id real = store.bin(Op::ult, store.bin(Op::sub, whole.term, context_.lit(32, 1)),
                                    context_.lit(32, 0x7fffffff));
    const Possibility shown = solver_.possible(state, real);
    if (shown.answer == Answer::yes) solver_.assume(state, real, shown);
  }
  const unsigned low = (static_cast<unsigned>(*offset) - field->offset) * 8;
  value = {context_.store.extract(low, size_bytes * 8, whole.term), 0};
  return true;
}

bool Explorer::store_ctx(PathState& state, Word address, unsigned size_bytes, Word value) {
  const auto offset = context_.store.literal(address.term);
  if (!offset) return violate(state, Property::ctx_access, "ctx is written at a computed offset");
  const Field* field = find_field(program_.type, static_cast<std::uint64_t>(*offset), size_bytes);
  if (field == nullptr || !field->writable || size_bytes != field->size_bytes) {
    return violate(state, Property::ctx_access,
                   fmt::format("{} bytes at ctx offset {} may not be written", size_bytes,
                               static_cast<std::int64_t>(static_cast<std::uint64_t>(*offset))));
  }
  if (!observable(state, value, "a ctx field")) return false;
  state.ctx_written[field->offset] = value;
  return true;
}

}  // namespace probity::symex
