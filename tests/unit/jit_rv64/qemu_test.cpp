// SPDX-License-Identifier: Apache-2.0
// Whole programs, compiled by the driver for every combination of options, on a RISC-V machine that
// is not ours: qemu-riscv64 runs qemu_runner.cpp, and what it answers is compared with the
// reference run. Needs qemu-riscv64 and riscv64-linux-gnu-g++; skipped by name where they are
// absent.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>

#include "jit/compile.hpp"
#include "random_program.hpp"
#include "solver/process.hpp"

#ifndef PROBITY_PROGRAMS
#define PROBITY_PROGRAMS 200
#endif

namespace probity::jit::rv64 {
namespace {

namespace fs = std::filesystem;

bool succeeded(const Expected<solver::ProcessResult>& ran) {
  return ran && ran->end == solver::ProcessResult::End::exited && ran->status == 0;
}

/// qemu reserves the guest's whole address space.
constexpr solver::ProcessLimits limits = {.wall_ms = 300'000,
                                          .memory_bytes = std::uint64_t{1} << 46,
                                          .output_bytes = std::size_t{1} << 30};

/// The runner, built once.
class RunnerFile {
 public:
  RunnerFile()
      : path_(fs::path(testing::TempDir()) / ("probity_qemu_runner_" + std::to_string(getpid()))) {
    const std::string compiler = solver::find_on_path("riscv64-linux-gnu-g++");
    if (compiler.empty()) return;
    const std::vector<std::string> arguments = {"-std=c++20",
                                                "-O1",
                                                "-static",
                                                "-Isrc",
                                                "-o",
                                                path_,
                                                "tests/unit/jit_rv64/qemu_runner.cpp"};
    const auto built = solver::run_process(compiler, arguments, "", limits);
    if (!succeeded(built)) ADD_FAILURE() << "qemu_runner.cpp does not build";
  }
  ~RunnerFile() {
    std::error_code ignored;
    fs::remove(path_, ignored);
  }
  std::string path() const { return path_; }

 private:
  fs::path path_;
};

struct Planned {
  Program program;
  Options options;
  Surroundings before;
  std::uint64_t fuel;
};

template <typename T>
void append(std::string& bytes, const T* data, std::size_t size) {
  bytes.append(reinterpret_cast<const char*>(data), size);
}

/// The run's bytes; false when it does not compile.
bool append_run(std::string& input, const Planned& planned) {
  Request request{Target::rv64, planned.program.slots, planned.options};
  request.blinding_seed = planned.fuel;
  std::vector<std::byte> workspace(workspace_bytes(request.slots.size()));
  const Expected<Image> image = layout(request, workspace);
  if (!image) return false;
  std::vector<std::uint8_t> code(image->size_bytes + isa::max_sequence_bytes);
  if (!emit(request, *image, workspace, code)) return false;
  const RunHeader header{image->size_bytes, image->offsets[0], image->leave,
                         planned.options.memory == Memory::checked ? 1u : 0u, planned.fuel};
  append(input, &header, sizeof header);
  append(input, code.data(), image->size_bytes);
  append(input, planned.before.memory.data(), memory_bytes);
  append(input, planned.before.stacks.data(), stack_bytes);
  return true;
}

class QemuTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* tool : {"qemu-riscv64", "riscv64-linux-gnu-g++"}) {
      if (solver::find_on_path(tool).empty()) GTEST_SKIP() << tool << " is absent";
    }
  }

  Planned plan() {
    Planned planned;
    Options& options = planned.options;
    options.memory = random_() % 2 == 0 ? Memory::checked : Memory::unchecked;
    options.fuel = random_() % 2 == 0 ? Fuel::at_back_edges : Fuel::off;
    options.blinding = random_() % 4 == 0 ? Blinding::on : Blinding::off;
    options.features = static_cast<std::uint32_t>(random_() % 16);
    planned.program = random_program(random_, options.memory);
    planned.fuel = random_() % 8;
    for (std::uint8_t& byte : planned.before.memory) byte = static_cast<std::uint8_t>(random_());
    for (std::uint8_t& byte : planned.before.stacks) byte = static_cast<std::uint8_t>(random_());
    return planned;
  }

  std::mt19937_64 random_{20261122};
};

TEST_F(QemuTest, ProgramsRunAsTheirMeaning) {
  const RunnerFile runner;
  std::vector<Planned> runs;
  std::string input;
  for (unsigned i = 0; i < PROBITY_PROGRAMS; ++i) {
    runs.push_back(plan());
    ASSERT_TRUE(append_run(input, runs.back())) << "program " << i << " does not compile";
  }
  const std::vector<std::string> arguments = {runner.path()};
  const auto ran =
      solver::run_process(solver::find_on_path("qemu-riscv64"), arguments, input, limits);
  ASSERT_TRUE(succeeded(ran)) << "qemu-riscv64 fails";
  ASSERT_EQ(ran->output.size(), runs.size() * (sizeof(RunResult) + memory_bytes + stack_bytes));

  std::size_t at = 0;
  std::size_t assists = 0;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    Surroundings expected = runs[i].before;
    const RunResult wanted =
        run_reference(runs[i].program, runs[i].options, runs[i].fuel, expected);
    RunResult got;
    Surroundings after;
    std::memcpy(&got, ran->output.data() + at, sizeof got);
    at += sizeof got;
    std::memcpy(after.memory.data(), ran->output.data() + at, memory_bytes);
    at += memory_bytes;
    std::memcpy(after.stacks.data(), ran->output.data() + at, stack_bytes);
    at += stack_bytes;
    SCOPED_TRACE("program " + std::to_string(i) + ", features " +
                 std::to_string(runs[i].options.features));
    ASSERT_EQ(got.assists, wanted.assists);
    ASSERT_EQ(got.assist_insn, wanted.assist_insn);
    ASSERT_EQ(got.fuel, wanted.fuel);
    // Where a run ended early, an upper half that nobody would have read may be anything; r9 and
    // r10 are addresses.
    const std::uint64_t kept = got.assists == 0 ? ~std::uint64_t{0} : 0xffff'ffff;
    ASSERT_EQ(got.r0 & kept, wanted.r0 & kept);
    for (unsigned r = 0; r < 9; ++r) {
      ASSERT_EQ(got.registers[r] & kept, wanted.registers[r] & kept) << "r" << r;
    }
    ASSERT_EQ(after.memory, expected.memory);
    ASSERT_EQ(after.stacks, expected.stacks);
    assists += got.assists;
  }
  EXPECT_GT(assists, runs.size() / 20);
  EXPECT_LT(assists, runs.size() / 2);
}

}  // namespace
}  // namespace probity::jit::rv64
