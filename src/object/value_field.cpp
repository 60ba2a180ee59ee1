// SPDX-License-Identifier: Apache-2.0
// See value_field.hpp.
#include "object/value_field.hpp"

#include <bpf/btf.h>

#include <optional>

namespace probity::object {
namespace {

using program::ValueField;
using program::ValueFieldKind;

/// Structs in structs; the kernel allows fewer.
constexpr unsigned max_depth = 8;
constexpr std::size_t max_fields = 64;

std::optional<ValueFieldKind> kind_named(std::string_view name) {
  if (name == "bpf_spin_lock") return ValueFieldKind::spin_lock;
  if (name == "bpf_timer") return ValueFieldKind::timer;
  if (name == "bpf_wq") return ValueFieldKind::workqueue;
  return std::nullopt;
}

void find_fields(const Btf& btf, std::uint32_t id, std::uint32_t offset, unsigned depth,
                 std::vector<ValueField>& found) {
  const std::optional<std::uint32_t> resolved = btf.resolve(id);
  const btf_type* const type = resolved ? btf.type(*resolved) : nullptr;
  if (type == nullptr || !btf_is_struct(type) || depth > max_depth) return;
  if (const auto kind = kind_named(btf.name_of(type))) {
    if (found.size() < max_fields) found.push_back({*kind, offset});
    return;
  }
  for (std::uint32_t i = 0; i < btf_vlen(type); ++i) {
    const std::uint32_t bits = btf_member_bit_offset(type, i);
    find_fields(btf, btf_members(type)[i].type, offset + bits / 8, depth + 1, found);
  }
}

}  // namespace

std::vector<ValueField> value_fields(const Btf& btf, std::uint32_t value_type) {
  std::vector<ValueField> found;
  find_fields(btf, value_type, 0, 0, found);
  return found;
}

}  // namespace probity::object
