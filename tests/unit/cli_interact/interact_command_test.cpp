// SPDX-License-Identifier: Apache-2.0
// `probity interact` on the pairs of examples/interact: each has the verdict that a person reading
// the two programs must come to, for the reason that applies, and each witness replays.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>
#include <vector>

#include "cli/verb.hpp"
#include "report/json.hpp"

namespace probity::cli {
namespace {

namespace fs = std::filesystem;
using report::Json;

const std::string objects = INTERACT_OBJECTS;

Printed interact(std::vector<std::string> words) {
  words.insert(words.begin(), "interact");
  const std::vector<std::string_view> all(words.begin(), words.end());
  return run_command(all, report::Color::no);
}

std::string program(std::string_view file, std::string_view name) {
  return objects + "/" + std::string(file) + ".o:" + std::string(name);
}

const Json& member(const Json& json, std::string_view key) {
  static const Json nothing;
  const Json* found = json.find(key);
  if (found == nullptr) ADD_FAILURE() << "no member " << key;
  return found == nullptr ? nothing : *found;
}
const Json& element(const Json& json, std::size_t number) {
  static const Json nothing;
  const auto* list = json.get<Json::Array>();
  if (list == nullptr || list->size() <= number) {
    ADD_FAILURE() << "no element " << number;
    return nothing;
  }
  return (*list)[number];
}
std::string text(const Json& json) {
  const auto* found = json.get<std::string>();
  return found == nullptr ? "" : *found;
}

class Interact : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(objects + "/guard_nat.o")) GTEST_SKIP() << "no clang that targets BPF";
    folder_ = fs::temp_directory_path() /
              ("probity_interact_" +
               std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::create_directories(folder_);
  }
  void TearDown() override {
    if (!folder_.empty()) fs::remove_all(folder_);
  }

  /// "VERDICT by HOW" of a pair, and of a difference where it shows: "OBSERVABLE, REPLAY".
  std::string answer(std::vector<std::string> words, int status) {
    words.insert(words.end(), {"--show", "order", "--no-kernel", "--no-external", "--max-packet",
                               "128", "--witness-dir", folder_.string(), "--json"});
    const Printed printed = interact(words);
    EXPECT_EQ(printed.status, status) << printed.out << printed.err;
    const auto json = report::parse_json(printed.out, "output");
    if (!json) return printed.out;
    const Json& pair = element(member(member(*json, "details"), "pairs"), 0);
    std::string result = text(member(pair, "verdict")) + " by " + text(member(pair, "by"));
    if (status != 1) return result;
    const Json& replay = element(member(pair, "replays"), 0);
    return result + ": " + text(member(pair, "observable")) + ", " +
           text(member(replay, "outcome"));
  }
  std::string pair(std::string_view file, std::string_view a, std::string_view b, int status) {
    return answer({program(file, a), program(file, b)}, status);
  }

  fs::path folder_;
};

TEST_F(Interact, AFirewallAndANatDoNotCommute) {
  const std::string found = pair("guard_nat", "xdp_guard", "xdp_nat", 1);
  EXPECT_TRUE(found.starts_with("do not commute by exploration: ")) << found;
  EXPECT_TRUE(found.ends_with(", reproduced")) << found;
}

TEST_F(Interact, ProgramsThatShareAMapDoNotCommute) {
  const std::string found = pair("shared_map", "xdp_count", "xdp_limit", 1);
  EXPECT_TRUE(found.starts_with("do not commute by exploration: ")) << found;
  EXPECT_TRUE(found.ends_with(", reproduced")) << found;
}

TEST_F(Interact, ProgramsWithoutOverlapCommute) {
  EXPECT_EQ(pair("apart", "xdp_protocols", "xdp_class", 0), "commute by sets");
}

TEST_F(Interact, ProgramsForDifferentPacketsCommute) {
  EXPECT_EQ(pair("apart", "xdp_dns", "xdp_web", 0), "commute by sets");
}

TEST_F(Interact, TheSameConstantCommutes) {
  EXPECT_EQ(pair("same_constant", "xdp_gateway", "xdp_gateway_ipv4", 0), "commute by exploration");
  EXPECT_EQ(pair("same_constant", "xdp_gateway", "xdp_other_gateway", 1),
            "do not commute by exploration: packet, reproduced");
}

