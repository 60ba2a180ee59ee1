// SPDX-License-Identifier: Apache-2.0
// The ELF layer of the object reader: sections, symbols and relocations of a relocatable eBPF file
// as plain data. Every offset, size and count is checked by us first; libelf then only sees
// well-formed tables, so truncated or garbage input ends in one diagnostic. Source: System V ABI
// chapters 4-5, the eBPF psABI.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.hpp"

namespace probity::object {

/// A section header; `data` is empty for SHT_NOBITS sections (`size` still counts).
struct Section {
  std::string_view name;
  std::uint32_t type = 0;
  std::uint64_t flags = 0;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::uint32_t link = 0;
  std::uint32_t info = 0;
  std::span<const std::uint8_t> data;

  bool executable() const;  ///< holds instructions: PROGBITS with SHF_EXECINSTR
  bool occupies_no_file_space() const;
};

enum class SymbolBinding : std::uint8_t { local, global, weak, other };
enum class SymbolType : std::uint8_t { notype, object, function, section, file, other };

struct Symbol {
  std::string_view name;  ///< of the section for section symbols
  std::uint64_t value = 0;
  std::uint64_t size = 0;
  std::uint32_t section = 0;  ///< index; 0 when undefined or not in a section
  SymbolBinding binding = SymbolBinding::local;
  SymbolType type = SymbolType::notype;
  bool defined = false;    ///< lies in section `section`
  bool undefined = false;  ///< another object must give it (neither: absolute, common)
};

/// One entry of a relocation section, with REL and RELA read alike (`addend` is 0 for REL).
struct Relocation {
  std::uint32_t section = 0;  ///< the section it patches
  std::uint64_t offset = 0;
  std::uint32_t type = 0;
  std::uint32_t symbol = 0;  ///< index into ElfFile::symbols
  std::int64_t addend = 0;
};

/// A relocatable eBPF file. Views point into `bytes`, which the file owns, so copies are safe.
struct ElfFile {
  std::shared_ptr<const std::vector<std::uint8_t>> bytes;
  std::vector<Section> sections;        ///< index 0 is the ELF null section
  std::vector<Symbol> symbols;          ///< index 0 is the ELF null symbol
  std::vector<Relocation> relocations;  ///< sorted by (section, offset)
  std::vector<std::string> damage;      ///< symbols without a readable name or place

  /// First section of that name, or nullptr.
  const Section* find_section(std::string_view name) const;
  std::uint32_t index_of(const Section& section) const;
  /// Relocations that patch section `index`, sorted by offset.
  std::span<const Relocation> relocations_of(std::uint32_t index) const;
};

/// Reads a little-endian 64-bit relocatable file for machine EM_BPF (247), or EM_NONE as old LLVM
/// wrote.
Expected<ElfFile> read_elf(std::span<const std::uint8_t> bytes);

}  // namespace probity::object
