// SPDX-License-Identifier: Apache-2.0
// Reading ELF through libelf. The header and every section header are validated by hand before
// libelf is asked for anything: it then never meets an offset outside the file, a table with a
// partial entry, or a link to a section that does not exist.
#include "object/elf.hpp"

#include <elf.h>
#include <fmt/core.h>
#include <gelf.h>
#include <libelf.h>

#include <algorithm>
#include <cstring>

#include "base/bytes.hpp"
#include "object/limits.hpp"
#include "object/printable.hpp"

namespace probity::object {
namespace {

constexpr std::uint16_t machine_bpf = 247;

std::unexpected<Diagnostic> bad(const std::string& line) {
  return error(Fault::bad_input, line);
}

Expected<Elf64_Ehdr> read_header(std::span<const std::uint8_t> bytes) {
  if (bytes.size() > limits::file_bytes)
    return bad(
        fmt::format("file of {} bytes exceeds the limit of {}", bytes.size(), limits::file_bytes));
  if (bytes.size() < sizeof(Elf64_Ehdr))
    return bad(fmt::format("not an ELF file: {} bytes, the header alone needs {}", bytes.size(),
                           sizeof(Elf64_Ehdr)));
  if (std::memcmp(bytes.data(), ELFMAG, SELFMAG) != 0)
    return bad(
        fmt::format("not an ELF file: starts with {:02x} {:02x} {:02x} {:02x}, not 7f 45 4c 46",
                    bytes[0], bytes[1], bytes[2], bytes[3]));
  if (bytes[EI_CLASS] != ELFCLASS64)
    return bad(fmt::format("ELF class {} is not 2 (64-bit)", bytes[EI_CLASS]));
  if (bytes[EI_DATA] == ELFDATA2MSB)
    return bad("big-endian eBPF (EM_BPF, ELFDATA2MSB) is not supported");
  if (bytes[EI_DATA] != ELFDATA2LSB)
    return bad(fmt::format("ELF data encoding {} is not 1 (little-endian)", bytes[EI_DATA]));
  const auto header = load_le<Elf64_Ehdr>(bytes.data());
  if (header.e_machine != machine_bpf && header.e_machine != EM_NONE)  // EM_NONE: LLVM before 4
    return bad(fmt::format("ELF machine {} is not eBPF ({})", header.e_machine, machine_bpf));
  if (header.e_type != ET_REL)
    return bad(fmt::format("ELF type {} is not a relocatable object ({})", header.e_type, ET_REL));
  const std::uint32_t version =
      bytes[EI_VERSION] != EV_CURRENT ? bytes[EI_VERSION] : header.e_version;
  if (version != EV_CURRENT)
    return bad(fmt::format("ELF version {} is not {}", version, EV_CURRENT));
  return header;
}

/// Section headers, copied out after checking that the table lies inside the file.
Expected<std::vector<Elf64_Shdr>> read_section_headers(std::span<const std::uint8_t> bytes,
                                                       const Elf64_Ehdr& header) {
  if (header.e_shoff == 0) return bad("ELF file has no section table");
  if (header.e_shentsize != sizeof(Elf64_Shdr))
    return bad(fmt::format("ELF section header size {} is not {}", header.e_shentsize,
                           sizeof(Elf64_Shdr)));
  if (!in_bounds(header.e_shoff, sizeof(Elf64_Shdr), bytes.size()))
    return bad(fmt::format("section table at offset {} lies outside the file of {} bytes",
                           std::uint64_t{header.e_shoff}, bytes.size()));
  const auto first = load_le<Elf64_Shdr>(bytes.data() + header.e_shoff);
  const std::uint64_t count = header.e_shnum != 0 ? header.e_shnum : first.sh_size;
  if (count == 0 || count > limits::sections)
    return bad(fmt::format("section count {} is not in 1..{}", count, limits::sections));
  if (!in_bounds(header.e_shoff, count * sizeof(Elf64_Shdr), bytes.size()))
    return bad(
        fmt::format("section table of {} entries at offset {} lies outside the file of {} bytes",
                    count, std::uint64_t{header.e_shoff}, bytes.size()));
  std::vector<Elf64_Shdr> headers(count);
  std::memcpy(headers.data(), bytes.data() + header.e_shoff, count * sizeof(Elf64_Shdr));
  return headers;
}

std::uint64_t entry_size_of(std::uint32_t type) {
  if (type == SHT_SYMTAB) return sizeof(Elf64_Sym);
  if (type == SHT_REL) return sizeof(Elf64_Rel);
  if (type == SHT_RELA) return sizeof(Elf64_Rela);
  return 0;
}

Expected<void> check_section(const Elf64_Shdr& header, std::size_t index, std::size_t count,
                             std::uint64_t file_size) {
  const std::string place = fmt::format("section {}", index);
  if (header.sh_type != SHT_NOBITS && header.sh_type != SHT_NULL &&
      !in_bounds(header.sh_offset, header.sh_size, file_size))
    return bad(fmt::format("{}: offset {} with size {} lies outside the file of {} bytes", place,
                           header.sh_offset, header.sh_size, file_size));
  if (header.sh_type == SHT_NOBITS && header.sh_size > limits::data_section_bytes)
    return bad(fmt::format("{}: size {} exceeds the limit of {} bytes", place, header.sh_size,
                           limits::data_section_bytes));
  if (header.sh_type == SHT_STRTAB && (header.sh_flags & SHF_COMPRESSED) != 0)
    return bad(fmt::format("{}: a compressed string table is not supported", place));
  const std::uint64_t entry = entry_size_of(header.sh_type);
  if (entry == 0) return {};
  if (header.sh_entsize != entry)
    return bad(fmt::format("{}: entry size {} is not {}", place, header.sh_entsize, entry));
  if (header.sh_size % entry != 0)
    return bad(fmt::format("{}: size {} is not a multiple of the entry size {}", place,
                           header.sh_size, entry));
  if (header.sh_link >= count)
    return bad(
        fmt::format("{}: link {} is not below the section count {}", place, header.sh_link, count));
  return {};
}

struct ElfCloser {
  void operator()(Elf* elf) const { elf_end(elf); }
};
using ElfHandle = std::unique_ptr<Elf, ElfCloser>;

std::string libelf_reason() {
  const char* text = elf_errmsg(-1);
  return text != nullptr ? text : "no reason given";
}

Expected<std::string_view> read_name(Elf* elf, std::size_t table, std::uint64_t offset,
                                     std::string_view of) {
  const char* text = elf_strptr(elf, table, offset);
  if (text == nullptr)
    return bad(fmt::format("{}: name at offset {} of string section {} is unreadable: {}", of,
                           offset, table, libelf_reason()));
  const std::size_t size = strnlen(text, limits::name_bytes + 1);
  if (size > limits::name_bytes)
    return bad(
        fmt::format("{}: name is longer than the limit of {} bytes", of, limits::name_bytes));
  return std::string_view(text, size);
}

class Reader {
 public:
  Reader(Elf* elf, ElfFile& file) : elf_(elf), file_(file) {}

