// SPDX-License-Identifier: Apache-2.0
// BTF-defined maps: each variable of section .maps is an anonymous struct whose member *types* hold
// the values, e.g. `int (*max_entries)[64]`. Source: libbpf's parse_btf_map_def; an `int
// max_entries` member (an old struct bpf_map_def put into .maps) is read from the section's bytes
// instead.
#include <bpf/btf.h>
#include <fmt/core.h>

#include <algorithm>
#include <unordered_map>

#include "base/bytes.hpp"
#include "object/limits.hpp"
#include "object/map.hpp"

namespace probity::object {
namespace {

using program::MapDef;
using program::MapType;

constexpr std::uint32_t map_fd_bytes = 4;

std::unexpected<Diagnostic> bad(const std::string& line) {
  return error(Fault::bad_input, line);
}

/// A definition being read: where its initialiser lies, and what was found.
struct Draft {
  MapDef def;
  MapInfo info;
  std::span<const std::uint8_t> contents;  ///< of the variable; empty for inner maps
  std::optional<std::uint32_t> inner_type;
};

class BtfMapReader {
 public:
  BtfMapReader(Object& object, const Btf& btf) : object_(object), btf_(btf) {}

  Expected<void> read_struct(Draft& draft, std::uint32_t type_id, unsigned depth) {
    const btf_type* type = btf_.type(btf_.resolve(type_id).value_or(0));
    if (type == nullptr || !btf_is_struct(type))
      return bad(fmt::format("map {}: its BTF type {} is not a struct", draft.def.name, type_id));
    for (unsigned i = 0; i < btf_vlen(type); ++i) {
      const btf_member& member = btf_members(type)[i];
      TRY(read_member(draft, btf_.string_at(member.name_off), member.type,
                      btf_member_bit_offset(type, i) / 8));
    }
    const std::size_t index = object_.maps.size();
    const auto inner_type = draft.inner_type;
    const std::string_view name = draft.def.name;
    TRY(add_map(object_, draft.def, std::move(draft.info)));
    if (!inner_type) return {};
    if (depth >= limits::map_nesting)
      return bad(
          fmt::format("map {}: nested deeper than the limit of {}", name, limits::map_nesting));
    object_.maps[index].inner = static_cast<std::int32_t>(object_.maps.size());
    Draft inner;
    object_.storage->names.push_back(fmt::format("{}.inner", name));
    inner.def.name = object_.storage->names.back();
    inner.info.source = MapSource::inner;
    return read_struct(inner, *inner_type, depth + 1);
  }

 private:
  Expected<void> read_member(Draft& draft, std::string_view member, std::uint32_t type_id,
                             std::uint32_t offset) {
    if (member == "values") return read_values(draft, type_id, offset);
    if (member == "key")
      return read_element(member, type_id, draft.def, draft.def.key_size, draft.info.key_type);
    if (member == "value")
      return read_element(member, type_id, draft.def, draft.def.value_size, draft.info.value_type);
    const auto value = number(type_id, draft.contents, offset);
    if (!value)
      return bad(fmt::format("map {}: member {} of BTF type {} holds no number", draft.def.name,
                             member, type_id));
    const auto word = static_cast<std::uint32_t>(*value);
    if (member == "type") {
      draft.def.type = static_cast<MapType>(word);
    } else if (member == "max_entries") {
      draft.def.max_entries = word;
    } else if (member == "map_flags") {
      draft.def.flags = word;
    } else if (member == "key_size") {
      draft.def.key_size = word;
    } else if (member == "value_size") {
      draft.def.value_size = word;
    } else if (member == "numa_node") {
      draft.info.numa_node = word;
    } else if (member == "map_extra") {
      draft.info.extra = *value;
    } else if (member == "pinning") {
      draft.info.pinning = word;
    } else {
      return bad(fmt::format("map {}: unknown member {} = {}", draft.def.name, member, *value));
    }
    return {};
  }

  /// A number as BTF spells it: `int (*x)[N]`, `enum { unique = N } x`, or plain bytes of an int
  /// member.
  std::optional<std::uint64_t> number(std::uint32_t type_id, std::span<const std::uint8_t> contents,
                                      std::uint32_t offset) const {
    const btf_type* type = btf_.type(btf_.resolve(type_id).value_or(0));
    if (type == nullptr) return std::nullopt;
    if (btf_is_enum(type) && btf_vlen(type) == 1)
      return static_cast<std::uint64_t>(std::int64_t{btf_enum(type)[0].val});
    if (btf_is_enum64(type) && btf_vlen(type) == 1) return btf_enum64_value(btf_enum64(type));
    if (btf_is_int(type) && type->size == 4 && in_bounds(offset, 4, contents.size()))
      return load_le<std::uint32_t>(contents.data() + offset);
    if (!btf_is_ptr(type)) return std::nullopt;
    const btf_type* target = btf_.type(btf_.resolve(type->type).value_or(0));
    if (target == nullptr || !btf_is_array(target)) return std::nullopt;
    return btf_array(target)->nelems;
  }

  Expected<void> read_element(std::string_view member, std::uint32_t type_id, const MapDef& def,
                              std::uint32_t& size, std::uint32_t& element_type) {
    const btf_type* type = btf_.type(btf_.resolve(type_id).value_or(0));
    if (type == nullptr || !btf_is_ptr(type))
      return bad(fmt::format("map {}: member {} is not a pointer to the type", def.name, member));
    const auto found = btf_.size_of(type->type);
    if (!found)
      return bad(
          fmt::format("map {}: {} of BTF type {} has no size", def.name, member, type->type));
    if (size != 0 && size != *found)
      return bad(fmt::format("map {}: {} has {} bytes but {}_size says {}", def.name, member,
                             *found, member, size));
    size = *found;
    element_type = type->type;
    return {};
  }

