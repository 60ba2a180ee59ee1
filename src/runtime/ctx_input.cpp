// SPDX-License-Identifier: Apache-2.0
// See ctx_input.hpp. Limits beyond a field's width are those of convert___skb_to_skb() in
// net/bpf/test_run.c.
#include "runtime/ctx_input.hpp"

#include <fmt/format.h>

namespace probity::runtime {
namespace {

/// vlan_present follows the other two; tstamp_type is the kernel's own note about tstamp.
bool is_settable(const CtxRow& row, std::uint8_t type) {
  const bool seen = ((row.read | row.test_run) & type) != 0;
  return seen && row.field == CtxField::value && row.name != "vlan_present" &&
         row.name != "tstamp_type";
}

std::uint64_t limit_of(const CtxRow& row) {
  constexpr std::uint64_t max_wire_bytes = 65536;  // GSO_LEGACY_MAX_SIZE
  if (row.name == "wire_len") return max_wire_bytes;
  return row.kept_bits == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << row.kept_bits) - 1;
}

}  // namespace

std::string settable_ctx_fields(program::ProgType type) {
  std::string names;
  for (const CtxRow& row : ctx_rows(type)) {
    if (!is_settable(row, ctx_type_bit(type))) continue;
    if (!names.empty()) names += ", ";
    names += row.name;
  }
  return names;
}

Expected<const CtxRow*> require_ctx_value(program::ProgType type, const CtxValue& value) {
  const CtxRow* row = find_ctx_row(type, value.name);
  if (row == nullptr || !is_settable(*row, ctx_type_bit(type))) {
    return error(Fault::bad_input,
                 fmt::format("ctx field '{}': not one that a run of a {} program can set ({})",
                             value.name, program::name(type), settable_ctx_fields(type)));
  }
  if (value.value > limit_of(*row)) {
    return error(Fault::bad_input, fmt::format("ctx field {}: {} exceeds {}", value.name,
                                               value.value, limit_of(*row)));
  }
  return row;
}

}  // namespace probity::runtime
