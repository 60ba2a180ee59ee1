// SPDX-License-Identifier: Apache-2.0
// One pass over the file for all names: it has some 150,000 lines. Data symbols that clang's
// link-time optimization renamed to NAME.llvm.HASH count as NAME, as in libbpf.
#include "object/kernel_symbols.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "object/file_bytes.hpp"

namespace probity::object {
namespace {

struct SymbolLine {
  std::uint64_t address = 0;
  char type = 0;
  std::string_view name;
};

/// "ffffffff81000000 T _text"; an empty name for anything else.
SymbolLine parse_line(std::string_view line) {
  SymbolLine symbol;
  const char* const end = line.data() + line.size();
  const auto [next, problem] = std::from_chars(line.data(), end, symbol.address, 16);
  const std::size_t at = static_cast<std::size_t>(next - line.data());
  if (problem != std::errc() || at + 3 >= line.size() || line[at] != ' ') return {};
  symbol.type = line[at + 1];
  const std::string_view rest = line.substr(at + 3);
  symbol.name = rest.substr(0, std::min(rest.find_first_of(" \t"), rest.size()));
  const std::size_t suffix = symbol.name.find(".llvm.");
  if (symbol.type == 'd' && suffix != std::string_view::npos)
    symbol.name = symbol.name.substr(0, suffix);
  return symbol;
}

void record(KernelSymbol& found, std::uint64_t address) {
  using State = KernelSymbol::State;
  if (found.state == State::found && found.address != address) {
    found.state = State::ambiguous;
  } else if (found.state == State::absent) {
    found = {address == 0 ? State::hidden : State::found, address};
  }
}

}  // namespace

Expected<std::vector<KernelSymbol>> find_kernel_symbols(const std::string& path,
                                                        std::span<const std::string_view> names) {
  TRY(const std::vector<std::uint8_t> bytes, read_file_bytes(path));
  std::vector<KernelSymbol> result(names.size());
  std::string_view rest(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const SymbolLine line = parse_line(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.name.empty()) continue;
    for (std::size_t i = 0; i < names.size(); ++i)
      if (names[i] == line.name) record(result[i], line.address);
  }
  return result;
}

}  // namespace probity::object
