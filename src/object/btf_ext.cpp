// SPDX-License-Identifier: Apache-2.0
// Parsing .BTF.ext: a header, then up to three tables of the same shape (record size, then per ELF
// section a name, a count and the records). Larger records of newer compilers are read by their
// known prefix.
#include "object/btf_ext.hpp"

#include <bpf/btf.h>
#include <fmt/core.h>

#include <algorithm>
#include <unordered_map>

#include "base/bytes.hpp"
#include "object/limits.hpp"

namespace probity::object {
namespace {

constexpr std::uint32_t slot_bytes = 8;

std::unexpected<Diagnostic> bad(const std::string& line) {
  return error(Fault::bad_input, line);
}

struct Header {
  std::uint16_t magic;
  std::uint8_t version;
  std::uint8_t flags;
  std::uint32_t header_size;
  std::uint32_t func_off, func_size;
  std::uint32_t line_off, line_size;
};
static_assert(sizeof(Header) == 24);
struct CoreHeader {
  std::uint32_t off, size;
};

/// A window of the section that hands out 32-bit words.
struct Words {
  std::span<const std::uint8_t> bytes;
  std::size_t at = 0;

  bool has(std::uint64_t size) const { return in_bounds(at, size, bytes.size()); }
  std::uint32_t take() {
    const auto value = load_le<std::uint32_t>(bytes.data() + at);
    at += sizeof value;
    return value;
  }
};

struct CodeSection {
  std::uint32_t index;
  std::uint64_t size;
};
using CodeSections = std::unordered_map<std::string_view, CodeSection>;

CodeSections code_sections(const ElfFile& file) {
  CodeSections result;
  for (std::uint32_t i = 1; i < file.sections.size(); ++i)
    if (file.sections[i].executable())
      result.try_emplace(file.sections[i].name, i, file.sections[i].size);
  return result;
}

/// Calls `add(place, record)` for each record of one table; the record is at least `known_size`
/// bytes.
template <typename T>
Expected<void> walk_table(std::span<const std::uint8_t> table, std::string_view what,
                          std::uint32_t known_size, const Btf& btf, const CodeSections& sections,
                          T add) {
  if (table.empty()) return {};
  Words words{table};
  if (!words.has(4))
    return bad(
        fmt::format(".BTF.ext: {} table of {} bytes has no record size", what, table.size()));
  const std::uint32_t record_size = words.take();
  if (record_size < known_size || record_size % 4 != 0)
    return bad(fmt::format(".BTF.ext: {} record size {} is not a multiple of 4 of at least {}",
                           what, record_size, known_size));
  while (words.at < table.size()) {
    if (!words.has(8))
      return bad(fmt::format(".BTF.ext: {} table ends inside a section header", what));
    const std::string_view name = btf.string_at(words.take());
    const std::uint32_t count = words.take();
    if (!words.has(std::uint64_t{count} * record_size))
      return bad(
          fmt::format(".BTF.ext: {} {} records of section {} exceed the table", count, what, name));
    const auto section = sections.find(name);
    for (std::uint32_t i = 0; i < count; ++i, words.at += record_size) {
      const std::uint8_t* record = table.data() + words.at;
      const auto offset = load_le<std::uint32_t>(record);
      if (section == sections.end() || offset % slot_bytes != 0) continue;
      if (offset < section->second.size)
        add(CodePlace{section->second.index, offset / slot_bytes}, record);
    }
  }
  return {};
}

/// One record per place: the first.
template <typename T>
void sort_by_place(std::vector<T>& records) {
  std::ranges::stable_sort(records, [](const T& a, const T& b) { return a.place < b.place; });
  const auto [first, last] =
      std::ranges::unique(records, [](const T& a, const T& b) { return a.place == b.place; });
  records.erase(first, last);
}

Expected<std::span<const std::uint8_t>> table_of(std::span<const std::uint8_t> body,
                                                 std::uint32_t offset, std::uint32_t size,
                                                 std::string_view what) {
  if (!in_bounds(offset, size, body.size()))
    return bad(fmt::format(".BTF.ext: {} table {}+{} lies outside its {} bytes", what, offset, size,
                           body.size()));
  return body.subspan(offset, size);
}

}  // namespace

Expected<BtfExt> read_btf_ext(std::span<const std::uint8_t> bytes, const Btf& btf,
                              const ElfFile& file) {
  if (bytes.size() < sizeof(Header) || bytes.size() > limits::btf_bytes)
    return bad(fmt::format(".BTF.ext: size {} is not in {}..{}", bytes.size(), sizeof(Header),
                           limits::btf_bytes));
  const auto header = load_le<Header>(bytes.data());
  if (header.magic != BTF_MAGIC)
    return bad(
        fmt::format(".BTF.ext: magic 0x{:04x} is not 0x{:04x}", unsigned{header.magic}, BTF_MAGIC));
  if (header.header_size < sizeof(Header) || header.header_size > bytes.size())
    return bad(fmt::format(".BTF.ext: header length {} is not in {}..{}", header.header_size,
                           sizeof(Header), bytes.size()));
  const std::span body = bytes.subspan(header.header_size);
  const CodeSections sections = code_sections(file);
  BtfExt result;
  TRY(const std::span functions, table_of(body, header.func_off, header.func_size, "function"));
  TRY(walk_table(functions, "function", 8, btf, sections,
                 [&](CodePlace place, const std::uint8_t* record) {
                   result.functions.push_back({place, load_le<std::uint32_t>(record + 4)});
                 }));
  TRY(const std::span lines, table_of(body, header.line_off, header.line_size, "line"));
  TRY(walk_table(
      lines, "line", 16, btf, sections, [&](CodePlace place, const std::uint8_t* record) {
        const auto packed =
            load_le<std::uint32_t>(record + 12);  // line in the high 22 bits, column in the low 10
        result.lines.push_back({place, packed >> 10, packed & 0x3ff,
                                btf.string_at(load_le<std::uint32_t>(record + 4)),
                                btf.string_at(load_le<std::uint32_t>(record + 8))});
      }));
  if (header.header_size >= sizeof(Header) + sizeof(CoreHeader)) {
    const auto core_header = load_le<CoreHeader>(bytes.data() + sizeof(Header));
    TRY(const std::span core, table_of(body, core_header.off, core_header.size, "CO-RE"));
    TRY(walk_table(
        core, "CO-RE", 16, btf, sections, [&](CodePlace place, const std::uint8_t* record) {
          const auto type_id = load_le<std::uint32_t>(record + 4);
          const btf_type* type = btf.type(btf.resolve(type_id).value_or(0));
          result.core.push_back({place, type_id,
                                 type != nullptr ? btf.name_of(type) : std::string_view(),
                                 btf.string_at(load_le<std::uint32_t>(record + 8)),
                                 load_le<std::uint32_t>(record + 12)});
        }));
  }
  sort_by_place(result.functions);
  sort_by_place(result.lines);
  sort_by_place(result.core);
  return result;
}

}  // namespace probity::object