  Expected<void> read_sections(std::size_t count) {
    std::size_t names = 0;
    if (elf_getshdrstrndx(elf_, &names) != 0 || names >= count)
      return bad(
          fmt::format("section name table {} is not below the section count {}", names, count));
    file_.sections.resize(count);
    for (std::size_t i = 1; i < count; ++i) TRY(read_section(i, names));
    return {};
  }

  Expected<void> read_symbols() {
    std::size_t table = 0;
    for (std::size_t i = 1; i < file_.sections.size(); ++i) {
      if (file_.sections[i].type != SHT_SYMTAB) continue;
      if (table != 0)
        return bad(fmt::format("sections {} and {} are both symbol tables", table, i));
      table = i;
    }
    file_.symbols.resize(1);
    if (table == 0) return {};
    const Section& section = file_.sections[table];
    const std::uint64_t count = section.size / sizeof(Elf64_Sym);
    if (count > limits::symbols)
      return bad(fmt::format("symbol count {} exceeds the limit of {}", count, limits::symbols));
    Elf_Data* data = elf_getdata(elf_getscn(elf_, table), nullptr);
    if (data == nullptr && count != 0) return bad(fmt::format("symbol table: {}", libelf_reason()));
    symbol_table_ = table;
    file_.symbols.resize(std::max<std::uint64_t>(count, 1));
    for (std::uint64_t i = 1; i < count; ++i)
      TRY(read_symbol(data, static_cast<int>(i), section.link));
    return {};
  }

