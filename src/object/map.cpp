// SPDX-License-Identifier: Apache-2.0
// Legacy maps and global data as maps. A legacy record's size is the spacing of the
// symbols in its section: 5 words are the classic bpf_map_def, 7 that of the kernel's samples, 9
// iproute2's bpf_elf_map; all begin alike.
#include "object/map.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <map>

#include "base/bytes.hpp"
#include "object/limits.hpp"

namespace probity::object {
namespace {

using program::MapDef;
using program::MapType;

constexpr std::uint32_t rdonly_prog_flag = 1u << 7;  // BPF_F_RDONLY_PROG
constexpr std::size_t kernel_name_bytes = 15;        // BPF_OBJ_NAME_LEN - 1
constexpr std::size_t legacy_words = 5;
constexpr std::size_t sample_words = 7;
constexpr std::size_t iproute2_words = 9;
constexpr std::uint32_t numa_node_flag = 1u << 2;  // BPF_F_NUMA_NODE

std::unexpected<Diagnostic> bad(const std::string& line) {
  return error(Fault::bad_input, line);
}

/// The words behind the classic five. Seven are either the kernel samples' (an inner map by its
/// number, a NUMA node) or an older iproute2's (id, pinning): the type and a flag tell.
template <typename T>
void read_extension(MapDef& def, const T& word, std::uint64_t words, MapInfo& info) {
  const bool of_maps = def.type == MapType::array_of_maps || def.type == MapType::hash_of_maps;
  const bool on_node = (def.flags & numa_node_flag) != 0;
  if (words == sample_words && of_maps) def.inner = static_cast<std::int32_t>(word(5));
  if (words == sample_words && on_node) info.numa_node = word(6);
  const bool iproute2 = words == iproute2_words || (words == sample_words && !of_maps && !on_node);
  if (!iproute2) return;
  info.ids = {word(5), word(7), word(8)};
  info.pinning = word(6);
}

Expected<void> read_legacy_map(Object& object, std::uint32_t index, const Symbol& symbol,
                               std::uint64_t end) {
  const Section& section = object.elf.sections[index];
  const std::uint64_t spacing = end - symbol.value;
  if (spacing < (legacy_words - 1) * 4)
    return bad(fmt::format("{}: map {} has {} bytes, fewer than the {} of a definition",
                           section.name, symbol.name, spacing, (legacy_words - 1) * 4));
  const std::uint8_t* record = section.data.data() + symbol.value;
  const auto word = [&](std::size_t i) {
    return i * 4 + 4 <= spacing ? load_le<std::uint32_t>(record + i * 4) : 0u;
  };
  MapDef def{symbol.name, static_cast<MapType>(word(0)), word(1), word(2), word(3), word(4), -1, {},
             false};
  MapInfo info;
  info.source = MapSource::legacy;
  info.section = index;
  info.offset = symbol.value;
  info.size = spacing;
  read_extension(def, word, spacing / 4, info);
  return add_map(object, def, std::move(info));
}

Expected<void> read_legacy_section(Object& object, std::uint32_t index,
                                   std::span<const Symbol* const> symbols) {
  const Section& section = object.elf.sections[index];
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    const Symbol& symbol = *symbols[i];
    if (symbol.value >= section.data.size())
      return bad(fmt::format("{}: map {} at offset {} lies outside the section of {} bytes",
                             section.name, symbol.name, symbol.value, section.data.size()));
    if (i > 0 && symbols[i - 1]->value == symbol.value) continue;
    std::size_t next = i + 1;
    while (next < symbols.size() && symbols[next]->value == symbol.value) ++next;
    const std::uint64_t end = next < symbols.size() ? symbols[next]->value : section.data.size();
    TRY(read_legacy_map(object, index, symbol, std::min<std::uint64_t>(end, section.data.size())));
  }
  return {};
}

}  // namespace

bool is_legacy_map_section(const Section& section) {
  if (section.executable() || section.data.empty()) return false;
  return section.name == "maps" || section.name.starts_with("maps/") ||
         section.name.ends_with("/maps");
}

bool is_data_section(const Section& section) {
  if (section.executable()) return false;
  for (const std::string_view base : {".data", ".rodata", ".bss"})
    if (section.name == base ||
        (section.name.starts_with(base) && section.name[base.size()] == '.'))
      return true;
  return false;
}

