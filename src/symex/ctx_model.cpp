// SPDX-License-Identifier: Apache-2.0
// struct xdp_md and struct __sk_buff as programs see them. data, data_end and data_meta are packet
// pointers; every other field that has no fixed value is one variable, the same at each read.
// Offsets must be constant, as the kernel demands. Assumed: the packet is linear (data_end - data
// is its length). Where a program asks for metadata, up to Options::max_metadata bytes of any
// contents may lie in front of it.
// The fields are runtime/ctx.hpp's rows, the same table as the interpreter's.
#include <algorithm>

#include <fmt/format.h>

#include "runtime/ctx.hpp"
#include "symex/ctx_copies.hpp"
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

constexpr std::uint32_t sk_offset = 168;  // offsetof(struct __sk_buff, sk)
constexpr std::uint32_t cb_offset = 48;
constexpr std::uint32_t cb_bytes = 20;

/// cb[] is scratch memory of a program: any aligned part of it may be read and written.
bool in_cb(program::ProgType type, term::Value offset, unsigned size_bytes) {
  return (runtime::ctx_type_bit(type) & runtime::ctx_types::skb) != 0 && offset >= cb_offset &&
         offset + size_bytes <= cb_offset + cb_bytes;
}

}  // namespace

/// Does any program read data_meta, or move it?
bool Explorer::asks_for_metadata() const {
  constexpr std::int32_t adjust_meta = 54;  // enum bpf_func_id
  return std::ranges::any_of(codes_, [](const Code& code) {
    const program::ProgType type = type_of(code.view);
    const CtxCopies copies(code.view, code.insns);
    if (copies.moved()) return true;
    for (std::uint32_t slot = 0; slot < code.insns.size(); ++slot) {
      const std::optional<bpf::Insn>& insn = code.insns[slot];
      if (!insn) continue;
      if (insn->form == bpf::Form::call_helper && insn->imm == adjust_meta) return true;
      const bpf::Meaning meaning = bpf::row(insn->form).meaning;
      if (meaning != bpf::Meaning::load || insn->off < 0) continue;
      if (!copies.may_hold(slot, insn->src)) continue;
      const auto* row = find_row(type, static_cast<term::Value>(insn->off), 4);
      if (row != nullptr && row->field == CtxField::data_meta) return true;
    }
    return false;
  });
}

term::Id Explorer::initial_metadata(PathState& state) {
  const term::Id none = context_.lit64(0);
  if (!asks_for_metadata()) return none;
  term::Store& store = context_.store;
  if (options_.mode == Mode::strict) {
    constexpr std::uint32_t step = 4;
    if (options_.max_metadata < step) return none;
    const term::Id words = store.var(8, "metadata.words");
    state.condition.push_back(
        store.bin(Op::ule, words, context_.lit(8, options_.max_metadata / step)));
    return store.bin(Op::sub, none, store.zext(64, store.concat(words, context_.lit(2, 0))));
  }
  // A driver may have put up to 252 bytes in front; the verifier knows no limit and no step.
  const term::Id wide = store.zext(64, context_.fresh(8, "metadata.bytes"));
  state.assumptions.emplace_back("metadata that the driver put in front", wide);
  return store.bin(Op::sub, none, wide);
}

term::Id Explorer::metadata_bytes(const PathState& state) {
  return context_.store.bin(Op::sub, state.packet.head, state.packet.meta);
}

void Explorer::make_packet(PathState& state) {
  const std::uint32_t object = state.objects.add(Memory(Unknown{packet_bytes_}));
  const RegionId packet = state.add_region({RegionKind::packet, object, 0, 0, true, true});
  state.packet = {packet, object, context_.lit64(0), length64_, state.initial_meta};
}

void Explorer::make_ctx(PathState& state) {
  state.ctx = state.add_region({RegionKind::ctx, 0, 0, 0, true, true});
  state.regs[1] = {context_.lit64(0), state.ctx};
}

term::Id Explorer::packet_length(const PathState& state) {
  return context_.store.bin(Op::sub, state.packet.end, state.packet.head);
}

/// A stored field as the program finds it. The kernel keeps some in fewer bits.
term::Id Explorer::first_value(const runtime::CtxRow& row) {
  term::Store& store = context_.store;
  const unsigned width = row.size_bytes * 8u;
  const auto variable = [&](std::string_view name) {
    return store.var(width, fmt::format("ctx.{}", name));
  };
  if (options_.mode == Mode::safety) return variable(row.name);
  if (row.kept_bits >= width) return variable(row.name);
  return store.zext(width, store.extract(0, row.kept_bits, variable(row.name)));
}

term::Id Explorer::ctx_value(PathState& state, const runtime::CtxRow& row) {
  term::Store& store = context_.store;
  const term::Id value = first_value(row);
  if (!is_interface(row) || options_.mode == Mode::safety) return value;
  // Interfaces are numbered from 1 up, as a signed 32-bit number.
  const term::Id real = store.bin(Op::ult, store.bin(Op::sub, value, context_.lit(32, 1)),
                                  context_.lit(32, 0x7fffffff));
  const Possibility shown = solver_.possible(state, real);
  if (shown.answer == Answer::yes) solver_.assume(state, real, shown);
  return value;
}

