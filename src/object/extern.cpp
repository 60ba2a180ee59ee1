// SPDX-License-Identifier: Apache-2.0
// The order and the layout are libbpf's: externs sorted by kind, configuration values by falling
// alignment, then size, then name. Source: bpf_object__collect_externs and
// bpf_object__resolve_externs.
#include "object/extern.hpp"

#include <bpf/btf.h>
#include <fmt/core.h>

#include <algorithm>
#include <tuple>
#include <unordered_map>

#include "object/core_compare.hpp"
#include "object/kernel_symbols.hpp"
#include "object/limits.hpp"
#include "object/map.hpp"

namespace probity::object {
namespace {

constexpr const char* symbols_path = "/proc/kallsyms";
constexpr std::uint32_t rdonly_prog_flag = 1u << 7;  // BPF_F_RDONLY_PROG

struct Declared {
  ExternKind kind = ExternKind::undeclared;
  std::uint32_t type_id = 0;
};

/// What BTF says of each extern, by name.
std::unordered_map<std::string_view, Declared> declared_externs(const Object& object) {
  std::unordered_map<std::string_view, Declared> result;
  if (!object.btf) return result;
  for (const std::string_view section : {".kconfig", ".ksyms"}) {
    const auto id = object.btf->find_data_section(section);
    if (!id) continue;
    const btf_type* sec = object.btf->type(*id);
    for (unsigned i = 0; i < btf_vlen(sec); ++i) {
      const btf_type* member = object.btf->type(btf_var_secinfos(sec)[i].type);
      if (member == nullptr) continue;
      const ExternKind in_ksyms = btf_is_func(member) ? ExternKind::function : ExternKind::variable;
      result[object.btf->name_of(member)] = {section == ".kconfig" ? ExternKind::kconfig : in_ksyms,
                                             member->type};
    }
  }
  return result;
}

class Externs {
 public:
  Externs(Object& object, const Kernel& kernel) : object_(object), kernel_(kernel) {}

  void collect() {
    const auto declared = declared_externs(object_);
    for (std::uint32_t i = 1; i < object_.elf.symbols.size(); ++i) {
      const Symbol& symbol = object_.elf.symbols[i];
      const bool local = symbol.binding == SymbolBinding::local;
      if (!symbol.undefined || local || symbol.name.empty()) continue;
      Extern found;
      found.name = symbol.name;
      found.weak = symbol.binding == SymbolBinding::weak;
      found.symbol = i;
      if (const auto declaration = declared.find(symbol.name); declaration != declared.end()) {
        found.kind = declaration->second.kind;
        const std::uint32_t declared_type = declaration->second.type_id;
        found.type_id = object_.btf->resolve(declared_type).value_or(declared_type);
      }
      object_.externs.push_back(std::move(found));
    }
  }

  Expected<void> lay_out_config() {
    std::vector<Placed> placed;
    for (Extern& symbol : object_.externs) {
      if (symbol.kind != ExternKind::kconfig) continue;
      if (const auto type = config_type(*object_.btf, symbol.type_id)) {
        placed.push_back({&symbol, *type});
      } else {
        symbol.problem = "has a type that no configuration value has";
      }
    }
    std::ranges::stable_sort(placed, [](const Placed& a, const Placed& b) {
      return std::tuple(b.type.alignment(), a.type.size_bytes, a.symbol->name) <
             std::tuple(a.type.alignment(), b.type.size_bytes, b.symbol->name);
    });
    std::uint64_t size = 0;
    for (const Placed& item : placed) {
      const std::uint64_t alignment = item.type.alignment();
      const std::uint64_t offset = (size + alignment - 1) / alignment * alignment;
      size = offset + item.type.size_bytes;
      if (size > limits::data_section_bytes)
        return error(Fault::bad_input, fmt::format(".kconfig: {} bytes exceed the limit of {}",
                                                   size, limits::data_section_bytes));
      item.symbol->kconfig_offset = static_cast<std::uint32_t>(offset);
    }
    if (placed.empty()) return {};
    auto& values = object_.storage->contents.emplace_back(size);
    for (const Placed& item : placed)
      resolve_config(*item.symbol, item.type,
                     std::span(values).subspan(item.symbol->kconfig_offset, item.type.size_bytes));
    return add_config_map(values);
  }

  void resolve_variables() {
    std::vector<Extern*> untyped;
    std::vector<std::string_view> names;
    for (Extern& symbol : object_.externs) {
      if (symbol.kind != ExternKind::variable) continue;
      if (symbol.type_id != 0) {
        resolve_typed_variable(symbol);
        continue;
      }
      untyped.push_back(&symbol);
      names.push_back(symbol.name);
    }
    if (names.empty()) return;
    const auto found = find_kernel_symbols(symbols_path, names);
    for (std::size_t i = 0; i < untyped.size(); ++i) {
      if (found)
        take_symbol(*untyped[i], (*found)[i]);
      else
        untyped[i]->problem = found.error().line();
    }
  }

