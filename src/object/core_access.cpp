// SPDX-License-Identifier: Apache-2.0
// Members are found by name, through unnamed structs and unions, in declaration order: the first
// member of that name decides, compatible or not.
#include "object/core_access.hpp"

#include <bpf/btf.h>
#include <fmt/core.h>

#include <charconv>

namespace probity::object {
namespace {

constexpr std::size_t step_limit = 64;  // BPF_CORE_SPEC_MAX_LEN
constexpr unsigned visit_limit = 1'000'000;

std::unexpected<Diagnostic> bad(const std::string& line) {
  return error(Fault::bad_input, line);
}

Expected<std::vector<std::uint32_t>> parse_indexes(std::string_view access) {
  std::vector<std::uint32_t> indexes;
  const char* at = access.data();
  const char* const end = at + access.size();
  while (at != end) {
    std::uint32_t index = 0;
    const auto [next, problem] = std::from_chars(at, end, index);
    const bool more = next != end && *next == ':';
    if (problem != std::errc() || (next != end && !more) || index > INT32_MAX)
      return bad(fmt::format("access string \"{}\" is not of the form 0:1:2", access));
    if (indexes.size() >= step_limit)
      return bad(fmt::format("access string has more than {} steps", step_limit));
    indexes.push_back(index);
    at = more ? next + 1 : next;
  }
  if (indexes.empty()) return bad("access string is empty");
  return indexes;
}

Expected<std::uint32_t> size_in_bytes(TypeRef type) {
  const auto size = type.btf->size_of(type.id);
  if (!size) return bad(fmt::format("BTF type {} has no size", type.id));
  return *size;
}

/// `int rest[]` at the end of its struct may be indexed beyond its 0 elements.
bool is_flexible_array(const Btf& btf, const CoreStep& holder, const btf_type* array) {
  if (holder.name.empty() || btf_array(array)->nelems != 0) return false;
  const btf_type* composite = btf.type(holder.type_id);
  return composite != nullptr && holder.index + 1 == btf_vlen(composite);
}

std::string_view enumerator_name(const Btf& btf, const btf_type* type, std::uint32_t index) {
  return btf.string_at(btf_is_enum(type) ? btf_enum(type)[index].name_off
                                         : btf_enum64(type)[index].name_off);
}

class AccessParser {
 public:
  AccessParser(const Btf& btf, const CoreRecord& record) : btf_(btf), record_(record) {}

  Expected<CorePlace> parse(CoreKind kind) {
    place_.root = {&btf_, record_.type_id};
    if (subject_of(kind) == CoreSubject::type) {
      if (record_.access != "0")
        return bad(fmt::format("access string \"{}\" of a whole type is not 0", record_.access));
      return place_;
    }
    TRY(const std::vector<std::uint32_t> indexes, parse_indexes(record_.access));
    const ResolvedType root = resolve(place_.root);
    if (root.type == nullptr)
      return bad(fmt::format("BTF type {} does not exist", record_.type_id));
    if (subject_of(kind) == CoreSubject::enumerator) return parse_enumerator(root, indexes);
    TRY(const std::uint32_t size, size_in_bytes({&btf_, root.id}));
    place_.steps.push_back({root.id, indexes[0], {}});
    place_.first_bit = std::uint64_t{indexes[0]} * size * 8;
    std::uint32_t id = root.id;
    for (std::size_t i = 1; i < indexes.size(); ++i) {
      TRY(id, step_into(id, indexes[i]));
    }
    return place_;
  }

 private:
  Expected<CorePlace> parse_enumerator(const ResolvedType& root,
                                       const std::vector<std::uint32_t>& indexes) {
    if (!btf_is_any_enum(root.type) || indexes.size() != 1 || indexes[0] >= btf_vlen(root.type))
      return bad(fmt::format("access string \"{}\" names no enumerator of BTF type {}",
                             record_.access, root.id));
    place_.steps.push_back({root.id, indexes[0], enumerator_name(btf_, root.type, indexes[0])});
    return place_;
  }

