// SPDX-License-Identifier: Apache-2.0
// Bad input of `probity run`: exit status 4, nothing on stdout, one line with place, value and
// limit; and bare programs on the interpreter, with every way in which a run can end.
#include <gtest/gtest.h>

#include "run_fixture.hpp"
#include "runtime/engine.hpp"

namespace probity::cli {
namespace {

const std::string counter = PROBITY_COUNTER_OBJECT;
const std::string return_two = "b700000002000000 9500000000000000\n";
/// r0 = *(u64 *)(r1 + 8)
const std::string read_beyond = "7910080000000000 9500000000000000\n";
/// r0 = *(u64 *)(r1 + 0)
const std::string read_first = "7910000000000000 9500000000000000\n";
const std::string endless = "0500ffff00000000 9500000000000000\n";

struct BadInput {
  const char* name;
  std::vector<std::string> words;
  const char* line;
};

void PrintTo(const BadInput& row, std::ostream* out) {
  *out << row.name;
}

class RunRefusal : public RunCommand, public testing::WithParamInterface<BadInput> {};

TEST_P(RunRefusal, IsOneLineAndStatus4) {
  if (!std::filesystem::exists(counter)) GTEST_SKIP() << "no clang for BPF built " << counter;
  write("two.hex", return_two);
  write("ip.hex", std::string(68, '0'));
  write("odd.hex", "02 0");
  write("word.hex", "02 zz");
  write("seven.bin", std::string("\x00\x01\x02\x03\x04\x05\x06", 7));
  write("text.json", "hello");
  write("size.json", R"([{"key": "0a0001", "value": 1}])");
  write("large.json", R"([{"key": 4294967296, "value": 1}])");
  write("member.json", R"([{"key": 1, "valeu": 1}])");
  write("other.json", R"({"other": []})");
  write("twice.json", R"([{"key": 1, "value": 1}, {"key": "01000000", "value": 2}])");
  const Printed printed = run(GetParam().words);
  EXPECT_EQ(printed.status, 4);
  EXPECT_EQ(printed.out, "");
  EXPECT_EQ(printed.err, std::string(GetParam().line) + "\n");
}

INSTANTIATE_TEST_SUITE_P(
    All, RunRefusal,
    testing::Values(
        BadInput{"no_program", {}, "probity run: name one program, as FILE or with --raw"},
        BadInput{"two_programs",
                 {counter, "--raw", "two.hex"},
                 "probity run: name one program, as FILE or with --raw"},
        BadInput{
            "no_packet", {counter}, "probity run: no packet; give --packet FILE or --pcap FILE"},
        BadInput{"engine",
                 {counter, "--packet", "ip.hex", "--engine", "fast"},
                 "--engine: 'fast' is not an engine (interp, jit, jit:unchecked, jit:blinded, "
                 "emu:x86_64, emu:rv64, kernel)"},
        BadInput{"netns",
                 {counter, "--packet", "ip.hex", "--netns", "none"},
                 "--netns: 'none' is not fresh, host or 1..64 devices, each a name that ends in a "
                 "digit or NAME=IFINDEX"},
        BadInput{"netns_number",
                 {counter, "--packet", "ip.hex", "--netns", "veth0,veth1=x"},
                 "--netns: veth1: 'x' is not a number (0..4294967295)"},
        BadInput{
            "repeat",
            {counter, "--packet", "ip.hex", "--repeat", "0"},
            "probity run: --repeat: '0' is not a number in 1..100000000 (see `probity help run`)"},
        BadInput{"ctx_name",
                 {counter, "--packet", "ip.hex", "--ctx", "port=7"},
                 "--ctx: ctx field 'port': not one that a run of a xdp program can set "
                 "(ingress_ifindex, rx_queue_index, egress_ifindex)"},
        BadInput{"ctx_word",
                 {counter, "--packet", "ip.hex", "--ctx", "mark"},
                 "--ctx: 'mark' is not FIELD=NUMBER (ingress_ifindex, rx_queue_index, "
                 "egress_ifindex, metadata_size)"},
        BadInput{"ctx_number",
                 {counter, "--packet", "ip.hex", "--ctx", "rx_queue_index=x"},
                 "--ctx: rx_queue_index: 'x' is not a number (0..18446744073709551615)"},
        BadInput{
            "ctx_value",
            {counter, "--type", "sched_cls", "--packet", "ip.hex", "--ctx", "cb[0]=4294967296"},
            "--ctx: ctx field cb[0]: 4294967296 exceeds 4294967295"},
        BadInput{"metadata",
                 {counter, "--packet", "ip.hex", "--ctx", "metadata_size=40"},
                 "ip.hex: 34 bytes, but metadata_size is 40"},
        BadInput{"odd_digits",
                 {counter, "--packet", "odd.hex"},
                 "odd.hex:1:4: 1 hexadecimal digits; bytes have two each"},
        BadInput{"not_hex",
                 {counter, "--packet", "word.hex"},
                 "word.hex:1:4: 'z' is not a hexadecimal digit"},
        BadInput{"not_a_capture",
                 {counter, "--pcap", "ip.hex"},
                 "ip.hex: not a capture file: unknown file format"},
        BadInput{"two_stdins",
                 {counter, "--packet", "-", "--packet", "-"},
                 "standard input is named 2 times (limit 1)"},
        BadInput{"bytecode_size",
                 {"--raw", "seven.bin"},
                 "seven.bin: 7 bytes of bytecode; insns have 8 each, at most 8000000 bytes"},
        BadInput{"memory_text",
                 {"--raw", "two.hex", "--memory", "0g"},
                 "--memory:1:2: 'g' is not a hexadecimal digit"},
        BadInput{"memory_and_packet",
                 {"--raw", "two.hex", "--memory", "00", "--packet", "ip.hex"},
                 "--memory goes with --raw, and without --packet and --pcap"},
        BadInput{"type",
                 {counter, "--packet", "ip.hex", "--type", "xpd"},
                 "--type: \"xpd\" is not a program type (xdp, sched_cls, socket_filter …)"}),
    [](const auto& row) { return std::string(row.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Maps, RunRefusal,
    testing::Values(BadInput{"name",
                             {counter, "--packet", "ip.hex", "--map", "flow=size.json"},
                             "--map: the program has no map 'flow'"},
                    BadInput{"key_size",
                             {counter, "--packet", "ip.hex", "--map", "flows=size.json"},
                             "size.json: map flows: entry 0: key: 3 bytes, the map has 4"},
                    BadInput{"number",
                             {counter, "--packet", "ip.hex", "--map", "flows=large.json"},
                             "large.json: map flows: entry 0: key: 4294967296 does not fit 4 bytes "
                             "(0..4294967295)"},
                    BadInput{
                        "member",
                        {counter, "--packet", "ip.hex", "--map", "flows=member.json"},
                        "member.json: map flows: entry 0: unknown member \"valeu\" (key, value, "
                        "values)"},
                    BadInput{"twice",
                             {counter, "--packet", "ip.hex", "--map", "flows=twice.json"},
                             "twice.json: map flows: entry 1: key: is given twice"},
                    BadInput{"object",
                             {counter, "--packet", "ip.hex", "--map", "other.json"},
                             "other.json: the program has no map 'other'"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST_F(RunCommand, ABareProgramReturnsSixtyFourBits) {
  const Printed printed =
      run({"--raw", write("p.hex", read_first), "--memory", "8877665544332211"});
  EXPECT_EQ(printed.status, 0) << printed.err;
  EXPECT_NE(printed.out.find("0x1122334455667788"), std::string::npos) << printed.out;
}

TEST_F(RunCommand, ABareProgramRunsOnBothEnginesAndAllBitsAreCompared) {
  const std::string reason = runtime::kernel_unavailable_reason();
  if (!reason.empty()) GTEST_SKIP() << "no live kernel: " << reason;
  const Printed printed = run(
      {"--raw", write("p.hex", read_first), "--memory", "8877665544332211", "--engine", "both"});
  EXPECT_EQ(printed.status, 0) << printed.err;
  EXPECT_NE(printed.out.find("interp and kernel agree on 1 of 1 inputs"), std::string::npos)
      << printed.out;
}

TEST_F(RunCommand, BinaryBytecodeIsRecognised) {
  const std::string bytes("\xb7\x00\x00\x00\x02\x00\x00\x00\x95\x00\x00\x00\x00\x00\x00\x00", 16);
  const Printed printed = run({"--raw", write("p.bin", bytes)});
  EXPECT_EQ(printed.status, 0) << printed.err;
  EXPECT_NE(printed.out.find("0x2"), std::string::npos) << printed.out;
}

TEST_F(RunCommand, AFaultEndsWithStatus1AndTheSlot) {
  const Printed printed = run({"--raw", write("p.hex", read_beyond), "--memory", "00"});
  EXPECT_EQ(printed.status, 1) << printed.err;
  EXPECT_NE(printed.out.find("fault at slot 0: "), std::string::npos) << printed.out;
  EXPECT_NE(printed.out.find("fault: out of bounds"), std::string::npos) << printed.out;
}

TEST_F(RunCommand, SpentFuelEndsWithStatus2) {
  const Printed printed = run({"--raw", write("p.hex", endless), "--fuel", "1000"});
  EXPECT_EQ(printed.status, 2) << printed.err;
  EXPECT_NE(printed.out.find("fault: out of fuel"), std::string::npos) << printed.out;
}

TEST_F(RunCommand, ABareProgramRunsOnAPacket) {
  const std::string packet = write("p.hex", std::string(68, '0'));
  const Printed printed = run({"--raw", write("two.hex", return_two), "--packet", packet});
  EXPECT_EQ(printed.status, 0) << printed.err;
  EXPECT_NE(printed.out.find("XDP_PASS (2)"), std::string::npos) << printed.out;
}

TEST_F(RunCommand, HelpNamesEveryFlag) {
  const Printed printed = run({"--help"});
  EXPECT_EQ(printed.status, 0);
  for (const char* flag :
       {"--raw", "--memory", "--packet", "--pcap", "--pcap-out", "--map", "--map-out", "--engine",
        "--ctx", "--repeat", "--fuel", "--type", "--netns"}) {
    EXPECT_NE(printed.out.find(flag), std::string::npos) << flag;
  }
}

}  // namespace
}  // namespace probity::cli
