// SPDX-License-Identifier: Apache-2.0
// Bad input to every verb ends with status 4 and one line on stderr that names the place; nothing
// on stdout.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "cli/verb.hpp"
#include "report/file.hpp"

namespace probity::cli {
namespace {

std::string temporary(const std::string& name, std::string_view contents) {
  const std::string path = testing::TempDir() + "/probity_bad_" + name;
  EXPECT_TRUE(report::write_file_atomically(path, contents));
  return path;
}

void expect_refused(const std::vector<std::string>& words, const std::string& part) {
  const std::vector<std::string_view> views(words.begin(), words.end());
  const Printed printed = run_command(views, report::Color::no);
  EXPECT_EQ(printed.status, 4) << printed.err;
  EXPECT_TRUE(printed.out.empty()) << printed.out;
  EXPECT_EQ(std::count(printed.err.begin(), printed.err.end(), '\n'), 1) << printed.err;
  EXPECT_NE(printed.err.find(part), std::string::npos) << printed.err;
}

TEST(BadInput, ObjectsThatAreNone) {
  expect_refused({"dump", "/no/such/file.o"}, "/no/such/file.o");
  expect_refused({"dump", temporary("empty.o", "")}, "empty.o");
  expect_refused({"dump", temporary("garbage.o", "this is no object at all, not even nearly")},
                 "garbage.o");
  expect_refused({"dump", "/proc/self/exe"}, "machine");
  expect_refused({"dump", "/"}, "/");
}

TEST(BadInput, TruncatedElf) {
  const std::string header(
      "\x7f"
      "ELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x01\0\xf7\0\x01\0\0\0",
      24);
  for (std::size_t length = 1; length <= header.size(); ++length) {
    expect_refused({"dump", temporary("short.o", header.substr(0, length))}, "short.o");
  }
}

TEST(BadInput, ElfWithAbsurdCounts) {
  std::string header(
      "\x7f"
      "ELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x01\0\xf7\0\x01\0\0\0",
      24);
  header.resize(64, '\xff');
  expect_refused({"dump", temporary("absurd.o", header)}, "absurd.o");
}

TEST(BadInput, RunOnWhatIsNoPacketOrProgram) {
  const std::string bytecode =
      temporary("ok.hex", "b7 00 00 00 2a 00 00 00 95 00 00 00 00 00 00 00\n");
  const std::vector<std::string_view> good = {"run", "--raw", bytecode};
  EXPECT_EQ(run_command(good, report::Color::no).status, 0);
  expect_refused({"run", "--raw", temporary("bad.hex", "b7 0g\n")}, "bad.hex");
  expect_refused({"run", "--raw", bytecode, "--type", "xdp", "--packet",
                  temporary("packet.hex", "this is not hex")},
                 "packet.hex");
  expect_refused({"run", "--raw", bytecode, "--repeat", "many"}, "many");
  expect_refused({"run", "--raw", bytecode, "--repeat", "-1"}, "-1");
  expect_refused({"run", "/no/such.o", "--packet", bytecode}, "/no/such.o");
}

TEST(BadInput, Flags) {
  expect_refused({"dump"}, "FILE");
  expect_refused({"dump", "a", "b"}, "'b'");
  expect_refused({"dump", "--style", "intel", "a"}, "'intel' is not one of kernel, ubpf");
  expect_refused({"dump", "--target", "s390x", "a"}, "'s390x' is not one of x86_64, rv64");
  expect_refused({"dump", "--unchecked", "a"}, "go with --target");
  expect_refused({"dump", "--target", "rv64", "--features", "bmi2", "a"},
                 "'bmi2' is no optional instruction of rv64");
  expect_refused({"test"}, "PATH");
  expect_refused({"test", "--cpu", "v5", "a"}, "'v5' is not one of v1, v2, v3, v4");
  expect_refused({"test", "--engine", "warp", "a"}, "'warp' is not one of interp, jit");
  expect_refused({"test", "--include-groups", "all", "a"}, "'all' is not a conformance group");
  expect_refused({"help", "optimise"}, "'optimise'");
}

TEST(BadInput, NumbersThatWouldWrapOrVanish) {
  for (const std::string flag :
       {"--min-packet", "--max-packet", "--unroll", "--max-paths", "--conflicts"}) {
    for (const std::string number : {"-1", "18446744073709551616", "", "1e9", "0x", "7 "}) {
      expect_refused({"check", "none.o", flag, number},
                     flag + ": '" + number + "' is not a number in 0..");
    }
  }
  expect_refused({"run", "none.o", "--fuel", "-1"}, "--fuel: '-1' is not a number in 0..");
  expect_refused({"run", "none.o", "--repeat", "0"},
                 "--repeat: '0' is not a number in 1..100000000");
  expect_refused({"check", "none.o", "--max-packet", "70000"},
                 "'70000' is not a number in 0..65535");
  expect_refused({"check", "none.o", "--witness-dir", ""}, "--witness-dir");
}

TEST(BadInput, TestFiles) {
  expect_refused({"test", "/no/such.data"}, "/no/such.data");
  expect_refused({"test", temporary("section.data", "# why\n-- assembly\nexit\n")},
                 "section.data:2: unknown section 'assembly'");
  expect_refused({"test", temporary("insn.data", "-- asm\nexit\nfrob %r0\n-- result\n0\n")},
                 "insn.data:3:");
  expect_refused({"test", temporary("label.data", "-- asm\nja nowhere\n-- result\n0\n")},
                 "nowhere");
  expect_refused({"test", temporary("mem.data", "-- asm\nexit\n-- mem\n00 1g\n-- result\n0\n")},
                 "mem.data:4: word '1g' is not a hex byte (00..ff)");
  expect_refused({"test", temporary("map.data",
                                    "-- spec\nmap m array 8 4 4\n-- kernel-asm\nr0 = 0\nexit\n"
                                    "-- expect\nproved\n")},
                 "map m: key_size 8 (must be 4)");
  expect_refused({"test", temporary("empty.data", "")}, "file has no section");
}

}  // namespace
}  // namespace probity::cli