  Expected<void> read_values(Draft& draft, std::uint32_t type_id, std::uint32_t offset) {
    const btf_type* type = btf_.type(btf_.resolve(type_id).value_or(0));
    const btf_type* pointer = type != nullptr && btf_is_array(type)
                                  ? btf_.type(btf_.resolve(btf_array(type)->type).value_or(0))
                                  : nullptr;
    if (pointer == nullptr || !btf_is_ptr(pointer))
      return bad(fmt::format("map {}: member values is not an array of pointers", draft.def.name));
    const btf_type* target = btf_.type(btf_.resolve(pointer->type).value_or(0));
    draft.info.values_offset = offset;
    if (draft.def.value_size == 0) draft.def.value_size = map_fd_bytes;
    if (target != nullptr && btf_is_struct(target)) {
      draft.inner_type = pointer->type;
    } else if (target == nullptr || !btf_is_func_proto(target)) {
      return bad(fmt::format("map {}: values point to neither a map definition nor a function",
                             draft.def.name));
    }
    return {};
  }

  Object& object_;
  const Btf& btf_;
};

/// Offsets of the variables of one section, by name: in a file that is not linked BTF leaves them
/// 0.
std::unordered_map<std::string_view, const Symbol*> variables_of(const ElfFile& file,
                                                                 std::uint32_t section) {
  std::unordered_map<std::string_view, const Symbol*> result;
  for (const Symbol& symbol : file.symbols)
    if (symbol.defined && symbol.section == section && symbol.type == SymbolType::object)
      result.try_emplace(symbol.name, &symbol);
  return result;
}

struct Variable {
  std::string_view name;
  std::uint32_t type_id = 0;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

/// The variables that BTF describes in `section`, sorted by offset.
Expected<std::vector<Variable>> described_variables(const Object& object, const Section& section) {
  const auto id = object.btf->find_data_section(section.name);
  if (!id) return bad(fmt::format("{}: BTF does not describe this section", section.name));
  const auto symbols = variables_of(object.elf, object.elf.index_of(section));
  const btf_type* sec = object.btf->type(*id);
  std::vector<Variable> result;
  for (unsigned i = 0; i < btf_vlen(sec); ++i) {
    const btf_var_secinfo& place = btf_var_secinfos(sec)[i];
    const btf_type* type = object.btf->type(place.type);
    if (type == nullptr || !btf_is_var(type))
      return bad(fmt::format("{}: BTF entry {} of the section is not a variable", section.name, i));
    Variable variable{object.btf->name_of(type), type->type, place.offset, place.size};
    if (btf_var(type)->linkage == BTF_VAR_GLOBAL_EXTERN) continue;  // defined elsewhere
    if (const auto symbol = symbols.find(variable.name); symbol != symbols.end())
      variable.offset = symbol->second->value;
    if (!in_bounds(variable.offset, variable.size, section.size))
      return bad(
          fmt::format("{}: {} at offset {} with size {} does not fit the section of {} bytes",
                      section.name, variable.name, variable.offset, variable.size, section.size));
    result.push_back(variable);
  }
  std::ranges::stable_sort(result, {}, &Variable::offset);
  return result;
}

Expected<void> read_struct_ops(Object& object, const Section& section) {
  TRY(const std::vector<Variable> variables, described_variables(object, section));
  for (const Variable& variable : variables) {
    MapDef def{
        variable.name,
        MapType::struct_ops,
        4,
        object.btf->size_of(variable.type_id).value_or(0),
        1,
        0,
        -1,
        section.data.empty() ? section.data : section.data.subspan(variable.offset, variable.size),
        false};
    MapInfo info;
    info.source = MapSource::struct_ops;
    info.section = object.elf.index_of(section);
    info.offset = variable.offset;
    info.size = variable.size;
    info.value_type = variable.type_id;
    TRY(add_map(object, def, std::move(info)));
  }
  return {};
}

}  // namespace

Expected<void> read_btf_maps(Object& object) {
  const Section* section = object.elf.find_section(".maps");
  if (section == nullptr || section->size == 0) return {};
  if (!object.btf) {
    const std::string reason = object.notes.empty() ? "the object has no BTF" : object.notes.back();
    return bad(".maps: map definitions need BTF: " + reason);
  }
  TRY(const std::vector<Variable> variables, described_variables(object, *section));
  BtfMapReader reader(object, *object.btf);
  for (const Variable& variable : variables) {
    Draft draft;
    draft.def.name = variable.name;
    draft.info.section = object.elf.index_of(*section);
    draft.info.offset = variable.offset;
    draft.info.size = variable.size;
    if (!section->data.empty())
      draft.contents = section->data.subspan(variable.offset, variable.size);
    TRY(reader.read_struct(draft, variable.type_id, 0));
  }
  return {};
}

Expected<void> read_struct_ops_maps(Object& object) {
  for (const std::string_view name : {".struct_ops", ".struct_ops.link"}) {
    const Section* section = object.elf.find_section(name);
    if (section != nullptr && section->size != 0 && object.btf)
      TRY(read_struct_ops(object, *section));
  }
  return {};
}

}  // namespace probity::object
