// SPDX-License-Identifier: Apache-2.0
// In order: code, .BTF.ext, relocation tables with the values they patch, symbols, layout. A value
// that a relocation adds to a symbol of moved code ("section + 40") is moved with the code; so are
// the sizes that frame tables give beside such a value. Other debug information describes the code
// as the compiler wrote it and is left alone. Sources: System V ABI chapter 4; the eBPF psABI;
// DWARF 5, section 6.4.1 for frame descriptions.
#include "object/write.hpp"

#include <elf.h>
#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <optional>
#include <span>

#include "base/bytes.hpp"
#include "isa/bpf/codec.hpp"
#include "object/elf_layout.hpp"
#include "object/moved_code.hpp"
#include "object/moved_ext.hpp"
#include "object/printable.hpp"
#include "object/written_check.hpp"

namespace probity::object {
namespace {

constexpr std::uint64_t slot_bytes = sizeof(bpf::Slot);
constexpr std::uint8_t call_opcode = bpf::row(bpf::Form::call_local).opcode;
constexpr std::uint8_t lddw_opcode = bpf::row(bpf::Form::lddw).opcode;

/// Relocation types of eBPF, by how many bytes they patch outside code.
constexpr std::uint32_t relocation_64_64 = 1;
constexpr std::uint32_t relocation_abs64 = 2;
constexpr std::uint32_t relocation_abs32 = 3;
constexpr std::uint32_t relocation_nodyld32 = 4;
constexpr std::uint32_t relocation_64_32 = 10;

/// 0 when the type patches nothing (R_BPF_NONE) or is not known.
std::uint32_t patched_bytes(std::uint32_t type) {
  if (type == relocation_64_64 || type == relocation_abs64) return 8;
  const bool narrow =
      type == relocation_abs32 || type == relocation_nodyld32 || type == relocation_64_32;
  return narrow ? 4 : 0;
}

/// REL and RELA entries alike.
struct Entry {
  std::uint64_t offset = 0;
  std::uint64_t info = 0;
  std::int64_t addend = 0;

  std::uint32_t type() const { return static_cast<std::uint32_t>(info); }
  std::uint64_t symbol() const { return info >> 32; }
};
static_assert(sizeof(Entry) == sizeof(Elf64_Rela) && sizeof(Elf64_Rel) == 16);

/// Where the bytes that an entry patches are now.
struct PatchPlace {
  std::uint32_t section = 0;
  std::uint64_t offset = 0;
  std::uint32_t code = 0;  ///< in .BTF.ext: the section of the code it tells of, if that is another
};

/// The new contents of a relocation section.
struct NewTable {
  std::vector<Entry> entries;
  bool grown = false;  ///< it has entries of other tables
};

class Writer {
 public:
  explicit Writer(const Edit& edit) : object_(edit.object()), file_(object_.elf), code_(edit) {}

  Expected<std::vector<std::uint8_t>> run() {
    TRY(place_code());
    TRY(relate_calls());
    TRY(ext_, move_btf_ext(object_, code_));
    if (ext_) ext_section_ = file_.index_of(*file_.find_section(".BTF.ext"));
    if (ext_) contents_[ext_section_] = ext_->bytes;
    for (std::uint32_t i = 1; i < file_.sections.size(); ++i) {
      const std::uint32_t type = file_.sections[i].type;
      if (type == SHT_REL || type == SHT_RELA) TRY(move_relocations(i));
      if (type == SHT_SYMTAB) move_symbols(i);
    }
    store_relocations();
    return lay_out(file_, contents_);
  }

 private:
  std::string name_of(std::uint32_t section) const {
    return fmt::format("section {} ({})", section, printable(file_.sections[section].name));
  }

  std::unexpected<Diagnostic> refuse(std::uint32_t section, const std::string& what) const {
    return error(Fault::unsupported, name_of(section) + ": " + what);
  }

