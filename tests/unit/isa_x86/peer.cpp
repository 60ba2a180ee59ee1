// SPDX-License-Identifier: Apache-2.0
// Files in a fresh temporary directory and popen(); output is parsed line by line.
#include "peer.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>

namespace probity::x86::test {
namespace {

class Directory {
 public:
  Directory() {
    std::string name = (std::filesystem::temp_directory_path() / "probity_x86_XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) ADD_FAILURE() << "mkdtemp of " << name;
    path_ = name;
  }
  ~Directory() { std::filesystem::remove_all(path_); }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  std::string file(const char* name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

std::vector<std::string> output_of(const std::string& command) {
  const auto close = [](FILE* pipe) { pclose(pipe); };
  const std::unique_ptr<FILE, decltype(close)> pipe(popen(command.c_str(), "r"), close);
  std::vector<std::string> lines;
  if (!pipe) {
    ADD_FAILURE() << "cannot run " << command;
    return lines;
  }
  std::string line;
  for (int c = std::fgetc(pipe.get()); c != EOF; c = std::fgetc(pipe.get())) {
    if (c != '\n') {
      line.push_back(static_cast<char>(c));
    } else {
      lines.push_back(std::move(line));
      line.clear();
    }
  }
  return lines;
}

std::string squeezed(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const bool blank = c == ' ' || c == '\t';
    if (!blank)
      result.push_back(c);
    else if (!result.empty() && result.back() != ' ')
      result.push_back(' ');
  }
  if (!result.empty() && result.back() == ' ') result.pop_back();
  return result;
}

/// Pairs of hexadecimal digits.
unsigned count_bytes(std::string_view column) {
  unsigned digits = 0;
  for (const char c : column) digits += c != ' ';
  return digits / 2;
}

/// An instruction that no row encodes, between any two instructions.
constexpr const char* separator = "0xf4\n";
constexpr std::string_view separator_text = "hlt";

}  // namespace

bool is_installed(const std::string& program) {
  return std::system(("command -v " + program + " >/dev/null 2>&1").c_str()) == 0;
}

std::vector<Reading> read_with_objdump(std::span<const Bytes> insns) {
  const Directory directory;
  {
    std::ofstream file(directory.file("code.bin"), std::ios::binary);
    for (const Bytes& insn : insns) {
      Bytes slot = insn;
      slot.resize(slot_bytes, 0x90);
      file.write(reinterpret_cast<const char*>(slot.data()), slot_bytes);
    }
  }
  std::vector<Reading> result(insns.size());
  // "  40:\t48 83 c0 01 \tadd    rax,0x1"
  for (const std::string& line :
       output_of("objdump -D -z -b binary -m i386:x86-64 -M intel --insn-width=16 " +
                 directory.file("code.bin"))) {
    const std::size_t first = line.find(":\t");
    const std::size_t second = line.find('\t', first + 2);
    if (first == line.npos || second == line.npos) continue;
    const std::uint64_t address = std::stoull(line, nullptr, 16);
    if (address % slot_bytes != 0) continue;
    result.at(address / slot_bytes) = {squeezed(line.substr(second)),
                                       count_bytes(line.substr(first + 2, second - first - 2))};
  }
  return result;
}

std::vector<Reading> read_with_llvm(std::span<const Bytes> insns) {
  const Directory directory;
  {
    std::ofstream file(directory.file("code.txt"));
    for (const Bytes& insn : insns) {
      for (const std::uint8_t byte : insn) file << "0x" << std::hex << unsigned{byte} << ' ';
      file << '\n' << separator;
    }
  }
  std::vector<Reading> result;
  std::string text;
  // A prefix may stand on a line of its own.
  for (const std::string& line :
       output_of("llvm-mc-19 --disassemble --triple=x86_64 -mattr=+bmi2 --output-asm-variant=1 " +
                 directory.file("code.txt") + " 2>&1")) {
    const std::string part = squeezed(line);
    if (part.starts_with(".")) continue;
    if (part == separator_text) {
      result.push_back({std::move(text), 0});
      text.clear();
    } else {
      text += (text.empty() ? "" : " ") + part;
    }
  }
  return result;
}

std::vector<Bytes> assemble_with_llvm(std::span<const std::string> lines) {
  const Directory directory;
  {
    std::ofstream file(directory.file("code.s"));
    file << ".intel_syntax noprefix\n";
    for (const std::string& line : lines) file << line << "\n.balign " << slot_bytes << "\n";
  }
  const std::string object = directory.file("code.o");
  for (const std::string& line :
       output_of("llvm-mc-19 --triple=x86_64 -mattr=+bmi2 --filetype=obj -o " + object + " " +
                 directory.file("code.s") + " 2>&1 && objcopy -O binary -j .text " + object + " " +
                 directory.file("code.bin"))) {
    ADD_FAILURE() << "llvm-mc: " << line;
  }
  std::ifstream file(directory.file("code.bin"), std::ios::binary);
  std::vector<Bytes> result;
  for (Bytes slot(slot_bytes);
       file.read(reinterpret_cast<char*>(slot.data()), static_cast<std::streamsize>(slot_bytes));) {
    result.push_back(slot);
  }
  return result;
}

}  // namespace probity::x86::test
