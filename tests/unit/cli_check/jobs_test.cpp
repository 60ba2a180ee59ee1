// SPDX-License-Identifier: Apache-2.0
// --jobs changes how long a run takes and nothing else: what is reported is the same to the letter
// but for times. `check --all` and `equiv` of several programs say of each what a run of its own
// says, and nothing is skipped without a word.
#include <regex>

#include "check_fixture.hpp"

namespace probity::cli {
namespace {

/// What a run reports, without what depends on the clock.
std::string timeless(const Printed& printed) {
  static const std::regex times(R"x(("(cpu_seconds|worst_query_seconds)": )[-+.e0-9]+)x");
  return std::regex_replace(printed.out, times, "$1T");
}

class Jobs : public Check {
 protected:
  Printed run(std::vector<std::string> words) {
    words.insert(words.end(), {"--no-external", "--no-kernel", "--witness-dir", folder_.string()});
    return command(words);
  }
  /// The same answer with one and two workers.
  Printed same(std::vector<std::string> words) {
    words.push_back("--json");
    std::vector<std::string> two = words;
    words.insert(words.end(), {"--jobs", "1"});
    two.insert(two.end(), {"--jobs", "2"});
    const Printed alone = run(words);
    const Printed beside = run(two);
    EXPECT_EQ(alone.status, beside.status) << alone.err << beside.err;
    EXPECT_EQ(timeless(alone), timeless(beside));
    return beside;
  }
};

TEST_F(Jobs, CheckReportsTheSame) {
  EXPECT_EQ(same({"check", good}).status, 0);
  EXPECT_EQ(same({"check", bad}).status, 1);
  EXPECT_EQ(same({"check", good, "--deployed", bad}).status, 1);
}

TEST_F(Jobs, EveryProgramOfAnObjectIsChecked) {
  const std::string several = std::string(CHECK_OBJECTS) + "/assume.o";
  const Printed printed = same({"check", several, "--all"});
  const Json json = json_of(printed);
  const auto* programs = member(json, {"details", "programs"}).get<Json::Array>();
  ASSERT_NE(programs, nullptr) << printed.out << printed.err;
  ASSERT_GE(programs->size(), 2u);
  for (const Json& one : *programs) {
    const std::string name = text(one, {"program"});
    const Printed alone = run({"check", several + ":" + name, "--json"});
    EXPECT_EQ(text(json_of(alone), {"details", "verdict"}), text(one, {"verdict"})) << name;
    EXPECT_EQ(number(json_of(alone), {"details", "paths", "explored"}),
              number(one, {"paths", "explored"}));
  }
}

TEST_F(Jobs, WhatIsOfOneProgramIsRefusedForAll) {
  for (const char* const flag : {"--html", "--sarif", "--emit-tests", "--spec", "--deployed"}) {
    const Printed printed = run({"check", good, "--all", flag, (folder_ / "x").string()});
    EXPECT_EQ(printed.status, 4) << flag << printed.out;
    EXPECT_NE(printed.err.find("--all"), std::string::npos) << printed.err;
  }
  const Printed printed = run({"check", good + ":xdp_fw", "--all"});
  EXPECT_EQ(printed.status, 4);
  EXPECT_NE(printed.err.find("names one program"), std::string::npos) << printed.err;
}

TEST_F(Jobs, EachOfSeveralIsComparedWithTheFirst) {
  const Printed printed = same({"equiv", good, good, bad, good});
  EXPECT_EQ(printed.status, 1) << printed.err;
  const Json json = json_of(printed);
  const auto* comparisons = member(json, {"details", "comparisons"}).get<Json::Array>();
  ASSERT_NE(comparisons, nullptr);
  ASSERT_EQ(comparisons->size(), 3u);
  EXPECT_EQ(text((*comparisons)[0], {"verdict"}), "equivalent");
  EXPECT_EQ(text((*comparisons)[1], {"verdict"}), "different");
  EXPECT_EQ(text((*comparisons)[2], {"verdict"}), "equivalent");
  EXPECT_TRUE(fs::exists(folder_ / "equiv-2-1.json"));
}

TEST_F(Jobs, NumbersThatAreNoneAreRefused) {
  for (const char* const bad_value : {"0", "-1", "65", "two", ""}) {
    for (const char* const verb : {"check", "equiv", "interact"}) {
      const Printed printed = command({verb, good, good, "--jobs", bad_value});
      EXPECT_EQ(printed.status, 4) << verb << " " << bad_value;
      EXPECT_NE(printed.err.find("--jobs"), std::string::npos) << printed.err;
    }
  }
}

/// A run of `equiv` says how its paths end, and the sum is right.
TEST_F(Jobs, TheSumOfAComparisonIsReported) {
  const Json json = json_of(run({"equiv", good, bad, "--json"}));
  std::uint64_t ended = 0;
  for (const char* const verdict : {"proved", "refuted", "unknown", "merged", "excluded"}) {
    ended += number(json, {"details", "paths", verdict});
  }
  EXPECT_EQ(ended, number(json, {"details", "paths", "explored"}));
  EXPECT_GT(number(json, {"details", "paths", "refuted"}), 0u);
}

}  // namespace
}  // namespace probity::cli
