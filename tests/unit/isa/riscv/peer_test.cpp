// SPDX-License-Identifier: Apache-2.0
// The table against two assemblers that share no text with it or with each other: GNU binutils and
// LLVM. Both ways for every row, with random and corner operands: our bytes must disassemble there
// to our text, and our text must assemble there to our bytes. A proof about a table is worth what
// the table is worth; this is where it is measured. Each peer runs once per direction.
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "isa/riscv/codec.hpp"
#include "isa/riscv/text.hpp"
#include "sample_words.hpp"
#include "solver/process.hpp"

#ifndef PROBITY_WORDS_PER_ROW
#define PROBITY_WORDS_PER_ROW 60
#endif

namespace probity::riscv {
namespace {

namespace fs = std::filesystem;
constexpr unsigned words_per_row = PROBITY_WORDS_PER_ROW;

/// One sample: where it stands, what it is.
struct Sample {
  std::uint64_t pc = 0;
  std::uint32_t word = 0;
  Insn<Concrete> insn;
};

/// All samples, rows of four bytes first.
std::vector<Sample> samples() {
  SampleWords words(4);
  std::vector<Sample> all;
  std::uint64_t pc = 0;
  for (std::size_t i = 0; i < form_count; ++i) {
    for (unsigned n = 0; n < words_per_row; ++n) {
      const std::uint32_t word = words.next(static_cast<Form>(i));
      const std::optional<Insn<Concrete>> insn = decode(word);
      EXPECT_TRUE(insn) << rows[i].name;
      if (!insn) break;
      all.push_back({pc, word, *insn});
      pc += insn->length;
    }
  }
  return all;
}

std::string bytes_of(const Sample& sample) {
  std::string bytes;
  for (unsigned i = 0; i < sample.insn.length; ++i) {
    bytes.push_back(static_cast<char>(sample.word >> 8 * i & 0xff));
  }
  return bytes;
}
std::string text_of(const Sample& sample) {
  std::array<char, 100> buffer{};
  TextSink sink(buffer);
  print(sample.insn, sample.pc, sink);
  return std::string(sink.view());
}

bool has_target(const Sample& sample) {
  return row(sample.insn.form).operands.ends_with("target");
}
/// `line` with its last operand replaced.
std::string with_last_operand(const std::string& line, const std::string& operand) {
  return line.substr(0, line.find_last_of(", \t") + 1) + operand;
}
std::string last_operand(const std::string& line) {
  return line.substr(line.find_last_of(", \t") + 1);
}

/// What both assemblers read: targets relative, no compression of what we spelled in full.
std::string assembly(const std::vector<Sample>& all) {
  std::string text = ".option norelax\n.option norvc\n";
  bool compressed = false;
  for (const Sample& sample : all) {
    if (!std::exchange(compressed, sample.insn.length == 2) && compressed) text += ".option rvc\n";
    std::string line = text_of(sample);
    if (has_target(sample)) {
      const auto displacement = static_cast<std::int64_t>(sample.insn.imm.raw());
      line =
          with_last_operand(line, (displacement < 0 ? "." : ".+") + std::to_string(displacement));
    }
    text += line + "\n";
  }
  return text;
}

/// Rows whose text a peer has no spelling for, by name.
bool gnu_spells(const Sample& sample) {
  const Insn<Concrete>& insn = sample.insn;
  return insn.form != Form::fence || (insn.pred != 0 && insn.succ != 0);
}

class RiscvPeers : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / ("probity_riscv_peers_" + std::to_string(getpid()));
    fs::create_directories(folder_);
    all_ = samples();
  }
  void TearDown() override { fs::remove_all(folder_); }

