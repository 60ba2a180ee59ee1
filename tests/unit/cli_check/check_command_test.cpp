// SPDX-License-Identifier: Apache-2.0
// `probity check` as a user meets it: the example firewall is proved, its twin is refuted with a
// packet that replays, limits make unknown, and bad usage is one line. Counterexamples are not
// given to the kernel here; the demo does that.
#include <gtest/gtest.h>

#include <fstream>

#include "check_fixture.hpp"
#include "solver/solver.hpp"

namespace probity::cli {
namespace {

TEST_F(Check, ProvesTheFirewallForEveryPacket) {
  const Printed printed =
      check({good, "--assert-return", "XDP_DROP,XDP_PASS", "--json", "--no-external"});
  EXPECT_EQ(printed.status, 0) << printed.out << printed.err;
  const Json json = json_of(printed);
  EXPECT_EQ(text(json, {"details", "verdict"}), "proved");
  EXPECT_EQ(number(json, {"summary", "refuted"}), 0u);
  EXPECT_EQ(number(json, {"summary", "unknown"}), 0u);
  EXPECT_GT(number(json, {"summary", "proved"}), 30u);
}

TEST_F(Check, EveryPathReplaysOnTheInterpreter) {
  const Printed printed = check({good, "--replay-paths", "interp", "--json"});
  EXPECT_EQ(printed.status, 0) << printed.out << printed.err;
  const Json json = json_of(printed);
  EXPECT_EQ(number(json, {"details", "replayed_paths", "different"}), 0u);
  EXPECT_GT(number(json, {"details", "replayed_paths", "equal"}), 10u);
  EXPECT_EQ(number(json, {"details", "replayed_paths", "equal"}),
            number(json, {"details", "replayed_paths", "total"}));
}

TEST_F(Check, RefutesTheTwinWithAPacketThatReplays) {
  const Printed printed =
      check({bad, "--witness-dir", folder_.string(), "--no-kernel", "--json", "--no-external"});
  EXPECT_EQ(printed.status, 1) << printed.out << printed.err;
  const Json json = json_of(printed);
  EXPECT_EQ(text(json, {"details", "verdict"}), "refuted");
  const auto* findings = member(json, {"details", "findings"}).get<Json::Array>();
  ASSERT_NE(findings, nullptr);
  ASSERT_EQ(findings->size(), 1u);
  const Json& finding = findings->front();
  EXPECT_EQ(text(finding, {"property"}), "assertion");
  EXPECT_NE(text(finding, {"source"}).find("BPF_ASSERT_RETURN(XDP_DROP)"), std::string::npos);
  const auto* replays = member(finding, {"replays"}).get<Json::Array>();
  ASSERT_TRUE(replays != nullptr && replays->size() == 1);
  EXPECT_EQ(text(replays->front(), {"outcome"}), "reproduced");
  // TCP (6) to port 23 from outside, in the smallest packet that can hold it.
  const std::string packet = text(finding, {"witness", "packet"});
  ASSERT_EQ(packet.size(), 42u * 2);
  EXPECT_EQ(packet.substr(23 * 2, 2), "06");
  EXPECT_EQ(packet.substr(36 * 2, 4), "0017");
  for (const char* ending : {".hex", ".pcap", ".json", ".map.flows.json"}) {
    EXPECT_TRUE(fs::exists(folder_ / (std::string("xdp_fw-1") + ending))) << ending;
  }
}

TEST_F(Check, TellsOfEachStatement) {
  for (const auto& [object, status] : {std::pair(good, "proved"), std::pair(bad, "refuted")}) {
    const Printed printed = check(
        {object, "--witness-dir", folder_.string(), "--no-kernel", "--json", "--no-external"});
    const Json json = json_of(printed);
    const auto* specs = member(json, {"details", "specs"}).get<Json::Array>();
    ASSERT_TRUE(specs != nullptr && specs->size() == 1) << printed.out;
    EXPECT_EQ(text(specs->front(), {"text"}), "BPF_ASSERT_RETURN(XDP_DROP)");
    EXPECT_EQ(text(specs->front(), {"macro"}), "BPF_ASSERT_RETURN");
    EXPECT_EQ(text(specs->front(), {"status"}), status);
    EXPECT_GT(number(specs->front(), {"checked_paths"}), 0u);
  }
  // On the inside interface the statement is never reached.
  const Printed printed = check({good, "--assume", "ctx.ingress_ifindex == 7", "--no-external"});
  EXPECT_EQ(printed.status, 0) << printed.out;
  EXPECT_NE(printed.out.find("VACUOUS: no path reaches it"), std::string::npos) << printed.out;
}

TEST_F(Check, SpecificationsCanBeLeftOff) {
  EXPECT_EQ(check({bad, "--no-specs", "--no-external"}).status, 0);
}

/// Explored paths = proved + refuted + unknown by cause + merged + excluded.
void expect_sum(const Json& json) {
  std::uint64_t sum = 0;
  for (const char* const verdict : {"proved", "refuted", "unknown", "merged", "excluded"}) {
    sum += number(json, {"details", "paths", verdict});
  }
  EXPECT_EQ(sum, number(json, {"details", "paths", "explored"}));
  EXPECT_EQ(number(json, {"details", "paths", "dropped"}), 0u);
  std::uint64_t caused = 0;
  for (const auto& [cause, count] :
       *member(json, {"details", "paths", "causes"}).get<Json::Object>()) {
    caused += *count.get<std::uint64_t>();
  }
  EXPECT_EQ(caused, number(json, {"details", "paths", "unknown"}));
}

TEST_F(Check, ThePathsOfARunAddUp) {
  const Json proved = json_of(check({good, "--json", "--no-external"}));
  expect_sum(proved);
  EXPECT_GT(number(proved, {"details", "paths", "proved"}), 10u);
  const Json refuted = json_of(
      check({bad, "--json", "--no-external", "--no-kernel", "--witness-dir", folder_.string()}));
  expect_sum(refuted);
  EXPECT_GT(number(refuted, {"details", "paths", "refuted"}), 0u);
  const Printed limited = check({good, "--max-paths", "3", "--json", "--no-external"});
  EXPECT_EQ(limited.status, 2) << "a run with an unknown path never exits 0";
  const Json unknown = json_of(limited);
  expect_sum(unknown);
  EXPECT_EQ(number(unknown, {"details", "paths", "proved"}), 3u);
  EXPECT_GT(number(unknown, {"details", "paths", "unknown"}), 0u);
}

TEST_F(Check, ALimitIsUnknownByName) {
  const Printed printed = check({good, "--max-paths", "3", "--no-external"});
  EXPECT_EQ(printed.status, 2);
  EXPECT_NE(printed.out.find("3 paths explored (limit 3)"), std::string::npos) << printed.out;
  EXPECT_EQ(printed.out.find("proved: "), std::string::npos);
}

TEST_F(Check, ASecondSolverConfirmsEveryClaim) {
  if (solver::available_external().empty()) GTEST_SKIP() << "neither cvc5 nor z3 is on PATH";
  const Printed printed = check({good, "--cross-check", "--json"});
  EXPECT_EQ(printed.status, 0) << printed.out << printed.err;
  const Json json = json_of(printed);
  EXPECT_GT(number(json, {"details", "cross_check", "claims"}), 5u);
  EXPECT_EQ(number(json, {"details", "cross_check", "unconfirmed"}), 0u);
}

void expect_one_line(const Printed& printed, std::string_view part) {
  EXPECT_EQ(printed.status, 4);
  EXPECT_EQ(printed.out, "");
  EXPECT_EQ(std::count(printed.err.begin(), printed.err.end(), '\n'), 1) << printed.err;
  EXPECT_NE(printed.err.find(part), std::string::npos) << printed.err;
}

TEST_F(Check, BadUsageIsOneLine) {
  expect_one_line(check({good, "--assert-return", "XDP_PASSS"}),
                  "\"XDP_PASSS\" is neither an action");
  expect_one_line(check({good, "--max-packet", "70000"}), "'70000' is not a number in 0..65535");
  expect_one_line(check({good, "--min-packet", "100", "--max-packet", "60"}),
                  "more than --max-packet");
  expect_one_line(check({good, "--replay-paths", "native"}), "neither interp nor kernel");
  expect_one_line(check({good + ":nothing"}), "nothing");
  expect_one_line(check({good, "--type", "xpd"}), "xpd");
}

TEST_F(Check, HostileProgramNamesDoNotLeadOutOfTheWitnessFolder) {
  std::ifstream in(bad, std::ios::binary);
  std::string object((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  const std::string name("\0xdp_fw\0", 8);
  for (std::size_t at = object.find(name); at != object.npos; at = object.find(name, at + 1)) {
    object.replace(at, name.size(), std::string("\0../pwn\0", 8));
  }
  const std::string hostile = (folder_ / "hostile.o").string();
  std::ofstream(hostile, std::ios::binary) << object;
  const fs::path inner = folder_ / "inner";
  fs::create_directories(inner);
  const Printed printed = check({hostile, "--no-kernel", "--witness-dir", inner.string()});
  EXPECT_EQ(printed.status, 1) << printed.err;
  EXPECT_TRUE(fs::exists(inner / ".._pwn-1.hex")) << printed.out;
  EXPECT_FALSE(fs::exists(folder_ / "pwn-1.hex"));
}

}  // namespace
}  // namespace probity::cli