  /// The bytes of a section as they are so far, for changes that keep their number.
  std::vector<std::uint8_t>& contents_of(std::uint32_t section) {
    const std::span data = file_.sections[section].data;
    return contents_.try_emplace(section, data.begin(), data.end()).first->second;
  }

  /// The slots of a section as they were.
  struct OldSection {
    std::vector<bpf::Slot> slots;
    std::vector<bool> related;  ///< a relocation patches the slot
  };

  OldSection old_section(std::uint32_t index) const {
    const Section& section = file_.sections[index];
    OldSection old;
    old.slots.resize(section.data.size() / slot_bytes);
    old.related.resize(old.slots.size());
    for (std::size_t i = 0; i < old.slots.size(); ++i) old.slots[i] = bpf::slot_at(section.data, i);
    for (const Relocation& relocation : file_.relocations_of(index))
      if (relocation.offset / slot_bytes < old.slots.size())
        old.related[relocation.offset / slot_bytes] = true;
    return old;
  }

  Expected<void> place_code() {
    for (auto& [index, moved] : code_.sections()) {
      const OldSection old = old_section(index);
      if (const auto adjusted = adjust_displacements(moved, old.slots, old.related); !adjusted)
        return std::unexpected(adjusted.error().at(printable(file_.sections[index].name)));
      std::vector<std::uint8_t>& bytes = contents_[index];
      bytes.resize(moved.slots.size() * slot_bytes);
      for (std::size_t i = 0; i < moved.slots.size(); ++i)
        store_le(bytes.data() + i * slot_bytes, moved.slots[i]);
    }
    return {};
  }

  /// Calls that the assembler resolved, by their distance, get a relocation where they were copied
  /// into another section.
  Expected<void> relate_calls() {
    std::map<std::uint32_t, OldSection> olds;
    for (const auto& [index, moved] : code_.sections())
      for (std::uint32_t i = 0; i < moved.old_of.size(); ++i) {
        const OldSlot& from = moved.old_of[i];
        if (!from.copied || from.section == index) continue;
        if (!olds.contains(from.section)) olds.emplace(from.section, old_section(from.section));
        const OldSection& old = olds.at(from.section);
        const auto target = named_slot(old.slots, from.slot);
        if (!target || old.related[from.slot]) continue;
        if (*target < 0 || *target >= static_cast<std::int64_t>(old.slots.size()))
          return refuse(index, fmt::format("the call at slot {} is a copy of one that leaves {}", i,
                                           name_of(from.section)));
        TRY(relate_call({index, i}, from.section, *target));
      }
    return {};
  }

  /// Gives the call at `at` a relocation to what was slot `target` of another section.
  Expected<void> relate_call(CodePlace at, std::uint32_t section, std::int64_t target) {
    TRY(const std::uint32_t table, table_for(at.section, section, std::nullopt));
    TRY(const std::uint64_t symbol, section_symbol(section));
    const std::uint64_t address =
        code_.address(section, static_cast<std::uint64_t>(target) * slot_bytes);
    std::uint8_t* const bytes = contents_of(at.section).data() + at.slot * slot_bytes;
    auto slot = load_le<bpf::Slot>(bytes);
    slot.imm = static_cast<std::int32_t>(address / slot_bytes) - 1;
    store_le(bytes, slot);
    tables_[table].entries.push_back({at.slot * slot_bytes, symbol << 32 | relocation_64_32});
    tables_[table].grown = true;
    return {};
  }

  static std::size_t entry_bytes(const Section& section) {
    return section.type == SHT_RELA ? sizeof(Elf64_Rela) : sizeof(Elf64_Rel);
  }