std::string data_map_name(std::string_view object_name, std::string_view section) {
  if (section.find('.', 1) != std::string_view::npos) return std::string(section);
  std::string_view base = object_name.substr(object_name.rfind('/') + 1);
  base = base.substr(0, base.find('.'));
  const std::size_t suffix = std::min(std::max<std::size_t>(7, section.size()), kernel_name_bytes);
  std::string name(base.substr(0, kernel_name_bytes - suffix));
  name += section.substr(0, suffix);
  for (char& c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_' && c != '.') c = '_';
  return name;
}

Expected<void> add_map(Object& object, const MapDef& def, MapInfo info) {
  if (object.maps.size() >= limits::maps)
    return bad(
        fmt::format("map count {} exceeds the limit of {}", object.maps.size() + 1, limits::maps));
  MapDef final = def;
  info.declared_key_size = def.key_size;
  info.declared_value_size = def.value_size;
  if (def.type ==
      MapType::perf_event_array) {  // an fd per CPU; definitions often leave the sizes out
    if (def.key_size == 0) final.key_size = 4;
    if (def.value_size == 0) final.value_size = 4;
  }
  object.maps.push_back(final);
  object.map_info.push_back(std::move(info));
  return {};
}

MapIndex::MapIndex(const Object& object) {
  for (std::uint32_t i = 0; i < object.map_info.size(); ++i) {
    const MapInfo& info = object.map_info[i];
    if (info.section != 0) extents_.push_back({info.section, info.offset, info.size, i});
  }
  std::ranges::sort(extents_, [](const Extent& a, const Extent& b) {
    return a.section != b.section ? a.section < b.section : a.offset < b.offset;
  });
}

std::optional<std::uint32_t> MapIndex::containing(std::uint32_t section,
                                                  std::uint64_t offset) const {
  const auto after = std::ranges::partition_point(extents_, [&](const Extent& extent) {
    return extent.section < section || (extent.section == section && extent.offset <= offset);
  });
  if (after == extents_.begin()) return std::nullopt;
  const Extent& extent = *std::prev(after);
  if (extent.section != section || offset - extent.offset >= extent.size) return std::nullopt;
  return extent.map;
}

Expected<void> read_legacy_maps(Object& object) {
  std::map<std::uint32_t, std::vector<const Symbol*>> by_section;
  for (const Symbol& symbol : object.elf.symbols) {
    const bool names_map = symbol.type == SymbolType::object || symbol.type == SymbolType::notype;
    if (!symbol.defined || !names_map || symbol.name.empty()) continue;
    if (is_legacy_map_section(object.elf.sections[symbol.section]))
      by_section[symbol.section].push_back(&symbol);
  }
  for (auto& [section, symbols] : by_section) {
    std::ranges::stable_sort(symbols, {}, &Symbol::value);
    TRY(read_legacy_section(object, section, symbols));
  }
  return {};
}

Expected<void> read_data_maps(Object& object) {
  std::uint64_t total = 0;
  for (std::uint32_t i = 1; i < object.elf.sections.size(); ++i) {
    const Section& section = object.elf.sections[i];
    if (!is_data_section(section) || section.size == 0) continue;
    total += section.size;
    if (total > limits::data_section_bytes)
      return bad(fmt::format("{}: global data of {} bytes exceeds the limit of {}", section.name,
                             total, limits::data_section_bytes));
    const bool read_only = section.name.starts_with(".rodata");
    object.storage->names.push_back(data_map_name(object.name, section.name));
    MapDef def{object.storage->names.back(),
               MapType::array,
               4,
               static_cast<std::uint32_t>(section.size),
               1,
               read_only ? rdonly_prog_flag : 0,
               -1,
               section.data,
               read_only};
    if (section.data.empty()) def.initial = object.storage->contents.emplace_back(section.size);
    MapInfo info;
    info.source = MapSource::data;
    info.section = i;
    info.size = section.size;
    TRY(add_map(object, def, std::move(info)));
  }
  return {};
}

Expected<void> read_initial_slots(Object& object) {
  const Section* section = object.elf.find_section(".maps");
  if (section == nullptr) return {};
  const std::uint32_t index = object.elf.index_of(*section);
  const MapIndex maps(object);
  for (const Relocation& relocation : object.elf.relocations_of(index)) {
    const auto owner_index = maps.containing(index, relocation.offset);
    const std::string place = fmt::format(".maps+{}", relocation.offset);
    if (!owner_index || !object.map_info[*owner_index].values_offset)
      return bad(fmt::format("{}: a relocation outside any `values` initialiser", place));
    MapInfo& owner = object.map_info[*owner_index];
    const std::uint64_t start = owner.offset + *owner.values_offset;
    if (relocation.offset < start || (relocation.offset - start) % 8 != 0)
      return bad(fmt::format("{}: a relocation that is not an element of `values`", place));
    if (!in_bounds(relocation.offset, 8, section->data.size()))
      return bad(fmt::format("{}: an element outside the section of {} bytes", place,
                             section->data.size()));
    const Symbol& symbol = object.elf.symbols[relocation.symbol];
    const auto in_place = load_le<std::uint64_t>(section->data.data() + relocation.offset);
    const std::uint64_t offset =
        symbol.value + static_cast<std::uint64_t>(relocation.addend) + in_place;
    MapSlot slot{static_cast<std::uint32_t>((relocation.offset - start) / 8), MapSlot::Kind::map,
                 0};
    const auto map = maps.containing(symbol.section, offset);
    if (symbol.defined && map && object.map_info[*map].offset == offset) {
      slot.target = *map;
    } else if (const auto function =
                   object.function_at({symbol.section, static_cast<std::uint32_t>(offset / 8)});
               symbol.defined && function) {
      slot.kind = MapSlot::Kind::function;
      slot.target = *function;
    } else {
      return bad(fmt::format("{}: element {} refers to {}, which is neither a map nor a function",
                             place, slot.index, symbol.name));
    }
    owner.initial_slots.push_back(slot);
  }
  return {};
}

}  // namespace probity::object
