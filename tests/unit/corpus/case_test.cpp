// SPDX-License-Identifier: Apache-2.0
// From a file to a test: programs in three spellings, groups and cpu levels out of the rows,
// refusals with places.
#include "corpus/case.hpp"

#include <gtest/gtest.h>

namespace probity::corpus {
namespace {

Expected<Case> case_of(std::string_view text) {
  const Expected<DataFile> file = parse_data_file(text, "t.data");
  EXPECT_TRUE(file);
  return make_case(*file);
}

std::string refusal(std::string_view text) {
  const Expected<Case> test = case_of(text);
  return test ? "accepted" : std::string(test.error().line());
}

TEST(Case, ThreeSpellingsOfOneProgram) {
  const auto ubpf = case_of("-- asm\nmov %r0, 42\nexit\n-- result\n42\n");
  const auto kernel = case_of("-- kernel-asm\nr0 = 42\nexit\n-- result\n0x2a\n");
  const auto raw = case_of("-- raw\n0x0000002a000000b7 0x95\n-- result\n42\n");
  ASSERT_TRUE(ubpf && kernel && raw);
  EXPECT_EQ(ubpf->slots, raw->slots);
  EXPECT_EQ(kernel->slots, raw->slots);
  EXPECT_EQ(ubpf->result, 42u);
  EXPECT_EQ(kernel->result, 42u);
}

TEST(Case, GroupsAndLevelComeFromTheRows) {
  const auto test = case_of(
      "-- asm\nmov %r0, 1\nsdiv %r0, 1\nlock fetch add32 [%r10-4], %r0\nexit\n-- result\n1\n");
  ASSERT_TRUE(test);
  EXPECT_EQ(test->cpu, bpf::Cpu::v4);
  EXPECT_TRUE(test->groups.has(bpf::Group::base64));
  EXPECT_TRUE(test->groups.has(bpf::Group::divmul64));
  EXPECT_TRUE(test->groups.has(bpf::Group::atomic32));
  EXPECT_FALSE(test->groups.has(bpf::Group::callx));
  EXPECT_EQ(test->groups.first_outside(default_groups()), std::nullopt);
}

TEST(Case, CallxIsOutsideTheDefaultGroups) {
  const auto test = case_of("-- asm\ncall %r2\nexit\n-- result\n1\n");
  ASSERT_TRUE(test);
  EXPECT_EQ(test->groups.first_outside(default_groups()), bpf::Group::callx);
}

TEST(Case, GroupNamesReadBack) {
  for (std::size_t i = 0; i < group_count; ++i) {
    EXPECT_EQ(group_named(name(static_cast<bpf::Group>(i))), static_cast<bpf::Group>(i));
  }
  EXPECT_EQ(group_named("base"), std::nullopt);
}

TEST(Case, SectionsOfOtherCommandsAreNamed) {
  const auto test = case_of("-- asm\nexit\n-- expect\nproved\n");
  ASSERT_TRUE(test);
  EXPECT_EQ(test->beyond, SectionKind::expect);
}

TEST(Case, RefusalsNameThePlace) {
  EXPECT_EQ(refusal("-- result\n1\n"),
            "t.data: no program: a file needs a section asm, kernel-asm or raw");
  EXPECT_EQ(refusal("-- asm\nexit\n"),
            "t.data: no expectation: a file needs a section result or error");
  EXPECT_EQ(refusal("-- asm\nexit\n-- raw\n1\n-- result\n1\n"),
            "t.data:4: section raw is another program than section asm");
  EXPECT_EQ(refusal("-- asm\nexit\n-- raw\n0x95\n-- result\n1\n"), "accepted");
  EXPECT_EQ(refusal("-- asm\nexit\n-- result\n1\n-- error\nno\n"),
            "t.data: a test expects a result or an error, not both");
  EXPECT_TRUE(
      refusal("-- asm\nmov %r0, 1\nfrob %r0\nexit\n-- result\n1\n").starts_with("t.data:3:"));
  EXPECT_TRUE(
      refusal("-- raw\n0x95\nxyz\n-- result\n1\n").starts_with("t.data:3: 'xyz' is not a number"));
  EXPECT_TRUE(
      refusal("-- asm\nexit\n-- result\nfoo\n").starts_with("t.data:4: 'foo' is not a number"));
}

}  // namespace
}  // namespace probity::corpus
