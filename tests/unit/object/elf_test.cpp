// SPDX-License-Identifier: Apache-2.0
// Bad input: wrong headers are refused with the value and the limit, and no damage to a good object
// does more than produce one diagnostic line.
#include "object/elf.hpp"

#include <elf.h>
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <random>

#include "base/bytes.hpp"
#include "object/object.hpp"
#include "sample.hpp"

namespace probity::object {
namespace {

using Bytes = std::vector<std::uint8_t>;

/// A header-only eBPF file with one (null) section.
Bytes smallest_object() {
  Bytes bytes(sizeof(Elf64_Ehdr) + 2 * sizeof(Elf64_Shdr) + 8);
  Elf64_Ehdr header{};
  const std::uint8_t ident[] = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT};
  std::copy(std::begin(ident), std::end(ident), header.e_ident);
  header.e_type = ET_REL;
  header.e_machine = 247;
  header.e_version = EV_CURRENT;
  header.e_ehsize = sizeof header;
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shoff = sizeof header;
  header.e_shnum = 2;
  header.e_shstrndx = 1;
  store_le(bytes.data(), header);
  Elf64_Shdr names{};
  names.sh_type = SHT_STRTAB;
  names.sh_offset = sizeof header + 2 * sizeof names;
  names.sh_size = 8;
  store_le(bytes.data() + sizeof header + sizeof names, names);
  return bytes;
}

template <typename T>
Bytes with(Bytes bytes, std::size_t offset, T value) {
  store_le(bytes.data() + offset, value);
  return bytes;
}

TEST(Elf, SmallestObjectReads) {
  const auto object = read(smallest_object(), "small.o");
  ASSERT_TRUE(object) << object.error().line();
  EXPECT_TRUE(object->programs.empty());
}

TEST(Elf, RefusalsNamePlaceValueAndLimit) {
  const Bytes good = smallest_object();
  struct Case {
    Bytes bytes;
    std::string_view message;
  };
  const Case cases[] = {
      {{}, "x.o: not an ELF file: 0 bytes, the header alone needs 64"},
      {Bytes(100, 'a'), "starts with 61 61 61 61"},
      {with<std::uint8_t>(good, EI_CLASS, 1), "ELF class 1 is not 2"},
      {with<std::uint8_t>(good, EI_DATA, 2),
       "big-endian eBPF (EM_BPF, ELFDATA2MSB) is not supported"},
      {with<std::uint8_t>(good, EI_DATA, 7), "data encoding 7 is not 1"},
      {with<std::uint16_t>(good, offsetof(Elf64_Ehdr, e_machine), 62),
       "machine 62 is not eBPF (247)"},
      {with<std::uint16_t>(good, offsetof(Elf64_Ehdr, e_type), 2),
       "ELF type 2 is not a relocatable"},
      {with<std::uint32_t>(good, offsetof(Elf64_Ehdr, e_version), 9), "ELF version 9 is not 1"},
      {with<std::uint8_t>(good, EI_VERSION, 7), "ELF version 7 is not 1"},
      {with<std::uint64_t>(good, offsetof(Elf64_Ehdr, e_shoff), 0), "no section table"},
      {with<std::uint64_t>(good, offsetof(Elf64_Ehdr, e_shoff), 1ull << 63),
       "lies outside the file of 200 bytes"},
      {with<std::uint16_t>(good, offsetof(Elf64_Ehdr, e_shnum), 60000),
       "section table of 60000 entries"},
      {with<std::uint16_t>(good, offsetof(Elf64_Ehdr, e_shnum), 0),
       "section count 0 is not in 1..65535"},
      {with<std::uint16_t>(good, offsetof(Elf64_Ehdr, e_shentsize), 63),
       "header size 63 is not 64"},
      {with<std::uint16_t>(good, offsetof(Elf64_Ehdr, e_shstrndx), 5),
       "section name table 5 is not below"},
      {with<std::uint64_t>(good, 128 + offsetof(Elf64_Shdr, sh_size), ~0ull),
       "section 1: offset 192"},
      {with<std::uint32_t>(good, 128 + offsetof(Elf64_Shdr, sh_name), 99),
       "section 1: name at offset 99"},
      {with<std::uint64_t>(good, 128 + offsetof(Elf64_Shdr, sh_flags), SHF_COMPRESSED),
       "compressed string table"},
  };
  for (const Case& each : cases) {
    const auto object = read(each.bytes, "x.o");
    ASSERT_FALSE(object) << each.message;
    EXPECT_EQ(object.error().fault(), Fault::bad_input) << each.message;
    EXPECT_NE(object.error().line().find(each.message), std::string_view::npos)
        << object.error().line();
  }
}

TEST(Elf, FilesBeyondTheLimitAreRefused) {
  const Bytes large((64u << 20) + 1);
  const auto object = read(large, "large.o");
  ASSERT_FALSE(object);
  EXPECT_NE(object.error().line().find("exceeds the limit of 67108864"), std::string_view::npos);
}

/// Reading damaged bytes must end in an object or one line; answers whether it was an object.
bool survives(const Bytes& bytes) {
  const auto object = read(bytes, "damaged.o");
  if (!object) {
    EXPECT_FALSE(object.error().line().empty());
    EXPECT_EQ(object.error().line().find('\n'), std::string_view::npos);
    return false;
  }
  for (const Program& program : object->programs)
    EXPECT_EQ(make_image(*object, program).slots, program.slots);
  return true;
}

class Damage : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const auto bytes = compile_sample(GetParam(), "-g");
    if (!bytes) GTEST_SKIP() << "no clang with a BPF back end";
    good_ = *bytes;
  }
  Bytes good_;
};

TEST_P(Damage, EveryTruncationEndsInOneLine) {
  ASSERT_TRUE(survives(good_));
  for (std::size_t size = 0; size < good_.size(); size += 16)
    EXPECT_FALSE(survives(Bytes(good_.begin(), good_.begin() + static_cast<std::ptrdiff_t>(size))))
        << size;
}

TEST_P(Damage, RandomBytesNeverCrashTheReader) {
  std::mt19937 random(20261121);
  std::size_t read_count = 0;
  constexpr std::size_t rounds = 4000;
  for (std::size_t round = 0; round < rounds; ++round) {
    Bytes bytes = good_;
    const std::size_t flips = 1 + random() % 8;
    for (std::size_t i = 0; i < flips; ++i)
      bytes[random() % bytes.size()] = static_cast<std::uint8_t>(random());
    if (survives(bytes)) ++read_count;
  }
  EXPECT_GT(read_count, 0u);
  EXPECT_LT(read_count, rounds);
}

TEST_P(Damage, EveryByteOfTheTablesCanBeAllOnes) {
  const auto header = load_le<Elf64_Ehdr>(good_.data());
  std::size_t refused = 0;
  for (std::size_t at = header.e_shoff; at < good_.size(); ++at)
    if (!survives(with<std::uint8_t>(good_, at, 0xff))) ++refused;
  EXPECT_GT(refused, 0u);
}

INSTANTIATE_TEST_SUITE_P(Samples, Damage, testing::Values("firewall", "legacy", "core"));

}  // namespace
}  // namespace probity::object
