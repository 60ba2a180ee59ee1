// SPDX-License-Identifier: Apache-2.0
// Tables are taken apart into blocks (one ELF section each) and records, and put together again.
// Source lines are ranges: a record holds until the next one of its function. So a slot that moved
// away from its neighbours gets a record of its own, and one whose predecessor bears the same
// record gets none.
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
  std::uint32_t at = 0;  // of the old record
};

class Mover {
 public:
  Mover(const Object& object, const MovedCode& code, const Section& section)
      : object_(object), code_(code), old_(section.data) {}

  Expected<MovedExt> run() {
    TRY(read_header());
    find_sections();
    std::vector<std::vector<std::uint8_t>> bodies;
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

  /// The section that a block speaks of: nothing for one that does not exist.
  Expected<const MovedSection*> section_of(std::string_view name) const {
    const auto found = by_name_.find(name);
    if (found == by_name_.end()) return nullptr;
    if (ambiguous_.contains(name))
      return refuse(fmt::format("two executable sections are named {}", printable(name)));
    return code_.section(found->second);
  }

  Expected<std::vector<std::uint8_t>> move_table(Table table) {
    const std::uint32_t begin = header_size_ + extent(table).offset;
    const std::uint32_t end = begin + extent(table).size;
    std::vector<std::uint8_t> body;
    if (begin == end) return body;
    if (end - begin < 4) return refuse("a table without a record size");
    const std::uint32_t record_size = word(begin);
    if (record_size < 8 || record_size % 4 != 0)
      return refuse(fmt::format("record size {}", record_size));
    append(body, begin, 4);
    const auto position = [&] { return static_cast<std::uint32_t>(body.size()); };
    for (std::uint32_t at = begin + 4; at < end;) {
      if (end - at < 8) return refuse("a table ends inside a section header");
      const std::uint64_t bytes = std::uint64_t{word(at + 4)} * record_size;
      if (bytes > end - at - 8) return refuse("records exceed their table");
      const std::uint32_t start = position();
      append(body, at, 8);
      TRY(const std::uint32_t count, move_block(table, {at, record_size}, body));
      store_le(body.data() + start + 4, count);
      if (count == 0 && bytes != 0) body.resize(start);  // loaders refuse an empty block
      at += 8 + static_cast<std::uint32_t>(bytes);
    }
    if (body.size() == 4 && end - begin > 4) body.clear();
    return body;
  }

  struct Block {
    std::uint32_t at = 0;  // of its header
    std::uint32_t record_size = 0;
  };

  /// Appends the block's records and answers their number.
  Expected<std::uint32_t> move_block(Table table, Block block, std::vector<std::uint8_t>& body) {
    const std::uint32_t count = word(block.at + 4);
    std::vector<Record> records;
    std::vector<NewRecord> placed;
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::uint32_t at = block.at + 8 + i * block.record_size;
      records.push_back({at, word(at)});
      placed.push_back({0, at});
      result_.records[at].size = block.record_size;
      tables_of_[at] = table;
    }
    TRY(const MovedSection* moved, section_of(object_.btf->string_at(word(block.at))));
    if (moved != nullptr && !seen_.insert({table, moved}).second)
      return refuse("two blocks of records for one section");
    if (moved != nullptr) placed = move_records(table, *moved, std::move(records));
    for (const NewRecord& record : placed) {
      const auto position = static_cast<std::uint32_t>(body.size());
      append(body, record.at, block.record_size);
      if (moved != nullptr) store_le(body.data() + position, record.slot * slot_bytes);
      // Offsets within the table until assemble() knows where the table starts.
      result_.records[record.at].places.push_back(position);
    }
    return static_cast<std::uint32_t>(placed.size());
  }

  static std::vector<NewRecord> move_records(Table table, const MovedSection& moved,
                                             std::vector<Record> records) {
    // Readers skip a record that names no slot.
    std::erase_if(records, [](const Record& record) { return record.insn % slot_bytes != 0; });
    switch (table) {
      case Table::functions: return move_functions(moved, records);
      case Table::core: return move_core(moved, records);
      case Table::lines: return LineMover(moved, std::move(records)).run();
    }
    PROBITY_UNREACHABLE("Table");
  }

