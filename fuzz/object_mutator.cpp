// SPDX-License-Identifier: Apache-2.0
// One section is chosen and one record of its kind is changed: a field of a symbol or of a
// relocation, a word of BTF, a field of a slot, a field of the section's own header. Values are
// drawn from those that decide something (0, small ids, limits), or random. One mutation in eight
// is libFuzzer's own on the bytes of the section, one in sixteen on the whole file.
#include "object_mutator.hpp"

#include <elf.h>

#include <array>
#include <cstring>
#include <random>
#include <span>
#include <string_view>

#include "base/bytes.hpp"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace probity::fuzz {
namespace {

class ObjectMutator {
 public:
  ObjectMutator(std::span<std::uint8_t> bytes, unsigned seed) : bytes_(bytes), random_(seed) {}

  bool is_object() const {
    if (bytes_.size() < sizeof(Elf64_Ehdr)) return false;
    const auto header = load_le<Elf64_Ehdr>(bytes_.data());
    return std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 && header.e_shnum > 1 &&
           header.e_shentsize == sizeof(Elf64_Shdr) &&
           in_bounds(header.e_shoff, header.e_shnum * sizeof(Elf64_Shdr), bytes_.size());
  }

  void mutate() {
    const auto header = load_le<Elf64_Ehdr>(bytes_.data());
    const std::size_t place =
        header.e_shoff + (1 + below(header.e_shnum - 1u)) * sizeof(Elf64_Shdr);
    const auto section = load_le<Elf64_Shdr>(bytes_.data() + place);
    if (below(16) == 0) return mutate_words(bytes_.subspan(place, sizeof(Elf64_Shdr)));
    if (section.sh_type == SHT_NOBITS || section.sh_size == 0) return;
    if (!in_bounds(section.sh_offset, section.sh_size, bytes_.size())) return;
    const std::span contents = bytes_.subspan(section.sh_offset, section.sh_size);
    if (below(8) == 0) {
      LLVMFuzzerMutate(contents.data(), contents.size(), contents.size());
      return;
    }
    switch (section.sh_type) {
      case SHT_SYMTAB: return mutate_symbol(contents);
      case SHT_REL: return mutate_relocation(contents);
      default: break;
    }
    if ((section.sh_flags & SHF_EXECINSTR) != 0) return mutate_slot(contents);
    mutate_words(contents);
  }

 private:
  std::uint32_t below(std::uint32_t bound) {
    return bound == 0 ? 0 : static_cast<std::uint32_t>(random_() % bound);
  }

  std::uint64_t value() {
    constexpr std::array<std::uint64_t, 12> telling = {
        0, 1, 4, 8, 16, 0x7fff, 0xffff, 0x7fffffff, 0xffffffff, 0xfffffff8, 1ull << 63, ~0ull};
    switch (below(3)) {
      case 0: return telling[below(telling.size())];
      case 1: return below(64);
      default: return random_();
    }
  }

  template <typename T>
  void store(std::span<std::uint8_t> bytes, std::size_t offset, T number) {
    if (in_bounds(offset, sizeof number, bytes.size())) store_le(bytes.data() + offset, number);
  }

  void mutate_symbol(std::span<std::uint8_t> table) {
    const std::size_t entry =
        below(static_cast<std::uint32_t>(table.size() / sizeof(Elf64_Sym))) * sizeof(Elf64_Sym);
    switch (below(5)) {
      case 0: return store(table, entry + offsetof(Elf64_Sym, st_name), std::uint32_t(value()));
      case 1: return store(table, entry + offsetof(Elf64_Sym, st_info), std::uint8_t(below(48)));
      case 2: return store(table, entry + offsetof(Elf64_Sym, st_shndx), std::uint16_t(below(24)));
      case 3: return store(table, entry + offsetof(Elf64_Sym, st_value), value());
      default: return store(table, entry + offsetof(Elf64_Sym, st_size), value());
    }
  }

  void mutate_relocation(std::span<std::uint8_t> table) {
    const std::size_t entry =
        below(static_cast<std::uint32_t>(table.size() / sizeof(Elf64_Rel))) * sizeof(Elf64_Rel);
    if (below(2) == 0) return store(table, entry, value());
    const std::uint64_t symbol = below(64);
    store(table, entry + offsetof(Elf64_Rel, r_info), symbol << 32 | below(12));
  }

  void mutate_slot(std::span<std::uint8_t> code) {
    const std::size_t slot = below(static_cast<std::uint32_t>(code.size() / 8)) * 8;
    switch (below(4)) {
      case 0: return store(code, slot, std::uint8_t(random_()));
      case 1: return store(code, slot + 1, std::uint8_t(random_()));
      case 2: return store(code, slot + 2, std::uint16_t(value()));
      default: return store(code, slot + 4, std::uint32_t(value()));
    }
  }

  /// BTF, BTF.ext, map definitions and section headers are words of 32 bits.
  void mutate_words(std::span<std::uint8_t> words) {
    const std::size_t at = below(static_cast<std::uint32_t>(words.size() / 4)) * 4;
    if (!in_bounds(at, 4, words.size())) return;
    const auto old = load_le<std::uint32_t>(words.data() + at);
    switch (below(4)) {
      case 0: return store(words, at, old + below(9) - 4);
      case 1: return store(words, at, old ^ 1u << below(32));
      default: return store(words, at, std::uint32_t(value()));
    }
  }

  std::span<std::uint8_t> bytes_;
  std::minstd_rand random_;
};

}  // namespace

std::size_t mutate_object(std::uint8_t* data, std::size_t size, std::size_t max_size,
                          unsigned seed) {
  ObjectMutator mutator({data, size}, seed);
  if (seed % 16 == 0 || !mutator.is_object()) return LLVMFuzzerMutate(data, size, max_size);
  mutator.mutate();
  return size;
}

}  // namespace probity::fuzz
