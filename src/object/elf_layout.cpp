// SPDX-License-Identifier: Apache-2.0
// A file is a row of pieces: the header, sections, the section table. A piece that had `extra`
// bytes beyond its alignment before it keeps them, so growing and shrinking back gives the first
// file again. libelf would lay out the whole file anew, in an order of its own.
#include "object/elf_layout.hpp"

#include <elf.h>
#include <fmt/core.h>

#include <algorithm>
#include <span>

#include "base/bytes.hpp"
#include "object/limits.hpp"
#include "object/printable.hpp"

namespace probity::object {
namespace {

std::unexpected<Diagnostic> refuse(const std::string& line) {
  return error(Fault::unsupported, line);
}

struct Piece {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::uint64_t alignment = 1;
  std::uint32_t section = 0;  ///< 0 is the section table
};

class Layout {
 public:
  Layout(const ElfFile& file, const NewContents& contents)
      : file_(file),
        contents_(contents),
        old_(*file.bytes),
        header_(load_le<Elf64_Ehdr>(old_.data())) {}

  Expected<std::vector<std::uint8_t>> run() {
    const bool resized = std::ranges::any_of(contents_, [&](const auto& entry) {
      return entry.second.size() != file_.sections[entry.first].data.size();
    });
    collect();
    TRY(check());
    if (!resized) return overwrite();
    if (header_.e_phnum != 0)
      return refuse(
          fmt::format("the file has {} program headers; a section whose size changes "
                      "needs one without",
                      header_.e_phnum));
    return move();
  }

 private:
  Elf64_Shdr section_header(std::uint32_t index) const {
    return load_le<Elf64_Shdr>(old_.data() + header_.e_shoff + index * sizeof(Elf64_Shdr));
  }

  void collect() {
    const std::uint64_t table = file_.sections.size() * sizeof(Elf64_Shdr);
    pieces_.push_back({header_.e_shoff, table, sizeof(std::uint64_t), 0});
    for (std::uint32_t i = 1; i < file_.sections.size(); ++i) {
      const Elf64_Shdr header = section_header(i);
      const bool empty = file_.sections[i].data.empty();
      if (empty && header.sh_offset < sizeof(Elf64_Ehdr)) continue;  // nowhere, and stays there
      if (header.sh_type == SHT_NULL || header.sh_offset > old_.size()) continue;
      pieces_.push_back({header.sh_offset, file_.sections[i].data.size(),
                         std::max<std::uint64_t>(header.sh_addralign, 1), i});
    }
    std::ranges::stable_sort(pieces_, [](const Piece& a, const Piece& b) {
      return a.offset != b.offset ? a.offset < b.offset : a.size < b.size;
    });
  }

  std::string name_of(const Piece& piece) const {
    return piece.section == 0 ? "the section table"
                              : fmt::format("section {} ({})", piece.section,
                                            printable(file_.sections[piece.section].name));
  }

  Expected<void> check() const {
    std::uint64_t end = sizeof(Elf64_Ehdr);
    std::string before = "the ELF header";
    for (const Piece& piece : pieces_) {
      if (piece.offset < end)
        return refuse(fmt::format("{} at offset {} overlaps {}, which ends at {}", name_of(piece),
                                  piece.offset, before, end));
      end = piece.offset + piece.size;
      before = name_of(piece);
    }
    return {};
  }

  std::vector<std::uint8_t> overwrite() const {
    std::vector<std::uint8_t> result(old_.begin(), old_.end());
    for (const auto& [section, bytes] : contents_)
      std::ranges::copy(
          bytes, result.begin() + static_cast<std::ptrdiff_t>(file_.sections[section].offset));
    return result;
  }

  static std::uint64_t align_up(std::uint64_t value, std::uint64_t alignment) {
    return (value + alignment - 1) / alignment * alignment;
  }

  std::span<const std::uint8_t> bytes_of(const Piece& piece) const {
    const auto found = contents_.find(piece.section);
    if (piece.section != 0 && found != contents_.end()) return found->second;
    return old_.subspan(piece.offset, piece.size);
  }

  Expected<std::vector<std::uint8_t>> move() const {
    std::vector<std::uint8_t> result(old_.begin(), old_.begin() + sizeof(Elf64_Ehdr));
    std::vector<std::uint64_t> places(file_.sections.size());
    std::uint64_t old_end = sizeof(Elf64_Ehdr);
    for (const Piece& piece : pieces_) {
      const std::uint64_t alignment = piece.offset % piece.alignment == 0 ? piece.alignment : 1;
      // Never negative: piece.offset is a multiple of the alignment at or behind old_end.
      const std::uint64_t extra = piece.offset - align_up(old_end, alignment);
      const std::uint64_t place = align_up(result.size(), alignment) + extra;
      const std::span bytes = bytes_of(piece);
      if (place + bytes.size() > limits::file_bytes)
        return error(Fault::limit,
                     fmt::format("{} would end at {}, the limit of a file is {}", name_of(piece),
                                 place + bytes.size(), limits::file_bytes));
      fill_gap(result, old_.subspan(old_end, piece.offset - old_end), place);
      result.insert(result.end(), bytes.begin(), bytes.end());
      places[piece.section] = place;
      old_end = piece.offset + piece.size;
    }
    result.insert(result.end(), old_.begin() + static_cast<std::ptrdiff_t>(old_end), old_.end());
    write_headers(result, places);
    return result;
  }

  /// Bytes between pieces are padding; what stood there is kept as far as it fits.
  static void fill_gap(std::vector<std::uint8_t>& result, std::span<const std::uint8_t> gap,
                       std::uint64_t place) {
    const std::uint64_t wanted = place - result.size();
    gap = gap.first(std::min<std::uint64_t>(gap.size(), wanted));
    result.insert(result.end(), gap.begin(), gap.end());
    result.resize(place);
  }

  void write_headers(std::vector<std::uint8_t>& result,
                     const std::vector<std::uint64_t>& places) const {
    Elf64_Ehdr header = header_;
    header.e_shoff = places[0];
    store_le(result.data(), header);
    for (const Piece& piece : pieces_) {
      if (piece.section == 0) continue;
      Elf64_Shdr section = section_header(piece.section);
      section.sh_offset = places[piece.section];
      if (section.sh_type != SHT_NOBITS) section.sh_size = bytes_of(piece).size();
      store_le(result.data() + places[0] + piece.section * sizeof(Elf64_Shdr), section);
    }
  }

  const ElfFile& file_;
  const NewContents& contents_;
  std::span<const std::uint8_t> old_;
  Elf64_Ehdr header_;
  std::vector<Piece> pieces_;
};

}  // namespace

Expected<std::vector<std::uint8_t>> lay_out(const ElfFile& file, const NewContents& contents) {
  return Layout(file, contents).run();
}

}  // namespace probity::object