  /// One relocation section: entries follow what they patch, and what they refer to is moved.
  Expected<void> move_relocations(std::uint32_t index) {
    const Section& section = file_.sections[index];
    const std::size_t size = entry_bytes(section);
    for (std::size_t at = 0; at + size <= section.data.size(); at += size) {
      Entry entry;
      std::memcpy(&entry, section.data.data() + at, size);
      const std::vector<PatchPlace> places = places_of(section.info, entry.offset);
      TRY(move_target(index, entry, places, section.type == SHT_RELA));
      for (const PatchPlace& place : places) {
        Entry moved = entry;
        moved.offset = place.offset;
        if (place.code != 0) {
          TRY(const std::uint64_t symbol, section_symbol(place.code));
          moved.info = symbol << 32 | entry.type();
        }
        std::uint32_t table = index;
        if (place.section != section.info) {
          TRY(table, table_for(place.section, section.info, section.type));
        }
        tables_[table].entries.push_back(moved);
        if (table != index) tables_[table].grown = true;
      }
    }
    return {};
  }

  /// The table that has the entries for code copied into `section`, of that type or any.
  Expected<std::uint32_t> table_for(std::uint32_t section, std::uint32_t from,
                                    std::optional<std::uint32_t> type) const {
    for (const std::uint32_t wanted : {SHT_REL, SHT_RELA}) {
      if (type && *type != wanted) continue;
      for (const Section& table : file_.sections)
        if (table.type == wanted && table.info == section) return file_.index_of(table);
    }
    return refuse(section, fmt::format("has no relocations, and code with one was copied into it "
                                       "from {}",
                                       name_of(from)));
  }

  /// The symbol that names the start of a section.
  Expected<std::uint64_t> section_symbol(std::uint32_t section) const {
    const auto found = std::ranges::find_if(file_.symbols, [&](const Symbol& symbol) {
      return symbol.type == SymbolType::section && symbol.defined && symbol.section == section;
    });
    if (found == file_.symbols.end())
      return refuse(section, "has no symbol, and code was copied from or into it");
    return static_cast<std::uint64_t>(found - file_.symbols.begin());
  }

  void store_relocations() {
    for (std::uint32_t i = 1; i < file_.sections.size(); ++i) {
      const Section& section = file_.sections[i];
      if (section.type != SHT_REL && section.type != SHT_RELA) continue;
      auto& [entries, grown] = tables_[i];
      if (grown) std::ranges::stable_sort(entries, {}, &Entry::offset);
      std::vector<std::uint8_t> bytes;
      for (const Entry& entry : entries) {
        const auto* first = reinterpret_cast<const std::uint8_t*>(&entry);
        bytes.insert(bytes.end(), first, first + entry_bytes(section));
      }
      if (!std::ranges::equal(bytes, section.data)) contents_[i] = std::move(bytes);
    }
  }

  /// Where the bytes at `offset` of a patched section are now: nowhere, or in several copies.
  std::vector<PatchPlace> places_of(std::uint32_t section, std::uint64_t offset) const {
    if (ext_ && section == ext_section_) return places_in_ext(offset);
    const std::uint64_t slot = offset / slot_bytes;
    const MovedSection* moved = code_.section(section);
    if (moved != nullptr && slot + 1 >= moved->places.size())
      return {{section, moved->address(offset)}};
    std::vector<PatchPlace> places;
    if (moved == nullptr) places.push_back({section, offset});
    const auto old_slot = static_cast<std::uint32_t>(slot);
    if (moved != nullptr)
      for (const std::uint32_t copy : moved->copies_of(old_slot))
        places.push_back({section, copy * slot_bytes + offset % slot_bytes});
    if (slot != old_slot) return places;
    for (const CodePlace& copy : code_.copies_elsewhere({section, old_slot}))
      places.push_back({copy.section, copy.slot * slot_bytes + offset % slot_bytes});
    return places;
  }

