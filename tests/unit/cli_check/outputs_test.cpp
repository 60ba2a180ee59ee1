// SPDX-License-Identifier: Apache-2.0
// What `check` writes beside its report: a SARIF log with the members that the standard demands,
// tests that fail when the program changes, and counterexamples without a byte too many. Places
// that cannot be written are refused before anything runs.
#include <fstream>
#include <set>

#include "check_fixture.hpp"
#include "object/object.hpp"
#include "report/file.hpp"

namespace probity::cli {
namespace {

class Outputs : public Check {
 protected:
  Json read(const std::string& path) {
    const auto content = report::read_input_text(path, 64 << 20);
    EXPECT_TRUE(content) << path;
    if (!content) return {};
    const auto json = report::parse_json(*content, path);
    EXPECT_TRUE(json) << path;
    return json ? *json : Json();
  }
  std::string in_folder(const std::string& name) { return (folder_ / name).string(); }
  Printed check_bad(const std::vector<std::string>& more) {
    std::vector<std::string> words = {bad, "--no-kernel", "--no-external", "--witness-dir",
                                      folder_.string()};
    words.insert(words.end(), more.begin(), more.end());
    return check(words);
  }
};

const Json& first(const Json& list) {
  static const Json none;
  const auto* elements = list.get<Json::Array>();
  EXPECT_TRUE(elements != nullptr && !elements->empty());
  return elements == nullptr || elements->empty() ? none : elements->front();
}

TEST_F(Outputs, SarifHasWhatTheStandardDemands) {
  const std::string path = in_folder("log.sarif");
  ASSERT_EQ(check_bad({"--sarif", path}).status, 1);
  const Json log = read(path);
  EXPECT_EQ(text(log, {"version"}), "2.1.0");
  EXPECT_NE(text(log, {"$schema"}).find("sarif-schema-2.1.0.json"), std::string::npos);
  const Json& run = first(member(log, {"runs"}));
  EXPECT_EQ(text(run, {"tool", "driver", "name"}), "Probity");
  const Json& rule = first(member(run, {"tool", "driver", "rules"}));
  EXPECT_EQ(text(rule, {"id"}), "assertion");
  EXPECT_EQ(number(first(member(run, {"invocations"})), {"exitCode"}), 1u);
  EXPECT_EQ(text(first(member(run, {"artifacts"})), {"hashes", "sha-256"}).size(), 64u);
  const Json& result = first(member(run, {"results"}));
  EXPECT_EQ(text(result, {"ruleId"}), "assertion");
  EXPECT_EQ(number(result, {"ruleIndex"}), 0u);
  EXPECT_EQ(text(result, {"level"}), "error");
  EXPECT_EQ(text(result, {"kind"}), "fail");
  EXPECT_FALSE(text(result, {"message", "text"}).empty());
  EXPECT_EQ(text(result, {"partialFingerprints", "place/v1"}).size(), 64u);
  const Json& location = first(member(result, {"locations"}));
  EXPECT_NE(text(location, {"physicalLocation", "artifactLocation", "uri"}).find("firewall.bpf.c"),
            std::string::npos);
  EXPECT_GT(number(location, {"physicalLocation", "region", "startLine"}), 0u);
  EXPECT_NE(text(location, {"physicalLocation", "region", "snippet", "text"}).find("BPF_ASSERT"),
            std::string::npos);
  const Json& flow = first(member(first(member(result, {"codeFlows"})), {"threadFlows"}));
  const auto* steps = member(flow, {"locations"}).get<Json::Array>();
  ASSERT_NE(steps, nullptr);
  EXPECT_GT(steps->size(), 5u);
  EXPECT_EQ(text(steps->front(), {"location", "message", "text"}), "not taken");
}

TEST_F(Outputs, SarifOfAComparisonNamesBothObjects) {
  const std::string path = in_folder("log.sarif");
  const Printed printed = command({"equiv", good, bad, "--no-kernel", "--no-external",
                                   "--witness-dir", folder_.string(), "--sarif", path});
  ASSERT_EQ(printed.status, 1) << printed.err;
  const Json log = read(path);
  const Json& run = first(member(log, {"runs"}));
  const auto* artifacts = member(run, {"artifacts"}).get<Json::Array>();
  ASSERT_NE(artifacts, nullptr);
  ASSERT_EQ(artifacts->size(), 2u);
  EXPECT_NE(text((*artifacts)[0], {"hashes", "sha-256"}),
            text((*artifacts)[1], {"hashes", "sha-256"}));
  const Json& result = first(member(run, {"results"}));
  EXPECT_EQ(text(result, {"ruleId"}), "equivalence");
  EXPECT_EQ(text(result, {"kind"}), "fail");
  const Json& flow = first(member(first(member(result, {"codeFlows"})), {"threadFlows"}));
  EXPECT_FALSE(member(flow, {"locations"}).get<Json::Array>()->empty());
}

/// All but the bytes that tell the programs apart are zero.
TEST_F(Outputs, DifferencesAreMinimised) {
  const Printed printed = command({"equiv", good, bad, "--no-kernel", "--no-external",
                                   "--witness-dir", folder_.string(), "--json"});
  ASSERT_EQ(printed.status, 1) << printed.err;
  const Json json = json_of(printed);
  const Json& finding = first(member(json, {"details", "findings"}));
  const std::string hex = text(finding, {"witness", "packet"});
  std::size_t set = 0;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) set += hex.substr(i, 2) == "00" ? 0 : 1;
  EXPECT_GT(set, 0u);
  EXPECT_LE(set, 8u) << hex;
  EXPECT_EQ(text(first(member(finding, {"replays"})), {"outcome"}), "reproduced");
}

TEST_F(Outputs, SarifOfWhatIsOpenIsNoFailure) {
  const std::string path = in_folder("log.sarif");
  EXPECT_EQ(check({good, "--no-external", "--max-paths", "3", "--sarif", path}).status, 2);
  const Json log = read(path);
  const Json& result = first(member(first(member(log, {"runs"})), {"results"}));
  EXPECT_EQ(text(result, {"kind"}), "open");
  EXPECT_EQ(text(result, {"level"}), "none") << "the standard allows no other";
}

/// The bytes that make the packet one for the telnet port, and no other.
TEST_F(Outputs, CounterexamplesAreMinimised) {
  const Json details = json_of(check_bad({"--json"}));
  const Json& finding = first(member(details, {"details", "findings"}));
  std::string packet = text(finding, {"witness", "packet"});
  ASSERT_EQ(packet.size(), 42u * 2);
  const std::set<std::size_t> needed = {12, 14, 23, 37};  // type, header length, protocol, port
  for (std::size_t i = 0; i < 42; ++i) {
    EXPECT_EQ(packet.substr(2 * i, 2) == "00", !needed.contains(i)) << "byte " << i;
  }
  EXPECT_EQ(packet.substr(2 * 14, 2), "05") << "the version does not matter";
  EXPECT_EQ(text(first(member(finding, {"replays"})), {"outcome"}), "reproduced");
  EXPECT_EQ(text(finding, {"registers", "r0"}), "0x2") << "XDP_PASS";
}

TEST_F(Outputs, TestsRunOnTheProgramAndFailOnItsMutant) {
  const std::string tests = in_folder("tests");
  const Printed printed = check({good, "--no-external", "--emit-tests", tests, "--json"});
  ASSERT_EQ(printed.status, 0) << printed.out << printed.err;
  const Json json = json_of(printed);
  const std::uint64_t written = number(json, {"details", "tests", "written"});
  EXPECT_GT(written, 10u);
  EXPECT_EQ(written, number(json, {"details", "paths", "explored"})) << "one for each path";
  EXPECT_EQ(number(json, {"details", "tests", "different"}), 0u);

  const Printed again = command({"replay", tests, "--engine", "interp,jit", "--json"});
  EXPECT_EQ(again.status, 0) << again.out << again.err;
  EXPECT_EQ(number(json_of(again), {"summary", "passed"}), written);

  // One branch the other way round: `if r9 > r2` becomes `if r9 <= r2`.
  const auto object = object::read_file(good, {});
  ASSERT_TRUE(object);
  std::ifstream in(good, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  const std::string jump("\x2d\x29", 2);  // jgt r9, r2
  const std::size_t at = bytes.find(jump);
  ASSERT_NE(at, bytes.npos);
  bytes[at] = '\xbd';  // jle
  const std::string mutant = in_folder("mutant.o");
  std::ofstream(mutant, std::ios::binary) << bytes;
  const Printed changed = command({"replay", tests, mutant, "--engine", "interp", "--json"});
  EXPECT_EQ(changed.status, 1) << changed.out << changed.err;
  EXPECT_GT(number(json_of(changed), {"summary", "failed"}), 0u);
}

TEST_F(Outputs, PlacesThatCannotBeWrittenAreRefusedFirst) {
  const std::string absent = in_folder("absent/file");
  const auto refused = [&](const std::vector<std::string>& words, std::string_view flag) {
    const Printed printed = check(words);
    EXPECT_EQ(printed.status, 4) << flag;
    EXPECT_EQ(printed.out, "") << flag;
    EXPECT_NE(printed.err.find(flag), std::string::npos) << printed.err;
    EXPECT_EQ(std::count(printed.err.begin(), printed.err.end(), '\n'), 1) << printed.err;
  };
  refused({bad, "--html", absent}, "--html");
  refused({bad, "--sarif", absent}, "--sarif");
  refused({bad, "--html", folder_.string()}, "is a folder");
  refused({bad, "--witness-dir", in_folder("absent")}, "--witness-dir");
  std::ofstream(in_folder("plain")) << "x";
  refused({bad, "--emit-tests", in_folder("plain")}, "--emit-tests");
  refused({bad, "--safety", "--emit-tests", in_folder("tests")}, "--emit-tests");
  // Before anything runs: the object is not even there.
  refused({in_folder("absent.o"), "--html", absent}, "--html");
}

}  // namespace
}  // namespace probity::cli
