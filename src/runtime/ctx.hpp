// SPDX-License-Identifier: Apache-2.0
// The ctx of a program as data: struct xdp_md and struct __sk_buff (linux/bpf.h), one row per
// field, with who may read and write it (net/core/filter.c: xdp_is_valid_access,
// sk_filter_is_valid_access, tc_cls_act_is_valid_access, cg_skb_is_valid_access). The interpreter
// computes fields from it; the symbolic executor may do the same.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "program/program.hpp"

namespace probity::runtime {

enum class CtxField : std::uint8_t {
  data,  ///< a pointer; so are the next two
  data_end,
  data_meta,
  length,  ///< of the packet, without its link header where the type has none
  value,   ///< a stored number
};

/// Which program types: bits of CtxRow::read and ::write.
namespace ctx_types {
constexpr std::uint8_t none = 0;
constexpr std::uint8_t xdp = 1;
constexpr std::uint8_t tc = 2;
constexpr std::uint8_t cgroup = 4;
constexpr std::uint8_t socket = 8;
constexpr std::uint8_t skb = tc | cgroup | socket;
}  // namespace ctx_types

struct CtxRow {
  std::string_view name;
  std::uint16_t offset;
  std::uint16_t size_bytes;
  CtxField field;
  std::uint8_t read;
  std::uint8_t write;
};

constexpr std::size_t ctx_bytes = 192;  ///< sizeof(struct __sk_buff)

/// The rows of a program type's ctx, by offset; empty for types whose ctx is not modelled.
std::span<const CtxRow> ctx_rows(program::ProgType type);
/// The row that holds bytes offset..offset+size_bytes, or null.
const CtxRow* find_ctx_row(program::ProgType type, std::uint32_t offset, unsigned size_bytes);
std::uint8_t ctx_type_bit(program::ProgType type);
constexpr bool is_pointer(CtxField field) {
  return field <= CtxField::data_meta;
}

}  // namespace probity::runtime