  static std::uint32_t place_of(const MovedSection& moved, const Record& record) {
    return static_cast<std::uint32_t>(moved.address(record.insn) / slot_bytes);
  }

  static std::vector<NewRecord> move_functions(const MovedSection& moved,
                                               const std::vector<Record>& records) {
    std::vector<NewRecord> placed;
    placed.reserve(records.size());
    for (const Record& record : records) placed.push_back({place_of(moved, record), record.at});
    return placed;
  }

  static std::vector<NewRecord> move_core(const MovedSection& moved,
                                          const std::vector<Record>& records) {
    std::vector<NewRecord> placed;
    for (const Record& record : records) {
      const std::uint32_t old_slot = record.insn / slot_bytes;
      if (old_slot + 1 >= moved.places.size()) continue;  // patches nothing
      for (const std::uint32_t slot : moved.copies_of(old_slot))
        placed.push_back({slot, record.at});
    }
    return placed;
  }

  /// The lines of one section.
  class LineMover {
   public:
    LineMover(const MovedSection& moved, std::vector<Record> records)
        : moved_(moved), records_(std::move(records)) {
      // As readers see them: in order, one for a slot (the first).
      std::ranges::stable_sort(records_, {}, &Record::insn);
      const auto repeated = std::ranges::unique(records_, {}, &Record::insn);
      records_.erase(repeated.begin(), repeated.end());
    }

    std::vector<NewRecord> run() {
      for (const CodeRun& run : moved_.runs) {
        const std::size_t first = first_at(run.old_first);
        const std::size_t end = first_at(run.old_first + run.old_count);
        if (run.edited)
          move_edited(run, first, end);
        else
          for (std::size_t i = first; i < end; ++i) add(i, place_of(moved_, records_[i]));
      }
      return std::move(placed_);
    }

   private:
    /// Index of the first record at or behind an old slot.
    std::size_t first_at(std::uint32_t old_slot) const {
      const auto found = std::ranges::lower_bound(records_, std::uint64_t{old_slot} * slot_bytes,
                                                  {}, &Record::insn);
      return static_cast<std::size_t>(found - records_.begin());
    }

    void add(std::size_t record, std::uint32_t slot) {
      placed_.push_back({slot, records_[record].at});
    }

    /// Records first..end are those of the run.
    void move_edited(const CodeRun& run, std::size_t first, std::size_t end) {
      std::size_t current = end;  // the record that the slot before bears; `end` for none
      if (first < end && records_[first].insn == run.old_first * slot_bytes) {
        // A function starts with the line of its first slot that is left.
        current = opening(run, first);
        add(current, run.new_first);
      }
      for (std::uint32_t i = run.new_first; i < run.new_first + run.new_count; ++i) {
        const std::uint32_t old_slot = moved_.old_of[i];
        if (old_slot == no_slot) continue;
        const std::size_t behind = first_at(old_slot + 1);
        if (behind == first || current == behind - 1) continue;
        current = behind - 1;
        add(current, i);
      }
    }

    /// The record that covers the first new slot with an old one.
    std::size_t opening(const CodeRun& run, std::size_t first) const {
      for (std::uint32_t i = run.new_first; i < run.new_first + run.new_count; ++i)
        if (moved_.old_of[i] != no_slot) return first_at(moved_.old_of[i] + 1) - 1;
      return first;
    }

    const MovedSection& moved_;
    std::vector<Record> records_;
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
      for (std::uint32_t& place : record.places)
        place += starts[static_cast<std::size_t>(tables_of_[at])];
  }

  const Object& object_;
  const MovedCode& code_;
  std::span<const std::uint8_t> old_;
  std::uint32_t header_size_ = 0;
  std::array<Extent, tables.size()> extents_{};
  std::unordered_map<std::string_view, std::uint32_t> by_name_;
  std::unordered_set<std::string_view> ambiguous_;
  std::set<std::pair<Table, const MovedSection*>> seen_;
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
