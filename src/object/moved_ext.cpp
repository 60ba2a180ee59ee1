// SPDX-License-Identifier: Apache-2.0
// Tables are taken apart into blocks (one ELF section each) and records, and put together again.
// Source lines are ranges: a record holds until the next one of its function. So a slot that moved
// away from its neighbours gets a record of its own, and one whose predecessor bears the same
// record gets none. Records of a slot that was copied into another section go into that section's
// block.
#include "object/moved_ext.hpp"

#include <bpf/btf.h>
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <set>
#include <span>
#include <unordered_map>
#include <unordered_set>

#include "base/bytes.hpp"
#include "base/check.hpp"
#include "object/limits.hpp"
#include "object/printable.hpp"

namespace probity::object {
namespace {

constexpr std::uint32_t slot_bytes = sizeof(bpf::Slot);

std::unexpected<Diagnostic> refuse(const std::string& line) {
  return error(Fault::unsupported, ".BTF.ext: " + line + "; code cannot be moved");
}

/// The tables in the order of the header's (offset, size) pairs.
enum class Table : std::uint8_t { functions, lines, core };
constexpr std::array tables = {Table::functions, Table::lines, Table::core};
constexpr std::uint32_t first_pair = 8;  // magic, version, flags, hdr_len
constexpr std::uint32_t header_without_core = 24;
constexpr std::uint32_t header_with_core = 32;

struct Extent {
  std::uint32_t offset = 0;  // behind the header
  std::uint32_t size = 0;
};

/// One record: its bytes start with the byte offset of its insn in the section.
struct Record {
  std::uint32_t at = 0;  // offset in the old .BTF.ext
  std::uint32_t insn = 0;
};

/// A record of the new table.
struct NewRecord {
  std::uint32_t slot = 0;
  std::uint32_t at = 0;       // of the old record
  std::uint32_t section = 0;  // of the old record
};

/// The records of one section, in the order of the file.
struct Block {
  std::uint32_t at = 0;       // of its header; 0 for one that the old table does not have
  std::uint32_t section = 0;  // 0 when there is none of that name
  std::vector<Record> records;
};

/// By section.
using Records = std::map<std::uint32_t, std::vector<Record>>;

class Mover {
 public:
  Mover(const Object& object, const MovedCode& code, const Section& section)
      : object_(object), code_(code), old_(section.data) {}

  Expected<MovedExt> run() {
    TRY(read_header());
    find_sections();
    std::vector<std::vector<std::uint8_t>> bodies;
    for (const Table table : tables) TRY(read_table(table));
    for (const Table table : tables) {
      TRY(std::vector<std::uint8_t> body, move_table(table));
      bodies.push_back(std::move(body));
    }
    assemble(bodies);
    return std::move(result_);
  }

 private:
  std::uint32_t word(std::uint32_t at) const { return load_le<std::uint32_t>(old_.data() + at); }
  const Extent& extent(Table table) const { return extents_[static_cast<std::size_t>(table)]; }

  Expected<void> read_header() {
    if (old_.size() < header_without_core || old_.size() > limits::btf_bytes)
      return refuse(fmt::format("size {} is not in {}..{}", old_.size(), header_without_core,
                                limits::btf_bytes));
    header_size_ = word(4);
    if (load_le<std::uint16_t>(old_.data()) != BTF_MAGIC || header_size_ < header_without_core ||
        header_size_ > old_.size())
      return refuse("bad header");
    const std::size_t count = header_size_ >= header_with_core ? tables.size() : 2;
    for (std::uint32_t i = 0; i < count; ++i) {
      extents_[i] = {word(first_pair + 8 * i), word(first_pair + 8 * i + 4)};
      if (!in_bounds(extents_[i].offset, extents_[i].size, old_.size() - header_size_))
        return refuse(fmt::format("table {}+{} lies outside its {} bytes", extents_[i].offset,
                                  extents_[i].size, old_.size()));
    }
    std::vector<Extent> sorted;
    for (const Extent& extent : extents_)
      if (extent.size != 0) sorted.push_back(extent);
    std::ranges::sort(sorted, {}, &Extent::offset);
    for (std::size_t i = 1; i < sorted.size(); ++i)
      if (sorted[i - 1].offset + sorted[i - 1].size > sorted[i].offset)
        return refuse("two tables overlap");
    return {};
  }

