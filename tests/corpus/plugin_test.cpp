// SPDX-License-Identifier: Apache-2.0
// probity-plugin as the conformance runner starts it: one process per test, program on standard
// input, memory as an argument. Every v4 test of the suite must come back with its result; bad
// input ends with status 1 and one line.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "corpus/runner.hpp"
#include "report/json.hpp"

namespace probity::corpus {
namespace {

namespace fs = std::filesystem;

struct Ended {
  int status = -1;
  std::string out;
};

std::string spaced_hex(std::span<const std::uint8_t> bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += (text.empty() ? "" : " ") + report::hex({&byte, 1});
  }
  return text;
}

/// Runs the plugin with `program` on standard input; its standard error goes to standard output.
Ended plugin(const std::string& arguments, const std::string& program) {
  const std::string input =
      testing::TempDir() + "/probity_plugin_input." + std::to_string(getpid());
  std::ofstream(input) << program << "\n";
  const std::string command =
      std::string(PROBITY_PLUGIN) + " " + arguments + " < " + input + " 2>&1";
  FILE* pipe = popen(command.c_str(), "r");
  EXPECT_NE(pipe, nullptr);
  Ended ended;
  char buffer[256];
  while (std::fgets(buffer, sizeof buffer, pipe) != nullptr) ended.out += buffer;
  const int status = pclose(pipe);
  fs::remove(input);
  if (WIFEXITED(status)) ended.status = WEXITSTATUS(status);
  return ended;
}

std::string hex_of(const std::vector<bpf::Slot>& slots) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(slots.data());
  return spaced_hex({bytes, slots.size() * sizeof(bpf::Slot)});
}

class Conformance : public testing::TestWithParam<runtime::EngineKind> {};

TEST_P(Conformance, SuiteV4) {
  if (GetParam() == runtime::EngineKind::jit && !runtime::jit_unavailable_reason().empty())
    GTEST_SKIP() << runtime::jit_unavailable_reason();
  const char* corpus = std::getenv("PROBITY_CORPUS");
  const fs::path folder =
      fs::path(corpus != nullptr ? corpus : "../shared/corpus") / "bpf_conformance/tests";
  if (!fs::exists(folder)) GTEST_SKIP() << folder << " is absent";
  std::size_t passed = 0;
  const std::vector<std::string> paths = find_data_files(folder.string()).value();
  for (const std::string& path : paths) {
    const Case test = make_case(read_data_file(path).value()).value();
    if (test.groups.first_outside(default_groups())) continue;
    const Ended ended = plugin(
        "\"" + spaced_hex(test.memory) + "\" --engine " + std::string(runtime::name(GetParam())),
        hex_of(test.slots));
    EXPECT_EQ(ended.status, 0) << path << ": " << ended.out;
    EXPECT_EQ(std::strtoull(ended.out.c_str(), nullptr, 16), test.result) << path;
    if (ended.status == 0 && std::strtoull(ended.out.c_str(), nullptr, 16) == test.result) ++passed;
  }
  EXPECT_EQ(passed, 312u);
}

INSTANTIATE_TEST_SUITE_P(Engine, Conformance,
                         testing::Values(runtime::EngineKind::interp, runtime::EngineKind::jit,
                                         runtime::EngineKind::emu_x86_64,
                                         runtime::EngineKind::emu_rv64),
                         [](const auto& engine) {
                           std::string text(runtime::name(engine.param));
                           std::ranges::replace(text, ':', '_');
                           return text;
                         });

constexpr const char* return_42 = "b7 00 00 00 2a 00 00 00 95 00 00 00 00 00 00 00";

TEST(Plugin, XdpPrologueGivesMemoryAndLength) {
  // r0 = byte 1 of the memory; r0 += r2
  const Ended ended =
      plugin("\"01 20 03 04 05 06 07 08 09 0a 0b 0c 0d 0e\" --xdp_prolog true",
             "71 10 01 00 00 00 00 00 0f 20 00 00 00 00 00 00 95 00 00 00 00 00 00 00");
  EXPECT_EQ(ended.status, 0) << ended.out;
  EXPECT_EQ(ended.out, "2e\n");
}

TEST(Plugin, ArgumentsAreOptional) {
  EXPECT_EQ(plugin("", return_42).out, "2a\n");
  EXPECT_EQ(plugin("--engine interp", return_42).out, "2a\n");
  EXPECT_EQ(plugin("--engine emu:rv64", return_42).out, "2a\n");
}

TEST(Plugin, BadInputEndsWithOneAndALine) {
  for (const auto& [arguments, program] :
       std::vector<std::pair<std::string, std::string>>{{"", ""},
                                                        {"", "zz"},
                                                        {"", "b7 00 00"},
                                                        {"", "ff 00 00 00 00 00 00 00"},
                                                        {"\"0g\"", return_42},
                                                        {"--engine warp", return_42},
                                                        {"--no-such-flag", return_42},
                                                        {"--elf", return_42}}) {
    const Ended ended = plugin(arguments, program);
    EXPECT_EQ(ended.status, 1) << arguments << " < " << program << ": " << ended.out;
    EXPECT_EQ(std::count(ended.out.begin(), ended.out.end(), '\n'), 1) << ended.out;
  }
}

}  // namespace
}  // namespace probity::corpus