  Expected<void> read_relocations() {
    std::uint64_t total = 0;
    for (std::size_t i = 1; i < file_.sections.size(); ++i) {
      const Section& section = file_.sections[i];
      if (section.type != SHT_REL && section.type != SHT_RELA) continue;
      const std::uint64_t count = section.size / entry_size_of(section.type);
      total += count;
      if (total > limits::relocations)
        return bad(
            fmt::format("relocation count {} exceeds the limit of {}", total, limits::relocations));
      if (count != 0) TRY(read_relocation_section(i, count));
    }
    std::ranges::stable_sort(file_.relocations, [](const Relocation& a, const Relocation& b) {
      return a.section != b.section ? a.section < b.section : a.offset < b.offset;
    });
    return {};
  }

 private:
  Expected<void> read_section(std::size_t index, std::size_t names) {
    GElf_Shdr header;
    Elf_Scn* scn = elf_getscn(elf_, index);
    if (scn == nullptr || gelf_getshdr(scn, &header) == nullptr)
      return bad(fmt::format("section {}: header unreadable: {}", index, libelf_reason()));
    Section& section = file_.sections[index];
    TRY(section.name, read_name(elf_, names, header.sh_name, fmt::format("section {}", index)));
    section.type = header.sh_type;
    section.flags = header.sh_flags;
    section.offset = header.sh_offset;
    section.size = header.sh_size;
    section.link = header.sh_link;
    section.info = header.sh_info;
    if (section.type != SHT_NOBITS && section.type != SHT_NULL)
      section.data = std::span(*file_.bytes).subspan(header.sh_offset, header.sh_size);
    return {};
  }

  Expected<void> read_symbol(Elf_Data* data, int index, std::uint32_t names) {
    GElf_Sym raw;
    if (gelf_getsym(data, index, &raw) == nullptr)
      return bad(fmt::format("symbol {}: {}", index, libelf_reason()));
    Symbol& symbol = file_.symbols[static_cast<std::size_t>(index)];
    symbol.value = raw.st_value;
    symbol.size = raw.st_size;
    symbol.binding = binding_of(GELF_ST_BIND(raw.st_info));
    symbol.type = type_of(GELF_ST_TYPE(raw.st_info));
    symbol.defined = raw.st_shndx != SHN_UNDEF && raw.st_shndx < SHN_LORESERVE;
    symbol.undefined = raw.st_shndx == SHN_UNDEF;
    if (symbol.defined && raw.st_shndx >= file_.sections.size()) {
      damage(fmt::format("symbol {}: section {} is not below the section count {}", index,
                         raw.st_shndx, file_.sections.size()));
      symbol.defined = false;
    }
    symbol.section = symbol.defined ? raw.st_shndx : 0;
    const auto name = read_name(elf_, names, raw.st_name, fmt::format("symbol {}", index));
    if (name)
      symbol.name = *name;
    else
      damage(name.error().line());
    if (symbol.type == SymbolType::section) symbol.name = file_.sections[symbol.section].name;
    return {};
  }

