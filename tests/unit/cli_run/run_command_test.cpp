// SPDX-License-Identifier: Apache-2.0
// `probity run` on a compiled object, with each engine: what it prints, what it writes, how it
// ends.
#include <gtest/gtest.h>

#include "packet/packet.hpp"
#include "report/json.hpp"
#include "run_fixture.hpp"
#include "runtime/engine.hpp"

namespace probity::cli {
namespace {

const std::string counter = PROBITY_COUNTER_OBJECT;
/// IPv4 from 10.0.0.1, 34 bytes.
const std::string ip_packet =
    "020000000002 020000000001 0800  # Ethernet\n"
    "4500 0014 0000 0000 4006 0000 0a000001 0a000002\n";
const std::string ip_hex =
    "020000000002020000000001080045000014000000004006"
    "00000a0000010a000002";
const std::string rewritten_hex = "aa" + ip_hex.substr(2);

class RunObject : public RunCommand, public testing::WithParamInterface<std::string> {
 protected:
  void SetUp() override {
    RunCommand::SetUp();
    if (!std::filesystem::exists(counter)) GTEST_SKIP() << "no clang for BPF built " << counter;
    const std::string reason = runtime::kernel_unavailable_reason();
    const bool kernel = GetParam() == "kernel" || GetParam() == "both";
    if (kernel && !reason.empty()) GTEST_SKIP() << "no live kernel: " << reason;
  }
  Printed run_counter(std::vector<std::string> words) const {
    words.insert(words.begin(), {counter, "--engine", GetParam()});
    return run(words);
  }
  report::Json details(const Printed& printed) const {
    const auto json = report::parse_json(printed.out, "stdout");
    EXPECT_TRUE(json) << printed.out << printed.err;
    const report::Json* found = json ? json->find("details") : nullptr;
    return found ? *found : report::Json();
  }
  static const report::Json& element(const report::Json& json, std::string_view key,
                                     std::size_t index) {
    return json.find(key)->get<report::Json::Array>()->at(index);
  }
  static std::string text(const report::Json& json, std::string_view key) {
    const auto* value = json.find(key)->get<std::string>();
    return value ? *value : "(none)";
  }
};

TEST_P(RunObject, JsonHasVerdictsPacketsAndMapChangesInOrder) {
  const std::string packet = write("ip.hex", ip_packet);
  const Printed printed = run_counter({"--packet", packet, "--packet", packet, "--json"});
  ASSERT_EQ(printed.status, 0) << printed.err << printed.out;
  const report::Json all = details(printed);
  const report::Json& first = element(element(all, "runs", 0), "engines", 0);
  EXPECT_EQ(text(first, "verdict"), "XDP_TX");
  EXPECT_EQ(text(first, "packet"), rewritten_hex);
  const report::Json& added = element(first, "map_changes", 0);
  EXPECT_EQ(text(added, "map"), "flows");
  EXPECT_EQ(text(added, "key"), "0a000001");
  EXPECT_EQ(text(added, "before"), "(none)");
  EXPECT_EQ(text(added, "after"), "0100000000000000");
  const report::Json& second = element(element(all, "runs", 1), "engines", 0);
  EXPECT_EQ(text(second, "verdict"), "XDP_PASS");
  EXPECT_EQ(text(second, "packet"), ip_hex);
  EXPECT_EQ(text(element(second, "map_changes", 0), "before"), "0100000000000000");
  EXPECT_EQ(text(element(second, "map_changes", 0), "after"), "0200000000000000");
}

TEST_P(RunObject, ContextFieldsReachTheProgram) {
  const std::string packet = write("ip.hex", ip_packet);
  const Printed printed = run_counter({"--packet", packet, "--ctx", "ingress_ifindex=7", "--json"});
  ASSERT_EQ(printed.status, 0) << printed.err;
  const report::Json all = details(printed);
  EXPECT_EQ(text(element(element(all, "runs", 0), "engines", 0), "verdict"), "XDP_ABORTED");
}

TEST_P(RunObject, MapsGoInAndComeOutInTheSameFormat) {
  const std::string packet = write("ip.hex", ip_packet);
  const std::string init =
      write("init.json", R"([{"key": ["0x0a", "0x0", 0, "01"], "value": 41}])");
  const Printed printed = run_counter(
      {"--packet", packet, "--map", "flows=" + init, "--map-out", "out.json", "--json"});
  ASSERT_EQ(printed.status, 0) << printed.err;
  EXPECT_EQ(text(element(element(details(printed), "runs", 0), "engines", 0), "verdict"),
            "XDP_PASS");
  const auto out = report::parse_json(read("out.json"), "out.json");
  ASSERT_TRUE(out) << out.error().line();
  EXPECT_EQ(text(element(*out, "flows", 0), "key"), "0a000001");
  EXPECT_EQ(text(element(*out, "flows", 0), "value"), "2a00000000000000");
  const Printed again =
      run_counter({"--packet", packet, "--map", "out.json", "--map-out", "again.json"});
  ASSERT_EQ(again.status, 0) << again.err;
  EXPECT_NE(read("again.json").find("2b00000000000000"), std::string::npos);
}

TEST_P(RunObject, CapturesGoInAndOut) {
  const auto ip = packet::parse_hex(ip_packet, "ip", 100);
  ASSERT_TRUE(ip);
  const std::vector<packet::Record> records = {{*ip, 1'000'000'000'000'001}, {*ip, 2'000'000}};
  const std::string in = write("in.pcap", *packet::print_capture(records));
  const Printed printed = run_counter({"--pcap", in, "--pcap-out", "out.pcap"});
  ASSERT_EQ(printed.status, 0) << printed.err;
  const std::string file = read("out.pcap");
  const auto out = packet::parse_capture(packet::Bytes(file.begin(), file.end()), "out.pcap");
  ASSERT_TRUE(out) << out.error().line();
  ASSERT_EQ(out->size(), 2u);
  EXPECT_EQ(report::hex((*out)[0].bytes), rewritten_hex);
  EXPECT_EQ((*out)[0].time_microseconds, records[0].time_microseconds);
  EXPECT_EQ((*out)[1], records[1]);
}

TEST_P(RunObject, RepeatGivesATimePerRun) {
  const std::string packet = write("ip.hex", ip_packet);
  const Printed printed = run_counter({"--packet", packet, "--repeat", "1000", "--json"});
  ASSERT_EQ(printed.status, 0) << printed.err;
  const report::Json all = details(printed);
  const report::Json* time =
      element(element(all, "runs", 0), "engines", 0).find("nanoseconds_per_run");
  ASSERT_NE(time, nullptr);
  ASSERT_NE(time->get<double>(), nullptr);
  EXPECT_GT(*time->get<double>(), 0.0);
  EXPECT_LT(*time->get<double>(), 1e6);
}

INSTANTIATE_TEST_SUITE_P(Engines, RunObject,
                         testing::Values("interp", "kernel", "both", "jit", "emu:rv64",
                                         "interp,jit,emu:x86_64,emu:rv64"),
                         [](const auto& row) {
                           std::string text = row.param;
                           for (char& c : text) c = c == ':' || c == ',' ? '_' : c;
                           return text;
                         });

class RunText : public RunObject {};

TEST_P(RunText, ShowsATableAndTheChanges) {
  const std::string packet = write("ip.hex", ip_packet);
  const std::string short_packet = write("short.hex", std::string(40, '0'));
  const Printed printed = run_counter({"--packet", packet, "--packet", short_packet});
  EXPECT_EQ(printed.status, 0) << printed.err;
  EXPECT_EQ(printed.out, R"(count (xdp): 36 slots, 1 maps, on kernel
  input      bytes  engine  result        bytes out
  ip.hex     34     kernel  XDP_TX (3)    34
  short.hex  20     kernel  XDP_DROP (1)  20
ip.hex
  bytes 0..0: 02 -> aa
  map flows[0a000001]: (none) -> 0100000000000000
)");
}

INSTANTIATE_TEST_SUITE_P(Kernel, RunText, testing::Values("kernel"),
                         [](const auto& row) { return row.param; });

}  // namespace
}  // namespace probity::cli
