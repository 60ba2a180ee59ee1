// SPDX-License-Identifier: Apache-2.0
// struct xdp_md and struct __sk_buff as programs see them. data, data_end and data_meta are packet
// pointers; every other field that has no fixed value is one variable, the same at each read.
// Offsets must be constant, as the kernel demands. Assumed: the packet is linear (data_end - data
// is its length) and has no metadata at entry.
// The fields are runtime/ctx.hpp's rows, the same table as the interpreter's.
#include <fmt/format.h>

#include "runtime/ctx.hpp"
#include "symex/explorer.hpp"

namespace probity::symex {
namespace {

using runtime::CtxField;
using runtime::CtxRow;

/// A program of no type is checked as XDP.
program::ProgType type_of(const program::View& program) {
  return program.type == program::ProgType::unspec ? program::ProgType::xdp : program.type;
}

const CtxRow* find_row(program::ProgType type, term::Value offset, unsigned size_bytes) {
  if (offset >= runtime::ctx_bytes) return nullptr;
  return runtime::find_ctx_row(type, static_cast<std::uint32_t>(offset), size_bytes);
}

bool is_interface(const CtxRow& row) {
  return row.name == "ingress_ifindex" || row.name == "ifindex";
}

/// egress_ifindex exists only for programs that run on a devmap entry (BPF_XDP_DEVMAP).
constexpr std::uint32_t attach_xdp_devmap = 35;

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

term::Id Explorer::ctx_value(PathState& state, std::string_view name, unsigned width,
                             bool interface) {
  term::Store& store = context_.store;
  const term::Id value = store.var(width, fmt::format("ctx.{}", name));
  if (!interface) return value;
  // Interfaces are numbered from 1 up, as a signed 32-bit number.
  const term::Id real = store.bin(Op::ult, store.bin(Op::sub, value, context_.lit(32, 1)),
                                  context_.lit(32, 0x7fffffff));
  const Possibility shown = solver_.possible(state, real);
  if (shown.answer == Answer::yes) solver_.assume(state, real, shown);
  return value;
}

bool Explorer::load_ctx(PathState& state, Word address, unsigned size_bytes, Word& value) {
  const auto offset = context_.store.literal(address.term);
  if (!offset) return violate(state, Property::ctx_access, "ctx is read at a computed offset");
  const program::ProgType type = type_of(program_);
  const CtxRow* row = find_row(type, *offset, size_bytes);
  const bool egress = row != nullptr && row->name == "egress_ifindex" &&
                      program_.expected_attach_type != attach_xdp_devmap;
  if (row == nullptr || (row->read & runtime::ctx_type_bit(type)) == 0 || egress) {
    return violate(state, Property::ctx_access,
                   fmt::format("{} bytes at ctx offset {} may not be read", size_bytes,
                               static_cast<std::int64_t>(static_cast<std::uint64_t>(*offset))));
  }
  if (runtime::is_pointer(row->field)) {
    if (size_bytes != 4)
      return violate(state, Property::ctx_access, "a packet pointer is loaded in parts");
    const bpf::Row& insn = bpf::row(insns_[state.slot]->form);
    if (static_cast<bpf::MemOp>(insn.operation) == bpf::MemOp::sign) {
      return violate(state, Property::ctx_access, "a packet pointer is loaded with sign extension");
    }
    const Packet& packet = state.packet;
    const term::Id at = row->field == CtxField::data       ? packet.head
                        : row->field == CtxField::data_end ? packet.end
                                                           : packet.meta;
    value = {at, packet.region};
    return true;
  }
  if (runtime::is_object_pointer(row->field)) {
    give_up(state, fmt::format("what ctx->{} points at is not modelled", row->name));
    return false;
  }
  if (size_bytes > row->size_bytes) {
    give_up(state,
            fmt::format("{} bytes at once from ctx->{} are not modelled", size_bytes, row->name));
    return false;
  }
  const auto written = state.ctx_written.find(row->offset);
  term::Id whole;
  if (row->field == CtxField::length) {
    whole = context_.store.extract(0, 32, packet_length(state));
  } else if (written != state.ctx_written.end()) {
    whole = written->second.term;
  } else {
    whole = ctx_value(state, row->name, row->size_bytes * 8u, is_interface(*row));
  }
  const unsigned low = (static_cast<unsigned>(*offset) - row->offset) * 8;
  value = {context_.store.extract(low, size_bytes * 8, whole), 0};
  return true;
}

bool Explorer::store_ctx(PathState& state, Word address, unsigned size_bytes, Word value) {
  const auto offset = context_.store.literal(address.term);
  if (!offset) return violate(state, Property::ctx_access, "ctx is written at a computed offset");
  const program::ProgType type = type_of(program_);
  const CtxRow* row = find_row(type, *offset, size_bytes);
  if (row == nullptr || (row->write & runtime::ctx_type_bit(type)) == 0 ||
      size_bytes != row->size_bytes) {
    return violate(state, Property::ctx_access,
                   fmt::format("{} bytes at ctx offset {} may not be written", size_bytes,
                               static_cast<std::int64_t>(static_cast<std::uint64_t>(*offset))));
  }
  if (!observable(state, value, "a ctx field")) return false;
  const unsigned width = row->size_bytes * 8u;
  if (row->kept_bits < width) {
    term::Store& store = context_.store;
    const auto written = state.ctx_written.find(row->offset);
    const term::Id before = written != state.ctx_written.end()
                                ? written->second.term
                                : ctx_value(state, row->name, width, is_interface(*row));
    const Value<64> stored = runtime::ctx_stored(*row, Value<64>::of({store.zext(64, before), 0}),
                                                 Value<64>::of({store.zext(64, value.term), 0}));
    value = {store.extract(0, width, stored.raw().term), 0};
  }
  state.ctx_written[row->offset] = value;
  return true;
}

}  // namespace probity::symex
