// SPDX-License-Identifier: Apache-2.0
// `check --spec` and `check --deployed` as a user meets them: a right specification is proved and
// a wrong one refuted, one that says nothing proves nothing; the program that is deployed is the
// checked one without its statements, or it is refuted.
#include "equiv_fixture.hpp"

namespace probity::cli {
namespace {

TEST_F(Compared, ARightSpecificationIsProved) {
  const Printed printed =
      run({"check", object("pair"), "--spec", object("specs") + ":always_pass"});
  EXPECT_EQ(printed.status, 0) << printed.out << printed.err;
  const Json json = json_of(printed);
  EXPECT_EQ(text(json, {"details", "specification", "verdict"}), "proved");
  EXPECT_EQ(text(json, {"details", "specification", "program"}), "always_pass");
}

TEST_F(Compared, AWrongSpecificationIsRefuted) {
  const Printed printed =
      run({"check", object("pair"), "--spec", object("specs") + ":always_drop"});
  EXPECT_EQ(printed.status, 1) << printed.out << printed.err;
  const Json json = json_of(printed);
  EXPECT_EQ(text(json, {"details", "specification", "verdict"}), "refuted");
  expect_shown(list(json, {"details", "specification", "findings"}), "return value");
}

TEST_F(Compared, ASpecificationThatSaysNothingProvesNothing) {
  const Printed printed = run({"check", object("pair"), "--spec", object("specs") + ":anything"});
  EXPECT_EQ(printed.status, 2) << printed.out << printed.err;
  EXPECT_EQ(text(json_of(printed), {"details", "specification", "verdict"}), "unknown");
}

TEST_F(Compared, SpecificationsThatAreNotThereAreRefusedByName) {
  const std::pair<std::string, const char*> cases[] = {{object("specs") + ":nosuch", "nosuch"},
                                                       {object("absent"), "absent.o"}};
  for (const auto& [selection, named] : cases) {
    const std::string program = object("pair");
    const std::vector<std::string_view> words = {"check", program, "--spec", selection};
    const Printed printed = run_command(words, report::Color::no);
    EXPECT_EQ(printed.status, 4) << selection << printed.out;
    EXPECT_NE(printed.err.find(named), std::string::npos) << printed.err;
  }
}

TEST_F(Compared, WhatIsDeployedIsTheCheckedProgram) {
  const Printed printed =
      run({"check", object("firewall"), "--deployed", object("firewall_plain")});
  EXPECT_EQ(printed.status, 0) << printed.out << printed.err;
  EXPECT_EQ(text(json_of(printed), {"details", "deployed", "verdict"}), "equivalent");
}

TEST_F(Compared, AnotherProgramThatIsDeployedIsRefuted) {
  const Printed printed =
      run({"check", object("firewall"), "--deployed", object("firewall_bug_plain")});
  EXPECT_EQ(printed.status, 1) << printed.out << printed.err;
  const Json json = json_of(printed);
  EXPECT_EQ(text(json, {"details", "deployed", "verdict"}), "different");
  const Json::Array findings = list(json, {"details", "deployed", "findings"});
  ASSERT_FALSE(findings.empty());
  EXPECT_EQ(text(findings.front(), {"observable"}), "return value");
  EXPECT_EQ(text(list(findings.front(), {"replays"}).front(), {"outcome"}), "reproduced");
}

}  // namespace
}  // namespace probity::cli