TEST_F(Interact, CountersCommuteAndKeysAreToldApart) {
  EXPECT_EQ(pair("shared_map", "xdp_tally", "xdp_tally_bytes", 0), "commute by exploration");
  EXPECT_EQ(pair("shared_map", "xdp_port_a", "xdp_port_b", 0), "commute by sets");
}

TEST_F(Interact, TheChainPolicyDecidesWhoseVerdictCounts) {
  EXPECT_EQ(pair("verdicts", "xdp_drop_ipv4", "xdp_reflect", 1),
            "do not commute by exploration: return value, reproduced");
  EXPECT_EQ(answer({program("verdicts", "xdp_drop_ipv4"), program("verdicts", "xdp_reflect"),
                    "--chain", "all"},
                   0),
            "commute by sets");
}

TEST_F(Interact, ClassifiersMeetInTheMark) {
  EXPECT_EQ(pair("verdicts", "tc_mark", "tc_priority", 0), "commute by sets");
  const std::string found = pair("verdicts", "tc_mark", "tc_by_mark", 1);
  EXPECT_TRUE(found.starts_with("do not commute by exploration: ")) << found;
}

TEST_F(Interact, ManyProgramsMakeAMatrix) {
  const Printed printed =
      interact({program("shared_map", "xdp_port_a"), program("shared_map", "xdp_port_b"),
                program("shared_map", "xdp_tally"), "--show", "order"});
  EXPECT_EQ(printed.status, 0) << printed.out << printed.err;
  EXPECT_NE(printed.out.find("first \\ second"), std::string::npos) << printed.out;
  EXPECT_NE(printed.out.find("proved: xdp_port_b and xdp_tally commute"), std::string::npos);
}

TEST_F(Interact, OneProgramIsToldItsSetsMapsBranchesAndActions) {
  const std::string dot = (folder_ / "maps.dot").string();
  const Printed printed = interact({program("shared_map", "xdp_limit"), "--dot", dot, "--json"});
  EXPECT_EQ(printed.status, 0) << printed.out << printed.err;
  const auto json = report::parse_json(printed.out, "output");
  ASSERT_TRUE(json);
  const Json& one = element(member(member(*json, "details"), "programs"), 0);
  bool reads_the_map = false;
  for (const Json& name : *member(one, "read_set").get<Json::Array>()) {
    reads_the_map = reads_the_map || text(name).starts_with("map:packets.b0(sym)");
  }
  EXPECT_TRUE(reads_the_map) << printed.out;
  const Json& action = element(member(one, "actions"), 0);
  EXPECT_EQ(text(member(action, "map")), "packets");
  EXPECT_EQ(text(member(member(element(member(action, "flips"), 0), "replay"), "outcome")),
            "reproduced");
  std::ifstream in(dot);
  const std::string drawing{std::istreambuf_iterator<char>(in), {}};
  EXPECT_TRUE(drawing.starts_with("digraph maps {")) << drawing;
}

TEST_F(Interact, AWitnessIsWrittenWithBothOrders) {
  answer({program("guard_nat", "xdp_guard"), program("guard_nat", "xdp_nat")}, 1);
  std::ifstream in(folder_ / "order-xdp_guard-xdp_nat.json");
  const std::string file{std::istreambuf_iterator<char>(in), {}};
  const auto json = report::parse_json(file, "witness");
  ASSERT_TRUE(json) << file;
  EXPECT_EQ(text(member(*json, "made_by")), "interact");
  EXPECT_EQ(member(*json, "runs").get<Json::Array>()->size(), 2u);
  EXPECT_TRUE(fs::exists(folder_ / "order-xdp_guard-xdp_nat.pcap"));
}

TEST_F(Interact, AWitnessIsMinimised) {
  answer({program("guard_nat", "xdp_guard"), program("guard_nat", "xdp_nat")}, 1);
  std::ifstream in(folder_ / "order-xdp_guard-xdp_nat.json");
  const std::string file{std::istreambuf_iterator<char>(in), {}};
  const auto json = report::parse_json(file, "witness");
  ASSERT_TRUE(json) << file;
  const std::string hex = text(member(element(member(*json, "inputs"), 0), "packet"));
  std::size_t set = 0;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) set += hex.substr(i, 2) == "00" ? 0 : 1;
  EXPECT_GT(set, 0u) << file;
  EXPECT_LE(set, 10u) << hex;
}

