// SPDX-License-Identifier: Apache-2.0
// Functions of an object. Which of them are programs: everything outside .text, save local
// functions beside a global one or in a section whose name says nothing; .text itself counts when
// there is nothing else.
#include "object/function.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "object/limits.hpp"

namespace probity::object {
namespace {

constexpr std::uint64_t slot_bytes = sizeof(bpf::Slot);

std::unexpected<Diagnostic> bad(const std::string& line) {
  return error(Fault::bad_input, line);
}

bool names_function(const Symbol& symbol) {
  if (!symbol.defined) return false;
  if (symbol.type == SymbolType::function) return true;
  return symbol.type == SymbolType::notype && symbol.binding != SymbolBinding::local &&
         !symbol.name.empty();
}

/// Function symbols of each section, best name first where several share an offset.
std::vector<std::vector<const Symbol*>> symbols_by_section(const ElfFile& file) {
  std::vector<std::vector<const Symbol*>> result(file.sections.size());
  for (const Symbol& symbol : file.symbols)
    if (names_function(symbol)) result[symbol.section].push_back(&symbol);
  const auto rank = [](const Symbol* symbol) {
    return (symbol->type == SymbolType::function ? 0 : 2) +
           (symbol->binding == SymbolBinding::local ? 1 : 0);
  };
  for (auto& symbols : result)
    std::ranges::stable_sort(symbols, [&](const Symbol* a, const Symbol* b) {
      return a->value != b->value ? a->value < b->value : rank(a) < rank(b);
    });
  return result;
}

Expected<Function> make_function(const Section& section, std::uint32_t index, const Symbol& symbol,
                                 std::uint64_t next) {
  if (symbol.value % slot_bytes != 0 || symbol.value >= section.size)
    return bad(fmt::format("{}: function {} at offset {} is not a multiple of 8 below {}",
                           section.name, symbol.name, symbol.value, section.size));
  std::uint64_t size = symbol.type == SymbolType::function ? symbol.size : 0;
  if (size == 0) size = next - symbol.value;
  if (size % slot_bytes != 0 || size > section.size - symbol.value)
    return bad(fmt::format(
        "{}: function {} at offset {} with size {} does not fit the section of {} bytes",
        section.name, symbol.name, symbol.value, size, section.size));
  return Function{symbol.name.empty() ? section.name : symbol.name,
                  index,
                  static_cast<std::uint32_t>(symbol.value / slot_bytes),
                  static_cast<std::uint32_t>(size / slot_bytes),
                  symbol.binding,
                  false,
                  symbol.type == SymbolType::notype};
}

Expected<void> split_section(const ElfFile& file, std::uint32_t index,
                             std::span<const Symbol* const> symbols,
                             std::vector<Function>& functions) {
  const Section& section = file.sections[index];
  if (section.size % slot_bytes != 0)
    return bad(fmt::format("{}: size {} is not a multiple of 8", section.name, section.size));
  const std::uint64_t first = symbols.empty() ? section.size : symbols.front()->value;
  if (first != 0)
    functions.push_back({section.name, index, 0,
                         static_cast<std::uint32_t>(std::min(first, section.size) / 8),
                         SymbolBinding::global, false, true});
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    if (i > 0 && symbols[i]->value == symbols[i - 1]->value) continue;
    std::size_t next = i + 1;
    while (next < symbols.size() && symbols[next]->value == symbols[i]->value) ++next;
    const std::uint64_t end = next < symbols.size() ? symbols[next]->value : section.size;
    TRY(const Function function, make_function(section, index, *symbols[i], end));
    functions.push_back(function);
  }
  if (functions.size() > limits::functions)
    return bad(fmt::format("function count {} exceeds the limit of {}", functions.size(),
                           limits::functions));
  return {};
}

void decide_programs(const ElfFile& file, std::vector<Function>& functions) {
  std::vector<char> has_global(file.sections.size());
  for (const Function& function : functions)
    if (function.binding != SymbolBinding::local) has_global[function.section] = 1;
  bool any = false;
  for (Function& function : functions) {
    const std::string_view section = file.sections[function.section].name;
    if (section == ".text") continue;
    const bool called_only = function.binding == SymbolBinding::local &&
                             (has_global[function.section] != 0 ||
                              type_of_section(section).source == TypeSource::unknown);
    function.is_program = !called_only;
    any = any || function.is_program;
  }
  if (any) return;
  const bool any_global = std::ranges::any_of(
      functions, [](const Function& function) { return function.binding != SymbolBinding::local; });
  for (Function& function : functions)
    function.is_program = !any_global || function.binding != SymbolBinding::local;
}

}  // namespace

Expected<std::vector<Function>> find_functions(const ElfFile& file) {
  const auto symbols = symbols_by_section(file);
  std::vector<Function> functions;
  for (std::uint32_t i = 1; i < file.sections.size(); ++i)
    if (file.sections[i].executable() && file.sections[i].size != 0)
      TRY(split_section(file, i, symbols[i], functions));
  decide_programs(file, functions);
  return functions;
}

}  // namespace probity::object
