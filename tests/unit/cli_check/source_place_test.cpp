// SPDX-License-Identifier: Apache-2.0
// The caret stands under its column, whatever tabs and characters are in front of it.
#include "cli/source_place.hpp"

#include <gtest/gtest.h>

#include <array>

namespace probity::cli {
namespace {

class SourcePlace : public testing::Test {
 protected:
  /// Two insns: one with a line, one that continues it.
  program::View program(std::string_view line, std::uint32_t column) {
    lines_ = {{{0, 7, column, "dir/a.c", line}, {1, 0, 0, "dir/a.c", ""}}};
    program::View view;
    view.name = "prog";
    view.slots = slots_;
    view.lines = lines_;
    return view;
  }
  std::array<bpf::Slot, 2> slots_{{{0xb7, 0, 0, 1}, {0x95, 0, 0, 0}}};
  std::array<program::LineInfo, 2> lines_{};
};

TEST_F(SourcePlace, LooksLikeACompiler) {
  EXPECT_EQ(diagnostic_text(program("  int x = y;", 11), 0, "refuted", "no y"),
            "dir/a.c:7:11: refuted: no y\n"
            "    7 |   int x = y;\n"
            "      |           ^\n"
            "      | slot 0: r0 = 1\n");
}

TEST_F(SourcePlace, TabsStayTabsAndCharactersCountOnce) {
  EXPECT_EQ(diagnostic_text(program("\t\tx = y;", 7), 0, "refuted", "no y"),
            "dir/a.c:7:7: refuted: no y\n"
            "    7 | \t\tx = y;\n"
            "      | \t\t    ^\n"
            "      | slot 0: r0 = 1\n");
  // The compiler counts bytes: the letter takes two of them and one place on the screen.
  EXPECT_NE(diagnostic_text(program("\xc3\xa9 = y;", 6), 0, "r", "m").find("|     ^\n"),
            std::string::npos);
}

TEST_F(SourcePlace, InsnsWithoutALineBelongToTheOneBefore) {
  const program::View view = program("  return x;", 3);
  EXPECT_EQ(place_of(view, 1), "dir/a.c:7:3");
  EXPECT_EQ(source_line(view, 1), "dir/a.c:7: return x;");
  EXPECT_NE(diagnostic_text(view, 1, "r", "m").find("slot 1: exit"), std::string::npos);
}

TEST_F(SourcePlace, WithoutLinesTheInsnStandsAlone) {
  program::View view = program("", 0);
  view.lines = {};
  EXPECT_EQ(place_of(view, 1), "prog, slot 1");
  EXPECT_EQ(source_line(view, 1), "");
  EXPECT_EQ(diagnostic_text(view, 1, "unknown", "m"),
            "prog, slot 1: unknown: m\n      | slot 1: exit\n");
}

TEST_F(SourcePlace, AColumnBehindTheLineDoesNotReadBeyondIt) {
  EXPECT_NE(diagnostic_text(program("x", 4000), 0, "r", "m").find("|  ^\n"), std::string::npos);
}

}  // namespace
}  // namespace probity::cli