  Expected<void> read_relocation_section(std::size_t index, std::uint64_t count) {
    const Section& section = file_.sections[index];
    if (section.info == 0 || section.info >= file_.sections.size())
      return bad(fmt::format("section {} ({}): target section {} is not in 1..{}", index,
                             section.name, section.info, file_.sections.size() - 1));
    if (section.link != symbol_table_)
      return bad(fmt::format("section {} ({}): link {} is not the symbol table", index,
                             section.name, section.link));
    Elf_Data* data = elf_getdata(elf_getscn(elf_, index), nullptr);
    if (data == nullptr)
      return bad(fmt::format("section {} ({}): {}", index, section.name, libelf_reason()));
    for (std::uint64_t i = 0; i < count; ++i) {
      GElf_Rela raw{};
      GElf_Rel rel{};
      const int at = static_cast<int>(i);
      const bool read = section.type == SHT_RELA ? gelf_getrela(data, at, &raw) != nullptr
                                                 : gelf_getrel(data, at, &rel) != nullptr;
      if (!read) return bad(fmt::format("section {} entry {}: {}", index, i, libelf_reason()));
      if (section.type == SHT_REL) raw = {rel.r_offset, rel.r_info, 0};
      const std::uint64_t symbol = GELF_R_SYM(raw.r_info);
      if (symbol >= file_.symbols.size()) {
        const std::string line =
            fmt::format("section {} ({}) entry {}: symbol {} is not below the symbol count {}",
                        index, section.name, i, symbol, file_.symbols.size());
        if ((file_.sections[section.info].flags & SHF_ALLOC) != 0) return bad(line);
        damage(line);  // debug sections do not decide what runs
        continue;
      }
      file_.relocations.push_back({section.info, raw.r_offset,
                                   static_cast<std::uint32_t>(GELF_R_TYPE(raw.r_info)),
                                   static_cast<std::uint32_t>(symbol), raw.r_addend});
    }
    return {};
  }

  void damage(std::string_view text) {
    if (file_.damage.size() < limits::damage_notes) file_.damage.push_back(printable(text));
  }

  static SymbolBinding binding_of(unsigned bind) {
    if (bind == STB_LOCAL) return SymbolBinding::local;
    if (bind == STB_GLOBAL) return SymbolBinding::global;
    return bind == STB_WEAK ? SymbolBinding::weak : SymbolBinding::other;
  }

  static SymbolType type_of(unsigned type) {
    if (type == STT_NOTYPE) return SymbolType::notype;
    if (type == STT_OBJECT) return SymbolType::object;
    if (type == STT_FUNC) return SymbolType::function;
    if (type == STT_SECTION) return SymbolType::section;
    return type == STT_FILE ? SymbolType::file : SymbolType::other;
  }

  Elf* elf_;
  ElfFile& file_;
  std::size_t symbol_table_ = 0;
};

}  // namespace

bool Section::executable() const {
  return type == SHT_PROGBITS && (flags & SHF_EXECINSTR) != 0;
}
bool Section::occupies_no_file_space() const {
  return type == SHT_NOBITS;
}

const Section* ElfFile::find_section(std::string_view name) const {
  const auto found = std::ranges::find(sections, name, &Section::name);
  return found != sections.end() ? &*found : nullptr;
}

std::uint32_t ElfFile::index_of(const Section& section) const {
  return static_cast<std::uint32_t>(&section - sections.data());
}

std::span<const Relocation> ElfFile::relocations_of(std::uint32_t index) const {
  const auto range = std::ranges::equal_range(relocations, index, {}, &Relocation::section);
  return {range.begin(), range.end()};
}

Expected<ElfFile> read_elf(std::span<const std::uint8_t> bytes) {
  TRY(const Elf64_Ehdr header, read_header(bytes));
  TRY(const std::vector<Elf64_Shdr> headers, read_section_headers(bytes, header));
  for (std::size_t i = 0; i < headers.size(); ++i)
    TRY(check_section(headers[i], i, headers.size(), bytes.size()));
  ElfFile file;
  auto copy = std::make_shared<std::vector<std::uint8_t>>(bytes.begin(), bytes.end());
  file.bytes = copy;
  if (elf_version(EV_CURRENT) == EV_NONE) return error(Fault::system, "libelf: " + libelf_reason());
  const ElfHandle elf(elf_memory(reinterpret_cast<char*>(copy->data()), copy->size()));
  if (!elf || elf_kind(elf.get()) != ELF_K_ELF)
    return bad("libelf refuses the file: " + libelf_reason());
  std::size_t count = 0;
  if (elf_getshdrnum(elf.get(), &count) != 0 || count != headers.size())
    return bad(
        fmt::format("libelf finds {} sections where the header says {}", count, headers.size()));
  Reader reader(elf.get(), file);
  TRY(reader.read_sections(count));
  TRY(reader.read_symbols());
  TRY(reader.read_relocations());
  return file;
}

}  // namespace probity::object
