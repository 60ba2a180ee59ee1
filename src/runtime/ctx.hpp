// SPDX-License-Identifier: Apache-2.0
// The ctx of a program as data: struct xdp_md and struct __sk_buff (linux/bpf.h), one row per
// field, with who may read and write it (net/core/filter.c: xdp_is_valid_access,
// sk_filter_is_valid_access, tc_cls_act_is_valid_access, cg_skb_is_valid_access,
// lwt_is_valid_access, flow_dissector_is_valid_access) and whether a test run takes it from its
// ctx_in (net/bpf/test_run.c: convert___skb_to_skb). The interpreter computes fields from it; the
// symbolic executor may do the same.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "domain/bv.hpp"
#include "program/program.hpp"

namespace probity::runtime {

enum class CtxField : std::uint8_t {
  data,  ///< a packet pointer; so are the next two
  data_end,
  data_meta,
  length,     ///< of the packet, without its link header where the type has none
  value,      ///< a stored number
  socket,     ///< a pointer to struct bpf_sock
  flow_keys,  ///< a pointer to struct bpf_flow_keys
};

/// Which loads of a field the kernel allows.
enum class CtxParts : std::uint8_t {
  any,    ///< narrow ones, too, at a multiple of their size
  whole,  ///< the whole field only
};

/// Which program types: bits of CtxRow::read and ::write.
namespace ctx_types {
constexpr std::uint8_t none = 0;
constexpr std::uint8_t xdp = 1;
constexpr std::uint8_t tc = 2;
constexpr std::uint8_t cgroup = 4;
constexpr std::uint8_t socket = 8;
constexpr std::uint8_t lwt_in_out = 16;
constexpr std::uint8_t lwt_xmit = 32;
constexpr std::uint8_t lwt = lwt_in_out | lwt_xmit;
constexpr std::uint8_t flow = 64;
constexpr std::uint8_t direct = tc | cgroup | lwt;  ///< sk_buffs with packet pointers
constexpr std::uint8_t skb = direct | socket;
}  // namespace ctx_types

struct CtxRow {
  std::string_view name;
  std::uint16_t offset;
  std::uint16_t size_bytes;
  std::uint8_t kept_bits;  ///< what the kernel stores of a value
  CtxField field;
  CtxParts parts;
  std::uint8_t read;
  std::uint8_t write;
  std::uint8_t test_run;  ///< types for which BPF_PROG_TEST_RUN takes the field from ctx_in
};

constexpr std::size_t ctx_bytes = 192;  ///< sizeof(struct __sk_buff)

/// The rows of a program type's ctx, by offset; empty for types whose ctx is not modelled.
std::span<const CtxRow> ctx_rows(program::ProgType type);
/// The row that holds bytes offset..offset+size_bytes, or null where no access of this size exists.
/// Stores are of whole fields, save in cb[].
const CtxRow* find_ctx_row(program::ProgType type, std::uint32_t offset, unsigned size_bytes);
/// Are these bytes of cb[]? It is one array of plain memory: eight bytes may be accessed at once.
bool is_ctx_array(program::ProgType type, std::uint32_t offset, unsigned size_bytes);
/// The row of that name, or null.
const CtxRow* find_ctx_row(program::ProgType type, std::string_view name);
std::uint8_t ctx_type_bit(program::ProgType type);
/// A packet pointer, loaded by four bytes.
constexpr bool is_pointer(CtxField field) {
  return field <= CtxField::data_meta;
}
/// A pointer to something of the kernel's, loaded by eight bytes.
constexpr bool is_object_pointer(CtxField field) {
  return field == CtxField::socket || field == CtxField::flow_keys;
}

/// What a field holds after a store of `value` to all of it, when it held `before`: the kernel
/// keeps some fields in fewer bits, and ignores a queue_mapping that is no queue's number.
template <Domain D>
constexpr Bv<D, 64> ctx_stored(const CtxRow& row, Bv<D, 64> before, Bv<D, 64> value) {
  constexpr std::uint16_t queue_mapping_offset = 12;
  constexpr std::uint64_t no_queue = 0xffff;  // NO_QUEUE_MAPPING
  if (row.kept_bits == 64) return value;
  const Bv<D, 64> kept = value & Bv<D, 64>::lit((std::uint64_t{1} << row.kept_bits) - 1);
  if (row.offset != queue_mapping_offset) return kept;
  const Bv<D, 64> word = value & Bv<D, 64>::lit(0xffff'ffff);
  return ite(ult(word, Bv<D, 64>::lit(no_queue)), kept, before);
}

}  // namespace probity::runtime
