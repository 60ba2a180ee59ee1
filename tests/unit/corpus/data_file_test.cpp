// SPDX-License-Identifier: Apache-2.0
// The `.data` format: what is read, what is refused and where, and that printing gives the file
// back.
#include "corpus/data_file.hpp"

#include <gtest/gtest.h>

namespace probity::corpus {
namespace {

constexpr std::string_view sample =
    "# SPDX-License-Identifier: Apache-2.0\n"
    "# Why this exists.\n"
    "\n"
    "-- asm   # the program\n"
    "mov %r0, 1 # one\n"
    "exit\n"
    "-- result\r\n"
    "0x1\n";

std::string refusal(std::string_view text) {
  const Expected<DataFile> file = parse_data_file(text, "t.data");
  return file ? "accepted" : std::string(file.error().line());
}

TEST(DataFile, SectionsKeepBodyAndLine) {
  const Expected<DataFile> file = parse_data_file(sample, "t.data");
  ASSERT_TRUE(file);
  ASSERT_EQ(file->sections.size(), 2u);
  EXPECT_EQ(file->sections[0].kind, SectionKind::asm_text);
  EXPECT_EQ(file->sections[0].line, 5u);
  EXPECT_EQ(file->sections[0].body, "mov %r0, 1 # one\nexit\n");
  EXPECT_EQ(last_line(file->find(SectionKind::result)->body), "0x1");
  EXPECT_EQ(file->find(SectionKind::mem), nullptr);
}

TEST(DataFile, PrintIsTheInverseOfParse) {
  for (const std::string_view text :
       {sample, std::string_view("-- asm\nexit\n-- mem\n-- error\nno newline")}) {
    const Expected<DataFile> file = parse_data_file(text, "t.data");
    ASSERT_TRUE(file);
    EXPECT_EQ(print(*file), text);
  }
}

TEST(DataFile, WhyLeavesLegalNoticesOut) {
  EXPECT_EQ(parse_data_file(sample, "t.data")->why(), std::vector<std::string>{"Why this exists."});
}

TEST(DataFile, EverySectionNameIsRead) {
  for (int i = 0; i <= static_cast<int>(SectionKind::no_register_offset); ++i) {
    const auto kind = static_cast<SectionKind>(i);
    const Expected<DataFile> file =
        parse_data_file("-- " + std::string(name(kind)) + "\nx\n", "t.data");
    ASSERT_TRUE(file) << name(kind);
    EXPECT_EQ(file->sections[0].kind, kind);
  }
}

TEST(DataFile, RefusalsNameFileAndLine) {
  EXPECT_EQ(refusal("# why\n-- asmx\n"), "t.data:2: unknown section 'asmx'");
  EXPECT_EQ(refusal("-- asm\nexit\n-- asm\n"), "t.data:3: section 'asm' appears twice");
  EXPECT_EQ(refusal("exit\n-- asm\n"), "t.data:1: text 'exit' before the first section");
  EXPECT_EQ(refusal("# only a comment\n"), "t.data:1: file has no section");
  EXPECT_EQ(refusal(""), "t.data:0: file has no section");
}

TEST(DataFile, HexBytesNameTheBadWord) {
  const Section good{SectionKind::mem, 3, "-- mem\n", "00 fF\n# comment\n 1 \n"};
  EXPECT_EQ(parse_hex_bytes(good, "t").value(), (std::vector<std::uint8_t>{0, 255, 1}));
  for (const std::string word : {"100", "g0", "0x1", "-1", "1-"}) {
    const Section bad{SectionKind::mem, 3, "-- mem\n", "00\n" + word + "\n"};
    EXPECT_EQ(parse_hex_bytes(bad, "t").error().line(),
              "t:4: word '" + word + "' is not a hex byte (00..ff)");
  }
}

TEST(DataFile, NumbersOf64Bits) {
  EXPECT_EQ(parse_number("0xffffffffffffffff", "t").value(), ~0ull);
  EXPECT_EQ(parse_number("18446744073709551615", "t").value(), ~0ull);
  EXPECT_EQ(parse_number("-1", "t").value(), ~0ull);
  for (const std::string_view text : {"", "0x", "18446744073709551616", "12x", "0x1 2", "--1"}) {
    EXPECT_FALSE(parse_number(text, "t")) << text;
  }
}

}  // namespace
}  // namespace probity::corpus
