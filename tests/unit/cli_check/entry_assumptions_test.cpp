// SPDX-License-Identifier: Apache-2.0
// Entry assumptions as a user gives them: on the command line and as functions of the object. Each
// is told with the verdict; those that no input meets, and those that go wrong, prove nothing.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "cli/verb.hpp"
#include "report/json.hpp"

namespace probity::cli {
namespace {

namespace fs = std::filesystem;
using report::Json;

const std::string assumed = std::string(CHECK_OBJECTS) + "/assume.o";
const std::string firewall = std::string(CHECK_OBJECTS) + "/firewall.o";

class EntryAssumption : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(assumed))
      GTEST_SKIP() << "no clang that targets BPF: " << assumed << " is absent";
    setenv("PROBITY_CACHE", "off", 1);
  }
  Printed check(std::vector<std::string> words) {
    words.insert(words.begin(), "check");
    for (const char* flag : {"--no-kernel", "--no-external", "--witness-dir"})
      words.push_back(flag);
    words.push_back(testing::TempDir());
    const std::vector<std::string_view> all(words.begin(), words.end());
    return run_command(all, report::Color::no);
  }
};

void expect_told(const Printed& printed, std::string_view part) {
  EXPECT_NE(printed.out.find(part), std::string::npos) << printed.out << printed.err;
}

TEST_F(EntryAssumption, AFunctionNarrowsTheInputs) {
  const Printed printed = check({assumed + ":known"});
  EXPECT_EQ(printed.status, 0) << printed.out << printed.err;
  expect_told(printed, "assumed of every input: port_is_known() in section ?assume/xdp");
  expect_told(printed, "proved: known");
  expect_told(printed, "that meet the assumptions");
}

TEST_F(EntryAssumption, AFunctionIsNoProgramToChoose) {
  const Printed printed = check({assumed});
  EXPECT_EQ(printed.status, 4);
  EXPECT_NE(printed.err.find("4 programs, name one: known (xdp), zero (xdp)"), std::string::npos)
      << printed.err;
}

TEST_F(EntryAssumption, WhatAFunctionWritesIsUndone) {
  const Printed printed = check({assumed + ":zero"});
  EXPECT_EQ(printed.status, 1) << printed.out << printed.err;
  expect_told(printed, "replay on interp: reproduced: returns 2");
  expect_told(printed, "replay on interp: reproduced: assumption port_is_known: returns 1");
}

TEST_F(EntryAssumption, ThoseThatNoInputMeetsProveNothing) {
  const Printed printed = check({assumed + ":nothing"});
  EXPECT_EQ(printed.status, 2) << printed.out << printed.err;
  expect_told(printed, "the assumptions exclude every input");
}

TEST_F(EntryAssumption, AFunctionThatGoesWrongMakesTheVerdictUnknown) {
  const Printed printed = check({assumed + ":broken"});
  EXPECT_EQ(printed.status, 2) << printed.out << printed.err;
  expect_told(printed, "assumption reads_outside, slot");
  expect_told(printed, "memory bounds");
}

TEST_F(EntryAssumption, AnExpressionNarrowsTheInputs) {
  // Fragments and short packets are dropped, telnet is; with neither the firewall only passes.
  const std::vector<std::string> ask = {firewall, "--assert-return", "XDP_PASS"};
  EXPECT_EQ(check(ask).status, 1);
  std::vector<std::string> narrowed = ask;
  for (const char* word :
       {"--assume", "packet[12:2] != 0x0800 || ctx.ingress_ifindex == 7", "--assume",
        "packet.length >= 60 && packet[14] == 0x45", "--assume", "packet[20:2] & 0x3fff == 0"}) {
    narrowed.emplace_back(word);
  }
  const Printed printed = check(narrowed);
  EXPECT_EQ(printed.status, 0) << printed.out << printed.err;
  expect_told(printed, "assumed of every input: packet[20:2] & 0x3fff == 0");
}

TEST_F(EntryAssumption, EveryVerdictTellsThem) {
  const Printed printed = check({firewall, "--assume", "packet[0] == 1", "--json"});
  const auto json = report::parse_json(printed.out, "output");
  ASSERT_TRUE(json) << printed.out;
  const Json* details = json->find("details");
  ASSERT_NE(details, nullptr);
  const auto* list = details->find("assumptions")->get<Json::Array>();
  ASSERT_TRUE(list != nullptr && list->size() == 1);
  EXPECT_EQ(*list->front().get<std::string>(), "packet[0] == 1");
}

TEST_F(EntryAssumption, AnExpressionThatNoInputMeetsProvesNothing) {
  const Printed printed = check({firewall, "--assume", "packet.length < 10"});
  EXPECT_EQ(printed.status, 2) << printed.out;
  expect_told(printed, "the assumptions exclude every input");
}

TEST_F(EntryAssumption, BadTextIsOneLine) {
  const Printed printed = check({firewall, "--assume", "ctx.nonsense == 1"});
  EXPECT_EQ(printed.status, 4);
  EXPECT_NE(printed.err.find("--assume: \"ctx.nonsense == 1\": column 5"), std::string::npos)
      << printed.err;
}

}  // namespace
}  // namespace probity::cli