  static bool present(std::initializer_list<std::string_view> tools) {
    for (const std::string_view tool : tools) {
      if (solver::find_on_path(tool).empty()) return false;
    }
    return true;
  }
  std::string file(std::string_view name) const { return (folder_ / name).string(); }
  void write(std::string_view name, const std::string& content) const {
    std::ofstream(file(name), std::ios::binary) << content;
  }
  std::string read(std::string_view name) const {
    std::ifstream in(file(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  /// Standard output of a tool that must succeed.
  static std::string run(std::string_view tool, const std::vector<std::string>& arguments,
                         const std::string& input) {
    const Expected<solver::ProcessResult> result = solver::run_process(
        solver::find_on_path(tool), arguments, input,
        {.wall_ms = 300'000, .memory_bytes = 4ull << 30, .output_bytes = 256u << 20});
    EXPECT_TRUE(result) << tool << ": " << (result ? "" : result.error().line());
    if (!result) return "";
    EXPECT_EQ(result->end, solver::ProcessResult::End::exited) << tool;
    EXPECT_EQ(result->status, 0) << tool << ": " << result->output.substr(0, 2000);
    return result->output;
  }
  void expect_text_section(std::string_view object, const std::vector<Sample>& given) const {
    run("riscv64-linux-gnu-objcopy",
        {"-O", "binary", "-j", ".text", file(object), file("text.bin")}, "");
    const std::string assembled = read("text.bin");
    std::size_t at = 0;
    for (const Sample& sample : given) {
      const std::string expected = bytes_of(sample);
      ASSERT_EQ(assembled.substr(at, expected.size()), expected)
          << text_of(sample) << " at byte " << at << " of " << object;
      at += expected.size();
    }
    EXPECT_EQ(assembled.size(), at);
  }

  fs::path folder_;
  std::vector<Sample> all_;
};

constexpr const char* gnu_march = "-march=rv64imac_zba_zbb";
constexpr const char* llvm_attributes = "-mattr=+m,+a,+c,+zba,+zbb";

/// `  8:\t7ae645b7  \tlui\ta1,0x7ae64 # note` as `lui a1,0x7ae64`; empty for other lines.
std::string objdump_text(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> columns;
  for (std::string column; std::getline(in, column, '\t');) columns.push_back(column);
  if (columns.size() < 3 || !columns[0].ends_with(":")) return "";
  std::string text = columns[2];
  if (columns.size() > 3) {
    const std::size_t end = columns[3].find_first_of(" #<");
    text += " " + columns[3].substr(0, end);
  }
  return text;
}

TEST_F(RiscvPeers, ObjdumpReadsOurBytesAsOurText) {
  if (!present({"riscv64-linux-gnu-as", "riscv64-linux-gnu-objdump"})) {
    GTEST_SKIP() << "riscv64-linux-gnu-as or riscv64-linux-gnu-objdump is absent";
  }
  std::string code;
  for (const Sample& sample : all_) code += bytes_of(sample);
  write("code.bin", code);
  run("riscv64-linux-gnu-as", {gnu_march, "-o", file("code.o"), "-"},
      ".option norelax\n.incbin \"" + file("code.bin") + "\"\n");
  std::istringstream lines(run("riscv64-linux-gnu-objdump",
                               {"-D", "-j", ".text", "-M", "no-aliases", file("code.o")}, ""));
  std::size_t i = 0;
  unsigned equivalents = 0;
  for (std::string line; std::getline(lines, line);) {
    std::string theirs = objdump_text(line);
    if (theirs.empty()) continue;
    ASSERT_LT(i, all_.size());
    const Sample& sample = all_[i++];
    if (has_target(sample)) theirs = with_last_operand(theirs, "0x" + last_operand(theirs));
    const std::string ours = text_of(sample);
    const bool equivalent = (ours == "c.nop" && theirs == "c.addi zero,0") ||
                            (ours == "fence w,0" && theirs == "pause") ||
                            (sample.insn.form == Form::fence && !gnu_spells(sample) &&
                             theirs.find("unknown") != std::string::npos);
    equivalents += equivalent ? 1 : 0;
    EXPECT_TRUE(ours == theirs || equivalent) << ours << " is for objdump " << theirs;
  }
  EXPECT_EQ(i, all_.size());
  EXPECT_LE(equivalents, 2 * words_per_row);
}

TEST_F(RiscvPeers, GnuAssemblesOurTextToOurBytes) {
  if (!present({"riscv64-linux-gnu-as", "riscv64-linux-gnu-objcopy"})) {
    GTEST_SKIP() << "riscv64-linux-gnu-as or riscv64-linux-gnu-objcopy is absent";
  }
  std::vector<Sample> spelled;
  for (const Sample& sample : all_) {
    if (gnu_spells(sample)) spelled.push_back(sample);
  }
  run("riscv64-linux-gnu-as", {gnu_march, "-o", file("text.o"), "-"}, assembly(spelled));
  expect_text_section("text.o", spelled);
}

TEST_F(RiscvPeers, LlvmReadsOurBytesAsOurInsns) {
  if (!present({"llvm-mc-19"})) GTEST_SKIP() << "llvm-mc-19 is absent";
  std::ostringstream input;
  for (const Sample& sample : all_) {
    for (const char c : bytes_of(sample)) {
      input << "0x" << std::hex << (static_cast<unsigned>(c) & 0xff) << ' ';
    }
    input << '\n';
  }
  std::istringstream lines(
      run("llvm-mc-19", {"-triple=riscv64", llvm_attributes, "-M", "no-aliases", "--disassemble"},
          input.str()));
  std::size_t i = 0;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("\t") || line.starts_with("\t.text")) continue;
    ASSERT_LT(i, all_.size());
    const Sample& sample = all_[i++];
    if (has_target(sample)) {
      const std::string displacement = last_operand(line);
      line = with_last_operand(line, (displacement.starts_with("-") ? "." : ".+") + displacement);
    }
    const Expected<Insn<Concrete>> theirs = parse(line, sample.pc);
    ASSERT_TRUE(theirs) << line << ": " << theirs.error().line();
    EXPECT_TRUE(*theirs == sample.insn) << text_of(sample) << " is for llvm-mc" << line;
  }
  EXPECT_EQ(i, all_.size());
}

TEST_F(RiscvPeers, LlvmAssemblesOurTextToOurBytes) {
  if (!present({"llvm-mc-19", "riscv64-linux-gnu-objcopy"})) {
    GTEST_SKIP() << "llvm-mc-19 or riscv64-linux-gnu-objcopy is absent";
  }
  run("llvm-mc-19",
      {"-triple=riscv64", llvm_attributes, "-filetype=obj", "-o", file("llvm.o"), "-"},
      assembly(all_));
  expect_text_section("llvm.o", all_);
}

}  // namespace
}  // namespace probity::riscv
