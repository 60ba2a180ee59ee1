// SPDX-License-Identifier: Apache-2.0
// Each relation walks both types in step. Types may be cyclic, hence the limits on both the length
// of a chain (pointers, arrays, return types) and the depth of branching (parameters, members):
// libbpf has the same two and fails where they are reached.
#include "object/core_compare.hpp"

#include <bpf/btf.h>
#include <fmt/core.h>

namespace probity::object {
namespace {

constexpr unsigned chain_limit = 32;
constexpr unsigned branch_limit = 32;
constexpr unsigned comparison_limit = 1'000'000;  // of one question; libbpf has none

std::unexpected<Diagnostic> too_deep() {
  return error(Fault::bad_input,
               fmt::format("types nested deeper than {} are not compared", chain_limit));
}

std::string_view name_of(const Btf& btf, const btf_type* type) {
  return btf.name_of(type);
}

/// Integers with an offset are bit fields of very old compilers.
bool is_plain_int(const btf_type* type) {
  return btf_int_offset(type) == 0;
}

std::uint32_t enumerator_name(const btf_type* type, unsigned index) {
  return btf_is_enum(type) ? btf_enum(type)[index].name_off : btf_enum64(type)[index].name_off;
}

class Compatibility {
 public:
  Compatibility(const Btf& local, const Btf& target) : local_(local), target_(target) {}

  Expected<bool> check(std::uint32_t local_id, std::uint32_t target_id, unsigned level) {
    for (unsigned step = 0; step < chain_limit; ++step) {
      const ResolvedType a = resolve({&local_, local_id});
      const ResolvedType b = resolve({&target_, target_id});
      if (a.type == nullptr || b.type == nullptr) return too_deep();
      if (!are_kinds_compatible(a.type, b.type)) return false;
      switch (btf_kind(a.type)) {
        case BTF_KIND_UNKN:
        case BTF_KIND_STRUCT:
        case BTF_KIND_UNION:
        case BTF_KIND_ENUM:
        case BTF_KIND_ENUM64:
        case BTF_KIND_FWD: return true;
        case BTF_KIND_INT: return is_plain_int(a.type) && is_plain_int(b.type);
        case BTF_KIND_PTR: break;
        case BTF_KIND_ARRAY:
          local_id = btf_array(a.type)->type;
          target_id = btf_array(b.type)->type;
          continue;
        case BTF_KIND_FUNC_PROTO: {
          TRY(const bool same, check_parameters(a.type, b.type, level));
          if (!same) return false;
          break;
        }
        default: return false;  // a section, a tag: never the target of a relocation
      }
      local_id = a.type->type;
      target_id = b.type->type;
    }
    return too_deep();
  }

 private:
  Expected<bool> check_parameters(const btf_type* a, const btf_type* b, unsigned level) {
    if (btf_vlen(a) != btf_vlen(b)) return false;
    for (unsigned i = 0; i < btf_vlen(a); ++i) {
      if (level == 0 || ++comparisons_ > comparison_limit) return too_deep();
      TRY(const bool same, check(btf_params(a)[i].type, btf_params(b)[i].type, level - 1));
      if (!same) return false;
    }
    return true;
  }

  const Btf& local_;
  const Btf& target_;
  unsigned comparisons_ = 0;
};

class Match {
 public:
  Match(const Btf& local, const Btf& target) : local_(local), target_(target) {}

  enum class Behind : std::uint8_t { nothing, pointer };

  Expected<bool> check(std::uint32_t local_id, std::uint32_t target_id, Behind behind,
                       unsigned level) {
    if (level == 0) return too_deep();
    for (unsigned step = 0; step < chain_limit; ++step) {
      if (++comparisons_ > comparison_limit) return too_deep();
      const ResolvedType a = resolve({&local_, local_id});
      const ResolvedType b = resolve({&target_, target_id});
      if (a.type == nullptr || b.type == nullptr) return too_deep();
      if (!have_same_name(name_of(local_, a.type), name_of(target_, b.type))) return false;
      switch (btf_kind(a.type)) {
        case BTF_KIND_UNKN: return btf_kind(b.type) == BTF_KIND_UNKN;
        case BTF_KIND_FWD: return forward_matches(a.type, b.type, behind);
        case BTF_KIND_ENUM:
        case BTF_KIND_ENUM64: return btf_is_any_enum(b.type) && enums_match(a.type, b.type);
        case BTF_KIND_INT: return ints_match(a.type, b.type);
        case BTF_KIND_STRUCT:
        case BTF_KIND_UNION:
          if (behind == Behind::pointer) return composite_behind_pointer(a.type, b.type);
          if (btf_kind(a.type) != btf_kind(b.type)) return false;
          return members_match(a.type, b.type, behind, level);
        case BTF_KIND_PTR:
          if (!btf_is_ptr(b.type)) return false;
          behind = Behind::pointer;
          break;
        case BTF_KIND_ARRAY:
          if (!btf_is_array(b.type)) return false;
          if (btf_array(a.type)->nelems != btf_array(b.type)->nelems) return false;
          local_id = btf_array(a.type)->type;
          target_id = btf_array(b.type)->type;
          continue;
        case BTF_KIND_FUNC_PROTO: {
          if (btf_kind(b.type) != BTF_KIND_FUNC_PROTO) return false;
          TRY(const bool same, parameters_match(a.type, b.type, behind, level));
          if (!same) return false;
          break;
        }
        default: return false;
      }
      local_id = a.type->type;
      target_id = b.type->type;
    }
    return too_deep();
  }