  void find_sections() {
    const ElfFile& file = object_.elf;
    for (std::uint32_t i = 1; i < file.sections.size(); ++i) {
      if (!file.sections[i].executable()) continue;
      const bool added = by_name_.try_emplace(file.sections[i].name, i).second;
      if (!added) ambiguous_.insert(file.sections[i].name);
    }
  }

  /// The section that a block speaks of: 0 for one that does not exist.
  Expected<std::uint32_t> section_of(std::string_view name) const {
    const auto found = by_name_.find(name);
    if (found == by_name_.end()) return 0u;
    if (ambiguous_.contains(name))
      return refuse(fmt::format("two executable sections are named {}", printable(name)));
    return found->second;
  }

  struct TableBlocks {
    std::uint32_t record_size = 0;  // 0: there is no table
    std::vector<Block> blocks;
  };
  TableBlocks& blocks_of(Table table) { return blocks_[static_cast<std::size_t>(table)]; }

  Expected<void> read_table(Table table) {
    const std::uint32_t begin = header_size_ + extent(table).offset;
    const std::uint32_t end = begin + extent(table).size;
    if (begin == end) return {};
    if (end - begin < 4) return refuse("a table without a record size");
    const std::uint32_t record_size = word(begin);
    if (record_size < 8 || record_size % 4 != 0)
      return refuse(fmt::format("record size {}", record_size));
    blocks_of(table).record_size = record_size;
    for (std::uint32_t at = begin + 4; at < end;) {
      if (end - at < 8) return refuse("a table ends inside a section header");
      const std::uint32_t count = word(at + 4);
      if (std::uint64_t{count} * record_size > end - at - 8)
        return refuse("records exceed their table");
      TRY(const std::uint32_t section, section_of(object_.btf->string_at(word(at))));
      Block block{at, section, {}};
      at += 8;
      for (std::uint32_t i = 0; i < count; ++i, at += record_size) {
        block.records.push_back({at, word(at)});
        result_.records[at].size = record_size;
        tables_of_[at] = table;
      }
      blocks_of(table).blocks.push_back(std::move(block));
    }
    return {};
  }

  Expected<std::vector<std::uint8_t>> move_table(Table table) {
    std::vector<std::uint8_t> body;
    const TableBlocks& old = blocks_of(table);
    if (old.record_size == 0) return body;
    append(body, header_size_ + extent(table).offset, 4);
    Records records;  // readers skip one that names no slot
    for (const Block& block : old.blocks)
      std::ranges::copy_if(block.records, std::back_inserter(records[block.section]),
                           [](const Record& record) { return record.insn % slot_bytes == 0; });
    if (table == Table::lines)
      for (auto& [section, lines] : records) sort_lines(lines);
    std::set<std::uint32_t> seen;
    for (const Block& block : old.blocks) {
      const MovedSection* moved = code_.section(block.section);
      if (moved != nullptr && !seen.insert(block.section).second)
        return refuse("two blocks of records for one section");
      TRY(add_block(table, block, place_records(table, block, moved, records), body));
    }
    for (const auto& [index, moved] : code_.sections()) {
      const Block block{0, index, {}};
      if (!seen.contains(index))
        TRY(add_block(table, block, place_records(table, block, &moved, records), body));
    }
    if (body.size() == 4 && !old.blocks.empty()) body.clear();
    return body;
  }

  /// Appends the block with its new records.
  Expected<void> add_block(Table table, const Block& block, const std::vector<NewRecord>& placed,
                           std::vector<std::uint8_t>& body) {
    // Loaders refuse an empty block; one that was empty stays.
    if (placed.empty() && (block.at == 0 || !block.records.empty())) return {};
    TRY(const std::uint32_t name, name_of(block));
    const std::array<std::uint32_t, 2> header = {name, static_cast<std::uint32_t>(placed.size())};
    const auto* first = reinterpret_cast<const std::uint8_t*>(header.data());
    body.insert(body.end(), first, first + sizeof(header));
    const bool moved = code_.section(block.section) != nullptr;
    for (const NewRecord& record : placed) {
      const auto position = static_cast<std::uint32_t>(body.size());
      append(body, record.at, blocks_of(table).record_size);
      if (moved) store_le(body.data() + position, record.slot * slot_bytes);
      // Offsets within the table until assemble() knows where the table starts.
      result_.records[record.at].copies.push_back(
          {position, record.section != block.section ? block.section : 0});
    }
    return {};
  }

