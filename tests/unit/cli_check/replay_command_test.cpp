// SPDX-License-Identifier: Apache-2.0
// `probity replay`: a counterexample of the twin is reproduced on the engines of this process and
// not by the good firewall; what cannot be replayed is said, bad files are one line. The kernel is
// not asked here; the demo does that.
#include <fstream>

#include "check_fixture.hpp"
#include "report/file.hpp"

namespace probity::cli {
namespace {

class Replay : public Check {
 protected:
  /// The file of the twin's counterexample.
  std::string witness() {
    const Printed printed =
        check({bad, "--witness-dir", folder_.string(), "--no-kernel", "--no-external"});
    EXPECT_EQ(printed.status, 1) << printed.err;
    return (folder_ / "xdp_fw-1.json").string();
  }
};

TEST_F(Replay, ReproducesOnTheInterpreterAndOnTranslatedCode) {
  const Printed printed = command({"replay", witness(), "--engine", "interp,jit", "--json"});
  EXPECT_EQ(printed.status, 0) << printed.out << printed.err;
  const Json json = json_of(printed);
  EXPECT_EQ(number(json, {"summary", "passed"}), 1u);
  const auto* files = member(json, {"details", "files"}).get<Json::Array>();
  ASSERT_TRUE(files != nullptr && files->size() == 1);
  EXPECT_EQ(text(files->front(), {"property"}), "assertion");
  const auto* runs = member(files->front(), {"runs"}).get<Json::Array>();
  ASSERT_TRUE(runs != nullptr && runs->size() == 2);
  for (const Json& run : *runs) EXPECT_EQ(text(run, {"outcome"}), "reproduced");
}

TEST_F(Replay, AnObjectWithoutTheBugDoesNotReproduce) {
  const Printed printed = command({"replay", witness(), good, "--engine", "interp,jit"});
  EXPECT_EQ(printed.status, 1) << printed.out << printed.err;
  EXPECT_NE(printed.out.find("is not the object of the file (SHA-256"), std::string::npos);
  EXPECT_NE(printed.out.find("NOT reproduced: assertion"), std::string::npos) << printed.out;
}

TEST_F(Replay, TheTraceShowsEveryInsnWithItsRegisters) {
  const Printed printed = command({"replay", witness(), "--engine", "interp", "--trace"});
  EXPECT_EQ(printed.status, 0) << printed.err;
  EXPECT_NE(printed.out.find("firewall.bpf.c:58: void *data_end"), std::string::npos);
  EXPECT_NE(printed.out.find("    6: r1 = 1                                       r1 = 0x1\n"),
            std::string::npos)
      << printed.out;
  EXPECT_NE(printed.out.find("returns XDP_PASS (2)\n"), std::string::npos);
  const std::size_t comparison = printed.out.find(": if w3 != 8 goto +17");
  ASSERT_NE(comparison, std::string::npos);
  const std::size_t end = printed.out.find('\n', comparison);
  EXPECT_EQ(printed.out.substr(comparison, end - comparison).find(" = "), std::string::npos)
      << "a branch changes no register";
}

TEST_F(Replay, AFolderIsReplayedWholeAndTheRestNamed) {
  witness();
  const Printed printed = command({"replay", folder_.string(), "--engine", "interp", "--json"});
  EXPECT_EQ(printed.status, 0) << printed.out << printed.err;
  const Json json = json_of(printed);
  EXPECT_EQ(number(json, {"summary", "passed"}), 1u);
  EXPECT_EQ(number(json, {"summary", "skipped"}), 1u) << "the file with the map";
}

TEST_F(Replay, WhatNoEngineCanBeGivenIsUnknown) {
  const std::string path = witness();
  auto content = report::read_input_text(path, 1 << 20);
  ASSERT_TRUE(content);
  const std::string empty = "\"helper_results\": []";
  const std::size_t at = content->find(empty);
  ASSERT_NE(at, std::string::npos);
  content->replace(at, empty.size(), "\"helper_results\": [\"ktime_get_ns = 0x1\"]");
  std::ofstream(path) << *content;
  const Printed printed = command({"replay", path, "--engine", "interp"});
  EXPECT_EQ(printed.status, 2) << printed.out;
  EXPECT_NE(printed.out.find("depends on the helper result ktime_get_ns = 0x1"), std::string::npos);
}

TEST_F(Replay, BadFilesAreOneLine) {
  const std::string path = witness();
  const auto content = report::read_input_text(path, 1 << 20);
  ASSERT_TRUE(content);
  const auto expect_refusal = [&](std::string_view part, std::string_view instead,
                                  std::string_view message) {
    std::string changed = *content;
    const std::size_t at = changed.find(part);
    ASSERT_NE(at, std::string::npos) << part;
    changed.replace(at, part.size(), instead);
    const std::string file = (folder_ / "changed.json").string();
    std::ofstream(file) << changed;
    const Printed printed = command({"replay", file, "--engine", "interp"});
    EXPECT_EQ(printed.status, 4) << message;
    EXPECT_EQ(std::count(printed.err.begin(), printed.err.end(), '\n'), 1) << printed.err;
    EXPECT_NE(printed.err.find(message), std::string::npos) << printed.err;
  };
  expect_refusal("\"version\": 1", "\"version\": 9", "version: 9, this program reads 1");
  expect_refusal("firewall_bug.o", "absent.o", "absent.o");
  expect_refusal("\"xdp_fw\"", "\"xdp_other\"", "xdp_other");
  expect_refusal("\"flows\": [", "\"flaws\": [", "no program has the map 'flaws'");
  expect_refusal("\"assertion\"", "\"nonsense\"", "property \"nonsense\"");
  expect_refusal("\"slot\": 60", "\"slot\": 6000", "slot 6000 of a program of 128 slots");
  EXPECT_EQ(command({"replay", path, "--engine", "warp"}).status, 4);
  EXPECT_EQ(command({"replay", path, bad, bad}).status, 4);
  EXPECT_EQ(command({"replay", (folder_ / "absent.json").string()}).status, 4);
}

}  // namespace
}  // namespace probity::cli