  std::vector<PatchPlace> places_in_ext(std::uint64_t offset) const {
    auto record = ext_->records.upper_bound(static_cast<std::uint32_t>(offset));
    if (record == ext_->records.begin()) return {{ext_section_, offset}};
    --record;
    if (offset >= record->first + std::uint64_t{record->second.size})
      return {{ext_section_, offset}};
    std::vector<PatchPlace> places;
    for (const MovedExt::Copy& copy : record->second.copies)
      places.push_back({ext_section_, copy.at + (offset - record->first), copy.section});
    return places;
  }

  /// What `entry` refers to, when that is code that moves.
  const Symbol* moving_symbol(const Entry& entry) const {
    if (entry.symbol() >= file_.symbols.size()) return nullptr;
    const Symbol& symbol = file_.symbols[entry.symbol()];
    return symbol.defined && code_.section(symbol.section) != nullptr ? &symbol : nullptr;
  }

  /// Moves the value that the entry adds to its symbol.
  Expected<void> move_target(std::uint32_t index, Entry& entry, std::span<const PatchPlace> places,
                             bool with_addend) {
    const Symbol* symbol = moving_symbol(entry);
    const std::uint32_t target = file_.sections[index].info;
    // The records of .BTF.ext hold the offset itself, and were moved with the record.
    if (symbol == nullptr || (ext_ && target == ext_section_)) return {};
    const std::int64_t old_addend = entry.addend;
    if (file_.sections[target].executable()) {
      for (const PatchPlace& place : places) {
        const std::uint64_t slot_at = place.offset - place.offset % slot_bytes;
        std::vector<std::uint8_t>& bytes = contents_of(place.section);
        if (!in_bounds(slot_at, slot_bytes, bytes.size()))
          return refuse(index, fmt::format("an entry patches offset {}, outside {}", entry.offset,
                                           name_of(place.section)));
        const std::uint8_t opcode = bytes[slot_at];
        if (opcode != lddw_opcode && opcode != call_opcode)
          return refuse(index, fmt::format("an entry refers to code from opcode 0x{:02x}, which is "
                                           "neither call nor lddw",
                                           unsigned{opcode}));
        if (with_addend)
          entry.addend = move_explicit(*symbol, bytes.data() + slot_at, old_addend);
        else
          move_operand(*symbol, bytes.data() + slot_at);
      }
      return {};
    }
    if (!with_addend) return move_value(index, target, *symbol, entry);
    entry.addend = move_addend(*symbol, old_addend);
    return {};
  }

  /// `addend` such that the symbol's new value and it make the new place of the old sum.
  std::int64_t move_addend(const Symbol& symbol, std::int64_t addend) const {
    const std::uint64_t old_address = symbol.value + static_cast<std::uint64_t>(addend);
    return static_cast<std::int64_t>(code_.address(symbol.section, old_address) -
                                     code_.address(symbol.section, symbol.value));
  }

  /// What a call (in slots, from behind it) or lddw (in bytes) adds to its symbol.
  static std::int64_t operand_bytes(const bpf::Slot& slot) {
    constexpr auto unit = static_cast<std::int64_t>(slot_bytes);
    return slot.opcode == lddw_opcode ? slot.imm : (std::int64_t{slot.imm} + 1) * unit;
  }

  void move_operand(const Symbol& symbol, std::uint8_t* at) const {
    constexpr auto unit = static_cast<std::int64_t>(slot_bytes);
    auto slot = load_le<bpf::Slot>(at);
    const std::int64_t moved = move_addend(symbol, operand_bytes(slot));
    slot.imm = static_cast<std::int32_t>(slot.opcode == lddw_opcode ? moved : moved / unit - 1);
    store_le(at, slot);
  }

  /// The addend of an entry whose sum with the operand at `at` refers to code.
  std::int64_t move_explicit(const Symbol& symbol, const std::uint8_t* at,
                             std::int64_t addend) const {
    const std::int64_t operand = operand_bytes(load_le<bpf::Slot>(at));
    return move_addend(symbol, addend + operand) - operand;
  }