TEST_F(Interact, TheNumberOfWorkersChangesNothing) {
  const auto told = [&](const char* jobs) {
    std::string out =
        interact({program("shared_map", "xdp_port_a"), program("shared_map", "xdp_count"),
                  program("shared_map", "xdp_limit"), "--max-packet", "128", "--no-kernel",
                  "--no-external", "--witness-dir", folder_.string(), "--show",
                  "order,sets,maps,branches,actions", "--json", "--jobs", jobs})
            .out;
    static const std::regex times(R"x(("(cpu_seconds|worst_query_seconds)": )[-+.e0-9]+)x");
    return std::regex_replace(out, times, "$1T");
  };
  const std::string one = told("1");
  EXPECT_NE(one.find("\"do not commute\""), std::string::npos) << one;
  EXPECT_EQ(one, told("2"));
}

TEST_F(Interact, EveryExplorationAddsUp) {
  const Printed printed =
      interact({program("guard_nat", "xdp_guard"), program("guard_nat", "xdp_nat"), "--max-packet",
                "128", "--no-kernel", "--witness-dir", folder_.string(), "--json"});
  const auto json = report::parse_json(printed.out, "output");
  ASSERT_TRUE(json) << printed.out << printed.err;
  const auto adds_up = [](const Json& sum) {
    std::uint64_t ended = 0;
    for (const char* const verdict : {"proved", "refuted", "unknown", "merged", "excluded"}) {
      ended += *member(sum, verdict).get<std::uint64_t>();
    }
    EXPECT_GT(ended, 0u);
    EXPECT_EQ(ended, *member(sum, "explored").get<std::uint64_t>());
  };
  const Json& details = member(*json, "details");
  adds_up(member(element(member(details, "programs"), 0), "explored"));
  adds_up(member(element(member(details, "pairs"), 0), "explored"));
}

TEST_F(Interact, ASarifLogNamesEachObject) {
  const std::string path = (folder_ / "log.sarif").string();
  const Printed printed =
      interact({program("guard_nat", "xdp_guard"), program("guard_nat", "xdp_nat"), "--max-packet",
                "128", "--no-kernel", "--witness-dir", folder_.string(), "--sarif", path});
  EXPECT_EQ(printed.status, 1) << printed.out << printed.err;
  std::ifstream in(path);
  const std::string file{std::istreambuf_iterator<char>(in), {}};
  const auto json = report::parse_json(file, "log");
  ASSERT_TRUE(json) << file;
  const Json& run = element(member(*json, "runs"), 0);
  EXPECT_EQ(member(run, "artifacts").get<Json::Array>()->size(), 2u);
  EXPECT_EQ(text(member(element(member(run, "results"), 0), "ruleId")), "order");
}

TEST_F(Interact, LimitsMakeUnknown) {
  const Printed printed =
      interact({program("guard_nat", "xdp_guard"), program("guard_nat", "xdp_nat"), "--max-paths",
                "1", "--show", "order"});
  EXPECT_EQ(printed.status, 2) << printed.out;
  EXPECT_NE(printed.out.find("limit 1"), std::string::npos) << printed.out;
}

TEST_F(Interact, BadUsageIsOneLine) {
  const auto refused = [](std::vector<std::string> words, std::string_view part) {
    const Printed printed = interact(std::move(words));
    EXPECT_EQ(printed.status, 4) << printed.out;
    EXPECT_NE(printed.err.find(part), std::string::npos) << printed.err;
    EXPECT_EQ(std::count(printed.err.begin(), printed.err.end(), '\n'), 1) << printed.err;
  };
  const std::string guard = program("guard_nat", "xdp_guard");
  refused({}, "PROGRAM");
  refused({guard, "--show", "colours"}, "--show: \"colours\"");
  refused({guard, "--chain", "some"}, "--chain");
  refused({guard, "--private", "nobody"}, "none of the programs has a map \"nobody\"");
  refused({guard, program("verdicts", "tc_mark")}, "programs of one hook have one type");
  refused({guard, "--witness-dir", ""}, "--witness-dir");
  refused({objects + "/none.o"}, "none.o");
}

}  // namespace
}  // namespace probity::cli