  /// Where .BTF has the name of the block's section.
  Expected<std::uint32_t> name_of(const Block& block) const {
    if (block.at != 0) return word(block.at);
    const Section& section = object_.elf.sections[block.section];
    if (ambiguous_.contains(section.name))
      return refuse(fmt::format("two executable sections are named {}", printable(section.name)));
    const std::size_t size = object_.elf.find_section(".BTF")->data.size();
    for (std::uint32_t at = 1; at < size; ++at)
      if (object_.btf->string_at(at) == section.name) return at;
    return refuse(
        fmt::format("no string of .BTF is {}, so it cannot have the records of code that "
                    "was copied into that section",
                    printable(section.name)));
  }

  std::vector<NewRecord> place_records(Table table, const Block& block, const MovedSection* moved,
                                       const Records& records) const {
    std::vector<NewRecord> placed;
    if (moved == nullptr) {
      for (const Record& record : block.records) placed.push_back({0, record.at, block.section});
      return placed;
    }
    switch (table) {
      case Table::functions: return move_functions(*moved, records);
      case Table::core: return move_core(*moved, records);
      case Table::lines: return LineMover(*moved, records).run();
    }
    PROBITY_UNREACHABLE("Table");
  }

  static std::span<const Record> records_of(const Records& records, std::uint32_t section) {
    const auto found = records.find(section);
    return found != records.end() ? std::span(found->second) : std::span<const Record>();
  }

  static std::uint32_t place_of(const MovedSection& moved, const Record& record) {
    return static_cast<std::uint32_t>(moved.address(record.insn) / slot_bytes);
  }

  static std::vector<NewRecord> move_functions(const MovedSection& moved, const Records& records) {
    std::vector<NewRecord> placed;
    for (const Record& record : records_of(records, moved.index))
      placed.push_back({place_of(moved, record), record.at, moved.index});
    return placed;
  }

  std::vector<NewRecord> move_core(const MovedSection& moved, const Records& records) const {
    std::vector<NewRecord> placed;
    for (const Record& record : records_of(records, moved.index)) {
      const std::uint32_t old_slot = record.insn / slot_bytes;
      if (old_slot + 1 >= moved.places.size()) continue;  // patches nothing
      for (const std::uint32_t slot : moved.copies_of(old_slot))
        placed.push_back({slot, record.at, moved.index});
    }
    const std::size_t own = placed.size();
    for (const auto& [section, others] : records)
      for (const Record& record : others)
        for (const CodePlace& copy : code_.copies_elsewhere({section, record.insn / slot_bytes}))
          if (copy.section == moved.index) placed.push_back({copy.slot, record.at, section});
    if (placed.size() != own) std::ranges::stable_sort(placed, {}, &NewRecord::slot);
    return placed;
  }

  /// As readers see them: in order, one for a slot (the first).
  static void sort_lines(std::vector<Record>& lines) {
    std::ranges::stable_sort(lines, {}, &Record::insn);
    const auto repeated = std::ranges::unique(lines, {}, &Record::insn);
    lines.erase(repeated.begin(), repeated.end());
  }

  /// The lines of one section.
  class LineMover {
   public:
    LineMover(const MovedSection& moved, const Records& records)
        : moved_(moved), records_(records), own_(records_of(records, moved.index)) {}

    std::vector<NewRecord> run() {
      for (const CodeRun& run : moved_.runs) {
        const std::size_t first = first_at(own_, run.old_first);
        const std::size_t end = first_at(own_, run.old_first + run.old_count);
        if (run.edited)
          move_edited(run, own_.subspan(first, end - first));
        else
          for (std::size_t i = first; i < end; ++i)
            placed_.push_back({place_of(moved_, own_[i]), own_[i].at, moved_.index});
      }
      return std::move(placed_);
    }

   private:
    /// Index of the first line at or behind an old slot.
    static std::size_t first_at(std::span<const Record> lines, std::uint32_t old_slot) {
      const auto found =
          std::ranges::lower_bound(lines, std::uint64_t{old_slot} * slot_bytes, {}, &Record::insn);
      return static_cast<std::size_t>(found - lines.begin());
    }

    /// The line that an old slot bears: that of its function at or before it.
    const Record* line_of(const OldSlot& old) const {
      if (old.slot == no_slot) return nullptr;
      const std::span<const Record> lines = records_of(records_, old.section);
      const std::size_t behind = first_at(lines, old.slot + 1);
      if (behind == 0 || lines[behind - 1].insn < old.first * slot_bytes) return nullptr;
      return &lines[behind - 1];
    }