  void resolve_functions() {
    for (Extern& symbol : object_.externs)
      if (symbol.kind == ExternKind::function) resolve_function(symbol);
  }

  /// libbpf's numbers: undeclared, then configuration, then kernel symbols.
  void number() {
    std::vector<const Extern*> kernel_symbols;
    std::uint32_t before = 0;
    for (const Extern& symbol : object_.externs) {
      const bool of_kernel =
          symbol.kind == ExternKind::variable || symbol.kind == ExternKind::function;
      if (of_kernel) kernel_symbols.push_back(&symbol);
      if (symbol.kind == ExternKind::kconfig) ++before;
    }
    std::ranges::stable_sort(kernel_symbols, {}, &Extern::name);
    for (std::size_t i = 0; i < kernel_symbols.size(); ++i) {
      const auto at = static_cast<std::size_t>(kernel_symbols[i] - object_.externs.data());
      object_.externs[at].number = before + static_cast<std::uint32_t>(i);
    }
  }

 private:
  struct Placed {
    Extern* symbol;
    ConfigType type;
  };

  void resolve_config(Extern& symbol, const ConfigType& type, std::span<std::uint8_t> out) {
    const auto written = write_config(symbol, type, out);
    if (written)
      symbol.resolved = *written;
    else
      symbol.problem = written.error().line();
  }

  /// True when there was a value.
  Expected<bool> write_config(const Extern& symbol, const ConfigType& type,
                              std::span<std::uint8_t> out) const {
    if (symbol.name.starts_with("CONFIG_")) {
      TRY(const std::optional<std::string_view> text, kernel_.config(symbol.name));
      if (!text) return false;
      TRY(write_config_value(*text, type, out));
      return true;
    }
    TRY(const std::optional<std::uint64_t> number, virtual_config_value(symbol.name));
    if (!number && !(symbol.name.starts_with("LINUX_") && symbol.weak))
      return error(Fault::bad_input, "is neither a CONFIG_ line nor a LINUX_ value of libbpf");
    TRY(write_config_number(number.value_or(0), type, out));
    return true;
  }

  Expected<void> add_config_map(std::span<const std::uint8_t> values) {
    object_.storage->names.push_back(data_map_name(object_.name, ".kconfig"));
    MapInfo info;
    info.source = MapSource::kconfig;
    info.size = values.size();
    return add_map(
        object_,
        {object_.storage->names.back(), program::MapType::array, 4,
         static_cast<std::uint32_t>(values.size()), 1, rdonly_prog_flag, -1, values, true},
        std::move(info));
  }

  static void take_symbol(Extern& symbol, const KernelSymbol& found) {
    switch (found.state) {
      case KernelSymbol::State::absent: return;
      case KernelSymbol::State::ambiguous:
        symbol.problem = "has several addresses in the kernel";
        return;
      case KernelSymbol::State::hidden:
        symbol.problem = "has an address that only root may see";
        return;
      case KernelSymbol::State::found:
        symbol.resolved = true;
        symbol.address = found.address;
        return;
    }
  }

  void resolve_typed_variable(Extern& symbol) const {
    const auto types = kernel_.types();
    if (!types) {
      symbol.problem = types.error().line();
      return;
    }
    const TypeRef found = (*types)->find_variable(symbol.name);
    if (found.btf == nullptr) return;
    const std::uint32_t type_id = found.btf->type(found.id)->type;
    const auto fits = are_types_compatible({object_.btf.get(), symbol.type_id},
                                           {found.btf, resolve({found.btf, type_id}).id});
    symbol.resolved = fits && *fits;
    if (!symbol.resolved) symbol.problem = "has another type in the kernel";
  }

  /// A weak function of another prototype counts as absent.
  void resolve_function(Extern& symbol) const {
    const auto types = kernel_.types();
    if (!types) {
      symbol.problem = types.error().line();
      return;
    }
    const TypeRef found = (*types)->find_function(essential_name(symbol.name));
    if (found.btf == nullptr) return;
    const auto fits = are_types_compatible({object_.btf.get(), symbol.type_id},
                                           {found.btf, found.btf->type(found.id)->type});
    symbol.resolved = fits && *fits;
    if (!symbol.resolved && !symbol.weak) symbol.problem = "has another prototype in the kernel";
  }

  Object& object_;
  const Kernel& kernel_;
};

}  // namespace

Expected<void> read_externs(Object& object, const Kernel& kernel) {
  Externs externs(object, kernel);
  externs.collect();
  TRY(externs.lay_out_config());
  externs.resolve_variables();
  externs.resolve_functions();
  externs.number();
  return {};
}

}  // namespace probity::object
