// SPDX-License-Identifier: Apache-2.0
// The RV64 JIT on a RISC-V machine that is not ours (qemu-riscv64): the conformance suite and the
// kernel's recorded answers, run by the engine `jit` of a runner that was built for that machine.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>

#include "corpus/runner.hpp"
#include "corpus_rows.hpp"
#include "corpus_vectors.hpp"

namespace probity::corpus {
namespace {

namespace fs = std::filesystem;

struct OneRun {
  std::string place;
  std::string request;   ///< a line for the runner
  std::string expected;  ///< the line that it answers, or how it begins
};

std::string hex_or_dash(std::span<const std::uint8_t> bytes) {
  return bytes.empty() ? "-" : hex_of({bytes.begin(), bytes.end()});
}

std::string slots_hex(std::span<const bpf::Slot> slots) {
  return hex_of({reinterpret_cast<const std::uint8_t*>(slots.data()),
                 reinterpret_cast<const std::uint8_t*>(slots.data() + slots.size())});
}

std::string hexadecimal(std::uint64_t value) {
  char text[32];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

class Riscv : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (std::system("command -v qemu-riscv64 >/dev/null") != 0)
      GTEST_SKIP() << "qemu-riscv64 is absent";
    if (!fs::exists(PROBITY_RISCV_RUNNER))
      GTEST_SKIP() << PROBITY_RISCV_RUNNER << " is not built: riscv64-linux-gnu-g++ is absent";
  }

  /// How many answers are the expected ones; others fail the test, the first few by name.
  std::size_t agreeing(const std::vector<OneRun>& runs) {
    const std::string input = testing::TempDir() + "/probity_riscv." + std::to_string(getpid());
    {
      std::ofstream out(input);
      for (const OneRun& run : runs) out << GetParam() << " " << run.request << "\n";
    }
    FILE* const pipe = popen(("qemu-riscv64 " PROBITY_RISCV_RUNNER " < " + input).c_str(), "r");
    std::size_t agree = 0;
    std::size_t wrong = 0;
    for (const OneRun& run : runs) {
      const std::string answer = read_line(pipe);
      if (answer.starts_with(run.expected)) {
        ++agree;
      } else if (++wrong <= max_failures_kept) {
        ADD_FAILURE() << run.place << ": expected " << run.expected << ", got " << answer;
      }
    }
    EXPECT_EQ(pclose(pipe), 0);
    fs::remove(input);
    return agree;
  }

 private:
  static std::string read_line(FILE* pipe) {
    std::string line;
    for (int c = std::fgetc(pipe); c != EOF && c != '\n'; c = std::fgetc(pipe))
      line += static_cast<char>(c);
    return line;
  }
};

TEST_P(Riscv, ConformanceSuiteV4) {
  const fs::path folder = corpus_folder() / "bpf_conformance/tests";
  if (!fs::exists(folder)) GTEST_SKIP() << folder << " is absent";
  std::vector<OneRun> runs;
  const std::vector<std::string> paths = find_data_files(folder.string()).value();
  for (const std::string& path : paths) {
    const Case test = make_case(read_data_file(path).value()).value();
    if (test.groups.first_outside(default_groups())) continue;
    runs.push_back({path, "bare " + slots_hex(test.slots) + " " + hex_or_dash(test.memory),
                    hexadecimal(test.result.value()) + " "});
  }
  EXPECT_EQ(agreeing(runs), 312u);
}

/// The runs of a file of recorded answers that the kernel did not refuse.
std::vector<OneRun> recorded_runs(const std::string& file) {
  std::vector<OneRun> runs;
  const auto add = [&runs](const Json& row, const Json& run) {
    const std::string data = run.at("data_in").get<std::string>();
    const std::string out = run.at("data_out").get<std::string>();
    runs.push_back(
        {row.at("name").get<std::string>(),
         "xdp " + row.at("insns").get<std::string>() + " " + (data.empty() ? "-" : data),
         hexadecimal(run.at("retval").get<std::uint32_t>()) + " " + (out.empty() ? "-" : out)});
  };
  const auto report = for_each_row(corpus_folder() / file, [&add](const Json& row) {
    if (row.value("verdict", "") == "REJECT") return RowResult::skip();
    if (!row.contains("runs")) add(row, row);
    for (const Json& run : row.value("runs", Json::array())) add(row, run);
    return RowResult::of({});
  });
  EXPECT_TRUE(report);
  return runs;
}

/// The kernel gives the low half of r0 only.
std::vector<OneRun> low_half(std::vector<OneRun> runs) {
  for (OneRun& run : runs) run.request = "low " + run.request;
  return runs;
}

TEST_P(Riscv, InsnVectors) {
  if (!fs::exists(corpus_folder() / "insn_vectors.jsonl")) GTEST_SKIP() << "no corpus";
  const std::vector<OneRun> runs = low_half(recorded_runs("insn_vectors.jsonl"));
  EXPECT_EQ(runs.size(), 1886u);
  EXPECT_EQ(agreeing(runs), runs.size());
}

TEST_P(Riscv, RandomPrograms) {
  if (!fs::exists(corpus_folder() / "random_programs.jsonl")) GTEST_SKIP() << "no corpus";
  const std::vector<OneRun> runs = low_half(recorded_runs("random_programs.jsonl"));
  EXPECT_GE(runs.size(), 600u);
  EXPECT_EQ(agreeing(runs), runs.size());
}

INSTANTIATE_TEST_SUITE_P(Engine, Riscv, testing::Values("jit", "jit:blinded", "emu:x86_64"),
                         [](const auto& row) {
                           std::string text = row.param;
                           for (char& c : text) c = c == ':' ? '_' : c;
                           return text;
                         });

}  // namespace
}  // namespace probity::corpus
