// SPDX-License-Identifier: Apache-2.0
// `probity equiv` as a user meets it: builds that do the same are equivalent, variants that differ
// in one observable are told apart with an input that replays, what is left out is left out, limits
// make unknown, and bad usage is one line.
#include <algorithm>

#include "equiv_fixture.hpp"

namespace probity::cli {
namespace {

TEST_F(Compared, ABuildThatComputesTheSameIsEquivalent) {
  const Printed printed = run({"equiv", object("pair"), object("pair_computed")});
  EXPECT_EQ(printed.status, 0) << printed.out << printed.err;
  const Json json = json_of(printed);
  EXPECT_EQ(text(json, {"details", "verdict"}), "equivalent");
  EXPECT_TRUE(list(json, {"details", "findings"}).empty());
  EXPECT_GE(list(json, {"details", "compared"}).size(), 5u);
}

TEST_F(Compared, EachObservableTellsVariantsApart) {
  const std::pair<const char*, const char*> variants[] = {
      {"pair_drop", "return value"}, {"pair_byte", "packet"}, {"pair_value", "map seen"}};
  for (const auto& [name, observable] : variants) {
    const Printed printed = run({"equiv", object("pair"), object(name)});
    EXPECT_EQ(printed.status, 1) << name << printed.out << printed.err;
    const Json json = json_of(printed);
    EXPECT_EQ(text(json, {"details", "verdict"}), "different") << name;
    expect_shown(list(json, {"details", "findings"}), observable);
  }
}

TEST_F(Compared, TheWitnessRunsAgain) {
  ASSERT_EQ(run({"equiv", object("pair"), object("pair_byte")}).status, 1);
  const std::string file = (folder_ / "equiv-1.json").string();
  const std::vector<std::string_view> words = {"replay", file, "--engine", "interp"};
  const Printed printed = run_command(words, report::Color::no);
  EXPECT_EQ(printed.status, 0) << printed.out << printed.err;
}

TEST_F(Compared, WhatIsLeftOutIsNotCompared) {
  const std::vector<std::string> left_out[] = {{object("pair_byte"), "--ignore-packet", "3:1"},
                                               {object("pair_byte"), "--ignore-packet"},
                                               {object("pair_value"), "--ignore-map", "seen"},
                                               {object("pair_drop"), "--ignore-return"}};
  for (const std::vector<std::string>& words : left_out) {
    std::vector<std::string> all = {"equiv", object("pair")};
    all.insert(all.end(), words.begin(), words.end());
    const Printed printed = run(all);
    EXPECT_EQ(printed.status, 0) << words.front() << printed.out << printed.err;
  }
  // The byte beside the one that differs.
  EXPECT_EQ(run({"equiv", object("pair"), object("pair_byte"), "--ignore-packet", "4:1"}).status,
            1);
}

TEST_F(Compared, ALimitMakesItUnknown) {
  const Printed printed =
      run({"equiv", object("pair"), object("pair_computed"), "--max-paths", "1"});
  EXPECT_EQ(printed.status, 2) << printed.out << printed.err;
  const Json json = json_of(printed);
  EXPECT_EQ(text(json, {"details", "verdict"}), "unknown");
  const Json::Array unknowns = list(json, {"details", "unknowns"});
  ASSERT_FALSE(unknowns.empty());
  EXPECT_NE(text(unknowns.front(), {"reason"}).find("limit 1"), std::string::npos);
}

TEST_F(Compared, BadUsageIsOneLine) {
  const std::pair<std::vector<std::string>, const char*> cases[] = {
      {{object("pair"), object("pair_byte"), "--ignore-map", "nosuch"}, "\"nosuch\""},
      {{object("pair"), object("pair_byte"), "--ignore-packet", "3"}, "OFFSET:LENGTH"},
      {{object("pair"), object("pair_byte"), "--ignore-packet", "3:70000"}, "65535"},
      {{object("pair"), object("absent")}, "absent.o"},
      {{object("pair")}, "B"}};
  for (const auto& [words, named] : cases) {
    std::vector<std::string_view> all = {"equiv", "--no-kernel"};
    all.insert(all.end(), words.begin(), words.end());
    const Printed printed = run_command(all, report::Color::no);
    EXPECT_EQ(printed.status, 4) << words.back();
    EXPECT_NE(printed.err.find(named), std::string::npos) << printed.err;
    EXPECT_EQ(std::ranges::count(printed.err, '\n'), 1) << printed.err;
  }
}

}  // namespace
}  // namespace probity::cli