 private:
  /// The kind flag of a forward declaration says union.
  static bool forward_matches(const btf_type* a, const btf_type* b, Behind behind) {
    const bool is_union = btf_kflag(a);
    if (btf_is_fwd(b)) return btf_kflag(b) == is_union;
    if (behind == Behind::nothing) return false;
    return is_union ? btf_is_union(b) : btf_is_struct(b);
  }

  static bool composite_behind_pointer(const btf_type* a, const btf_type* b) {
    if (btf_kind(a) == btf_kind(b)) return true;
    return btf_is_fwd(b) && btf_is_union(a) == btf_kflag(b);
  }

  static bool ints_match(const btf_type* a, const btf_type* b) {
    if (!btf_is_int(b)) return false;
    const bool same_sign =
        (btf_int_encoding(a) & BTF_INT_SIGNED) == (btf_int_encoding(b) & BTF_INT_SIGNED);
    return a->size == b->size && same_sign;
  }

  bool enums_match(const btf_type* a, const btf_type* b) const {
    if (a->size != b->size || btf_vlen(a) > btf_vlen(b)) return false;
    for (unsigned i = 0; i < btf_vlen(a); ++i) {
      const std::string_view name = local_.string_at(enumerator_name(a, i));
      bool found = false;
      for (unsigned k = 0; k < btf_vlen(b) && !found; ++k)
        found = have_same_name(name, target_.string_at(enumerator_name(b, k)));
      if (!found) return false;
    }
    return true;
  }

  Expected<bool> members_match(const btf_type* a, const btf_type* b, Behind behind,
                               unsigned level) {
    if (btf_vlen(a) > btf_vlen(b)) return false;
    for (unsigned i = 0; i < btf_vlen(a); ++i) {
      TRY(const bool found, member_matches(btf_members(a)[i], b, behind, level));
      if (!found) return false;
    }
    return true;
  }

  Expected<bool> member_matches(const btf_member& member, const btf_type* composite, Behind behind,
                                unsigned level) {
    const std::string_view name = local_.string_at(member.name_off);
    for (unsigned k = 0; k < btf_vlen(composite); ++k) {
      const btf_member& other = btf_members(composite)[k];
      if (!have_same_name(name, target_.string_at(other.name_off))) continue;
      TRY(const bool same, check(member.type, other.type, behind, level - 1));
      if (same) return true;
    }
    return false;
  }

  Expected<bool> parameters_match(const btf_type* a, const btf_type* b, Behind behind,
                                  unsigned level) {
    if (btf_vlen(a) != btf_vlen(b)) return false;
    for (unsigned i = 0; i < btf_vlen(a); ++i) {
      TRY(const bool same, check(btf_params(a)[i].type, btf_params(b)[i].type, behind, level - 1));
      if (!same) return false;
    }
    return true;
  }

  const Btf& local_;
  const Btf& target_;
  unsigned comparisons_ = 0;
};

}  // namespace

ResolvedType resolve(TypeRef type) {
  const auto id = type.btf->resolve(type.id);
  if (!id) return {};
  return {type.btf->type(*id), *id};
}

bool have_same_name(std::string_view a, std::string_view b) {
  return essential_name(a) == essential_name(b);
}

Expected<bool> are_types_compatible(TypeRef local, TypeRef target) {
  const btf_type* a = local.btf->type(local.id);
  const btf_type* b = target.btf->type(target.id);
  if (a == nullptr || b == nullptr || !are_kinds_compatible(a, b)) return false;
  return Compatibility(*local.btf, *target.btf).check(local.id, target.id, branch_limit);
}

Expected<bool> are_fields_compatible(TypeRef local, TypeRef target) {
  for (unsigned step = 0; step < chain_limit; ++step) {
    const ResolvedType a = resolve(local);
    const ResolvedType b = resolve(target);
    if (a.type == nullptr || b.type == nullptr) return too_deep();
    if (btf_is_composite(a.type) && btf_is_composite(b.type)) return true;
    if (!are_kinds_compatible(a.type, b.type)) return false;
    switch (btf_kind(a.type)) {
      case BTF_KIND_PTR:
      case BTF_KIND_FLOAT: return true;
      case BTF_KIND_FWD:
      case BTF_KIND_ENUM:
      case BTF_KIND_ENUM64: {
        const std::string_view name = essential_name(local.btf->name_of(a.type));
        const std::string_view other = essential_name(target.btf->name_of(b.type));
        return name.empty() || other.empty() || name == other;
      }
      case BTF_KIND_INT: return is_plain_int(a.type) && is_plain_int(b.type);
      case BTF_KIND_ARRAY:
        local.id = btf_array(a.type)->type;
        target.id = btf_array(b.type)->type;
        continue;
      default: return false;
    }
  }
  return too_deep();
}

Expected<bool> does_type_match(TypeRef local, TypeRef target) {
  return Match(*local.btf, *target.btf)
      .check(local.id, target.id, Match::Behind::nothing, branch_limit);
}

}  // namespace probity::object
