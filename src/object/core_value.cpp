// SPDX-License-Identifier: Apache-2.0
// A value that does not exist is `nothing`, which poisons; questions about existence answer 0
// instead. Bit fields are read through the smallest aligned integer that holds them.
#include "object/core_value.hpp"

#include <bpf/btf.h>
#include <fmt/core.h>

namespace probity::object {
namespace {

constexpr unsigned array_depth_limit = 32;
constexpr std::uint32_t widest_load_bytes = 8;

std::unexpected<Diagnostic> bad(const std::string& line) {
  return error(Fault::bad_input, line);
}

/// A value, and for byte offsets the field's type and size.
struct Value {
  std::uint64_t number = 0;
  std::uint32_t size_bytes = 0;
  TypeRef type;
  bool sure = true;  ///< the compiler must have written the same
};

Expected<std::uint32_t> size_in_bytes(TypeRef type) {
  const auto size = type.btf->size_of(type.id);
  if (!size) return bad(fmt::format("BTF type {} has no size", type.id));
  return *size;
}

/// Size of one element behind all dimensions: a load reads an element.
Expected<std::uint32_t> element_size(TypeRef type) {
  ResolvedType at = resolve(type);
  for (unsigned i = 0; i < array_depth_limit && at.type != nullptr; ++i) {
    if (!btf_is_array(at.type)) return size_in_bytes({type.btf, at.id});
    at = resolve({type.btf, btf_array(at.type)->type});
  }
  return bad(fmt::format("BTF type {} is no array of something", type.id));
}

/// Where a field lies: the integer that holds it, and its bits.
struct Extent {
  std::uint64_t byte = 0;
  std::uint32_t bytes = 0;
  std::uint64_t first_bit = 0;
  std::uint32_t bits = 0;
  bool bit_field = false;
};

Expected<Extent> bit_field_extent(std::uint64_t first_bit, std::uint32_t bits,
                                  std::uint32_t bytes) {
  if (bytes == 0 || bytes > widest_load_bytes)
    return bad(fmt::format("a bit field in an integer of {} bytes", bytes));
  Extent extent{first_bit / 8 / bytes * bytes, bytes, first_bit, bits, true};
  while (first_bit + bits - extent.byte * 8 > std::uint64_t{extent.bytes} * 8) {
    if (extent.bytes >= widest_load_bytes)
      return bad("a bit field that no load of 8 bytes can read");
    extent.bytes *= 2;
    extent.byte = first_bit / 8 / extent.bytes * extent.bytes;
  }
  return extent;
}

Expected<Extent> extent_of(const CorePlace& place, const btf_type* composite,
                           const CoreStep& last) {
  const btf_member& member = btf_members(composite)[last.index];
  const ResolvedType type = resolve({place.root.btf, member.type});
  if (type.type == nullptr) return bad(fmt::format("BTF type {} does not exist", member.type));
  const std::uint32_t bits = btf_member_bitfield_size(composite, last.index);
  if (bits != 0) return bit_field_extent(place.first_bit, bits, type.type->size);
  TRY(const std::uint32_t bytes, size_in_bytes({place.root.btf, type.id}));
  return Extent{place.first_bit / 8, bytes, place.first_bit, bytes * 8, false};
}

/// libbpf counts shifts in 32 bits, which shows for fields of more than 8 bytes.
std::uint32_t shift_of(std::uint64_t used_bits) {
  return 64 - static_cast<std::uint32_t>(used_bits);
}

bool is_signed(const btf_type* type) {
  if (btf_is_any_enum(type)) return btf_kflag(type);
  return btf_is_int(type) && (btf_int_encoding(type) & BTF_INT_SIGNED) != 0;
}

Expected<Value> element_value(const CorePlace& place, CoreKind kind) {
  const TypeRef element{place.root.btf, place.steps.back().type_id};
  if (kind == CoreKind::field_byte_offset) {
    TRY(const std::uint32_t size, element_size(element));
    return Value{place.first_bit / 8, size, element, true};
  }
  if (kind == CoreKind::field_byte_size) {
    TRY(const std::uint32_t size, size_in_bytes(element));
    return Value{size, 0, {}, true};
  }
  return bad("only the offset and the size of an array element can be asked for");
}

Expected<Value> member_value(const CorePlace& place, CoreKind kind) {
  const CoreStep& last = place.steps.back();
  const btf_type* composite = place.root.btf->type(last.type_id);
  const ResolvedType type = resolve({place.root.btf, btf_members(composite)[last.index].type});
  TRY(const Extent extent, extent_of(place, composite, last));
  const bool sure = !extent.bit_field;
  switch (kind) {
    case CoreKind::field_byte_offset: {
      if (extent.bit_field) return Value{extent.byte, 0, {}, sure};
      const TypeRef field{place.root.btf, type.id};
      TRY(const std::uint32_t size, element_size(field));
      return Value{extent.byte, size, field, sure};
    }
    case CoreKind::field_byte_size: return Value{extent.bytes, 0, {}, sure};
    case CoreKind::field_signed: return Value{is_signed(type.type) ? 1u : 0u, 0, {}, true};
    case CoreKind::field_left_shift:
      return Value{shift_of(extent.first_bit + extent.bits - extent.byte * 8), 0, {}, sure};
    case CoreKind::field_right_shift: return Value{shift_of(extent.bits), 0, {}, true};
    case CoreKind::field_exists:
    case CoreKind::type_id_local:
    case CoreKind::type_id_target:
    case CoreKind::type_exists:
    case CoreKind::type_size:
    case CoreKind::enum_value_exists:
    case CoreKind::enum_value:
    case CoreKind::type_matches: break;
  }
  return bad("not a question about a field");
}

Expected<std::optional<Value>> field_value(const CorePlace* place, CoreKind kind) {
  if (kind == CoreKind::field_exists) return Value{place != nullptr ? 1u : 0u, 0, {}, true};
  if (place == nullptr) return std::nullopt;
  if (place->steps.back().name.empty()) return element_value(*place, kind);
  return member_value(*place, kind);
}

/// A type that does not exist has id, size and existence 0.
Expected<std::optional<Value>> type_value(const CorePlace* place, CoreKind kind) {
  if (place == nullptr) return Value{};
  if (kind == CoreKind::type_id_target || kind == CoreKind::type_id_local)
    return Value{place->root.id, 0, {}, false};
  if (kind != CoreKind::type_size) return Value{1, 0, {}, true};
  TRY(const std::uint32_t size, size_in_bytes(place->root));
  return Value{size, 0, {}, true};
}

std::optional<Value> enumerator_value(const CorePlace* place, CoreKind kind) {
  if (kind == CoreKind::enum_value_exists) return Value{place != nullptr ? 1u : 0u, 0, {}, true};
  if (place == nullptr) return std::nullopt;
  const CoreStep& step = place->steps[0];
  const btf_type* type = place->root.btf->type(step.type_id);
  if (!btf_is_enum(type))
    return Value{btf_enum64_value(btf_enum64(type) + step.index), 0, {}, true};
  const std::int64_t number = btf_enum(type)[step.index].val;
  return Value{static_cast<std::uint64_t>(number), 0, {}, true};
}

Expected<std::optional<Value>> value_of(const CorePlace* place, CoreKind kind) {
  switch (subject_of(kind)) {
    case CoreSubject::field: return field_value(place, kind);
    case CoreSubject::type: return type_value(place, kind);
    case CoreSubject::enumerator: return enumerator_value(place, kind);
  }
  return bad("not a CO-RE relocation");
}

/// Loads of pointers and of unsigned integers may change width: both extend with zeros.
bool can_change_width(TypeRef from, TypeRef to) {
  const btf_type* a = from.btf != nullptr ? from.btf->type(from.id) : nullptr;
  const btf_type* b = to.btf != nullptr ? to.btf->type(to.id) : nullptr;
  if (a == nullptr || b == nullptr) return false;
  if (btf_is_ptr(a) && btf_is_ptr(b)) return true;
  return btf_is_int(a) && btf_is_int(b) && btf_int_encoding(a) != BTF_INT_SIGNED &&
         btf_int_encoding(b) != BTF_INT_SIGNED;
}

Expected<CoreResult> compare(const CorePlace& local, const CorePlace* target, CoreKind kind) {
  TRY(const std::optional<Value> original, value_of(&local, kind));
  TRY(const std::optional<Value> relocated, value_of(target, kind));
  CoreResult result;
  result.original = original->number;
  result.check_original = original->sure;
  result.original_size = original->size_bytes;
  result.poison = !relocated;
  if (!relocated) return result;
  result.relocated = relocated->number;
  result.relocated_size = relocated->size_bytes;
  result.wrong_size = original->size_bytes != relocated->size_bytes &&
                      !can_change_width(original->type, relocated->type);
  return result;
}

std::string describe(const CoreResult& result) {
  return result.poison ? std::string("nothing") : fmt::format("{}", result.relocated);
}

}  // namespace

Expected<CoreResult> relocate(const Btf& btf, const CoreRecord& record,
                              std::vector<TypeRef>& candidates) {
  if (record.kind >= core_kind_count)
    return bad(fmt::format("kind {} is not in 0..{}", record.kind, core_kind_count - 1));
  const auto kind = static_cast<CoreKind>(record.kind);
  TRY(const CorePlace local, parse_access(btf, record, kind));
  if (kind == CoreKind::type_id_local) {
    CoreResult result;
    result.relocated = local.root.id;
    result.check_original = false;
    return result;
  }
  const btf_type* type = btf.type(record.type_id);
  if (type == nullptr || btf.name_of(type).empty())
    return bad(fmt::format("BTF type {} has no name to look for", record.type_id));
  std::vector<TypeRef> fitting;
  std::optional<CoreResult> agreed;
  std::uint64_t agreed_bit = 0;
  for (const TypeRef& candidate : candidates) {
    TRY(const std::optional<CorePlace> place, find_access(local, candidate, kind));
    if (!place) continue;
    TRY(const CoreResult result, compare(local, &*place, kind));
    fitting.push_back(candidate);
    if (!agreed) {
      agreed = result;
      agreed_bit = place->first_bit;
      continue;
    }
    const bool same = place->first_bit == agreed_bit && result.poison == agreed->poison &&
                      result.relocated == agreed->relocated;
    if (!same)
      return bad(fmt::format("{} kernel types of that name disagree: {} at bit {}, {} at bit {}",
                             candidates.size(), describe(*agreed), agreed_bit, describe(result),
                             place->first_bit));
  }
  if (!agreed) return compare(local, nullptr, kind);
  candidates = std::move(fitting);
  return *agreed;
}

}  // namespace probity::object