    void add(std::uint32_t slot, const Record& line, std::uint32_t section) {
      placed_.push_back({slot, line.at, section});
    }

    /// `lines` are the run's. Without one, code of other functions gets none either: loaders take
    /// lines of all functions of a program or of none.
    void move_edited(const CodeRun& run, std::span<const Record> lines) {
      if (lines.empty()) return;
      const Record* current = nullptr;  // what the slot before bears
      if (lines.front().insn == run.old_first * slot_bytes) {
        // A function starts with the line of its first slot that is left.
        const OldSlot* const opening = first_old(run);
        current = opening != nullptr ? line_of(*opening) : nullptr;
        const bool own = current == nullptr;
        if (own) current = &lines.front();
        add(run.new_first, *current, own ? moved_.index : opening->section);
      }
      for (std::uint32_t i = run.new_first; i < run.new_first + run.new_count; ++i) {
        const Record* const line = line_of(moved_.old_of[i]);
        if (line == nullptr || line == current) continue;
        current = line;
        add(i, *line, moved_.old_of[i].section);
      }
    }

    /// The first new slot with an old one.
    const OldSlot* first_old(const CodeRun& run) const {
      for (std::uint32_t i = run.new_first; i < run.new_first + run.new_count; ++i)
        if (moved_.old_of[i].slot != no_slot) return &moved_.old_of[i];
      return nullptr;
    }

    const MovedSection& moved_;
    const Records& records_;
    std::span<const Record> own_;
    std::vector<NewRecord> placed_;
  };

  void append(std::vector<std::uint8_t>& body, std::uint32_t at, std::uint32_t size) const {
    const auto from = old_.begin() + at;
    body.insert(body.end(), from, from + size);
  }

  /// Header, then the tables in their old order with what stood between them.
  void assemble(const std::vector<std::vector<std::uint8_t>>& bodies) {
    std::vector<Table> order(tables.begin(), tables.end());
    std::ranges::stable_sort(order, {}, [&](Table table) {
      return std::pair(extent(table).offset, extent(table).size);
    });
    std::vector<std::uint8_t>& bytes = result_.bytes;
    bytes.assign(old_.begin(), old_.begin() + header_size_);
    std::uint32_t old_end = header_size_;
    std::array<std::uint32_t, tables.size()> starts{};
    for (const Table table : order) {
      const auto i = static_cast<std::size_t>(table);
      const std::uint32_t begin = header_size_ + extents_[i].offset;
      if (begin > old_end) append(bytes, old_end, begin - old_end);
      starts[i] = static_cast<std::uint32_t>(bytes.size());
      bytes.insert(bytes.end(), bodies[i].begin(), bodies[i].end());
      old_end = std::max(old_end, begin + extents_[i].size);
    }
    append(bytes, old_end, static_cast<std::uint32_t>(old_.size()) - old_end);
    const std::size_t count = header_size_ >= header_with_core ? tables.size() : 2;
    for (std::uint32_t i = 0; i < count; ++i) {
      store_le(bytes.data() + first_pair + 8 * i, starts[i] - header_size_);
      store_le(bytes.data() + first_pair + 8 * i + 4, static_cast<std::uint32_t>(bodies[i].size()));
    }
    for (auto& [at, record] : result_.records)
      for (MovedExt::Copy& copy : record.copies)
        copy.at += starts[static_cast<std::size_t>(tables_of_[at])];
  }

  const Object& object_;
  const MovedCode& code_;
  std::span<const std::uint8_t> old_;
  std::uint32_t header_size_ = 0;
  std::array<Extent, tables.size()> extents_{};
  std::unordered_map<std::string_view, std::uint32_t> by_name_;
  std::unordered_set<std::string_view> ambiguous_;
  std::array<TableBlocks, tables.size()> blocks_;
  std::unordered_map<std::uint32_t, Table> tables_of_;
  MovedExt result_;
};

}  // namespace

Expected<std::optional<MovedExt>> move_btf_ext(const Object& object, const MovedCode& code) {
  const Section* section = object.elf.find_section(".BTF.ext");
  if (section == nullptr || section->data.empty()) return std::nullopt;
  if (section->executable()) return refuse("it is executable");
  // Loaders ignore it then, as the reader does; rules for what it might mean are not ours to make.
  if (!object.btf || !read_btf_ext(section->data, *object.btf, object.elf)) return std::nullopt;
  TRY(MovedExt moved, Mover(object, code, *section).run());
  return moved;
}

}  // namespace probity::object