term::Id Explorer::initial_ctx(std::uint32_t offset) {
  const CtxRow* row = nullptr;
  for (const unsigned size_bytes : {4u, 8u, 1u}) {
    if (row == nullptr) row = find_row(type_of(program_), offset, size_bytes);
  }
  PROBITY_CHECK(row != nullptr);
  return first_value(*row);
}

bool Explorer::load_ctx(PathState& state, Word address, unsigned size_bytes, Word& value) {
  const auto offset = context_.store.literal(address.term);
  if (!offset) return violate(state, Property::ctx_access, "ctx is read at a computed offset");
  const program::ProgType type = type_of(program_);
  if (*offset % size_bytes != 0) {
    return violate(state, Property::ctx_access,
                   fmt::format("{} bytes at ctx offset {} are not aligned", size_bytes,
                               static_cast<std::int64_t>(static_cast<std::uint64_t>(*offset))));
  }
  if ((runtime::ctx_type_bit(type) & runtime::ctx_types::skb) != 0 && *offset == sk_offset &&
      size_bytes == 8) {
    value = socket_or_null(state, RegionKind::sock_common, Acquired::no);
    return true;
  }
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
    if (row->field == CtxField::data_end) value.region |= region_bits::end;
    if (row->field == CtxField::data_meta) value.region |= region_bits::meta;
    if (options_.mode == Mode::safety) {
      state.packet_loads = std::min(state.packet_loads + 1, region_bits::last_load);
      value.region |= state.packet_loads << region_bits::load_shift;
    }
    return true;
  }
  if (in_cb(type, *offset, size_bytes)) {
    value = read_cb(state, static_cast<std::uint32_t>(*offset), size_bytes);
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
  } else if (row->name == "vlan_present" && options_.mode == Mode::strict) {
    whole = context_.store.zext(32, vlan_present(state));
  } else if (written != state.ctx_written.end()) {
    whole = written->second.term;
  } else {
    whole = ctx_value(state, *row);
  }
  const unsigned low = (static_cast<unsigned>(*offset) - row->offset) * 8;
  value = {context_.store.extract(low, size_bytes * 8, whole), 0};
  return true;
}

/// The bytes of cb[] from `offset`, little-endian.
Word Explorer::read_cb(PathState& state, std::uint32_t offset, unsigned size_bytes) {
  term::Store& store = context_.store;
  term::Id value;
  for (std::uint32_t at = offset & ~3u; at < offset + size_bytes; at += 4) {
    const auto written = state.ctx_written.find(at);
    const CtxRow* row = find_row(type_of(program_), at, 4);
    const term::Id word =
        written != state.ctx_written.end() ? written->second.term : ctx_value(state, *row);
    value = value ? store.concat(word, value) : word;
  }
  return {store.extract((offset & 3u) * 8, size_bytes * 8, value), 0};
}

void Explorer::write_cb(PathState& state, std::uint32_t offset, unsigned size_bytes,
                        term::Id value) {
  term::Store& store = context_.store;
  if (size_bytes >= 4) {
    for (unsigned at = 0; at < size_bytes; at += 4) {
      state.ctx_written[offset + at] = {store.extract(at * 8, 32, value), 0};
    }
    return;
  }
  const std::uint32_t start = offset & ~3u;
  const unsigned low = (offset - start) * 8;
  const unsigned high = low + size_bytes * 8;
  const term::Id old = read_cb(state, start, 4).term;
  term::Id word = value;
  if (low > 0) word = store.concat(word, store.extract(0, low, old));
  if (high < 32) word = store.concat(store.extract(high, 32 - high, old), word);
  state.ctx_written[start] = {word, 0};
}

bool Explorer::store_ctx(PathState& state, Word address, unsigned size_bytes, Word value) {
  const auto offset = context_.store.literal(address.term);
  if (!offset) return violate(state, Property::ctx_access, "ctx is written at a computed offset");
  const program::ProgType type = type_of(program_);
  if (in_cb(type, *offset, size_bytes) && *offset % size_bytes == 0) {
    if (!observable(state, value, "a ctx field")) return false;
    write_cb(state, static_cast<std::uint32_t>(*offset), size_bytes, as_number(value));
    return true;
  }
  const CtxRow* row = find_row(type, *offset, size_bytes);
  if (row == nullptr || (row->write & runtime::ctx_type_bit(type)) == 0 ||
      size_bytes != row->size_bytes) {
    return violate(state, Property::ctx_access,
                   fmt::format("{} bytes at ctx offset {} may not be written", size_bytes,
                               static_cast<std::int64_t>(static_cast<std::uint64_t>(*offset))));
  }
  if (!observable(state, value, "a ctx field")) return false;
  value = {as_number(value), 0};
  const unsigned width = row->size_bytes * 8u;
  if (row->kept_bits < width) {
    term::Store& store = context_.store;
    const auto written = state.ctx_written.find(row->offset);
    const term::Id before =
        written != state.ctx_written.end() ? written->second.term : ctx_value(state, *row);
    const Value<64> stored = runtime::ctx_stored(*row, Value<64>::of({store.zext(64, before), 0}),
                                                 Value<64>::of({store.zext(64, value.term), 0}));
    value = {store.extract(0, width, stored.raw().term), 0};
  }
  state.ctx_written[row->offset] = value;
  return true;
}

}  // namespace probity::symex