  /// A value in data or debug information, and the length that a frame table has behind it.
  Expected<void> move_value(std::uint32_t index, std::uint32_t target, const Symbol& symbol,
                            const Entry& entry) {
    const std::uint32_t width = patched_bytes(entry.type());
    const Section& section = file_.sections[target];
    if (width == 0 && entry.type() != R_BPF_NONE && (section.flags & SHF_ALLOC) != 0)
      return refuse(index, fmt::format("relocation type {} refers to code that moves and is not "
                                       "known",
                                       entry.type()));
    if (width == 0) return {};
    if (section.occupies_no_file_space() || section.data.empty()) return {};
    std::vector<std::uint8_t>& bytes = contents_of(target);
    if (!in_bounds(entry.offset, width, bytes.size()))
      return refuse(index, fmt::format("an entry patches {} bytes at {}, outside its {}", width,
                                       entry.offset, bytes.size()));
    const std::int64_t old_value = load_value(bytes, entry.offset, width);
    const std::int64_t value = move_addend(symbol, old_value);
    store_value(bytes, entry.offset, width, value);
    const bool frames = section.name == ".eh_frame" || section.name == ".debug_frame";
    if (!frames || !in_bounds(entry.offset + width, width, bytes.size())) return {};
    const std::uint64_t length_at = entry.offset + width;
    const std::int64_t length = load_value(bytes, length_at, width);
    store_value(bytes, length_at, width, move_addend(symbol, old_value + length) - value);
    return {};
  }

  static std::int64_t load_value(std::span<const std::uint8_t> bytes, std::uint64_t at,
                                 std::uint32_t width) {
    if (width == 8) return load_le<std::int64_t>(bytes.data() + at);
    return load_le<std::int32_t>(bytes.data() + at);
  }

  static void store_value(std::span<std::uint8_t> bytes, std::uint64_t at, std::uint32_t width,
                          std::int64_t value) {
    if (width == 8)
      store_le(bytes.data() + at, value);
    else
      store_le(bytes.data() + at, static_cast<std::int32_t>(value));
  }

  void move_symbols(std::uint32_t table) {
    std::vector<std::uint8_t>& bytes = contents_of(table);
    for (std::size_t at = 0; at + sizeof(Elf64_Sym) <= bytes.size(); at += sizeof(Elf64_Sym)) {
      auto symbol = load_le<Elf64_Sym>(bytes.data() + at);
      const bool in_section = symbol.st_shndx != SHN_UNDEF && symbol.st_shndx < SHN_LORESERVE;
      if (!in_section || code_.section(symbol.st_shndx) == nullptr) continue;
      const std::uint64_t value = code_.address(symbol.st_shndx, symbol.st_value);
      const std::uint64_t end = code_.address(symbol.st_shndx, symbol.st_value + symbol.st_size);
      symbol.st_size = symbol.st_size == 0 ? 0 : end - value;
      symbol.st_value = value;
      store_le(bytes.data() + at, symbol);
    }
  }

  const Object& object_;
  const ElfFile& file_;
  MovedCode code_;
  std::optional<MovedExt> ext_;
  std::uint32_t ext_section_ = 0;
  NewContents contents_;
  std::map<std::uint32_t, NewTable> tables_;
};

}  // namespace

Expected<std::vector<std::uint8_t>> write(const Edit& edit) {
  if (edit.functions().empty()) return *edit.object().elf.bytes;
  const std::string& name = edit.object().name;
  auto written = Writer(edit).run();
  if (!written) return std::unexpected(written.error().at(name));
  // Without a kernel both readings are the same on every machine, and nothing is patched.
  const ReadOptions options{.btf = {}, .kconfig = {}, .resolve = Resolve::nothing};
  TRY(const Object before, read(*edit.object().elf.bytes, name, options));
  TRY(const Object again, read(*written, name, options));
  if (const auto same = check_written(edit.of(before), again); !same)
    return std::unexpected(same.error().at(name));
  return written;
}

}  // namespace probity::object
