// SPDX-License-Identifier: Apache-2.0
// clang writes the value for the compiled layout into the slot, so a settled relocation changes no
// bits. A definition in an object may be partial ("only the fields I need"), hence the comparison
// of offsets.
#include "object/core.hpp"

#include <bpf/btf.h>
#include <fmt/core.h>
#include <linux/bpf.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <unordered_map>

#include "object/core_patch.hpp"
#include "object/limits.hpp"
#include "object/printable.hpp"
#include "program/poison.hpp"

namespace probity::object {
namespace {

constexpr std::uint32_t kind_type_id_local = 6;  // enum bpf_core_relo_kind
constexpr std::uint32_t last_field_kind = 5;     // byte offset, size, exists, signed, two shifts

/// The kernel's; no user-space header has it.
struct vlan_hdr {
  std::uint16_t h_vlan_TCI;
  std::uint16_t h_vlan_encapsulated_proto;
};

struct FixedField {
  std::string_view type;
  std::string_view path;
  std::uint64_t first_bit;
};

constexpr FixedField fixed_fields[] = {
#define FIELD(type, path) {#type, #path, offsetof(type, path) * 8},
#define BITS(type, path, bit) {#type, #path, bit},
#include "object/fixed_layout.def"
};

/// A field as an access string reaches it: the names on the way, and where it starts.
struct Field {
  std::string path;
  std::uint64_t first_bit = 0;
};

/// The indexes of "0:1:2"; nothing when it is not of that form.
std::optional<std::vector<std::uint32_t>> parse_access(std::string_view access) {
  std::vector<std::uint32_t> indexes;
  const char* at = access.data();
  const char* const end = at + access.size();
  while (at != end) {
    std::uint32_t index = 0;
    const auto [next, problem] = std::from_chars(at, end, index);
    const bool more = next != end && *next == ':';
    if (problem != std::errc() || (next != end && !more)) return std::nullopt;
    if (indexes.size() >= limits::btf_type_depth) return std::nullopt;
    indexes.push_back(index);
    at = more ? next + 1 : next;
  }
  return indexes;
}

/// Follows the access through members; an array ends the walk, as its elements follow one another.
std::optional<Field> find_field(const Btf& btf, const CoreRecord& record) {
  const auto indexes = parse_access(record.access);
  if (!indexes || indexes->size() < 2 || indexes->front() != 0) return std::nullopt;
  Field field;
  std::uint32_t id = record.type_id;
  for (std::size_t i = 1; i < indexes->size(); ++i) {
    const btf_type* type = btf.type(btf.resolve(id).value_or(0));
    if (type == nullptr) return std::nullopt;
    if (btf_is_array(type)) {
      const btf_type* element = btf.type(btf.resolve(btf_array(type)->type).value_or(0));
      const bool last = i + 1 == indexes->size();
      return last && element != nullptr && btf_is_int(element) ? std::optional(field)
                                                               : std::nullopt;
    }
    const std::uint32_t index = (*indexes)[i];
    if (!btf_is_composite(type) || index >= btf_vlen(type)) return std::nullopt;
    const btf_member& member = btf_members(type)[index];
    const std::string_view name = btf.string_at(member.name_off);
    if (!name.empty()) field.path += fmt::format("{}{}", field.path.empty() ? "" : ".", name);
    field.first_bit += btf_member_bit_offset(type, index);
    id = member.type;
  }
  return field;
}

class CoreApplier {
 public:
  CoreApplier(const Object& object, const Kernel& kernel, Program& program)
      : object_(object), kernel_(kernel), program_(program) {}

  void run() {
    std::vector<CoreRelocation*> order;
    for (CoreRelocation& relocation : program_.core) order.push_back(&relocation);
    std::ranges::sort(order, {}, [](const CoreRelocation* item) { return item->record.place; });
    for (CoreRelocation* relocation : order) apply(*relocation);
    if (missing_ != 0)
      problem(
          fmt::format("needs {} CO-RE relocations against kernel types, first {} {} at slot {} "
                      "({})",
                      missing_, first_missing_->record.type_name, first_missing_->record.access,
                      first_missing_->slot, reason_));
  }

 private:
  void problem(std::string_view text) {
    if (program_.problems.size() < limits::problems) program_.problems.push_back(printable(text));
  }

  void apply(CoreRelocation& relocation) {
    const CoreRecord& record = relocation.record;
    const bool local = record.kind == kind_type_id_local;
    relocation.applied = record.settled && !local;
    if (relocation.applied) return;
    if (!local && !have_types()) {
      if (missing_++ == 0) first_missing_ = &relocation;
      return;
    }
    const auto patched = patch_slot(relocation);
    relocation.applied = patched.has_value();
    if (!patched) {
      problem(fmt::format("CO-RE relocation of {} {} at slot {}: {}", record.type_name,
                          record.access, relocation.slot, patched.error().line()));
      return;
    }
    const bpf::Slot& slot = program_.slots[relocation.slot];
    relocation.poisoned = slot == program::poisoned_call(program::poisoned_relocation);
  }

  bool have_types() {
    if (types_) return true;
    if (!reason_.empty()) return false;
    auto types = kernel_.types();
    if (types)
      types_ = *std::move(types);
    else
      reason_ = types.error().line();
    return types_ != nullptr;
  }

  Expected<void> patch_slot(const CoreRelocation& relocation) {
    const CoreRecord& record = relocation.record;
    const auto [entry, added] = candidates_.try_emplace(record.type_id);
    if (added && types_) entry->second = types_->candidates({object_.btf.get(), record.type_id});
    TRY(const CoreResult result, relocate(*object_.btf, record, entry->second));
    return patch(program_.slots, relocation.slot, result);
  }

  const Object& object_;
  const Kernel& kernel_;
  Program& program_;
  std::shared_ptr<const KernelTypes> types_;
  std::unordered_map<std::uint32_t, std::vector<TypeRef>> candidates_;  // by local type
  std::size_t missing_ = 0;
  const CoreRelocation* first_missing_ = nullptr;
  std::string reason_;
};

}  // namespace

bool is_settled(const Btf& btf, const CoreRecord& record) {
  if (record.kind == kind_type_id_local) return true;
  if (record.kind > last_field_kind) return false;
  const auto field = find_field(btf, record);
  if (!field) return false;
  const std::string_view type = record.type_name.substr(0, record.type_name.find("___"));
  for (const FixedField& fixed : fixed_fields)
    if (fixed.type == type && fixed.path == field->path) return fixed.first_bit == field->first_bit;
  return false;
}

void apply_core(const Object& object, const Kernel& kernel, Program& program) {
  if (!program.core.empty()) CoreApplier(object, kernel, program).run();
}

}  // namespace probity::object