  /// The type of what `index` selects in type `id`.
  Expected<std::uint32_t> step_into(std::uint32_t id, std::uint32_t index) {
    const ResolvedType whole = resolve({&btf_, id});
    if (whole.type == nullptr) return bad(fmt::format("BTF type {} does not exist", id));
    if (btf_is_array(whole.type)) return step_into_array(whole.type, index);
    if (!btf_is_composite(whole.type) || index >= btf_vlen(whole.type))
      return bad(fmt::format("access string \"{}\": BTF type {} has no member {}", record_.access,
                             whole.id, index));
    place_.first_bit += btf_member_bit_offset(whole.type, index);
    const btf_member& member = btf_members(whole.type)[index];
    if (member.name_off != 0) {
      const std::string_view name = btf_.string_at(member.name_off);
      if (name.empty()) return bad(fmt::format("a member of BTF type {} has no name", whole.id));
      place_.steps.push_back({whole.id, index, name});
    }
    return member.type;
  }

  Expected<std::uint32_t> step_into_array(const btf_type* array, std::uint32_t index) {
    const ResolvedType element = resolve({&btf_, btf_array(array)->type});
    if (element.type == nullptr) return bad("an array of a BTF type that does not exist");
    if (index >= btf_array(array)->nelems && !is_flexible_array(btf_, place_.steps.back(), array))
      return bad(fmt::format("access string \"{}\": element {} of an array of {}", record_.access,
                             index, btf_array(array)->nelems));
    TRY(const std::uint32_t size, size_in_bytes({&btf_, element.id}));
    place_.steps.push_back({element.id, index, {}});
    place_.first_bit += std::uint64_t{index} * size * 8;
    return element.id;
  }

  const Btf& btf_;
  const CoreRecord& record_;
  CorePlace place_;
};

class AccessFinder {
 public:
  AccessFinder(const CorePlace& local, TypeRef target) : local_(local), target_(*target.btf) {
    place_.root = target;
  }

  Expected<std::optional<CorePlace>> find_field() {
    std::uint32_t id = place_.root.id;
    for (std::size_t i = 0; i < local_.steps.size(); ++i) {
      const CoreStep& step = local_.steps[i];
      TRY(const std::optional<std::uint32_t> next,
          !step.name.empty() ? find_member(step, id, 0) : find_element(step, id, i));
      if (!next) return std::nullopt;
      id = *next;
    }
    return place_;
  }

  Expected<std::optional<CorePlace>> find_enumerator() {
    const ResolvedType root = resolve(place_.root);
    if (root.type == nullptr || !btf_is_any_enum(root.type)) return std::nullopt;
    for (std::uint32_t i = 0; i < btf_vlen(root.type); ++i) {
      const std::string_view name = enumerator_name(target_, root.type, i);
      if (!have_same_name(name, local_.steps[0].name)) continue;
      place_.steps.push_back({root.id, i, name});
      return place_;
    }
    return std::nullopt;
  }

 private:
  /// The type of the member that `step` names, in `id` or in an unnamed struct of it.
  Expected<std::optional<std::uint32_t>> find_member(const CoreStep& step, std::uint32_t id,
                                                     std::size_t depth) {
    const ResolvedType whole = resolve({&target_, id});
    if (whole.type == nullptr) return bad(fmt::format("kernel type {} does not exist", id));
    if (!btf_is_composite(whole.type)) return std::nullopt;
    if (depth + place_.steps.size() >= step_limit)
      return bad(fmt::format("kernel types nested deeper than {}", step_limit));
    for (std::uint32_t i = 0; i < btf_vlen(whole.type); ++i) {
      if (++visits_ > visit_limit)
        return bad(fmt::format("more than {} members of kernel types", visit_limit));
      const btf_member& member = btf_members(whole.type)[i];
      const std::string_view name = target_.string_at(member.name_off);
      const std::uint64_t before = place_.first_bit;
      place_.first_bit += btf_member_bit_offset(whole.type, i);
      if (name.empty()) {
        TRY(const std::optional<std::uint32_t> inside, find_member(step, member.type, depth + 1));
        if (inside) return inside;
      } else if (name == step.name) {
        return take_member(step, whole.id, i, member.type);
      }
      place_.first_bit = before;
    }
    return std::nullopt;
  }

  Expected<std::optional<std::uint32_t>> take_member(const CoreStep& step, std::uint32_t whole,
                                                     std::uint32_t index, std::uint32_t type) {
    const btf_type* local = local_.root.btf->type(step.type_id);
    const std::uint32_t local_type = btf_members(local)[step.index].type;
    TRY(const bool fits, are_fields_compatible({local_.root.btf, local_type}, {&target_, type}));
    if (!fits) return std::nullopt;
    place_.steps.push_back({whole, index, step.name});
    return type;
  }

  Expected<std::optional<std::uint32_t>> find_element(const CoreStep& step, std::uint32_t id,
                                                      std::size_t at) {
    ResolvedType element = resolve({&target_, id});
    if (element.type == nullptr) return bad(fmt::format("kernel type {} does not exist", id));
    if (at > 0) {  // the first step counts whole roots
      const btf_type* array = element.type;
      if (!btf_is_array(array)) return std::nullopt;
      const bool inside = step.index < btf_array(array)->nelems ||
                          is_flexible_array(target_, place_.steps.back(), array);
      if (!inside) return std::nullopt;
      element = resolve({&target_, btf_array(array)->type});
      if (element.type == nullptr) return bad("an array of a kernel type that does not exist");
    }
    if (place_.steps.size() >= step_limit)
      return bad(fmt::format("an access of more than {} steps", step_limit));
    place_.steps.push_back({element.id, step.index, {}});
    TRY(const std::uint32_t size, size_in_bytes({&target_, element.id}));
    place_.first_bit += std::uint64_t{step.index} * size * 8;
    return element.id;
  }

  const CorePlace& local_;
  const Btf& target_;
  CorePlace place_;
  unsigned visits_ = 0;
};

Expected<std::optional<CorePlace>> whole_type_if(bool same, TypeRef target) {
  if (!same) return std::nullopt;
  return CorePlace{target, {}, 0};
}

}  // namespace

CoreSubject subject_of(CoreKind kind) {
  switch (kind) {
    case CoreKind::field_byte_offset:
    case CoreKind::field_byte_size:
    case CoreKind::field_exists:
    case CoreKind::field_signed:
    case CoreKind::field_left_shift:
    case CoreKind::field_right_shift: return CoreSubject::field;
    case CoreKind::type_id_local:
    case CoreKind::type_id_target:
    case CoreKind::type_exists:
    case CoreKind::type_size:
    case CoreKind::type_matches: return CoreSubject::type;
    case CoreKind::enum_value_exists:
    case CoreKind::enum_value: return CoreSubject::enumerator;
  }
  return CoreSubject::type;
}

Expected<CorePlace> parse_access(const Btf& btf, const CoreRecord& record, CoreKind kind) {
  return AccessParser(btf, record).parse(kind);
}

Expected<std::optional<CorePlace>> find_access(const CorePlace& local, TypeRef target,
                                               CoreKind kind) {
  switch (subject_of(kind)) {
    case CoreSubject::field: return AccessFinder(local, target).find_field();
    case CoreSubject::enumerator: return AccessFinder(local, target).find_enumerator();
    case CoreSubject::type: break;
  }
  const bool strict = kind == CoreKind::type_matches;
  TRY(const bool same,
      strict ? does_type_match(local.root, target) : are_types_compatible(local.root, target));
  return whole_type_if(same, target);
}

}  // namespace probity::object
